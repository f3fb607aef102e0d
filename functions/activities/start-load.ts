/** Starts the load of all containers at one instant, stops it, and notes how each container ended. */
import {
  blobNames,
  type GoSignal,
  type LoadSummary,
  type ReadyRecord,
  type StopSignal,
} from '../../loadgen-image/contract/glossary.ts'
import type { Clients, GroupState } from '../clients/clients.ts'
import { clockTrouble } from '../live/event-safety.ts'
import { drillBlobs } from '../model/blob-paths.ts'
import { type ContainerEnd, whyEarly } from '../model/container-end.ts'
import { inTurns } from '../units/in-turns.ts'
import { readClocks } from './events/event-moment.ts'
import { type Absences, readAbsences } from './records/absence.ts'
import { containerNumbers, groupName, renewLease } from './records/containers.ts'
import { lastWords } from './records/last-words.ts'
import { type DrillRef, readAbort, readPlan } from './records/stored-drill.ts'
import type { ActivitySettings } from './settings.ts'

interface Readiness {
  readonly ready: number
  readonly wanted: number
  /** Containers that ended before they were ready: they never become ready. */
  readonly dead: readonly string[]
  readonly abort: string | null
  readonly detail: string
}

export async function pollReady(clients: Clients, { drillId }: DrillRef): Promise<Readiness> {
  const { blobs } = clients
  const plan = await readPlan(blobs, drillId)
  await renewLease(clients, drillId)
  const containers = containerNumbers(plan)
  const records = await inTurns(containers, 16, (k) => blobs.readJson<ReadyRecord>(blobNames.ready(drillId, k)))
  const waiting = containers.filter((container) => records[container] === null)
  const dead = await deathsOf(clients, drillId, waiting)
  const wanted = containers.length
  const ready = wanted - waiting.length
  const detail = [`${ready} of ${wanted} ready`, ...dead].join('; ').slice(0, 1_000)
  return { ready, wanted, dead, abort: await readAbort(blobs, drillId), detail }
}

interface Started {
  /** Null: not started, because the clocks differ too much. */
  readonly startAtMs: number | null
  readonly detail: string
}

/** Written once: a repeated execution answers with the start that the containers already know. */
export async function startLoad(
  { blobs, clock }: Clients,
  { startLeadSeconds }: ActivitySettings,
  { drillId }: DrillRef,
): Promise<Started> {
  const name = blobNames.go(drillId)
  const known = await blobs.readJson<GoSignal>(name)
  const { clocks, appOffsetMs } = await readClocks(blobs, await readPlan(blobs, drillId))
  // The containers already know a start that was written: the clocks are judged again before an event.
  const refused = known === null ? clockTrouble(clocks, appOffsetMs) : null
  if (refused !== null) return { startAtMs: null, detail: refused }
  // A whole second, so that every record covers one second of the plan.
  const mine: GoSignal = { startAtMs: Math.ceil((clock.now().getTime() + startLeadSeconds * 1000) / 1000) * 1000 }
  const agreed = (await blobs.writeOnce(name, mine)) ? mine : ((await blobs.readJson<GoSignal>(name)) ?? mine)
  return { startAtMs: agreed.startAtMs, detail: `the load starts at ${new Date(agreed.startAtMs).toISOString()}` }
}

export interface StopRequest extends DrillRef {
  readonly reason: string
}

export async function stopLoad(
  { blobs }: Clients,
  { drillId, reason }: StopRequest,
): Promise<{ readonly detail: string }> {
  const isFirst = await blobs.writeOnce(blobNames.stop(drillId), { reason } satisfies StopSignal)
  return { detail: isFirst ? 'the load generators were asked to stop' : 'the stop signal was already written' }
}

// ---- Ends -------------------------------------------------------------------------------------------------------------

interface ContainersNoted {
  /** Which of them did not offer all their arrivals, and why; null when all did. */
  readonly early: string | null
  readonly abort: string | null
  readonly detail: string
}

/** How the containers ended, while the platform still knows them. */
export async function noteContainers(clients: Clients, { drillId }: DrillRef): Promise<ContainersNoted> {
  const { blobs } = clients
  const plan = await readPlan(blobs, drillId)
  const ends = await inTurns(containerNumbers(plan), 8, (container) => endOf(clients, drillId, container))
  await blobs.writeJson(drillBlobs.containers(drillId), ends)
  const early = ends.flatMap((end) => whyEarly(end) ?? [])
  const abort = await readAbort(blobs, drillId)
  if (early.length === 0) return { early: null, abort, detail: `all ${ends.length} offered their whole share` }
  const detail = early.join('; ').slice(0, 1_000)
  return { early: detail, abort, detail }
}

async function endOf({ groups, blobs }: Clients, drillId: string, container: number): Promise<ContainerEnd> {
  const group = await groups.get(groupName(drillId, container)).catch(() => null)
  const summary = await blobs.readJson<LoadSummary>(blobNames.summary(drillId, container))
  return {
    container,
    exitCode: group?.exitCode ?? null,
    restartCount: group?.restartCount ?? 0,
    zone: group?.zone ?? null,
    detail: group?.detail ?? (group === null ? 'the container could not be found' : null),
    state: group?.container ?? null,
    startedAt: group?.startedAt ?? null,
    finishedAt: group?.finishedAt ?? null,
    ended: summary?.ended ?? null,
    reason: summary === null ? await endOfLog(groups, group) : summary.reason,
  }
}

/** The platform says "Error" for every exit; only the container's log says why. */
async function endOfLog(groups: Clients['groups'], group: GroupState | null): Promise<string | null> {
  if (group?.container !== 'Terminated') return null
  return lastWords(await groups.logs(group.name).catch(() => ''))
}

async function deathsOf(clients: Clients, drillId: string, waiting: readonly number[]): Promise<string[]> {
  const absences = await readAbsences(clients, drillId)
  const deaths = await inTurns(waiting, 8, (container) => deathOf(clients, drillId, container, absences))
  await absences.save()
  return deaths.filter((death) => death !== null)
}

/** Why this container can never become ready; null while it still may, and when the platform does not answer. */
async function deathOf(
  { groups, blobs }: Clients,
  drillId: string,
  container: number,
  absences: Absences,
): Promise<string | null> {
  const group = await groups.get(groupName(drillId, container)).catch(() => 'unknown' as const)
  if (group === 'unknown') return null
  const isGone = absences.isGone(container, group, null)
  if (group === null) return isGone ? `container ${container} does not exist` : null
  const hasFailed = group.container === 'Terminated' || group.provisioningState === 'Failed'
  if (!hasFailed) return null
  const summary = await blobs.readJson<LoadSummary>(blobNames.summary(drillId, container))
  const why = summary?.reason ?? (await endOfLog(groups, group)) ?? group.detail ?? 'its log is empty'
  return `container ${container} ended before it was ready (exit code ${group.exitCode ?? 'unknown'}): ${why}`
}
