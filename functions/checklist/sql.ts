/** Checks of the ways in to the database, with the app's own role. */
import type { Facts, SessionFacts } from '../model/facts.ts'
import { type BeforeCheck, holds, type Judgement } from './check.ts'

export const SQL_CHECKS = [
  {
    id: 'sql-pgbouncer',
    title: 'SQL through PgBouncer',
    why: 'The load connects this way.',
    judge: ({ facts }) => isReachable(session(facts, 'pgbouncer')),
    advice: 'Check that pgbouncer.enabled is true, the firewall or network lets the app in, and the password is right.',
  },
  {
    id: 'sql-direct',
    title: 'SQL straight to PostgreSQL',
    why: 'The audit reads the rows past the pooler, and distinguishes a dead pooler from a dead server.',
    judge: ({ facts }) => isReachable(session(facts, 'direct')),
    advice: 'Check the firewall or network for port 5432, and the password.',
  },
  {
    id: 'primary-writable',
    title: 'Primary takes writes',
    why: 'A server in recovery or read-only makes every transaction fail.',
    judge: ({ facts }) =>
      holds(
        anySession(facts)?.inRecovery,
        'not in recovery',
        (inRecovery) => !inRecovery,
        (inRecovery) => (inRecovery ? 'in recovery' : 'not in recovery'),
      ),
    advice: 'Check that the host name leads to the primary, and that the storage is not full.',
  },
] as const satisfies readonly BeforeCheck[]

const session = ({ sessions }: Facts, via: SessionFacts['via']): SessionFacts | null =>
  sessions.find((one) => one.via === via) ?? null

const anySession = (facts: Facts): SessionFacts | null => facts.sessions.find(({ reachable }) => reachable) ?? null

const isReachable = (one: SessionFacts | null): Judgement =>
  holds(
    one,
    'a session',
    ({ reachable }) => reachable,
    ({ reachable, error, serverVersion }) =>
      reachable ? `a session on PostgreSQL ${serverVersion ?? ''}`.trim() : (error ?? 'not reachable'),
  )
