import fc from 'fast-check'
import { expect, test } from 'vitest'
import { agreeOn, auditLedger, MAX_LOST_KEYS, type StoredRun } from '../../../functions/analysis/ledger-audit.ts'
import { type ClientLedger, LedgerLog, type WorkerLedger, workerLedger } from '../../../functions/merge/ledger.ts'
import type { AuditPass } from '../../../functions/model/evidence.ts'
import { type LedgerRange, OUTCOMES, type Outcome } from '../../../loadgen-image/contract/glossary.ts'
import { anAudit, isoAt, LOAD_START_MS } from '../../support/builders.ts'
import { aRun, mergeRun, type Run, rowKey, storedRuns } from '../../support/world.ts'

const MOMENT = { at: isoAt(100), timeline: 2, inRecovery: false, address: '10.0.0.5', serverId: null, watchRuns: [] }
/** Without its digest, which has a test of its own. */
const audit = async (run: Run): Promise<AuditPass> => ({
  ...(await auditLedger(mergeRun(run).ledger, storedRuns(run.rows), MOMENT)),
  digest: anAudit().digest,
})

const aDrill = (arrivals: 'wait' | 'refused' = 'refused'): Run =>
  aRun({
    load: { durationSeconds: 20, targetTps: 300, workers: 6 },
    troubles: [{ atSeconds: 8.35, seconds: 3, kind: 'failover', arrivals }],
  })

const keyOf = (run: Run, outcome: Outcome): { worker: number; seq: number; knownAtUs: number } => {
  const key = run.keys.find((one) => one.outcome === outcome)
  if (key === undefined) throw new Error(`the run has no ${outcome} key`)
  return key
}

test('a ledger that the database confirms has no difference', async () => {
  const run = aDrill()
  const pass = await audit(run)
  const acknowledged = run.keys.filter(({ outcome }) => outcome === 'acknowledged').length
  const unknown = run.keys.filter(({ outcome }) => outcome === 'unknown')
  const committed = unknown.filter(({ worker, seq }) => run.rows.has(rowKey(worker, seq))).length
  expect(pass).toEqual(
    anAudit({
      ...MOMENT,
      rows: run.rows.size,
      acknowledgedPresent: acknowledged,
      recovered: committed,
      unknownAbsent: unknown.length - committed,
    }),
  )
  expect(unknown.length).toBeGreaterThan(1)
})

test('a deleted row is lost, with its key and the second in which it was acknowledged', async () => {
  const run = aDrill()
  const { worker, seq, knownAtUs } =
    run.keys.filter(({ outcome }) => outcome === 'acknowledged')[700] ?? keyOf(run, 'acknowledged')
  run.rows.delete(rowKey(worker, seq))
  const { lost, lostKeys, lostPerSecond } = await audit(run)
  expect({ lost, lostKeys, lostPerSecond }).toEqual({
    lost: 1,
    lostKeys: [`${worker}:${seq}`],
    lostPerSecond: [{ second: Math.floor(knownAtUs / 1e6), lost: 1 }],
  })
})

test('a doubled row is a duplicate and nothing else', async () => {
  const run = aDrill()
  const before = await audit(run)
  const { worker, seq } = keyOf(run, 'acknowledged')
  run.rows.set(rowKey(worker, seq), 3)
  expect(await audit(run)).toEqual({ ...before, rows: before.rows + 2, duplicates: 2 })
})

test('rows of a killed container behind its last record count as recovered unknowns', async () => {
  const run = aRun({ load: { containers: 2, workers: 6, durationSeconds: 12, targetTps: 100 }, killed: { 1: 6 } })
  const merged = mergeRun(run)
  const reported = mergeRun(run).totals.acknowledged
  const pass = await auditLedger(merged.ledger, storedRuns(run.rows), MOMENT)
  expect(pass).toEqual(
    anAudit({
      ...MOMENT,
      digest: pass.digest,
      rows: run.rows.size,
      acknowledgedPresent: reported,
      recovered: run.rows.size - reported,
      unrecorded: run.rows.size - reported,
    }),
  )
  expect(pass.unrecorded).toBe(25)
})

test('keys of a lost record are unknown: those present are recovered, those absent stay unresolved', async () => {
  const run = aRun({ load: { durationSeconds: 10, targetTps: 100, workers: 5 } })
  const [gone] = run.keys.filter(({ knownAtUs }) => Math.floor(knownAtUs / 1e6) === LOAD_START_MS / 1000 + 4)
  run.rows.delete(rowKey(gone?.worker ?? 0, gone?.seq ?? 0))
  const merged = mergeRun(
    run,
    run.records.filter(({ second }) => second !== LOAD_START_MS / 1000 + 4),
  )
  const pass = await auditLedger(merged.ledger, storedRuns(run.rows), MOMENT)
  expect(pass).toEqual(
    anAudit({
      ...MOMENT,
      digest: pass.digest,
      rows: 999,
      acknowledgedPresent: 900,
      recovered: 99,
      unknownAbsent: 1,
      unreportedAbsent: 1,
    }),
  )
})

test('an answer of the database that is not a run without gaps is refused', async () => {
  const merged = mergeRun(aDrill())
  const wrong = async function* (): AsyncGenerator<StoredRun> {
    yield { worker: 0, firstSeq: 1, lastSeq: 10, rows: 9, distinctRows: 9 }
  }
  await expect(auditLedger(merged.ledger, wrong(), MOMENT)).rejects.toThrow('maximal runs of consecutive keys')
})

// ---- Against a plain model: sets of keys ------------------------------------------------------------------------------

function clientLedger(outcomes: ReadonlyArray<readonly Outcome[]>): ClientLedger {
  const workers = outcomes.map((own, worker) => {
    const log = new LedgerLog()
    const range: LedgerRange = {
      worker,
      firstSeq: 1,
      count: own.length,
      exceptions: own.flatMap((outcome, i) => (outcome === 'acknowledged' ? [] : [{ seq: i + 1, outcome }])),
    }
    if (own.length > 0) log.add(LOAD_START_MS / 1000, range)
    return workerLedger(worker, 0, log.bytes())
  })
  return { workers, openContainers: [], workersPlanned: outcomes.length }
}

test('range by range gives what key by key gives', async () => {
  const worker = fc.array(fc.constantFrom(...OUTCOMES), { maxLength: 30 })
  const drills = fc.array(worker, { minLength: 1, maxLength: 4 }).chain((outcomes) =>
    fc.record({
      outcomes: fc.constant(outcomes),
      stored: fc.uniqueArray(fc.tuple(fc.nat(outcomes.length), fc.integer({ min: 1, max: 34 })), {
        selector: ([w, seq]) => rowKey(w, seq),
      }),
    }),
  )
  await fc.assert(
    fc.asyncProperty(drills, async ({ outcomes, stored }) => {
      const rows = new Map(stored.map(([w, seq]) => [rowKey(w, seq), 1]))
      const pass = await auditLedger(clientLedger(outcomes), storedRuns(rows), MOMENT)
      const keys = outcomes.flatMap((own, w) =>
        own.map((outcome, i) => ({ outcome, isStored: rows.has(rowKey(w, i + 1)) })),
      )
      const count = (outcome: Outcome, isStored: boolean) =>
        keys.filter((key) => key.outcome === outcome && key.isStored === isStored).length
      expect({ ...pass, lostKeys: pass.lostKeys.length, lostPerSecond: [] }).toEqual({
        ...anAudit({ ...MOMENT, digest: pass.digest }),
        rows: rows.size,
        acknowledgedPresent: count('acknowledged', true),
        lost: count('acknowledged', false),
        recovered: count('unknown', true),
        unknownAbsent: count('unknown', false),
        misjudged: count('refused', true),
        unexpected: rows.size - keys.filter(({ isStored }) => isStored).length,
        lostKeys: count('acknowledged', false),
      })
    }),
    { numRuns: 200 },
  )
})

test('keys reported twice are counted once, by the strongest outcome', () => {
  const log = new LedgerLog()
  log.add(10, { worker: 0, firstSeq: 1, count: 3, exceptions: [{ seq: 2, outcome: 'unknown' }] })
  log.add(11, { worker: 0, firstSeq: 2, count: 2, exceptions: [{ seq: 3, outcome: 'refused' }] })
  const { firstSeq, lastSeq, outcome, duplicateReports } = workerLedger(0, 0, log.bytes())
  expect({ firstSeq: [...firstSeq], lastSeq: [...lastSeq], outcome: [...outcome], duplicateReports }).toEqual({
    firstSeq: [1],
    lastSeq: [3],
    outcome: [0],
    duplicateReports: 2,
  })
})

test('millions of keys with every second one lost are audited as ranges, and the first thousand are listed', async () => {
  const keys = 2_400_000
  const workers = 200
  const perWorker = keys / workers
  const reported = reportedRanges(workers, perWorker)
  const pass = await auditLedger(reported, everySecond(workers, perWorker), MOMENT)
  expect({ lost: pass.lost, present: pass.acknowledgedPresent, listed: pass.lostKeys.length }).toEqual({
    lost: keys / 2,
    present: keys / 2,
    listed: MAX_LOST_KEYS,
  })
  const bytes = reported.workers.reduce((sum, { log, firstSeq }) => sum + log.byteLength + 17 * firstSeq.length, 0)
  expect(bytes).toBeLessThan(2_000_000)
})

function reportedRanges(workers: number, perWorker: number): ClientLedger {
  const seconds = 300
  return {
    workers: Array.from({ length: workers }, (_, worker) => {
      const log = new LedgerLog()
      for (let second = 0; second < seconds; second++)
        log.add(second, {
          worker,
          firstSeq: 1 + (second * perWorker) / seconds,
          count: perWorker / seconds,
          exceptions: [],
        })
      return workerLedger(worker, 0, log.bytes())
    }),
    openContainers: [],
    workersPlanned: workers,
  }
}

async function* everySecond(workers: number, perWorker: number): AsyncGenerator<StoredRun> {
  for (let worker = 0; worker < workers; worker++)
    for (let seq = 2; seq <= perWorker; seq += 2)
      yield { worker, firstSeq: seq, lastSeq: seq, rows: 1, distinctRows: 1 }
}

// ---- Two looks ----------------------------------------------------------------------------------------------------------

const first = anAudit({ at: isoAt(100), rows: 10, acknowledgedPresent: 10 })

test.each([
  ['two that agree', [first, { ...first, at: isoAt(110) }], { kind: 'agreed' }],
  ['none', [], { kind: 'none', why: 'the ledger was not compared with the database' }],
  ['one', [first], { kind: 'unresolved', why: 'the ledger was compared only once' }],
  [
    'two too close to each other',
    [first, { ...first, at: isoAt(104) }],
    { kind: 'unresolved', why: 'the two passes were 4 s apart; at least 10 s are needed' },
  ],
  [
    'two of which the first took so long that the second followed at once',
    [
      { ...first, endedAt: isoAt(109) },
      { ...first, at: isoAt(110) },
    ],
    { kind: 'unresolved', why: 'the two passes were 1 s apart; at least 10 s are needed' },
  ],
  [
    'two with the whole pause after the end of the first',
    [
      { ...first, endedAt: isoAt(130) },
      { ...first, at: isoAt(140) },
    ],
    { kind: 'agreed' },
  ],
  [
    'two that differ',
    [first, { ...first, at: isoAt(110), rows: 9, acknowledgedPresent: 9, lost: 1 }],
    { kind: 'unresolved', why: 'the two passes differ: rows 10 then 9, acknowledgedPresent 10 then 9, lost 0 then 1' },
  ],
  [
    'two that lost as many rows, but others',
    [
      { ...first, lost: 1, lostKeys: ['1:55'] },
      { ...first, at: isoAt(110), lost: 1, lostKeys: ['1:56'], digest: 'b'.repeat(64) },
    ],
    {
      kind: 'unresolved',
      why: 'the two passes counted the same, but not the same rows: 1:55 was lost, and then 1:56',
    },
  ],
  [
    'two that found as many rows, but others',
    [first, { ...first, at: isoAt(110), digest: 'b'.repeat(64) }],
    { kind: 'unresolved', why: 'the two passes counted the same, but not the same rows' },
  ],
  [
    'a standby',
    [first, { ...first, at: isoAt(110), inRecovery: true }],
    { kind: 'unresolved', why: 'the audited server was not seen to be a writable primary' },
  ],
])('%s: the audit is judged so', (_, passes, expected) => {
  expect(agreeOn(passes, 10)).toMatchObject(expected)
})

test('the digest of an audit changes with every row and with every outcome, and not with the order in which they come', async () => {
  const run = aDrill()
  const { ledger } = mergeRun(run)
  const digestOf = async (rows: Run['rows'], reported: ClientLedger = ledger, reversed = false): Promise<string> => {
    const runs: StoredRun[] = []
    for await (const run of storedRuns(rows)) runs.push(run)
    return (await auditLedger(reported, asStream(reversed ? runs.reverse() : runs), MOMENT)).digest
  }
  const without = (...gone: readonly string[]) => new Map([...run.rows].filter(([key]) => !gone.includes(key)))
  const [one = '', other = ''] = [...run.rows.keys()]
  const whole = await digestOf(run.rows)
  expect(await digestOf(run.rows, ledger, true)).toBe(whole)
  const last = ledger.workers.at(-1) as WorkerLedger
  const refused = { ...last, outcome: last.outcome.map(() => OUTCOMES.indexOf('refused')) }
  const changed = [
    await digestOf(without(one)),
    await digestOf(without(other)),
    await digestOf(without(one, other)),
    await digestOf(run.rows, { ...ledger, workers: [...ledger.workers.slice(0, -1), refused] }),
  ]
  expect(new Set([whole, ...changed]).size).toBe(5)
})

async function* asStream(runs: readonly StoredRun[]): AsyncGenerator<StoredRun> {
  yield* runs
}
