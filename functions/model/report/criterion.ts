/** The verdict of a drill, and one of its objectives. */
import * as z from 'zod'
import { nullableNumber } from './values.ts'

export const VERDICTS = ['PASS', 'FAIL', 'INCONCLUSIVE', 'ABORTED'] as const

export const criterionSchema = z.object({
  id: z.string(),
  objective: z.string().describe('Such as recovery_time_s <= 120'),
  measured: nullableNumber,
  isLowerBound: z.boolean().describe('The true value is what was measured, or more'),
  isUpperBound: z.boolean().describe('The true value is what was measured, or less'),
  unit: z.string(),
  margin: nullableNumber.describe('Distance to the objective in the unit; negative when missed'),
  verdict: z.enum(['pass', 'fail', 'unknown']),
  why: z.string(),
})
