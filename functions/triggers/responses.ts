/**
 * Answers of the API. Errors are problem+json (RFC 9457) and name every bad field. Every handler is registered through
 * `guarded`, which adds what every answer carries: the security headers, and `no-store` where the handler says nothing else.
 */
import { createHash } from 'node:crypto'
import type { HttpRequest, HttpResponseInit } from '@azure/functions'
import { shown } from '../../loadgen-image/contract/fields.ts'
import { callerName, changesSomething, enter, type Gate } from '../access/gate.ts'
import type { AppRole } from '../access/principal.ts'
import { compressed } from '../archive/compressed.ts'
import { REPORT_POLICY } from '../render/html/frame.ts'
import type { Problem } from '../request/request.ts'

export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): HttpResponseInit {
  return {
    status,
    jsonBody: body,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
  }
}

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
    headers: { 'content-type': 'application/problem+json; charset=utf-8', ...headers },
  }
}

export const notFound = (what: string): HttpResponseInit =>
  problem({ status: 404, title: 'Not found', detail: `There is no ${what}.` })

export const badRequest = (problems: readonly Problem[]): ProblemDetails => ({
  status: 400,
  title: 'Bad request',
  detail: problems.map(({ field, problem: what }) => `${field || 'body'}: ${what}`).join('; '),
  problems,
})

export const problemOfQuery = (field: string, value: string | null, expected: string): Problem => ({
  field,
  problem: `got ${shown(value ?? undefined)}`,
  expected,
})

export const badQuery = (field: string, value: string | null, expected: string): HttpResponseInit =>
  problem(badRequest([problemOfQuery(field, value, expected)]))

/** The stored text with a strong validator, or 304 when the reader has it already. */
export function cached(
  request: HttpRequest,
  content: string | Uint8Array,
  contentType: string,
  etag: string,
): HttpResponseInit {
  const headers = { etag, 'cache-control': 'private, no-cache', vary: 'Accept' }
  if (isKnown(request.headers.get('if-none-match'), etag)) return { status: 304, headers }
  return { status: 200, body: content, headers: { ...headers, 'content-type': contentType } }
}

/** Of an answer that is computed each time: a reader that polls gets 304 as long as nothing in it changed. */
export function cachedJson(
  request: HttpRequest,
  body: unknown,
  more: Readonly<Record<string, string>> = {},
): HttpResponseInit {
  const etag = etagOf(JSON.stringify(body))
  const headers = { etag, 'cache-control': 'private, no-cache', ...more }
  return isKnown(request.headers.get('if-none-match'), etag) ? { status: 304, headers } : json(200, body, headers)
}

export const etagOf = (content: string): string =>
  `"${createHash('sha256').update(content).digest('hex').slice(0, 32)}"`

export const isKnown = (condition: string | null, etag: string): boolean =>
  condition !== null &&
  (condition.trim() === '*' || condition.split(',').some((one) => one.trim().replace(/^W\//, '') === etag))

export interface Guard {
  readonly gate: Gate
  readonly needs: AppRole | null
  readonly log: {
    error(message: string, error: unknown): void
    /** Who changed something, and who was refused. */
    note(message: string): void
  }
}

/** Unexpected errors return no details: they may contain an address or a key. The log has them. */
export function guarded<A extends readonly unknown[]>(
  handler: (request: HttpRequest, ...more: A) => Promise<HttpResponseInit>,
  { gate, needs, log }: Guard,
): (request: HttpRequest, ...more: A) => Promise<HttpResponseInit> {
  return async (request, ...more) => {
    const what = `${request.method} ${new URL(request.url).pathname}`
    try {
      const entry = enter(gate, needs, request)
      if ('refused' in entry) {
        if (changesSomething(request)) log.note(`${what} refused: ${entry.refused.status} ${entry.refused.title}`)
        return secured(problem(entry.refused, entry.refused.status === 401 ? { 'www-authenticate': 'Bearer' } : {}))
      }
      if (entry.caller !== null && changesSomething(request)) log.note(`${what} by ${callerName(entry.caller)}`)
      return secured(await compressed(request, await handler(request, ...more)))
    } catch (error) {
      log.error(`${what} failed`, error)
      const detail = 'A service that this app depends on did not answer. The log of the app names it; try again.'
      return secured(problem({ status: 503, title: 'Not available now', detail }, { 'retry-after': '10' }))
    }
  }
}

// ---- What every answer carries ------------------------------------------------------------------------------------------

const NO_FRAMES = "frame-ancestors 'none'"
/** Of what is not a page: opened in a browser it loads nothing and runs nothing. */
const NO_CONTENT_POLICY = `default-src 'none'; base-uri 'none'; form-action 'none'; ${NO_FRAMES}`

/** What the handler set itself is kept: the dashboard has a policy and a cache rule of its own. */
export function secured(answer: HttpResponseInit): HttpResponseInit {
  const own = (answer.headers ?? {}) as Readonly<Record<string, string>>
  const isPage = own['content-type']?.startsWith('text/html') === true
  return {
    ...answer,
    headers: {
      'cache-control': 'no-store',
      // No other site's page may take it into its process, not even as a picture or a script.
      'cross-origin-resource-policy': 'same-origin',
      'content-security-policy': isPage ? `${REPORT_POLICY}; ${NO_FRAMES}` : NO_CONTENT_POLICY,
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      ...own,
    },
  }
}
