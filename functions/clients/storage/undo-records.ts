/** The stored records of what drills have to undo on servers. They lie with the server, because they outlive a drill that dies. */
import { drillBlobs, serverBlobs } from '../../model/blob-paths.ts'
import type { UndoChange, UndoProgress, UndoRecord } from '../../model/event-answer.ts'
import type { Target } from '../../model/plan.ts'
import type { Blobs } from '../clients.ts'

type Reads = Pick<Blobs, 'readJson' | 'list'>

/** Once: a repeated execution must not replace what was before the event. */
export const noteUndo = (blobs: Pick<Blobs, 'writeOnce'>, record: UndoRecord): Promise<boolean> =>
  blobs.writeOnce(serverBlobs.undo(record.target, record.drillId, record.index), record)

export const forgetUndo = (blobs: Pick<Blobs, 'delete'>, { target, drillId, index }: UndoRecord): Promise<void> =>
  blobs.delete(serverBlobs.undo(target, drillId, index))

/** Of one drill, in the order of its events. */
export async function undoRecordsOf(blobs: Reads, target: Target, drillId: string): Promise<UndoRecord[]> {
  const all = await readAll(blobs, serverBlobs.undoPrefix(target))
  return all.filter((record) => record.drillId === drillId).toSorted((a, b) => a.index - b.index)
}

/** Of all drills and servers. */
export const allUndoRecords = async (blobs: Reads): Promise<UndoRecord[]> => readAll(blobs, serverBlobs.prefix)

async function readAll(blobs: Reads, prefix: string): Promise<UndoRecord[]> {
  const names = (await blobs.list(prefix))
    .map(({ name }) => name)
    .filter((name) => name.includes(serverBlobs.undoFolder))
  const records = await Promise.all(names.map((name) => blobs.readJson<UndoRecord>(name)))
  return records.filter((record) => record !== null)
}

export const readUndoProgress = (
  blobs: Pick<Blobs, 'readJson'>,
  drillId: string,
  change: UndoChange,
): Promise<UndoProgress | null> => blobs.readJson<UndoProgress>(drillBlobs.undoProgress(drillId, change))

export const writeUndoProgress = (
  blobs: Pick<Blobs, 'writeJson'>,
  drillId: string,
  change: UndoChange,
  progress: UndoProgress,
): Promise<void> => blobs.writeJson(drillBlobs.undoProgress(drillId, change), progress)
