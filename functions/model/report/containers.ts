/** What a load generator did, and whether it was the limit. */
import * as z from 'zod'
import { nullableNumber } from './values.ts'

export const containerRow = z.object({
  container: z.number().int(),
  incarnations: z.number().int(),
  ended: z.string(),
  acknowledged: z.number().int(),
  achievedShare: nullableNumber.describe('Sent over intended in the baseline'),
  sendLagP99Ms: nullableNumber,
  eventLoopDelayP99Ms: nullableNumber,
  cpuCores: nullableNumber,
  maxRssMb: nullableNumber,
  connectionsWanted: z.number().int(),
  connectionsPeak: z.number().int(),
  clockOffsetMs: nullableNumber,
  clockErrorMs: nullableNumber,
  missingSeconds: z.number().int(),
})
