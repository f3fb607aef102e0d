/**
 * A tiny world: arrivals, workers, outages and a table of rows, simulated exactly, so that tests know the truth that the report
 * must find. `aRun` gives the records that load generators would have written, and the rows that the database would hold.
 */

import { auditLedger, type StoredRun } from '../../functions/analysis/ledger-audit.ts'
import type { ClockReading } from '../../functions/merge/clocks.ts'
import { Merge } from '../../functions/merge/merge.ts'
import type { Merged } from '../../functions/merge/merged.ts'
import type { DrillOutcome, FailoverEvidence } from '../../functions/model/evidence.ts'
import { cohortOf } from '../../loadgen-image/contract/cohort.ts'
import type { LoadSummary, OutageWindow, Outcome, SecondRecord } from '../../loadgen-image/contract/glossary.ts'
import { Histogram } from '../../loadgen-image/contract/histogram.ts'
import type { LoadSettings } from '../../loadgen-image/contract/load-plan.ts'
import {
  aDrillPlan,
  aFailover,
  anOutcome,
  aPlan,
  aPrimary,
  aRecord,
  aSummary,
  isoAt,
  LOAD_START_MS,
  someLoad,
} from './builders.ts'

const START_US = LOAD_START_MS * 1000
const FIRST_TIMELINE = 1

export interface Trouble {
  readonly atSeconds: number
  /** Infinity: the service never comes back. */
  readonly seconds: number
  /** A failover raises the timeline; a pause only holds the replies back. */
  readonly kind: 'failover' | 'pause'
  /** Arrivals meanwhile wait until their deadline, or fail at once. */
  readonly arrivals?: 'wait' | 'refused'
  /** Workers that come back so many seconds after the service. */
  readonly stragglers?: Readonly<Record<number, number>>
  /** Share of the arrivals that the service carries afterwards; the others are missed. */
  readonly shareAfter?: number
}

export interface RunOptions {
  readonly load?: Partial<LoadSettings>
  readonly troubles?: readonly Trouble[]
  readonly serviceUs?: number
  /** Container clock minus database clock. */
  readonly clockOffsetsMs?: readonly number[]
  /** Containers that are killed in the middle of this second: no record of it, nothing sent after it, and no summary. */
  readonly killed?: Readonly<Record<number, number>>
}

export interface Key {
  readonly worker: number
  readonly seq: number
  readonly outcome: Outcome
  readonly knownAtUs: number
}

export interface Run {
  readonly load: LoadSettings
  readonly records: readonly SecondRecord[]
  readonly summaries: readonly LoadSummary[]
  readonly clocks: readonly ClockReading[]
  /** Every key that was sent. */
  readonly keys: readonly Key[]
  /** The table, as `worker:seq`. Tests delete, double and add rows here. */
  readonly rows: Map<string, number>
  /** Acknowledgement instants, rising, on the database's clock. */
  readonly acksAtUs: readonly number[]
  readonly failovers: readonly FailoverEvidence[]
}

interface Event {
  readonly atUs: number
  readonly dueUs: number
  readonly sentUs: number
  readonly container: number
  readonly worker: number
  readonly seq: number
  readonly outcome: Outcome | 'missed'
  readonly timeline: number
}

export const rowKey = (worker: number, seq: number): string => `${worker}:${seq}`

export function aRun(options: RunOptions = {}): Run {
  const world = new World(options)
  world.run()
  return world.result()
}

class World {
  readonly #load: LoadSettings
  readonly #options: RunOptions
  readonly #troubles: readonly Trouble[]
  readonly #serviceUs: number
  readonly #events: Event[] = []
  readonly #keys: Key[] = []
  readonly #rows = new Map<string, number>()
  readonly #seq = new Map<number, number>()
  #turn = 0
  #carried = 0

  constructor(options: RunOptions) {
    this.#options = options
    this.#load = someLoad(options.load)
    this.#troubles = options.troubles ?? []
    this.#serviceUs = options.serviceUs ?? 8000
  }

  run(): void {
    const { targetTps, durationSeconds } = this.#load
    const arrivals = Math.round(targetTps * durationSeconds)
    for (let n = 0; n < arrivals; n++) this.#arrive(START_US + Math.round((n * 1e6) / targetTps))
    this.#events.sort((a, b) => a.atUs - b.atUs)
  }

  result(): Run {
    const acks = this.#events.filter(({ outcome }) => outcome === 'acknowledged')
    const containers = Array.from({ length: this.#load.containers }, (_, k) => this.#container(k))
    return {
      load: this.#load,
      records: containers.flatMap(({ records }) => records),
      summaries: containers.flatMap(({ summary }) => summary ?? []),
      clocks: containers.map(({ clock }) => clock),
      keys: this.#keys,
      rows: this.#rows,
      acksAtUs: acks.map(({ atUs }) => atUs),
      failovers: this.#troubles.filter(({ kind }) => kind === 'failover').map(evidenceOf),
    }
  }

  #arrive(dueUs: number): void {
    const container = this.#turn % this.#load.containers
    const trouble = this.#troubleAt(dueUs)
    if (dueUs >= START_US + (this.#killedAt(container) + 0.5) * 1e6) this.#turn++
    else if (trouble === null && !this.#isCarried(dueUs)) this.#miss(dueUs, container)
    else if (trouble === null) this.#send(dueUs, dueUs, container)
    else if (trouble.arrivals === 'refused') this.#refuse(dueUs, container)
    else this.#wait(dueUs, container, START_US + (trouble.atSeconds + trouble.seconds) * 1e6)
  }

  #wait(dueUs: number, container: number, backUs: number): void {
    if (backUs - dueUs > this.#load.deadlineMs * 1000) this.#miss(dueUs, container)
    else this.#send(dueUs, backUs, container)
  }

  /** A service that came back at a share of its strength takes that share of the arrivals, evenly. */
  #isCarried(dueUs: number): boolean {
    this.#carried += this.#shareAfter(dueUs)
    if (this.#carried < 1) return false
    this.#carried--
    return true
  }

  #killedAt(container: number): number {
    return this.#options.killed?.[container] ?? Number.POSITIVE_INFINITY
  }

  #troubleAt(atUs: number): Trouble | null {
    const seconds = (atUs - START_US) / 1e6
    return this.#troubles.find((one) => seconds >= one.atSeconds && seconds < one.atSeconds + one.seconds) ?? null
  }

  #shareAfter(atUs: number): number {
    const seconds = (atUs - START_US) / 1e6
    return this.#troubles.findLast((one) => seconds >= one.atSeconds + one.seconds)?.shareAfter ?? 1
  }

  #timelineAt(atUs: number): number {
    const seconds = (atUs - START_US) / 1e6
    return (
      FIRST_TIMELINE +
      this.#troubles.filter((one) => one.kind === 'failover' && seconds >= one.atSeconds + one.seconds).length
    )
  }

  #send(dueUs: number, sentUs: number, container: number): void {
    const worker = this.#nextWorker(container, sentUs)
    const seq = this.#nextSeq(worker)
    const trouble = this.#troubleAt(sentUs + this.#serviceUs)
    const sent = { dueUs, sentUs, container, worker, seq }
    const isLost = trouble !== null && (trouble.kind === 'failover' || !Number.isFinite(trouble.seconds))
    if (isLost) this.#loseReply(sent, START_US + trouble.atSeconds * 1e6)
    else {
      const repliedFromUs = trouble === null ? sentUs : START_US + (trouble.atSeconds + trouble.seconds) * 1e6
      this.#rows.set(rowKey(worker, seq), 1)
      this.#settle({ ...sent, atUs: repliedFromUs + this.#serviceUs, outcome: 'acknowledged' })
    }
  }

  /** In flight when the trouble began: every second one had committed. */
  #loseReply(sent: Pick<Event, 'dueUs' | 'sentUs' | 'container' | 'worker' | 'seq'>, troubleUs: number): void {
    if (sent.seq % 2 === 0) this.#rows.set(rowKey(sent.worker, sent.seq), 1)
    this.#settle({ ...sent, atUs: troubleUs + 10_000, outcome: 'unknown' })
  }

  #refuse(dueUs: number, container: number): void {
    const worker = this.#nextWorker(container, null)
    const event = { atUs: dueUs + 500, dueUs, sentUs: dueUs, container, worker, seq: this.#nextSeq(worker) }
    this.#settle({ ...event, outcome: 'refused' })
  }

  #settle(event: Omit<Event, 'timeline' | 'outcome'> & { outcome: Outcome }): void {
    const { worker, seq, outcome, atUs } = event
    this.#events.push({ ...event, timeline: this.#timelineAt(atUs) })
    this.#keys.push({ worker, seq, outcome, knownAtUs: atUs })
  }

  #miss(dueUs: number, container: number): void {
    this.#turn++
    const atUs = dueUs + this.#load.deadlineMs * 1000
    this.#events.push({ atUs, dueUs, sentUs: dueUs, container, worker: -1, seq: -1, outcome: 'missed', timeline: 0 })
  }

  /** Neighbouring numbers belong to one container; workers take turns, but one that is not back yet is passed over. */
  #nextWorker(container: number, sentUs: number | null): number {
    const first = Math.floor((container * this.#load.workers) / this.#load.containers)
    const own = Math.floor(((container + 1) * this.#load.workers) / this.#load.containers) - first
    for (;;) {
      const worker = first + (Math.floor(this.#turn++ / this.#load.containers) % own)
      if (sentUs === null || !this.#isStraggling(worker, sentUs)) {
        // Keep the next arrival on the next container, however many workers were passed over.
        while (this.#turn % this.#load.containers !== (container + 1) % this.#load.containers) this.#turn++
        return worker
      }
    }
  }

  #isStraggling(worker: number, atUs: number): boolean {
    const seconds = (atUs - START_US) / 1e6
    return this.#troubles.some(({ atSeconds, seconds: length, stragglers }) => {
      const late = stragglers?.[worker]
      return late !== undefined && seconds >= atSeconds && seconds < atSeconds + length + late
    })
  }

  #nextSeq(worker: number): number {
    const seq = (this.#seq.get(worker) ?? 0) + 1
    this.#seq.set(worker, seq)
    return seq
  }

  #container(container: number): { records: SecondRecord[]; summary: LoadSummary | null; clock: ClockReading } {
    const offsetMs = this.#options.clockOffsetsMs?.[container] ?? 0
    const killedAt = this.#killedAt(container)
    const clock = { offsetMs, errorMs: 0.5 }
    const incarnation = `i${container}`
    const writer = new RecordWriter(container, incarnation, this.#load, offsetMs * 1000)
    const own = this.#events.filter((event) => event.container === container)
    const all = writer.write(own, this.#troubles)
    const records = all.filter(({ second }) => second < LOAD_START_MS / 1000 + killedAt)
    const summary = aSummary({
      container,
      incarnation,
      clock,
      totals: writer.totals(),
      firstSecond: all[0]?.second ?? 0,
      lastSecond: all.at(-1)?.second ?? 0,
      records: all.length,
      workers: Math.floor(this.#load.workers / this.#load.containers),
    })
    return {
      records,
      summary: Number.isFinite(killedAt) ? null : summary,
      clock: { container, incarnation, clock },
    }
  }
}

function evidenceOf({ atSeconds, seconds }: Trouble, index: number): FailoverEvidence {
  const zones = (swaps: number) =>
    swaps % 2 === 0 ? { availabilityZone: '1', standbyZone: '2' } : { availabilityZone: '2', standbyZone: '1' }
  const isBack = Number.isFinite(seconds)
  return aFailover({
    index,
    requestedAtSeconds: atSeconds,
    sentAt: isoAt(atSeconds - 0.3),
    acceptedAt: isoAt(atSeconds - 0.25),
    before: aPrimary({ observedAt: isoAt(atSeconds - 1), timeline: FIRST_TIMELINE + index, ...zones(index) }),
    after: isBack
      ? aPrimary({
          observedAt: isoAt(atSeconds + seconds + 2),
          timeline: FIRST_TIMELINE + index + 1,
          address: index % 2 === 0 ? '10.0.0.5' : '10.0.0.4',
          postmasterStartedAt: isoAt(atSeconds + 1),
          ...zones(index + 1),
        })
      : null,
    operation: isBack ? 'succeeded' : 'failed',
    healthyAt: isBack ? isoAt(atSeconds + seconds + 20) : null,
  })
}

/** What a container's recorder does with its events, told on its own clock. */
class RecordWriter {
  readonly #container: number
  readonly #incarnation: string
  readonly #load: LoadSettings
  readonly #offsetUs: number
  #written: readonly SecondRecord[] = []

  constructor(container: number, incarnation: string, load: LoadSettings, offsetUs: number) {
    this.#container = container
    this.#incarnation = incarnation
    this.#load = load
    this.#offsetUs = offsetUs
  }

  write(events: readonly Event[], troubles: readonly Trouble[]): readonly SecondRecord[] {
    const moved = events.map((event) => ({
      ...event,
      atUs: event.atUs + this.#offsetUs,
      dueUs: event.dueUs + this.#offsetUs,
      sentUs: event.sentUs + this.#offsetUs,
    }))
    const first = Math.floor((START_US + this.#offsetUs) / 1e6)
    const last = moved.reduce((most, { atUs }) => Math.max(most, Math.floor(atUs / 1e6)), first)
    const bySecond = Map.groupBy(moved, ({ atUs }) => Math.floor(atUs / 1e6))
    const intended = Map.groupBy(moved, ({ dueUs }) => Math.floor(dueUs / 1e6))
    const extras = new WorkerStories(
      moved,
      this.#load,
      troubles.some(({ kind }) => kind === 'failover'),
    )
    this.#written = Array.from({ length: last - first + 1 }, (_, i) =>
      this.#record(
        first + i,
        bySecond.get(first + i) ?? [],
        intended.get(first + i)?.length ?? 0,
        extras,
        first + i === last,
      ),
    )
    return this.#written
  }

  totals(): LoadSummary['totals'] {
    const sum = { intended: 0, acknowledged: 0, refused: 0, unknown: 0, missed: 0, weakAcks: 0 }
    for (const { counts } of this.#written)
      for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += counts[name]
    return sum
  }

  #record(
    second: number,
    events: readonly Event[],
    intended: number,
    extras: WorkerStories,
    isLast: boolean,
  ): SecondRecord {
    const acks = events.filter(({ outcome }) => outcome === 'acknowledged')
    const count = (wanted: Event['outcome']) => events.filter(({ outcome }) => outcome === wanted).length
    const acksPerTenth = new Array<number>(10).fill(0)
    for (const { atUs } of acks) {
      const tenth = Math.floor((atUs - second * 1e6) / 100_000)
      acksPerTenth[tenth] = (acksPerTenth[tenth] as number) + 1
    }
    const missed = events.filter(({ outcome }) => outcome === 'missed')
    const isIn = (atUs: number) => Math.floor(atUs / 1e6) === second
    return aRecord({
      container: this.#container,
      incarnation: this.#incarnation,
      second,
      counts: {
        intended,
        acknowledged: acks.length,
        refused: count('refused'),
        unknown: count('unknown'),
        missed: missed.length,
        weakAcks: 0,
      },
      acksPerTenth,
      response: histogramOf(acks.map(({ atUs, dueUs }) => atUs - dueUs)),
      service: histogramOf(acks.map(({ atUs, sentUs }) => atUs - sentUs)),
      sendLag: histogramOf(
        events.filter(({ outcome }) => outcome !== 'missed').map(({ sentUs, dueUs }) => sentUs - dueUs),
      ),
      errors: errorsOf(events),
      ackGaps: extras.gaps.filter(({ toUs }) => isIn(toUs)),
      timelines: timelinesOf(acks),
      firstAcks: extras.firstAcks.filter(({ atUs }) => isIn(atUs)),
      outages: extras.windows.filter(({ firstGoodAtUs }) => (firstGoodAtUs === null ? isLast : isIn(firstGoodAtUs))),
      ledger: ledgerOf(events),
      connections: { wanted: this.#load.workers, open: this.#load.workers, opened: 0, lost: 0 },
      lastMissedAtUs: missed.at(-1)?.atUs ?? null,
    })
  }
}

function histogramOf(valuesUs: readonly number[]): number[] {
  const histogram = new Histogram()
  for (const valueUs of valuesUs) histogram.record(valueUs)
  return histogram.toSparse()
}

const CODES = { refused: '57P03', unknown: '57P01' } as const

function errorsOf(events: readonly Event[]): SecondRecord['errors'] {
  return (['refused', 'unknown'] as const).flatMap((outcome) => {
    const own = events.filter((event) => event.outcome === outcome)
    const [first] = own
    if (first === undefined) return []
    return {
      code: CODES[outcome],
      phase: 'transaction' as const,
      outcome,
      count: own.length,
      firstAtUs: first.atUs,
      lastAtUs: (own.at(-1) as Event).atUs,
      workers: new Set(own.map(({ worker }) => worker)).size,
      example:
        outcome === 'refused'
          ? 'the database system is starting up'
          : 'terminating connection due to administrator command',
    }
  })
}

function timelinesOf(acks: readonly Event[]): SecondRecord['timelines'] {
  return [...Map.groupBy(acks, ({ timeline }) => timeline)].map(([timeline, own]) => ({
    timeline,
    acknowledged: own.length,
    firstAtUs: (own[0] as Event).atUs,
    lastAtUs: (own.at(-1) as Event).atUs,
  }))
}

function ledgerOf(events: readonly Event[]): SecondRecord['ledger'] {
  const sent = events.filter(({ outcome }) => outcome !== 'missed')
  return [...Map.groupBy(sent, ({ worker }) => worker)].map(([worker, own]) => {
    const seqs = own.map(({ seq }) => seq)
    return {
      worker,
      firstSeq: Math.min(...seqs),
      count: own.length,
      exceptions: own.flatMap(({ seq, outcome }) =>
        outcome === 'refused' || outcome === 'unknown' ? [{ seq, outcome }] : [],
      ),
    }
  })
}

/** What needs a look across seconds: gaps, first acknowledgements on a timeline, outage windows. */
class WorkerStories {
  readonly gaps: { fromUs: number; toUs: number }[] = []
  readonly firstAcks: SecondRecord['firstAcks'][number][] = []
  readonly windows: OutageWindow[] = []

  constructor(events: readonly Event[], load: LoadSettings, hasErrors: boolean) {
    const acks = events.filter(({ outcome }) => outcome === 'acknowledged')
    for (const [i, { atUs }] of acks.entries()) {
      const fromUs = acks[i - 1]?.atUs ?? atUs
      if (atUs - fromUs >= 20_000) this.gaps.push({ fromUs, toUs: atUs })
    }
    for (const [worker, own] of Map.groupBy(events, (event) => event.worker))
      if (worker >= 0) this.#follow(worker, own, load, hasErrors)
  }

  #follow(worker: number, events: readonly Event[], load: LoadSettings, hasErrors: boolean): void {
    let previous: Event | null = null
    let refused = 0
    let unknown = 0
    for (const event of events) {
      if (event.outcome === 'refused') refused++
      if (event.outcome === 'unknown') unknown++
      if (event.outcome !== 'acknowledged') continue
      if (previous?.timeline !== event.timeline)
        this.firstAcks.push({
          worker,
          timeline: event.timeline,
          atUs: event.atUs,
          previousAtUs: previous?.atUs ?? null,
        })
      const lostConnection = hasErrors && previous !== null && previous.timeline !== event.timeline
      if (refused + unknown > 0 || lostConnection) this.#close(worker, previous, event, refused, unknown, load)
      previous = event
      refused = 0
      unknown = 0
    }
    if (refused + unknown > 0) this.#close(worker, previous, null, refused, unknown, load)
  }

  #close(
    worker: number,
    last: Event | null,
    first: Event | null,
    refused: number,
    unknown: number,
    load: LoadSettings,
  ): void {
    this.windows.push({
      worker,
      cohort: cohortOf(load.cohorts, worker).name,
      lastGoodAtUs: last?.atUs ?? null,
      firstGoodAtUs: first?.atUs ?? null,
      timelineBefore: last?.timeline ?? null,
      timelineAfter: first?.timeline ?? null,
      refused,
      unknown,
      connectFailures: 1,
      code: unknown > 0 ? '57P01' : refused > 0 ? '57P03' : 'ECONNRESET',
    })
  }
}

// ---- From a run to a report -------------------------------------------------------------------------------------------

export function mergeRun(run: Run, records: Iterable<SecondRecord> = run.records): Merged {
  const merge = new Merge({ clocks: run.clocks })
  for (const record of records) merge.add(record)
  return merge.finish({ plan: run.load, loadStartAtMs: LOAD_START_MS, summaries: run.summaries })
}

/** The rows of the table as the database sums them up: maximal runs per worker, in any order of workers. */
export async function* storedRuns(rows: ReadonlyMap<string, number>): AsyncGenerator<StoredRun> {
  const byWorker = Map.groupBy(
    [...rows].map(([key, count]) => {
      const [worker, seq] = key.split(':').map(Number) as [number, number]
      return { worker, seq, count }
    }),
    ({ worker }) => worker,
  )
  for (const [worker, own] of byWorker) {
    own.sort((a, b) => a.seq - b.seq)
    const runs: StoredRun[] = []
    for (const { seq, count } of own) {
      const last = runs.at(-1)
      if (last === undefined || seq !== last.lastSeq + 1)
        runs.push({ worker, firstSeq: seq, lastSeq: seq, rows: count, distinctRows: 1 })
      else
        runs.push({
          ...(runs.pop() as StoredRun),
          lastSeq: seq,
          rows: last.rows + count,
          distinctRows: last.distinctRows + 1,
        })
    }
    yield* runs
  }
}

/** Both looks at the ledger, ten seconds apart. */
export async function auditRun(run: Run, merged: Merged): Promise<DrillOutcome['audits']> {
  const timeline = FIRST_TIMELINE + run.failovers.filter(({ after }) => after !== null).length
  const look = (at: string) => auditLedger(merged.ledger, storedRuns(run.rows), { at, timeline, inRecovery: false })
  return [await look(isoAt(run.load.durationSeconds + 15)), await look(isoAt(run.load.durationSeconds + 25))]
}

export async function outcomeOf(run: Run, merged: Merged, own: Partial<DrillOutcome> = {}): Promise<DrillOutcome> {
  return anOutcome({
    plan: aDrillPlan({
      load: run.load,
      failovers: run.failovers.map(({ mode, requestedAtSeconds }) => ({ mode, atSeconds: requestedAtSeconds })),
    }),
    loadPlan: aPlan(run.load),
    failovers: run.failovers,
    summaries: run.summaries,
    audits: await auditRun(run, merged),
    endedAt: isoAt(run.load.durationSeconds + 40),
    ...own,
  })
}

/** One worker, one arrival per tenth of a second: `+` acknowledged, `-` refused, `?` unknown, `.` missed, ` ` nothing due. */
export function samples(story: string, options: { readonly timeline?: number } = {}): SecondRecord[] {
  const timeline = options.timeline ?? FIRST_TIMELINE
  const outcomes = { '+': 'acknowledged', '-': 'refused', '?': 'unknown', '.': 'missed' } as const
  let seq = 0
  const events = [...story].flatMap((sign, i): Event[] => {
    const outcome = outcomes[sign as keyof typeof outcomes]
    if (outcome === undefined) return []
    const dueUs = START_US + i * 100_000
    if (outcome !== 'missed') seq++
    const base = { atUs: dueUs + 1000, dueUs, sentUs: dueUs, container: 0, timeline }
    return [{ ...base, outcome, ...(outcome === 'missed' ? { worker: -1, seq: -1 } : { worker: 0, seq }) }]
  })
  const writer = new RecordWriter(0, 'i0', someLoad({ targetTps: 10, workers: 1 }), 0)
  return [...writer.write(events, [])]
}
