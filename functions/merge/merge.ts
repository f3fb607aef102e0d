/**
 * Folds the records of all containers into one view. Records are keyed by container, incarnation and second: they may come in
 * any order, a duplicate counts once, and missing records are named. Memory depends on seconds and containers, not on arrivals: a second
 * keeps sums and packed histograms, and everything that is rare (errors, windows) is kept as it is. Records in the order
 * of time, all containers side by side, cost the least.
 */
import type { AppProbeRecord } from '../../loadgen-image/contract/app-probe.ts'
import type { WholeBlock } from '../../loadgen-image/contract/block.ts'
import type { PackedRecord } from '../../loadgen-image/contract/chunk.ts'
import { addUp } from '../../loadgen-image/contract/counts.ts'
import type { AckGap, ErrorCount, FirstAck, OutageWindow, TimelineAcks } from '../../loadgen-image/contract/glossary.ts'
import { TENTHS, US_PER_SECOND, US_PER_TENTH } from '../../loadgen-image/contract/glossary.ts'
import { compareText } from '../units/text.ts'
import { AppMerge } from './app-probes.ts'
import { type ClockReading, ClockShift, type ContainerClock, clockKey, clockOf, combineClocks } from './clocks.ts'
import { SumPerSecond, sendLagOf } from './histograms.ts'
import { IncarnationSums, type MergeEnd } from './incarnation.ts'
import { type ClientLedger, LedgerLog, workerLedger } from './ledger.ts'
import type { Incarnation, Merged, MergedSecond, TimelineSpan, WorkerFirstAck, WorkerOutage } from './merged.ts'
import { SecondSums } from './second.ts'
import { SHORTEST_SILENCE_US, silentEverywhere } from './silences.ts'

export interface MergeOptions {
  readonly clocks: readonly ClockReading[]
}

export class Merge {
  readonly #clocks: ReadonlyMap<string, ContainerClock>
  readonly #seconds = new Map<number, SecondSums>()
  readonly #response = new SumPerSecond()
  readonly #service = new SumPerSecond()
  readonly #incarnations = new Map<string, IncarnationSums>()
  readonly #errors = new Map<string, ErrorCount & { workersByContainer: Map<string, number> }>()
  readonly #timelines = new Map<number, TimelineSpan>()
  readonly #firstAcks = new Map<string, WorkerFirstAck>()
  readonly #windows: WorkerOutage[] = []
  readonly #applications = new AppMerge()
  readonly #ledgers = new Map<number, { readonly container: number; readonly log: LedgerLog }>()

  constructor({ clocks }: MergeOptions) {
    this.#clocks = combineClocks(clocks)
  }

  add({ value: record, payload }: WholeBlock<PackedRecord>): void {
    const from = this.#incarnationOf(record)
    if (!from.isNew(record.second, payload)) return
    const shift = new ClockShift(from.clock.offsetUs)
    const second = shift.second(record.second)
    const sendLag = sendLagOf(record.sendLag)
    from.add(record, second, shift, sendLag)
    this.#secondOf(second).add(record, shift, sendLag)
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

  addApplication(record: AppProbeRecord): void {
    this.#applications.add(record, clockOf(this.#clocks, record.container, record.incarnation).offsetUs)
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
      applications: this.#applications.finish(),
      incarnations,
      absent: Array.from({ length: end.plan.containers }, (_, k) => k).filter((k) => !seen.has(k)),
      ledger: this.#finishLedger(incarnations, end),
    }
  }

  #incarnationOf({ container, incarnation }: PackedRecord): IncarnationSums {
    const key = clockKey(container, incarnation)
    let sums = this.#incarnations.get(key)
    if (sums === undefined) {
      sums = new IncarnationSums(container, incarnation, clockOf(this.#clocks, container, incarnation))
      this.#incarnations.set(key, sums)
    }
    return sums
  }

  #secondOf(second: number): SecondSums {
    let sums = this.#seconds.get(second)
    if (sums === undefined) {
      sums = new SecondSums()
      this.#seconds.set(second, sums)
    }
    return sums
  }

  #addTenths({ second, acksPerTenth }: PackedRecord, shift: ClockShift): void {
    for (let i = 0; i < acksPerTenth.length; i++) {
      const acks = acksPerTenth[i] as number
      if (acks === 0) continue
      const tenth = second * TENTHS + i - shift.tenths
      const { tenths } = this.#secondOf(Math.floor(tenth / TENTHS))
      const at = tenth % TENTHS
      tenths[at] = (tenths[at] as number) + acks
    }
  }

  #addAcks(record: PackedRecord, { acks }: IncarnationSums, shift: ClockShift): void {
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
    // A generator reports 0 where it cannot know the timeline: the plain transactions table has no timeline column.
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

  /** One failed transaction between two acknowledged ones is no outage, and a steady error rate makes millions of them. */
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

  #finishLedger(incarnations: readonly Incarnation[], { plan }: MergeEnd): ClientLedger {
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

/** First and last acknowledgement of a record; to the tenth where no timeline says it exactly. */
function ackSpan(record: PackedRecord): AckGap | null {
  const { timelines, counts } = record
  const stamped = timelines.length === 0 ? null : stampedSpan(timelines)
  const dated = timelines.reduce((sum, { acknowledged }) => sum + acknowledged, 0)
  // A retry that finds its row is acknowledged without a timeline, and ends a silence all the same.
  if (stamped !== null && dated === counts.acknowledged) return stamped
  const coarse = tenthsSpan(record)
  if (stamped === null || coarse === null) return stamped ?? coarse
  return { fromUs: Math.min(stamped.fromUs, coarse.fromUs), toUs: Math.max(stamped.toUs, coarse.toUs) }
}

const stampedSpan = (timelines: PackedRecord['timelines']): AckGap => ({
  fromUs: timelines.reduce((least, { firstAtUs }) => Math.min(least, firstAtUs), Number.POSITIVE_INFINITY),
  toUs: timelines.reduce((most, { lastAtUs }) => Math.max(most, lastAtUs), Number.NEGATIVE_INFINITY),
})

function tenthsSpan({ second, acksPerTenth }: PackedRecord): AckGap | null {
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

const compareWindows = (a: WorkerOutage, b: WorkerOutage): number =>
  a.worker - b.worker ||
  (a.lastGoodAtUs ?? 0) - (b.lastGoodAtUs ?? 0) ||
  (a.firstGoodAtUs ?? Number.MAX_VALUE) - (b.firstGoodAtUs ?? Number.MAX_VALUE)

function missingPerSecond(incarnations: readonly Incarnation[]): Map<number, number> {
  const missing = new Map<number, number>()
  for (const { first, last } of incarnations.flatMap((incarnation) => incarnation.missing))
    for (let second = first; second <= last; second++) missing.set(second, (missing.get(second) ?? 0) + 1)
  return missing
}
