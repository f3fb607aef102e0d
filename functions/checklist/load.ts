/** Preconditions of the load, judged by what holds in its own sessions: its role, its ways in, its settings, its table. */
import type { LoadSessionFacts, SchemaFacts, TableFacts } from '../model/facts.ts'
import { type BeforeCheck, type BeforeEvidence, holds, type Judgement } from './check.ts'
import { fixOf, judgeLoadSettings, judgeSynchronousCommit, originWords } from './load-settings.ts'
import { causeOnLoad } from './sql-advice.ts'

/** The load refers to customers and merchants 1 to 5. */
const PARENTS = 5

/** A drill changes a database only on request. */
const MIGRATE = 'Run npm run migrate, or request the drill with "migrate": true'

export const LOAD_CHECKS = [
  {
    id: 'load-session',
    title: 'Session of the load',
    why: 'The load generators log in with this role, in each way that they take.',
    judge: ({ facts }) => judgeSession(facts.loadSessions),
    advice: 'The words of the server or of PgBouncer say why the session was refused.',
  },
  {
    id: 'load-role',
    title: 'Role of the load',
    why: 'A superuser takes connections from the reserve and bypasses limits, so the drill would not see what applications see.',
    judge: ({ facts }) => judgeRole(facts.loadSessions),
    advice:
      'Name an ordinary role in LOADGEN_POSTGRES_USER, or in POSTGRES_USER when the load uses that; the migration makes it.',
  },
  {
    id: 'synchronous-commit',
    title: 'Commits are durable',
    why: 'With off or local a commit is acknowledged before the standby has it, and a failover loses it.',
    judge: ({ facts }) => judgeSynchronousCommit(facts.loadSessions),
    advice: 'Set synchronous_commit to on for the role of the load.',
  },
  {
    id: 'load-settings',
    title: 'Settings of the load',
    why: 'A read-only session writes nothing. A time-out below the deadline of a reply ends transactions that the load still waits for; one that hits a commit acknowledges what the standby may not have.',
    judge: ({ facts, plan }) => judgeLoadSettings(facts.loadSessions, plan),
    advice: 'Set them for the role of the load.',
  },
  {
    id: 'schema',
    title: 'Table of transactions',
    why: 'The load inserts into it; its key columns make the ledger and the audit possible.',
    judge: judgeSchema,
    advice: `${MIGRATE}. With "transactions": "compat" a plain table is enough, and there is no ledger.`,
  },
  {
    id: 'load-table',
    title: 'Table that keeps its rows',
    why: 'A standby never gets the rows of an unlogged or temporary table, and the audit can only count rows of the table that it reads.',
    judge: judgeTable,
    advice: 'Use a plain, logged table in a schema that search_path names first.',
  },
  {
    id: 'parent-rows',
    title: 'Customers and merchants',
    why: 'Every transaction refers to one of each, by ids from 1 to 5.',
    judge: judgeParents,
    advice: `${MIGRATE}: the migration inserts them.`,
  },
  {
    id: 'canary',
    title: 'Rows in, rows out',
    why: 'What the load will do thousands of times a second must work once, in its role, through each of its ways in.',
    judge: ({ facts }) => judgeCanary(facts.schema),
    advice: 'The words of the server say what it refused. Then check triggers, rules and constraints of the table.',
  },
  {
    id: 'extensions',
    title: 'Extensions',
    why: 'The schema uses them, and the platform must allow them by name.',
    judge: ({ facts }) =>
      holds(
        facts.schema?.missingExtensions,
        'none missing',
        (missing) => missing.length === 0,
        (missing) => (missing.length === 0 ? 'none missing' : `missing: ${missing.join(', ')}`),
      ),
    advice:
      'Allow them in the server parameter azure.extensions and create them, or upgrade: from PostgreSQL 13 on none is needed.',
  },
] as const satisfies readonly BeforeCheck[]

/** What a migration can fix, if the request allows one. */
export const FIXED_BY_MIGRATION: readonly string[] = [
  'load-session',
  'schema',
  'parent-rows',
  'canary',
] satisfies ReadonlyArray<(typeof LOAD_CHECKS)[number]['id']>

// ---- Sessions ---------------------------------------------------------------------------------------------------------

const wayWords = ({ via }: LoadSessionFacts): string =>
  via === 'pgbouncer' ? 'through PgBouncer' : 'straight to PostgreSQL'

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`

function judgeSession(sessions: readonly LoadSessionFacts[]): Judgement {
  const wanted = 'a session in each way that the load takes'
  const refused = sessions.filter(({ reachable }) => !reachable)
  const seen = refused.map((one) => `${wayWords(one)}: ${one.error ?? 'not reachable'}`).join('; ')
  const cause = causeOnLoad(refused[0]?.error ?? '')
  if (sessions.length === 0) return { verdict: 'unknown', seen: null, wanted }
  if (refused.length > 0)
    return { verdict: 'fail', seen, wanted, ...(cause === null ? {} : { advice: adviceOf(cause) }) }
  return { verdict: 'pass', seen: sessions.map((one) => `${one.user} ${wayWords(one)}`).join('; '), wanted }
}

const adviceOf = ({ cause, advice }: { readonly cause: string; readonly advice: string }): string =>
  `${sentence(cause)} ${sentence(advice)}`

function judgeRole(sessions: readonly LoadSessionFacts[]): Judgement {
  const wanted = 'an ordinary role'
  const superuser = sessions.find(({ isSuperuser }) => isSuperuser === true)
  if (superuser !== undefined)
    return { verdict: 'fail', seen: `${superuser.user ?? 'the role'} is a superuser`, wanted }
  if (sessions.length === 0 || sessions.some(({ isSuperuser }) => isSuperuser === null))
    return { verdict: 'unknown', seen: null, wanted }
  return { verdict: 'pass', seen: `${sessions[0]?.user ?? 'the role'} is an ordinary role`, wanted }
}

// ---- Table ------------------------------------------------------------------------------------------------------------

function judgeSchema({ facts, plan }: BeforeEvidence): Judgement {
  const needsKeys = plan.load.transactions === 'ledger'
  const wanted = needsKeys ? 'the table with its key columns and their unique index' : 'the table'
  const without = facts.loadSessions.find(({ hasTable }) => hasTable === false)
  if (without !== undefined) return noTable(without, facts.schema, wanted)
  const tables = facts.loadSessions.map(({ table }) => table)
  const short = tables.find((table) => needsKeys && (table?.missingKeyColumns.length ?? 0) > 0)
  if (short != null)
    return { verdict: 'fail', seen: `${short.name} without ${short.missingKeyColumns.join(', ')}`, wanted }
  const unkeyed = tables.find((table) => needsKeys && table?.hasKeyIndex === false)
  if (unkeyed != null) return noKeyIndex(unkeyed, wanted)
  if (tables.length === 0 || tables.includes(null)) return { verdict: 'unknown', seen: null, wanted }
  return { verdict: 'pass', seen: wanted, wanted }
}

/** The load's role may find no table of the name where the auditing role does. */
function noTable(session: LoadSessionFacts, schema: SchemaFacts | null, wanted: string): Judgement {
  const audited = schema?.auditedTable ?? null
  if (audited === null) return { verdict: 'fail', seen: 'no table transactions', wanted }
  const path = session.settings?.find(({ name }) => name === 'search_path')
  const seen = `no table transactions for ${session.user}; the audit reads ${audited}`
  const grant = `${MIGRATE}: it grants the role what it needs in the schema`
  if (path === undefined) return { verdict: 'fail', seen, wanted, advice: `${grant}.` }
  const fix = fixOf(session, path, schemaOf(audited)).join('. ')
  return {
    verdict: 'fail',
    seen: `${seen}; search_path is ${path.value}, ${originWords(session, path)}`,
    wanted,
    advice: `${grant}. When search_path leaves the schema out: ${fix}.`,
  }
}

function noKeyIndex({ name, kind }: TableFacts, wanted: string): Judgement {
  const seen = `${name}, a ${kind} without a unique index on drill_id, worker, seq`
  if (kind !== 'partitioned table') return { verdict: 'fail', seen, wanted }
  const advice =
    'A unique index of a partitioned table must hold the partition key, so no migration can make this one. Use a plain table, in a schema that search_path names first, or ask for "transactions": "compat" and no ledger.'
  return { verdict: 'fail', seen, wanted, advice }
}

function judgeTable({ facts }: BeforeEvidence): Judgement {
  const wanted = 'a logged table, and the one that the audit reads'
  const audited = facts.schema?.auditedTable ?? null
  for (const session of facts.loadSessions) {
    const problem = session.table === null ? null : (problemOf(session.table) ?? elsewhere(session, audited))
    if (problem !== null) return { verdict: 'fail', wanted, ...problem }
  }
  const tables = facts.loadSessions.map(({ table }) => table)
  const first = tables[0]
  if (first == null || tables.includes(null) || audited === null) return { verdict: 'unknown', seen: null, wanted }
  const touched = first.interventions.length === 0 ? '' : `; rows pass ${first.interventions.join(', ')}`
  return { verdict: 'pass', seen: `${first.name}, a logged ${first.kind}${touched}`, wanted }
}

interface Problem {
  readonly seen: string
  readonly advice?: string
}

function problemOf({ name, kind, unlogged, temporary, foreign }: TableFacts): Problem | null {
  if (kind !== 'table' && kind !== 'partitioned table') return { seen: `${name} is a ${kind}` }
  if (temporary.length > 0)
    return {
      seen: `temporary: ${temporary.join(', ')}`,
      advice:
        'A client that shares the sessions of PgBouncer made it, and it hides the table of the same name: drop it, or end those sessions.',
    }
  if (unlogged.length > 0)
    return {
      seen: `unlogged: ${unlogged.join(', ')}`,
      advice: `Every commit is lost in a failover: ${unlogged.map((one) => `ALTER TABLE ${one} SET LOGGED`).join('; ')}.`,
    }
  return foreign.length === 0 ? null : { seen: `partitions on another server: ${foreign.join(', ')}` }
}

/** Rows that the audit does not read would all count as lost. */
function elsewhere(session: LoadSessionFacts, audited: string | null): Problem | null {
  const own = [session.table?.name ?? null, session.nextTable].find((name) => name !== null && name !== audited)
  if (audited === null || own == null) return null
  const paths = session.settings?.filter(({ name }) => name === 'search_path') ?? []
  const where = paths.map((path) => `search_path ${path.value}, ${originWords(session, path)}`).join('; ')
  const fixes = paths.flatMap((path) => fixOf(session, path, schemaOf(audited)))
  return {
    seen: `the load writes to ${own} (${where || 'search_path not seen'}), and the audit reads ${audited}`,
    ...(fixes.length === 0 ? {} : { advice: `${[...new Set(fixes)].join('. ')}.` }),
  }
}

/** Of a name with its schema, each quoted where it has to be. */
const schemaOf = (name: string): string => /^("(?:[^"]|"")*"|[^."]+)\./.exec(name)?.[1] ?? 'public'

function judgeParents({ facts }: BeforeEvidence): Judgement {
  const wanted = `ids 1 to ${PARENTS} of both`
  const { customers = null, merchants = null } = facts.schema ?? {}
  if (customers === null || merchants === null) return { verdict: 'unknown', seen: null, wanted }
  const seen = `${customers} customers, ${merchants} merchants`
  return { verdict: Math.min(customers, merchants) >= PARENTS ? 'pass' : 'fail', seen, wanted }
}

function judgeCanary(schema: SchemaFacts | null): Judgement {
  const cause = causeOnLoad(schema?.canaryError ?? '')
  const judged = holds(
    schema?.canary,
    'inserts, a retry and a delete succeed',
    (canary) => canary === 'ok',
    (canary) =>
      canary === 'ok'
        ? 'inserts, a retry and a delete succeed'
        : `failed: ${schema?.canaryError ?? 'without a message'}`,
  )
  return cause === null ? judged : { ...judged, advice: adviceOf(cause) }
}
