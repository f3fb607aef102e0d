/** What the drill did, step by step. */
import * as z from 'zod'
import { iso, nullableNumber } from './values.ts'

export const journalEntry = z.object({
  at: iso,
  phase: z.string(),
  step: z.string(),
  seconds: nullableNumber,
  attempt: z.number().int(),
  result: z.enum(['ok', 'failed', 'skipped', 'note']),
  detail: z.string(),
})
