/** The table of known clients, and what a plan makes of a cohort that names one of them. */
import { describe, expect, test } from 'vitest'
import { behaviourOf, OWN_BEHAVIOUR } from '../../../../loadgen-image/contract/clients/behaviour.ts'
import {
  CLIENT_NAMES,
  documentedSettings,
  knownClient,
} from '../../../../loadgen-image/contract/clients/known-clients.ts'
import { type Cohort, parsePlan } from '../../../../loadgen-image/contract/load-plan.ts'
import { aPlan } from '../../../support/builders.ts'

const COHORT = { name: 'shop', share: 1, via: 'pgbouncer' } as const

const parsed = (cohort: object) => parsePlan({ ...aPlan(), cohorts: [{ ...COHORT, ...cohort }] })
const cohortOf = (cohort: object): Cohort => {
  const plan = parsed(cohort)
  if ('problems' in plan) throw new Error(plan.problems.join('; '))
  return plan.value.cohorts[0] as Cohort
}

describe.each(CLIENT_NAMES)('%s', (client) => {
  test('every setting says where it was read, and in which words', () => {
    const settings = Object.values(knownClient(client))
    expect(settings.length).toBeGreaterThan(0)
    for (const { source, says } of settings) {
      expect(source).toMatch(/^https:\/\/\S+$/)
      expect(says.length).toBeGreaterThan(5)
    }
  })

  test('a cohort that names it has its documented settings, and the values of the load where none was found', () => {
    const cohort = cohortOf({ client })
    const documented = documentedSettings(client)
    const behaviour = behaviourOf(cohort, { connectTimeoutMs: 4_000, replyTimeoutMs: 9_000 })
    expect(behaviour).toEqual({ connectTimeoutMs: 4_000, replyTimeoutMs: 9_000, ...OWN_BEHAVIOUR, ...documented })
  })

  test('a plan that went through the parser stays as it is', () => {
    const once = cohortOf({ client })
    expect(cohortOf(once)).toEqual(once)
  })
})

test('what a cohort names itself overrides the documented setting, and null is a value', () => {
  const retry = { firstDelayMs: 1, maxDelayMs: 2, multiplier: 1, jitter: true }
  const cohort = cohortOf({ client: 'pgjdbc with HikariCP', retry, connectTimeoutMs: null, validation: null })
  expect(cohort).toMatchObject({ retry, connectTimeoutMs: null, validation: null, addressCacheMs: 30_000 })
})

test('a client that is not known is refused, and the known ones are listed', () => {
  const names = CLIENT_NAMES.join(', ')
  expect(parsed({ client: 'psycopg' })).toEqual({
    problems: [`cohorts.0.client: expected one of ${names}, got a text of 7 characters`],
  })
})

test.each([
  ['neither a client nor a retry', {}, 'cohorts.0'],
  ['a limit below 100 ms', { client: 'libpq default', replyTimeoutMs: 5 }, 'cohorts.0.replyTimeoutMs'],
  [
    'half a check before use',
    { client: 'libpq default', validation: { afterIdleMs: 5 } },
    'cohorts.0.validation.timeoutMs',
  ],
  ['an unknown setting', { client: 'libpq default', pool: 5 }, 'cohorts.0'],
] as const)('%s is refused', (_what, cohort, field) => {
  const plan = parsed(cohort)
  expect('problems' in plan && plan.problems.map((problem) => problem.split(': ')[0])).toEqual([field])
})
