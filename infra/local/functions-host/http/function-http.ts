/** HTTP requests and answers in the form that the host and the worker exchange them. */
import type { NullableString, RpcCookie, RpcHttp, RpcResponse } from '../worker/core-types.ts'
import type { Answer, Asked } from './exchange.ts'
import type { RouteValues } from './route.ts'

const nullable = (entries: Iterable<readonly [string, string]>): Record<string, NullableString> =>
  Object.fromEntries([...entries].map(([name, value]) => [name, { value }]))

export const toRpcRequest = ({ method, url, headers, body }: Asked, values: RouteValues): RpcHttp => ({
  method,
  url: url.href,
  nullableHeaders: nullable(Object.entries(headers)),
  nullableQuery: nullable(joinedQuery(url)),
  nullableParams: nullable(Object.entries(values)),
  ...(body.length === 0 ? {} : { body: { bytes: body } }),
})

/** The host knows one value per name: a repeated parameter arrives as `a,b`. */
function joinedQuery({ searchParams }: URL): [string, string][] {
  return [...new Set(searchParams.keys())].map((name) => [name, searchParams.getAll(name).join(',')])
}

export function fromRpcResponse({ returnValue }: RpcResponse): Answer {
  // A handler that returns nothing has answered, with nothing.
  if (returnValue === null || returnValue === undefined) return { status: 204 }
  const { statusCode = '200', headers = {}, cookies = [], body } = returnValue.http ?? {}
  return {
    status: Number(statusCode),
    headers: { ...headers, ...(cookies.length === 0 ? {} : { 'set-cookie': cookies.map(cookieText) }) },
    body: body?.bytes ?? body?.string ?? '',
  }
}

const SAME_SITE = { lax: 'Lax', strict: 'Strict', explicitNone: 'None' } as const

function cookieText(cookie: RpcCookie): string {
  const { name = '', value = '', domain, path, expires, maxAge, secure, httpOnly, sameSite = 'none' } = cookie
  const parts = [
    `${encodeURIComponent(name)}=${encodeURIComponent(value)}`,
    expires === undefined ? '' : `expires=${new Date(expires.value.seconds * 1000).toUTCString()}`,
    maxAge === undefined ? '' : `max-age=${maxAge.value}`,
    domain === undefined ? '' : `domain=${domain.value}`,
    path === undefined ? '' : `path=${path.value}`,
    secure?.value === true ? 'secure' : '',
    sameSite === 'none' ? '' : `samesite=${SAME_SITE[sameSite]}`,
    httpOnly?.value === true ? 'httponly' : '',
  ]
  return parts.filter((part) => part !== '').join('; ')
}
