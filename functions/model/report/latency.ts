/** How long the commits of a phase took. */
import * as z from 'zod'
import { nullableNumber, shape } from './values.ts'

export const percentiles = z
  .object({
    p50: nullableNumber,
    p95: nullableNumber,
    p99: nullableNumber,
    p999: nullableNumber,
    max: nullableNumber,
    count: z.number().int(),
    censored: z.number().int().describe('Missed arrivals: counted as longer than every measured value'),
    atLeast: z.array(z.string()).describe('Percentiles that fall among the missed: the value is a lower bound'),
  })
  .meta({ id: 'Percentiles', description: 'Milliseconds, nearest rank, from merged histograms' })

export const phaseLatency = shape('Latency', { response: percentiles, service: percentiles }).nullable()
