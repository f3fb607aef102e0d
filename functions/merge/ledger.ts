/**
 * The ledger as the load generators reported it: which keys (worker, seq) had which outcome, as runs. Millions of commits with a
 * few exceptions are a few runs per worker, and a few bytes per worker and second to know when a key was reported.
 *
 * Records may come in any order and some may be missing. A key that is reported twice is counted once, by the strongest
 * outcome: an acknowledgement cannot be taken back, and an unknown key must be looked for.
 */
import { createHash } from 'node:crypto'
import { ByteReader, bufferOf } from '../../loadgen-image/contract/bytes.ts'
import {
  type LedgerException,
  type LedgerRange,
  OUTCOMES,
  type Outcome,
} from '../../loadgen-image/contract/glossary.ts'
import { NumberLog } from './number-log.ts'

/** The runs of one worker in rising order. Keys between two runs were sent, but the record with their outcome is missing. */
export interface WorkerLedger {
  readonly worker: number
  readonly container: number
  readonly firstSeq: Float64Array
  readonly lastSeq: Float64Array
  /** Index into OUTCOMES. */
  readonly outcome: Uint8Array
  /** Which second reported which keys, for `reportedPerSecond`. */
  readonly log: Uint8Array
  readonly duplicateReports: number
}

export interface ClientLedger {
  readonly workers: readonly WorkerLedger[]
  /** Containers whose last seconds are missing: rows behind their last record may exist and were not reported. */
  readonly openContainers: readonly number[]
  /** Workers of the whole drill: those below it without a report may belong to an open container. */
  readonly workersPlanned: number
}

/** Keys of a worker start here and rise by one with every transaction. */
export const FIRST_SEQ = 1

const codeOf = (outcome: Outcome): number => OUTCOMES.indexOf(outcome)
export const ACKNOWLEDGED = codeOf('acknowledged')

/** Takes ranges in any order. */
export class LedgerLog {
  readonly #log = new NumberLog()
  #second = 0
  #nextSeq = FIRST_SEQ

  add(second: number, range: LedgerRange): void {
    this.#log.pushSigned(second - this.#second)
    this.#log.pushSigned(range.firstSeq - this.#nextSeq)
    this.#log.push(range.count)
    this.#addExceptions(range)
    this.#second = second
    this.#nextSeq = range.firstSeq + range.count
  }

  bytes(): Uint8Array {
    return this.#log.bytes()
  }

  #addExceptions({ firstSeq, exceptions }: LedgerRange): void {
    this.#log.push(exceptions.length)
    let previous = firstSeq
    for (const { seq, outcome } of exceptions) {
      this.#log.pushSigned(seq - previous)
      this.#log.push(codeOf(outcome))
      previous = seq
    }
  }
}

interface Run {
  firstSeq: number
  lastSeq: number
  outcome: number
}

export function workerLedger(worker: number, container: number, arrived: Uint8Array): WorkerLedger {
  const log = inOrder(worker, arrived)
  const runs = runsOf(log)
  const isDisjoint = runs.every((run, i) => i === 0 || run.firstSeq > (runs[i - 1] as Run).lastSeq)
  const { settled, duplicateReports } = isDisjoint ? { settled: runs, duplicateReports: 0 } : settle(runs)
  const joined = join(settled)
  return {
    worker,
    container,
    firstSeq: Float64Array.from(joined, ({ firstSeq }) => firstSeq),
    lastSeq: Float64Array.from(joined, ({ lastSeq }) => lastSeq),
    outcome: Uint8Array.from(joined, ({ outcome }) => outcome),
    log,
    duplicateReports,
  }
}

/** The same ranges give the same bytes in every order. */
function inOrder(worker: number, log: Uint8Array): Uint8Array {
  if (isInOrder(log)) return log
  const entries: ReportedRange[] = []
  readLog(log, (second, firstSeq, count, exceptions) => {
    entries.push({ second, range: { worker, firstSeq, count, exceptions: exceptions.map(toException) } })
  })
  const ordered = new LedgerLog()
  for (const { second, range } of entries.sort(compareEntries)) ordered.add(second, range)
  return ordered.bytes()
}

function isInOrder(log: Uint8Array): boolean {
  let isRising = true
  let lastSecond = Number.NEGATIVE_INFINITY
  let lastSeq = Number.NEGATIVE_INFINITY
  readLog(log, (second, firstSeq) => {
    if (second < lastSecond || (second === lastSecond && firstSeq < lastSeq)) isRising = false
    lastSecond = second
    lastSeq = firstSeq
  })
  return isRising
}

type ReportedRange = { readonly second: number; readonly range: LedgerRange }
const compareEntries = (a: ReportedRange, b: ReportedRange): number =>
  a.second - b.second || a.range.firstSeq - b.range.firstSeq

const toException = ([seq, outcome]: readonly [number, number]): LedgerException => ({
  seq,
  outcome: OUTCOMES[outcome] as LedgerException['outcome'],
})

function runsOf(log: Uint8Array): Run[] {
  const runs: Run[] = []
  readLog(log, (_second, firstSeq, count, exceptions) => splitRange(firstSeq, firstSeq + count - 1, exceptions, runs))
  return runs.sort((a, b) => a.firstSeq - b.firstSeq)
}

type Entry = (second: number, firstSeq: number, count: number, exceptions: Exceptions) => void

function readLog(log: Uint8Array, entry: Entry): void {
  const reader = new ByteReader(bufferOf(log))
  let second = 0
  let nextSeq = FIRST_SEQ
  while (!reader.isAtEnd) {
    second += reader.signed()
    const firstSeq = nextSeq + reader.signed()
    const count = reader.uint()
    entry(second, firstSeq, count, readExceptions(reader, firstSeq))
    nextSeq = firstSeq + count
  }
}

type Exceptions = ReadonlyArray<[seq: number, outcome: number]>
const NO_EXCEPTIONS: Exceptions = []

function readExceptions(reader: ByteReader, firstSeq: number): Exceptions {
  let left = reader.uint()
  if (left === 0) return NO_EXCEPTIONS
  const exceptions: [number, number][] = []
  for (let seq = firstSeq; left > 0; left--) {
    seq += reader.signed()
    exceptions.push([seq, reader.uint()])
  }
  return exceptions
}

function splitRange(firstSeq: number, lastSeq: number, exceptions: Exceptions, runs: Run[]): void {
  let next = firstSeq
  for (const [seq, outcome] of [...exceptions].sort((a, b) => a[0] - b[0])) {
    if (seq > next) append(runs, { firstSeq: next, lastSeq: seq - 1, outcome: ACKNOWLEDGED })
    append(runs, { firstSeq: seq, lastSeq: seq, outcome })
    next = seq + 1
  }
  if (next <= lastSeq) append(runs, { firstSeq: next, lastSeq, outcome: ACKNOWLEDGED })
}

/** Neighbours of the same outcome are one run. */
function append(runs: Run[], run: Run): void {
  const last = runs.at(-1)
  if (last !== undefined && last.outcome === run.outcome && last.lastSeq + 1 === run.firstSeq)
    last.lastSeq = run.lastSeq
  else runs.push(run)
}

function join(runs: readonly Run[]): Run[] {
  const joined: Run[] = []
  for (const run of runs) append(joined, { ...run })
  return joined
}

/** Precedence where runs overlap. */
const STRENGTH: readonly Outcome[] = ['acknowledged', 'unknown', 'refused']

/** Cuts overlapping runs at every boundary; each piece gets the strongest outcome that was reported for it. */
function settle(runs: readonly Run[]): { settled: Run[]; duplicateReports: number } {
  const edges = runs.flatMap(({ firstSeq, lastSeq, outcome }) => [
    { at: firstSeq, outcome, by: 1 },
    { at: lastSeq + 1, outcome, by: -1 },
  ])
  edges.sort((a, b) => a.at - b.at)
  const open = OUTCOMES.map(() => 0)
  const settled: Run[] = []
  let duplicateReports = 0
  for (const [i, edge] of edges.entries()) {
    open[edge.outcome] = (open[edge.outcome] as number) + edge.by
    const until = edges[i + 1]?.at ?? edge.at
    const strongest = STRENGTH.map(codeOf).find((outcome) => (open[outcome] as number) > 0)
    if (until === edge.at || strongest === undefined) continue
    settled.push({ firstSeq: edge.at, lastSeq: until - 1, outcome: strongest })
    duplicateReports += (until - edge.at) * (open.reduce((sum, count) => sum + count) - 1)
  }
  return { settled, duplicateReports }
}

/** How many of these keys (rising) became known in which second; a key that was reported twice counts in the first. */
export function reportedPerSecond(ledger: WorkerLedger, keys: Iterable<number>): Map<number, number> {
  const wanted = [...keys]
  const secondOf = new Map<number, number>()
  readLog(ledger.log, (second, firstSeq, count) => {
    for (let i = firstAtLeast(wanted, firstSeq); i < wanted.length && (wanted[i] as number) < firstSeq + count; i++) {
      const seq = wanted[i] as number
      secondOf.set(seq, Math.min(second, secondOf.get(seq) ?? Number.POSITIVE_INFINITY))
    }
  })
  const perSecond = new Map<number, number>()
  for (const second of secondOf.values()) perSecond.set(second, (perSecond.get(second) ?? 0) + 1)
  return perSecond
}

function firstAtLeast(rising: readonly number[], value: number): number {
  let low = 0
  let high = rising.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((rising[middle] as number) < value) low = middle + 1
    else high = middle
  }
  return low
}

export interface LedgerCounts {
  readonly acknowledged: number
  readonly refused: number
  readonly unknown: number
  /** Keys between two runs: sent, and their record is missing. */
  readonly unreported: number
  readonly duplicateReports: number
}

export function countLedger(ledger: ClientLedger): LedgerCounts {
  const counts = { acknowledged: 0, refused: 0, unknown: 0, unreported: 0, duplicateReports: 0 }
  for (const worker of ledger.workers) {
    counts.duplicateReports += worker.duplicateReports
    let next = FIRST_SEQ
    for (let i = 0; i < worker.firstSeq.length; i++) {
      const firstSeq = worker.firstSeq[i] as number
      const lastSeq = worker.lastSeq[i] as number
      counts[OUTCOMES[worker.outcome[i] as number] as Outcome] += lastSeq - firstSeq + 1
      counts.unreported += Math.max(0, firstSeq - next)
      next = lastSeq + 1
    }
  }
  return counts
}

export const acknowledgedBy = (worker: WorkerLedger): number =>
  worker.outcome.reduce(
    (sum, outcome, i) =>
      outcome === ACKNOWLEDGED ? sum + (worker.lastSeq[i] as number) - (worker.firstSeq[i] as number) + 1 : sum,
    0,
  )

/** The ledger in words, one line per run and workers in rising order: `worker:first-last:outcome`. */
export function* ledgerLines({ workers }: ClientLedger): Generator<string> {
  for (const { worker, firstSeq, lastSeq, outcome } of workers)
    for (let i = 0; i < firstSeq.length; i++)
      yield `${worker}:${firstSeq[i]}-${lastSeq[i]}:${OUTCOMES[outcome[i] as number]}`
}

/** SHA-256 over these lines, each with a line feed. */
export function ledgerDigest(ledger: ClientLedger): string {
  const hash = createHash('sha256')
  for (const line of ledgerLines(ledger)) hash.update(`${line}\n`)
  return hash.digest('hex')
}
