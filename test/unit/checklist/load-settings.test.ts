import { expect, test } from 'vitest'
import { fixOf } from '../../../functions/checklist/load-settings.ts'
import type { SessionSetting } from '../../../functions/model/facts.ts'
import { goodLoadSession } from '../../support/good-facts.ts'

const ENDS = /pg_terminate_backend/
const RECONNECT = /RECONNECT in its console .* in Azure pgbouncer\.enabled switched off and on/

test.each([
  ['search_path', 'session', 'pgbouncer', [ENDS, RECONNECT]],
  ['default_transaction_read_only', 'session', 'pgbouncer', [ENDS, RECONNECT]],
  ['statement_timeout', 'session', 'pgbouncer', [ENDS]],
  ['search_path', 'session', 'direct', []],
  ['search_path', 'role', 'pgbouncer', [/^ALTER ROLE /, ENDS]],
  ['search_path', 'role', 'direct', [/^ALTER ROLE /]],
] as const)('%s of origin %s, seen by way of %s: what changes it', (name, origin, via, expected) => {
  const setting: SessionSetting = { name, value: 'x', origin, holdsIn: 'this session' }
  const fixes = fixOf(goodLoadSession(via), setting, 'public')
  expect(fixes).toEqual(expected.map((words) => expect.stringMatching(words)))
})
