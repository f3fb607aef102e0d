/**
 * The body of `POST /api/drills`, parsed once. Every field has a default, so `{}` is the whole 8,000 TPS drill.
 * Unknown fields are refused, and every bad field is named in one answer:
 *
 *   { "targetTps": 8000, "workers": 200, "durationSeconds": 300, "events": [{ "atSeconds": 120, "kind": "failover", "mode": "forced" }] }
 */
import * as z from 'zod'
import { appProbes } from '../../loadgen-image/contract/app-probe.ts'
import { list, number, shown, whole, yesOrNo } from '../../loadgen-image/contract/fields.ts'
import {
  type FieldProblem,
  LOAD_DEFAULTS,
  type LoadSettings,
  loadFields,
  rate,
} from '../../loadgen-image/contract/load-plan.ts'
import { AFTER } from '../checklist/after.ts'
import { BEFORE } from '../checklist/before.ts'
import { defaultCriteria, problemOfCriterion } from '../criteria/defaults.ts'
import type { DrillPlan, DrillTiming } from '../model/plan.ts'
import type { PlannedEvent } from '../model/planned-event.ts'
import { NO_PROBES, type ProbeSettings, problemsOfProbes } from './app-probes.ts'
import { eventSchema, withReturn } from './events.ts'
import { MIN_BASELINE_SECONDS, REQUEST_LIMITS, REQUEST_RULES } from './rules.ts'
import { chooseTarget, definedOf, type TargetDefaults, type Targets, targetSchema, targetSchemaOf } from './targets.ts'

export { REQUEST_LIMITS } from './rules.ts'

export type Problem = FieldProblem

interface RequestContext {
  readonly drillId: string
  readonly requestedAt: string
  readonly requestedBy: DrillPlan['requestedBy']
  readonly defaults: RequestDefaults
}

/** What the app's settings decide if the request does not. */
export interface RequestDefaults {
  readonly targets: Targets
  /** Absent: the app allows no application probe. */
  readonly probes?: ProbeSettings
}

export type ParsedRequest =
  | { readonly ok: true; readonly plan: DrillPlan }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** One container of this rate and of this many workers stays far from its limits. */
const TPS_PER_CONTAINER = 8_000
const WORKERS_PER_CONTAINER = 1_000

// ---- The fields -------------------------------------------------------------------------------------------------------

const containerSizeSchema = z.strictObject(
  { cpu: number(0.5, REQUEST_LIMITS.maxCpu), memoryGb: number(0.5, REQUEST_LIMITS.maxMemoryGb) },
  {
    error: `an object such as {"cpu": 2, "memoryGb": 4}, at most ${REQUEST_LIMITS.maxCpu} and ${REQUEST_LIMITS.maxMemoryGb}`,
  },
)

const seconds = (min: number, max: number) => number(min, max).optional()

const timingSchema = z.strictObject(
  {
    warmupSeconds: seconds(0, 3_600),
    /** The shortest steady load between warm-up and the first event; only the request names it. */
    minBaselineSeconds: seconds(REQUEST_LIMITS.minBaselineSeconds, 3_600),
    recoveryWindowSeconds: seconds(1, 60),
    recoveryHoldSeconds: seconds(1, 300),
    readyTimeoutSeconds: seconds(10, 3_600),
    eventTimeoutSeconds: seconds(10, 7_200),
    healthyTimeoutSeconds: seconds(0, 7_200),
    auditPauseSeconds: seconds(0, 600),
    cooldownMinutes: number(0, REQUEST_LIMITS.maxCooldownMinutes).optional(),
    watchIntervalSeconds: seconds(1, 60),
    lateMetricsSeconds: seconds(0, 1_800),
  },
  { error: 'an object of seconds, such as {"warmupSeconds": 30}' },
)

const CHECK_IDS = [...BEFORE, ...AFTER].map(({ id }) => id)

const FIELDS = {
  target: targetSchema,
  ...loadFields,
  targetTps: rate(REQUEST_LIMITS.minTps),
  workers: whole(1, REQUEST_LIMITS.maxWorkers),
  durationSeconds: whole(REQUEST_LIMITS.minDurationSeconds, REQUEST_LIMITS.maxDurationSeconds),
  containerSize: containerSizeSchema,
  events: list(eventSchema(REQUEST_LIMITS.maxDurationSeconds), 0, REQUEST_LIMITS.maxEvents, 'a list of events'),
  /** Ends with the zones as they were, by a planned failover of its own after the last one. */
  returnHome: yesOrNo,
  /** HTTP requests to the user's own services, beside the load. */
  probes: appProbes,
  timing: timingSchema,
  criteria: list(z.string({ error: 'a criterion such as "recovery_time_s <= 120"' }), 1, 50, 'a list of criteria'),
  force: list(
    z.enum(CHECK_IDS, { error: `the id of a check: ${CHECK_IDS.join(', ')}` }),
    0,
    100,
    'a list of check ids',
  ),
  migrate: yesOrNo,
  note: z.string({ error: 'a text of at most 500 characters' }).max(500, { error: 'a text of at most 500 characters' }),
} as const

export const REQUEST_FIELDS = Object.keys(FIELDS) as ReadonlyArray<keyof typeof FIELDS>

/** The same fields as one schema, for the API's description. */
export const requestSchema = z.strictObject(FIELDS).partial()

type Fields = z.infer<typeof requestSchema>

// ---- Parsing ----------------------------------------------------------------------------------------------------------

export function parseRequest(body: unknown, context: RequestContext): ParsedRequest {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    return { ok: false, problems: [{ field: '', problem: `got ${shown(body)}`, expected: 'a JSON object' }] }
  const given = body as Readonly<Record<string, unknown>>
  const { of, target, problem } = chooseTarget(given.target, context.defaults.targets)
  const { fields, problems } = readFields({ ...of.requestDefaults, ...given })
  const bad = new Set(problems.map(({ field }) => rootOf(field)))
  const plan = withDefaults(fields, context, { of, target })
  const all = [
    ...problems,
    ...(problem === null ? [] : [problem]),
    ...problemsOfProbes(plan.probes, context.defaults.probes ?? NO_PROBES),
    ...problemsOfCriteria(fields),
    ...problemsBetweenFields(plan, fields, bad),
  ]
  return all.length > 0 ? { ok: false, problems: all.map((one) => withOrigin(one, given, of)) } : { ok: true, plan }
}

const rootOf = (field: string): string => field.split(/[.[]/, 1)[0] ?? ''

/** The caller did not write what the settings add to the request. */
function withOrigin(problem: Problem, given: object, { name, requestDefaults = {} }: TargetDefaults): Problem {
  const root = rootOf(problem.field)
  const isAdded = Object.hasOwn(requestDefaults, root) && !Object.hasOwn(given, root)
  return isAdded ? { ...problem, problem: `${problem.problem} (a request default of target ${name})` } : problem
}

function readFields(body: Readonly<Record<string, unknown>>): { fields: Fields; problems: Problem[] } {
  const fields: Record<string, unknown> = {}
  const problems: Problem[] = []
  for (const [name, value] of Object.entries(body)) {
    if (!Object.hasOwn(FIELDS, name)) {
      problems.push({ field: name, problem: 'unknown field', expected: `one of ${REQUEST_FIELDS.join(', ')}` })
      continue
    }
    const schema: z.ZodType = name === 'target' ? targetSchemaOf(value) : FIELDS[name as keyof typeof FIELDS]
    const parsed = schema.safeParse(value, { reportInput: true })
    if (parsed.success) fields[name] = parsed.data
    else problems.push(...problemsOf(name, parsed.error.issues))
  }
  return { fields: fields as Fields, problems }
}

/** One problem per place: a number that is neither whole nor in range is wrong once. */
function problemsOf(name: string, issues: readonly z.core.$ZodIssue[]): Problem[] {
  const byField = new Map<string, Problem>()
  for (const issue of issues) {
    const field = fieldName(name, issue.path)
    if (issue.code === 'unrecognized_keys')
      for (const key of issue.keys)
        byField.set(`${field}.${key}`, {
          field: `${field}.${key}`,
          problem: 'unknown field',
          expected: 'no such field',
        })
    else if (!byField.has(field))
      byField.set(field, { field, problem: `got ${shown(issue.input)}`, expected: issue.message })
  }
  return [...byField.values()]
}

const fieldName = (name: string, path: readonly PropertyKey[]): string =>
  path.reduce<string>((text, key) => (typeof key === 'number' ? `${text}[${key}]` : `${text}.${String(key)}`), name)

// ---- Defaults ---------------------------------------------------------------------------------------------------------

function withDefaults(
  fields: Fields,
  { drillId, requestedAt, requestedBy }: RequestContext,
  { of, target }: Pick<ReturnType<typeof chooseTarget>, 'of' | 'target'>,
): DrillPlan {
  const load = loadOf(fields, drillId)
  const asked = eventsOf(fields, load.durationSeconds)
  const first = timingOf(fields, load.durationSeconds, asked, of)
  const hold = fields.timing?.recoveryHoldSeconds ?? MAX_HOLD_SECONDS
  const events = fields.returnHome === true ? withReturn(asked, first, hold) : asked
  return {
    drillId,
    requestedAt,
    requestedBy,
    target,
    load,
    events,
    probes: fields.probes ?? [],
    timing: timingOf(fields, load.durationSeconds, events, of),
    criteria: fields.criteria ?? defaultCriteria(load),
    force: [...new Set(fields.force ?? [])],
    migrate: fields.migrate ?? false,
    containerSize: fields.containerSize ?? { cpu: 2, memoryGb: 4 },
    note: fields.note || null,
  }
}

/**
 * Clients that wait up to 1 s between two attempts, and less where they are few: from 5 workers on, one of them tries every
 * 2.5 ms on average, or more often. An outage ends for the report with the first commit, so the time between two is its error.
 */
const defaultCohort = (workers: number): LoadSettings['cohorts'][number] => ({
  name: 'default',
  share: 1,
  via: 'pgbouncer',
  // With full jitter a worker waits half of the longest delay on average.
  retry: {
    firstDelayMs: Math.min(50, maxDelayMsOf(workers)),
    maxDelayMs: maxDelayMsOf(workers),
    multiplier: 2,
    jitter: true,
  },
})

const MS_BETWEEN_ATTEMPTS = 2.5

const maxDelayMsOf = (workers: number): number => between(25, 2 * MS_BETWEEN_ATTEMPTS * workers, 1_000)

function loadOf(fields: Fields, drillId: string): LoadSettings {
  const given = definedOf(loadPart(fields))
  const { targetTps, workers, transactions } = { ...LOAD_DEFAULTS, ...given }
  return {
    ...LOAD_DEFAULTS,
    containers: Math.max(1, Math.ceil(targetTps / TPS_PER_CONTAINER), Math.ceil(workers / WORKERS_PER_CONTAINER)),
    seed: seedOf(drillId),
    deadlineMs: 1_000,
    // The plain table has no key under which an unknown could be sent again.
    retryUnknown: transactions !== 'compat',
    cohorts: [defaultCohort(workers)],
    ...given,
  }
}

const loadPart = (fields: Fields): Pick<Fields, keyof typeof loadFields> =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => Object.hasOwn(loadFields, name)))

/** The same drill always offers the same arrivals. */
const seedOf = (drillId: string): number =>
  [...drillId].reduce((hash, letter) => (Math.imul(hash, 31) + (letter.codePointAt(0) ?? 0)) & 0x7fffffff, 7)

function eventsOf(fields: Fields, durationSeconds: number): readonly PlannedEvent[] {
  if (fields.events !== undefined) return [...fields.events].sort((a, b) => a.atSeconds - b.atSeconds)
  return [{ atSeconds: defaultEventSecond(durationSeconds), kind: 'failover', mode: 'forced' }]
}

/** Of the one event of a request without events. */
export const defaultEventSecond = (durationSeconds: number): number => Math.min(120, Math.floor(durationSeconds * 0.4))

function timingOf(
  { timing = {} }: Fields,
  durationSeconds: number,
  events: readonly PlannedEvent[],
  { cooldownMinutes }: TargetDefaults,
): DrillTiming {
  const baselineEnd = events[0]?.atSeconds ?? durationSeconds
  const roomSeconds = durationSeconds - (events.at(-1)?.atSeconds ?? 0)
  const { minBaselineSeconds: _, ...asked } = timing
  return {
    warmupSeconds: Math.min(30, Math.floor(baselineEnd / 4)),
    recoveryWindowSeconds: between(2, Math.floor(roomSeconds / 10), 10),
    recoveryHoldSeconds: between(3, Math.floor(roomSeconds / 4), MAX_HOLD_SECONDS),
    readyTimeoutSeconds: 600,
    eventTimeoutSeconds: 600,
    healthyTimeoutSeconds: 1_800,
    auditPauseSeconds: 10,
    cooldownMinutes,
    watchIntervalSeconds: between(2, Math.floor(durationSeconds / 60), 15),
    lateMetricsSeconds: 600,
    ...definedOf(asked),
  }
}

/** Unless a request asks for more. */
const MAX_HOLD_SECONDS = 30

const between = (min: number, value: number, max: number): number => Math.min(max, Math.max(min, value))

// ---- Problems between fields ------------------------------------------------------------------------------------------

const problemsBetweenFields = (plan: DrillPlan, fields: Fields, bad: ReadonlySet<string>): Problem[] =>
  REQUEST_RULES.filter((rule) => !rule.fields.some((name) => bad.has(name))).flatMap(
    (rule) =>
      rule.judge(plan, {
        minBaselineSeconds: fields.timing?.minBaselineSeconds ?? MIN_BASELINE_SECONDS,
        returnHome: fields.returnHome ?? false,
      }) ?? [],
  )

function problemsOfCriteria({ criteria = [] }: Fields): Problem[] {
  return criteria.flatMap((criterion, index) => {
    const expected = problemOfCriterion(criterion)
    return expected === null ? [] : [{ field: `criteria[${index}]`, problem: `got ${shown(criterion)}`, expected }]
  })
}
