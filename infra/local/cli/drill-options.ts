/** The options of `npm run drill`: one table for parsing, for the help, and for naming every mistake in one message. */
import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { BEFORE_CHECK_IDS, type BeforeCheckId } from '../../../functions/checklist/before.ts'
import { problemOfCriterion } from '../../../functions/criteria/defaults.ts'
import { type Problem, parseRequest } from '../../../functions/request/request.ts'
import type { Replication } from '../cluster/cluster.ts'
import { CannotRun } from '../process/problem.ts'
import type { HostKind } from '../stack/functions-host.ts'

export interface DrillOptions {
  readonly targetTps: number
  readonly workers: number
  readonly durationSeconds: number
  readonly failoverAtSeconds: number
  readonly failoverMode: 'forced' | 'planned' | 'none'
  readonly containers: number
  readonly replication: Replication
  /** Empty: the default objectives. */
  readonly criteria: readonly string[]
  /** Ids of checks. */
  readonly force: readonly BeforeCheckId[]
  readonly out: string
  readonly keep: boolean
  readonly host: HostKind
  /** Seconds before the failover from which the standby receives nothing; null: never. */
  readonly holdStandbySeconds: number | null
  readonly platformPauseSeconds: number
  /** The function app and the load generator: the sources, or what would be deployed. */
  readonly app: string | null
  readonly loadgen: string | null
}

interface OptionText {
  readonly name: string
  readonly value: string | null
  readonly default: string | null
  readonly help: string
}

const TABLE = [
  {
    name: 'target-tps',
    value: 'N',
    default: '400',
    help: 'arrivals per second, all containers together; 0: as fast as they can',
  },
  { name: 'workers', value: 'N', default: '20', help: 'simulated clients, all containers together' },
  { name: 'duration', value: 'SECONDS', default: '45', help: 'length of the load' },
  {
    name: 'failover-at',
    value: 'SECONDS',
    default: '15',
    help: 'when to fail over, counted from the start of the load',
  },
  { name: 'failover-mode', value: 'MODE', default: 'forced', help: 'forced, planned or none' },
  { name: 'containers', value: 'N', default: '1', help: 'load generators' },
  {
    name: 'replication',
    value: 'KIND',
    default: 'sync',
    help: 'sync or async: whether a commit waits for the standby',
  },
  {
    name: 'criteria',
    value: 'TEXT',
    default: null,
    help: 'objectives instead of the default ones, such as "recovery_time_s <= 60; lost_commits == 0"; may be given several times',
  },
  {
    name: 'force',
    value: 'ID',
    default: null,
    help: 'a check that may fail without stopping the drill, by its id, such as synchronous-commit; recorded in the report; may be given several times',
  },
  { name: 'out', value: 'DIR', default: 'runs', help: 'where the folder <drill-id>/ with the results is made' },
  {
    name: 'keep',
    value: null,
    default: null,
    help: "keep the servers' data and logs after the end (the processes are stopped)",
  },
  {
    name: 'host',
    value: 'KIND',
    default: 'local',
    help: "local; durable: the local host on Azure's own Durable extension (needs the .NET SDK 10); or functions: Azure's own Functions host (func must be installed)",
  },
  {
    name: 'hold-standby',
    value: 'SECONDS',
    default: null,
    help: 'demonstrates loss: from so long before a forced failover on, the standby receives nothing (needs --replication async)',
  },
  {
    name: 'platform-pause',
    value: 'SECONDS',
    default: '2',
    help: 'time between the death of the primary and the promotion: what a real platform needs to notice and to fence',
  },
  {
    name: 'app',
    value: 'PATH',
    default: null,
    help: 'run this function app instead of the sources: an entry file, a folder or the zip that would be deployed',
  },
  {
    name: 'loadgen',
    value: 'FILE',
    default: null,
    help: 'run this load generator instead of the sources: its entry file',
  },
  { name: 'help', value: null, default: null, help: 'this text' },
] as const satisfies readonly OptionText[]

type Name = (typeof TABLE)[number]['name']

export const HELP = `npm run drill -- [options]

Runs a failover drill under load on this machine and leaves the report in runs/<drill-id>/.

${TABLE.map(helpLine).join('\n')}

Exit code: 0 PASS, 1 FAIL, 2 could not run, 3 INCONCLUSIVE or ABORTED.
Ctrl-C aborts the drill, which still reports; a second Ctrl-C ends everything at once.
`

function helpLine(option: OptionText): string {
  const left = `  --${option.name}${option.value === null ? '' : ` ${option.value}`}`
  const standard = option.default === null ? '' : ` (default ${option.default})`
  return `${left.padEnd(28)}${option.help}${standard}`
}

/** 'help' when that was asked for. Throws CannotRun that names every problem. */
export function parseDrillOptions(args: readonly string[]): DrillOptions | 'help' {
  const problems: string[] = []
  const given = readArguments(args, problems)
  if (given.has('help')) return 'help'
  const options = readOptions(given, problems)
  if (problems.length === 0) problems.push(...problemsBetween(options))
  if (problems.length > 0) throw new CannotRun(messageFor(problems))
  return options
}

const messageFor = (problems: readonly string[]): string =>
  `${problems.map((line) => `  ${line}`).join('\n')}\nNothing was started. "npm run drill -- --help" lists the options`

type Given = ReadonlyMap<Name, readonly string[]>

/** By tokens and not strictly, because strict parsing stops at the first mistake. */
function readArguments(args: readonly string[], problems: string[]): Given {
  const given = new Map<Name, string[]>()
  const { tokens } = parseArgs({
    args: [...args],
    options: OPTIONS,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  let wasUnknown = false
  for (const token of tokens) {
    // What follows an unknown option was meant as its value.
    if (token.kind === 'positional' && !wasUnknown)
      problems.push(`argument ${token.index + 1} is no option: options begin with --`)
    wasUnknown = false
    if (token.kind !== 'option') continue
    const option = TABLE.find(({ name }) => name === token.name)
    wasUnknown = option === undefined
    const problem = option === undefined ? unknownOption(token.rawName) : problemOfToken(option, token.value)
    if (problem !== null) problems.push(problem)
    else if (option !== undefined) given.set(option.name, [...(given.get(option.name) ?? []), token.value ?? ''])
  }
  return given
}

const OPTIONS = Object.fromEntries(
  TABLE.map(({ name, value }) => [
    name,
    { type: value === null ? ('boolean' as const) : ('string' as const), multiple: true },
  ]),
)

function problemOfToken(option: OptionText, value: string | undefined): string | null {
  if (option.value === null) return value === undefined ? null : `--${option.name} takes no value`
  // "--out --keep" would otherwise make a folder named --keep.
  return value === undefined || value.startsWith('--') ? `--${option.name} needs a value (${option.value})` : null
}

function unknownOption(rawName: string): string {
  const name = rawName.replace(/^-+/, '')
  const close = TABLE.find((option) => name.length > 1 && isClose(option.name, name))
  const known = /^--?[a-z][a-z-]{0,30}$/.test(rawName) ? rawName : 'an argument that begins with -'
  return `${known} is no option${close === undefined ? '' : `; did you mean --${close.name}?`}`
}

/** Cut short, run on, or with letters swapped. */
const isClose = (name: string, typed: string): boolean =>
  name.startsWith(typed) || typed.startsWith(name) || sorted(name) === sorted(typed)

const sorted = (word: string): string => [...word].sort().join('')

function readOptions(given: Given, problems: string[]): DrillOptions {
  const text = (name: Name): string | null =>
    given.get(name)?.at(-1) ?? TABLE.find((option) => option.name === name)?.default ?? null
  const number = (name: Name, form: NumberForm): number => {
    const value = text(name) ?? ''
    if (isNumber(value, form)) return Number(value)
    problems.push(`--${name} must be ${wanted(form)}`)
    return form.min
  }
  const oneOf = <const T extends string>(name: Name, values: readonly T[]): T => {
    const found = values.find((value) => value === text(name))
    if (found === undefined) problems.push(`--${name} must be ${values.join(' or ')}`)
    return found ?? (values[0] as T)
  }
  return {
    targetTps: number('target-tps', { min: 0, max: 50_000, isWhole: false }),
    workers: number('workers', { min: 1, max: 5_000, isWhole: true }),
    durationSeconds: number('duration', { min: 10, max: 18_000, isWhole: true }),
    failoverAtSeconds: number('failover-at', { min: 0, max: 18_000, isWhole: false }),
    failoverMode: oneOf('failover-mode', ['forced', 'planned', 'none']),
    containers: number('containers', { min: 1, max: 64, isWhole: true }),
    replication: oneOf('replication', ['sync', 'async']),
    criteria: readCriteria(given.get('criteria') ?? [], problems),
    force: readForce(given.get('force') ?? [], problems),
    out: requiredText(text('out'), problems),
    keep: given.has('keep'),
    host: oneOf('host', ['local', 'durable', 'functions']),
    holdStandbySeconds: given.has('hold-standby')
      ? number('hold-standby', { min: 0.1, max: 18_000, isWhole: false })
      : null,
    platformPauseSeconds: number('platform-pause', { min: 0, max: 600, isWhole: false }),
    app: existing('app', text('app'), problems),
    loadgen: existing('loadgen', text('loadgen'), problems),
  }
}

function readCriteria(lists: readonly string[], problems: string[]): string[] {
  const criteria = lists.flatMap((list) => list.split(';')).map((text) => text.trim())
  const given = criteria.filter((text) => text !== '')
  for (const [index, text] of given.entries()) {
    const expected = problemOfCriterion(text)
    if (expected !== null) problems.push(`--criteria, number ${index + 1}: ${expected}`)
  }
  return given
}

/** Only rows before the load stop a drill. */
function readForce(ids: readonly string[], problems: string[]): BeforeCheckId[] {
  const isKnown = (id: string): id is BeforeCheckId => BEFORE_CHECK_IDS.some((known) => known === id)
  const unknown = ids.filter((id) => !isKnown(id))
  if (unknown.length > 0)
    problems.push(
      `--force ${unknown.map((id) => JSON.stringify(id)).join(', ')}: no such check; expected one of ${BEFORE_CHECK_IDS.join(', ')}`,
    )
  return ids.filter(isKnown)
}

interface NumberForm {
  readonly min: number
  readonly max: number
  readonly isWhole: boolean
}

function isNumber(text: string, { min, max, isWhole }: NumberForm): boolean {
  const value = Number(text)
  return /^\d+(\.\d+)?$/.test(text) && value >= min && value <= max && (!isWhole || Number.isInteger(value))
}

const wanted = ({ min, max, isWhole }: NumberForm): string => `a ${isWhole ? 'whole ' : ''}number from ${min} to ${max}`

function requiredText(text: string | null, problems: string[]): string {
  if (!text) problems.push('--out must name a folder')
  return text ?? ''
}

function existing(name: Name, path: string | null, problems: string[]): string | null {
  if (path !== null && !existsSync(path)) problems.push(`--${name}: there is no such file or folder`)
  return path === null ? null : resolve(path)
}

// ---- Together ---------------------------------------------------------------------------------------------------------

/** The app's own rules, asked before anything is started, and those that only the local stack has. */
function problemsBetween(options: DrillOptions): string[] {
  const parsed = parseRequest(requestBody(options), {
    drillId: 'options',
    requestedAt: new Date(0).toISOString(),
    requestedBy: 'http',
    defaults: { target: { resourceGroup: 'local', server: 'local', database: 'local' }, cooldownMinutes: 0 },
  })
  return [
    ...(parsed.ok ? [] : parsed.problems.map(inOptions)),
    ...problemsOfHolding(options),
    ...problemsOfHost(options),
  ]
}

/** Azure's host takes the app's folder and finds the entry file in its package.json. */
function problemsOfHost({ host, app }: DrillOptions): string[] {
  const isEntryFile = app !== null && !app.endsWith('.zip') && statSync(app).isFile()
  return host === 'functions' && isEntryFile
    ? ['--app must be a folder or a zip with --host functions: Azure reads the entry file from its package.json']
    : []
}

function problemsOfHolding({
  holdStandbySeconds,
  replication,
  failoverMode,
  failoverAtSeconds,
}: DrillOptions): string[] {
  if (holdStandbySeconds === null) return []
  const problems: string[] = []
  if (replication === 'sync')
    problems.push('--hold-standby needs --replication async: with sync every commit would wait for the standby')
  if (failoverMode !== 'forced')
    problems.push('--hold-standby needs --failover-mode forced: a planned failover waits for the standby')
  if (holdStandbySeconds > failoverAtSeconds)
    problems.push('--hold-standby must not be longer than --failover-at: there is no load before')
  return problems
}

const OPTION_OF_FIELD: Readonly<Record<string, Name>> = {
  targetTps: 'target-tps',
  workers: 'workers',
  durationSeconds: 'duration',
  failovers: 'failover-at',
  containers: 'containers',
  criteria: 'criteria',
}

function inOptions({ field, problem, expected }: Problem): string {
  const option = OPTION_OF_FIELD[field.split(/[.[]/, 1)[0] ?? '']
  return `${option === undefined ? field : `--${option}`}: ${problem}; expected ${expected}`
}

/**
 * The body of the drill's request. A short drill has no room for the waits of a long one; the definitions of what is
 * measured stay the same, and the report prints the values.
 */
export function requestBody(options: DrillOptions): Readonly<Record<string, unknown>> {
  const { durationSeconds, failoverMode, failoverAtSeconds } = options
  const steadySeconds = failoverMode === 'none' ? durationSeconds : failoverAtSeconds
  return {
    targetTps: options.targetTps,
    workers: options.workers,
    durationSeconds,
    containers: options.containers,
    failovers: failoverMode === 'none' ? [] : [{ atSeconds: failoverAtSeconds, mode: failoverMode }],
    ...(options.criteria.length > 0 ? { criteria: options.criteria } : {}),
    timing: {
      warmupSeconds: Math.min(30, Math.floor(steadySeconds / 3)),
      minBaselineSeconds: 3,
      readyTimeoutSeconds: 90,
      failoverTimeoutSeconds: 120,
      healthyTimeoutSeconds: 120,
      auditPauseSeconds: AUDIT_PAUSE_SECONDS,
      cooldownMinutes: 0,
      watchIntervalSeconds: 1,
      lateMetricsSeconds: LATE_METRICS_SECONDS,
    },
    force: [...new Set([...CHECKS_OF_A_SERVICE, ...options.force])],
  }
}

/** Two looks at the rows so far apart; ten seconds where a platform may still be moving things. */
const AUDIT_PAUSE_SECONDS = 2
/** The local platform's metrics are a few seconds late, not minutes. */
const LATE_METRICS_SECONDS = 8
/** What this machine is not: a server of the advised size on the advised disk. Recorded in the report as forced. */
const CHECKS_OF_A_SERVICE = ['server-sku', 'storage-iops']
