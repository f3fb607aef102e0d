/** The probed applications in the report: what their own clients felt of the events. `null` is "not measured". */
import * as z from 'zod'

const nullableNumber = z.number().nullable()
const iso = z.iso.datetime({ precision: 3 })

const APP_STATES = ['uninterrupted', 'back', 'not sustained', 'out', 'not measured'] as const

const appOutage = z.object({
  container: z.number().int(),
  fromAt: iso.describe('The first failed request'),
  toAt: iso.nullable().describe('The first good answer after it; null when none was seen'),
  seconds: nullableNumber.describe('null: an end of it was not observed, or it had not ended when the load did'),
  atLeastSeconds: z.number(),
  end: z.enum(['answered', 'load ended', 'not observed']),
  failed: z.number().int().describe('Requests'),
  code: z
    .string()
    .describe(
      'Of the first failed request: status-503, status-503:its-own-reason, timeout, or the code of the connection',
    ),
  lastCode: z.string().describe('Of the last failed request'),
  event: z.number().int().nullable().describe('Number of the event that it belongs to; null outside of every event'),
})

const appEvent = z.object({
  event: z.number().int(),
  state: z.enum(APP_STATES),
  outageSeconds: nullableNumber.describe('The longest outage of one container in this event'),
  recoverySeconds: nullableNumber.describe(
    'From T1 of the event (or T0, or its beginning) until no request failed any more, and it held',
  ),
  atLeastSeconds: z.number().describe('It was certainly not back before'),
  beyondDatabaseSeconds: nullableNumber.describe(
    'Of its outage in which that was longest: how long a new connection could write meanwhile, by every way that was probed; null: no request failed that was sent then, or it is not known',
  ),
  databaseSeconds: nullableNumber.describe('The recovery time of the database, from the same moment'),
  sentence: z.string(),
  advice: z.string().nullable().describe('Where to look for the time by which it was back later than the database'),
})

export const applicationSchema = z.object({
  name: z.string(),
  url: z.string(),
  method: z.string(),
  expectStatus: z.number().int(),
  everyMs: z.number().int(),
  timeoutMs: z.number().int(),
  containers: z.number().int().describe('That left a record of it'),
  requests: z
    .object({
      planned: z.number().int(),
      good: z.number().int(),
      failed: z.number().int(),
      notObserved: z.number().int(),
    })
    .describe('planned = good + failed + notObserved, exactly'),
  availability: nullableNumber.describe('Good over good + failed'),
  responseMs: z
    .object({ p50: nullableNumber, p95: nullableNumber, p99: nullableNumber, max: nullableNumber })
    .describe('The end of the answer minus the due time, of good requests'),
  notObservedSeconds: z
    .number()
    .describe('An outage of up to this length may have stayed unseen; 0 when none of over 1 s'),
  errors: z.array(z.object({ code: z.string(), meaning: z.string(), count: z.number().int() })),
  events: z.array(appEvent),
  outages: z.array(appOutage).describe('In the order of time, at most 1000'),
})

export type Application = z.infer<typeof applicationSchema>
export type ApplicationEvent = Application['events'][number]
export type ApplicationOutage = Application['outages'][number]
