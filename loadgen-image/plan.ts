/** The load plan as it is checked at the edge: from the drill's blob or from the options of a stand-alone run, by one schema. */
import * as z from 'zod'
import type { Parsed } from './connection-string.ts'
import { CONTRACT_VERSION, type LoadPlan } from './contract.ts'

const MAX_TPS = 50_000
const MIN_TPS = 0.1
const MAX_WORKERS = 20_000
const MAX_SECONDS = 7 * 24 * 3600
const MAX_MS = 3_600_000
const SHARE_TOLERANCE = 1e-6

const milliseconds = z.number().min(1).max(MAX_MS)

const retry = z.object({
  firstDelayMs: z.number().min(0).max(MAX_MS),
  maxDelayMs: z.number().min(0).max(MAX_MS),
  multiplier: z.number().min(1).max(100),
  jitter: z.boolean(),
})

const cohort = z.object({
  name: z.string().min(1).max(60),
  share: z.number().gt(0).max(1),
  via: z.enum(['pgbouncer', 'direct']),
  retry,
})

const profileStep = z.object({
  fromSecond: z.number().min(0).max(MAX_SECONDS),
  factor: z.number().min(0).max(100),
  shape: z.enum(['step', 'ramp']),
})

const addUp = (cohorts: readonly { readonly share: number }[]): boolean =>
  Math.abs(cohorts.reduce((sum, { share }) => sum + share, 0) - 1) <= SHARE_TOLERANCE

const rises = (steps: readonly { readonly fromSecond: number }[]): boolean =>
  steps.every(({ fromSecond }, i) => i === 0 || fromSecond >= (steps[i - 1]?.fromSecond ?? 0))

const loadPlan = z
  .object({
    version: z.literal(CONTRACT_VERSION),
    drillId: z.string().min(1).max(100),
    containers: z.int().min(1).max(1000),
    targetTps: z
      .number()
      .max(MAX_TPS)
      .refine((tps) => tps === 0 || tps >= MIN_TPS, `expected ${MIN_TPS}..${MAX_TPS}, or 0 for closed loop`),
    workers: z.int().min(1).max(MAX_WORKERS),
    threads: z.int().min(0).max(64),
    durationSeconds: z.number().gt(0).max(MAX_SECONDS),
    arrivals: z.enum(['even', 'poisson']),
    seed: z.int(),
    profile: z.array(profileStep).max(1000).refine(rises, 'the steps must be in order of time'),
    deadlineMs: milliseconds,
    onDeadline: z.enum(['shed', 'queue']),
    connectTimeoutMs: milliseconds,
    replyTimeoutMs: milliseconds,
    cohorts: z.array(cohort).min(1).max(50).refine(addUp, 'the shares must add up to 1'),
    retryUnknown: z.boolean(),
    transactions: z.enum(['ledger', 'compat']),
    drainSeconds: z.number().min(0).max(3600),
    hardDeadlineSeconds: z.number().gt(0).max(MAX_SECONDS),
    staleLeaseSeconds: z.number().min(0).max(MAX_SECONDS),
  })
  .refine((plan) => plan.workers >= plan.containers, {
    path: ['workers'],
    message: 'every container needs at least one worker',
  })
  .refine((plan) => plan.transactions === 'ledger' || !plan.retryUnknown, {
    path: ['retryUnknown'],
    message: 'without the ledger columns there is no key to send again',
  }) satisfies z.ZodType<LoadPlan>

export function parsePlan(value: unknown): Parsed<LoadPlan> {
  const parsed = loadPlan.safeParse(value, { reportInput: true })
  if (parsed.success) return { value: parsed.data }
  return { problems: parsed.error.issues.map((issue) => `${issue.path.join('.') || 'plan'}: ${inWords(issue)}`) }
}

/** What would have been right, and what was given: the words of every other option. */
function inWords(issue: z.core.$ZodIssue): string {
  const wanted = expectation(issue)
  return wanted === null ? issue.message : `expected ${wanted}, got ${JSON.stringify(issue.input) ?? 'nothing'}`
}

function expectation(issue: z.core.$ZodIssue): string | null {
  switch (issue.code) {
    case 'too_small':
      return `${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}${unitOf(issue.origin, issue.minimum)}`
    case 'too_big':
      return `${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}${unitOf(issue.origin, issue.maximum)}`
    case 'invalid_value':
      return issue.values.map(String).join(' or ')
    case 'invalid_type':
      return issue.expected === 'int' ? 'a whole number' : `a value of type ${issue.expected}`
    default:
      return null
  }
}

const UNITS: Readonly<Record<string, string>> = { array: ' item', string: ' character' }

function unitOf(origin: string, size: number | bigint): string {
  const unit = UNITS[origin]
  return unit === undefined ? '' : size === 1 ? unit : `${unit}s`
}
