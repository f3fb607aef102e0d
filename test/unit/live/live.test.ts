import { expect, test } from 'vitest'
import { currentOutageSeconds, emptyLive, foldRecords, latestPoint, pointsOf } from '../../../functions/live/live.ts'
import type { SecondRecord } from '../../../loadgen-image/contract/glossary.ts'
import { bucketOf } from '../../../loadgen-image/contract/histogram.ts'
import { aRecord } from '../../support/builders.ts'

const START = 1_000
const startMs = START * 1000

function record(second: number, acknowledged: number, changes: Partial<SecondRecord> = {}): SecondRecord {
  const counts = { intended: 10, acknowledged, refused: 0, unknown: 0, missed: 10 - acknowledged, weakAcks: 0 }
  const response = acknowledged === 0 ? [] : [bucketOf(2_000), acknowledged]
  const connections = { wanted: 1, open: 1, opened: 0, lost: 0 }
  return aRecord({ second: START + second, counts, response, connections, ...changes })
}

test('seconds are counted from the start of the load, and add up over containers', () => {
  const state = foldRecords(emptyLive, [
    record(0, 10),
    record(0, 4, { container: 1, connections: { wanted: 3, open: 2, opened: 0, lost: 1 } }),
  ])
  expect(pointsOf(state, startMs)).toEqual([
    {
      second: 0,
      offeredTps: 20,
      goodputTps: 14,
      errorsPerSecond: 0,
      missedPerSecond: 6,
      clientsConnected: 3,
      clientsWanted: 4,
      p50Ms: 2,
      p99Ms: 2,
    },
  ])
  expect([state.acknowledged, state.errors, state.missed]).toEqual([14, 0, 6])
})

test('percentiles come from merged histograms', () => {
  const slow = record(0, 1, { container: 1, response: [bucketOf(2_000), 1, bucketOf(90_000), 1] })
  const [point] = pointsOf(foldRecords(emptyLive, [record(0, 10), slow]), startMs)
  expect(point?.p50Ms).toBe(2)
  expect(point?.p99Ms).toBeGreaterThan(89)
})

test('the state is the same whether records come at once or in pieces', () => {
  const records = [record(0, 10), record(1, 9), record(2, 0), record(3, 8)]
  const inPieces = records.reduce((state, one) => foldRecords(state, [one]), emptyLive)
  expect(inPieces).toEqual(foldRecords(emptyLive, records))
})

test('the latest point is the newest second with records of most containers', () => {
  const state = foldRecords(emptyLive, [
    ...[0, 1, 2].map((container) => record(0, 10, { container })),
    ...[0, 1].map((container) => record(1, 10, { container })),
    record(2, 10),
  ])
  expect(latestPoint(state, startMs, 3)?.second).toBe(1)
  expect(latestPoint(emptyLive, startMs, 3)).toBeNull()
})

test('an outage is counted from the last second with a commit, and is over with the next one', () => {
  const down = foldRecords(emptyLive, [record(0, 10), record(1, 3), record(2, 0), record(3, 0)])
  expect(currentOutageSeconds(down, latestPoint(down, startMs, 1), startMs)).toBe(2)
  const up = foldRecords(down, [record(4, 1)])
  expect(currentOutageSeconds(up, latestPoint(up, startMs, 1), startMs)).toBeNull()
})

test('nothing offered is no outage', () => {
  const counts = { intended: 0, acknowledged: 0, refused: 0, unknown: 0, missed: 0, weakAcks: 0 }
  const state = foldRecords(emptyLive, [record(0, 10), record(1, 0, { counts })])
  expect(currentOutageSeconds(state, latestPoint(state, startMs, 1), startMs)).toBeNull()
})

test('at most 300 points are kept, the newest, and old ones without their histograms', () => {
  const state = foldRecords(
    emptyLive,
    Array.from({ length: 400 }, (_, second) => record(second, 10)),
  )
  expect([state.seconds.length, state.seconds[0]?.second]).toEqual([300, START + 100])
  expect(state.seconds.filter(({ response }) => response !== null).length).toBe(5)
  expect(state.acknowledged).toBe(4_000)
})
