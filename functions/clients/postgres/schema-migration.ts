/** Gives a drill its schema and the load's role: all or nothing, one migration at a time, with a short lock timeout. */
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import type { Client } from 'pg'
import { escapeIdentifier, escapeLiteral } from '../../../loadgen-image/connection/client.ts'
import { loadRoleGrants, SCHEMA_STEPS, type SchemaStep } from './schema.ts'

export interface LoadRole {
  readonly user: string
  /** Null: it logs in by Microsoft Entra, and identity-role.ts makes it. */
  readonly password: string | null
  /** It exists and its password fits: then its password is left alone. */
  readonly canLogIn: boolean
}

/** Returns what was done; empty when nothing was missing. */
export async function migrateSchema(client: Client, loadRole: LoadRole | null): Promise<string[]> {
  await client.query('BEGIN')
  // Behind a long transaction the migration would queue, and every writer of the table behind the migration: fail instead.
  await client.query("SET LOCAL lock_timeout = '5s'")
  await client.query("SELECT pg_advisory_xact_lock(hashtext('pg-failover-drill'), hashtext('schema'))")
  const done: string[] = []
  for (const step of await stepsFor(client, loadRole)) if (await takeStep(client, step)) done.push(step.what)
  await client.query('COMMIT')
  return done
}

/** What the migration would do now. Reads only, one statement at a time, and holds no lock that a writer would wait for. */
export async function pendingSteps(client: Client, loadRole: LoadRole | null): Promise<string[]> {
  const pending: string[] = []
  for (const { what, isDone } of await stepsFor(client, loadRole))
    if (!(await isTrue(client, isDone).catch(falseWhenAbsent))) pending.push(what)
  return pending
}

async function takeStep(client: Client, step: SchemaStep): Promise<boolean> {
  if (await isTrue(client, step.isDone)) return false
  await client.query(step.sql)
  return true
}

async function isTrue(client: Client, question: string): Promise<boolean> {
  const { rows } = await client.query<{ answer: boolean }>(`SELECT (${question}) AS answer`)
  return rows[0]?.answer === true
}

const UNDEFINED_TABLE = '42P01'
const UNDEFINED_OBJECT = '42704'

/** The question is about a table or role of an earlier step, which is missing too. */
function falseWhenAbsent(error: unknown): false {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : null
  if (code === UNDEFINED_TABLE || code === UNDEFINED_OBJECT) return false
  throw error
}

// ---- The load's role ------------------------------------------------------------------------------------------------

async function stepsFor(client: Client, role: LoadRole | null): Promise<readonly SchemaStep[]> {
  return role === null ? SCHEMA_STEPS : [...SCHEMA_STEPS, ...(await roleSteps(client, role))]
}

async function roleSteps(client: Client, role: LoadRole): Promise<SchemaStep[]> {
  const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [role.user])
  const grants = loadRoleGrants(escapeIdentifier(role.user), escapeLiteral(role.user))
  return [...loginSteps(role, rowCount === 1), { what: `grants of role ${role.user}`, ...grants }]
}

function loginSteps({ user, password, canLogIn }: LoadRole, exists: boolean): SchemaStep[] {
  if (password === null || (exists && canLogIn)) return []
  return [
    {
      what: `${exists ? 'password of role' : 'role'} ${user}`,
      isDone: 'SELECT false',
      sql: `${exists ? 'ALTER' : 'CREATE'} ROLE ${escapeIdentifier(user)} LOGIN PASSWORD ${escapeLiteral(scramVerifier(password))}`,
    },
  ]
}

const ITERATIONS = 4096

/** What the server would store for the password (RFC 5803), so that the password itself appears in no statement and no log. */
export function scramVerifier(password: string, salt: Uint8Array = randomBytes(16)): string {
  const salted = pbkdf2Sync(password.normalize('NFKC'), salt, ITERATIONS, 32, 'sha256')
  const keyOf = (name: string) => createHmac('sha256', salted).update(name).digest()
  const storedKey = createHash('sha256').update(keyOf('Client Key')).digest('base64')
  const serverKey = keyOf('Server Key').toString('base64')
  return `SCRAM-SHA-256$${ITERATIONS}:${Buffer.from(salt).toString('base64')}$${storedKey}:${serverKey}`
}
