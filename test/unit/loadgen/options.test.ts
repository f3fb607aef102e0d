import { expect, test } from 'vitest'
import { atPort, oneServer } from '../../../loadgen-image/connection/target.ts'
import { parseDrillSettings } from '../../../loadgen-image/drill-settings.ts'
import { type LoadgenOptions, readInvocation } from '../../../loadgen-image/options.ts'

const NOW = new Date('2026-03-04T05:06:07Z')
const URL = 'postgres://load:secret@127.0.0.1:6432/shop?sslmode=disable'
const SERVER = oneServer({ host: '127.0.0.1', port: 6432, database: 'shop', user: 'load', password: 'secret' })

const read = (args: readonly string[] = [], environment: Record<string, string> = {}) =>
  readInvocation(args, { POSTGRES_CONNECTION_STRING: URL, ...environment }, NOW)

function optionsOf(args: readonly string[] = [], environment: Record<string, string> = {}): LoadgenOptions {
  const invocation = read(args, environment)
  if (invocation.kind !== 'run') throw new Error(JSON.stringify(invocation))
  return invocation.options
}

test('without options it is the load that the original scripts promised', () => {
  expect(read()).toEqual({
    kind: 'run',
    options: {
      plan: {
        version: 1,
        drillId: 'loadgen-20260304050607',
        containers: 1,
        targetTps: 8000,
        workers: 200,
        threads: 0,
        durationSeconds: 300,
        arrivals: 'even',
        seed: 1,
        probes: [],
        profile: [],
        deadlineMs: 5000,
        onDeadline: 'shed',
        connectTimeoutMs: 5000,
        replyTimeoutMs: 10_000,
        cohorts: [
          {
            name: 'all',
            share: 1,
            via: 'pgbouncer',
            retry: { firstDelayMs: 100, maxDelayMs: 5000, multiplier: 2, jitter: true },
          },
        ],
        retryUnknown: false,
        transactions: 'ledger',
        drainSeconds: 15,
        hardDeadlineSeconds: 915,
        staleLeaseSeconds: 0,
      },
      pgbouncer: SERVER,
      direct: atPort(SERVER, 5432),
      token: null,
      outputCsv: './loadtest_results.csv',
      isVerbose: false,
      startTimeoutSeconds: 30,
    },
  })
})

test('the known environment variables are read, and a flag wins over its variable', () => {
  const environment = {
    TARGET_TPS: '100',
    WORKER_COUNT: '7',
    TEST_DURATION: '20',
    OUTPUT_CSV: '/x.csv',
    ENABLE_VERBOSE: 'true',
  }
  const { plan, outputCsv, isVerbose } = optionsOf(['--target-tps', '0', '--workers=9'], environment)
  expect([plan.targetTps, plan.workers, plan.durationSeconds, outputCsv, isVerbose]).toEqual([0, 9, 20, '/x.csv', true])
})

test('a profile is a short text', () => {
  expect(optionsOf(['--profile', '0:0, 0-30:1, 60:2.5']).plan.profile).toEqual([
    { fromSecond: 0, factor: 0, shape: 'step' },
    { fromSecond: 0, factor: 1, shape: 'ramp' },
    { fromSecond: 30, factor: 1, shape: 'step' },
    { fromSecond: 60, factor: 2.5, shape: 'step' },
  ])
})

test('a retry policy and whole cohorts can be given', () => {
  expect(optionsOf(['--retry', '5000-60000x2!']).plan.cohorts[0]?.retry).toEqual({
    firstDelayMs: 5000,
    maxDelayMs: 60_000,
    multiplier: 2,
    jitter: false,
  })
  const retry = { firstDelayMs: 0, maxDelayMs: 100, multiplier: 1, jitter: true }
  const cohorts = [
    { name: 'pooled', share: 0.5, via: 'pgbouncer', retry },
    { name: 'direct', share: 0.5, via: 'direct', retry },
  ]
  expect(optionsOf(['--cohorts', JSON.stringify(cohorts)]).plan.cohorts).toEqual(cohorts)
})

test('every problem is named at once', () => {
  const args = '--target-tps abc --workers 0 --duration=-5 --arrivals odd --retry often --nonsense --seed'.split(' ')
  const invocation = readInvocation(args, { POSTGRES_CONNECTION_STRING: 'Host=;Port=0' }, NOW)
  expect(invocation).toEqual({
    kind: 'bad',
    problems: [
      'argument 10 is no known option and no value of one; see --help',
      '--seed: needs a value',
      'POSTGRES_CONNECTION_STRING: port: expected whole numbers 1..65535; see whether a separator is missing',
      'POSTGRES_CONNECTION_STRING: host: none given; a unix socket is host=/run/postgresql',
      'POSTGRES_CONNECTION_STRING: user: none given',
      '--retry (RETRY_POLICY): expected FIRST-MAXxFACTOR in milliseconds, such as 100-5000x2',
      '--target-tps (TARGET_TPS): expected 0 for a closed loop, or a number from 0.1 to 50000, got a text of 3 characters',
      '--workers (WORKER_COUNT): expected a whole number from 1 to 20000, got 0',
      '--duration (TEST_DURATION): expected a number above 0, up to 604800, got -5',
      '--arrivals (ARRIVALS): expected one of even, poisson, got a text of 3 characters',
    ],
  })
})

test.each([
  [['--cohorts', '[]'], /^--cohorts \(COHORTS\): expected a list of cohorts, 1 to 10 of them, got a list of 0$/],
  [['--cohorts', '{}'], /^--cohorts \(COHORTS\): expected a list of cohorts, 1 to 10 of them, got an object$/],
  [['--profile', '30'], /^--profile \(LOAD_PROFILE\): step 1: expected second:factor or from-to:factor$/],
  [['--profile', '30:1, 10:2'], /^--profile \(LOAD_PROFILE\): steps at 30, 10 s; expected steps in the order of time$/],
  [['--cohorts', '[{'], /^--cohorts \(COHORTS\): not valid JSON/],
  [
    ['--transactions', 'compat', '--retry-unknown'],
    /^--retry-unknown \(RETRY_UNKNOWN\): true with transactions "compat"; expected false/,
  ],
  [['--direct-port', '0'], /^--direct-port \(POSTGRES_DIRECT_PORT\): expected a whole number from 1 to 65535, got 0$/],
])('%j is refused', (args, problem) => {
  const invocation = read(args)
  if (invocation.kind !== 'bad') throw new Error('it was accepted')
  expect(
    invocation.problems.find((text) => problem.test(text)),
    invocation.problems.join('\n'),
  ).toBeDefined()
})

test('without a connection string it says which form is wanted', () => {
  expect(readInvocation([], {}, NOW)).toEqual({
    kind: 'bad',
    problems: ['POSTGRES_CONNECTION_STRING: missing; expected postgres://user:password@host:6432/database'],
  })
})

test('--help names every option with its variable and default', () => {
  const invocation = read(['--help'])
  const text = invocation.kind === 'help' ? invocation.text : ''
  for (const word of ['--target-tps', 'TARGET_TPS', '[8000]', '--profile', 'LOAD_PROFILE', 'sslmode', 'Exit code'])
    expect(text).toContain(word)
})

const DRILL = {
  POSTGRES_CONNECTION_STRING: URL,
  DRILL_ID: 'drill-1',
  DRILL_CONTAINER: '3',
  DRILL_BLOB_CONTAINER_URL: 'https://account.blob.core.windows.net/drills',
}

test('a container of a drill reads its environment', () => {
  expect(parseDrillSettings({ ...DRILL, AZURE_CLIENT_ID: 'client', POSTGRES_DIRECT_PORT: '5433' })).toEqual({
    value: {
      drillId: 'drill-1',
      container: 3,
      blobs: { kind: 'identity', containerUrl: DRILL.DRILL_BLOB_CONTAINER_URL, clientId: 'client' },
      pgbouncer: SERVER,
      direct: atPort(SERVER, 5433),
      token: null,
      probeSecrets: new Map(),
      allowLoopbackProbes: false,
    },
  })
})

test('the secrets of application probes are a JSON object of texts, and a problem repeats none', () => {
  const withSecrets = (text: string) => parseDrillSettings({ ...DRILL, APP_PROBE_SECRETS: text })
  const good = withSecrets('{"token":"Bearer qxzjvk77"}')
  expect('value' in good && good.value.probeSecrets).toEqual(new Map([['token', 'Bearer qxzjvk77']]))
  for (const bad of ['qxzjvk77', '{"token":7}', '"qxzjvk77"', 'null', '{"qxzjvk77'])
    expect(withSecrets(bad)).toEqual({ problems: ['APP_PROBE_SECRETS: expected a JSON object of texts'] })
})

const SCOPE = 'https://ossrdbms-aad.database.windows.net/.default'
const AZURE = 'postgres://id-load@pg.example:6432/shop?sslmode=verify-full'
const problemsOfToken = (environment: Record<string, string>) => {
  const parsed = parseDrillSettings({ ...DRILL, ...environment })
  return 'problems' in parsed ? parsed.problems : parsed.value.token
}

test.each([
  ['a certificate that is checked', AZURE],
  ['this machine', 'postgres://id-load@127.0.0.1:6432/shop?sslmode=disable'],
  ['a socket of this machine', 'host=/run/postgresql dbname=shop user=id-load'],
])('a token takes the place of the password on the way to a server with %s', (_, url) => {
  const environment = { POSTGRES_CONNECTION_STRING: url, POSTGRES_TOKEN_SCOPE: SCOPE, AZURE_CLIENT_ID: 'client' }
  expect(problemsOfToken(environment)).toEqual({ scope: SCOPE, clientId: 'client' })
  expect(optionsOf([], environment).token).toEqual({ scope: SCOPE, clientId: 'client' })
})

const CHECKED = 'POSTGRES_TOKEN_SCOPE: a token goes to a server whose certificate is checked; set sslmode=verify-full'
test.each([
  [
    'no scope',
    AZURE,
    'ossrdbms-aad',
    ['POSTGRES_TOKEN_SCOPE: expected a scope such as https://ossrdbms-aad.database.windows.net/.default'],
  ],
  [
    'a scope without TLS',
    AZURE,
    SCOPE.replace('https', 'http'),
    ['POSTGRES_TOKEN_SCOPE: expected a scope such as https://ossrdbms-aad.database.windows.net/.default'],
  ],
  [
    'a password as well',
    AZURE.replace('@', ':MARKED-SECRET@'),
    SCOPE,
    ['POSTGRES_TOKEN_SCOPE: the connection string holds a password; give the token or the password'],
  ],
  ['no encryption', AZURE.replace('verify-full', 'disable'), SCOPE, [CHECKED]],
  ['a certificate that nothing checks', AZURE.replace('verify-full', 'require'), SCOPE, [CHECKED]],
  [
    'a server of another machine beside this one',
    'postgres://id-load@127.0.0.1,pg.example/shop?sslmode=disable',
    SCOPE,
    [CHECKED],
  ],
])('a token with %s is refused before anything is sent', (_, url, scope, problems) => {
  const environment = { POSTGRES_CONNECTION_STRING: url, POSTGRES_TOKEN_SCOPE: scope }
  expect(problemsOfToken(environment)).toEqual(problems)
  expect(read([], environment)).toEqual({ kind: 'bad', problems })
})

test('a blob connection string goes before the address', () => {
  const environment = {
    ...DRILL,
    DRILL_BLOB_CONNECTION_STRING: 'UseDevelopmentStorage=true',
    DRILL_BLOB_CONTAINER: 'drills',
  }
  expect(parseDrillSettings(environment)).toMatchObject({
    value: {
      blobs: { kind: 'connection-string', connectionString: 'UseDevelopmentStorage=true', container: 'drills' },
    },
  })
})

test('a container with a bad environment names every problem', () => {
  expect(parseDrillSettings({ DRILL_CONTAINER: '-1', POSTGRES_DIRECT_PORT: 'x' })).toEqual({
    problems: [
      'DRILL_ID: missing',
      'DRILL_CONTAINER: expected a whole number from 0 to 63',
      'POSTGRES_DIRECT_PORT: expected a whole number from 1 to 65535',
      'DRILL_BLOB_CONTAINER_URL: expected the URL of a Blob container, https://<account>.blob.core.windows.net/<container>; this is no URL',
      'POSTGRES_CONNECTION_STRING: missing; expected postgres://user:password@host:6432/database',
    ],
  })
})
