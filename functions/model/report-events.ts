/** The events of a drill, those that it requested, and what became of each. */
import * as z from 'zod'
import { WAY_STATES, WAYS } from './chart-data.ts'
import { replaySchema } from './comparisons/replay.ts'
import { UNDO_STATES } from './event-answer.ts'
import { EVENT_KINDS, FAILOVER_MODES, PLANNED_KINDS } from './planned-event.ts'
import { stalePrimarySchema } from './probes/stale-primary.ts'
import { eventProof, moments, recovery } from './report/moments.ts'
import { iso, nullableIso, nullableNumber, shape } from './report/values.ts'

export const CAUSES = ['drill', 'unattributed', 'other'] as const
export const SERVICE_STATES = ['uninterrupted', 'recovered', 'not sustained', 'out', 'not measured'] as const

const wayStep = shape('WayStep', {
  state: z.enum(WAY_STATES).describe('What a new client met, as the container saw it that got furthest'),
  code: z.string().describe('The error behind it; empty where an attempt only waited, or wrote'),
  fromAt: iso,
  toAt: iso,
  seconds: z.number(),
})

/** One way to the server during an event, to 100 ms. */
const eventWay = shape('EventWay', {
  way: z.enum(WAYS).describe("direct: PostgreSQL's own port. pgbouncer: through PgBouncer"),
  steps: z
    .array(wayStep)
    .describe(
      'From the first moment without a write until a write was acknowledged again; empty: it took writes throughout, or was not measured',
    ),
  backAt: nullableIso.describe('The first write after the steps'),
  outSeconds: nullableNumber.describe('All steps together; null: it was not back, or was not measured'),
  longerThanDirectSeconds: nullableNumber.describe('backAt minus the backAt of the direct way'),
  notMeasuredWhy: z.string().nullable(),
})

const nameChange = shape('NameChange', {
  at: iso.describe('First reading of the new addresses, by the container that saw them first'),
  sinceLastCommitSeconds: z.number().describe('at minus t1'),
  before: z.array(z.string()),
  after: z.array(z.string()),
}).nullable()

export const event = z.object({
  number: z.number().int().describe('From 1, in the order of time; texts and files use the same number'),
  cause: z
    .enum(CAUSES)
    .describe(
      'drill: the platform accepted a request of this drill before it. unattributed: a request of this drill may have caused it. ' +
        'other: no request of this drill explains it',
    ),
  kind: z
    .enum(EVENT_KINDS)
    .describe(
      'What was recognised. promotion: a timeline rose that no request of this drill claims. ' +
        'outage: commits stopped, no timeline rose, and nothing shows what happened',
    ),
  request: z.number().int().nullable().describe('Index into requests; null for an event that was only seen'),
  mode: z.enum(FAILOVER_MODES).nullable().describe('null for a kind without modes'),
  what: z.string().describe('In words, such as forced failover'),
  requestedAtSeconds: nullableNumber.describe(
    'As planned, after the start of the load; null for an event that was only seen',
  ),
  requestId: z.string().nullable(),
  beganAt: iso.describe('The request was sent, commits stopped, or a poll saw the change'),
  outcome: z.string().describe("The platform's answer and how its operation ended"),
  moments,
  recovery,
  service: z
    .enum(SERVICE_STATES)
    .describe('What the clients saw: recovered has a T4; out had no commit until the end of what was recorded'),
  cutBy: z
    .enum(['next event', 'end of the load'])
    .nullable()
    .describe('What ended the observation of an event that did not recover'),
  lostSeconds: nullableNumber.describe(
    'T1 minus the acknowledgement of the oldest commit that this event lost, on the clock of the database; 0 when it lost none',
  ),
  proof: eventProof,
  watched: z.boolean().describe('A load generator watched the service during all of it'),
  watchedWhy: z.string().nullable().describe('Which container stood still from when to when'),
  atLeast: z
    .object({
      recoveryTimeSeconds: nullableNumber,
      recoveryFromTriggerSeconds: nullableNumber,
      writeOutageSeconds: nullableNumber,
    })
    .describe('Lower bounds of figures that are null: the true value is this or more'),
  notMeasuredWhy: z.string().nullable().describe('Why figures of this event are null although the clients saw it'),
  ways: z.array(eventWay).describe('By the step probes; empty: not probed, or the event has no t1'),
  nameChange: nameChange.describe(
    "The server's name got other addresses since the event began; null: no change was seen",
  ),
  stalePrimary: stalePrimarySchema.describe('Whether the old primary took writes beside the new one'),
  replay: replaySchema
    .nullable()
    .describe('What may have had to be replayed, an estimate; null: nothing shows a promotion or a start'),
  sentence: z.string().describe('The event in one sentence'),
})

const REQUEST_STATES = ['not reached', 'withheld', 'refused', 'ambiguous', 'accepted', 'watched', 'left out'] as const
const OPERATION_STATES = ['running', 'succeeded', 'failed'] as const

/** What became of the change that an event left on the server. */
const undo = z.object({
  state: z
    .enum(UNDO_STATES)
    .describe(
      'waiting, asked: not undone yet. undone: the server is as it was. not needed: the event took no effect. ' +
        'changed by others: the server shows neither what was before nor what the drill asked for',
    ),
  detail: z.string(),
  at: iso,
})

/** An event that the drill planned, and what became of the request for it. */
export const eventRequest = z.object({
  kind: z.enum(PLANNED_KINDS),
  mode: z.enum(FAILOVER_MODES).nullable().describe('null for a kind without modes'),
  what: z.string().describe('In words, such as forced failover'),
  plannedAtSeconds: z.number().describe('After the start of the load'),
  state: z.enum(REQUEST_STATES),
  operation: z
    .enum(OPERATION_STATES)
    .nullable()
    .describe("The platform's own operation, as it was last read; null: it was not read"),
  detail: z.string().nullable(),
  sentAt: nullableIso,
  lateSeconds: nullableNumber.describe('Sent later than planned'),
  undo: undo.nullable().describe('null: the event leaves nothing that the drill undoes'),
  acceptedAt: nullableIso,
  requestId: z.string().nullable(),
  event: z
    .number()
    .int()
    .nullable()
    .describe(
      'Number of the event that it belongs to, or of the first one that was seen; null when nothing followed it',
    ),
})

export const advice = shape('Advice', {
  id: z.string(),
  event: z.number().int(),
  seconds: z.number().describe('The figure that the advice rests on'),
  text: z.string(),
})
