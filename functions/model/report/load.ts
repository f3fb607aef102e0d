/** What became of the arrivals: rates, and who was served. */
import * as z from 'zod'
import { nullableNumber } from './values.ts'

export const throughput = z.object({
  offeredTps: nullableNumber,
  baselineTps: nullableNumber.describe(
    'Median of acknowledged commits per second in the baseline; the mean below 10 offered per second',
  ),
  baselineMad: nullableNumber,
  meanTps: nullableNumber,
  peakTps: nullableNumber,
})

export const availability = z.object({
  whole: nullableNumber.describe('Acknowledged within the deadline over intended'),
  aroundEvent: nullableNumber.describe('Within 150 s of the beginning of an event; of several the worst'),
  successOfAttempts: nullableNumber.describe('Acknowledged over acknowledged + refused + unknown'),
  secondsAtBaseline: nullableNumber,
  monthlyBudgetShare: nullableNumber.describe('Outage over the 4.32 minutes that 99.99 % of 30 days allow'),
})
