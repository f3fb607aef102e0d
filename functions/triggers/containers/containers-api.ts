/**
 * `/api/containers`: the load generators that exist now, what they have cost so far, and the deletion of those that a drill left behind.
 * Who may read drills needs no right in Azure for it. A group without this app's tag is never seen here, and so never deleted.
 */
import type { HttpRequest, HttpResponseInit } from '@azure/functions'
import { blobNames } from '../../../loadgen-image/contract/glossary.ts'
import { isDrillId } from '../../../loadgen-image/contract/load-plan.ts'
import { PLATFORM_WIDTH } from '../../activities/records/containers.ts'
import { deleteGroups } from '../../activities/upkeep/sweep.ts'
import type { Clients, GroupState } from '../../clients/clients.ts'
import type { Prices } from '../../model/evidence.ts'
import type { DrillPlan, StoredRequest } from '../../model/plan.ts'
import { DRILL_TAG, EXPIRES_TAG } from '../../platform/names.ts'
import { costOfSeconds } from '../../report-model/rows.ts'
import { inTurns } from '../../units/in-turns.ts'
import { round } from '../../units/statistics.ts'
import { hasEnded, type Orchestrations, readState } from '../orchestrations.ts'
import { isLeaseFresh } from '../remains.ts'
import { json, notFound, problem } from '../responses.ts'
import { drillUrl, idOf } from '../routes.ts'

interface ListedContainer {
  readonly name: string
  readonly drillId: string
  /** False: its drill has ended, and the container should be gone. */
  readonly drillRuns: boolean
  readonly provisioningState: string
  readonly state: GroupState['container']
  readonly zone: string | null
  readonly startedAt: string | null
  readonly finishedAt: string | null
  /** From then on the timer deletes it. */
  readonly expiresAt: string | null
  /** Null: the request of its drill is not in the storage of this app. */
  readonly cpu: number | null
  readonly memoryGb: number | null
  /** Since its start; null: the platform reports no start. */
  readonly seconds: number | null
  /** Null: not known. */
  readonly cost: number | null
}

export interface ContainerList {
  readonly containers: readonly ListedContainer[]
  readonly currency: string
  /** Of all of them; null where one is not known. */
  readonly amount: number | null
  readonly source: string
}

export interface DeletedContainers {
  readonly drillId: string
  readonly deleted: readonly string[]
  /** Why the platform did not delete the others. */
  readonly problems: readonly string[]
}

interface Context {
  readonly clients: Pick<Clients, 'blobs' | 'clock' | 'groups'>
  readonly prices: Prices | null
}

export function containersApi(clients: Context['clients'], { prices }: Pick<Context, 'prices'>) {
  const context: Context = { clients, prices }
  return {
    list: (_request: HttpRequest, client: Orchestrations) => list(context, client),
    remove: (request: HttpRequest, client: Orchestrations) => remove(context, request, client),
  }
}

const drillOf = ({ tags }: GroupState): string => tags[DRILL_TAG] ?? ''

// ---- List ---------------------------------------------------------------------------------------------------------------

async function list(context: Context, client: Orchestrations): Promise<HttpResponseInit> {
  const { clients, prices } = context
  const groups = (await clients.groups.list()).filter((group) => drillOf(group) !== '')
  const drillIds = [...new Set(groups.map(drillOf))]
  const drills = new Map(
    await Promise.all(drillIds.map(async (id) => [id, await drillBehind(context, client, id)] as const)),
  )
  const containers = await inTurns(groups, PLATFORM_WIDTH, async (group) => {
    // A list of the platform does not say when a container started.
    const seen = (await clients.groups.get(group.name).catch(() => null)) ?? group
    return listed(context, seen, drills.get(drillOf(group)))
  })
  const costs = containers.map(({ cost }) => cost)
  const known = costs.filter((cost) => cost !== null)
  const { currency, source } = costOfSeconds(null, { cpu: 0, memoryGb: 0 }, prices)
  const amount =
    known.length < costs.length || prices === null
      ? null
      : round(
          known.reduce((sum, cost) => sum + cost, 0),
          4,
        )
  return json(200, { containers, currency, amount, source } satisfies ContainerList)
}

interface Drill {
  readonly runs: boolean
  readonly size: DrillPlan['containerSize'] | null
}

async function drillBehind({ clients }: Context, client: Orchestrations, drillId: string): Promise<Drill> {
  const runs = await isRunning(clients, client, drillId)
  const stored = isDrillId(drillId) ? await clients.blobs.readJson<StoredRequest>(blobNames.request(drillId)) : null
  return { runs, size: stored?.plan.containerSize ?? null }
}

function listed({ clients, prices }: Context, group: GroupState, drill: Drill | undefined): ListedContainer {
  const { name, tags, provisioningState, container: state, zone, startedAt, finishedAt } = group
  const size = drill?.size ?? null
  const endMs = finishedAt === null ? clients.clock.now().getTime() : Date.parse(finishedAt)
  const seconds = startedAt === null ? null : Math.max(0, Math.round((endMs - Date.parse(startedAt)) / 1000))
  return {
    name,
    drillId: drillOf(group),
    drillRuns: drill?.runs ?? false,
    provisioningState,
    state,
    zone,
    startedAt,
    finishedAt,
    expiresAt: tags[EXPIRES_TAG] ?? null,
    cpu: size?.cpu ?? null,
    memoryGb: size?.memoryGb ?? null,
    seconds,
    cost: size === null ? null : costOfSeconds(seconds, size, prices).amount,
  }
}

/** A drill that renews its lease lives, even if the orchestration service does not know it. */
async function isRunning(clients: Context['clients'], client: Orchestrations, drillId: string): Promise<boolean> {
  if (!isDrillId(drillId)) return false
  const state = await readState(client, drillId)
  return state === null ? isLeaseFresh(clients, drillId) : !hasEnded(state)
}

// ---- Delete -------------------------------------------------------------------------------------------------------------

async function remove({ clients }: Context, request: HttpRequest, client: Orchestrations): Promise<HttpResponseInit> {
  const drillId = idOf(request)
  if (!isDrillId(drillId)) return notFound(`drill ${drillId}`)
  if (await isRunning(clients, client, drillId)) return stillRuns(drillId)
  const left = (await clients.groups.list()).filter((group) => drillOf(group) === drillId)
  const { deleted, problems } = await deleteGroups(clients, left)
  return json(200, { drillId, deleted, problems } satisfies DeletedContainers)
}

function stillRuns(drillId: string): HttpResponseInit {
  const instance = drillUrl(drillId)
  const detail = `Drill ${drillId} is running, and deletes its containers at its end. Abort it with DELETE ${instance}.`
  return problem({ status: 409, title: 'The drill is running', detail, instance })
}
