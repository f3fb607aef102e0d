/** This drill among earlier ones like it. */
import * as z from 'zod'
import { iso, nullableNumber } from './values.ts'

/** One figure of this drill against the same figure of earlier like drills of the same server. */
export const trendFigure = z.object({
  id: z.string(),
  label: z.string(),
  unit: z.string(),
  betterIs: z.enum(['lower', 'higher']),
  value: nullableNumber,
  median: nullableNumber,
  difference: nullableNumber.describe('value minus median'),
  mad: nullableNumber,
  low: nullableNumber.describe('Lower edge of the usual band'),
  high: nullableNumber.describe('Upper edge of the usual band'),
  reading: z.enum(['usual', 'better', 'worse', 'no history']),
  changedAt: z.string().nullable().describe('The drill from which on the figure has another level'),
  history: z.array(z.object({ drillId: z.string(), startedAt: iso, value: nullableNumber })),
})
