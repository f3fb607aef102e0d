/**
 * Who may call what. With `API_AUTH=keys` the Functions host checks a key before a handler runs, and this lets everything pass. With
 * `API_AUTH=entra` the platform's authentication is in front, and this checks the app role that each route needs.
 */
import { type Headers, isFromOtherSite, mayBeForm } from './cross-site.ts'
import { type AppRole, holds, PRINCIPAL_HEADER, type Principal, readPrincipal } from './principal.ts'

export interface Gate {
  readonly auth: 'keys' | 'entra'
  /**
   * The platform reports that its authentication is in front of the app: it then removes `x-ms-client-principal` from every request
   * of a client. Without it anyone could write that header.
   */
  readonly isGuarded: boolean
}

export interface Asked {
  readonly method: string
  readonly url: string
  readonly headers: Headers
}

interface Refusal {
  readonly status: 401 | 403 | 415
  readonly title: string
  readonly detail: string
}

type Entry = { readonly caller: Principal | null } | { readonly refused: Refusal }

/** `needs` null: the route holds no data. `caller` null: not known, because no one was asked. */
export function enter(gate: Gate, needs: AppRole | null, asked: Asked): Entry {
  if (gate.auth === 'keys' || needs === null) return { caller: null }
  if (!gate.isGuarded) return { refused: UNGUARDED }
  const header = asked.headers.get(PRINCIPAL_HEADER)
  if (header === null || header.trim() === '') return { refused: signIn('The request carries no login.') }
  const caller = readPrincipal(header)
  if ('problem' in caller) return { refused: signIn(caller.problem) }
  if (!holds(caller, needs)) return { refused: roleMissing(caller, needs) }
  const refused = changesSomething(asked) ? crossSite(asked) : null
  return refused === null ? { caller } : { refused }
}

export const changesSomething = ({ method }: Pick<Asked, 'method'>): boolean => !['GET', 'HEAD'].includes(method)

function crossSite({ method, url, headers }: Asked): Refusal | null {
  if (isFromOtherSite(url, headers)) return OTHER_SITE
  return method === 'POST' && mayBeForm(headers) ? NOT_JSON : null
}

const UNGUARDED: Refusal = {
  status: 403,
  title: "The platform's authentication is not in front of this app",
  detail:
    'API_AUTH is entra, and the platform does not report that its authentication is on (WEBSITE_AUTH_ENABLED). Until it is, logins in ' +
    'request headers could come from anyone and are not read. Next: turn on the authentication of the function app with Microsoft ' +
    'Entra, or set API_AUTH to keys.',
}

const signIn = (why: string): Refusal => ({
  status: 401,
  title: 'Sign in',
  detail:
    `${why} Next: open /.auth/login/aad in a browser, or send a token of this app's application in Microsoft Entra as ` +
    '"authorization: Bearer ...".',
})

function roleMissing({ isApp, roles }: Principal, needs: AppRole): Refusal {
  const who = isApp ? 'This application' : 'This account'
  const has = roles.length === 0 ? 'no role of this app' : `only ${roles.join(', ')}`
  return {
    status: 403,
    title: `${needs} is needed`,
    detail:
      `${who} has ${has}. Next: let an owner of this app's enterprise application assign the app role ${needs}, and then get a new ` +
      `${isApp ? 'token' : 'login (/.auth/logout, and sign in again)'}.`,
  }
}

const OTHER_SITE: Refusal = {
  status: 403,
  title: 'Sent by another site',
  detail:
    'Only pages of this app, and programs, may change something here. Next: use the dashboard of this app, or the API.',
}

const NOT_JSON: Refusal = {
  status: 415,
  title: 'Unsupported media type',
  detail:
    'A request that changes something and carries no token must have the content type application/json, also without a body.',
}

/** For the log: by object id, which names no person. */
export const callerName = ({ isApp, objectId }: Principal): string =>
  `${isApp ? 'application' : 'user'} ${objectId ?? 'without an object id'}`
