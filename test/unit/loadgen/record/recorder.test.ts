import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeRecord } from '../../../../loadgen-image/contract/chunk.ts'
import type { Outcome } from '../../../../loadgen-image/contract/glossary.ts'
import { Histogram } from '../../../../loadgen-image/contract/histogram.ts'
import { type Acknowledgement, type Backlog, Recorder } from '../../../../loadgen-image/record/recorder.ts'
import type { SecondPart } from '../../../../loadgen-image/record/second.ts'
import { Assembly } from '../../../../loadgen-image/run/assembly.ts'

const START_US = 1_800_000_000_000_000
const SECOND_US = 1_000_000
const RETRY = { firstDelayMs: 1, maxDelayMs: 1, multiplier: 1, jitter: false }
const COHORT = { name: 'all', share: 1, via: 'pgbouncer', retry: RETRY } as const
const NOTHING_DUE: Backlog = { settleUntil: () => ({ intended: 0, waiting: 0 }) }
setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const LOST = { code: 'connection-closed', message: 'the connection was closed' }

function record(
  use: (recorder: Recorder) => void,
  options: { workers?: number; backlog?: Backlog } = {},
): SecondPart[] {
  const parts: SecondPart[] = []
  const workers = Array.from({ length: options.workers ?? 2 }, (_, worker) => ({ worker: 10 + worker, cohort: COHORT }))
  const recorder = new Recorder({
    workers,
    open: workers.length,
    startAtUs: START_US,
    keepsLedger: true,
    backlog: options.backlog ?? NOTHING_DUE,
    emit: (part) => parts.push(part),
  })
  use(recorder)
  return parts
}

function ack(
  recorder: Recorder,
  index: number,
  dueAtUs: number,
  sentAtUs: number,
  atUs: number,
  changes: Partial<Acknowledgement> = {},
): void {
  recorder.acknowledged(index, { dueAtUs, sentAtUs, atUs, timeline: 1, isWeak: false, ...changes })
}

const at = (seconds: number): number => START_US + seconds * SECOND_US

test('a second holds what happened in it: counts, latencies, tenths, timelines and ledger', () => {
  const [part, ...rest] = record((recorder) => {
    recorder.sent(at(0.1), at(0.101))
    ack(recorder, 0, at(0.1), at(0.101), at(0.105))
    ack(recorder, 1, at(0.11), at(0.11), at(0.95), { isWeak: true })
    recorder.failed(0, 'refused', { code: '25006', message: 'read-only' }, at(0.96))
    recorder.missed(at(0.97))
    recorder.finish(at(0.99), at(0.99))
  })
  expect(rest).toEqual([])
  expect(part).toEqual({
    second: START_US / SECOND_US,
    counts: { intended: 0, acknowledged: 2, refused: 1, unknown: 0, missed: 1, weakAcks: 1 },
    acksPerTenth: [0, 1, 0, 0, 0, 0, 0, 0, 0, 1],
    response: sparse([5000, 840_000]),
    service: sparse([4000, 840_000]),
    sendLag: sparse([1000]),
    errors: [
      {
        code: '25006',
        phase: 'transaction',
        outcome: 'refused',
        count: 1,
        firstAtUs: at(0.96),
        lastAtUs: at(0.96),
        workers: 1,
        example: 'read-only',
      },
    ],
    gaps: {
      closed: [
        { fromUs: at(0), toUs: at(0.105) },
        { fromUs: at(0.105), toUs: at(0.95) },
      ],
      quietSinceUs: at(0.95),
    },
    timelines: [{ timeline: 1, acknowledged: 2, firstAtUs: at(0.105), lastAtUs: at(0.95) }],
    firstAcks: [
      { worker: 10, timeline: 1, atUs: at(0.105), previousAtUs: null },
      { worker: 11, timeline: 1, atUs: at(0.95), previousAtUs: null },
    ],
    outages: [
      {
        worker: 10,
        cohort: 'all',
        lastGoodAtUs: at(0.105),
        firstGoodAtUs: null,
        timelineBefore: 1,
        timelineAfter: null,
        refused: 1,
        unknown: 0,
        connectFailures: 0,
        code: '25006',
      },
    ],
    ledger: [
      { worker: 10, firstSeq: 1, count: 2, exceptions: [{ seq: 2, outcome: 'refused' }] },
      { worker: 11, firstSeq: 1, count: 1, exceptions: [] },
    ],
    connections: { open: 2, opened: 0, lost: 0 },
    waiting: 0,
    lastMissedAtUs: at(0.97),
    loadEndUs: at(0.99),
    stalls: [],
  })
})

function sparse(valuesUs: readonly number[]): number[] {
  const histogram = new Histogram()
  for (const value of valuesUs) histogram.record(value)
  return histogram.toSparse()
}

test('an event behind the end of the second closes that second first, and each second in between', () => {
  const parts = record((recorder) => {
    ack(recorder, 0, at(0.9), at(0.9), at(0.95))
    ack(recorder, 0, at(3.0), at(3.0), at(3.1))
    recorder.finish(at(3.2), at(3.2))
  })
  expect(parts.map(({ second, counts }) => [second - START_US / SECOND_US, counts.acknowledged])).toEqual([
    [0, 1],
    [1, 0],
    [2, 0],
    [3, 1],
  ])
})

test('a change of the timeline gives each worker a new first acknowledgement, with its last one before', () => {
  const parts = record((recorder) => {
    ack(recorder, 0, at(0), at(0), at(0.1))
    ack(recorder, 0, at(1), at(1), at(1.1), { timeline: 2 })
    ack(recorder, 0, at(1), at(1), at(1.2), { timeline: 2 })
    recorder.finish(at(1.5), at(1.5))
  })
  expect(parts.flatMap(({ firstAcks }) => firstAcks)).toEqual([
    { worker: 10, timeline: 1, atUs: at(0.1), previousAtUs: null },
    { worker: 10, timeline: 2, atUs: at(1.1), previousAtUs: at(0.1) },
  ])
})

test('connections are counted: open at the end, opened and lost in the second', () => {
  const parts = record((recorder) => {
    recorder.lost(0, '57P01', at(0.1))
    recorder.lost(1, '57P01', at(0.2))
    recorder.opened(at(0.3))
    recorder.opened(at(1.3))
    recorder.finish(at(1.5), at(1.5))
  })
  expect(parts.map(({ connections }) => connections)).toEqual([
    { open: 1, opened: 1, lost: 2 },
    { open: 2, opened: 1, lost: 0 },
  ])
})

test('an attempt that will be made again has an error but no outcome, and its key waits', () => {
  const parts = record((recorder) => {
    recorder.willRetry(0, LOST, at(0.1))
    ack(recorder, 0, at(0.05), at(0.3), at(0.4), { timeline: null })
    recorder.finish(at(0.5), at(0.5))
  })
  const [part] = parts
  expect(part?.counts).toMatchObject({ acknowledged: 1, refused: 0, unknown: 0 })
  expect(part?.errors).toMatchObject([{ code: 'connection-closed', outcome: null, count: 1 }])
  expect(part?.ledger).toEqual([{ worker: 10, firstSeq: 1, count: 1, exceptions: [] }])
  expect(part?.timelines).toEqual([])
})

test('blip of one worker is an outage of that worker and no gap of the others', () => {
  const parts = record((recorder) => {
    for (let ms = 0; ms < 1000; ms += 10) {
      if (ms === 200) recorder.lost(1, 'ECONNRESET', at(0.2))
      if (ms < 200 || ms > 700) ack(recorder, 1, at(ms / 1000), at(ms / 1000), at(ms / 1000))
      ack(recorder, 0, at(ms / 1000), at(ms / 1000), at(ms / 1000))
    }
    recorder.finish(at(0.999), at(0.999))
  })
  expect(parts[0]?.gaps.closed).toEqual([])
  expect(parts[0]?.outages).toMatchObject([{ worker: 11, lastGoodAtUs: at(0.19), firstGoodAtUs: at(0.71) }])
})

test('the sums of all seconds are what happened, wherever the seconds end', () => {
  const event = fc.record({
    afterMs: fc.integer({ min: 0, max: 700 }),
    worker: fc.nat({ max: 1 }),
    what: fc.constantFrom<Outcome | 'missed'>('acknowledged', 'refused', 'unknown', 'missed'),
  })
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      let now = START_US
      const parts = record((recorder) => {
        for (const { afterMs, worker, what } of events) {
          now += afterMs * 1000
          if (what === 'acknowledged') ack(recorder, worker, now - 500, now - 400, now)
          else if (what === 'missed') recorder.missed(now)
          else recorder.failed(worker, what, LOST, now)
        }
        recorder.finish(now, now)
      })
      const sum = (of: (part: SecondPart) => number) => parts.reduce((total, part) => total + of(part), 0)
      const count = (wanted: string) => events.filter(({ what }) => what === wanted).length
      expect(sum(({ counts }) => counts.acknowledged)).toBe(count('acknowledged'))
      expect(sum(({ counts }) => counts.refused)).toBe(count('refused'))
      expect(sum(({ counts }) => counts.unknown)).toBe(count('unknown'))
      expect(sum(({ counts }) => counts.missed)).toBe(count('missed'))
      expect(sum(({ acksPerTenth }) => acksPerTenth.reduce((a, b) => a + b, 0))).toBe(count('acknowledged'))
      expect(sum(({ ledger }) => ledger.reduce((a, range) => a + range.count, 0))).toBe(events.length - count('missed'))
      expect(sum(({ errors }) => errors.reduce((a, error) => a + error.count, 0))).toBe(
        count('refused') + count('unknown'),
      )
      expect(parts.map(({ second }) => second)).toEqual(parts.map((_, i) => START_US / SECOND_US + i))
    }),
  )
})

test('a load that is stopped at any moment leaves records that can be written, although its clock counts parts of a microsecond', () => {
  // The clock of the process is a sum of fractions: at this size of number it moves by quarters.
  const moment = fc.integer({ min: 0, max: 12_000_000 }).map((quarters) => START_US + quarters / 4)
  const what = fc.constantFrom('acknowledged', 'refused', 'connect', 'missed', 'stalled')
  fc.assert(
    fc.property(fc.array(fc.tuple(moment, what), { maxLength: 20 }), moment, (events, stoppedAtUs) => {
      const assembly = new Assembly({
        container: 0,
        incarnation: 'a',
        workers: 2,
        threads: 1,
        startAtUs: START_US,
        takeUsage: () => ({ cpuUs: 0, rssBytes: 0 }),
      })
      const parts = record((recorder) => {
        for (const [atUs, kind] of events.toSorted(([a], [b]) => a - b).filter(([atUs]) => atUs <= stoppedAtUs)) {
          if (kind === 'acknowledged') ack(recorder, 0, atUs, atUs, atUs)
          else if (kind === 'refused') recorder.failed(1, 'refused', LOST, atUs)
          else if (kind === 'connect') recorder.connectFailed(1, LOST, atUs)
          else if (kind === 'missed') recorder.missed(atUs)
          else recorder.stalled(START_US, atUs)
        }
        recorder.finish(stoppedAtUs, stoppedAtUs)
      })
      const records = parts.flatMap((part) => assembly.add(0, part, { eventLoopDelayP99Us: 0, eventLoopDelayMaxUs: 0 }))
      expect(records).toHaveLength(parts.length)
      for (const one of records) expect(encodeRecord(one).length).toBeGreaterThan(0)
    }),
  )
})

test('memory is flat over 10 million samples', () => {
  const heapMb: number[] = []
  let seconds = 0
  const recorder = new Recorder({
    workers: Array.from({ length: 50 }, (_, worker) => ({ worker, cohort: COHORT })),
    open: 50,
    startAtUs: START_US,
    keepsLedger: true,
    backlog: NOTHING_DUE,
    emit: () => seconds++,
  })
  for (let million = 0; million < 10; million++) {
    for (let i = 0; i < 1_000_000; i++) {
      const now = START_US + (million * 1_000_000 + i) * 125
      if (i % 1000 === 0) recorder.failed(i % 50, 'unknown', LOST, now)
      else ack(recorder, i % 50, now - (i % 9000), now - (i % 7000), now)
    }
    collectGarbage()
    heapMb.push(process.memoryUsage().heapUsed / 1024 / 1024)
  }
  expect(seconds).toBe(1249)
  expect(heapMb[9]! - heapMb[1]!, heapMb.join(' ')).toBeLessThan(5)
})

test('the spacing of a low rate is no outage of a client; a wait of a second or more for its own reply is one', () => {
  const windows = (sentAtSeconds: number) =>
    record((recorder) => {
      ack(recorder, 0, at(0.1), at(0.1), at(0.101))
      ack(recorder, 0, at(sentAtSeconds), at(sentAtSeconds), at(3.1))
      recorder.finish(at(3.9), at(3.9))
    }).flatMap(({ outages }) => outages)
  expect(windows(3.099)).toEqual([])
  expect(windows(0.2)).toMatchObject([{ lastGoodAtUs: at(0.101), firstGoodAtUs: at(3.1), code: '' }])
})

test('a reply that is read late, after the thread stood still, ends no silence and is no last sign of the service', () => {
  const seen = (sentAtSeconds: number) => {
    const parts = record((recorder) => {
      ack(recorder, 0, at(0.05), at(0.05), at(0.1))
      ack(recorder, 1, at(0.05), at(0.05), at(0.1))
      recorder.stalled(at(0.12), at(5))
      ack(recorder, 0, at(sentAtSeconds), at(sentAtSeconds), at(5.003))
      recorder.lost(0, '57P01', at(5.004))
      ack(recorder, 1, at(9), at(9), at(9.005), { timeline: 2 })
      ack(recorder, 0, at(9), at(9), at(9.005), { timeline: 2 })
      recorder.finish(at(9.9), at(9.9))
    })
    const inSeconds = (us: number) => Math.round((us - START_US) / 1000) / 1000
    return {
      acknowledged: parts.reduce((sum, { counts }) => sum + counts.acknowledged, 0),
      gaps: parts.flatMap(({ gaps }) => gaps.closed.map(({ fromUs, toUs }) => [inSeconds(fromUs), inSeconds(toUs)])),
      lastGood: parts.flatMap(({ outages }) => outages.map(({ lastGoodAtUs }) => inSeconds(lastGoodAtUs ?? 0))),
    }
  }
  const first = [0, 0.1]
  // It had come at some time since it was sent, or since the thread stood still.
  expect(seen(0.119)).toEqual({ acknowledged: 5, gaps: [first, [0.1, 9.005]], lastGood: [0.12] })
  // This one was sent after the standstill, so it came when it was read.
  expect(seen(5.001)).toEqual({ acknowledged: 5, gaps: [first, [0.1, 5.003], [5.003, 9.005]], lastGood: [5.003] })
})
