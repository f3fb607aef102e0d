/** Reads from storage what event-safety judges before an event is caused. */
import { blobNames, type ReadyRecord } from '../../../loadgen-image/contract/glossary.ts'
import type { Clients } from '../../clients/clients.ts'
import { mayArriveUntilMs, outcomeOfAttempts, readAttempts } from '../../clients/storage/event-attempts.ts'
import type { EarlierEvent, EventMoment, ReadyClock } from '../../live/event-safety.ts'
import { drillBlobs } from '../../model/blob-paths.ts'
import type { Facts } from '../../model/facts.ts'
import type { DrillPlan } from '../../model/plan.ts'
import { inTurns } from '../../units/in-turns.ts'
import { containerNumbers } from '../records/containers.ts'
import { signsOfContainers } from '../records/load-records.ts'
import { loadStartAtMs } from '../records/stored-drill.ts'

type Sources = Pick<Clients, 'blobs' | 'clock'>

export async function eventMoment({ blobs, clock }: Sources, plan: DrillPlan, index: number): Promise<EventMoment> {
  const { drillId } = plan
  const [startAtMs, containers, clocks, earlier] = await Promise.all([
    loadStartAtMs(blobs, drillId),
    signsOfContainers(blobs, drillId, containerNumbers(plan)),
    readClocks(blobs, plan),
    earlierEventOf(blobs, drillId, index),
  ])
  // After all reads, so that a slow read makes the evidence old.
  const nowMs = clock.now().getTime()
  return { nowMs, loadStartAtMs: startAtMs ?? nowMs, containers, ...clocks, earlierEvent: earlier }
}

/** Each container against the database, from its ready record, and the app against the database, from the check. */
export async function readClocks(
  blobs: Clients['blobs'],
  plan: DrillPlan,
): Promise<Pick<EventMoment, 'clocks' | 'appOffsetMs'>> {
  const [facts, records] = await Promise.all([
    blobs.readJson<Facts>(drillBlobs.facts(plan.drillId)),
    inTurns(containerNumbers(plan), 16, (k) => blobs.readJson<ReadyRecord>(blobNames.ready(plan.drillId, k))),
  ])
  const clocks = records.flatMap((record): ReadyClock[] =>
    record === null ? [] : [{ container: record.container, offsetMs: record.clock.offsetMs }],
  )
  const session = facts?.sessions.find(({ clockOffsetMs }) => clockOffsetMs !== null)
  return { clocks, appOffsetMs: session?.clockOffsetMs ?? null }
}

/** Of all earlier requests, the one that took effect last or may do so. */
async function earlierEventOf(blobs: Clients['blobs'], drillId: string, index: number): Promise<EarlierEvent | null> {
  const all = await inTurns([...Array(index).keys()], 8, (k) => readAttempts(blobs, drillId, k))
  const events = all.flatMap((attempts, earlier): EarlierEvent[] => {
    const { answer } = outcomeOfAttempts(attempts, null)
    const lostUntilMs = mayArriveUntilMs(attempts)
    return [
      ...(answer?.kind === 'accepted' ? [{ index: earlier, atMs: Date.parse(answer.acceptedAt), isLost: false }] : []),
      ...(lostUntilMs === null ? [] : [{ index: earlier, atMs: lostUntilMs, isLost: true }]),
    ]
  })
  return events.toSorted((a, b) => b.atMs - a.atMs)[0] ?? null
}
