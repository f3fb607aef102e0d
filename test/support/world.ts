/**
 * A load whose every arrival, outage and row is known exactly, so that tests know the truth that the report
 * must find. `aRun` gives the records of the load generators, by their own recorder, and the rows that the database holds.
 */

import { auditLedger, type StoredRun } from '../../functions/analysis/ledger-audit.ts'
import type { ClockReading } from '../../functions/merge/clocks.ts'
import { Merge } from '../../functions/merge/merge.ts'
import type { Merged } from '../../functions/merge/merged.ts'
import type { DrillOutcome, EventEvidence } from '../../functions/model/evidence.ts'
import type { Report } from '../../functions/model/report.ts'
import { assemble } from '../../functions/report-model/build.ts'
import type { AppProbeRecord } from '../../loadgen-image/contract/app-probe.ts'
import { addUp } from '../../loadgen-image/contract/counts.ts'
import type { LoadSummary, Outcome, SecondRecord } from '../../loadgen-image/contract/glossary.ts'
import type { LoadSettings } from '../../loadgen-image/contract/load-plan.ts'
import { type WorkerIdentity, workersOfThread } from '../../loadgen-image/schedule/workers.ts'
import {
  aDrillPlan,
  anEvent,
  anOutcome,
  aPlan,
  aPrimary,
  aSummary,
  blockOf,
  isoAt,
  LOAD_START_MS,
  someLoad,
} from './builders.ts'
import { type Disconnection, type Event as Recorded, recordEvents } from './record-events.ts'
import { watchRecords } from './watch-records.ts'
import { rangesOf } from './world/rows.ts'

const START_US = LOAD_START_MS * 1000
const FIRST_TIMELINE = 1
/** From a failover to the moment at which its clients know that their connections are lost. */
const LOSS_SEEN_US = 10_000

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

interface Key {
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
  readonly events: readonly EventEvidence[]
  /** Of application probes; absent: there are none. */
  readonly applications?: readonly AppProbeRecord[]
}

interface Event extends Recorded {
  /** -1 of a missed arrival. */
  readonly seq: number
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
    const containers = Array.from({ length: this.#load.containers }, (_, k) => this.#container(k))
    return {
      load: this.#load,
      records: containers.flatMap(({ records }) => records),
      summaries: containers.flatMap(({ summary }) => summary ?? []),
      clocks: containers.map(({ clock }) => clock),
      keys: this.#keys,
      rows: this.#rows,
      events: this.#troubles.filter(({ kind }) => kind === 'failover').map(evidenceOf),
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
    this.#settle({ ...sent, atUs: troubleUs + LOSS_SEEN_US, outcome: 'unknown' })
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
    const own = workersOfThread(this.#load, container, 1, 0)
    for (;;) {
      const { worker } = own[Math.floor(this.#turn++ / this.#load.containers) % own.length] as WorkerIdentity
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
    const all = recordEvents(
      this.#events.filter((event) => event.container === container),
      {
        load: this.#load,
        container,
        startAtUs: START_US,
        offsetUs: offsetMs * 1000,
        disconnections: this.#troubles.filter(({ kind }) => kind === 'failover').map(disconnectionOf),
      },
    )
    const records = all.filter(({ second }) => second < LOAD_START_MS / 1000 + killedAt)
    const summary = aSummary({
      container,
      incarnation,
      clock,
      totals: addUp(all.map(({ counts }) => counts)),
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

const disconnectionOf = ({ atSeconds, seconds, stragglers }: Trouble): Disconnection => ({
  atUs: START_US + atSeconds * 1e6 + LOSS_SEEN_US,
  backAtUs: (worker) => START_US + (atSeconds + seconds + (stragglers?.[worker] ?? 0)) * 1e6,
})

function evidenceOf({ atSeconds, seconds }: Trouble, index: number): EventEvidence {
  const zones = (swaps: number) =>
    swaps % 2 === 0 ? { availabilityZone: '1', standbyZone: '2' } : { availabilityZone: '2', standbyZone: '1' }
  const isBack = Number.isFinite(seconds)
  return anEvent({
    index,
    planned: { atSeconds, kind: 'failover', mode: 'forced' },
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

// ---- From a run to a report -------------------------------------------------------------------------------------------

export function mergeRun(run: Run, records: Iterable<SecondRecord> = run.records): Merged {
  const merge = new Merge({ clocks: run.clocks })
  for (const record of records) merge.add(blockOf(record))
  for (const record of run.applications ?? []) merge.addApplication(record)
  return merge.finish({ plan: run.load, loadStartAtMs: LOAD_START_MS, summaries: run.summaries })
}

/** The rows of the table as the database sums them up. */
export async function* storedRuns(rows: ReadonlyMap<string, number>): AsyncGenerator<StoredRun> {
  yield* rangesOf(
    [...rows].map(([key, count]) => {
      const [worker, seq] = key.split(':').map(Number) as [number, number]
      return { worker, seq, rows: count }
    }),
  )
}

/** Both looks at the ledger, ten seconds apart, on the primary after the last event. */
async function auditRun(run: Run, merged: Merged, events: DrillOutcome['events']): Promise<DrillOutcome['audits']> {
  const primary = events.findLast(({ after }) => after !== null)?.after ?? null
  const timeline = FIRST_TIMELINE + run.events.filter(({ after }) => after !== null).length
  const look = (at: string) =>
    auditLedger(merged.ledger, storedRuns(run.rows), {
      at,
      timeline,
      inRecovery: false,
      address: primary?.address ?? '10.0.0.5',
      serverId: primary?.serverId ?? null,
      watchRuns: [],
    })
  return [await look(isoAt(run.load.durationSeconds + 15)), await look(isoAt(run.load.durationSeconds + 25))]
}

/** What a drill of this run reports. */
export async function assembledOf(run: Run, own: Partial<DrillOutcome> = {}): Promise<ReturnType<typeof assemble>> {
  const merged = mergeRun(run)
  return assemble(await outcomeOf(run, merged, own), merged)
}

export const reportOf = async (run: Run, own: Partial<DrillOutcome> = {}): Promise<Report> =>
  (await assembledOf(run, own)).report

export async function outcomeOf(run: Run, merged: Merged, own: Partial<DrillOutcome> = {}): Promise<DrillOutcome> {
  return anOutcome({
    plan: aDrillPlan({
      load: run.load,
      events: (own.events ?? run.events).map(({ planned }) => planned),
    }),
    loadPlan: aPlan(run.load),
    events: run.events,
    summaries: run.summaries,
    stepProbes: watchRecords(merged),
    audits: await auditRun(run, merged, own.events ?? run.events),
    endedAt: isoAt(run.load.durationSeconds + 40),
    ...own,
  })
}
