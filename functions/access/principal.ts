/**
 * Who sends a request, as the platform's authentication reports it in `x-ms-client-principal`: base64 of JSON with the claims of a token
 * that the platform has checked. The header is worth nothing where the platform is not in front; gate.ts decides that.
 *
 * https://learn.microsoft.com/azure/app-service/configure-authentication-user-identities#decode-the-client-principal-header
 */
import * as z from 'zod'

/** App roles of the application in Microsoft Entra that stands for this app. Who may run drills may read them. */
const APP_ROLES = ['Drill.Read', 'Drill.Run'] as const
export type AppRole = (typeof APP_ROLES)[number]

export interface Principal {
  /** Of the user or of the service principal in Microsoft Entra; null when the token names none. */
  readonly objectId: string | null
  /** A token of an application for itself, without a user. */
  readonly isApp: boolean
  readonly roles: readonly AppRole[]
}

export const PRINCIPAL_HEADER = 'x-ms-client-principal'

/** Far above what the platform passes on. */
const MAX_LENGTH = 65_536
const MAX_CLAIMS = 2_000
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

const schema = z.object({
  auth_typ: z.string(),
  claims: z.array(z.object({ typ: z.string(), val: z.string() })).max(MAX_CLAIMS),
})

/** A claim of the token by its own name, and by the name that the platform may give it. Fixed here: no other claim counts as a role. */
const CLAIMS = {
  role: ['roles', 'http://schemas.microsoft.com/ws/2008/06/identity/claims/role'],
  object: ['oid', 'http://schemas.microsoft.com/identity/claims/objectidentifier'],
  subject: ['sub', 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier'],
  kind: ['idtyp'],
} as const

const ENTRA = 'aad'

/** The problem is one sentence without a piece of the header. */
export function readPrincipal(header: string): Principal | { readonly problem: string } {
  const parsed = schema.safeParse(decoded(header.trim()))
  if (!parsed.success) return { problem: `The header ${PRINCIPAL_HEADER} is not what the platform writes.` }
  const { auth_typ: provider, claims } = parsed.data
  if (provider !== ENTRA) return { problem: 'The login is not one of Microsoft Entra.' }
  const valuesOf = (names: readonly string[]) => claims.filter(({ typ }) => names.includes(typ)).map(({ val }) => val)
  const given = valuesOf(CLAIMS.role)
  const [objectId = null] = valuesOf(CLAIMS.object)
  const [subject = null] = valuesOf(CLAIMS.subject)
  return {
    objectId,
    // In a token of an application the subject is the service principal itself; a user has another one in each application.
    isApp: valuesOf(CLAIMS.kind).includes('app') || (objectId !== null && subject === objectId),
    roles: APP_ROLES.filter((role) => given.includes(role)),
  }
}

function decoded(text: string): unknown {
  if (text === '' || text.length > MAX_LENGTH || !BASE64.test(text)) return null
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(text, 'base64')))
  } catch {
    return null
  }
}

export const holds = ({ roles }: Principal, needed: AppRole): boolean =>
  roles.includes(needed) || (needed === 'Drill.Read' && roles.includes('Drill.Run'))
