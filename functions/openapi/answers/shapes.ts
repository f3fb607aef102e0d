/** What several answers are made of. A shape with an id is a component of its own in the description. */
import * as z from 'zod'
import type { Target } from '../../model/plan.ts'
import { FAILOVER_MODES, type PlannedEvent, PROMOTE_OPTIONS } from '../../model/planned-event.ts'
import { VERDICTS } from '../../model/report/criterion.ts'
import { exactly } from './exactly.ts'

export const instant = z.iso.datetime()
export const nullableText = z.string().nullable()
export const nullableInstant = instant.nullable()
export const texts = z.array(z.string())
export const nullableNumber = z.number().nullable()
export const verdict = z.enum(VERDICTS).nullable()

export const targetFields = {
  subscriptionId: z.string().exactOptional().describe("Where it is not the subscription of the app's load generators"),
  resourceGroup: z.string(),
  server: z.string(),
  database: z.string(),
}
export const target = exactly<Target>()(z.object(targetFields).meta({ id: 'Target' }))

const atSeconds = z.number().describe('From the start of the load')

export const plannedEvent = exactly<PlannedEvent>()(
  z
    .discriminatedUnion('kind', [
      z.object({
        atSeconds,
        kind: z.literal('failover'),
        mode: z.enum(FAILOVER_MODES),
        returnsHome: z.literal(true).exactOptional().describe('Left out at the end when the zones are as they were'),
      }),
      z.object({ atSeconds, kind: z.literal('restart') }),
      z.object({ atSeconds, kind: z.literal('scale'), sku: z.string() }),
      z.object({
        atSeconds,
        kind: z.literal('switchover'),
        mode: z.enum(PROMOTE_OPTIONS),
        replica: z.string(),
        returnHome: z.boolean(),
      }),
      z.object({ atSeconds, kind: z.literal('external') }),
    ])
    .meta({ id: 'PlannedEvent', description: 'As in the field `events` of a request, with its defaults' }),
)

/** Replaced by the schema that parses requests: a reader gets what may be posted. */
export const drillRequest = z.record(z.string(), z.unknown()).meta({ id: 'DrillRequest' })

export const retentionDays = z
  .number()
  .int()
  .describe('So many days after its request a drill is removed from the list, and its results from storage')

export const nextPage = nullableText.describe('Address of the next page; null: this is the last one')
