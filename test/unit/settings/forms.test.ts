/** Each setting takes what the code behind it can use, refuses what it cannot, and names itself without repeating a value. */
import { rmSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readConfig } from '../../../functions/config/config.ts'
import { FORMS } from '../../../functions/config/forms.ts'
import { type Environment, SETTINGS } from '../../../functions/config/settings.ts'
import { connect } from '../../../functions/connect.ts'
import { parseSchedule } from '../../../infra/local/functions-host/timers/timers.ts'
import { ALL_SETTINGS, AUTHORITY, AUTHORITY_FILE, FORM_EXAMPLES, problemsIn, withoutSingle } from './form-examples.ts'

const good = (name: string): string => FORM_EXAMPLES[name]?.good[0] as string

const environmentWith = (name: string, value: string): Environment =>
  /^DRILL_BLOB_CONN|^DRILL_BLOB_CONTAINER$|^DRILL_TABLE$/.test(name)
    ? {
        ...ALL_SETTINGS,
        DRILL_BLOB_CONTAINER_URL: '',
        DRILL_TABLE_URL: '',
        DRILL_BLOB_CONNECTION_STRING: good('DRILL_BLOB_CONNECTION_STRING'),
        DRILL_BLOB_CONTAINER: good('DRILL_BLOB_CONTAINER'),
        DRILL_TABLE: good('DRILL_TABLE'),
        [name]: value,
      }
    : { ...(name === 'DRILL_TARGETS' ? withoutSingle(ALL_SETTINGS) : ALL_SETTINGS), [name]: value }

const problemsOf = (environment: Environment) => problemsIn(() => connect(readConfig(environment)))

beforeAll(() => writeFileSync(AUTHORITY_FILE, AUTHORITY))
afterAll(() => rmSync(AUTHORITY_FILE))

test('every setting has examples of both kinds, and every form is used', () => {
  expect(Object.keys(FORM_EXAMPLES).sort()).toEqual(SETTINGS.map(({ name }) => name).sort())
  expect([...new Set(SETTINGS.map(({ form }) => form))].sort()).toEqual(Object.keys(FORMS).sort())
})

const cases = (kind: 'good' | 'bad') =>
  Object.entries(FORM_EXAMPLES).flatMap(([name, examples]) => examples[kind].map((value) => [name, value] as const))

test.each(cases('good'))('%s may be %j, and every client takes it', (name, value) => {
  expect(problemsOf(environmentWith(name, value))).toEqual([])
})

test.each(cases('bad'))(
  '%s may not be %j: the one problem names it, what is expected, and no piece of it',
  (name, value) => {
    const form = SETTINGS.find((setting) => setting.name === name)?.form
    const problems = problemsOf(environmentWith(name, value))
    expect(problems).toHaveLength(1)
    expect(problems[0]?.startsWith(`${name} must be ${FORMS[form as keyof typeof FORMS].expected}`)).toBe(true)
  },
)

test.each(FORM_EXAMPLES.DAILY_DRILL_SCHEDULE?.good ?? [])('the timer host fires the schedule %s', (schedule) => {
  expect(parseSchedule(schedule).nextAfterMs(Date.UTC(2026, 0, 1))).toBeGreaterThan(0)
})

test.each([
  ['0 2 * * *', 'five fields'],
  ['@daily', '@daily'],
  ['24:00:00', 'time span'],
  ['0 0 2 31 4 *', 'no month that it names has a day that it names'],
])('why the schedule %s never fires is said', (schedule, why) => {
  expect(problemsOf({ ...ALL_SETTINGS, DAILY_DRILL_SCHEDULE: schedule })[0]).toContain(why)
})

test.each([
  ['https://management.azure.com', 'pg-one.postgres.database.azure.com'],
  ['https://management.usgovcloudapi.net', 'pg-one.postgres.database.usgovcloudapi.net'],
  ['https://management.chinacloudapi.cn', 'pg-one.postgres.database.chinacloudapi.cn'],
])('in the cloud of %s the server is %s', async (endpoint, host) => {
  const { database } = connect(
    readConfig({ ...ALL_SETTINGS, POSTGRES_HOST: '', AZURE_RESOURCE_MANAGER_ENDPOINT: endpoint }),
  )
  const target = { resourceGroup: 'rg', server: 'pg-one', database: 'drill' }
  expect(new URL(database.loadConnectionString(target)).hostname).toBe(host)
})
