/** The check of the disk: what the load will write, against what is free. A disk that is full ends the drill, and every other client's writes. */
import { mayPromote } from '../event-kinds/kinds.ts'
import type { DiskFacts, LeftRows, ServerFacts } from '../model/facts.ts'
import { plannedArrivals } from '../model/load-plan.ts'
import type { DrillPlan } from '../model/plan.ts'
import { bytes, count, counted } from '../units/units.ts'
import type { BeforeCheck, BeforeEvidence, Judgement } from './check.ts'

/**
 * One row of `transactions` with its entries in all seven indexes, and the WAL of its transaction: the load's INSERT, one commit each,
 * drill id of 22 characters, PostgreSQL 15 with 1 GB of max_wal_size and a checkpoint every five minutes. Bytes per row: 376 after one
 * million rows (heap 141), 372 after two. WAL per row: 985 in the first million, 1,150 in the second, as more pages are logged whole
 * after each checkpoint; 1,016 to 1,074 by 20 clients of pgbench.
 */
export const BYTES_PER_ROW = 376
export const WAL_BYTES_PER_ROW = 1_150

const GIB = 1024 ** 3

export const DISK_CHECKS = [
  {
    id: 'disk-space',
    title: 'Room on the disk',
    why: 'A full disk makes the server read-only for every client, and a disk that grew never shrinks.',
    judge: judgeDisk,
    advice:
      'Enlarge the disk, shorten the load or lower its rate. Deleted rows leave room in the table, which the rows of this drill take first, and none on the disk before VACUUM FULL: force this check where you know of enough such room.',
  },
] as const satisfies readonly BeforeCheck[]

function judgeDisk({ facts, plan }: BeforeEvidence): Judgement {
  const { server, disk } = facts
  const sizeBytes = server?.storage?.sizeGb == null ? null : server.storage.sizeGb * GIB
  const floor = sizeBytes === null ? null : floorOf(sizeBytes, server)
  const need = needOf(plan, disk)
  const wanted = wantedOf(need, floor)
  const seen = seenOf(sizeBytes, disk)
  if (sizeBytes === null || floor === null) return { verdict: 'unknown', seen, wanted }
  const advice = adviceOf(sizeBytes, disk, server)
  // What is used is at least 0, and so is what a closed loop writes: a disk that is too small for that is too small.
  const isTooSmall = (usedBytes: number, needBytes: number) => sizeBytes - usedBytes - needBytes < floor.bytes
  if (isTooSmall(disk?.usedBytes ?? 0, need?.leastBytes ?? 0)) return { verdict: 'fail', seen, wanted, ...advice }
  const isKnown = need !== null && disk?.usedBytes != null && !isTooSmall(disk.usedBytes, need.mostBytes)
  return { verdict: isKnown ? 'pass' : 'unknown', seen, wanted }
}

// ---- What the load needs ----------------------------------------------------------------------------------------------

interface Need {
  readonly rows: number
  readonly rowBytes: number
  /** What the server keeps at its most; the most that it can be where `max_wal_size` is not known. */
  readonly walBytes: number
  readonly leastBytes: number
  readonly mostBytes: number
}

/**
 * WAL is removed at checkpoints down to about `max_wal_size`. After a promotion the new standby is built again, and until it follows
 * the server keeps all WAL for it: here until the end of the load. Null: a closed loop writes as much as the server can.
 */
function needOf({ load, events }: DrillPlan, disk: DiskFacts | null): Need | null {
  const rows = plannedArrivals(load)
  if (rows === null) return null
  const promotion = events.find(mayPromote)
  const keptRows = promotion === undefined ? 0 : (plannedArrivals(load, promotion.atSeconds) ?? 0)
  const rowBytes = rows * BYTES_PER_ROW
  const allWal = rows * WAL_BYTES_PER_ROW
  const kept = (maxWalBytes: number) => Math.min(allWal, keptRows * WAL_BYTES_PER_ROW + maxWalBytes)
  const maxWalBytes = disk?.maxWalBytes ?? null
  const walBytes = maxWalBytes === null ? allWal : kept(maxWalBytes)
  return { rows, rowBytes, walBytes, leastBytes: rowBytes + kept(maxWalBytes ?? 0), mostBytes: rowBytes + walBytes }
}

// ---- What has to stay free ----------------------------------------------------------------------------------------------

interface Floor {
  readonly bytes: number
  readonly why: string
}

/**
 * "Switched to read-only mode when the storage usage reaches 95 percent or when the available capacity is less than 5 GiB"
 * (concepts-storage of the service). It sells no disk below 32 GiB; on a smaller one 5 GiB says nothing.
 */
const READ_ONLY_SHARE = 0.05
const READ_ONLY_BYTES = 5 * GIB
const SMALLEST_DISK_BYTES = 32 * GIB
/** A disk that grows by itself does so below 20 % of free space (above 1 TiB: 10 %), or below 64 GiB where that is less (how-to-auto-grow-storage). */
const GROWS_BELOW_BYTES = 64 * GIB
const growsBelowShare = (sizeBytes: number): number => (sizeBytes > 1024 * GIB ? 0.1 : 0.2)

function floorOf(sizeBytes: number, server: ServerFacts | null): Floor {
  if (server?.storage?.growsByItself === true)
    return {
      bytes: Math.min(GROWS_BELOW_BYTES, growsBelowShare(sizeBytes) * sizeBytes),
      why: 'below which the disk grows for good',
    }
  const leastBytes = sizeBytes < SMALLEST_DISK_BYTES ? 0 : READ_ONLY_BYTES
  return { bytes: Math.max(leastBytes, READ_ONLY_SHARE * sizeBytes), why: 'below which the server turns read-only' }
}

// ---- In words -----------------------------------------------------------------------------------------------------------

function wantedOf(need: Need | null, floor: Floor | null): string {
  const kept = floor === null ? '' : `, and ${bytes(floor.bytes)} ${floor.why}`
  if (need === null) return `room for as many rows as a closed loop writes${kept}`
  const total = floor === null ? need.mostBytes : need.mostBytes + floor.bytes
  return `${bytes(total)} free: ${bytes(need.rowBytes)} for ${count(need.rows)} rows, ${bytes(need.walBytes)} for WAL${kept}`
}

function seenOf(sizeBytes: number | null, disk: DiskFacts | null): string | null {
  if (sizeBytes === null && disk === null) return null
  const { usedBytes = null, usedSeenBy = null, earlier = null } = disk ?? {}
  const size = sizeBytes === null ? 'a disk of unknown size' : bytes(sizeBytes)
  const free =
    usedBytes === null || sizeBytes === null
      ? `${size}; what is free could not be seen`
      : `${bytes(Math.max(0, sizeBytes - usedBytes))} of ${size} free (by ${usedSeenBy === 'SQL' ? 'SQL' : 'the platform'})`
  return earlier === null || earlier.rows === 0
    ? free
    : `${free}; ${leftWords(earlier)}${debtWords(disk?.overdue ?? null)}`
}

const leftWords = ({ drills, rows }: LeftRows): string =>
  `${counted(drills, 'earlier drill')} left about ${count(rows)} rows (${bytes(rows * BYTES_PER_ROW)})`

const debtWords = (overdue: LeftRows | null): string =>
  overdue === null || overdue.rows === 0 ? '' : `, and ${count(overdue.rows)} of them are past their time`

function adviceOf(sizeBytes: number, disk: DiskFacts | null, server: ServerFacts | null): Pick<Judgement, 'advice'> {
  const [{ advice }] = DISK_CHECKS
  const grows =
    server?.storage?.growsByItself === true
      ? ` The disk would grow by itself, to ${bytes(2 * sizeBytes)}, for the standby too, and never shrinks: force this check to accept that.`
      : ''
  const overdue = disk?.overdue ?? null
  const debt =
    overdue === null || overdue.rows === 0
      ? ''
      : ` Every drill with a load deletes rows that are past their time; ${bytes(overdue.rows * BYTES_PER_ROW)} of ${counted(overdue.drills, 'drill')} are still there.`
  return grows === '' && debt === '' ? {} : { advice: `${advice}${debt}${grows}` }
}
