/**
 * The fields of a drill's request as options: one row a field, named by its path in the body, with the bounds of the request's own
 * schema. A test holds the rows to the schema, so that no field lacks its option.
 */
import * as z from 'zod'
import { BEFORE_CHECK_IDS } from '../../../functions/checklist/before.ts'
import { problemOfCriterion } from '../../../functions/criteria/defaults.ts'
import { requestSchema } from '../../../functions/request/request.ts'
import { type OptionsOf, plainNumber } from '../process/command-line.ts'
import { EVENT_HELP, eventsSchema } from './drill-events.ts'

const fields = requestSchema.shape
const [targetName, targetParts] = fields.target.unwrap().options
const target = targetParts.shape
const size = fields.containerSize.unwrap().shape
const timing = fields.timing.unwrap().shape

const numeric = <T extends z.ZodType>(schema: T) => z.preprocess(plainNumber, schema)
const yesOrNo = <T extends z.ZodType>(schema: T) =>
  z.preprocess((text) => (text === 'true' ? true : text === 'false' ? false : text), schema)
/** What is no JSON stays a text, which the schema refuses. */
const json = <T extends z.ZodType>(schema: T) =>
  z.preprocess((text) => {
    try {
      return JSON.parse(String(text)) as unknown
    } catch {
      return text
    }
  }, schema)

const criterion = z.string().refine((text) => problemOfCriterion(text) === null, {
  error: ({ input }) => problemOfCriterion(String(input)) ?? '',
})
/** Repeatable, and separated by semicolons. */
export const listed = z
  .array(z.string())
  .transform((lists) =>
    lists.flatMap((list) => list.split(';').map((text) => text.trim())).filter((text) => text !== ''),
  )

const REQUEST = 'The request, by its fields'

const seconds = <T extends z.ZodType>(schema: T, flag: string, help: string) => ({
  heading: REQUEST,
  flag,
  value: 'SECONDS',
  schema: numeric(schema),
  help,
})
const amount = <T extends z.ZodType>(schema: T, flag: string, help: string) => ({
  heading: REQUEST,
  flag,
  value: 'N',
  schema: numeric(schema),
  help,
})
const text = <T extends z.ZodType>(schema: T, flag: string, value: string, help: string) => ({
  heading: REQUEST,
  flag,
  value,
  schema,
  help,
})

/** On this machine; an app has its own. */
export const DEFAULTS_HERE = { targetTps: 400, workers: 20, containers: 1, durationSeconds: 45 } as const
export const FAILOVER_AT_HERE = 15
const by = (here: number, app: string): string => ` (default ${here} on this machine, ${app} in an app)`

export const REQUEST_OPTIONS = {
  targetTps: amount(
    fields.targetTps.unwrap(),
    'target-tps',
    `arrivals per second, all containers together; 0: closed loop at full speed${by(400, '8000')}`,
  ),
  workers: amount(fields.workers.unwrap(), 'workers', `simulated clients, all containers together${by(20, '200')}`),
  durationSeconds: seconds(fields.durationSeconds.unwrap(), 'duration', `length of the load${by(45, '300')}`),
  events: {
    heading: REQUEST,
    flag: 'event',
    value: EVENT_HELP,
    isRepeatable: true,
    schema: eventsSchema,
    help: 'an event instead of the failover: restart@20, scale:Local_8vCores@20, switchover:forced:REPLICA@20, switchover:planned:REPLICA:home@20, external@10, or one as JSON; on this machine REPLICA may be omitted; repeatable',
  },
  returnHome: {
    heading: REQUEST,
    flag: 'return-home',
    help: 'ends with the zones as they were, by a planned failover after the last one',
  },
  containers: amount(fields.containers.unwrap(), 'containers', 'load generators (default: as many as the load needs)'),
  'containerSize.cpu': amount(size.cpu, 'cpu', 'cores of each container, together with --memory-gb'),
  'containerSize.memoryGb': amount(size.memoryGb, 'memory-gb', 'memory of each container, together with --cpu'),
  target: text(targetName, 'target', 'NAME', 'server of the app, by its name there (default: the only one)'),
  'target.server': text(target.server.unwrap(), 'server', 'NAME', "flexible server (default: the app's own)"),
  'target.resourceGroup': text(
    target.resourceGroup.unwrap(),
    'server-group',
    'NAME',
    "its resource group (default: the app's own)",
  ),
  'target.database': text(target.database.unwrap(), 'database', 'NAME', "its database (default: the app's own)"),
  criteria: {
    heading: REQUEST,
    flag: 'criteria',
    value: 'TEXT',
    isRepeatable: true,
    schema: listed.pipe(z.array(criterion)),
    help: 'objectives instead of the default ones, such as "recovery_time_s <= 60; lost_commits == 0"; repeatable',
  },
  force: {
    heading: REQUEST,
    flag: 'force',
    value: 'ID',
    isRepeatable: true,
    // Only these stop a drill.
    schema: z.array(z.enum(BEFORE_CHECK_IDS, { error: `one of ${BEFORE_CHECK_IDS.join(', ')}` })),
    help: 'a check that may fail without stopping the drill, by its id, such as synchronous-commit; recorded in the report; repeatable',
  },
  migrate: { heading: REQUEST, flag: 'migrate', help: "lets the drill's check create or change its tables" },
  note: text(fields.note.unwrap(), 'note', 'TEXT', 'goes into the report'),
  arrivals: text(fields.arrivals.unwrap(), 'arrivals', 'KIND', 'even or poisson'),
  seed: amount(fields.seed.unwrap(), 'seed', 'of the arrivals (default: by the id of the drill)'),
  profile: text(
    json(fields.profile.unwrap()),
    'profile',
    'JSON',
    'how the rate changes, such as [{"fromSecond": 60, "factor": 2, "shape": "step"}]',
  ),
  threads: amount(fields.threads.unwrap(), 'threads', 'worker threads of each container; 0: by its cores'),
  deadlineMs: amount(fields.deadlineMs.unwrap(), 'deadline-ms', 'after that an arrival is missed'),
  onDeadline: text(fields.onDeadline.unwrap(), 'on-deadline', 'KIND', 'shed or queue: what becomes of a late arrival'),
  connectTimeoutMs: amount(fields.connectTimeoutMs.unwrap(), 'connect-timeout-ms', 'limit of a connection attempt'),
  replyTimeoutMs: amount(fields.replyTimeoutMs.unwrap(), 'reply-timeout-ms', 'limit of a reply'),
  cohorts: text(json(fields.cohorts.unwrap()), 'cohorts', 'JSON', 'groups of clients with policies of their own'),
  retryUnknown: text(
    yesOrNo(fields.retryUnknown.unwrap()),
    'retry-unknown',
    'true|false',
    'whether a transaction without a reply is sent again under its key',
  ),
  transactions: text(
    fields.transactions.unwrap(),
    'transactions',
    'KIND',
    'ledger, or compat: the plain table, without a ledger',
  ),
  probes: text(json(fields.probes.unwrap()), 'probes', 'JSON', 'requests to your own services, beside the load'),
  'timing.warmupSeconds': seconds(timing.warmupSeconds.unwrap(), 'warmup-seconds', 'before the baseline'),
  'timing.minBaselineSeconds': seconds(
    timing.minBaselineSeconds.unwrap(),
    'min-baseline-seconds',
    'the shortest baseline that is accepted',
  ),
  'timing.recoveryWindowSeconds': seconds(
    timing.recoveryWindowSeconds.unwrap(),
    'recovery-window-seconds',
    'window in which a recovery is judged',
  ),
  'timing.recoveryHoldSeconds': seconds(
    timing.recoveryHoldSeconds.unwrap(),
    'recovery-hold-seconds',
    'how long a recovery must last',
  ),
  'timing.readyTimeoutSeconds': seconds(
    timing.readyTimeoutSeconds.unwrap(),
    'ready-timeout-seconds',
    'for the containers to get ready',
  ),
  'timing.eventTimeoutSeconds': seconds(
    timing.eventTimeoutSeconds.unwrap(),
    'event-timeout-seconds',
    'for an event to happen',
  ),
  'timing.healthyTimeoutSeconds': seconds(
    timing.healthyTimeoutSeconds.unwrap(),
    'healthy-timeout-seconds',
    'for high availability to be healthy again',
  ),
  'timing.auditPauseSeconds': seconds(timing.auditPauseSeconds.unwrap(), 'audit-pause-seconds', 'between the audits'),
  'timing.cooldownMinutes': {
    heading: REQUEST,
    flag: 'cooldown-minutes',
    value: 'MINUTES',
    schema: numeric(timing.cooldownMinutes.unwrap()),
    help: 'since the last failover of the server',
  },
  'timing.watchIntervalSeconds': seconds(
    timing.watchIntervalSeconds.unwrap(),
    'watch-interval-seconds',
    'between two looks at the server',
  ),
  'timing.lateMetricsSeconds': seconds(
    timing.lateMetricsSeconds.unwrap(),
    'late-metrics-seconds',
    'wait for metrics of the platform that arrive late',
  ),
} as const

type RequestOptions = OptionsOf<{
  readonly command: string
  readonly about: string
  readonly options: typeof REQUEST_OPTIONS
}>
export type Body = Readonly<Record<string, unknown>>

/** The body's fields that options name, and no others. */
export function givenFields(options: Partial<RequestOptions>): Body {
  const body: Record<string, unknown> = {}
  for (const name of Object.keys(REQUEST_OPTIONS) as ReadonlyArray<keyof typeof REQUEST_OPTIONS>) {
    const value = options[name]
    // A switch that is not given is false; a field may be set to false.
    const isGiven = 'value' in REQUEST_OPTIONS[name] ? !isAbsent(value) : value === true
    if (isGiven) Object.assign(body, withField(body, name.split('.'), value))
  }
  return body
}

const isAbsent = (value: unknown): boolean =>
  value === null || value === undefined || (Array.isArray(value) && value.length === 0)

const withField = (body: Body, [name = '', inner]: readonly string[], value: unknown): Body =>
  inner === undefined ? { [name]: value } : { [name]: { ...(isObject(body[name]) && body[name]), [inner]: value } }

const MERGED = ['target', 'timing', 'containerSize'] as const

/** `over` wins, field by field; forced checks add up. */
export function merged(under: Body, over: Body): Body {
  const inner = MERGED.filter((name) => isObject(under[name]) && isObject(over[name]))
  const both = inner.map((name) => [name, { ...(under[name] as Body), ...(over[name] as Body) }] as const)
  const force = [under.force, over.force].filter(Array.isArray).flat()
  return {
    ...under,
    ...over,
    ...Object.fromEntries(both),
    ...(force.length > 0 && { force: [...new Set(force)] }),
  }
}

const isObject = (value: unknown): value is Body => typeof value === 'object' && value !== null && !Array.isArray(value)
