import { expect, test } from 'vitest'
import type { SecondRecord, SparseHistogram } from '../../loadgen-image/contract/glossary.ts'
import { sparsePercentileUs } from '../../loadgen-image/contract/histogram.ts'
import { withNullServer } from '../bench/null-server-process.ts'
import { aPlan, runLoad, until } from './support.ts'

const p99Seconds = (sparse: SparseHistogram): number => (sparsePercentileUs(sparse, 0.99) ?? 0) / 1e6

test('200 workers against 10 ms of latency reach a target of 8000: at least 7950 TPS', () =>
  withNullServer(10, async ({ target }) => {
    const plan = aPlan({ targetTps: 8000, workers: 200, durationSeconds: 4, threads: 0 })
    const { summary } = await runLoad(plan, target)
    expect(summary.totals).toMatchObject({ intended: 32_000, refused: 0, unknown: 0 })
    expect(summary.totals.acknowledged / plan.durationSeconds).toBeGreaterThanOrEqual(7950)
  }))

test('a target of 100 with 200 workers is 100 TPS, plus or minus 1', () =>
  withNullServer(0, async ({ target }) => {
    const { records, summary } = await runLoad(aPlan({ targetTps: 100, workers: 200, durationSeconds: 3 }), target)
    expect(summary.totals).toEqual({ intended: 300, acknowledged: 300, refused: 0, unknown: 0, missed: 0, weakAcks: 0 })
    // The load begins and ends within a second of the clock; those in between are whole.
    for (const { counts } of records.slice(1, 3)) expect(Math.abs(counts.intended - 100)).toBeLessThanOrEqual(1)
  }))

test('the keys of all threads are one sequence per worker without gaps', () =>
  withNullServer(1, async ({ target }) => {
    const { records, summary } = await runLoad(aPlan({ targetTps: 500, workers: 7, threads: 3 }), target)
    const next = new Map<number, number>()
    for (const { worker, firstSeq, count, exceptions } of records.flatMap(({ ledger }) => ledger)) {
      expect(firstSeq).toBe(next.get(worker) ?? 1)
      expect(exceptions).toEqual([])
      next.set(worker, firstSeq + count)
    }
    const sent = [...next.values()].reduce((sum, seq) => sum + seq - 1, 0)
    expect([next.size, sent]).toEqual([7, summary.totals.acknowledged])
  }))

test('a 5 s freeze shows in the p99 of the second in which it ends, and not in the seconds after', () =>
  withNullServer(0, async (server) => {
    const { records } = await runLoad(aPlan({ durationSeconds: 10 }), server.target, async (_, startAtMs) => {
      // It ends early in a second, so that what it held up is worked off within that same second.
      const thawAtMs = Math.ceil((startAtMs + 6000) / 1000) * 1000 + 50
      await until(thawAtMs - 5000)
      server.freeze()
      await until(thawAtMs)
      server.thaw()
    })
    const acked = records.filter(({ counts }) => counts.acknowledged > 0)
    const worst = acked.reduce((a, b) => (p99Seconds(b.response) > p99Seconds(a.response) ? b : a))
    expect(p99Seconds(worst.response)).toBeGreaterThan(4)
    const later = acked.filter(({ second }) => second > worst.second)
    expect(later.length).toBeGreaterThan(0)
    for (const { response } of later) expect(p99Seconds(response)).toBeLessThan(0.5)
    const [gap] = records.flatMap(({ ackGaps }) => ackGaps).filter(({ fromUs, toUs }) => toUs - fromUs > 4e6)
    expect(((gap?.toUs ?? 0) - (gap?.fromUs ?? 0)) / 1e6).toBeCloseTo(5, 0)
  }))

test('a run with hung connections ends within its duration and drain: in flight is unknown, waiting is missed', () =>
  withNullServer(0, async (server) => {
    const plan = aPlan({ durationSeconds: 3, drainSeconds: 1, deadlineMs: 500, workers: 4 })
    const { summary, records } = await runLoad(plan, server.target, async (_, startAtMs) => {
      await until(startAtMs + 1000)
      server.freeze()
    })
    const { intended, acknowledged, refused, unknown, missed } = summary.totals
    expect(intended).toBe(600)
    expect(acknowledged + refused + unknown + missed).toBe(intended)
    expect([refused, unknown]).toEqual([0, 4])
    expect(summary.ended).toBe('completed')
    const [last] = records.slice(-1) as [SecondRecord]
    expect(last.ledger.map(({ exceptions }) => exceptions.map(({ outcome }) => outcome))).toEqual(
      Array.from({ length: 4 }, () => ['unknown']),
    )
  }))

test('closed loop sends as fast as replies come, and counts what it sent', () =>
  withNullServer(5, async ({ target }) => {
    const { summary } = await runLoad(aPlan({ targetTps: 0, workers: 4, durationSeconds: 1 }), target)
    const { intended, acknowledged, missed } = summary.totals
    expect([acknowledged, missed]).toEqual([intended, 0])
    expect(acknowledged).toBeGreaterThan(50)
    expect(acknowledged).toBeLessThanOrEqual(4 * 200)
  }))

test('with a deadline arrivals are missed while no worker is free; with queueing all are sent', () =>
  withNullServer(100, async ({ target }) => {
    // Two workers at 100 ms each take 20 a second of the 60 that are offered.
    const overload = { targetTps: 60, workers: 2, threads: 1, durationSeconds: 2, drainSeconds: 10 }
    const shed = await runLoad(aPlan({ ...overload, deadlineMs: 300 }), target)
    const queued = await runLoad(aPlan({ ...overload, deadlineMs: 300, onDeadline: 'queue' }), target)
    expect([shed.summary.totals.intended, queued.summary.totals]).toEqual([
      120,
      { intended: 120, acknowledged: 120, refused: 0, unknown: 0, missed: 0, weakAcks: 0 },
    ])
    expect(shed.summary.totals.missed).toBeGreaterThan(40)
    expect(shed.summary.totals.acknowledged + shed.summary.totals.missed).toBe(120)
    const lastMissed = shed.records.map(({ lastMissedAtUs }) => lastMissedAtUs).filter((at) => at !== null)
    expect(lastMissed.length).toBeGreaterThan(0)
  }))
