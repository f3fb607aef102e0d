/** Checks of the settings in the load's own sessions: values that invalidate a drill, their origin, and the statement that changes each. */
import { maxReplyTimeoutMs } from '../../loadgen-image/contract/clients/behaviour.ts'
import type { LoadSessionFacts, SessionSetting } from '../model/facts.ts'
import type { DrillPlan } from '../model/plan.ts'
import type { Judgement } from './check.ts'

interface Rule {
  readonly isGood: (value: string, plan: DrillPlan, via: LoadSessionFacts['via']) => boolean
  /** What the statement sets. */
  readonly set: string
}

const DURABLE = ['on', 'remote_apply', 'remote_write']

/** A time-out of 0 is none. */
const noneUnder =
  (minMs: (plan: DrillPlan) => number): Rule['isGood'] =>
  (value, plan) =>
    Number(value) === 0 || Number(value) >= minMs(plan)
const replyMs = ({ load }: DrillPlan): number => maxReplyTimeoutMs(load)
/** A worker that goes straight to PostgreSQL may be idle from its login to the end of the load. */
const sessionMs = ({ load, timing }: DrillPlan): number => (timing.readyTimeoutSeconds + load.durationSeconds) * 1000

const RULES: Readonly<Record<string, Rule>> = {
  default_transaction_read_only: { isGood: (value) => value === 'off', set: 'off' },
  session_replication_role: { isGood: (value) => value !== 'replica', set: 'origin' },
  statement_timeout: { isGood: noneUnder(replyMs), set: '0' },
  transaction_timeout: { isGood: noneUnder(replyMs), set: '0' },
  lock_timeout: { isGood: noneUnder(replyMs), set: '0' },
  idle_session_timeout: {
    // PgBouncer replaces a session that ended while idle; a client of its own does not.
    isGood: (value, plan, via) => via === 'pgbouncer' || noneUnder(sessionMs)(value, plan, via),
    set: '0',
  },
}

/**
 * `remote_write` passes and is named: what it acknowledged survives the loss of the primary, and is lost only when the
 * standby's operating system fails in the same moment. `local` and `off` do not wait for the standby at all.
 */
export function judgeSynchronousCommit(sessions: readonly LoadSessionFacts[]): Judgement {
  const wanted = 'on or stronger'
  const found = named(sessions, 'synchronous_commit')
  const bad = found.filter(({ setting }) => !DURABLE.includes(setting.value))
  if (bad.length > 0) return failure(bad, () => 'on', wanted)
  if (found.length < sessions.length || found.length === 0) return { verdict: 'unknown', seen: null, wanted }
  const values = [...new Set(found.map(({ setting }) => setting.value))]
  const weaker = 'remote_write: the standby has written, not flushed'
  return { verdict: 'pass', seen: values.map((one) => (one === 'remote_write' ? weaker : one)).join(', '), wanted }
}

export function judgeLoadSettings(sessions: readonly LoadSessionFacts[], plan: DrillPlan): Judgement {
  const wanted = `writes allowed, foreign keys and triggers active, no time-out under ${replyMs(plan)} ms`
  const bad = Object.entries(RULES).flatMap(([name, rule]) =>
    named(sessions, name).filter(({ setting, session }) => !rule.isGood(setting.value, plan, session.via)),
  )
  if (bad.length > 0) return failure(bad, (name) => RULES[name]?.set ?? 'DEFAULT', wanted)
  const isKnown = sessions.length > 0 && sessions.every(({ settings }) => settings !== null)
  return isKnown ? { verdict: 'pass', seen: 'as wanted', wanted } : { verdict: 'unknown', seen: null, wanted }
}

interface Found {
  readonly session: LoadSessionFacts
  readonly setting: SessionSetting
}

const named = (sessions: readonly LoadSessionFacts[], name: string): Found[] =>
  sessions.flatMap((session) =>
    (session.settings ?? []).filter((setting) => setting.name === name).map((setting) => ({ session, setting })),
  )

function failure(bad: readonly Found[], goodValueOf: (name: string) => string, wanted: string): Judgement {
  const seen = [...new Set(bad.map(seenWords))].join('; ')
  const advice = [...new Set(bad.flatMap(({ session, setting }) => fixOf(session, setting, goodValueOf(setting.name))))]
  return { verdict: 'fail', seen, wanted, advice: `${advice.join('. ')}.` }
}

const UNITS: Readonly<Record<string, string>> = {
  statement_timeout: ' ms',
  transaction_timeout: ' ms',
  lock_timeout: ' ms',
  idle_session_timeout: ' ms',
}

function seenWords({ session, setting }: Found): string {
  const when = setting.holdsIn === 'the next session' ? ' in the next session' : ''
  const way = session.via === 'pgbouncer' ? 'through PgBouncer' : 'straight to PostgreSQL'
  return `${setting.name} ${setting.value}${UNITS[setting.name] ?? ''}${when}, ${originWords(session, setting)} (${way})`
}

export function originWords({ user, database }: LoadSessionFacts, { origin }: SessionSetting): string {
  switch (origin) {
    case 'role in database':
      return `set for role ${user} in database ${database}`
    case 'role':
      return `set for role ${user}`
    case 'database':
      return `set for database ${database}`
    case 'all roles':
      return 'set for all roles'
    case 'server':
      return 'set for the server'
    case 'default':
      return 'the default of PostgreSQL'
    case 'session':
      return 'set in the session'
    case 'earlier setting':
      return 'kept from a setting that has changed since the session began'
  }
}

/** Statements that an administrator runs; afterwards the check passes. */
export function fixOf(session: LoadSessionFacts, setting: SessionSetting, value: string): string[] {
  const { user, database, via } = session
  const role = identifier(user ?? '')
  const set = `SET ${setting.name} = ${value}`
  const forRole = `ALTER ROLE ${role} ${set}`
  const statements: Readonly<Record<SessionSetting['origin'], readonly string[]>> = {
    'role in database': [`ALTER ROLE ${role} IN DATABASE ${identifier(database ?? '')} ${set}`],
    role: [forRole],
    database: [`ALTER DATABASE ${identifier(database ?? '')} ${set}`],
    'all roles': [`ALTER ROLE ALL ${set}`],
    server: [`Set the server parameter ${setting.name} to ${value}, or for the load alone: ${forRole}`],
    default: [forRole],
    session: [],
    'earlier setting': [],
  }
  const isKept = via === 'pgbouncer' && setting.holdsIn === 'this session'
  const isTracked = via === 'pgbouncer' && setting.origin === 'session' && TRACKED.includes(setting.name)
  return [...statements[setting.origin], ...(isKept ? [endSessions(session)] : []), ...(isTracked ? [READ_AGAIN] : [])]
}

/** PgBouncer keeps its sessions for up to an hour, with the settings that they began with. */
const endSessions = ({ user }: LoadSessionFacts): string =>
  `Then end the sessions that PgBouncer holds: SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${(user ?? '').replaceAll("'", "''")}'`

/**
 * PgBouncer tracks them since 1.26, search_path where PostgreSQL reports it (18): it sets in each client's session what the first
 * session of the pool had, also after the setting of the role has changed.
 */
const TRACKED = ['default_transaction_read_only', 'search_path']
const READ_AGAIN =
  'If the value stays, PgBouncer sets it, as it saw it first (version 1.26 and newer): RECONNECT in its console makes it read the values again, and in Azure pgbouncer.enabled switched off and on'

/** Quoted where it has to be. */
const identifier = (name: string): string =>
  /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`
