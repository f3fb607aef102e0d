import { expect, test } from 'vitest'
import type { SecondPart } from '../../../../loadgen-image/record/second.ts'
import { Assembly } from '../../../../loadgen-image/run/assembly.ts'

const START = 1_800_000_000
const QUICK = { eventLoopDelayP99Us: 100, eventLoopDelayMaxUs: 200 }
const SLOW = { eventLoopDelayP99Us: 900, eventLoopDelayMaxUs: 150 }

const assemblyOf = (threads: number): Assembly =>
  new Assembly({
    container: 3,
    incarnation: 'abc',
    workers: 8,
    threads,
    startAtUs: START * 1e6,
    takeUsage: () => ({ cpuUs: 5, rssBytes: 7 }),
  })

const aPart = (second: number, changes: Partial<SecondPart> = {}): SecondPart => ({
  second: START + second,
  counts: { intended: 4, acknowledged: 2, refused: 1, unknown: 0, missed: 1, weakAcks: 1 },
  acksPerTenth: [2, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  response: [5, 1, 9, 1],
  service: [4, 2],
  sendLag: [1, 3],
  errors: [],
  gaps: { closed: [], quietSinceUs: (START + second + 1) * 1e6 - 1 },
  timelines: [{ timeline: 1, acknowledged: 2, firstAtUs: 10, lastAtUs: 20 }],
  firstAcks: [],
  outages: [],
  ledger: [{ worker: 0, firstSeq: 1, count: 3, exceptions: [] }],
  connections: { open: 4, opened: 1, lost: 0 },
  waiting: 1,
  lastMissedAtUs: null,
  loadEndUs: null,
  stalls: [],
  ...changes,
})

test('a second is joined when every thread has reported its part', () => {
  const assembly = assemblyOf(2)
  expect(assembly.add(0, aPart(0), QUICK)).toEqual([])
  const other = aPart(0, {
    response: [5, 2, 11, 1],
    timelines: [
      { timeline: 2, acknowledged: 1, firstAtUs: 25, lastAtUs: 26 },
      { timeline: 1, acknowledged: 1, firstAtUs: 5, lastAtUs: 15 },
    ],
    ledger: [{ worker: 4, firstSeq: 1, count: 3, exceptions: [] }],
    lastMissedAtUs: 77,
  })
  expect(assembly.add(1, other, SLOW)).toEqual([
    {
      container: 3,
      incarnation: 'abc',
      second: START,
      counts: { intended: 8, acknowledged: 4, refused: 2, unknown: 0, missed: 2, weakAcks: 2 },
      acksPerTenth: [4, 0, 0, 0, 0, 0, 0, 0, 0, 0],
      response: [5, 3, 9, 1, 11, 1],
      service: [4, 4],
      sendLag: [1, 6],
      errors: [],
      ackGaps: [],
      timelines: [
        { timeline: 1, acknowledged: 3, firstAtUs: 5, lastAtUs: 20 },
        { timeline: 2, acknowledged: 1, firstAtUs: 25, lastAtUs: 26 },
      ],
      firstAcks: [],
      outages: [],
      ledger: [
        { worker: 0, firstSeq: 1, count: 3, exceptions: [] },
        { worker: 4, firstSeq: 1, count: 3, exceptions: [] },
      ],
      connections: { wanted: 8, open: 8, opened: 2, lost: 0 },
      waiting: 2,
      lastMissedAtUs: 77,
      health: { threads: 2, stalls: [], eventLoopDelayP99Us: 900, eventLoopDelayMaxUs: 200, cpuUs: 5, rssBytes: 7 },
    },
  ])
})

test('a thread that is ahead waits for the other', () => {
  const assembly = assemblyOf(2)
  assembly.add(0, aPart(0), QUICK)
  assembly.add(0, aPart(1), QUICK)
  expect(assembly.add(1, aPart(0), QUICK).map(({ second }) => second - START)).toEqual([0])
  expect(assembly.add(1, aPart(1), QUICK).map(({ second }) => second - START)).toEqual([1])
})

test('a thread that has ended is not waited for', () => {
  const assembly = assemblyOf(2)
  assembly.add(0, aPart(0), QUICK)
  assembly.add(0, aPart(1), QUICK)
  const records = [...assembly.add(1, aPart(0), QUICK), ...assembly.done(1)]
  expect(records.map(({ second, counts }) => [second - START, counts.intended])).toEqual([
    [0, 8],
    [1, 4],
  ])
})

test('what a thread reported before it ended is not lost', () => {
  const assembly = assemblyOf(2)
  assembly.add(0, aPart(0), QUICK)
  expect(assembly.done(0)).toEqual([])
  expect(assembly.done(1)).toHaveLength(1)
})

test('no acknowledgement until the end of the load is a gap of the last second', () => {
  const assembly = assemblyOf(2)
  const quiet = (atMs: number) => ({ closed: [], quietSinceUs: START * 1e6 + atMs * 1000 })
  assembly.add(0, aPart(0, { gaps: quiet(300) }), QUICK)
  assembly.add(1, aPart(0, { gaps: quiet(400) }), QUICK)
  assembly.add(0, aPart(1, { gaps: quiet(300), loadEndUs: (START + 1.5) * 1e6 }), QUICK)
  const [last] = assembly.add(1, aPart(1, { gaps: quiet(400), loadEndUs: (START + 1.5) * 1e6 }), QUICK)
  expect(last?.ackGaps).toEqual([{ fromUs: (START + 0.4) * 1e6, toUs: (START + 1.5) * 1e6 }])
})
