/** A session of the load in which everything is as a drill wants it, and what a test changes in it. */
import type { LoadSessionFacts, SessionSetting, TableFacts } from '../../functions/model/facts.ts'

const GOOD: Readonly<Record<string, string>> = {
  synchronous_commit: 'on',
  default_transaction_read_only: 'off',
  statement_timeout: '0',
  lock_timeout: '0',
  idle_session_timeout: '0',
  session_replication_role: 'origin',
  search_path: '"$user", public',
}

export const goodTable: TableFacts = {
  name: 'public.transactions',
  kind: 'table',
  unlogged: [],
  temporary: [],
  foreign: [],
  missingKeyColumns: [],
  hasKeyIndex: true,
  interventions: [],
}

export const goodLoadSession = (
  via: LoadSessionFacts['via'] = 'pgbouncer',
  changes: Partial<LoadSessionFacts> = {},
): LoadSessionFacts => ({
  via,
  reachable: true,
  error: null,
  user: 'drill_load',
  database: 'drill',
  isSuperuser: false,
  settings: settingsWith([]),
  hasTable: true,
  table: goodTable,
  nextTable: null,
  ...changes,
})

/** The good ones, and these instead of or beside them. */
export function settingsWith(changed: readonly Partial<SessionSetting>[]): SessionSetting[] {
  const good = Object.entries(GOOD).map(
    ([name, value]): SessionSetting => ({ name, value, origin: 'default', holdsIn: 'this session' }),
  )
  const given = changed.map(
    (one): SessionSetting => ({ name: '', value: '', origin: 'role', holdsIn: 'this session', ...one }),
  )
  const isReplaced = (name: string) => given.some((one) => one.name === name && one.holdsIn === 'this session')
  return [...good.filter(({ name }) => !isReplaced(name)), ...given]
}
