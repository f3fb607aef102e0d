/** Reads the WAL position with each poll of a running load: from these the report estimates what an event had to replay. */
import type { Blobs, Clients } from '../../clients/clients.ts'
import { drillBlobs } from '../../model/blob-paths.ts'
import type { WalPosition } from '../../model/facts.ts'
import type { DrillPlan } from '../../model/plan.ts'
import { inTurns } from '../../units/in-turns.ts'

/** Bounds what one poll rewrites: at most a hundred readings at the shortest interval of the polls. */
const PART_SECONDS = 200

type Sources = Pick<Clients, 'blobs' | 'database' | 'clock'>

/**
 * A reading that fails is left out: it is context, and no figure waits for it. In an outage nothing is asked, because the poll has
 * better uses for the time than an attempt to connect.
 */
export async function noteWalPosition(
  { blobs, database, clock }: Sources,
  { drillId, target }: DrillPlan,
  startAtMs: number | null,
  isOut: boolean,
): Promise<void> {
  const part = startAtMs === null ? -1 : partOf(clock.now().getTime() - startAtMs)
  if (part < 0 || isOut) return
  const position = await database.walPosition(target).catch(() => null)
  if (position === null) return
  const name = drillBlobs.walPositions(drillId, part)
  const known = (await blobs.readJson<readonly WalPosition[]>(name)) ?? []
  await blobs.writeJson(name, [...known, position])
}

const partOf = (sinceStartMs: number): number => Math.floor(sinceStartMs / 1000 / PART_SECONDS)

export async function readWalPositions(
  blobs: Pick<Blobs, 'readJson'>,
  { drillId, load }: DrillPlan,
): Promise<readonly WalPosition[]> {
  const parts = [...Array(partOf(load.durationSeconds * 1000) + 2).keys()]
  const read = (part: number) => blobs.readJson<readonly WalPosition[]>(drillBlobs.walPositions(drillId, part))
  return (await inTurns(parts, 8, read)).flatMap((positions) => positions ?? [])
}
