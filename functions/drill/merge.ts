/**
 * Folds the records of all containers into one view. Records are keyed by container, incarnation and second: they may come in
 * any order, twice is once, and what is missing is named. Memory depends on seconds and containers, not on arrivals: a second
 * keeps sums and packed histograms, and everything that is rare (errors, windows) is kept as it is. Records that come in the
 * order of time, all containers side by side, cost the least.
 */
import type {
  AckGap,
  Counts,
  ErrorCount,
  FirstAck,
  LoadPlan,
  LoadSummary,
  OutageWindow,
  SecondRecord,
  TimelineAcks,
} from '../../loadgen-image/contract.ts'
import { Histogram, sparsePercentileUs } from '../../loadgen-image/contract-histogram.ts'
import { type ClockReading, type ContainerClock, clockKey, clockOf, combineClocks } from './clocks.ts'
import { fingerprint } from './fingerprint.ts'
import type {
  Incarnation,
  Merged,
  MergedSecond,
  SecondRange,
  TimelineSpan,
  WorkerFirstAck,
  WorkerOutage,
} from './merged.ts'
import { packed } from './packed-histogram.ts'
import { PerSecond } from './per-second.ts'
import { AckLog, SHORTEST_SILENCE_US, silentEverywhere } from './silence.ts'
import { SumPerSecond } from './sum-per-second.ts'
import { LedgerLog, type ToldLedger, workerLedger } from './told-ledger.ts'

const US_PER_SECOND = 1_000_000
const TENTHS = 10
const US_PER_TENTH = US_PER_SECOND / TENTHS

export interface MergeOptions {
  readonly clocks: readonly ClockReading[]
  /** In these seconds the generator's own health is measured: after the warm-up, before the first failover. */
  readonly baseline: SecondRange | null
}

/** What the drill knows about its containers when all records are in. */
export interface MergeEnd {
  readonly plan: Pick<LoadPlan, 'containers' | 'workers' | 'durationSeconds'>
  readonly loadStartAtMs: number | null
  readonly summaries: readonly LoadSummary[]
}

export class Merge {
  readonly #clocks: ReadonlyMap<string, ContainerClock>
  readonly #baseline: SecondRange | null
  readonly #seconds = new Map<number, SecondSums>()
  readonly #response = new SumPerSecond()
  readonly #service = new SumPerSecond()
  readonly #incarnations = new Map<string, IncarnationSums>()
  readonly #errors = new Map<string, ErrorCount & { workersByContainer: Map<string, number> }>()
  readonly #timelines = new Map<number, TimelineSpan>()
  readonly #firstAcks = new Map<string, WorkerFirstAck>()
  readonly #windows: WorkerOutage[] = []
  readonly #ledgers = new Map<number, { readonly container: number; readonly log: LedgerLog }>()

  constructor({ clocks, baseline }: MergeOptions) {
    this.#clocks = combineClocks(clocks)
    this.#baseline = baseline
  }

  add(record: SecondRecord): void {
    const from = this.#incarnationOf(record)
    if (!from.isNew(record)) return
    const shift = new ClockShift(from.clock.offsetUs)
    const second = shift.second(record.second)
    from.add(record, this.#isInBaseline(second))
    this.#secondOf(second).add(record, shift)
    this.#response.add(second, record.response)
    this.#service.add(second, record.service)
    this.#addTenths(record, shift)
    this.#addAcks(record, from, shift)
    for (const error of record.errors) this.#addError(error, from.key, shift)
    for (const acks of record.timelines) this.#addTimeline(acks, shift)
    for (const ack of record.firstAcks) this.#addFirstAck(ack, record.container, shift)
    for (const window of record.outages) this.#addWindow(window, record.container, shift)
    for (const range of record.ledger) this.#ledgerOf(range.worker, record.container).add(second, range)
  }

  /** Once, when all records are in. */
  finish(end: MergeEnd): Merged {
    const summaries = new Map(end.summaries.map((s) => [clockKey(s.container, s.incarnation), s]))
    const incarnations = [...this.#incarnations.values()]
      .sort((a, b) => a.container - b.container || compareText(a.incarnation, b.incarnation))
      .map((sums) => sums.finish(summaries.get(sums.key) ?? null, end))
    const seen = new Set(incarnations.map(({ container }) => container))
    return {
      seconds: this.#finishSeconds(incarnations),
      totals: addUp(incarnations.map(({ counts }) => counts)),
      errors: this.#finishErrors(),
      silences: silentEverywhere([...this.#incarnations.values()].map(({ acks }) => acks.silences())),
      timelines: [...this.#timelines.values()].sort((a, b) => a.firstAtUs - b.firstAtUs || a.timeline - b.timeline),
      firstAcks: [...this.#firstAcks.values()].sort((a, b) => a.worker - b.worker || a.timeline - b.timeline),
      windows: this.#windows.sort(compareWindows),
      incarnations,
      absent: Array.from({ length: end.plan.containers }, (_, k) => k).filter((k) => !seen.has(k)),
      ledger: this.#finishLedger(incarnations, end),
    }
  }

  #incarnationOf({ container, incarnation }: SecondRecord): IncarnationSums {
    const key = clockKey(container, incarnation)
    let sums = this.#incarnations.get(key)
    if (sums === undefined) {
      sums = new IncarnationSums(container, incarnation, clockOf(this.#clocks, container, incarnation))
      this.#incarnations.set(key, sums)
    }
    return sums
  }

  #isInBaseline(second: number): boolean {
    return this.#baseline !== null && second >= this.#baseline.first && second <= this.#baseline.last
  }

  #secondOf(second: number): SecondSums {
    let sums = this.#seconds.get(second)
    if (sums === undefined) {
      sums = new SecondSums()
      this.#seconds.set(second, sums)
    }
    return sums
  }

  #addTenths({ second, acksPerTenth }: SecondRecord, shift: ClockShift): void {
    for (let i = 0; i < acksPerTenth.length; i++) {
      const acks = acksPerTenth[i] as number
      if (acks === 0) continue
      const tenth = second * TENTHS + i - shift.tenths
      const { tenths } = this.#secondOf(Math.floor(tenth / TENTHS))
      const at = tenth % TENTHS
      tenths[at] = (tenths[at] as number) + acks
    }
  }

  #addAcks(record: SecondRecord, { acks }: IncarnationSums, shift: ClockShift): void {
    for (const gap of record.ackGaps) acks.gap(shift.instant(gap.fromUs), shift.instant(gap.toUs))
    const span = ackSpan(record)
    if (span !== null) acks.acks(shift.instant(span.fromUs), shift.instant(span.toUs))
  }

  #addError(error: ErrorCount, from: string, shift: ClockShift): void {
    const key = `${error.code} ${error.phase} ${error.outcome}`
    const moved = { ...error, firstAtUs: shift.instant(error.firstAtUs), lastAtUs: shift.instant(error.lastAtUs) }
    const known = this.#errors.get(key)
    const workersByContainer = known?.workersByContainer ?? new Map<string, number>()
    workersByContainer.set(from, Math.max(workersByContainer.get(from) ?? 0, error.workers))
    this.#errors.set(key, known === undefined ? { ...moved, workersByContainer } : joinErrors(known, moved))
  }

  #addTimeline({ timeline, acknowledged, firstAtUs, lastAtUs }: TimelineAcks, shift: ClockShift): void {
    // 0 is what a generator says that cannot know: the plain transactions table has no timeline column.
    if (timeline === 0) return
    const known = this.#timelines.get(timeline)
    this.#timelines.set(timeline, {
      timeline,
      acknowledged: acknowledged + (known?.acknowledged ?? 0),
      firstAtUs: Math.min(shift.instant(firstAtUs), known?.firstAtUs ?? Number.POSITIVE_INFINITY),
      lastAtUs: Math.max(shift.instant(lastAtUs), known?.lastAtUs ?? Number.NEGATIVE_INFINITY),
    })
  }

  #addFirstAck({ worker, timeline, atUs, previousAtUs }: FirstAck, container: number, shift: ClockShift): void {
    if (timeline === 0) return
    const key = `${worker} ${timeline}`
    const moved = {
      container,
      worker,
      timeline,
      atUs: shift.instant(atUs),
      previousAtUs: shift.maybe(previousAtUs ?? null),
    }
    const known = this.#firstAcks.get(key)
    if (known === undefined || moved.atUs < known.atUs) this.#firstAcks.set(key, moved)
  }

  /** One failed transaction between two good ones is no outage, and at a steady error rate there are millions of them. */
  #addWindow(window: OutageWindow, container: number, shift: ClockShift): void {
    const { lastGoodAtUs, firstGoodAtUs } = window
    const isBrief =
      lastGoodAtUs !== null && firstGoodAtUs !== null && firstGoodAtUs - lastGoodAtUs < SHORTEST_SILENCE_US
    if (isBrief) return
    this.#windows.push({
      ...window,
      container,
      lastGoodAtUs: shift.maybe(lastGoodAtUs),
      firstGoodAtUs: shift.maybe(firstGoodAtUs),
    })
  }

  #ledgerOf(worker: number, container: number): LedgerLog {
    let ledger = this.#ledgers.get(worker)
    if (ledger === undefined) {
      ledger = { container, log: new LedgerLog() }
      this.#ledgers.set(worker, ledger)
    }
    return ledger.log
  }

  #finishErrors(): ErrorCount[] {
    return [...this.#errors.values()]
      .map(({ workersByContainer, ...error }) => ({
        ...error,
        workers: [...workersByContainer.values()].reduce((sum, workers) => sum + workers, 0),
      }))
      .sort((a, b) => b.count - a.count || compareText(a.code, b.code) || compareText(`${a.outcome}`, `${b.outcome}`))
  }

  #finishSeconds(incarnations: readonly Incarnation[]): MergedSecond[] {
    const known = [...this.#seconds.keys()]
    if (known.length === 0) return []
    const first = known.reduce((a, b) => Math.min(a, b))
    const last = known.reduce((a, b) => Math.max(a, b))
    const missing = missingPerSecond(incarnations)
    return Array.from({ length: last - first + 1 }, (_, i) => {
      const second = first + i
      return {
        second,
        ...(this.#seconds.get(second) ?? new SecondSums()).finish(),
        response: this.#response.packed(second),
        service: this.#service.packed(second),
        missing: missing.get(second) ?? 0,
      }
    })
  }

  #finishLedger(incarnations: readonly Incarnation[], { plan }: MergeEnd): ToldLedger {
    const workers = [...this.#ledgers].sort(([a], [b]) => a - b)
    const complete = new Set(incarnations.filter(isComplete).map(({ container }) => container))
    return {
      workers: workers.map(([worker, { container, log }]) => workerLedger(worker, container, log.bytes())),
      openContainers: Array.from({ length: plan.containers }, (_, k) => k).filter((k) => !complete.has(k)),
      workersPlanned: plan.workers,
    }
  }
}

/** Complete to its end: it wrote its summary, and the second that the summary calls its last has a record. */
const isComplete = ({ hasSummary, missing, lastSecond }: Incarnation): boolean =>
  hasSummary && !missing.some(({ last }) => last > lastSecond)

/** Moves a container's times to the database's clock. Counts per second and tenth go to the nearest one. */
class ClockShift {
  readonly #offsetUs: number
  readonly tenths: number
  readonly #seconds: number

  constructor(offsetUs: number) {
    this.#offsetUs = offsetUs
    this.tenths = Math.round(offsetUs / US_PER_TENTH)
    this.#seconds = Math.round(offsetUs / US_PER_SECOND)
  }

  second(second: number): number {
    return second - this.#seconds
  }

  instant(atUs: number): number {
    return atUs - this.#offsetUs
  }

  maybe(atUs: number | null): number | null {
    return atUs === null ? null : this.instant(atUs)
  }
}

/** First and last acknowledgement of a record; to the tenth where no timeline says it exactly. */
function ackSpan({ second, timelines, acksPerTenth }: SecondRecord): AckGap | null {
  if (timelines.length > 0)
    return {
      fromUs: timelines.reduce((least, { firstAtUs }) => Math.min(least, firstAtUs), Number.POSITIVE_INFINITY),
      toUs: timelines.reduce((most, { lastAtUs }) => Math.max(most, lastAtUs), Number.NEGATIVE_INFINITY),
    }
  const first = acksPerTenth.findIndex((acks) => acks > 0)
  if (first < 0) return null
  const last = acksPerTenth.findLastIndex((acks) => acks > 0)
  const startUs = second * US_PER_SECOND
  return { fromUs: startUs + first * US_PER_TENTH, toUs: startUs + (last + 1) * US_PER_TENTH - 1 }
}

function joinErrors<E extends ErrorCount>(known: E, next: ErrorCount): E {
  const first = [known, next].sort(
    (a, b) => a.firstAtUs - b.firstAtUs || compareText(a.example, b.example),
  )[0] as ErrorCount
  return {
    ...known,
    count: known.count + next.count,
    firstAtUs: first.firstAtUs,
    lastAtUs: Math.max(known.lastAtUs, next.lastAtUs),
    example: first.example,
  }
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const compareWindows = (a: WorkerOutage, b: WorkerOutage): number =>
  a.worker - b.worker ||
  (a.lastGoodAtUs ?? 0) - (b.lastGoodAtUs ?? 0) ||
  (a.firstGoodAtUs ?? Number.MAX_VALUE) - (b.firstGoodAtUs ?? Number.MAX_VALUE)

type MutableCounts = { -readonly [K in keyof Counts]: Counts[K] }

const noCounts = (): MutableCounts => ({ intended: 0, acknowledged: 0, refused: 0, unknown: 0, missed: 0, weakAcks: 0 })

function addCounts(sum: MutableCounts, counts: Counts): void {
  sum.intended += counts.intended
  sum.acknowledged += counts.acknowledged
  sum.refused += counts.refused
  sum.unknown += counts.unknown
  sum.missed += counts.missed
  sum.weakAcks += counts.weakAcks
}

export function addUp(all: readonly Counts[]): Counts {
  const sum = noCounts()
  for (const counts of all) addCounts(sum, counts)
  return sum
}

function missingPerSecond(incarnations: readonly Incarnation[]): Map<number, number> {
  const missing = new Map<number, number>()
  for (const { first, last } of incarnations.flatMap((incarnation) => incarnation.missing))
    for (let second = first; second <= last; second++) missing.set(second, (missing.get(second) ?? 0) + 1)
  return missing
}

/** Shared by all seconds without any: nearly all of a long drill. */
const NO_ERRORS: MergedSecond['errors'] = {}

class SecondSums {
  readonly counts = noCounts()
  readonly tenths: number[] = new Array(TENTHS).fill(0)
  #sendLagP99Us: number | null = null
  #errors: Map<string, number> | null = null
  #connectionsOpen = 0
  #connectionsWanted = 0
  #waiting = 0
  #lastMissedAtUs: number | null = null
  #eventLoopDelayP99Us = 0
  #recorded = 0

  add(record: SecondRecord, shift: ClockShift): void {
    addCounts(this.counts, record.counts)
    const lagUs = sparsePercentileUs(record.sendLag, 0.99)
    if (lagUs !== null) this.#sendLagP99Us = Math.max(lagUs, this.#sendLagP99Us ?? 0)
    for (const error of record.errors) this.#addError(error)
    this.#connectionsOpen += record.connections.open
    this.#connectionsWanted += record.connections.wanted
    this.#waiting += record.waiting
    const missedAtUs = shift.maybe(record.lastMissedAtUs)
    if (missedAtUs !== null) this.#lastMissedAtUs = Math.max(missedAtUs, this.#lastMissedAtUs ?? missedAtUs)
    this.#eventLoopDelayP99Us = Math.max(this.#eventLoopDelayP99Us, record.health.eventLoopDelayP99Us)
    this.#recorded++
  }

  #addError({ code, count }: ErrorCount): void {
    this.#errors ??= new Map()
    this.#errors.set(code, (this.#errors.get(code) ?? 0) + count)
  }

  finish(): Omit<MergedSecond, 'second' | 'response' | 'service' | 'missing'> {
    return {
      counts: this.counts,
      tenths: this.tenths,
      sendLagP99Us: this.#sendLagP99Us,
      errors:
        this.#errors === null ? NO_ERRORS : Object.fromEntries([...this.#errors].sort(([a], [b]) => compareText(a, b))),
      connectionsOpen: this.#connectionsOpen,
      connectionsWanted: this.#connectionsWanted,
      waiting: this.#waiting,
      lastMissedAtUs: this.#lastMissedAtUs,
      eventLoopDelayP99Us: this.#eventLoopDelayP99Us,
      recorded: this.#recorded,
    }
  }
}

class IncarnationSums {
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
  #baselineSeconds = 0
  #baselineIntended = 0
  #baselineCpuUs = 0
  #baselineConnectionsLeast = Number.POSITIVE_INFINITY
  readonly #sendLag = new Histogram()
  readonly #eventLoopDelayP99 = new Histogram()

  constructor(container: number, incarnation: string, clock: ContainerClock) {
    this.container = container
    this.incarnation = incarnation
    this.clock = clock
    this.key = clockKey(container, incarnation)
  }

  /** False for a second copy; a second record with another content is noted. */
  isNew(record: SecondRecord): boolean {
    const print = fingerprint(record)
    const known = this.#fingerprints.get(record.second)
    if (known === undefined) {
      this.#fingerprints.set(record.second, print)
      return true
    }
    if (known !== print) this.#conflicts.add(record.second)
    return false
  }

  add({ counts, connections, health, sendLag }: SecondRecord, isInBaseline: boolean): void {
    addCounts(this.#counts, counts)
    this.#maxRssBytes = Math.max(this.#maxRssBytes, health.rssBytes)
    this.#connectionsWanted = Math.max(this.#connectionsWanted, connections.wanted)
    this.#connectionsPeak = Math.max(this.#connectionsPeak, connections.open)
    if (!isInBaseline) return
    this.#baselineSeconds++
    this.#baselineIntended += counts.intended
    this.#sendLag.add(sendLag)
    this.#eventLoopDelayP99.record(health.eventLoopDelayP99Us)
    this.#baselineCpuUs += health.cpuUs
    this.#baselineConnectionsLeast = Math.min(this.#baselineConnectionsLeast, connections.open)
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
      baseline: {
        seconds: this.#baselineSeconds,
        intended: this.#baselineIntended,
        sent: this.#sendLag.total,
        sendLag: packed(this.#sendLag),
        eventLoopDelayP99: packed(this.#eventLoopDelayP99),
        cpuUs: this.#baselineCpuUs,
        connectionsLeast: this.#baselineSeconds === 0 ? 0 : this.#baselineConnectionsLeast,
      },
    }
  }
}

/** The summary knows. Without one the container was killed, and should have recorded until the planned end of the load. */
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
