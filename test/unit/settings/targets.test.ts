/** DRILL_TARGETS: several servers in one setting, and what is wrong with it. */
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { type Config, readConfig, readDatabaseConfig, targetConfigOf } from '../../../functions/config/config.ts'
import { chooseTarget } from '../../../functions/request/targets.ts'
import { DEPLOYED_SETTINGS } from '../../support/deployed-settings.ts'
import { problemsIn } from './form-examples.ts'

const { POSTGRES_SERVER: _, ...SHARED } = DEPLOYED_SETTINGS

const withTargets = (targets: unknown, more: Record<string, string> = {}) => ({
  ...SHARED,
  ...more,
  DRILL_TARGETS: typeof targets === 'string' ? targets : JSON.stringify(targets),
})
const read = (targets: unknown, more: Record<string, string> = {}): Config => readConfig(withTargets(targets, more))
const problems = (targets: unknown, more: Record<string, string> = {}) => problemsIn(() => read(targets, more))

const ORDERS = { name: 'orders', resourceGroup: 'rg-orders', server: 'pg-orders' }
const BILLING = { name: 'billing', resourceGroup: 'rg-billing', server: 'pg-billing' }

test('one entry without fields of its own is what the single settings say', () => {
  const { POSTGRES_SERVER: server = '' } = DEPLOYED_SETTINGS
  const single = readConfig(DEPLOYED_SETTINGS).targets[0]
  const listed = read([{ name: server, server }]).targets[0]
  expect({ ...listed, daily: { ...listed?.daily, source: '' } }).toEqual({
    ...single,
    daily: { ...single?.daily, source: '' },
  })
})

test('each entry has what it names, and of the rest the shared settings', () => {
  const ELSEWHERE = '22222222-2222-2222-2222-222222222222'
  const { targets } = read(
    [
      {
        ...ORDERS,
        schedule: '0 0 1 * * *',
        dailyRequest: { targetTps: 100 },
        requestDefaults: { workers: 10 },
        stopAfterFailures: 5,
        stopServerBetweenDrills: true,
        cooldownMinutes: 30,
        rowsRetentionDays: 1,
        directPort: 5433,
        user: 'orders_admin',
        passwordSetting: 'TARGET_SECRET_ORDERS',
      },
      { ...BILLING, subscriptionId: ELSEWHERE, database: 'billing', host: 'billing.internal' },
    ],
    { TARGET_SECRET_ORDERS: 'orders-password', COOLDOWN_MINUTES: '15' },
  )
  expect(targets).toMatchObject([
    {
      name: 'orders',
      target: { resourceGroup: 'rg-orders', server: 'pg-orders', database: 'drill' },
      cooldownMinutes: 30,
      requestDefaults: { workers: 10 },
      rowsRetentionDays: 1,
      daily: {
        schedule: '0 0 1 * * *',
        request: { targetTps: 100 },
        source: 'dailyRequest of target orders in DRILL_TARGETS',
        stopAfterFailures: 5,
        stopServerBetweenDrills: true,
      },
      postgres: { host: null, directPort: 5433, app: { user: 'orders_admin' } },
    },
    {
      name: 'billing',
      target: { subscriptionId: ELSEWHERE, resourceGroup: 'rg-billing', server: 'pg-billing', database: 'billing' },
      cooldownMinutes: 15,
      requestDefaults: {},
      rowsRetentionDays: 7,
      daily: { schedule: null, request: {}, stopAfterFailures: 3, stopServerBetweenDrills: false },
      postgres: { host: 'billing.internal', directPort: 5432, app: { user: 'drilladmin' } },
    },
  ])
  expect(targets.map(({ postgres }) => postgres.app.password?.reveal())).toEqual(['orders-password', 'a-password'])
  expect(targets[0]?.target).not.toHaveProperty('subscriptionId')
})

test('a user of its own never logs in with the password of another', () => {
  const entry = { ...ORDERS, user: 'orders_admin', loadUser: 'orders_load', loadPasswordSetting: 'TARGET_SECRET_LOAD' }
  const [only] = read([entry], { TARGET_SECRET_LOAD: 'load-password' }).targets
  expect(only?.postgres.app.password).toBeNull()
  expect(only?.postgres.load.password?.reveal()).toBe('load-password')
})

test('every bad field of every entry is named in one error, and no value is repeated', () => {
  const found = problems(
    [
      {
        name: 'Orders!',
        server: 'pg.orders.s3cret',
        schedule: 's3cret',
        cooldownMinutes: 's3cret',
        password: 's3cret',
      },
      { ...BILLING, passwordSetting: 's3cret', tls: 's3cret', dailyRequest: { workers: 0 } },
      { name: 'billing', resourceGroup: 'RG-Billing', server: 'pg-billing', requestDefaults: { target: 's3cret' } },
    ],
    { DAILY_DRILL_SCHEDULE: '0 0 2 * * *' },
  )
  expect(found.join('\n')).not.toContain('s3cret')
  const starts = [
    'DAILY_DRILL_SCHEDULE belongs to a single server: with DRILL_TARGETS give schedule in each entry',
    'DRILL_TARGETS[0] has an unknown field password; it knows name, subscriptionId',
    'DRILL_TARGETS[0].name must be the name of a target',
    'DRILL_TARGETS[0].server must be the name of a flexible server',
    'DRILL_TARGETS[0].schedule must be six NCRONTAB fields',
    'DRILL_TARGETS[0].cooldownMinutes must be a whole number from 0 to 1440; it must be a JSON number',
    'DRILL_TARGETS[1].tls must be verify-full or disable',
    'DRILL_TARGETS[1].passwordSetting must be the name of a setting TARGET_SECRET_<NAME>',
    'DRILL_TARGETS[2].requestDefaults must not hold a target',
    'DRILL_TARGETS[2].name is the same as that of DRILL_TARGETS[1]',
    'DRILL_TARGETS[2].server is the same as that of DRILL_TARGETS[1]',
  ]
  for (const start of starts) expect(found).toContainEqual(expect.stringMatching(startsWith(start)))
  expect(found).toHaveLength(starts.length)
})

test('one server is found twice, whether its resource group is named or is the default', () => {
  const twice = [
    { name: 'a', server: 'pg-orders' },
    { name: 'b', server: 'pg-orders', resourceGroup: SHARED.DRILL_RESOURCE_GROUP.toUpperCase() },
  ]
  expect(problems(twice)).toEqual(['DRILL_TARGETS[1].server is the same as that of DRILL_TARGETS[0]'])
  expect(problems(twice, { POSTGRES_RESOURCE_GROUP: 'rg-elsewhere' })).toEqual([])
})

const startsWith = (text: string) => new RegExp(`^${text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}`)

test.each([
  ['no JSON', '[{"name": "s3cret'],
  ['an object', '{}'],
  ['an empty list', '[]'],
  ['a list of names', '["orders"]'],
])('%s is no list of targets, and is not repeated', (_what, text) => {
  expect(problems(text)).toEqual([expect.stringMatching(/^DRILL_TARGETS must be a JSON list of 1 to 50 objects/)])
  expect(problems(text).join()).not.toContain('s3cret')
})

test.each([
  [{ server: 5 }, 'server'],
  [{ database: '' }, 'database'],
  [{ user: 5 }, 'user'],
  [{ user: '' }, 'user'],
  [{ user: 'u', passwordSetting: 'TARGET_SECRET_ABSENT' }, 'passwordSetting'],
  [{ loadUser: null }, 'loadUser'],
])('%o is one problem, of that field, and not also what its absence would be', (own, field) => {
  expect(problems([{ ...ORDERS, ...own }])).toEqual([expect.stringMatching(startsWith(`DRILL_TARGETS[0].${field} `))])
})

test('what an entry and the shared settings both lack is missing', () => {
  const { POSTGRES_DATABASE: _d, POSTGRES_USER: _u, ...rest } = SHARED
  const environment = {
    ...rest,
    DRILL_TARGETS: JSON.stringify([{ name: 'orders', user: 'a', database: 'd' }, BILLING]),
  }
  const found = problemsIn(() => readConfig(environment))
  expect(found.map((line) => line.split(' is missing')[0])).toEqual(
    expect.arrayContaining(['DRILL_TARGETS[0].server', 'DRILL_TARGETS[1].database', 'DRILL_TARGETS[1].user']),
  )
})

test('a secret that the vault did not give, or that is not there, is named by its setting alone', () => {
  const entry = { ...ORDERS, passwordSetting: 'TARGET_SECRET_ORDERS' }
  expect(problems([entry])).toEqual([
    'DRILL_TARGETS[0].passwordSetting names the setting TARGET_SECRET_ORDERS, which is missing',
  ])
  const reference = '@Microsoft.KeyVault(SecretUri=https://kv.example/secrets/s3cret)'
  expect(problems([entry], { TARGET_SECRET_ORDERS: reference })).toEqual([
    "TARGET_SECRET_ORDERS is a Key Vault reference that was not resolved: let the app's identity read secrets of that vault",
  ])
})

test('the requests of each target are judged by the rules of a posted body, under their own names', () => {
  const found = problems([
    { ...ORDERS, requestDefaults: { workers: 0 } },
    { ...BILLING, dailyRequest: { speed: 1 } },
  ])
  expect(found).toEqual([
    expect.stringMatching(
      /^DRILL_TARGETS\[0\]\.requestDefaults: workers: got 0 \(a request default of target orders\)/,
    ),
    expect.stringMatching(/^DRILL_TARGETS\[1\]\.dailyRequest: speed: unknown field/),
  ])
})

test('a role of the load without a password is a problem of its own target, in the words of the list', () => {
  const entry = { ...ORDERS, user: 'orders_admin', loadUser: 'orders_admin' }
  expect(problems([BILLING, entry])).toEqual([
    expect.stringMatching(/^DRILL_TARGETS\[1\]\.loadUser must be another role than DRILL_TARGETS\[1\]\.user/),
    expect.stringMatching(/without DRILL_TARGETS\[1\]\.loadPasswordSetting the load generators log in/),
  ])
})

test('no secret of a target is printed', () => {
  const config = read([{ ...ORDERS, passwordSetting: 'TARGET_SECRET_ORDERS' }], { TARGET_SECRET_ORDERS: 's3cret' })
  expect(`${JSON.stringify(config)}${inspect(config, { depth: 9 })}`).not.toContain('s3cret')
})

test('a server is found by resource group and name without case; one of several that is not listed is refused by name', () => {
  const { targets } = read([ORDERS, BILLING])
  const at = (resourceGroup: string, server: string) => ({ resourceGroup, server, database: 'any' })
  expect(targetConfigOf(targets, at('RG-Billing', 'PG-Billing')).name).toBe('billing')
  expect(() => targetConfigOf(targets, at('rg-orders', 'pg-billing'))).toThrow(
    'server pg-billing in resource group rg-orders is none of DRILL_TARGETS: orders, billing',
  )
  expect(targetConfigOf(targets.slice(0, 1), at('rg', 'pg-other')).name).toBe('orders')
})

test('a migration of several servers names the one', () => {
  const environment = withTargets([ORDERS, BILLING])
  expect(readDatabaseConfig(environment, 'billing').postgres.target.server).toBe('pg-billing')
  for (const name of [null, 'shop'])
    expect(problemsIn(() => readDatabaseConfig(environment, name))).toEqual([
      'the target must be named: one of orders, billing',
    ])
})

test('a request chooses among the targets of the settings', () => {
  const { requests } = read([ORDERS, BILLING])
  expect(chooseTarget('billing', requests.targets).target.server).toBe('pg-billing')
})
