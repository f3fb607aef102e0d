/** Answers of the API. Errors are problem+json (RFC 9457) and name every bad field. */
import type { HttpRequest, HttpResponseInit } from '@azure/functions'
import type { Problem } from '../drill/request.ts'

export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): HttpResponseInit {
  return {
    status,
    jsonBody: body,
    headers: { 'content-type': 'application/json; charset=utf-8', ...NO_STORE, ...headers },
  }
}

/** Every answer needs the key, and a status is old the moment after. */
const NO_STORE = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const

export interface ProblemDetails {
  readonly status: number
  readonly title: string
  readonly detail: string
  readonly problems?: readonly Problem[]
  /** Where to look instead, such as the drill that holds the server. */
  readonly instance?: string
}

export function problem(details: ProblemDetails, headers: Readonly<Record<string, string>> = {}): HttpResponseInit {
  return {
    status: details.status,
    body: JSON.stringify({ type: 'about:blank', ...details }),
    headers: { 'content-type': 'application/problem+json; charset=utf-8', ...NO_STORE, ...headers },
  }
}

export const notFound = (what: string): HttpResponseInit =>
  problem({ status: 404, title: 'Not found', detail: `There is no ${what}.` })

/** The stored text with a strong validator, or 304 when the reader has it already. */
export function cached(
  request: HttpRequest,
  content: string | Uint8Array,
  contentType: string,
  etag: string,
): HttpResponseInit {
  const headers = { etag, 'cache-control': 'private, no-cache', 'x-content-type-options': 'nosniff', vary: 'Accept' }
  if (isKnown(request.headers.get('if-none-match'), etag)) return { status: 304, headers }
  return { status: 200, body: content, headers: { ...headers, 'content-type': contentType } }
}

const isKnown = (condition: string | null, etag: string): boolean =>
  condition !== null &&
  (condition.trim() === '*' || condition.split(',').some((one) => one.trim().replace(/^W\//, '') === etag))

/** An error that nobody foresaw is told without its insides: they may hold an address or a key, and belong in the log. */
export function guarded<A extends readonly unknown[]>(
  handler: (request: HttpRequest, ...more: A) => Promise<HttpResponseInit>,
  log: (message: string, error: unknown) => void,
): (request: HttpRequest, ...more: A) => Promise<HttpResponseInit> {
  return async (request, ...more) => {
    try {
      return await handler(request, ...more)
    } catch (error) {
      log(`${request.method} ${new URL(request.url).pathname} failed`, error)
      const detail = 'Something that this app depends on did not answer. The log of the app says what; try again.'
      return problem({ status: 503, title: 'Not available now', detail }, { 'retry-after': '10' })
    }
  }
}
