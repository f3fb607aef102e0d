/**
 * report.json, schema 1: one type and one JSON Schema from one definition. `null` is "not measured"; it is never 0.
 * The definition of every figure stands beside it, and is printed in the report.
 */

import * as z from 'zod'
import { applicationSchema } from './application.ts'
import { PHASE_NAMES, WAY_STATES, WAYS } from './chart-data.ts'
import { cohortSchema } from './comparisons/cohort.ts'
import { replaySchema } from './comparisons/replay.ts'
import { stoppedBySchema } from './early-end/stopped-by-schema.ts'
import { UNDO_STATES } from './event-answer.ts'
import { EVENT_KINDS, FAILOVER_MODES, PLANNED_KINDS } from './planned-event.ts'
import { stalePrimarySchema } from './probes/stale-primary.ts'

/** A shape that occurs more than once: report.schema.json defines it once, under this id. */
const shape = <Fields extends z.ZodRawShape>(id: string, fields: Fields) => z.object(fields).meta({ id })

const nullableNumber = z.number().nullable()
const iso = z.iso.datetime({ precision: 3 }).meta({ id: 'Instant' })
const nullableIso = iso.nullable()

export const VERDICTS = ['PASS', 'FAIL', 'INCONCLUSIVE', 'ABORTED'] as const

export const criterionSchema = z.object({
  id: z.string(),
  objective: z.string().describe('Such as recovery_time_s <= 120'),
  measured: nullableNumber,
  isLowerBound: z.boolean().describe('The true value is what was measured, or more'),
  isUpperBound: z.boolean().describe('The true value is what was measured, or less'),
  unit: z.string(),
  margin: nullableNumber.describe('Distance to the objective in the unit; negative when missed'),
  verdict: z.enum(['pass', 'fail', 'unknown']),
  why: z.string(),
})

const percentiles = z
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

const phaseLatency = shape('Latency', { response: percentiles, service: percentiles }).nullable()

const outage = shape('Outage', {
  fromAt: iso,
  toAt: nullableIso,
  seconds: nullableNumber,
  refused: z.number().int(),
  unknown: z.number().int(),
  missed: z.number().int(),
  event: z.number().int().describe('Number of the event that it belongs to'),
})

const checkResult = z.object({
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

const errorRow = z.object({
  code: z.string(),
  meaning: z.string(),
  phase: z.enum(['connect', 'transaction']),
  outcome: z.enum(['refused', 'unknown']).nullable(),
  count: z.number().int(),
  firstAt: iso,
  lastAt: iso,
  workers: z.number().int(),
  example: z.string(),
})

export const journalEntry = z.object({
  at: iso,
  phase: z.string(),
  step: z.string(),
  seconds: nullableNumber,
  attempt: z.number().int(),
  result: z.enum(['ok', 'failed', 'skipped', 'note']),
  detail: z.string(),
})

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

const moments = shape('Moments', {
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

const recovery = shape('Recovery', {
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

/** What the platform records by itself of a server. */
const PLATFORM_SOURCES = ['activity log', 'resource health'] as const

/** The bars of the waterfall: T0 to T5 moment by moment, in order, and beside them T6 since T2; what was not seen leaves no step. */
const waterfallStep = z.object({
  from: z.string().describe('t0 to t5'),
  to: z.string().describe('t1 to t6'),
  sinceTriggerSeconds: nullableNumber.describe('`to` minus t0'),
  seconds: nullableNumber.describe('`to` minus `from`'),
})

const phaseSpan = z.object({
  name: z.enum(PHASE_NAMES),
  fromAt: iso,
  toAt: iso,
  seconds: z.number(),
})

const clientOutage = z.object({
  container: z.number().int(),
  worker: z.number().int(),
  cohort: z.string(),
  outageSeconds: nullableNumber.describe('null: it never came back while the load ran, or it was not measured'),
  isMeasured: z.boolean().describe('False: its container did not watch all the time'),
  lastGoodAt: nullableIso,
  firstGoodAt: nullableIso,
  code: z.string().describe('The first error of the window'),
  refused: z.number().int(),
  unknown: z.number().int(),
  connectFailures: z.number().int(),
})

/** One figure of this drill against the same figure of earlier like drills of the same server. */
const trendFigure = z.object({
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

const eventProof = shape('EventProof', {
  proven: z.boolean(),
  evidence: z.array(z.string()),
  before: identity.nullable(),
  after: identity.nullable(),
})

const CAUSES = ['drill', 'unattributed', 'other'] as const
const SERVICE_STATES = ['uninterrupted', 'recovered', 'not sustained', 'out', 'not measured'] as const

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

const event = z.object({
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
const eventRequest = z.object({
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

const advice = shape('Advice', {
  id: z.string(),
  event: z.number().int(),
  seconds: z.number().describe('The figure that the advice rests on'),
  text: z.string(),
})

const containerRow = z.object({
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

export const reportSchema = z.object({
  schema: z.literal(1),
  drillId: z.string(),
  verdict: z.enum(VERDICTS),
  headline: z.string().describe('One sentence for the top of the page'),
  reasons: z.array(z.string()).describe('Why the verdict is not PASS'),
  stoppedBy: stoppedBySchema,
  startedAt: iso,
  endedAt: iso,
  criteria: z.array(criterionSchema).describe('Empty when the load did not start: nothing was judged'),
  worstEvent: z
    .number()
    .int()
    .nullable()
    .describe(
      'Number of the event with the longest recovery time; one that did not recover is longer than every number',
    ),
  moments: moments.describe('Of the worst event, or all null'),
  recovery: recovery.describe(
    'Each figure is the worst of all events, and null when it is not known of one of them; of client outages the longest also counts the lone clients',
  ),
  requests: z.array(eventRequest).describe('Every planned event, in the order of time'),
  events: z.array(event).describe('What the drill caused and what was only seen, in the order of time'),
  waterfall: z.array(waterfallStep).describe('Of the worst event'),
  stepProbe: z
    .object({ measured: z.boolean(), why: z.string().describe('Why it was not measured; empty when it was') })
    .describe('Whether the step probes of the load generators tried the ways to the server'),
  advice: z.array(advice).describe('What the figures of this drill say could be changed, in the order of the events'),
  phases: z.array(phaseSpan),
  worstClients: z.array(clientOutage).describe('Of the worst event, at most five, the longest first'),
  loneClients: z
    .object({ clients: z.number().int(), maxOutageSeconds: nullableNumber })
    .describe('Clients that were out for a second or more outside of every event, while others were served'),
  likeDrills: z
    .object({
      what: z.string().describe('What a like drill has in common with this one: its load and its events'),
      found: z.number().int(),
      lookedAt: z.number().int().describe("Among so many of the server's newest drills before this one"),
    })
    .describe('What the trend compares with'),
  trend: z.array(trendFigure).describe('Empty when no like drill was found'),
  ledger: z.object({
    intended: z.number().int(),
    acknowledged: z.number().int(),
    refused: z.number().int(),
    unknown: z.number().int(),
    missed: z.number().int(),
    weakAcks: z.number().int(),
    lost: z.number().int().nullable(),
    recovered: z.number().int().nullable(),
    misjudged: z.number().int().nullable(),
    unexpected: z.number().int().nullable(),
    duplicates: z.number().int().nullable(),
    unresolved: z.number().int().nullable(),
    rowsFound: z.number().int().nullable(),
    lostSeconds: nullableNumber.describe('The longest of the events; 0 when no commit is lost'),
    lostKeys: z.array(z.string()).describe('worker:seq, at most 1000'),
    audits: z.array(
      z.object({
        at: iso,
        timeline: nullableNumber,
        address: z.string().nullable().describe('Of the server that was read, by its own word'),
        serverId: z.string().nullable().describe('The primary behind the name, as the platform showed it then'),
        rows: z.number().int(),
        lost: z.number().int(),
      }),
    ),
    digest: z.string().nullable().describe('SHA-256 over the merged ledger'),
  }),
  throughput: z.object({
    offeredTps: nullableNumber,
    baselineTps: nullableNumber.describe(
      'Median of acknowledged commits per second in the baseline; the mean below 10 offered per second',
    ),
    baselineMad: nullableNumber,
    meanTps: nullableNumber,
    peakTps: nullableNumber,
  }),
  availability: z.object({
    whole: nullableNumber.describe('Acknowledged within the deadline over intended'),
    aroundEvent: nullableNumber.describe('Within 150 s of the beginning of an event; of several the worst'),
    successOfAttempts: nullableNumber.describe('Acknowledged over acknowledged + refused + unknown'),
    secondsAtBaseline: nullableNumber,
    monthlyBudgetShare: nullableNumber.describe('Outage over the 4.32 minutes that 99.99 % of 30 days allow'),
  }),
  latencyMs: z.object({
    baseline: phaseLatency,
    outage: phaseLatency,
    recovery: phaseLatency,
    after: phaseLatency,
    whole: phaseLatency,
  }),
  errors: z.array(errorRow),
  applications: z.array(applicationSchema).describe('The probed applications, in the order of the request'),
  generator: z.object({
    wasTheLimit: z.boolean().nullable(),
    why: z.string(),
    containers: z.array(containerRow),
    cohorts: z.array(cohortSchema),
    missingChunks: z.array(z.string()),
  }),
  eventsProof: eventProof.describe('Of all planned events'),
  checklist: z.array(checkResult),
  metrics: z.object({
    resolution: z.string(),
    complete: z.boolean(),
    series: z.array(
      z.object({
        name: z.string(),
        unit: z.string(),
        points: z.array(z.object({ at: z.string(), average: nullableNumber, maximum: nullableNumber })),
      }),
    ),
  }),
  platformLog: z
    .object({
      records: z.array(z.object({ at: iso, source: z.enum(PLATFORM_SOURCES), what: z.string() })),
      notRead: z.array(z.string()).describe('What could not be read, and why'),
    })
    .nullable()
    .describe('Of a drill that watches: what the platform itself recorded, as context. null: nothing was read'),
  cost: z.object({
    vCpuSeconds: nullableNumber,
    gbSeconds: nullableNumber,
    currency: z.string(),
    amount: nullableNumber,
    source: z.string(),
  }),
  setup: z.record(z.string(), z.string()),
  timing: z.record(z.string(), z.number()),
  cleanup: z.object({ containersLeft: z.number().int().nullable(), verifiedAt: nullableIso }),
  journal: z.array(journalEntry),
  caveats: z.array(z.string()),
  evidence: z
    .object({ files: z.number().int(), bytes: z.number().int(), sha256: z.string() })
    .nullable()
    .describe('The raw files that the report was computed from, with the SHA-256 of their sums; null: not stored'),
})

export type Report = z.infer<typeof reportSchema>
export type Criterion = z.infer<typeof criterionSchema>
export type CheckResult = z.infer<typeof checkResult>
export type JournalEntry = z.infer<typeof journalEntry>
export type DrillEvent = z.infer<typeof event>
export type Moments = z.infer<typeof moments>
export type ServiceState = (typeof SERVICE_STATES)[number]
export type EventRequest = z.infer<typeof eventRequest>
export type EventWay = DrillEvent['ways'][number]
export type Advice = Report['advice'][number]
export type Cause = (typeof CAUSES)[number]
export type EventKind = (typeof EVENT_KINDS)[number]
export type WaterfallStep = z.infer<typeof waterfallStep>
export type ClientOutage = z.infer<typeof clientOutage>
export type TrendFigure = z.infer<typeof trendFigure>
export type Percentiles = z.infer<typeof percentiles>
export type Verdict = Report['verdict']

export interface GeneratorVerdict {
  /** Null: there was no baseline to judge by. */
  readonly wasTheLimit: boolean | null
  readonly why: string
}
