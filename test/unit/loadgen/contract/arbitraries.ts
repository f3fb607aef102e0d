/** Random contract values for property tests: anything that the generator could report. */
import fc from 'fast-check'
import type {
  ErrorCount,
  LedgerRange,
  OutageWindow,
  SecondRecord,
  SparseHistogram,
} from '../../../../loadgen-image/contract/glossary.ts'
import { BUCKETS } from '../../../../loadgen-image/contract/histogram.ts'

const count = fc.nat({ max: 2 ** 31 - 1 })
const small = fc.nat({ max: 2000 })
const word = fc.string({ maxLength: 12 })
const instant = fc.integer({ min: 0, max: 4_102_444_800_000_000 })
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null })

const sparse: fc.Arbitrary<SparseHistogram> = fc
  .uniqueArray(fc.nat({ max: BUCKETS - 1 }), { maxLength: 40 })
  .chain((buckets) =>
    fc
      .array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 2 ** 31 - 1 })), {
        minLength: buckets.length,
        maxLength: buckets.length,
      })
      .map((counts) => [...buckets].sort((a, b) => a - b).flatMap((bucket, i) => [bucket, counts[i] as number])),
  )

const error: fc.Arbitrary<ErrorCount> = fc.record({
  code: word,
  phase: fc.constantFrom('connect', 'transaction'),
  outcome: fc.constantFrom(null, 'refused', 'unknown'),
  count,
  firstAtUs: instant,
  lastAtUs: instant,
  workers: small,
  example: fc.string({ unit: 'grapheme', maxLength: 40 }),
})

const outage: fc.Arbitrary<OutageWindow> = fc.record({
  worker: small,
  cohort: word,
  lastGoodAtUs: maybe(instant),
  firstGoodAtUs: maybe(instant),
  timelineBefore: maybe(small),
  timelineAfter: maybe(small),
  refused: count,
  unknown: count,
  connectFailures: count,
  code: word,
})

const ledgerRange: fc.Arbitrary<LedgerRange> = fc.record({
  worker: small,
  firstSeq: count,
  count: small,
  exceptions: fc.array(fc.record({ seq: count, outcome: fc.constantFrom('refused', 'unknown') }), { maxLength: 4 }),
})

export const secondRecord: fc.Arbitrary<SecondRecord> = fc.record({
  container: small,
  incarnation: word,
  second: fc.integer({ min: 0, max: 4_102_444_800 }),
  counts: fc.record({
    intended: count,
    acknowledged: count,
    refused: count,
    unknown: count,
    missed: count,
    weakAcks: count,
  }),
  acksPerTenth: fc.array(count, { minLength: 10, maxLength: 10 }),
  response: sparse,
  service: sparse,
  sendLag: sparse,
  errors: fc.array(error, { maxLength: 3 }),
  ackGaps: fc.array(fc.record({ fromUs: instant, toUs: instant }), { maxLength: 3 }),
  timelines: fc.array(fc.record({ timeline: count, acknowledged: count, firstAtUs: instant, lastAtUs: instant }), {
    maxLength: 3,
  }),
  firstAcks: fc.array(fc.record({ worker: small, timeline: count, atUs: instant, previousAtUs: maybe(instant) }), {
    maxLength: 3,
  }),
  outages: fc.array(outage, { maxLength: 3 }),
  ledger: fc.array(ledgerRange, { maxLength: 5 }),
  connections: fc.record({ wanted: count, open: count, opened: count, lost: count }),
  waiting: count,
  lastMissedAtUs: maybe(instant),
  health: fc.record({
    threads: small,
    stalls: fc.array(fc.record({ thread: small, fromUs: instant, toUs: instant }), { maxLength: 3 }),
    eventLoopDelayP99Us: count,
    eventLoopDelayMaxUs: count,
    cpuUs: count,
    rssBytes: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
  }),
})
