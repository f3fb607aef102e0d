/** The field `stoppedBy` of the report, the summary, the status and the list. */
import * as z from 'zod'
import { START_PHASES } from './stopped-by.ts'

export const stoppedBySchema = z
  .object({
    phase: z.enum(START_PHASES).describe('In which the drill ended'),
    checks: z
      .array(z.string())
      .describe('Ids of the checks that failed and were not overridden; empty: something else stopped the drill'),
    why: z.string().describe('In words'),
    advice: z.string().describe('What to do'),
  })
  .meta({ id: 'StoppedBy' })
  .nullable()
  .describe(
    'What ended the drill before its load started. Then nothing was measured, no criterion was judged, and trends and distributions leave the drill out. null: the load started',
  )
