/** The moments T0 to T6 of an event, what is between them, and the proof that it happened. */
import * as z from 'zod'
import { iso, nullableIso, nullableNumber, shape } from './values.ts'

const identity = shape('Primary', {
  observedAt: iso,
  serverId: z.string().nullable(),
  sku: z.string().nullable(),
  timeline: nullableNumber,
  address: z.string().nullable(),
  postmasterStartedAt: z.string().nullable(),
  walLsn: z.string().nullable(),
  availabilityZone: z.string().nullable(),
  standbyZone: z.string().nullable(),
  haState: z.string().nullable(),
  serverState: z.string().nullable(),
})

export const moments = shape('Moments', {
  t0: nullableIso.describe('Accepted by the platform; null for an event that was only seen'),
  t1: nullableIso.describe('Last acknowledged commit before the outage'),
  t2: nullableIso.describe('First acknowledged commit on the new timeline, or after the outage where no timeline rose'),
  t3: nullableIso.describe('Every client has an acknowledged commit since then'),
  t4: nullableIso.describe(
    'Goodput at 95 % of the baseline again, and it held; the clients that came back meanwhile are back',
  ),
  t5: nullableIso.describe('And no arrival older than its deadline is left'),
  t6: nullableIso.describe('The platform says that high availability is healthy again'),
})

const outage = shape('Outage', {
  fromAt: iso,
  toAt: nullableIso,
  seconds: nullableNumber,
  refused: z.number().int(),
  unknown: z.number().int(),
  missed: z.number().int(),
  event: z.number().int().describe('Number of the event that it belongs to'),
})

export const recovery = shape('Recovery', {
  recoveryTimeSeconds: nullableNumber.describe(
    't4 - t1; of an event that no client noticed the longest pause between two commits around it, which is an upper bound',
  ),
  recoveryFromTriggerSeconds: nullableNumber.describe('t4 - t0'),
  detectionSeconds: nullableNumber.describe('t1 - t0'),
  writeOutageSeconds: nullableNumber.describe('t2 - t1; of an event that no client noticed as recoveryTimeSeconds'),
  clientOutageSeconds: z.object({
    p50: nullableNumber,
    p95: nullableNumber,
    max: nullableNumber,
    clients: z.number().int(),
    notMeasured: z
      .number()
      .int()
      .describe('Clients of a container that did not watch all the time; not part of the others'),
  }),
  exposureSeconds: nullableNumber.describe('t6 - t2: time without a standby'),
  outages: z.array(outage).describe('Every interval without any acknowledgement, in order'),
})

/** The bars of the waterfall: T0 to T5 moment by moment, in order, and beside them T6 since T2; what was not seen leaves no step. */
export const waterfallStep = z.object({
  from: z.string().describe('t0 to t5'),
  to: z.string().describe('t1 to t6'),
  sinceTriggerSeconds: nullableNumber.describe('`to` minus t0'),
  seconds: nullableNumber.describe('`to` minus `from`'),
})

export const eventProof = shape('EventProof', {
  proven: z.boolean(),
  evidence: z.array(z.string()),
  before: identity.nullable(),
  after: identity.nullable(),
})
