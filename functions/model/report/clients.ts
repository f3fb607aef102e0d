/** What single clients saw: their outages and their errors. */
import * as z from 'zod'
import { iso, nullableIso, nullableNumber } from './values.ts'

export const clientOutage = z.object({
  container: z.number().int(),
  worker: z.number().int(),
  cohort: z.string(),
  outageSeconds: nullableNumber.describe('null: it never came back while the load ran, or it was not measured'),
  isMeasured: z.boolean().describe('False: its container did not watch all the time'),
  lastGoodAt: nullableIso,
  firstGoodAt: nullableIso,
  code: z.string().describe('The first error of the window'),
  refused: z.number().int(),
  unknown: z.number().int(),
  connectFailures: z.number().int(),
})

export const errorRow = z.object({
  code: z.string(),
  meaning: z.string(),
  phase: z.enum(['connect', 'transaction']),
  outcome: z.enum(['refused', 'unknown']).nullable(),
  count: z.number().int(),
  firstAt: iso,
  lastAt: iso,
  workers: z.number().int(),
  example: z.string(),
})
