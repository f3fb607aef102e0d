/** Plays one scenario: the deployed orchestrators, activities, merge, audit and report, in the world of a seed. */
import { answerOfCreateError } from '../../functions/clients/azure/container-group.ts'
import { drillBlobs, serverBlobs } from '../../functions/model/blob-paths.ts'
import { renderers } from '../../functions/render/formats.ts'
import { blobNames } from '../../loadgen-image/contract/glossary.ts'
import type { Incident, PlayOptions } from '../support/play.ts'
import { type DrillPlay, playDrill, smallRenderers } from '../support/play-drill.ts'
import { restError } from '../support/world/rest-error.ts'
import { Throttle } from '../support/world/throttle.ts'
import { createWorld, START_AT_MS, type World } from '../support/world/world.ts'
import { Random } from './random.ts'
import { Rival } from './rival.ts'
import type { Scenario } from './scenario.ts'
import type { Pauses } from './troubles.ts'

export interface Simulated {
  readonly scenario: Scenario
  readonly world: World
  readonly played: DrillPlay
  readonly rival: Rival
  readonly limits: Limits
}

/** What the platform refused because it had been asked too often. */
type Limits = Readonly<Record<keyof Pauses, Throttle>>

/** Longer than any drill may wait for an answer. */
const NEVER_MS = 12 * 3_600_000
export const BEYOND_SILENCE_MS = 8_000
const LONGEST_PLAY_MS = 2 * 86_400_000
/** Three times what the longest of thousands of drills takes. */
const MAX_TURNS = 2_500
/** Timers that fire at once, and are asked for again at once, move no clock. */
const MAX_TURNS_AT_ONE_INSTANT = 100

/** Its orchestrator is kept from turn to turn, because replays of all turns would take a third of the time. */
export async function simulate(
  scenario: Scenario,
  replays: PlayOptions['replays'] = 'each generation',
): Promise<Simulated> {
  const { plan } = scenario
  const { world, limits } = worldOf(scenario)
  const rival = new Rival(world, plan)
  const mishaps = new Random(scenario.mishapSeed)
  const late = () => (mishaps.chance(scenario.lateShare) ? mishaps.whole(100, 8_000) : 0)
  const played = await playDrill(world, plan, {
    incidents: incidentsOf(scenario, world, rival),
    isReserved: !scenario.isServerTaken,
    duplicate: () => mishaps.chance(scenario.duplicateShare),
    lose: () => mishaps.chance(scenario.loseShare),
    delayMs: (name) => (scenario.hanging.includes(name) ? NEVER_MS : late()),
    redeliverAfterMs: 5_000,
    timerLateMs: () => timerLateMs(mishaps, scenario),
    restartAfterMs: 4_000,
    renderers: scenario.rendersAll ? renderers : smallRenderers,
    settings: { eventSilenceSeconds: scenario.eventSilenceSeconds },
    // The platform's function timeout gives the place of one that hangs back; the play has none.
    maxConcurrentActivities: 100,
    deadlineMs: LONGEST_PLAY_MS,
    maxTurns: MAX_TURNS,
    maxTurnsAtOneInstant: MAX_TURNS_AT_ONE_INSTANT,
    replays,
  })
  return { scenario, world, played, rival, limits }
}

/** Early by more than what a wait asks for in advance: the next turn is taken by a host whose clock is behind. */
function timerLateMs(mishaps: Random, { troubles: { timersLateShare, timersEarlyShare } }: Scenario): number {
  if (mishaps.chance(timersLateShare)) return mishaps.whole(200, 5_000)
  return mishaps.chance(timersEarlyShare) ? -mishaps.whole(1_000, 3_000) : 0
}

export const otherDrill = { drillId: 'other-drill', state: 'held', since: new Date(START_AT_MS).toISOString() }

function worldOf(scenario: Scenario): { readonly world: World; readonly limits: Limits } {
  const { plan, lastPromotionMinutesAgo, troubles } = scenario
  const trouble = new Random(scenario.mishapSeed + 1)
  const limits = limitsOf(troubles.pauses, () => world.clock.nowMs)
  const refusals = [...troubles.createRefusals]
  const world: World = createWorld({
    courses: scenario.courses,
    posts: scenario.posts,
    // After the drill has given it up for lost, and before it asks again.
    server: {
      lateArrivalMs: scenario.eventSilenceSeconds * 1_000 + BEYOND_SILENCE_MS,
      throttledSeconds: troubles.throttledSeconds,
      troubles: troubles.server,
      effects: scenario.effects,
      hands: scenario.hands,
      oldZonesMs: troubles.oldZonesMs,
    },
    drillId: plan.drillId,
    databaseOffsetMs: troubles.databaseOffsetMs,
    generator: (container) => scenario.generators[container] ?? {},
    groups: {
      deleteFails: () => trouble.chance(scenario.deleteFailsShare),
      refuse: (container) => {
        const error = limits.create.refuse() ?? notYet(refusals, container)
        return error === null ? null : answerOfCreateError(error)
      },
      deleteRefusal: () => limits.delete.refuse(),
      isOverlooked: () => trouble.chance(troubles.overlookedShare),
      hiddenMs: troubles.hiddenGroupMs,
      deletingMs: troubles.deletingMs,
    },
    metricsLagMs: scenario.metricsLagMs,
    metricsRefusal: () => limits.metrics.refuse(),
  })
  world.server.operationRefusal = () => limits.operation.refuse()
  if (scenario.isServerTaken) world.blobs.put(serverBlobs.lock(plan.target), JSON.stringify(otherDrill))
  if (lastPromotionMinutesAgo !== null) {
    const at = new Date(START_AT_MS - lastPromotionMinutesAgo * 60_000).toISOString()
    world.blobs.put(serverBlobs.lastPromotion(plan.target), JSON.stringify({ at, drillId: 'earlier-drill' }))
  }
  world.server.isAway = () => isIn(scenario.platformAwayMs, world)
  world.blobs.isAway = () => isIn(scenario.storageAwayMs, world)
  return { world, limits }
}

function limitsOf(pauses: Pauses, nowMs: () => number): Limits {
  const throttle = (seconds: number | null) => new Throttle(nowMs, seconds)
  return {
    create: throttle(pauses.create),
    delete: throttle(pauses.delete),
    operation: throttle(pauses.operation),
    metrics: throttle(pauses.metrics),
  }
}

/** As Container Instances answers while it is busy with a group of this name, and the network while it is with its subnet. */
const NOT_YET = [
  ['ContainerGroupTransitioning', 'The container group is still transitioning, please retry later.'],
  ['AnotherOperationInProgress', 'Another operation on this or dependent resource is in progress.'],
] as const

function notYet(refusals: number[], container: number): Error | null {
  const left = refusals[container] ?? 0
  refusals[container] = left - 1
  if (left <= 0) return null
  const [code, message] = NOT_YET[(left + container) % NOT_YET.length] as (typeof NOT_YET)[number]
  return restError(409, code, null, message)
}

const isIn = (spans: Scenario['platformAwayMs'], { clock }: World): boolean =>
  spans.some(([from, to]) => clock.nowMs - START_AT_MS >= from && clock.nowMs - START_AT_MS < to)

function incidentsOf(scenario: Scenario, world: World, rival: Rival): Incident[] {
  const { hostDiesAtMs, rivalsAtMs, serverLostAtMs, plan } = scenario
  const lose = () => world.blobs.put(serverBlobs.lock(plan.target), JSON.stringify(otherDrill))
  return [
    ...(serverLostAtMs === null ? [] : [{ atMs: serverLostAtMs, run: lose }]),
    ...hostDiesAtMs.map((atMs): Incident => ({ atMs, crash: true })),
    ...rivalsAtMs.map((atMs): Incident => ({ atMs, run: () => rival.tryAt(START_AT_MS + atMs) })),
    ...abortsOf(scenario, world),
  ]
}

function abortsOf({ plan, abortAtMs: atMs, abortBy }: Scenario, { blobs }: World): Incident[] {
  if (atMs === null) return []
  const reason = 'aborted by the simulation'
  const write = () => {
    blobs.put(drillBlobs.abort(plan.drillId), JSON.stringify({ reason, at: '' }))
    if (abortBy !== 'request') blobs.put(blobNames.stop(plan.drillId), JSON.stringify({ reason }))
  }
  const event: Incident = { atMs, event: 'abort', data: { reason } }
  return [{ atMs, run: write }, ...(abortBy === 'request, stop and event' ? [event] : [])]
}
