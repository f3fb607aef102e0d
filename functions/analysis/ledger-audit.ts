/**
 * The audit: what the clients reported against the rows in the database, range by range. A worker's runs on both sides are
 * rising and disjoint, so one walk along both finds every difference; single keys are compared only where runs differ.
 *
 *   lost        acknowledged, absent: the recovery point
 *   recovered   unknown, present: committed, only the reply was lost
 *   misjudged   refused, present: our own table of outcomes is wrong
 *   unexpected  present, never sent
 *   unrecorded  present, sent by a container that was killed before it could record it: an unknown that is recovered
 */

import { createHash } from 'node:crypto'
import { OUTCOMES, type Outcome } from '../../loadgen-image/contract/glossary.ts'
import {
  ACKNOWLEDGED,
  type ClientLedger,
  FIRST_SEQ,
  ledgerLines,
  reportedPerSecond,
  type WorkerLedger,
} from '../merge/ledger.ts'
import type { AuditPass } from '../model/evidence.ts'

/** A maximal run of consecutive keys of one worker in the database. More rows than distinct ones: duplicates. */
export interface StoredRun {
  readonly worker: number
  readonly firstSeq: number
  readonly lastSeq: number
  readonly rows: number
  readonly distinctRows: number
}

export interface AuditMoment {
  readonly at: string
  readonly timeline: number | null
  readonly inRecovery: boolean | null
  readonly address: string | null
  readonly serverId: string | null
  readonly watchRuns: AuditPass['watchRuns']
}

export const MAX_LOST_KEYS = 1000

interface Tally {
  rows: number
  duplicates: number
  acknowledgedPresent: number
  lost: number
  recovered: number
  unknownAbsent: number
  misjudged: number
  unexpected: number
  unrecorded: number
  unreportedAbsent: number
  readonly lostKeys: string[]
  readonly lostInSecond: Map<number, number>
}

export async function auditLedger(
  ledger: ClientLedger,
  stored: AsyncIterable<StoredRun>,
  moment: AuditMoment,
  /** The instant at which the last row had been read. */
  now: () => string = () => moment.at,
): Promise<AuditPass> {
  const runs = await collectRuns(stored)
  const endedAt = now()
  const digest = digestOf(ledger, runs)
  const tally = newTally()
  for (const worker of ledger.workers) {
    auditWorker(worker, runs.get(worker.worker) ?? [], ledger.openContainers.includes(worker.container), tally)
    runs.delete(worker.worker)
  }
  for (const [worker, own] of runs) auditUnknownWorker(ledger, worker, own, tally)
  const { lostInSecond, ...counts } = tally
  const lostPerSecond = [...lostInSecond]
    .map(([second, lost]) => ({ second, lost }))
    .sort((a, b) => a.second - b.second)
  return { ...moment, endedAt, ...counts, lostPerSecond, digest }
}

/** Two audits of the same digest compared the same keys with the same rows, and not only as many of them. */
function digestOf(ledger: ClientLedger, stored: ReadonlyMap<number, readonly StoredRun[]>): string {
  const hash = createHash('sha256')
  for (const line of ledgerLines(ledger)) hash.update(`${line}\n`)
  for (const worker of [...stored.keys()].sort((a, b) => a - b))
    for (const { firstSeq, lastSeq, rows } of stored.get(worker) ?? [])
      hash.update(`${worker}:${firstSeq}-${lastSeq}:${rows} rows\n`)
  return hash.digest('hex')
}

async function collectRuns(stored: AsyncIterable<StoredRun>): Promise<Map<number, StoredRun[]>> {
  const runs = new Map<number, StoredRun[]>()
  for await (const run of stored) {
    const { worker, firstSeq, lastSeq, distinctRows } = run
    if (distinctRows !== lastSeq - firstSeq + 1)
      throw new Error(
        `auditing: worker ${worker} has ${distinctRows} keys between ${firstSeq} and ${lastSeq}, which is not a run ` +
          'without gaps; the query must return maximal runs of consecutive keys',
      )
    const own = runs.get(worker)
    if (own === undefined) runs.set(worker, [run])
    else own.push(run)
  }
  for (const own of runs.values()) own.sort((a, b) => a.firstSeq - b.firstSeq)
  return runs
}

const newTally = (): Tally => ({
  rows: 0,
  duplicates: 0,
  acknowledgedPresent: 0,
  lost: 0,
  recovered: 0,
  unknownAbsent: 0,
  misjudged: 0,
  unexpected: 0,
  unrecorded: 0,
  unreportedAbsent: 0,
  lostKeys: [],
  lostInSecond: new Map(),
})

function countRows(runs: readonly StoredRun[], tally: Tally): void {
  for (const { rows, distinctRows } of runs) {
    tally.rows += rows
    tally.duplicates += rows - distinctRows
  }
}

function auditWorker(ledger: WorkerLedger, runs: readonly StoredRun[], isOpen: boolean, tally: Tally): void {
  countRows(runs, tally)
  let nextSeq = FIRST_SEQ
  const stored = new StoredCursor(runs)
  for (let i = 0; i < ledger.firstSeq.length; i++) {
    const firstSeq = ledger.firstSeq[i] as number
    const lastSeq = ledger.lastSeq[i] as number
    auditHole(nextSeq, firstSeq - 1, stored, tally)
    const present = stored.presentIn(firstSeq, lastSeq)
    const absent = lastSeq - firstSeq + 1 - present
    count(OUTCOMES[ledger.outcome[i] as number] as Outcome, present, absent, tally)
    if (absent > 0 && ledger.outcome[i] === ACKNOWLEDGED) {
      noteWhen(ledger, missingKeys(runs, firstSeq, lastSeq), tally)
      listLost(ledger.worker, missingKeys(runs, firstSeq, lastSeq), tally)
    }
    nextSeq = lastSeq + 1
  }
  const behind = stored.presentIn(nextSeq, Number.MAX_SAFE_INTEGER) + stored.presentBefore(FIRST_SEQ)
  if (isOpen) addUnrecorded(behind, tally)
  else tally.unexpected += behind
}

function count(outcome: Outcome, present: number, absent: number, tally: Tally): void {
  if (outcome === 'acknowledged') {
    tally.acknowledgedPresent += present
    tally.lost += absent
  } else if (outcome === 'unknown') {
    tally.recovered += present
    tally.unknownAbsent += absent
  } else tally.misjudged += present
}

/** Keys rise by one, so a key between two reported runs was sent, and the record with its outcome is missing. */
function auditHole(firstSeq: number, lastSeq: number, stored: StoredCursor, tally: Tally): void {
  if (lastSeq < firstSeq) return
  const present = stored.presentIn(firstSeq, lastSeq)
  const absent = lastSeq - firstSeq + 1 - present
  tally.recovered += present
  tally.unknownAbsent += absent
  tally.unreportedAbsent += absent
}

/** Rows behind a killed container's last record: it sent them, and died before it could record them. */
function addUnrecorded(rows: number, tally: Tally): void {
  tally.unrecorded += rows
  tally.recovered += rows
}

/** Rows of a worker without any report: its container died in its first second, or it does not belong to this drill. */
function auditUnknownWorker(ledger: ClientLedger, worker: number, runs: readonly StoredRun[], tally: Tally): void {
  countRows(runs, tally)
  const keys = runs.reduce((sum, { distinctRows }) => sum + distinctRows, 0)
  if (ledger.openContainers.length > 0 && worker >= 0 && worker < ledger.workersPlanned) addUnrecorded(keys, tally)
  else tally.unexpected += keys
}

/** Counts present keys; asked for rising ranges only. */
class StoredCursor {
  readonly #runs: readonly StoredRun[]
  #at = 0

  constructor(runs: readonly StoredRun[]) {
    this.#runs = runs
  }

  presentIn(firstSeq: number, lastSeq: number): number {
    let present = 0
    for (; this.#at < this.#runs.length; this.#at++) {
      const run = this.#runs[this.#at] as StoredRun
      if (run.firstSeq > lastSeq) break
      present += Math.max(0, Math.min(run.lastSeq, lastSeq) - Math.max(run.firstSeq, firstSeq) + 1)
      if (run.lastSeq > lastSeq) break
    }
    return present
  }

  presentBefore(seq: number): number {
    return this.#runs.reduce((sum, run) => sum + Math.max(0, Math.min(run.lastSeq, seq - 1) - run.firstSeq + 1), 0)
  }
}

function* missingKeys(runs: readonly StoredRun[], firstSeq: number, lastSeq: number): Generator<number, undefined> {
  let next = firstSeq
  for (let i = firstRunFrom(runs, firstSeq); i < runs.length; i++) {
    const run = runs[i] as StoredRun
    if (run.firstSeq > lastSeq) break
    for (; next < run.firstSeq; next++) yield next
    next = Math.max(next, run.lastSeq + 1)
  }
  for (; next <= lastSeq; next++) yield next
}

/** Index of the first run that ends at or behind `seq`. */
function firstRunFrom(runs: readonly StoredRun[], seq: number): number {
  let low = 0
  let high = runs.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((runs[middle] as StoredRun).lastSeq < seq) low = middle + 1
    else high = middle
  }
  return low
}

function listLost(worker: number, keys: Iterable<number>, tally: Tally): void {
  for (const seq of keys) {
    if (tally.lostKeys.length >= MAX_LOST_KEYS) return
    tally.lostKeys.push(`${worker}:${seq}`)
  }
}

function noteWhen(ledger: WorkerLedger, keys: Iterable<number>, { lostInSecond }: Tally): void {
  for (const [second, lost] of reportedPerSecond(ledger, keys))
    lostInSecond.set(second, (lostInSecond.get(second) ?? 0) + lost)
}

/**
 * An audit is two passes that agree: during one pass rows may still arrive, or the primary may be about to change. Both passes
 * must have read a writable server, on the same timeline, far enough apart, and must have found the same rows: an equal number
 * of different rows is no agreement.
 */

export type AuditResult =
  | { readonly kind: 'agreed'; readonly pass: AuditPass }
  | { readonly kind: 'unresolved'; readonly pass: AuditPass; readonly why: string }
  | { readonly kind: 'none'; readonly why: string }

/** When the second pass may begin: rows in flight at the end of the first one have the whole pause to arrive. */
export const secondAuditFromMs = (firstEndedAtMs: number, pauseSeconds: number): number =>
  firstEndedAtMs + pauseSeconds * 1000

/** The two passes may run on two hosts, whose clocks differ. */
const CLOCK_TOLERANCE_MS = 100

const FIGURES = [
  'timeline',
  'rows',
  'acknowledgedPresent',
  'lost',
  'recovered',
  'unknownAbsent',
  'misjudged',
  'unexpected',
  'duplicates',
] as const satisfies ReadonlyArray<keyof AuditPass>

/** The last two passes decide: earlier ones may have come too early. */
export function agreeOn(passes: readonly AuditPass[], pauseSeconds: number): AuditResult {
  const [before, last] = passes.slice(-2)
  if (before === undefined) return { kind: 'none', why: 'the ledger was not compared with the database' }
  if (last === undefined) return { kind: 'unresolved', pass: before, why: 'the ledger was compared only once' }
  const why = disagreement(before, last, pauseSeconds)
  return why === null ? { kind: 'agreed', pass: last } : { kind: 'unresolved', pass: last, why }
}

function disagreement(before: AuditPass, last: AuditPass, pauseSeconds: number): string | null {
  if (before.inRecovery !== false || last.inRecovery !== false)
    return 'the audited server was not seen to be a writable primary'
  const beganAtMs = Date.parse(last.at)
  const endedAtMs = Date.parse(before.endedAt)
  if (beganAtMs < secondAuditFromMs(endedAtMs, pauseSeconds) - CLOCK_TOLERANCE_MS)
    return `the two passes were ${(beganAtMs - endedAtMs) / 1000} s apart; at least ${pauseSeconds} s are needed`
  if (before.serverId !== null && last.serverId !== null && before.serverId !== last.serverId)
    return 'the primary behind the name was another server in the second pass'
  const differing = FIGURES.filter((figure) => before[figure] !== last[figure])
  if (differing.length > 0)
    return `the two passes differ: ${differing.map((name) => `${name} ${before[name]} then ${last[name]}`).join(', ')}`
  return before.digest === last.digest
    ? null
    : `the two passes counted the same, but not the same rows${otherKeys(before, last)}`
}

/** Keys that only one pass lists as lost, as far as the lists reach. */
function otherKeys(before: AuditPass, last: AuditPass): string {
  const only = (one: AuditPass, other: AuditPass) => one.lostKeys.find((key) => !other.lostKeys.includes(key))
  const [first, then] = [only(before, last), only(last, before)]
  return first === undefined || then === undefined ? '' : `: ${first} was lost, and then ${then}`
}
