import { expect, test } from 'vitest'
import { hasReplica, parseDrillOptions, requestBody } from '../../../infra/local/cli/drill-body.ts'
import { DRILL_COMMAND, type DrillOptions } from '../../../infra/local/cli/drill-options.ts'
import { REQUEST_OPTIONS } from '../../../infra/local/cli/request-options.ts'
import { helpOf } from '../../../infra/local/process/command-line.ts'

const DEFAULTS = {
  ...Object.fromEntries(Object.keys(REQUEST_OPTIONS).map((name) => [name, null])),
  events: [],
  returnHome: false,
  migrate: false,
  failoverAtSeconds: null,
  failoverMode: null,
  request: null,
  replica: false,
  holdBackSeconds: null,
  scaling: 'switch',
  replication: 'sync',
  criteria: [],
  repeat: 1,
  gapSeconds: null,
  campaignCriteria: [],
  withApp: false,
  force: [],
  out: 'runs',
  keep: false,
  host: 'local',
  holdStandbySeconds: null,
  platformPauseSeconds: 2,
  weather: null,
  app: null,
  entra: false,
  entraClient: null,
  patienceSeconds: 600,
  package: null,
  loadgen: null,
}

const parse = (line: string) => parseDrillOptions(line === '' ? [] : line.split(' '))

function problemsOf(args: readonly string[]): string[] {
  try {
    parseDrillOptions(args)
  } catch (error) {
    return (error as Error).message.split('\n').map((line) => line.trim())
  }
  return []
}

test('without options the drill fits a small machine', () => {
  expect(parse('')).toEqual(DEFAULTS)
  expect(requestBody(parse('') as DrillOptions)).toMatchObject({
    ...{ targetTps: 400, workers: 20, containers: 1, durationSeconds: 45 },
    events: [{ atSeconds: 15, kind: 'failover', mode: 'forced' }],
    timing: { warmupSeconds: 5, minBaselineSeconds: 3 },
  })
})

test('every option is read', () => {
  const line =
    '--target-tps 800 --workers 40 --duration 60 --failover-at 20 --containers 2 --replication async --out results --keep --hold-standby 2.5 --platform-pause 0'
  expect(parse(line)).toEqual({
    ...DEFAULTS,
    targetTps: 800,
    workers: 40,
    durationSeconds: 60,
    failoverAtSeconds: 20,
    containers: 2,
    replication: 'async',
    out: 'results',
    keep: true,
    holdStandbySeconds: 2.5,
    platformPauseSeconds: 0,
  })
})

test('--with-app probes the example, whose name the criteria may use then only', () => {
  const options = parseDrillOptions(['--with-app', '--criteria', 'app_outage_s[checkout] <= 60'])
  if (options === 'help') throw new Error('help')
  expect(requestBody(options, 'http://127.0.0.1:4711')).toMatchObject({
    probes: [
      { name: 'checkout', url: 'http://127.0.0.1:4711/checkout', method: 'POST' },
      { name: 'checkout-validated', url: 'http://127.0.0.1:4711/checkout-validated', method: 'POST' },
    ],
  })
  expect(requestBody({ ...options, withApp: false })).not.toHaveProperty('probes')
  expect(problemsOf(['--criteria', 'app_outage_s[checkout] <= 60'])[0]).toContain('names an application')
  expect(problemsOf(['--with-app', '--criteria', 'app_outage_s[basket] <= 60'])[0]).toContain('checkout')
})

test('criteria may be repeated and separated by semicolons', () => {
  const options = parseDrillOptions([
    '--criteria',
    'recovery_time_s <= 60; lost_commits == 0',
    '--criteria',
    'duplicates == 0;',
  ])
  expect(options).toMatchObject({ criteria: ['recovery_time_s <= 60', 'lost_commits == 0', 'duplicates == 0'] })
})

test('one message names every problem, with the expected value', () => {
  const line =
    '--target-tsp 5 stray --workers 0 --duration abc --failover-mode soft --replication both --containers 1.5'
  expect(problemsOf([...line.split(' '), '--criteria', 'fast please', '--out', '--keep=yes'])).toEqual([
    'unknown option "target-tsp"; did you mean --target-tps?',
    'argument 3 is unexpected: options begin with --',
    '--out needs a value (DIR)',
    '--workers: expected a whole number from 1 to 5000, got 0',
    '--duration: expected a whole number from 10 to 18000, got a text of 3 characters',
    '--containers: expected a whole number from 1 to 64, got 1.5',
    expect.stringMatching(/^--criteria, number 1: expected .*, got a text of 11 characters$/),
    '--failover-mode: expected one of forced, planned, none, got a text of 4 characters',
    '--replication: expected one of sync, async, got a text of 4 characters',
    'Nothing was started. "npm run drill -- --help" lists the options',
  ])
})

const BAD: ReadonlyArray<readonly [args: string, problem: unknown]> = [
  ['--workers -5', '--workers: expected a whole number from 1 to 5000, got a text of 2 characters'],
  ['--workers=', '--workers: expected a whole number from 1 to 5000, got a text of 0 characters'],
  [
    '--target-tps 1e9',
    '--target-tps: expected 0 for a closed loop, or a number from 2 to 50000, got a text of 3 characters',
  ],
  ['--target-tps 1', '--target-tps: expected 0 for a closed loop, or a number from 2 to 50000, got 1'],
  ['--duration 5', '--duration: expected a whole number from 10 to 18000, got 5'],
  ['--keep=3', '--keep takes no value'],
  ['--out=', '--out: expected the name of a folder, got a text of 0 characters'],
  ['-x', 'unknown option "x"'],
  ['--package /nowhere/app.zip', '--package: expected an existing file or folder, got a text of 16 characters'],
  ['--host azure', '--host: expected one of local, durable, functions, got a text of 5 characters'],
  [
    '--failover-at 44',
    '--failover-at: a forced failover at 44 s in a load of 45 s; expected events at 35 s or before, so that the recovery is seen',
  ],
  [
    '--failover-at 1',
    '--failover-at: 1 s of steady load between the warm-up (0 s) and 1 s; expected at least 3 s, or a smaller --min-baseline-seconds for a short drill',
  ],
  ['--workers 2 --containers 3', '--workers: 2 workers for 3 containers; expected at least one worker per container'],
  ['--hold-standby 3', '--hold-standby needs --replication async: with sync every commit would wait for the standby'],
  [
    '--hold-standby 3 --replication async --failover-mode planned',
    '--hold-standby needs --failover-mode forced: a planned failover waits for the standby',
  ],
  [
    '--event restart@25 --hold-standby 3 --replication async',
    '--hold-standby is for the failover of --failover-at or an external event: see --hold-back',
  ],
  ['--hold-back 3', '--hold-back needs --replica, or a switchover among the events: there is no replica to hold back'],
  ...[
    'restart',
    'restart:x@20',
    'reboot@20',
    'failover:soft@20',
    'scale@20',
    'switchover:forced:x:y@20',
    'external:x@9',
  ].map(
    (event) =>
      [
        `--event ${event}`,
        `--event, number 1: expected one of failover[:forced|planned|forcedSwitchover|plannedSwitchover]@SECONDS, restart@SECONDS, scale:SKU@SECONDS, switchover[:planned|forced[:REPLICA][:home]]@SECONDS, external@SECONDS, JSON, got a text of ${event.length} characters`,
      ] as const,
  ),
  [
    '--event restart@44',
    '--event: a restart at 44 s in a load of 45 s; expected events at 35 s or before, so that the recovery is seen',
  ],
  ['--event scale:big@20', expect.stringMatching(/^--event, events\[0\]\.sku: .*; expected the name of a size/)],
  [
    '--hold-standby 20 --replication async',
    '--hold-standby must not be longer than --failover-at: there is no load before',
  ],
]
for (const [args, problem] of BAD)
  test(`"${args}" is refused`, () => expect(problemsOf(args.split(' '))[0]).toEqual(problem))

test('--help explains every option, and no other argument matters beside it', () => {
  expect(parse('--workers 3 --help --nonsense')).toBe('help')
  const help = helpOf(DRILL_COMMAND)
  for (const { flag, help: text } of Object.values(DRILL_COMMAND.options)) {
    expect(help).toContain(`--${flag}`)
    expect(help, 'two columns').toMatch(
      new RegExp(`^ {2}--${flag}( [^ ]+)?\\s{2}.*${text.slice(0, 20).replaceAll(/\W/g, '.')}`, 'ms'),
    )
    expect(help).toContain(text)
  }
})

test.each([
  ['failover@15', { atSeconds: 15, kind: 'failover', mode: 'forced' }],
  ['failover:plannedSwitchover@15.5', { atSeconds: 15.5, kind: 'failover', mode: 'plannedSwitchover' }],
  ['restart@15', { atSeconds: 15, kind: 'restart' }],
  ['scale:Local_8vCores@15', { atSeconds: 15, kind: 'scale', sku: 'Local_8vCores' }],
  [
    'switchover@15',
    { atSeconds: 15, kind: 'switchover', mode: 'planned', replica: 'pg-local-replica', returnHome: false },
  ],
  [
    'switchover:forced:home@15',
    { atSeconds: 15, kind: 'switchover', mode: 'forced', replica: 'pg-local-replica', returnHome: true },
  ],
  ['external@15', { atSeconds: 15, kind: 'external' }],
])('--event %s takes the place of the failover in the request', (text, event) => {
  const options = parse(`--event ${text} --duration 60`) as Exclude<ReturnType<typeof parse>, 'help'>
  expect(requestBody(options)).toMatchObject({ events: [event], timing: { warmupSeconds: 5 } })
  expect(hasReplica(options)).toBe(text.startsWith('switchover'))
})

test('a drill without failover asks for none, and one with default objectives sends none', () => {
  const body = (line: string) => requestBody(parse(line) as Exclude<ReturnType<typeof parse>, 'help'>)
  expect(body('--failover-mode none')).toMatchObject({ events: [] })
  expect(body('--failover-mode planned --failover-at 12')).toMatchObject({
    events: [{ atSeconds: 12, kind: 'failover', mode: 'planned' }],
  })
  expect(Object.keys(body(''))).not.toContain('criteria')
})

test.each(['local', 'durable', 'functions'])('--host %s is a host', (host) =>
  expect(parse(`--host ${host}`)).toMatchObject({ host }),
)

test("Azure's host reads the entry file from a package.json: --package is a folder or a zip there", () => {
  const entry = import.meta.filename
  expect(problemsOf(['--package', entry, '--host', 'functions'])[0]).toMatch(
    /^--package must be a folder or a zip with --host functions/,
  )
  expect(problemsOf(['--package', import.meta.dirname, '--host', 'functions'])).toEqual([])
  expect(problemsOf(['--package', entry, '--host', 'durable'])).toEqual([])
})

test('checks are forced by their ids, beside those that this machine cannot pass', () => {
  const options = parseDrillOptions(['--force', 'synchronous-commit', '--force', 'canary', '--force', 'storage-iops'])
  if (options === 'help') throw new Error('help was not asked for')
  expect(requestBody(options).force).toEqual(['server-sku', 'storage-iops', 'synchronous-commit', 'canary'])
})

test('ids that are no checks before the load are named by their position, with the ids that exist', () => {
  const problems = problemsOf(['--force', 'sync', '--force', 'canary', '--force', 'lost-commits'])
  expect(problems.slice(0, 2)).toEqual([
    expect.stringMatching(/^--force, number 1: expected one of server-ready, .*canary/),
    expect.stringMatching(/^--force, number 3: expected one of server-ready, .*canary/),
  ])
})
