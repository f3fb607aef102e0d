/**
 * A whole drill in a simulated world: the deployed orchestrators and activities on the replay engine and its virtual clock,
 * with nothing faked but what lies behind the clients.
 */

import { createActivities } from '../../functions/activities/activities.ts'
import type { ActivitySettings } from '../../functions/activities/settings.ts'
import { takeLock } from '../../functions/clients/storage/server-lock.ts'
import { drillBlobs } from '../../functions/model/blob-paths.ts'
import type { DrillPlan, StoredRequest } from '../../functions/model/plan.ts'
import type { Report } from '../../functions/model/report.ts'
import { drill } from '../../functions/orchestrators/drill.ts'
import { watch } from '../../functions/orchestrators/watch.ts'
import { type Renderer, renderers } from '../../functions/render/formats.ts'
import { parseRequest } from '../../functions/request/request.ts'
import { blobNames } from '../../loadgen-image/contract/glossary.ts'
import { requestsTo } from './builders.ts'
import { type Call, type Fake, type PlayOptions, type PlayResult, play } from './play.ts'
import { HostDied } from './world/server.ts'
import { createWorld, START_AT_MS, type World, type WorldOptions } from './world/world.ts'

export const settings: ActivitySettings = {
  blobs: { kind: 'url', url: 'https://account.blob.core.windows.net/drills' },
  generatorClientId: null,
  zones: [],
  subnetId: null,
  probes: { secrets: new Map(), allowLoopback: false },
  prices: { currency: 'USD', perVCpuSecond: 0.00001294, perGbSecond: 0.00000142, source: 'a price list' },
  upkeepOf: () => ({ rowsRetentionDays: 7, stopServerBetweenDrills: false }),
  startLeadSeconds: 5,
  eventSilenceSeconds: 90,
}

export const target = { resourceGroup: 'rg', server: 'pg-under-test', database: 'drill' }

/** A short drill; fields of the request as a user would send them. */
export function aPlan(
  request: Readonly<Record<string, unknown>> = {},
  drillId = 'drill-1',
  requestedAtMs = START_AT_MS,
): DrillPlan {
  const { timing = {}, ...rest } = request
  const parsed = parseRequest(
    {
      targetTps: 40,
      workers: 4,
      containers: 2,
      durationSeconds: 40,
      events: [{ atSeconds: 15, kind: 'failover', mode: 'forced' }],
      timing: {
        warmupSeconds: 4,
        minBaselineSeconds: 5,
        lateMetricsSeconds: 0,
        cooldownMinutes: 0,
        healthyTimeoutSeconds: 120,
        ...(timing as object),
      },
      ...rest,
    },
    {
      drillId,
      requestedAt: new Date(requestedAtMs).toISOString(),
      requestedBy: 'http',
      defaults: {
        ...requestsTo(target),
        probes: {
          allowlist: ['https://shop.example.com/'],
          secretSettings: ['PROBE_SECRET_CHECKOUT_TOKEN', 'PROBE_SECRET_ORDER'],
        },
      },
    },
  )
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return parsed.plan
}

export const smallRenderers = renderers.filter(({ name }) =>
  ['report.json', 'report.md', 'timeline.csv'].includes(name),
)

export interface DrillPlay extends PlayResult {
  readonly report: Report | null
}

export interface DrillPlayOptions extends PlayOptions {
  readonly overrides?: Readonly<Record<string, Fake>>
  /** Already reserved by its start; false leaves that out. */
  readonly isReserved?: boolean
  /** From the death of a host to its restart, when a request dies with it. */
  readonly hostRestartMs?: number
  readonly settings?: Partial<ActivitySettings>
  /** Charts take most of a second: only the small files unless asked for. */
  readonly renderers?: readonly Renderer[]
}

/** What a worker meets in an outage of six seconds, at the small rate of these drills. */
export const criteria = ['recovery_time_s <= 10', 'success_rate >= 0.9', 'lost_commits == 0']

/** Plays a drill of this request in a world of its own. */
export async function playRequest(
  request: Readonly<Record<string, unknown>> = {},
  worldOptions: WorldOptions = {},
  options: DrillPlayOptions = {},
): Promise<DrillPlay & { readonly world: World }> {
  const world = createWorld(worldOptions)
  return { ...(await playDrill(world, aPlan({ criteria, ...request }), options)), world }
}

export async function playDrill(world: World, plan: DrillPlan, options: DrillPlayOptions = {}): Promise<DrillPlay> {
  const { overrides: _, isReserved = true, hostRestartMs: __, settings: ___, renderers: ____, ...rest } = options
  const { blobs, clock } = world
  const request: StoredRequest = { plan, bodyHash: 'hash' }
  blobs.put(blobNames.request(plan.drillId), JSON.stringify(request))
  if (isReserved) await takeLock(blobs, plan.target, plan.drillId, clock.now(), async () => true)
  const fakes = activitiesOf(world, options)
  const result = await play(drill, plan, fakes, {
    instanceId: plan.drillId,
    startAt: clock.now().toISOString(),
    orchestrators: { watch },
    ...rest,
  })
  world.groups.advance()
  return { ...result, report: blobs.peek<Report>(drillBlobs.report(plan.drillId, 'report.json')) }
}

type ActivityOptions = Pick<DrillPlayOptions, 'overrides' | 'hostRestartMs' | 'settings' | 'renderers'>

/** The activities of the app in this world. */
export function activitiesOf(
  world: World,
  { overrides = {}, hostRestartMs = 10_000, settings: changed, renderers: chosen = smallRenderers }: ActivityOptions,
): Readonly<Record<string, Fake>> {
  const activities = createActivities(world.clients, { ...settings, ...changed }, chosen)
  return Object.fromEntries(
    Object.entries({ ...activities, ...overrides }).map(([name, activity]) => [
      name,
      (input: unknown, call: Call) => perform(world, () => (activity as Fake)(input, call), call, hostRestartMs),
    ]),
  )
}

/** Work takes some time; what waits inside an activity takes as long as it waits. */
async function perform(world: World, work: () => unknown, call: Call, hostRestartMs: number): Promise<unknown> {
  const { clock } = world
  clock.moveTo(call.now.getTime())
  // The load runs by itself: storage holds what was written until now, also when the activity does not look.
  world.groups.advance()
  const startedAtMs = clock.nowMs
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof HostDied)) throw error
    clock.moveTo(clock.nowMs + hostRestartMs)
    return await work()
  } finally {
    call.takes(clock.nowMs - startedAtMs + 50)
  }
}
