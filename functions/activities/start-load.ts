/** The barrier between containers that start when they can and a load that starts at one instant. */
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
import { readClocks } from './failover/event-moment.ts'
import { renewLease } from './provision.ts'
import { type Absences, readAbsences } from './records/absence.ts'
import { lastWords } from './records/last-words.ts'
import { containerNumbers, type DrillRef, groupName, inTurns, readAbort, readPlan } from './records/stored-drill.ts'
import type { ActivitySettings } from './settings.ts'

export interface ReadyLook {
  readonly ready: number
  readonly wanted: number
  /** Containers that ended before they were ready will never be. */
  readonly dead: readonly string[]
  readonly abort: string | null
  readonly detail: string
}

export interface Started {
  /** Null: not started, because the clocks differ too much. */
  readonly startAtMs: number | null
  readonly detail: string
}

export interface ContainerEnd {
  readonly container: number
  readonly exitCode: number | null
  readonly restartCount: number
  readonly detail: string | null
  readonly state: string | null
  readonly startedAt: string | null
  readonly finishedAt: string | null
  /** From its summary; null: it wrote none. */
  readonly ended: LoadSummary['ended'] | null
  /** From its summary, or what its log says last. */
  readonly reason: string | null
}

export interface ContainersNoted {
  /** Which of them did not offer all their arrivals, and why; null when all did. */
  readonly early: string | null
  readonly abort: string | null
  readonly detail: string
}

export function barrierActivities(clients: Clients, settings: ActivitySettings) {
  const { blobs, clock } = clients

  return {
    async lookReady({ drillId }: DrillRef): Promise<ReadyLook> {
      const plan = await readPlan(blobs, drillId)
      await renewLease(clients, drillId)
      const containers = containerNumbers(plan)
      const records = await inTurns(containers, 16, (k) => blobs.readJson<ReadyRecord>(blobNames.ready(drillId, k)))
      const waiting = containers.filter((container) => records[container] === null)
      const dead = await deathsOf(clients, drillId, waiting)
      const ready = containers.length - waiting.length
      const detail = `${ready} of ${containers.length} ready${dead.length > 0 ? `; ${dead.join('; ')}` : ''}`
      return {
        ready,
        wanted: containers.length,
        dead,
        abort: await readAbort(blobs, drillId),
        detail: detail.slice(0, 1_000),
      }
    },

    /** Written once: a repeated execution answers with the start that the containers already know. */
    async go({ drillId }: DrillRef): Promise<Started> {
      const name = blobNames.go(drillId)
      const known = await blobs.readJson<GoSignal>(name)
      const { clocks, appOffsetMs } = await readClocks(blobs, await readPlan(blobs, drillId))
      // A start that was written is known to the containers: the clocks are judged again before an event.
      const refused = known === null ? clockTrouble(clocks, appOffsetMs) : null
      if (refused !== null) return { startAtMs: null, detail: refused }
      // A whole second, so that every record covers one second of the plan.
      const startAtMs = Math.ceil((clock.now().getTime() + settings.startLeadSeconds * 1000) / 1000) * 1000
      const mine: GoSignal = { startAtMs }
      const agreed = (await blobs.writeOnce(name, mine)) ? mine : ((await blobs.readJson<GoSignal>(name)) ?? mine)
      return { startAtMs: agreed.startAtMs, detail: `the load starts at ${new Date(agreed.startAtMs).toISOString()}` }
    },

    async stopLoad({ drillId, reason }: DrillRef & { readonly reason: string }): Promise<{ readonly detail: string }> {
      const isFirst = await blobs.writeOnce(blobNames.stop(drillId), { reason } satisfies StopSignal)
      return { detail: isFirst ? 'the load generators were told to stop' : 'the load generators already knew' }
    },

    /** How the containers ended, while they can still be asked. */
    async noteContainers({ drillId }: DrillRef): Promise<ContainersNoted> {
      const plan = await readPlan(blobs, drillId)
      const ends = await inTurns(containerNumbers(plan), 8, (container) => endOf(clients, drillId, container))
      await blobs.writeJson(drillBlobs.containers(drillId), ends)
      const early = ends.flatMap((end) => whyNotWhole(end) ?? [])
      const detail = early.length === 0 ? `all ${ends.length} offered their whole share` : early.join('; ')
      return {
        early: early.length === 0 ? null : detail.slice(0, 1_000),
        abort: await readAbort(blobs, drillId),
        detail: detail.slice(0, 1_000),
      }
    },
  }
}

async function endOf({ groups, blobs }: Clients, drillId: string, container: number): Promise<ContainerEnd> {
  const group = await groups.get(groupName(drillId, container)).catch(() => null)
  const summary = await blobs.readJson<LoadSummary>(blobNames.summary(drillId, container))
  return {
    container,
    exitCode: group?.exitCode ?? null,
    restartCount: group?.restartCount ?? 0,
    detail: group?.detail ?? (group === null ? 'the container could not be found' : null),
    state: group?.container ?? null,
    startedAt: group?.startedAt ?? null,
    finishedAt: group?.finishedAt ?? null,
    ended: summary?.ended ?? null,
    reason: summary === null ? await wordsOfDead(groups, group) : summary.reason,
  }
}

/** The platform says "Error" of every exit; why, only the container's log says. */
async function wordsOfDead(groups: Clients['groups'], group: GroupState | null): Promise<string | null> {
  if (group?.container !== 'Terminated') return null
  return lastWords(await groups.logs(group.name).catch(() => ''))
}

async function deathsOf(clients: Clients, drillId: string, waiting: readonly number[]): Promise<string[]> {
  const absences = await readAbsences(clients, drillId)
  const deaths = await inTurns(waiting, 8, (container) => deathOf(clients, drillId, container, absences))
  await absences.save()
  return deaths.filter((death) => death !== null)
}

/** Why this container can never become ready, or null while it still may. A question that fails says nothing. */
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
  const why = summary?.reason ?? (await wordsOfDead(groups, group)) ?? group.detail ?? 'its log is empty'
  return `container ${container} ended before it was ready (exit code ${group.exitCode ?? 'unknown'}): ${why}`
}

/** Only a container that the platform has seen to end has died: one that stands still, or cannot be found, may be running. */
function whyNotWhole({ container, ended, reason, exitCode, restartCount, state }: ContainerEnd): string | null {
  if (ended === 'completed') return null
  const words = reason === null ? '' : `: ${reason}`
  if (ended !== null) return `container ${container} ended early (${ended}${words})`
  const restarts = restartCount > 0 ? `, restarted ${restartCount} times` : ''
  if (state === 'Terminated')
    return `container ${container} died without a summary (exit code ${exitCode ?? 'unknown'}${restarts})${words}`
  return state === null
    ? `container ${container} left no summary, and the platform does not show how it ended`
    : `container ${container} had not ended after the load, and left no summary (${state}${restarts})`
}
