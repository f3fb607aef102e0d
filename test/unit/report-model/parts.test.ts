import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { TimelineChange } from '../../../functions/analysis/attribution.ts'
import { countUpTo, percentilesOf } from '../../../functions/measurement/latency.ts'
import { clockOf, combineClocks } from '../../../functions/merge/clocks.ts'
import { fingerprint } from '../../../functions/merge/fingerprint.ts'
import { NumberLog } from '../../../functions/merge/number-log.ts'
import { AckLog, silentEverywhere } from '../../../functions/merge/silences.ts'
import type { EventEvidence } from '../../../functions/model/evidence.ts'
import type { DrillEvent } from '../../../functions/model/report.ts'
import { meaningOf } from '../../../functions/report-model/error-meanings.ts'
import { type ProofContext, proofOf, proofOfDrill } from '../../../functions/report-model/event-words.ts'
import { mad, median, percentile } from '../../../functions/units/statistics.ts'
import { ByteReader, bufferOf } from '../../../loadgen-image/contract/bytes.ts'
import type { SecondRecord } from '../../../loadgen-image/contract/glossary.ts'
import { bucketOf, bucketValueUs, Histogram, sparsePercentileUs } from '../../../loadgen-image/contract/histogram.ts'
import { anAudit, anEvent, aPrimary, aRecord, blockOf } from '../../support/builders.ts'

// ---- Statistics -------------------------------------------------------------------------------------------------------

test('median, scatter and nearest rank of a few numbers', () => {
  expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([])]).toEqual([2, 2.5, null])
  expect([mad([1, 2, 3, 4, 100]), mad([])]).toEqual([1, null])
  expect([
    percentile([1, 2, 3, 4], 0.5),
    percentile([1, 2, 3, 4], 0.99),
    percentile([7], 0),
    percentile([], 0.5),
  ]).toEqual([2, 4, 7, null])
})

const histogramOf = (valuesMs: readonly number[]): Histogram => {
  const histogram = new Histogram()
  for (const ms of valuesMs) histogram.record(ms * 1000)
  return histogram
}

test('percentiles are nearest rank over measured and missed together', () => {
  const histogram = histogramOf(Array.from({ length: 90 }, (_, i) => (i + 1) / 10))
  expect(percentilesOf({ histogram, censored: 10, lowerBoundMs: 1000 })).toEqual({
    p50: 5,
    p95: 1000,
    p99: 1000,
    p999: 1000,
    max: 1000,
    count: 90,
    censored: 10,
    atLeast: ['p95', 'p99', 'p999', 'max'],
  })
})

test('nothing measured has no percentiles; only missed arrivals have a lower bound', () => {
  const empty = { p50: null, p95: null, p99: null, p999: null, max: null, count: 0, censored: 0, atLeast: [] }
  expect(percentilesOf({ histogram: histogramOf([]), censored: 0, lowerBoundMs: 1000 })).toEqual(empty)
  expect(percentilesOf({ histogram: histogramOf([]), censored: 3, lowerBoundMs: 1000 })).toMatchObject({
    p50: 1000,
    max: 1000,
    atLeast: ['p50', 'p95', 'p99', 'p999', 'max'],
  })
})

test('every percentile is the value at its rank', () => {
  const values = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 200 })
  fc.assert(
    fc.property(values, (us) => {
      const histogram = new Histogram()
      for (const value of us) histogram.record(value)
      const { p50, p95, p99, max } = percentilesOf({ histogram, censored: 0, lowerBoundMs: 1 })
      const at = (share: number) => (percentile(us, share) ?? Number.NaN) / 1000
      expect([p50, p95, p99, max]).toEqual([at(0.5), at(0.95), at(0.99), at(1)])
    }),
  )
})

test('what was acknowledged within the deadline is counted by bucket', () => {
  expect(countUpTo(histogramOf([1, 999, 1001, 5000]), 1000)).toBe(2)
})

test('the percentile of a record is that of its histogram', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 10_000_000 }), { maxLength: 50 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (us, share) => {
        const histogram = new Histogram()
        for (const value of us) histogram.record(value)
        expect(sparsePercentileUs(histogram.toSparse(), share)).toBe(histogram.percentileUs(share))
      },
    ),
  )
  expect(sparsePercentileUs([bucketOf(700), 5], 0.99)).toBe(bucketValueUs(bucketOf(700)))
})

test('numbers survive packing, negative ones too', () => {
  fc.assert(
    fc.property(fc.array(fc.maxSafeInteger()), (values) => {
      const log = new NumberLog()
      const small = values.map((value) => Math.trunc(value / 2))
      for (const value of small) log.pushSigned(value)
      const reader = new ByteReader(bufferOf(log.bytes()))
      const read: number[] = []
      while (!reader.isAtEnd) read.push(reader.signed())
      expect(read.map((value) => value + 0)).toEqual(small.map((value) => value + 0))
    }),
  )
})

// ---- Silences -----------------------------------------------------------------------------------------------------------

const silences = (log: AckLog) => {
  const { fromUs, toUs } = log.silences()
  return Array.from(fromUs, (from, i) => [from, toUs[i]])
}

test('a silence within a second is reported; one across seconds lies between their acknowledgements', () => {
  const log = new AckLog()
  log.acks(5_100_000, 5_900_000)
  log.acks(1_000_000, 1_999_000)
  log.gap(1_200_000, 1_500_000)
  expect(silences(log)).toEqual([
    [Number.NEGATIVE_INFINITY, 1_000_000],
    [1_200_000, 1_500_000],
    [1_999_000, 5_100_000],
    [5_900_000, Number.POSITIVE_INFINITY],
  ])
})

test('a silence that was reported in parts is one; two that meet at an acknowledgement are two', () => {
  const log = new AckLog()
  log.acks(1_000_000, 1_400_000)
  log.acks(4_000_000, 4_300_000)
  log.gap(1_100_000, 1_250_000)
  log.gap(1_250_000, 1_400_000)
  log.gap(1_400_000, 3_000_000)
  log.gap(3_000_000, 4_000_000)
  expect(silences(log).slice(1, -1)).toEqual([
    [1_100_000, 1_250_000],
    [1_250_000, 1_400_000],
    [1_400_000, 4_000_000],
  ])
})

test('silent everywhere is where all are silent; without containers there is none', () => {
  const [a, b] = [new AckLog(), new AckLog()]
  a.acks(1_000_000, 2_000_000)
  a.acks(9_000_000, 9_500_000)
  b.acks(1_500_000, 3_000_000)
  b.acks(8_000_000, 9_900_000)
  const both = silentEverywhere([a.silences(), b.silences()])
  expect(Array.from(both.fromUs, (from, i) => [from, both.toUs[i]])).toEqual([
    [Number.NEGATIVE_INFINITY, 1_000_000],
    [3_000_000, 8_000_000],
    [9_900_000, Number.POSITIVE_INFINITY],
  ])
  expect(silentEverywhere([]).fromUs).toHaveLength(0)
})

// ---- Clocks, records, codes ---------------------------------------------------------------------------------------------

test('the surest reading of a clock counts, and two that lie apart widen its bound', () => {
  const reading = (offsetMs: number, errorMs: number) => ({
    container: 0,
    incarnation: 'a',
    clock: { offsetMs, errorMs },
  })
  const clocks = combineClocks([reading(12, 3), reading(10, 1)])
  expect(clockOf(clocks, 0, 'a')).toEqual({ offsetUs: 10_000, errorMs: 2 })
  expect(clockOf(clocks, 1, 'a')).toEqual({ offsetUs: 0, errorMs: null })
})

test('records that differ anywhere have different fingerprints, and copies the same', () => {
  const base = aRecord({ ledger: [{ worker: 1, firstSeq: 1, count: 2, exceptions: [] }], response: [5, 1] })
  const others = [
    base,
    { ...base, waiting: 1 },
    { ...base, lastMissedAtUs: 0 },
    { ...base, lastMissedAtUs: 2 ** 33 },
    { ...base, response: [5, 2] },
    { ...base, response: [5, 1, 6, 1] },
    { ...base, health: { ...base.health, cpuUs: base.health.cpuUs + 1 } },
    { ...base, ledger: [{ worker: 1, firstSeq: 1, count: 3, exceptions: [] }] },
    { ...base, ledger: [{ worker: 1, firstSeq: 1, count: 2, exceptions: [{ seq: 1, outcome: 'unknown' as const }] }] },
    { ...base, timelines: [{ timeline: 1, acknowledged: 1, firstAtUs: 1, lastAtUs: 1 }] },
  ]
  const print = (record: SecondRecord) => fingerprint(blockOf(record).payload)
  expect(new Set(others.map(print)).size).toBe(others.length)
  expect(print(base)).toBe(print(structuredClone(base)))
})

test.each([
  ['57P03', 'the server is starting up or shutting down and takes no connections yet'],
  ['ECONNREFUSED', 'nothing listens at the address'],
  ['53400', 'the server is short of resources'],
  ['reply-timeout', 'no reply in time: the connection was given up'],
  ['EWHATEVER', 'not in the table of known codes'],
])('%s means: %s', (code, meaning) => {
  expect(meaningOf(code)).toBe(meaning)
})

// ---- Proof --------------------------------------------------------------------------------------------------------------

const moved = { availabilityZone: '2', standbyZone: '1' }
const change = { timeline: 2, firstAtUs: 0, lastOldAtUs: 0 }

test.each([
  ['the timeline rose', anEvent({ after: aPrimary({ timeline: 2 }) }), null, true],
  ['only the clients saw the new timeline', anEvent({ after: null }), change, true],
  [
    'the zones swapped and no timeline is known',
    anEvent({ before: aPrimary({ timeline: null }), after: aPrimary(moved) }),
    null,
    true,
  ],
  ['the zones swapped but the timeline is the same', anEvent({ after: aPrimary(moved) }), null, false],
  [
    'only the address and the start changed',
    anEvent({ after: aPrimary({ address: '10.0.0.9', postmasterStartedAt: 'x' }) }),
    null,
    false,
  ],
  ['nothing could be seen', anEvent({ before: null, after: null }), null, false],
])('%s: proven or not', (_, evidence, change, proven) => {
  expect(proof(evidence, change).proven).toBe(proven)
})

const proof = (evidence: EventEvidence, change: TimelineChange | null = null, own: Partial<ProofContext> = {}) =>
  proofOf(
    { evidence, change, identities: null, cause: 'drill', causeWhy: null },
    { auditTimeline: null, otherTimelines: [], isLast: true, audits: [], ...own },
  )

test('a promotion that another event explains proves nothing', () => {
  const { proven, evidence } = proof(anEvent(), null, { otherTimelines: [2] })
  expect(proven).toBe(false)
  expect(evidence).toContain(
    'The timeline of the primary rose from 1 to 2, and other events of this report explain all of it.',
  )
})

test('what the audits found counts where the drill itself saw no new primary', () => {
  const found = proof(anEvent({ after: null }), null, { auditTimeline: 2 })
  expect(found).toMatchObject({
    proven: true,
    evidence: ['The audits found timeline 2; before the request it was 1.'],
  })
})

test('the audits found the timeline of before: nothing was promoted', () => {
  const found = proof(anEvent({ after: null }), null, { auditTimeline: 1 })
  const sentence = 'The audits found timeline 1, as before the request: nothing had been promoted by then.'
  expect(found).toMatchObject({ proven: false, evidence: [sentence] })
  expect(proof(anEvent({ before: null, after: null }), null, { auditTimeline: 1 }).evidence).toEqual([])
})

const accepted = {
  kind: 'failover',
  mode: 'forced',
  what: 'forced failover',
  plannedAtSeconds: 30,
  detail: null,
  sentAt: null,
  lateSeconds: null,
  undo: null,
  state: 'accepted',
  operation: null,
  acceptedAt: null,
  requestId: null,
} as const

const NO_EVIDENCE = { events: [], audits: [] }

test('a lost answer that nothing followed: the timeline of before and that of the audits are the evidence', () => {
  const lost = { ...accepted, state: 'ambiguous', detail: 'no answer', event: null } as const
  const evidence = { events: [anEvent({ request: 'ambiguous', after: null })], audits: [anAudit({ timeline: 1 })] }
  expect(proofOfDrill([lost], [], evidence)).toMatchObject({
    proven: false,
    evidence: [
      "The platform's answer to the request for a forced failover was lost: no answer.",
      'The audits found timeline 1, as before the request: nothing had been promoted by then.',
    ],
    before: { timeline: 1 },
    after: null,
  })
})

test('a failover that the platform accepted and failed is no proof, and the platform is quoted', () => {
  const failed = { ...accepted, operation: 'failed', detail: 'OperationCanceled: it was canceled', event: 1 } as const
  const nothing = { number: 1, proof: proof(anEvent({ before: null, after: null })) } as DrillEvent
  expect(proofOfDrill([failed], [nothing], NO_EVIDENCE).evidence).toEqual([
    'The platform accepted the request for a forced failover, and its operation failed: OperationCanceled: it was canceled.',
  ])
})

test('every event that the drill planned must be proven', () => {
  const proven = { number: 1, proof: proof(anEvent()) } as DrillEvent
  const not = { number: 2, proof: proof(anEvent({ before: null, after: null })) } as DrillEvent
  expect(
    proofOfDrill(
      [
        { ...accepted, event: 1 },
        { ...accepted, event: 2 },
      ],
      [proven, not],
      NO_EVIDENCE,
    ),
  ).toMatchObject({
    proven: false,
    evidence: expect.arrayContaining(['Request 1: The timeline of the primary rose from 1 to 2.']),
  })
  expect(proofOfDrill([{ ...accepted, event: 2 }], [not], NO_EVIDENCE).evidence).toEqual([
    'Nothing was seen that only such an event changes.',
  ])
  expect(proofOfDrill([{ ...accepted, state: 'not reached', event: null }], [], NO_EVIDENCE).evidence).toEqual([
    'A forced failover was planned and not reached: the drill ended before it.',
  ])
})
