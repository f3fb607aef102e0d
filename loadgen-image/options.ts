/**
 * Options of a stand-alone run: a flag and an environment variable for each. Limits and most defaults are those of the load plan.
 * All problems are reported at once. No problem repeats a value: it may be a secret.
 */
import { parseArgs } from 'node:util'
import * as z from 'zod'
import { atPort, type ServerTarget } from './connection/target.ts'
import { number, type Parsed, problemsOf, whole, yesOrNo } from './contract/fields.ts'
import { CONTRACT_VERSION, ENVIRONMENT } from './contract/glossary.ts'
import { type Cohort, LOAD_DEFAULTS, type LoadPlan, parsePlan, planFields } from './contract/load-plan.ts'
import { DEFAULT_DIRECT_PORT, MAX_PORT, parseServer, parseTokenAccess } from './drill-settings.ts'
import type { TokenAccess } from './identity/database-token.ts'
import { parseProfile } from './schedule/profile.ts'

export interface LoadgenOptions {
  readonly plan: LoadPlan
  readonly pgbouncer: ServerTarget
  readonly direct: ServerTarget
  /** Null: the connection string holds the password. */
  readonly token: TokenAccess | null
  readonly outputCsv: string
  readonly isVerbose: boolean
  readonly startTimeoutSeconds: number
}

export type Invocation =
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'bad'; readonly problems: readonly string[] }
  | { readonly kind: 'run'; readonly options: LoadgenOptions }

type Environment = Readonly<Record<string, string | undefined>>

// ---- The table -------------------------------------------------------------------------------------------------------

/** The plan's fields by their own names, and what only a stand-alone run has. */
const OPTIONS = {
  targetTps: ['target-tps', 'TARGET_TPS', 'arrivals per second'],
  workers: ['workers', 'WORKER_COUNT', 'clients, each with its own connection'],
  durationSeconds: ['duration', 'TEST_DURATION', 'seconds of load'],
  outputCsv: ['output-csv', 'OUTPUT_CSV', 'one line a second; summary.json goes beside it'],
  isVerbose: ['verbose', 'ENABLE_VERBOSE', 'also print each kind of error and each outage as it ends'],
  profile: ['profile', 'LOAD_PROFILE', 'rate over time: "0:0, 0-30:1" ramps up in 30 s, "60:2, 90:1" is a spike'],
  arrivals: ['arrivals', 'ARRIVALS', 'even: at equal distances; poisson: at random'],
  deadlineMs: ['deadline-ms', 'ARRIVAL_DEADLINE_MS', 'an arrival not sent by then is missed'],
  onDeadline: ['on-deadline', 'ON_DEADLINE', 'shed: it is missed; queue: it waits'],
  replyTimeoutMs: ['reply-timeout-ms', 'REPLY_TIMEOUT_MS', 'then the connection is closed, outcome unknown'],
  connectTimeoutMs: ['connect-timeout-ms', 'CONNECT_TIMEOUT_MS', 'for one attempt, login included'],
  retry: ['retry', 'RETRY_POLICY', 'reconnect after first-max delay in ms, x multiplier, full jitter'],
  cohorts: ['cohorts', 'COHORTS', 'several policies at once, as JSON: [{"name","share","via","retry":{...}}]'],
  transactions: ['transactions', 'TRANSACTIONS', 'ledger: with key columns; compat: the plain table'],
  retryUnknown: ['retry-unknown', 'RETRY_UNKNOWN', 'send an unknown again under its own key'],
  threads: ['threads', 'THREADS', 'worker threads, 0: by the number of cores'],
  drainSeconds: ['drain', 'DRAIN_SECONDS', 'how long to wait for replies after the last arrival'],
  seed: ['seed', 'SEED', 'of everything random'],
  drillId: ['drill-id', 'LOAD_ID', 'name of the run, part of each key; default: from the time'],
  startTimeoutSeconds: ['start-timeout', 'START_TIMEOUT', 'start with fewer connections after this many seconds'],
  directPort: ['direct-port', ENVIRONMENT.directPort, "PostgreSQL's own port, for cohorts that go direct"],
} as const

type Name = keyof typeof OPTIONS
type Values = Readonly<Record<Name, unknown>>
const NAMES = Object.keys(OPTIONS) as Name[]

const ownFields = {
  outputCsv: z.string(),
  isVerbose: yesOrNo,
  startTimeoutSeconds: number(0, 86_400),
  directPort: whole(1, MAX_PORT),
}

const DEFAULTS: Values = {
  ...LOAD_DEFAULTS,
  // A load without a drill around it is not judged by the second, so an arrival may wait longer and an unknown stays one.
  deadlineMs: 5_000,
  retry: '100-5000x2',
  retryUnknown: false,
  drainSeconds: 15,
  seed: 1,
  profile: '',
  cohorts: '',
  drillId: '',
  outputCsv: './loadtest_results.csv',
  isVerbose: false,
  startTimeoutSeconds: 30,
  directPort: DEFAULT_DIRECT_PORT,
}

const FIELDS: Partial<Record<Name, z.ZodType>> = { ...planFields, ...ownFields }

const labelOf = (name: Name): string => `--${OPTIONS[name][0]} (${OPTIONS[name][1]})`

const isName = (field: PropertyKey | undefined): field is Name => Object.hasOwn(OPTIONS, String(field))

const nameOf = ([field, ...inside]: readonly PropertyKey[]): string =>
  [isName(field) ? labelOf(field) : String(field), ...(inside.length > 0 ? [inside.join('.')] : [])].join(': ')

// ---- Reading ---------------------------------------------------------------------------------------------------------

export function readInvocation(args: readonly string[], environment: Environment, now: Date): Invocation {
  if (args.includes('--help') || args.includes('-h')) return { kind: 'help', text: helpText() }
  const problems: string[] = []
  const values = readValues(readFlags(args, problems), environment)
  const pgbouncer = parseServer(environment, problems)
  const token = parseTokenAccess(environment, pgbouncer, problems)
  const plan = planOf(values, now, problems)
  const own = z.object(ownFields).safeParse(values, { reportInput: true })
  if (!own.success) problems.push(...problemsOf(own.error, nameOf))
  if (pgbouncer === null || plan === null || !own.success || problems.length > 0) return { kind: 'bad', problems }
  const { directPort, ...rest } = own.data
  return { kind: 'run', options: { plan, pgbouncer, direct: atPort(pgbouncer, directPort), token, ...rest } }
}

/** The value, or null after its problems are noted, under the label of an option where they have none of their own. */
function taken<T>(parsed: Parsed<T>, problems: string[], name: Name | null = null): T | null {
  if ('value' in parsed) return parsed.value
  problems.push(...parsed.problems.map((problem) => (name === null ? problem : `${labelOf(name)}: ${problem}`)))
  return null
}

/** By tokens and not strictly, because strict parsing stops at the first problem. */
function readFlags(args: readonly string[], problems: string[]): ReadonlyMap<Name, string> {
  const found = new Map<Name, string>()
  const options = Object.fromEntries(NAMES.map((name) => [OPTIONS[name][0], { type: typeOf(name) }]))
  const { tokens = [] } = parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true })
  for (const token of tokens) {
    const name = token.kind === 'option' ? NAMES.find((known) => OPTIONS[known][0] === token.name) : undefined
    const value = token.kind === 'option' ? token.value : undefined
    if (name === undefined) problems.push(unknownArgument(token.kind === 'option' ? token.rawName : '', token.index))
    else if (value !== undefined) found.set(name, value)
    else if (typeOf(name) === 'boolean') found.set(name, 'true')
    else problems.push(`--${OPTIONS[name][0]}: needs a value`)
  }
  return found
}

const typeOf = (name: Name) => (typeof DEFAULTS[name] === 'boolean' ? ('boolean' as const) : ('string' as const))

/** Names a short option alone: its value, or a longer word in its place, may be a secret. */
const unknownArgument = (flag: string, index: number): string =>
  /^--[a-z]{1,5}$/.test(flag)
    ? `${flag}: unknown option; see --help`
    : `argument ${index + 1} is no known option and no value of one; see --help`

function readValues(flags: ReadonlyMap<Name, string>, environment: Environment): Values {
  const entryOf = (name: Name) => {
    const text = flags.get(name) ?? (environment[OPTIONS[name][1]] || undefined)
    return [name, text === undefined ? DEFAULTS[name] : converted(name, text)]
  }
  return Object.fromEntries(NAMES.map(entryOf))
}

const WORDS: ReadonlyMap<string, boolean> = new Map([
  ...['true', '1', 'yes', 'on'].map((word) => [word, true] as const),
  ...['false', '0', 'no', 'off'].map((word) => [word, false] as const),
])

/** A text that is no number stays a text: the field's own schema refuses it. */
function converted(name: Name, text: string): unknown {
  const field = FIELDS[name]
  if (field instanceof z.ZodBoolean) return WORDS.get(text.toLowerCase()) ?? text
  return field instanceof z.ZodNumber && text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text
}

const SHUTDOWN_SECONDS = 600

function planOf(values: Values, now: Date, problems: string[]): LoadPlan | null {
  const profile = taken(parseProfile(String(values.profile)), problems, 'profile')
  const cohorts = values.cohorts === '' ? retryOf(String(values.retry)) : jsonOf(String(values.cohorts))
  const fields = {
    ...values,
    version: CONTRACT_VERSION,
    drillId: values.drillId || `loadgen-${now.toISOString().replaceAll(/\D/g, '').slice(0, 14)}`,
    containers: 1,
    probes: [],
    profile: profile ?? [],
    cohorts: taken(cohorts, problems, values.cohorts === '' ? 'retry' : 'cohorts') ?? [ANY_COHORT],
    hardDeadlineSeconds: SHUTDOWN_SECONDS,
    staleLeaseSeconds: 0,
  }
  const plan = taken(parsePlan(fields, nameOf), problems)
  if (plan === null) return null
  return { ...plan, hardDeadlineSeconds: plan.durationSeconds + plan.drainSeconds + SHUTDOWN_SECONDS }
}

/** Stands for cohorts that were refused, so that the plan reports no second problem of them. */
const ANY_COHORT: Cohort = {
  name: 'all',
  share: 1,
  via: 'pgbouncer',
  retry: { firstDelayMs: 100, maxDelayMs: 5_000, multiplier: 2, jitter: true },
}

const RETRY = /^(\d+)-(\d+)x(\d+(?:\.\d+)?)(!?)$/

function retryOf(text: string): Parsed<readonly Cohort[]> {
  const found = RETRY.exec(text)
  if (found === null) return { problems: ['expected FIRST-MAXxFACTOR in milliseconds, such as 100-5000x2'] }
  const [firstDelayMs, maxDelayMs, multiplier] = found.slice(1, 4).map(Number) as [number, number, number]
  const retry = { firstDelayMs, maxDelayMs, multiplier, jitter: found[4] === '' }
  return { value: [{ ...ANY_COHORT, retry }] }
}

function jsonOf(text: string): Parsed<unknown> {
  try {
    return { value: JSON.parse(text) as unknown }
  } catch {
    return { problems: ['not valid JSON'] }
  }
}

// ---- Help ------------------------------------------------------------------------------------------------------------

/** The bounds of a number, in the words of its schema. */
function boundsOf(name: Name): string {
  const field = FIELDS[name]
  return field instanceof z.ZodNumber ? ` (${field.safeParse(undefined).error?.issues[0]?.message})` : ''
}

function helpRow(name: Name): string {
  const [flag, variable, help] = OPTIONS[name]
  const byDefault = DEFAULTS[name] === '' ? '' : ` [${DEFAULTS[name]}]`
  return `  ${`--${flag}`.padEnd(20)} ${variable.padEnd(22)} ${help}${boundsOf(name)}${byDefault}`
}

const helpText = (): string => `Open-loop load of one-row INSERT transactions on PostgreSQL, through failovers.

Usage: npm run loadgen -- [options]        every option is also an environment variable

  POSTGRES_CONNECTION_STRING (required)    postgres://user:password@host:6432/database?sslmode=require
                                           or host=... port=6432 dbname=... user=... password=...
                                           or Host=...;Port=6432;Database=...;Username=...;Password=...;SSL Mode=Require
  Read as psql reads it: several hosts (h1,h2), unix sockets (host=/run/postgresql), target_session_attrs=read-write, and
  sslmode: disable, allow, prefer (the default), require (encrypts; checks the certificate when sslrootcert=FILE names its
  authority), verify-ca, verify-full. A word that is not supported is refused by name. PG* variables, ~/.pgpass and service
  files are not read.

  POSTGRES_TOKEN_SCOPE                     instead of a password: a Microsoft Entra token of this scope, renewed while the run lasts
                                           (https://ossrdbms-aad.database.windows.net/.default); AZURE_CLIENT_ID names the identity

${NAMES.map(helpRow).join('\n')}

Exit code: 0 done, 1 less than 80 % of the arrivals acknowledged or the run broke, 2 could not start.
`
