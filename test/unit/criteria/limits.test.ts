/** Units and bounds of objectives: what fits a figure is read, what does not is refused with what to write instead. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseCriteria, problemOfCriterion } from '../../../functions/criteria/defaults.ts'
import { CRITERION_NAMES, rangeOf, unitOf } from '../../../functions/criteria/figures.ts'
import { OPERATORS, type Operator } from '../../../functions/criteria/limits.ts'

const boundOf = (text: string) => parseCriteria([text]).criteria[0]?.limit.factor

test.each([
  ['recovery_time_s <= 90', 90],
  ['recovery_time_s <= 90s', 90],
  ['recovery_time_s <= 90 s', 90],
  ['detection_s >= -1', -1],
  ['p99_ms < 50ms', 50],
  ['baseline_tps >= 7600 TPS', 7600],
  ['availability >= 0.999', 0.999],
  ['availability >= 99.9%', 0.999],
  ['availability >= 99.9 %', 0.999],
  ['availability >= 1', 1],
  ['monthly_budget_share <= 150%', 1.5],
  ['monthly_budget_share <= 0.5', 0.5],
  ['cpu_percent < 80', 80],
  ['cpu_percent < 80%', 80],
  ['cpu_percent < 0.5%', 0.5],
  ['cpu_percent <= 0', 0],
  ['lost_commits == 0', 0],
  ['events_proven == true', 1],
  ['events_proven != false', 0],
  ['baseline_tps >= 95% * target', 0.95],
  ['lost_commits <= 0.001 * missed', 0.001],
])('%s: the limit is in the unit of the figure', (text, bound) => {
  expect([problemOfCriterion(text), boundOf(text)]).toEqual([null, bound])
})

test.each([
  ['recovery_time_s <= 90%', 'recovery_time_s is a time in seconds, and 90% does not fit it; expected 120 or 120s'],
  ['recovery_time_s <= 2 min', 'expected 120 or 120s'],
  ['recovery_time_s <= 1500ms', 'expected 1.5 or 1.5s'],
  ['lost_s <= 1%', 'is a time in seconds'],
  ['p99_ms < 2s', 'p99_ms is a time in milliseconds, and 2s does not fit it; expected 2000 or 2000ms'],
  ['p99_ms < 50%', 'expected 50 or 50ms'],
  ['p99_ms < 50tps', 'expected 50 or 50ms'],
  ['baseline_tps >= 95%', 'expected 8000, 8000tps or 0.95 * target'],
  ['baseline_tps >= 8000/s', '8000/s is no number in digits'],
  ['lost_commits <= 1%', 'lost_commits is a count, and 1% does not fit it; expected a whole number such as 0'],
  ['lost_commits <= 0.5', 'lost_commits is a count, and 0.5 is no whole number'],
  ['lost_commits <= 3 rows', 'does not fit it'],
  ['availability >= 99.9', 'availability is a share, in which all is 1, and 99.9 is more; expected 99.9% or 0.999'],
  ['success_rate > 99', 'expected 99% or 0.99'],
  ['success_rate > 999', 'expected 99.9% or 0.999'],
  ['success_rate > 99%%', 'does not fit it'],
  ['success_rate > 0.99s', 'does not fit it'],
  ['monthly_budget_share <= 50', 'expected 50% or 5000%'],
  [
    'cpu_percent < 0.8',
    'cpu_percent is a percentage, and 0.8 without a unit may be meant as a share; expected 0.8% or 80%',
  ],
  ['cpu_percent < 80ms', 'expected 80 or 80%'],
  ['events_proven == 1', 'events_proven is true or false, and 1 does not fit it; expected true or false'],
  ['events_proven == 100%', 'expected true or false'],
  ['events_proven == 0.5 * target', 'events_proven is true or false'],
  ['events_proven >= true', 'expected == or != before it'],
  ['recovery_time_s <= true', 'recovery_time_s is a time in seconds, and true does not fit it'],
  ['success_rate > true%', 'unknown figure'],
])('%s does not fit its figure: %s', (text, problem) => {
  expect(problemOfCriterion(text)).toContain(problem)
})

test.each([
  [
    'recovery_time_s <= 2 * p99_ms[baseline]',
    'recovery_time_s is a time in seconds and p99_ms is a time in milliseconds',
  ],
  ['recovery_time_s <= 0.5 * target', 'target is the rate that is offered'],
  ['missed <= 0.01 * target', 'missed is a count and target is the rate that is offered'],
  ['availability >= cpu_percent', 'availability is a share and cpu_percent is a percentage'],
  ['p99_ms[after] <= 0 * p99_ms[baseline]', 'expected a factor above 0'],
  ['p99_ms[after] <= -2 * p99_ms[baseline]', 'expected a factor above 0'],
  ['p99_ms[after] <= true * p99_ms[baseline]', 'expected a number, or a factor'],
  ['p99_ms[after] <= 2ms * p99_ms[baseline]', 'expected a number, or a factor'],
  ['p99_ms[after] <= 2 * p99_ms[after]', 'p99_ms[after] is the figure itself'],
  ['availability >= availability[whole]', 'availability[whole] is the figure itself'],
])('%s compares what cannot be compared: %s', (text, problem) => {
  expect(problemOfCriterion(text)).toContain(problem)
})

test.each([
  ['lost_commits >= 0', 'it always holds, because lost_commits is 0 or more'],
  ['lost_commits <= -1', 'it can never hold'],
  ['lost_commits != -1', 'it always holds'],
  ['recovery_time_s < 0', 'it can never hold'],
  ['recovery_time_s > -5', 'it always holds'],
  ['availability <= 100%', 'it always holds, because availability is between 0 and 1'],
  ['availability > 100%', 'it can never hold'],
  ['availability >= 120%', 'it can never hold'],
  ['success_rate >= 0', 'it always holds'],
  ['cpu_percent <= 100', 'it always holds'],
  ['cpu_percent == 101', 'it can never hold'],
])('%s is decided before the drill: %s', (text, problem) => {
  expect(problemOfCriterion(text)).toContain(problem)
})

test.each(['1e3', '1,000', '.5', '+5', '0x10', '1_000', '5.', '--5', '9'.repeat(400)])(
  '%s is no number in digits',
  (text) => {
    expect(problemOfCriterion(`recovery_time_s <= ${text}`)).toContain('is no number in digits; expected 120 or 120s')
  },
)

const HOLDS: Readonly<Record<Operator, (measured: number, bound: number) => boolean>> = {
  '<=': (a, b) => a <= b,
  '<': (a, b) => a < b,
  '>=': (a, b) => a >= b,
  '>': (a, b) => a > b,
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
}

test('every accepted objective is met by some measurement and missed by another', () =>
  fc.assert(
    fc.property(
      fc.constantFrom(...CRITERION_NAMES),
      fc.constantFrom(...OPERATORS),
      fc.oneof(
        fc.integer({ min: -3, max: 200 }),
        fc.double({ min: -3, max: 200, noNaN: true }),
        fc.constantFrom(0, 1, 100),
      ),
      fc.constantFrom('', '%', 's', 'ms', 'tps', ' s', ' %'),
      (name, operator, number, unit) => {
        const bound = boundOf(`${name} ${operator} ${number.toFixed(3).replace(/\.?0+$/, '')}${unit}`)
        if (bound === undefined) return
        const [lowest, highest] = rangeOf(name)
        const values = [lowest, highest, bound - 1e-3, bound, bound + 1e-3].filter((v) => v >= lowest && v <= highest)
        const outcomes = new Set(values.map((value) => HOLDS[operator](value, bound)))
        expect([name, unitOf(name), operator, bound, outcomes.size]).toEqual([name, unitOf(name), operator, bound, 2])
      },
    ),
  ))

test.each(['8888QQQQ', '12,5hunter', "1'000 pass", '5e7a'])(
  'a limit that only begins like a number, %s, is not repeated: it may be a pasted secret',
  (text) => {
    const problem = problemOfCriterion(`recovery_time_s <= ${text}`)
    expect(problem).toContain('what is given')
    expect(problem).not.toContain(text)
  },
)
