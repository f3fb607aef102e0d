/** No text for people repeats a piece of a secret: not of a parser, not of an error at the start, not of a text of others. */
import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { azureErrorParts } from '../../../functions/clients/azure/azure-errors.ts'
import { sqlErrorText as wordsOfServer } from '../../../functions/clients/postgres/connection.ts'
import { readConfig, readDatabaseConfig } from '../../../functions/config/config.ts'
import { type Environment, SETTINGS } from '../../../functions/config/settings.ts'
import { connect } from '../../../functions/connect.ts'
import { parseImageReference } from '../../../functions/platform/image-reference.ts'
import { parseRequest, REQUEST_FIELDS } from '../../../functions/request/request.ts'
import { drillsApi } from '../../../functions/triggers/drills-api.ts'
import { historyApi } from '../../../functions/triggers/history/list.ts'
import { parseDrillOptions } from '../../../infra/local/cli/drill-body.ts'
import { wordsOf } from '../../../infra/local/process/problem.ts'
import { parseConnectionString } from '../../../loadgen-image/connection/connection-string.ts'
import { parsePlan } from '../../../loadgen-image/contract/load-plan.ts'
import { errorText, withoutAddresses, withoutSecrets } from '../../../loadgen-image/contract/redact.ts'
import { parseDrillSettings } from '../../../loadgen-image/drill-settings.ts'
import { readInvocation } from '../../../loadgen-image/options.ts'
import { failureOf } from '../../../loadgen-image/record/outcome.ts'
import { aPlan, requestsTo } from '../../support/builders.ts'
import { ALL_SETTINGS } from './form-examples.ts'

const PIECE = 6
/** Letters of a kind that no word of the project is made of, so that a piece found is a piece leaked. */
const marker = fc.string({ unit: fc.constantFrom(...'QXZJVKWqxzjvkw789'), minLength: 8, maxLength: 24 })

function leakIn(output: string, secret: string): string | null {
  const lower = output.toLowerCase()
  for (let at = 0; at + PIECE <= secret.length; at++) {
    const piece = secret.slice(at, at + PIECE)
    if (lower.includes(piece.toLowerCase())) return piece
  }
  return null
}

/** Everything that a reader could see of an error or of an answer. */
function textOf(make: () => unknown): string {
  try {
    const value = make()
    return typeof value === 'string' ? value : inspect(value, { depth: 9 })
  } catch (error) {
    return error instanceof Error ? `${error.message}\n${error.stack}\n${wordsOf(error)}` : String(error)
  }
}

const check = (secrets: fc.Arbitrary<string>, outputOf: (secret: string) => string, runs = 300) =>
  fc.assert(
    fc.property(secrets, (secret) => {
      const output = outputOf(secret)
      expect(leakIn(output, secret), output).toBeNull()
    }),
    { numRuns: runs },
  )

test('the search for a leak finds one', () => {
  expect(leakIn('port: expected 1..65535, got "6432 password=qxzjvk"', 'QXZJVK')).toBe('QXZJVK')
  expect(leakIn('port: expected 1..65535', 'QXZJVK')).toBeNull()
})

// ---- Connection strings -----------------------------------------------------------------------------------------------

/** Whole strings with the secret where users put it, and where it ends up by a mistake. */
const CONNECTION_STRINGS: ReadonlyArray<(secret: string) => string> = [
  (s) => `postgres://load:${s}@127.0.0.1:notaport/shop`,
  (s) => `postgres:/load:${s}@h/db`,
  (s) => `load:${s}@h/db`,
  (s) => `https://load:${s}@h/db`,
  (s) => `postgres://load:${s}`,
  (s) => `postgres://load:12/${s}@h/db`,
  (s) => `postgres://load:12?${s}@h/db`,
  (s) => `postgres://load:12#${s}@h/db`,
  (s) => `postgres://load:a@${s}@h:99999/db`,
  (s) => `postgres://load:${s}%zz@h/db`,
  (s) => `postgres://load:p@h/db?sslmode=${s}`,
  (s) => `postgres://load:p@h/db?password=${s}&port=x`,
  (s) => `postgres://load:p@h/db?sslrootcert=/nowhere/${s}`,
  (s) => `postgres://load:p@h/db?${s}=1`,
  (s) => `port=16432 host=127.0.0.1 dbname=shop user=load password=${s} sslmode=wrong`,
  (s) => `host=127.0.0.1 password='it is ${s}' port=x user=load`,
  (s) => `host=127.0.0.1 password=one ${s} port=x user=load`,
  (s) => `host=127.0.0.1 password='one ${s} port=5432 user=load`,
  (s) => `Host=127.0.0.1;Database=shop;Username=load;Port=16432 Password=${s}`,
  (s) => `Host=127.0.0.1;Username=load;Password=a;${s};Port=x`,
  (s) => `Host=127.0.0.1;Username=load;Password=a;${s}=b;Port=x`,
  (s) => `Host=127.0.0.1,Username=load,Password=${s}`,
  (s) => `Host=127.0.0.1;Username=load;Password="a;${s};Port=5432`,
  (s) => `Host=127.0.0.1;Username=load;Pasword=${s};Port=0`,
  (s) => `Host=127.0.0.1;Username=load;Port=0;Password=${s};Password=${s}2`,
  (s) => `Host=127.0.0.1;Username=load;Password=x;SSL Mode=${s}`,
  (s) => `Host=127.0.0.1;Username=load;Password=x;Root Certificate=${s}`,
  (s) => `Host=127.0.0.1;Port=${s};Username=load`,
  (s) => `postgres://load:p@h1,${s}:x/db`,
  (s) => `postgres://load:p@h/db?hostaddr=${s}`,
  (s) => `postgres://load:p@h/db?options=-c%20${s}`,
  (s) => `postgres://load:p@h/db?sslcert=${s}&sslkey=${s}&sslpassword=${s}&service=${s}`,
  (s) => `postgres://load:p@h/db?target_session_attrs=${s}&channel_binding=${s}&gssencmode=${s}&connect_timeout=${s}`,
  (s) => `host=h user=load passfile=/home/${s} port=5432,${s}`,
  (s) => `jdbc:postgresql://h/db?user=load&password=${s}`,
  (s) => `user=load host=h pass word=${s}`,
  (s) => `user=load host=h password = ${s} more`,
  (s) => `Host=h;Username=load;${s}`,
  (s) => `Host=h;Username=load;=${s}`,
  (s) => `Host=h:${s};Username=load;Password=x`,
  (s) => `Password=${s}`,
  (s) => `${s}`,
  (s) => `${s}=${s}`,
]

/** Problems alone: a value that was read is not a text for people. */
const problemsIn = (parsed: object): string => inspect('problems' in parsed ? parsed.problems : [], { depth: 9 })

describe.each(CONNECTION_STRINGS.map((form) => [form('SECRET'), form] as const))(
  'the connection string %s',
  (_, form) => {
    test('leaves no piece of its secret in a problem', () => {
      check(marker, (secret) => problemsIn(parseConnectionString(form(secret))), 60)
      check(
        marker,
        (secret) => {
          const invocation = readInvocation(
            ['--workers', '0'],
            { POSTGRES_CONNECTION_STRING: form(secret) },
            new Date(),
          )
          return problemsIn(invocation)
        },
        20,
      )
    })
  },
)

// ---- The app's settings -----------------------------------------------------------------------------------------------

/** Without what only a file can prove. */
const BASE: Environment = { ...ALL_SETTINGS, AZURE_RESOURCE_MANAGER_CA_FILE: '' }

/** A secret as it is pasted: alone, in a URL, with a signature, with a typo. */
const PASTED: ReadonlyArray<(secret: string) => string> = [
  (s) => s,
  (s) => `htps://acc.blob.core.windows.net/drills?sv=1&sig=${s}`,
  (s) => `https://acc.blob.core.windows.net/drills?sv=1&sig=${s}`,
  (s) => `https://user:${s}@example.com/`,
  (s) => `hooks.example.com/services/${s}`,
  (s) => `postgres://load:${s}@h/db`,
  (s) => `AccountName=acc;AccountKey=${s}`,
  (s) => `{"password":"${s}"`,
  (s) => `{"${s}":`,
  (s) => `{"note":{"password":"${s}"},"target":{"server":"${s}"}}`,
  (s) => `registry.example.com/${s}@${s}`,
  (s) => ` ${s}\n${s} `,
]

test.each(SETTINGS.map(({ name }) => name))('no error at the start repeats a piece of what %s was set to', (name) => {
  for (const form of PASTED)
    check(
      marker,
      (secret) =>
        textOf(() => {
          const environment = { ...BASE, [name]: form(secret) }
          readDatabaseConfig(environment)
          connect(readConfig(environment))
          return ''
        }),
      8,
    )
})

test('an image reference that is none is not repeated', () => {
  check(marker, (secret) => textOf(() => inspect(parseImageReference(`user:${secret}@registry/x`) && '')))
})

// ---- Requests ---------------------------------------------------------------------------------------------------------

const CONTEXT = {
  drillId: 'drill-1',
  requestedAt: '2026-01-01T00:00:00.000Z',
  requestedBy: 'http',
  defaults: requestsTo({ resourceGroup: 'rg', server: 'pg-one', database: 'app' }, 0),
} as const

const WRONG_VALUES: ReadonlyArray<(secret: string) => unknown> = [
  (s) => s,
  (s) => [s],
  (s) => ({ server: s, password: s, name: s, via: s, mode: s, shape: s, atSeconds: s }),
  (s) => [{ name: s, via: s, mode: s, shape: s, share: s, retry: s }],
  (s) => [`recovery_time_s < ${s}`, `${s} < 1`, `p99_ms[${s}] < 1`, `p99_ms < 2 * ${s}`, `p99_ms < 1 * 2 * ${s}`],
]

test.each(REQUEST_FIELDS)('no problem of a request repeats a piece of the value of %s', (field) => {
  for (const wrong of WRONG_VALUES)
    check(
      marker,
      (secret) => {
        const parsed = parseRequest({ [field]: wrong(secret), workers: 0 }, CONTEXT)
        return problemsIn(parsed)
      },
      10,
    )
})

test('no answer of the API repeats a piece of a body or of a query that it refuses', async () => {
  const clients = { blobs: {} as never, table: {} as never, clock: { now: () => new Date(0), sleep: async () => {} } }
  const api = drillsApi(clients, CONTEXT as never)
  const { list } = historyApi(clients, { retentionDays: 400 })
  const bodies: ReadonlyArray<(secret: string) => string> = [
    (s) => s,
    (s) => `{"password":"${s}" oops`,
    (s) => `{"password":"${s}`,
    (s) => `"${s}"`,
    (s) => `{"note":"${s}",}`,
    (s) => `{"workers":"${s}"}`,
  ]
  await fc.assert(
    fc.asyncProperty(marker, fc.constantFrom(...bodies), async (secret, form) => {
      for (const type of ['application/json', `text/${secret}`]) {
        const headers = new Headers({ 'content-type': type })
        const request = { headers, text: async () => form(secret), method: 'POST', url: 'http://h/api/drills' }
        const answer = await api.start(request as never, {} as never)
        expect(answer.status).toBeGreaterThanOrEqual(400)
        expect(leakIn(inspect(answer), secret), inspect(answer)).toBeNull()
      }
      const query = new URLSearchParams({ limit: secret, after: `${secret}!` })
      const refused = await list({ query } as never, {} as never)
      expect(leakIn(inspect(refused), secret), inspect(refused)).toBeNull()
    }),
    { numRuns: 100 },
  )
})

// ---- Commands, plans and the environment of a container ---------------------------------------------------------------

const ARGUMENTS: ReadonlyArray<(secret: string) => readonly string[]> = [
  (s) => [`--password=${s}`],
  (s) => ['--password', s],
  (s) => [s],
  (s) => [`-p${s}`],
  (s) => [`--${s}`],
  (s) => [`--workers=${s}`],
  (s) => ['--workers', s, '--duration', s, '--target-tps', s],
  (s) => [`--criteria=${s}`],
  (s) => [`--app=/nowhere/${s}`, `--package=/nowhere/${s}`, `--host=${s}`, `--replication=${s}`],
  (s) => [`--app=https://${s}@host`, `--server=${s}.`, `--note=${s}`, `--workers=${s}`],
  (s) => [`--app=https://host/api?code=${s}`, `--request=/nowhere/${s}`, `--event={"kind":"${s}"}`],
  (s) => ['--app', `http://host/${s}`, `--entra-client=${s}`],
  (s) => [`--keep=${s}`, `--verbose=${s}`, `--retry=${s}`, `--profile=${s}`, `--cohorts=[{"name":"${s}"}]`],
  (s) => [`--cohorts=${s}`, `--arrivals=${s}`, `--drill-id=${s}!`, `--direct-port=${s}`],
]

test.each(ARGUMENTS.map((form) => [form('SECRET').join(' '), form] as const))(
  'the arguments %s are not repeated',
  (_, form) => {
    check(marker, (secret) => textOf(() => (parseDrillOptions(form(secret)) === 'help' ? 'help' : '')), 40)
    check(marker, (secret) => problemsIn(readInvocation(form(secret), {}, new Date())), 40)
  },
)

test.each(['qxzjvkwq', 'keepqxzjvkwq', 'workersqxzjvkwqqxzjvkwq'])(
  'an option that is spelled like a password, --%s, is not repeated',
  (word) => {
    const drill = textOf(() => (parseDrillOptions([`--${word}`]) === 'help' ? 'help' : ''))
    expect([
      leakIn(drill, 'qxzjvkwq'),
      leakIn(problemsIn(readInvocation([`--${word}`], {}, new Date())), 'qxzjvkwq'),
    ]).toEqual([null, null])
  },
)

test('a plan that is none is not repeated', () => {
  const plan = aPlan()
  const fields = [...Object.keys(plan), 'unknown'] as const
  check(marker, (secret) => fields.map((field) => problemsIn(parsePlan({ ...plan, [field]: secret }))).join('\n'), 40)
  check(
    marker,
    (secret) => problemsIn(parsePlan({ ...plan, cohorts: [{ name: 5, password: secret, [secret]: 1 }] })),
    40,
  )
  check(marker, (secret) => problemsIn(parsePlan(secret)), 40)
})

test('the environment of a container is not repeated', () => {
  const names = [
    'DRILL_ID',
    'DRILL_CONTAINER',
    'POSTGRES_CONNECTION_STRING',
    'POSTGRES_DIRECT_PORT',
    'DRILL_BLOB_CONTAINER_URL',
    'DRILL_BLOB_CONNECTION_STRING',
    'DRILL_BLOB_CONTAINER',
  ]
  for (const form of PASTED)
    check(
      marker,
      (secret) => names.map((name) => problemsIn(parseDrillSettings({ [name]: form(secret) }))).join('\n'),
      10,
    )
})

// ---- Texts of others --------------------------------------------------------------------------------------------------

const FOREIGN: ReadonlyArray<(secret: string) => string> = [
  (s) => `request to https://acc.blob.core.windows.net/drills/x?sv=2024-01-01&se=x&sp=rw&sig=${s} failed`,
  (s) => `GET https://example.com/hook?code=${s} answered 403`,
  (s) => `connect to postgres://load:${s}@h:5432/db failed`,
  (s) => `connect to postgres://load:a/${s}@h:5432/db failed`,
  (s) => `connection parameters: host=h user=load password=${s} dbname=x`,
  (s) => `password='${s}' is not right`,
  (s) => `Host=h;Username=load;Password=one two ${s};Port=1`,
  (s) => `DefaultEndpointsProtocol=https;AccountName=acc;AccountKey=${s}==;EndpointSuffix=x`,
  (s) => `Authorization: Bearer ${s}`,
  (s) => `{"authorization":"Bearer ${s}","x-functions-key":"${s}"}`,
  (s) => `{"access_token":"${s}","expires_in":1}`,
  (s) => `the token eyJ${s}.eyJ${s}.${s} has expired`,
  (s) => `SharedAccessSignature=sv=1&sig=${s}; wrong`,
  (s) => `Unexpected token 'S', "${s}" is not valid JSON`,
  (s) => `Unexpected token 'S', ..."word": "${s}"... is not valid JSON`,
  (s) => `AZURE_LOCAL_TOKEN=${s}`,
  (s) => `PGPASSWORD=${s} psql`,
]

test.each(FOREIGN.map((form) => [form('SECRET'), form] as const))('"%s" is repeated without its secret', (_, form) => {
  const error = (secret: string) =>
    Object.assign(new Error('it failed', { cause: new Error(form(secret)) }), { statusCode: 400 })
  check(marker, (secret) => withoutSecrets(form(secret)), 60)
  check(
    marker,
    (secret) =>
      [
        errorText(error(secret)),
        wordsOf(error(secret)),
        wordsOfServer(new Error(form(secret))),
        inspect(azureErrorParts({ statusCode: 400, message: form(secret) })),
        inspect(azureErrorParts({ details: { error: { code: 'x', message: form(secret) } } })),
        failureOf(new Error(form(secret)), 'x').message,
      ].join('\n'),
    30,
  )
})

test('a secret that the app holds is hidden wherever a text of others repeats it', () => {
  check(marker, (secret) => {
    readConfig({ ...BASE, POSTGRES_PASSWORD: secret })
    return [`the answer was ${secret}`, `x${encodeURIComponent(secret)}y`].map(withoutSecrets).join('\n')
  })
})

test.each([
  'relation "app.transactions" does not exist',
  'relation app.transactions does not exist',
  'permission denied for function app.pay(integer)',
  'password authentication failed for user "drill_load"',
  'could not open file "base/16384/2619.1": No such file or directory',
  'cross-database references are not implemented: "shop.app.transactions"',
  'null value in column "amount" of relation "transactions" violates not-null constraint',
  'PostgreSQL 16.4.1 (Debian 16.4-1.pgdg120+1), version 1.2.3',
  'loading dist/app.mjs failed',
  'canceling statement at 12:30:45',
  'the token of the role is missing',
  'ServerIsBusy: try again later; code: 57P01',
  'connect to the server again',
  'key (drill_id, worker, seq)=(drill-1, 0, 1) already exists',
  'sorry, too many clients already',
])('what names no secret and no address stays: %s', (text) => {
  expect(withoutAddresses(withoutSecrets(text))).toBe(text)
})

test.each([
  ['connect ECONNREFUSED 10.1.2.3:6432', 'connect ECONNREFUSED (address)'],
  ['getaddrinfo ENOTFOUND pg-x.postgres.database.azure.com', 'getaddrinfo ENOTFOUND (address)'],
  ['getaddrinfo ENOTFOUND pg-x', 'getaddrinfo ENOTFOUND (address)'],
  ['connect ECONNREFUSED ::1:5432', 'connect ECONNREFUSED (address)'],
  ['connection to server at "fe80::1ff:fe23:4567:890a", port 5432', 'connection to server at "(address)", port 5432'],
  ['could not translate host name "db.internal" to address', 'could not translate host name "(address)" to address'],
  ['Host: pg.example.com. is not in the names', 'Host: (address) is not in the names'],
  ['no pg_hba.conf entry for host "10.0.0.4", user "x"', 'no pg_hba.conf entry for host "(address)", user "x"'],
  ['see https://pg.example.com/x', 'see https://(address)/x'],
])('addresses do not enter a report: %s', (message, clean) => {
  expect(withoutAddresses(message)).toBe(clean)
})
