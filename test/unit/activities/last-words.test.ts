import { expect, test } from 'vitest'
import { lastWords } from '../../../functions/activities/records/last-words.ts'

test.each([
  [
    'a bad configuration',
    'The load generator cannot start:\n  DRILL_CONTAINER: expected a whole number from 0 to 63\n  POSTGRES_CONNECTION_STRING: missing\n',
    'The load generator cannot start: DRILL_CONTAINER: expected a whole number from 0 to 63; POSTGRES_CONNECTION_STRING: missing',
  ],
  [
    'a plan of another version',
    'drills/d/plan.json is not a load plan:\n  version: expected version 1 of the plan, got 2\n',
    'drills/d/plan.json is not a load plan: version: expected version 1 of the plan, got 2',
  ],
  [
    'an error that was not caught',
    'node:internal/process:1\n    throw err\n    ^\n\nError: no memory\n    at x (file:///app/main.mjs:1:1)\n\nNode.js v24.1.0\n',
    'throw err; Error: no memory',
  ],
  [
    'a log of the run',
    '2026-01-01T00:00:00.000Z container 0: 10 workers\n2026-01-01T00:00:01.000Z connect ECONNREFUSED 10.0.0.4:5432 password=hunter2hunter\n',
    'container 0: 10 workers; connect ECONNREFUSED (address) password=(secret)',
  ],
  ['silence', '\n \n', null],
])('the last words of %s', (_what, log, words) => {
  expect(lastWords(log)).toBe(words)
})

test('the last words fit into a sentence of the report', () => {
  expect(lastWords(`it cannot start:\n${'  a problem\n'.repeat(500)}`)?.length).toBeLessThanOrEqual(600)
})
