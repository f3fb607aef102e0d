/**
 * Options of a stand-alone run: a flag and an environment variable for each, one table for parsing and for --help.
 * All problems are collected, so that one look is enough to correct them. No problem repeats a value: it may be a secret.
 */

import { atPort, type ServerTarget } from './connection/target.ts'
import { CONTRACT_VERSION, ENVIRONMENT } from './contract/glossary.ts'
import type { Cohort, LoadPlan } from './contract/load-plan.ts'
import { parsePlan } from './contract/load-plan.ts'
import { parseDirectPort, parseServer } from './drill-settings.ts'
import { parseProfile } from './schedule/profile.ts'

export interface LoadgenOptions {
  readonly plan: LoadPlan
  readonly pgbouncer: ServerTarget
  readonly direct: ServerTarget
  readonly outputCsv: string
  readonly isVerbose: boolean
  readonly startTimeoutSeconds: number
}

export type Invocation =
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'bad'; readonly problems: readonly string[] }
  | { readonly kind: 'run'; readonly options: LoadgenOptions }

type Environment = Readonly<Record<string, string | undefined>>

interface Option {
  readonly flag: string
  readonly variable: string
  readonly otherwise: string
  readonly help: string
}

const OPTIONS = {
  targetTps: option(
    'target-tps',
    'TARGET_TPS',
    '8000',
    'arrivals per second, 0.1 to 50000; 0: closed loop at full speed',
  ),
  workers: option('workers', 'WORKER_COUNT', '200', 'clients, each with its own connection'),
  duration: option('duration', 'TEST_DURATION', '300', 'seconds of load'),
  outputCsv: option(
    'output-csv',
    'OUTPUT_CSV',
    './loadtest_results.csv',
    'one line a second; summary.json goes beside it',
  ),
  verbose: option('verbose', 'ENABLE_VERBOSE', 'false', 'also print each kind of error and each outage as it ends'),
  profile: option(
    'profile',
    'LOAD_PROFILE',
    '',
    'rate over time: "0:0, 0-30:1" ramps up in 30 s, "60:2, 90:1" is a spike',
  ),
  arrivals: option('arrivals', 'ARRIVALS', 'even', 'even or poisson'),
  deadlineMs: option('deadline-ms', 'ARRIVAL_DEADLINE_MS', '5000', 'an arrival not sent by then is missed'),
  onDeadline: option('on-deadline', 'ON_DEADLINE', 'shed', 'shed: missed; queue: wait on, however long'),
  replyTimeoutMs: option(
    'reply-timeout-ms',
    'REPLY_TIMEOUT_MS',
    '10000',
    'then the connection is given up, outcome unknown',
  ),
  connectTimeoutMs: option('connect-timeout-ms', 'CONNECT_TIMEOUT_MS', '5000', 'for one attempt, login included'),
  retry: option(
    'retry',
    'RETRY_POLICY',
    '100-5000x2',
    'reconnect after first-max delay in ms, x multiplier, full jitter',
  ),
  cohorts: option(
    'cohorts',
    'COHORTS',
    '',
    'several policies at once, as JSON: [{"name","share","via","retry":{...}}]',
  ),
  transactions: option('transactions', 'TRANSACTIONS', 'ledger', 'ledger: with key columns; compat: the plain table'),
  retryUnknown: option('retry-unknown', 'RETRY_UNKNOWN', 'false', 'send an unknown again under its own key'),
  threads: option('threads', 'THREADS', '0', 'worker threads; 0: by the number of cores'),
  drain: option('drain', 'DRAIN_SECONDS', '15', 'wait this long for replies after the last arrival'),
  seed: option('seed', 'SEED', '1', 'of everything random'),
  drillId: option('drill-id', 'LOAD_ID', '', 'name of the run, part of each key; default: from the time'),
  startTimeout: option('start-timeout', 'START_TIMEOUT', '30', 'start with fewer connections after this many seconds'),
  directPort: option(
    'direct-port',
    ENVIRONMENT.directPort,
    '5432',
    "PostgreSQL's own port, for cohorts that go direct",
  ),
} as const

type Name = keyof typeof OPTIONS
type Words = Readonly<Record<Name, string>>

/** Flags that may stand without a value. */
const SWITCHES: ReadonlySet<Name> = new Set<Name>(['verbose', 'retryUnknown'])

export function readInvocation(args: readonly string[], environment: Environment, now: Date): Invocation {
  if (args.includes('--help') || args.includes('-h')) return { kind: 'help', text: helpText() }
  const problems: string[] = []
  const words = readWords(args, environment, problems)
  const pgbouncer = parseServer(environment, problems)
  const directPort = parseDirectPort({ [ENVIRONMENT.directPort]: words.directPort }, problems)
  const plan = planOf(words, now, problems)
  const startTimeoutSeconds = numberOf('startTimeout', words, problems)
  const isVerbose = switchOf('verbose', words, problems)
  if (pgbouncer === null || plan === null || problems.length > 0) return { kind: 'bad', problems }
  const direct = atPort(pgbouncer, directPort)
  return {
    kind: 'run',
    options: { plan, pgbouncer, direct, outputCsv: words.outputCsv, isVerbose, startTimeoutSeconds },
  }
}

function option(flag: string, variable: string, otherwise: string, help: string): Option {
  return { flag: `--${flag}`, variable, otherwise, help }
}

const entries = Object.entries(OPTIONS) as [Name, Option][]

function readWords(args: readonly string[], environment: Environment, problems: string[]): Words {
  const flags = readFlags(args, problems)
  const word = ([name, { variable, otherwise }]: [Name, Option]) =>
    [name, flags.get(name) ?? (environment[variable] || otherwise)] as const
  return Object.fromEntries(entries.map(word)) as Words
}

/** `--flag value` and `--flag=value`. */
function readFlags(args: readonly string[], problems: string[]): Map<Name, string> {
  const found = new Map<Name, string>()
  for (let i = 0; i < args.length; i++) {
    const [flag = '', ...rest] = (args[i] as string).split('=')
    const name = entries.find(([, known]) => known.flag === flag)?.[0]
    if (name === undefined) problems.push(unknownOption(flag, i))
    else if (rest.length > 0) found.set(name, rest.join('='))
    else if (SWITCHES.has(name)) found.set(name, 'true')
    else if (i + 1 < args.length) found.set(name, args[++i] as string)
    else problems.push(`${flag}: needs a value`)
  }
  return found
}

/** Names the option alone: what follows it, or stands in its place, may be a secret. */
const unknownOption = (flag: string, index: number): string =>
  /^--[a-z][a-z-]{0,30}$/.test(flag)
    ? `${flag}: unknown option; see --help`
    : `argument ${index + 1} is no option and no value of one; see --help`

function planOf(words: Words, now: Date, problems: string[]): LoadPlan | null {
  const number = (name: Name) => numberOf(name, words, problems)
  const durationSeconds = number('duration')
  const drainSeconds = number('drain')
  const profile = parseProfile(words.profile)
  if ('problems' in profile) problems.push(...profile.problems.map((problem) => `${labelOf('profile')}: ${problem}`))
  const parsed = parsePlan({
    version: CONTRACT_VERSION,
    drillId: words.drillId || `loadgen-${now.toISOString().replaceAll(/\D/g, '').slice(0, 14)}`,
    containers: 1,
    targetTps: number('targetTps'),
    workers: number('workers'),
    threads: number('threads'),
    durationSeconds,
    arrivals: words.arrivals,
    seed: number('seed'),
    profile: 'value' in profile ? profile.value : [],
    deadlineMs: number('deadlineMs'),
    onDeadline: words.onDeadline,
    connectTimeoutMs: number('connectTimeoutMs'),
    replyTimeoutMs: number('replyTimeoutMs'),
    cohorts: cohortsOf(words, problems),
    retryUnknown: switchOf('retryUnknown', words, problems),
    transactions: words.transactions,
    drainSeconds,
    hardDeadlineSeconds: durationSeconds + drainSeconds + 600,
    staleLeaseSeconds: 0,
  })
  if ('value' in parsed) return parsed.value
  // A word that was no number is named already; what the plan says about it would only repeat that.
  const told = new Set(problems.map(labelIn))
  problems.push(...parsed.problems.map(inTheUsersWords).filter((problem) => !told.has(labelIn(problem))))
  return null
}

const labelIn = (problem: string): string => problem.split(':')[0] as string

/** Names of the plan that differ from the option's. */
const PLAN_NAMES: Readonly<Record<string, Name>> = {
  durationSeconds: 'duration',
  hardDeadlineSeconds: 'duration',
  drainSeconds: 'drain',
}

function inTheUsersWords(problem: string): string {
  const [path = '', ...rest] = problem.split(': ')
  const [name, ...inside] = path.split('.') as [string, ...string[]]
  const known = PLAN_NAMES[name] ?? name
  if (!(known in OPTIONS)) return problem
  return [labelOf(known as Name), ...(inside.length > 0 ? [inside.join('.')] : []), ...rest].join(': ')
}

const labelOf = (name: Name): string => `${OPTIONS[name].flag} (${OPTIONS[name].variable})`

function numberOf(name: Name, words: Words, problems: string[]): number {
  const value = Number(words[name])
  if (words[name].trim() !== '' && Number.isFinite(value)) return value
  problems.push(`${labelOf(name)}: expected a number`)
  return Number.NaN
}

function switchOf(name: Name, words: Words, problems: string[]): boolean {
  const word = words[name].toLowerCase()
  if (['true', '1', 'yes', 'on'].includes(word)) return true
  if (!['false', '0', 'no', 'off'].includes(word)) problems.push(`${labelOf(name)}: expected true or false`)
  return false
}

const RETRY = /^(\d+)-(\d+)x(\d+(?:\.\d+)?)(!?)$/

function cohortsOf(words: Words, problems: string[]): unknown {
  if (words.cohorts !== '') return jsonOf(words.cohorts, problems)
  const found = RETRY.exec(words.retry)
  if (found === null)
    problems.push(`${labelOf('retry')}: expected FIRST-MAXxFACTOR in milliseconds, such as 100-5000x2`)
  const [, firstDelayMs, maxDelayMs, multiplier, plain] = found ?? ['', '100', '5000', '2', '']
  const retry = {
    firstDelayMs: Number(firstDelayMs),
    maxDelayMs: Number(maxDelayMs),
    multiplier: Number(multiplier),
    jitter: plain === '',
  }
  return [{ name: 'all', share: 1, via: 'pgbouncer', retry }] satisfies Cohort[]
}

function jsonOf(text: string, problems: string[]): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    problems.push(`${labelOf('cohorts')}: not valid JSON`)
    return []
  }
}

function helpText(): string {
  const rows = entries.map(([, { flag, variable, otherwise, help }]) => {
    const names = `  ${flag.padEnd(20)} ${variable.padEnd(22)}`
    return `${names} ${help}${otherwise === '' ? '' : ` [${otherwise}]`}`
  })
  return `Open-loop load of one-row INSERT transactions on PostgreSQL, through failovers.

Usage: npm run loadgen -- [options]        every option is also an environment variable

  POSTGRES_CONNECTION_STRING (required)    postgres://user:password@host:6432/database?sslmode=require
                                           or host=... port=6432 dbname=... user=... password=...
                                           or Host=...;Port=6432;Database=...;Username=...;Password=...;SSL Mode=Require
  Read as psql reads it: several hosts (h1,h2), unix sockets (host=/run/postgresql), target_session_attrs=read-write, and
  sslmode: disable, allow, prefer (the default), require (encrypts; checks the certificate when sslrootcert=FILE names its
  authority), verify-ca, verify-full. A word that is not supported is refused by name. PG* variables, ~/.pgpass and service
  files are not read.

${rows.join('\n')}

Exit code: 0 done, 1 less than 80 % of the arrivals acknowledged or the run broke, 2 could not start.
`
}
