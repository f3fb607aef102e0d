/** A row of the checklist. */
import * as z from 'zod'

export const checkResult = z.object({
  id: z.string(),
  when: z.enum(['before', 'after']),
  title: z.string(),
  verdict: z.enum(['pass', 'fail', 'unknown']),
  seen: z.string(),
  wanted: z.string(),
  why: z.string(),
  advice: z.string(),
  forced: z.boolean(),
})
