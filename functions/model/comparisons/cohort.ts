/** What the clients of one cohort saw of the worst event, beside how they behave: a part of the report. */
import * as z from 'zod'

const nullableNumber = z.number().nullable()

const SETTING_ORIGINS = ['documentation', 'request', 'load'] as const

const cohortSetting = z.object({
  name: z.string(),
  value: z.string(),
  origin: z
    .enum(SETTING_ORIGINS)
    .describe("documentation: of the client that the cohort names; request: the cohort's own; load: of the whole load"),
  source: z.string().nullable().describe('Address of the documentation; null: the value is not from there'),
  says: z.string().nullable().describe("In the client's own words for it"),
})

export const cohortSchema = z.object({
  name: z.string(),
  via: z.string(),
  client: z.string().nullable().describe('The client whose documented behaviour it has; null: it names none'),
  retry: z.string(),
  settings: z.array(cohortSetting),
  workers: z.number().int(),
  clientOutageSeconds: z
    .object({ p50: nullableNumber, p95: nullableNumber, p99: nullableNumber, max: nullableNumber })
    .describe('null: not measured, or so many of its clients never came back'),
  clients: z.number().int().describe('With a measured outage in the worst event'),
  notMeasured: z.number().int().describe('Clients of a container that did not watch all the time'),
  neverBack: z.number().int().describe('Clients that were not back when the load ended'),
  returnAfterT2Seconds: nullableNumber.describe(
    'From t2 to the return of its last client; null: it is not known, or one never came back',
  ),
  stillWaiting: z.number().int().describe('Clients that still waited for a reply when the load ended'),
  stillWaitingSeconds: nullableNumber.describe('From t2 to the end of the load, for those'),
  acknowledged: z.number().int().nullable().describe('null: a load without a ledger does not count by client'),
})

export type CohortReport = z.infer<typeof cohortSchema>
export type CohortSetting = z.infer<typeof cohortSetting>
