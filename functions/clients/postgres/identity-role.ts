/**
 * The load's role where it belongs to an identity: PostgreSQL knows it, Microsoft Entra checks its token. Only a Microsoft Entra
 * administrator may make it. The role gets no right here; the migration of the schema grants what the load needs.
 *
 * Functions and the security label that maps a role to an object:
 * https://learn.microsoft.com/azure/postgresql/security/security-manage-entra-users
 */
import type { Client } from 'pg'
import { escapeIdentifier, escapeLiteral } from '../../../loadgen-image/connection/client.ts'

export interface IdentityRole {
  readonly user: string
  /** Of the identity's service principal. */
  readonly objectId: string
}

/** Returns what was done: nothing when the role is there. */
export async function makeIdentityRole(client: Client, role: IdentityRole): Promise<string[]> {
  const pending = await pendingIdentityRole(client, role)
  if (pending.length === 0) return []
  try {
    await client.query("SELECT pg_catalog.pgaadauth_create_principal_with_oid($1, $2, 'service', false, false)", [
      role.user,
      role.objectId,
    ])
  } catch (cause) {
    // Another migration was faster.
    if ((await pendingIdentityRole(client, role)).length === 0) return []
    throw explained(cause, role)
  }
  return pending
}

/** Throws when a role of this name belongs to another object: to take it over could shut its owner out. */
export async function pendingIdentityRole(client: Client, role: IdentityRole): Promise<string[]> {
  const mapping = await mappingOf(client, role.user)
  if (mapping === null) return [`role ${role.user} of identity ${role.objectId}`]
  if (mapping.objectId !== null && mapping.objectId.toLowerCase() === role.objectId.toLowerCase()) return []
  const whose = mapping.objectId === null ? 'to no identity' : `to the identity ${mapping.objectId}`
  throw new Error(
    `role ${role.user} exists and belongs ${whose}; choose another LOADGEN_POSTGRES_USER, or drop the role, or map it: ` +
      `SECURITY LABEL FOR pgaadauth ON ROLE ${escapeIdentifier(role.user)} IS ${escapeLiteral(labelOf(role))}`,
  )
}

const labelOf = ({ objectId }: IdentityRole): string => `aadauth,oid=${objectId},type=service`

/** Null: there is no such role. */
async function mappingOf(client: Client, user: string): Promise<{ readonly objectId: string | null } | null> {
  const { rows } = await client.query<{ label: string | null }>(
    `SELECT (SELECT label FROM pg_shseclabel
              WHERE objoid = r.oid AND classoid = 'pg_authid'::regclass AND provider = 'pgaadauth') AS label
       FROM pg_roles r WHERE rolname = $1`,
    [user],
  )
  if (rows[0] === undefined) return null
  return { objectId: /(?:^|,)\s*oid=([^,\s]+)/i.exec(rows[0].label ?? '')?.[1] ?? null }
}

const UNDEFINED_FUNCTION = '42883'
const NO_RIGHT = '42501'

function explained(cause: unknown, { user }: IdentityRole): unknown {
  const code = (cause as { readonly code?: unknown } | null)?.code
  if (code === UNDEFINED_FUNCTION)
    return new Error('this server has no Microsoft Entra authentication; enable it, or give the roles passwords', {
      cause,
    })
  if (code === NO_RIGHT)
    return new Error(
      `only a Microsoft Entra administrator may make role ${user}; make the app's identity one, and log in as it (no POSTGRES_PASSWORD)`,
      { cause },
    )
  return cause
}
