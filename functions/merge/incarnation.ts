/** One incarnation of one container: sums of its records, duplicates, and missing seconds. */
import type { PackedRecord } from '../../loadgen-image/contract/chunk.ts'
import { addCounts, noCounts } from '../../loadgen-image/contract/counts.ts'
import type { LoadSummary, Stall } from '../../loadgen-image/contract/glossary.ts'
import type { LoadPlan } from '../../loadgen-image/contract/load-plan.ts'
import { type ClockShift, type ContainerClock, clockKey } from './clocks.ts'
import { PerSecond } from './columns.ts'
import { fingerprint } from './fingerprint.ts'
import { HealthLog } from './generator-health.ts'
import type { SendLag } from './histograms.ts'
import type { Incarnation, SecondRange } from './merged.ts'
import { AckLog } from './silences.ts'

/** What the drill knows about its containers when all records are in. */
export interface MergeEnd {
  readonly plan: Pick<LoadPlan, 'containers' | 'workers' | 'durationSeconds'>
  readonly loadStartAtMs: number | null
  readonly summaries: readonly LoadSummary[]
}

export class IncarnationSums {
  readonly container: number
  readonly incarnation: string
  readonly clock: ContainerClock
  readonly key: string
  readonly acks = new AckLog()
  readonly #fingerprints = new PerSecond()
  readonly #conflicts = new Set<number>()
  readonly #counts = noCounts()
  #maxRssBytes = 0
  #connectionsWanted = 0
  #connectionsPeak = 0
  #threads = 1
  readonly #stalls: Stall[] = []
  readonly #health = new HealthLog()

  constructor(container: number, incarnation: string, clock: ContainerClock) {
    this.container = container
    this.incarnation = incarnation
    this.clock = clock
    this.key = clockKey(container, incarnation)
  }

  /** False for a second copy; a second record with another content is noted. */
  isNew(second: number, payload: Uint8Array): boolean {
    const print = fingerprint(payload)
    const known = this.#fingerprints.get(second)
    if (known === undefined) {
      this.#fingerprints.set(second, print)
      return true
    }
    if (known !== print) this.#conflicts.add(second)
    return false
  }

  add(record: PackedRecord, second: number, shift: ClockShift, sendLag: SendLag): void {
    const { counts, connections, health } = record
    addCounts(this.#counts, counts)
    this.#maxRssBytes = Math.max(this.#maxRssBytes, health.rssBytes)
    this.#connectionsWanted = Math.max(this.#connectionsWanted, connections.wanted)
    this.#connectionsPeak = Math.max(this.#connectionsPeak, connections.open)
    this.#threads = Math.max(this.#threads, health.threads)
    for (const { thread, fromUs, toUs } of health.stalls)
      this.#stalls.push({ thread, fromUs: shift.instant(fromUs), toUs: shift.instant(toUs) })
    this.#health.add(second, record, sendLag)
  }

  finish(summary: LoadSummary | null, end: MergeEnd): Incarnation {
    const seconds = this.#fingerprints.seconds()
    const firstSecond = seconds[0] as number
    const lastSecond = seconds.at(-1) as number
    return {
      container: this.container,
      incarnation: this.incarnation,
      records: seconds.length,
      firstSecond,
      lastSecond,
      missing: missingRanges(seconds, expectedSeconds(summary, end, { first: firstSecond, last: lastSecond })),
      conflicts: [...this.#conflicts].sort((a, b) => a - b),
      hasSummary: summary !== null,
      counts: this.#counts,
      maxRssBytes: Math.max(this.#maxRssBytes, summary?.maxRssBytes ?? 0),
      connectionsWanted: this.#connectionsWanted,
      connectionsPeak: this.#connectionsPeak,
      clock: this.clock,
      health: this.#health.columns(),
      threads: this.#threads,
      stalls: this.#stalls.sort((a, b) => a.fromUs - b.fromUs || a.thread - b.thread),
    }
  }
}

/** From the summary. Without one the container was killed, and should have recorded until the planned end of the load. */
function expectedSeconds(
  summary: LoadSummary | null,
  { plan, loadStartAtMs }: MergeEnd,
  seen: SecondRange,
): SecondRange {
  if (summary !== null)
    return { first: Math.min(summary.firstSecond, seen.first), last: Math.max(summary.lastSecond, seen.last) }
  if (loadStartAtMs === null) return seen
  const start = Math.floor(loadStartAtMs / 1000)
  return { first: Math.min(start, seen.first), last: Math.max(start + plan.durationSeconds - 1, seen.last) }
}

function missingRanges(seconds: readonly number[], expected: SecondRange): SecondRange[] {
  const missing: SecondRange[] = []
  let next = expected.first
  for (const second of [...seconds, expected.last + 1]) {
    if (second > next) missing.push({ first: next, last: second - 1 })
    next = second + 1
  }
  return missing
}
