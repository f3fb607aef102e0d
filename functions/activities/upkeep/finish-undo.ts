/**
 * Finishes what drills left to undo: a drill died, or its time was up. Only of drills that are over, by their entry in the list or by
 * the record's own time, and under the lock of the server, so that no drill starts meanwhile.
 */
import { errorText } from '../../../loadgen-image/contract/redact.ts'
import type { Clients } from '../../clients/clients.ts'
import { readIndexEntry } from '../../clients/storage/drill-list.ts'
import { releaseLock, takeLock } from '../../clients/storage/server-lock.ts'
import { allUndoRecords } from '../../clients/storage/undo-records.ts'
import type { UndoProgress, UndoRecord } from '../../model/event-answer.ts'
import type { Renderer } from '../../render/formats.ts'
import { undoChanges } from '../events/undo.ts'
import { readPlan } from '../records/stored-drill.ts'
import { amendReport } from './amend-report.ts'

type Sources = Pick<Clients, 'blobs' | 'table' | 'clock' | 'servers' | 'database'>

/** One sentence per drill. */
export async function finishUndo(
  clients: Sources,
  renderers: readonly Renderer[],
  silenceSeconds: number,
): Promise<string[]> {
  const byDrill = Map.groupBy(await allUndoRecords(clients.blobs), ({ drillId }) => drillId)
  const lines: string[] = []
  for (const records of byDrill.values()) {
    const line = await finishOne(clients, renderers, records[0] as UndoRecord, silenceSeconds).catch(
      (error: unknown) => `undoing what drill ${records[0]?.drillId} changed failed: ${errorText(error)}`,
    )
    if (line !== null) lines.push(line)
  }
  return lines
}

async function finishOne(
  clients: Sources,
  renderers: readonly Renderer[],
  record: UndoRecord,
  silenceSeconds: number,
): Promise<string | null> {
  const { blobs, table, clock } = clients
  const { drillId, target } = record
  const plan = await readPlan(blobs, drillId)
  const entry = await readIndexEntry(table, plan)
  const isOver = (entry !== null && entry.endedAt !== null) || clock.now().getTime() > Date.parse(record.expiresAt)
  if (!isOver) return null
  const holder = `undo-${drillId}`
  const lock = await takeLock(blobs, target, holder, clock.now(), async () => false)
  if (lock.kind === 'refused') return null
  try {
    const { detail, ended } = await undoChanges(clients, plan, { isPatient: false, silenceSeconds, holder })
    if (ended.length > 0) await amendReport(clients, renderers, drillId, ended.map(eventOf))
    return `server ${target.server}, which drill ${drillId} changed: ${detail}`
  } finally {
    await releaseLock(blobs, target, holder, clock.now())
  }
}

const eventOf = ({ at, detail }: UndoProgress) => ({
  at,
  phase: 'after the drill',
  step: 'undo',
  detail: `the sweeping timer looked, and ${detail}`,
})
