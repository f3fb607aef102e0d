/**
 * The load plan as ONE schema: types, limits, defaults, and the rules between fields. The generator checks its plan by it, and a
 * drill's request is made of the same fields, so the generator accepts every plan that a request accepts.
 */
import * as z from 'zod'
import { appProbes } from './app-probe.ts'
import { OWN_BEHAVIOUR } from './clients/behaviour.ts'
import { CLIENT_NAMES, documentedSettings } from './clients/known-clients.ts'
import { cohortOf } from './cohort.ts'
import { above, list, named, number, oneOf, type Parsed, problemsOf, whole, yesOrNo } from './fields.ts'
import { CONTRACT_VERSION } from './glossary.ts'

export const PLAN_LIMITS = {
  minTps: 0.1,
  maxTps: 50_000,
  maxWorkers: 20_000,
  /** A quota of the platform: more container groups need a request there. */
  maxContainers: 64,
  maxThreads: 64,
  maxSeconds: 7 * 24 * 3600,
} as const

const { minTps, maxTps, maxSeconds } = PLAN_LIMITS
const MAX_SEED = 2 ** 31 - 1
const MAX_DELAY_MS = 600_000
const MIN_LIMIT_MS = 100
const MAX_CONNECT_MS = 120_000
const MAX_REPLY_MS = 300_000
const MAX_KEEP_ALIVE_MS = 86_400_000
const MAX_FACTOR = 100
const SHARE_TOLERANCE = 1e-6

export const DRILL_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{2,63}$/
/** Also a blob name and an orchestration's id, whose management URLs are built without encoding. */
export const isDrillId = (text: string): boolean => DRILL_ID.test(text)

/** Arrivals per second; 0 is a closed loop. */
export const rate = (min: number) => {
  const error = `0 for a closed loop, or a number from ${min} to ${maxTps}`
  return z
    .number({ error })
    .max(maxTps, { error })
    .refine((tps) => tps === 0 || tps >= min, { error })
}

/** How a cohort of workers behaves when its connection is lost. */
const retryPolicy = z.strictObject(
  {
    firstDelayMs: number(0, MAX_DELAY_MS),
    maxDelayMs: number(0, MAX_DELAY_MS),
    multiplier: number(1, 100),
    /** Full jitter: each delay is drawn between 0 and its value. */
    jitter: yesOrNo,
  },
  { error: 'an object with firstDelayMs, maxDelayMs, multiplier and jitter' },
)

/** Null: the client sets none. */
const limit = (min: number, max: number) => {
  const error = `a whole number from ${min} to ${max}, or null for none`
  return z.int({ error }).min(min, { error }).max(max, { error }).nullable().optional()
}

/** Workers that share a client policy, so that one failover compares several policies. Shares add up to 1. */
const cohortFields = {
  name: named(/^[\w .-]{1,40}$/, 'a name of 1 to 40 letters, digits, spaces and _ . -'),
  share: number(0.001, 1),
  /** Through PgBouncer's port, or straight to PostgreSQL's own. */
  via: oneOf(['pgbouncer', 'direct']),
  /** A client whose documented behaviour gives the settings below that the cohort does not name itself. */
  client: oneOf(CLIENT_NAMES).optional(),
  retry: retryPolicy.optional(),
  connectTimeoutMs: limit(MIN_LIMIT_MS, MAX_CONNECT_MS),
  replyTimeoutMs: limit(MIN_LIMIT_MS, MAX_REPLY_MS),
  addressCacheMs: whole(0, MAX_DELAY_MS).optional(),
  keepAliveMs: limit(1_000, MAX_KEEP_ALIVE_MS),
  validation: z
    .strictObject(
      { afterIdleMs: whole(0, MAX_DELAY_MS), timeoutMs: whole(MIN_LIMIT_MS, MAX_CONNECT_MS) },
      { error: 'an object with afterIdleMs and timeoutMs, or null for none' },
    )
    .nullable()
    .optional(),
}

const A_COHORT = 'an object with name, share, via, and client or retry'

/** What the cohort names holds; then what is documented of its client; then the load's own. A whole cohort stays as it is. */
const cohort = z
  .strictObject(cohortFields, { error: A_COHORT })
  .refine(({ client, retry }) => client !== undefined || retry !== undefined, { error: A_COHORT })
  .transform((given) => {
    const documented = given.client === undefined ? {} : documentedSettings(given.client)
    return { ...documented, ...given, retry: given.retry ?? documented.retry ?? OWN_BEHAVIOUR.retry }
  })

/** From `fromSecond` after the start on, the offered rate moves linearly (or jumps) to `factor` x the target rate. */
const profileStep = z.strictObject(
  { fromSecond: number(0, maxSeconds), factor: number(0, MAX_FACTOR), shape: oneOf(['step', 'ramp']) },
  { error: 'an object such as {"fromSecond": 60, "factor": 2, "shape": "step"}' },
)

/** The part of the plan that a drill's request decides. */
export const loadFields = {
  /** Container groups that share the plan; container k gets its exact share of the rate and of the workers. */
  containers: whole(1, PLAN_LIMITS.maxContainers),
  /** All containers together. 0 is closed loop: every worker sends as soon as it can. */
  targetTps: rate(minTps),
  workers: whole(1, PLAN_LIMITS.maxWorkers),
  /** Worker threads per container; 0 lets the generator choose by its cores. */
  threads: whole(0, PLAN_LIMITS.maxThreads),
  durationSeconds: above(0, maxSeconds),
  arrivals: oneOf(['even', 'poisson']),
  seed: whole(0, MAX_SEED),
  profile: list(profileStep, 0, 100, 'a list of profile steps'),
  /** An arrival that could not be sent this long after it was due is missed (shed) or waits on (queue). */
  deadlineMs: whole(1, 600_000),
  onDeadline: oneOf(['shed', 'queue']),
  connectTimeoutMs: whole(MIN_LIMIT_MS, MAX_CONNECT_MS),
  replyTimeoutMs: whole(MIN_LIMIT_MS, MAX_REPLY_MS),
  cohorts: list(cohort, 1, 10, 'a list of cohorts'),
  /** Send an unknown again under its own key (ON CONFLICT DO NOTHING) until it is known. */
  retryUnknown: yesOrNo,
  /** `ledger` writes the key columns; `compat` is the plain transactions table: no ledger, no audit. */
  transactions: oneOf(['ledger', 'compat']),
} as const

/** The defaults that a drill and a stand-alone run share. */
export const LOAD_DEFAULTS = {
  targetTps: 8_000,
  workers: 200,
  threads: 0,
  durationSeconds: 300,
  arrivals: 'even',
  profile: [],
  onDeadline: 'shed',
  connectTimeoutMs: 5_000,
  replyTimeoutMs: 10_000,
  transactions: 'ledger',
} as const satisfies Partial<LoadFields>

export const planFields = {
  version: z.literal(CONTRACT_VERSION, { error: `version ${CONTRACT_VERSION} of the plan` }),
  drillId: named(DRILL_ID, 'an id of 3 to 64 letters, digits, _ and -'),
  ...loadFields,
  probes: appProbes,
  /** After the last arrival, wait this long for replies. */
  drainSeconds: number(0, 3600),
  /** Seconds after process start at which the generator exits in any case, so that a container cannot run and cost indefinitely. */
  hardDeadlineSeconds: number(1, 2 * maxSeconds),
  /** The generator exits when the drill's lease blob was not renewed for this long. 0 switches the rule off. */
  staleLeaseSeconds: number(0, maxSeconds),
}

// ---- Rules between fields -------------------------------------------------------------------------------------------

const loadObject = z.object(loadFields)
type LoadFields = Frozen<z.infer<typeof loadObject>>

export interface FieldProblem {
  readonly field: string
  readonly problem: string
  readonly expected: string
}

interface LoadRule {
  /** Judged only when none of these is wrong by itself. */
  readonly fields: ReadonlyArray<keyof LoadFields>
  readonly judge: (load: LoadFields) => FieldProblem | null
}

export const LOAD_RULES: readonly LoadRule[] = [
  { fields: ['containers', 'workers'], judge: everyContainerHasAWorker },
  { fields: ['cohorts'], judge: sharesAddUp },
  { fields: ['cohorts'], judge: cohortNamesDiffer },
  { fields: ['cohorts', 'workers'], judge: everyCohortHasAWorker },
  { fields: ['profile'], judge: profileRises },
  { fields: ['profile', 'targetTps'], judge: profileNeedsARate },
  { fields: ['profile', 'targetTps'], judge: profileStaysBelowTheLimit },
  { fields: ['transactions', 'retryUnknown'], judge: retryNeedsAKey },
]

function everyContainerHasAWorker({ workers, containers }: LoadFields): FieldProblem | null {
  if (workers >= containers) return null
  const problem = `${workers} workers for ${containers} containers`
  return { field: 'workers', problem, expected: 'at least one worker per container' }
}

function sharesAddUp({ cohorts }: LoadFields): FieldProblem | null {
  const total = cohorts.reduce((sum, { share }) => sum + share, 0)
  if (Math.abs(total - 1) <= SHARE_TOLERANCE) return null
  return { field: 'cohorts', problem: `shares add up to ${total}`, expected: 'shares that add up to 1' }
}

function cohortNamesDiffer({ cohorts }: LoadFields): FieldProblem | null {
  if (new Set(cohorts.map(({ name }) => name)).size === cohorts.length) return null
  return { field: 'cohorts', problem: 'two cohorts have the same name', expected: 'a name of its own for each cohort' }
}

/** A cohort without a worker would be compared by figures that were not measured. */
function everyCohortHasAWorker({ cohorts, workers }: LoadFields): FieldProblem | null {
  const served = new Set<unknown>()
  for (let worker = 0; worker < workers && served.size < cohorts.length; worker++) served.add(cohortOf(cohorts, worker))
  const empty = cohorts.findIndex((one) => !served.has(one))
  if (empty < 0) return null
  const problem = `no one of ${workers} workers falls to the cohort at position ${empty}, by its share`
  return { field: 'cohorts', problem, expected: 'more workers, or a larger share for it' }
}

function profileRises({ profile }: LoadFields): FieldProblem | null {
  const starts = profile.map(({ fromSecond }) => fromSecond)
  if (starts.every((second, i) => i === 0 || second >= (starts[i - 1] as number))) return null
  return { field: 'profile', problem: `steps at ${starts.join(', ')} s`, expected: 'steps in the order of time' }
}

function profileNeedsARate({ profile, targetTps }: LoadFields): FieldProblem | null {
  if (profile.length === 0 || targetTps > 0) return null
  return { field: 'profile', problem: 'a profile with targetTps 0', expected: 'a target rate for the profile to scale' }
}

function profileStaysBelowTheLimit({ profile, targetTps }: LoadFields): FieldProblem | null {
  const peak = targetTps * Math.max(1, ...profile.map(({ factor }) => factor))
  if (peak <= maxTps) return null
  const problem = `a peak of ${peak} arrivals per second`
  return { field: 'profile', problem, expected: `targetTps and factors that stay at ${maxTps} or below` }
}

function retryNeedsAKey({ transactions, retryUnknown }: LoadFields): FieldProblem | null {
  if (transactions === 'ledger' || !retryUnknown) return null
  return {
    field: 'retryUnknown',
    problem: 'true with transactions "compat"',
    expected: 'false, because the plain table has no key under which an unknown could be sent again',
  }
}

// ---- The document ---------------------------------------------------------------------------------------------------

const loadPlanSchema = z.object(planFields)

type Frozen<T> = T extends readonly (infer Item)[]
  ? readonly Frozen<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Frozen<T[Key]> }
    : T

export type Cohort = Frozen<z.infer<typeof cohort>>
export type ProfileStep = Frozen<z.infer<typeof profileStep>>
export type LoadPlan = Frozen<z.infer<typeof loadPlanSchema>>
/** The part of the load plan that a request decides. */
export type LoadSettings = LoadFields

type NameOf = (path: readonly PropertyKey[]) => string

/**
 * The plan in a drill's blob, or the options of a stand-alone run. Each problem begins with the name of its field: the caller
 * that has other words for the fields passes them.
 */
export function parsePlan(value: unknown, nameOf: NameOf = (path) => path.join('.') || 'plan'): Parsed<LoadPlan> {
  const parsed = loadPlanSchema.safeParse(value, { reportInput: true })
  if (!parsed.success) return { problems: problemsOf(parsed.error, nameOf) }
  const problems = LOAD_RULES.flatMap(({ judge }) => judge(parsed.data) ?? [])
  if (problems.length === 0) return { value: parsed.data }
  return {
    problems: problems.map(({ field, problem, expected }) => `${nameOf([field])}: ${problem}; expected ${expected}`),
  }
}
