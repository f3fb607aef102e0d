/** Advice by cause: each code has its own, and a code that is not known gets none. */
import { expect, test } from 'vitest'
import { causeOnLoad, causeOnMigration } from '../../../functions/checklist/sql-advice.ts'

test.each([
  ['0A000', /partitioned/],
  ['42501', /needs to own the tables/],
  ['55P03', /long transaction/],
  ['23505', /rows that the server names/],
  ['25006', /primary/],
  ['53100', /storage/],
  ['ECONNREFUSED', /host, port/],
  ['28P01', /POSTGRES_PASSWORD/],
])('a migration that fails with %s', (code, advice) => {
  expect(causeOnMigration(`${code}: words of the server`)?.advice).toMatch(advice)
})

test('only the lack of a right is answered with rights, and only what a migration fixes with a migration', () => {
  for (const code of ['0A000', '55P03', '23505', '25006', '53100', '57014', '3D000'])
    expect(causeOnMigration(`${code}: words`)?.advice, code).not.toMatch(/own the tables|create roles/)
  for (const code of ['23514', '23505', '25006', '53100', '57014', '53300', 'ECONNREFUSED', 'P0001'])
    expect(causeOnLoad(`${code}: words`)?.advice, code).not.toContain('migrate')
})

test.each(['', 'XX999: unknown', 'a sentence: with a colon', '42501 without a colon'])(
  'nothing is said about %j',
  (words) => {
    expect([causeOnMigration(words), causeOnLoad(words)]).toEqual([null, null])
  },
)
