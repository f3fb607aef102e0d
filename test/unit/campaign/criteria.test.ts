/** Objectives of a campaign: how they are written, what they mean with drills that measured nothing, and the verdict. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseCampaignCriterion } from '../../../functions/criteria/campaign/grammar.ts'
import { type JudgedDrill, judgeCampaignCriteria } from '../../../functions/criteria/campaign/judge.ts'
import { STATISTICS, statisticOf } from '../../../functions/criteria/campaign/statistics.ts'
import {
  campaignCriteriaToJudge,
  defaultCampaignCriteria,
  judgeCampaign,
} from '../../../functions/criteria/campaign/verdict.ts'
import {
  compareIntervals,
  exactly,
  type Interval,
  intervalOf,
  intervalWords,
} from '../../../functions/criteria/intervals.ts'
import { HOLDS } from '../../../functions/criteria/judge.ts'
import { OPERATORS } from '../../../functions/criteria/limits.ts'
import type { Criterion, DrillEvent, Report, Verdict } from '../../../functions/model/report.ts'
import { sampleReport } from '../../golden/samples.ts'
import { runs } from '../../support/depth.ts'

const LEDGER = { transactions: 'ledger' } as const

// ---- Grammar ------------------------------------------------------------------------------------------------------------

test.each([
  ['recovery_time_s[max] <= 120', { name: 'recovery_time_s', phase: null, over: 'max' }, { factor: 120, figure: null }],
  [
    'recovery_time_s[each]<=120s',
    { name: 'recovery_time_s', phase: null, over: 'each' },
    { factor: 120, figure: null },
  ],
  [
    'p99_ms[after] [ median ] <= 50ms',
    { name: 'p99_ms', phase: 'after', over: 'median' },
    { factor: 50, figure: null },
  ],
  ['p99_ms[min] >= 5', { name: 'p99_ms', phase: 'baseline', over: 'min' }, { factor: 5, figure: null }],
  [
    'client_outage_s[max][max] <= 9',
    { name: 'client_outage_s', phase: 'max', over: 'max' },
    { factor: 9, figure: null },
  ],
  [
    'baseline_tps[min] >= 0.95 * target',
    { name: 'baseline_tps', phase: null, over: 'min' },
    { factor: 0.95, figure: 'target' },
  ],
  [
    'recovery_time_s[max] <= 2 * recovery_time_s[median]',
    { name: 'recovery_time_s', phase: null, over: 'max' },
    { factor: 2, figure: { name: 'recovery_time_s', phase: null, over: 'median' } },
  ],
])('%s is read', (text, figure, limit) => {
  expect(parseCampaignCriterion(text, 5)).toMatchObject({ kind: 'figure', text: text.trim(), figure, limit })
})

test.each([
  ['drills_passed == 5', '==', 5],
  [' drills_passed >= 4 ', '>=', 4],
])('%j is read', (text, operator, count) => {
  expect(parseCampaignCriterion(text, 5)).toEqual({ kind: 'drills passed', text: text.trim(), operator, count })
})

test.each([
  ['', 'expected `name[statistic] op value`'],
  ['recovery_time_s <= 120', 'expected a statistic over the drills: recovery_time_s[each], [min], [median] or [max]'],
  ['p99_ms[after] <= 50', 'expected a statistic over the drills behind it: p99_ms[after][each]'],
  ['recovery_time_s[p95] <= 120', 'unknown statistic over the drills; expected [each], [min], [median] or [max]'],
  ['recovery_time_s[mean] <= 120', 'unknown statistic over the drills'],
  ['client_outage_s[max] <= 9', 'expected two pairs of brackets, such as client_outage_s[max][max]'],
  ['rto[max] <= 120', 'unknown figure; expected one of recovery_time_s,'],
  ['p99_ms[lunch][max] <= 50', 'unknown phase of p99_ms'],
  ['recovery_time_s[max] <= 120ms', 'expected 0.12 or 0.12s'],
  ['recovery_time_s[max] >= 0', 'it always holds'],
  ['lost_commits[max] == 0.5', 'is no whole number'],
  ['recovery_time_s[max] <= 2 * recovery_time_s', 'expected a statistic over the drills'],
  ['recovery_time_s[max] <= 2 * recovery_time_s[max]', 'is the figure itself'],
  ['recovery_time_s[max] <= 2 * recovery_time_s[each]', '[each] has no one value to compare with'],
  ['recovery_time_s[max] <= p99_ms[max]', 'expected 120 or 120s'],
  ['drills_passed', 'expected "drills_passed op count" such as "drills_passed == 5"'],
  ['drills_passed[max] == 5', 'expected "drills_passed op count"'],
  ['drills_passed == 80%', 'expected "drills_passed op count"'],
  ['drills_passed == 6', 'the campaign has 5 drills'],
  ['drills_passed >= 0', 'the campaign has 5 drills'],
])('%j cannot be read, and the answer says what to write', (text, problem) => {
  expect(parseCampaignCriterion(text, 5)).toEqual(expect.stringContaining(problem))
})

test('a campaign that states no objective wants every drill to pass and nothing to be lost', () => {
  expect(defaultCampaignCriteria(3, LEDGER)).toEqual(['drills_passed == 3', 'lost_commits[max] == 0'])
  expect(defaultCampaignCriteria(3, { transactions: 'compat' })).toEqual(['drills_passed == 3'])
})

test('a loss is judged even when the request does not name it', () => {
  const own = ['recovery_time_s[max] <= 120']
  expect(campaignCriteriaToJudge(own, 3, LEDGER)).toEqual([...own, 'lost_commits[max] == 0'])
  expect(campaignCriteriaToJudge(['lost_commits[each] <= 5'], 3, LEDGER)).toEqual(['lost_commits[each] <= 5'])
  expect(campaignCriteriaToJudge(own, 3, { transactions: 'compat' })).toEqual(own)
})

// ---- Distribution ---------------------------------------------------------------------------------------------------------

const RANGE = [0, Number.POSITIVE_INFINITY] as const
const value = (number: number) => ({ kind: 'value', value: number }) as const
const atLeast = (number: number) => ({ kind: 'at-least', value: number, why: 'the load ended' }) as const
const atMost = (number: number) => ({ kind: 'at-most', value: number, why: 'no client noticed it' }) as const
const never = { kind: 'never', why: 'no commit came back' } as const
const missing = { kind: 'missing', why: 'it was inconclusive' } as const

/** Computed by hand. */
test.each([
  ['one value', [value(4)], [4, 4], [4, 4], [4, 4]],
  ['three values', [value(9), value(2), value(4)], [2, 2], [4, 4], [9, 9]],
  ['four values', [value(9), value(2), value(4), value(5)], [2, 2], [4.5, 4.5], [9, 9]],
  ['equal values', [value(3), value(3)], [3, 3], [3, 3], [3, 3]],
  ['a bound above the others', [value(2), value(4), atLeast(9)], [2, 2], [4, 4], [9, Infinity]],
  ['a bound below the others', [atLeast(2), value(4), value(9)], [2, 4], [4, 9], [9, Infinity]],
  ['an upper bound above the others', [value(2), value(4), atMost(9)], [0, 2], [2, 4], [4, 9]],
  ['upper bounds alone', [atMost(2), atMost(4)], [0, 2], [0, 3], [0, 4]],
  ['one that never ended', [value(2), value(4), never], [2, 2], [4, 4], [Infinity, Infinity]],
  ['two that never ended', [value(2), never, never], [2, 2], [Infinity, Infinity], [Infinity, Infinity]],
  ['one not measured', [value(2), value(4), missing], [0, 2], [2, 4], [4, Infinity]],
  ['none measured', [missing, missing], [0, Infinity], [0, Infinity], [0, Infinity]],
])('the statistics of %s', (_, measured, ...wanted) => {
  const intervals = measured.map((one) => intervalOf(one, RANGE))
  const found = STATISTICS.map((statistic) => statisticOf(statistic, intervals))
  expect(found).toEqual(wanted.map(([low, high]) => ({ low, high })))
})

test.each([
  [[4, 4], '4.00 s'],
  [[4, Infinity], '≥ 4.00 s'],
  [[0, 4], '≤ 4.00 s'],
  [[3, 4], '3.00 s to 4.00 s'],
  [[Infinity, Infinity], 'not back'],
] as const)('a statistic that lies in %j is written %s', ([low, high], words) => {
  expect(intervalWords({ low, high }, 's')).toBe(words)
})

test('there is no statistic of no drill', () => {
  for (const statistic of STATISTICS) expect(statisticOf(statistic, [])).toBeNull()
})

const ends = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constant(Number.POSITIVE_INFINITY))
const interval = fc.tuple(ends, ends).map(([a, b]): Interval => ({ low: Math.min(a, b), high: Math.max(a, b) }))
/** Intervals, and for each a value that lies in it. */
const withValues = fc
  .array(interval, { minLength: 1, maxLength: 7 })
  .chain((intervals) =>
    fc
      .tuple(...intervals.map(({ low, high }) => fc.constantFrom(low, high, (low + Math.min(high, low + 5)) / 2)))
      .map((values) => ({ intervals, values: values.map((one, i) => Math.min(one, intervals[i]?.high ?? one)) })),
  )

test('for every value that a drill may have measured, the statistic lies in its interval, and a verdict stays true', () => {
  const operator = fc.constantFrom(...OPERATORS)
  fc.assert(
    fc.property(withValues, operator, fc.integer({ min: 0, max: 20 }), ({ intervals, values }, op, bound) => {
      for (const statistic of STATISTICS) {
        const known = statisticOf(statistic, intervals)
        const true_ = statisticOf(statistic, values.map(exactly))
        if (known === null || true_ === null) throw new Error('there is a drill')
        expect(true_.low).toBeGreaterThanOrEqual(known.low)
        expect(true_.low).toBeLessThanOrEqual(known.high)
        const verdict = compareIntervals(known, op, exactly(bound))
        if (verdict !== 'unknown') expect(HOLDS[op](true_.low, bound)).toBe(verdict === 'pass')
      }
    }),
    { numRuns: runs(2_000) },
  )
})

test('what is exact is never unknown', () => {
  fc.assert(
    fc.property(ends, fc.integer({ min: 0, max: 20 }), fc.constantFrom(...OPERATORS), (one, other, op) => {
      expect(compareIntervals(exactly(one), op, exactly(other))).toBe(HOLDS[op](one, other) ? 'pass' : 'fail')
    }),
    { numRuns: runs(1_000) },
  )
})

// ---- Judging ------------------------------------------------------------------------------------------------------------

const played = await sampleReport()

/** A report whose one event recovered after so many seconds; null: it never did. */
function recovered(seconds: number | null, own: Partial<Report> = {}): Report {
  const change = (event: DrillEvent): DrillEvent => ({
    ...event,
    service: seconds === null ? 'out' : 'recovered',
    recovery: { ...event.recovery, recoveryTimeSeconds: seconds },
  })
  return { ...played, events: played.events.map(change), ...own }
}

const drill = (number: number, report: Report): JudgedDrill => ({
  number,
  verdict: 'PASS',
  word: 'PASS',
  report,
  why: '',
})
const without = (number: number, verdict: Verdict | null, why: string): JudgedDrill => ({
  number,
  verdict,
  word: verdict ?? why,
  report: null,
  why,
})
const three = [drill(1, recovered(20)), drill(2, recovered(50)), drill(3, recovered(30))]
const withGap = [drill(1, recovered(20)), without(2, 'INCONCLUSIVE', 'inconclusive'), drill(3, recovered(30))]

const judge = (text: string, drills: readonly JudgedDrill[] = three, targetTps = 400): Criterion =>
  judgeCampaignCriteria([text], drills, targetTps)[0] as Criterion

test.each([
  [
    'recovery_time_s[max] <= 50',
    'pass',
    50,
    0,
    '50.0 s in drill 2 of 3 drills; at most 50 s wanted, and it is exactly that',
  ],
  [
    'recovery_time_s[max] <= 40',
    'fail',
    50,
    -10,
    '50.0 s in drill 2 of 3 drills; at most 40 s wanted, missed by 10.0 s',
  ],
  ['recovery_time_s[median] < 40', 'pass', 30, 10, '30.0 s in drill 3 of 3 drills; below 40 s wanted'],
  [
    'recovery_time_s[min] >= 21',
    'fail',
    20,
    -1,
    '20.0 s in drill 1 of 3 drills; at least 21 s wanted, missed by 1.00 s',
  ],
  ['recovery_time_s[each] <= 60', 'pass', 50, 10, '50.0 s at worst of 3 drills; at most 60 s wanted'],
  [
    'recovery_time_s[each] <= 25',
    'fail',
    50,
    -25,
    'missed in drill 2 (50.0 s) and drill 3 (30.0 s); at most 25 s wanted',
  ],
  [
    'recovery_time_s[max] <= 2 * recovery_time_s[median]',
    'pass',
    50,
    10,
    '50.0 s in drill 2 of 3 drills; at most 60 s wanted',
  ],
  [
    'recovery_time_s[max] <= 1.5 * recovery_time_s[median]',
    'fail',
    50,
    -5,
    '50.0 s in drill 2 of 3 drills; at most 45 s wanted, missed by 5.00 s',
  ],
  ['drills_passed == 3', 'pass', 3, 0, '3 of 3 drills passed; exactly 3 wanted'],
])('of three drills %s is %s', (text, verdict, measured, margin, why) => {
  expect(judge(text)).toMatchObject({ objective: text, verdict, measured, margin, why })
})

const NOT_IN_2 = 'not measured in drill 2 (inconclusive)'

test.each([
  // The drill that is missing could have been longer.
  [
    'recovery_time_s[max] <= 120',
    'unknown',
    30,
    `30.0 s in drill 3 of the 2 drills that measured it; at most 120 s wanted; ${NOT_IN_2}`,
  ],
  // It could not have been shorter than what fails already.
  [
    'recovery_time_s[max] <= 25',
    'fail',
    30,
    `30.0 s in drill 3 of the 2 drills that measured it; at most 25 s wanted, missed by 5.00 s; ${NOT_IN_2}`,
  ],
  // The median of three lies between the two that are known, for every value of the third.
  [
    'recovery_time_s[median] <= 30',
    'pass',
    25,
    `25.0 s of the 2 drills that measured it; at most 30 s wanted; ${NOT_IN_2}`,
  ],
  [
    'recovery_time_s[median] <= 25',
    'unknown',
    25,
    `25.0 s of the 2 drills that measured it; at most 25 s wanted, and it is exactly that; ${NOT_IN_2}`,
  ],
  [
    'recovery_time_s[min] <= 20',
    'pass',
    20,
    `20.0 s in drill 1 of the 2 drills that measured it; at most 20 s wanted, and it is exactly that; ${NOT_IN_2}`,
  ],
  ['recovery_time_s[each] <= 120', 'unknown', 30, `30.0 s at worst of 2 drills; at most 120 s wanted; ${NOT_IN_2}`],
  ['drills_passed == 3', 'unknown', 2, '2 of 3 drills passed (drill 2 INCONCLUSIVE); exactly 3 wanted'],
  ['drills_passed >= 2', 'pass', 2, '2 of 3 drills passed (drill 2 INCONCLUSIVE); at least 2 wanted'],
])('with an inconclusive drill %s is %s', (text, verdict, measured, why) => {
  expect(judge(text, withGap)).toMatchObject({ verdict, measured, why })
})

test('a drill that failed cannot pass any more', () => {
  const drills = [...three.slice(1), { ...(three[0] as JudgedDrill), verdict: 'FAIL' as const }]
  expect(judge('drills_passed == 3', drills)).toMatchObject({ verdict: 'fail', measured: 2 })
})

test('a service that never came back is longer than every limit, and has no number', () => {
  const out = recovered(null, { recovery: { ...played.recovery, recoveryTimeSeconds: null } })
  const drills = [drill(1, recovered(20)), drill(2, out)]
  expect(judge('recovery_time_s[max] <= 100000', drills)).toMatchObject({
    verdict: 'fail',
    measured: null,
    margin: null,
    why: 'not back in drill 2 of 2 drills; at most 100,000 s wanted',
  })
  expect(judge('recovery_time_s[min] <= 20', drills)).toMatchObject({ verdict: 'pass', measured: 20 })
})

test('a figure that a generator at its limit spoiled is not measured in that drill', () => {
  const limited = recovered(20, { generator: { ...played.generator, wasTheLimit: true } })
  const drills = [drill(1, limited), drill(2, recovered(20))]
  expect(judge('baseline_tps[min] >= 1', drills)).toMatchObject({
    verdict: 'unknown',
    why: expect.stringContaining('not measured in drill 1 (the generator was the limit, not the server)'),
  })
  expect(judge('recovery_time_s[max] <= 20', drills).verdict).toBe('pass')
})

test('without any drill that measured it a figure is unknown, and not 0', () => {
  expect(judge('lost_commits[max] == 0', [without(1, null, 'not run'), without(2, null, 'not run')])).toEqual({
    id: 'lost_commits[max]',
    objective: 'lost_commits[max] == 0',
    unit: 'count',
    measured: null,
    isLowerBound: false,
    isUpperBound: false,
    margin: null,
    verdict: 'unknown',
    why: 'exactly 0 wanted; not measured in drill 1 (not run), drill 2 (not run)',
  })
})

test('against the target of a closed loop nothing can be judged', () => {
  expect(judge('baseline_tps[min] >= 0.5 * target', three, 0).verdict).toBe('unknown')
  expect(judge('baseline_tps[min] >= 0.01 * target', three).verdict).toBe('pass')
})

// ---- Verdict ------------------------------------------------------------------------------------------------------------

describe('the verdict', () => {
  const of = (...verdicts: Criterion['verdict'][]): Criterion[] =>
    verdicts.map((verdict, i) => ({
      id: 'x',
      objective: `objective ${i}`,
      measured: 1,
      isLowerBound: false,
      isUpperBound: false,
      unit: '',
      margin: 0,
      verdict,
      why: `because ${i}`,
    }))
  const missed = (i: number) => `objective ${i} was missed: because ${i}.`
  const unjudged = (i: number) => `objective ${i} could not be judged: because ${i}.`
  const early = 'Only 2 of 3 drills were run: storage was away.'

  test.each([
    ['all met', of('pass', 'pass'), null, null, 'PASS', []],
    ['one missed', of('pass', 'fail'), null, null, 'FAIL', [missed(1)]],
    ['one unknown', of('pass', 'unknown'), null, null, 'INCONCLUSIVE', [unjudged(1)]],
    ['one missed, one unknown', of('unknown', 'fail'), null, null, 'FAIL', [missed(1), unjudged(0)]],
    ['all met by too few drills', of('pass'), null, early, 'INCONCLUSIVE', [early]],
    ['one missed by too few drills', of('fail'), null, early, 'FAIL', [missed(0), early]],
    ['aborted with all met', of('pass'), 'enough', null, 'ABORTED', ['Aborted: enough.']],
    ['aborted with one missed', of('fail'), 'enough', null, 'ABORTED', ['Aborted: enough.', missed(0)]],
  ] as const)('of a campaign with %s', (_, criteria, abortedBecause, endedEarly, verdict, reasons) => {
    expect(judgeCampaign({ criteria, abortedBecause, endedEarly })).toEqual({ verdict, reasons })
  })
})
