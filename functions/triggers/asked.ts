/** What requests of the API have in common: a JSON body with a key, a page of a list, the reason of an abort. */
import { createHash } from 'node:crypto'
import type { HttpRequest, HttpResponseInit } from '@azure/functions'
import { saysJson } from '../access/cross-site.ts'
import type { Problem } from '../request/request.ts'
import { badRequest, type ProblemDetails, problem, problemOfQuery } from './responses.ts'

/** A request is a few hundred bytes; more is a mistake. */
const MAX_BODY_BYTES = 64 * 1024
const KEY = /^[\x21-\x7e]{1,200}$/
const MAX_PAGE = 100
const PAGE = 20

interface Start {
  readonly text: string
  readonly body: unknown
  /** Idempotency-Key: the same key is the same drill, or the same campaign. */
  readonly key: string | null
}

/** The body and the key of a start, or what is wrong with one of them. */
export async function readBody(request: HttpRequest): Promise<Start | ProblemDetails> {
  const key = request.headers.get('idempotency-key')
  if (key !== null && !KEY.test(key)) return badKey(key)
  const announced = Number(request.headers.get('content-length') ?? 0)
  if (announced > MAX_BODY_BYTES) return tooLarge
  const text = await request.text()
  if (Buffer.byteLength(text) > MAX_BODY_BYTES) return tooLarge
  // An empty body requests the defaults, and needs no type.
  if (text.trim() === '') return { text: '{}', body: {}, key }
  if (!saysJson(request.headers)) return notJson(request.headers.get('content-type'))
  try {
    return { text, body: JSON.parse(text), key }
  } catch (error) {
    return badRequest([{ field: '', problem: `this is no JSON${placeIn(error)}`, expected: 'JSON' }])
  }
}

/** A parser's message repeats its input: only the place is reported. */
function placeIn(error: unknown): string {
  const [, line, column] = /line (\d+) column (\d+)/.exec(error instanceof Error ? error.message : '') ?? []
  return line === undefined ? '' : ` from line ${line}, column ${column} on`
}

const tooLarge: ProblemDetails = {
  status: 413,
  title: 'Request too large',
  detail: `A request has at most ${MAX_BODY_BYTES} bytes.`,
}

const notJson = (type: string | null): ProblemDetails => ({
  status: 415,
  title: 'Unsupported media type',
  detail: `The body must be application/json, and its content type is ${type === null ? 'missing' : 'another one'}.`,
})

const badKey = (key: string): ProblemDetails =>
  badRequest([
    { field: 'Idempotency-Key', problem: `got ${key.length} characters`, expected: '1 to 200 printable characters' },
  ])

export const keyTaken = (): HttpResponseInit =>
  problem({
    status: 409,
    title: 'Idempotency-Key was used for another request',
    detail: 'A key stands for one request. Repeat that request exactly, or choose another key.',
  })

// ---- Pages --------------------------------------------------------------------------------------------------------------

export interface Paging {
  readonly limit: number
  /** The place in storage at which the page begins; null: at the newest. */
  readonly after: string | null
}

/** What a place in storage belongs to: a place of one list is none of another. */
export interface ListOf {
  readonly path: string
  /** The filters, as they stand in a link. */
  readonly scope: string
}

export function readPaging(query: HttpRequest['query'], list: ListOf): Paging & { readonly problems: Problem[] } {
  const limit = Number(query.get('limit') ?? PAGE)
  const given = query.get('after')
  const after = given === null ? null : placeOf(given, list)
  const problems: Problem[] = []
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE)
    problems.push(problemOfQuery('limit', query.get('limit'), `a whole number from 1 to ${MAX_PAGE}`))
  if (given !== null && after === null)
    problems.push(
      problemOfQuery(
        'after',
        given,
        'the value of `after` in the `next` link of an earlier page with the same filters',
      ),
    )
  return { limit, after, problems }
}

interface PageOf extends ListOf {
  /** Null: the reader named none, and the list decides. */
  readonly limit: number | null
  /** Where the next page begins in storage; null: there is none. */
  readonly next: string | null
}

/** The link to the next page, with the filters of this one. */
export function nextLink({ path, limit, scope, next }: PageOf): string | null {
  if (next === null) return null
  const parts = [limit === null ? '' : `limit=${limit}`, `after=${tokenOf(next, { path, scope })}`, scope]
  return `${path}?${parts.filter((part) => part !== '').join('&')}`
}

export const linkHeader = (next: string | null): Readonly<Record<string, string>> =>
  next === null ? {} : { link: `<${next}>; rel="next"` }

/** The sum finds a token that was cut or changed, or that belongs to a list with other filters. */
const tokenOf = (place: string, list: ListOf): string =>
  `${Buffer.from(place).toString('base64url')}.${sumOf(place, list)}`

function placeOf(token: string, list: ListOf): string | null {
  const [, text = '', sum] = /^([\w-]{1,2000})\.([\w-]{12})$/.exec(token) ?? []
  const place = Buffer.from(text, 'base64url').toString('utf8')
  return text !== '' && sumOf(place, list) === sum ? place : null
}

const sumOf = (place: string, { path, scope }: ListOf): string =>
  createHash('sha256').update(`${path}?${scope}\n${place}`).digest('base64url').slice(0, 12)

/** What is no field of this list; the platform takes the function key as `code`. */
export const problemsOfNames = (query: HttpRequest['query'], known: readonly string[]): Problem[] =>
  [...new Set(query.keys())]
    .filter((name) => name !== 'code' && !known.includes(name))
    .map((name) => ({
      field: shortened(name),
      problem: 'unknown field of the query',
      expected: `one of ${known.join(', ')}`,
    }))

const MAX_NAME = 60
const shortened = (name: string): string => (name.length > MAX_NAME ? `${name.slice(0, MAX_NAME)}…` : name)

// ---- Aborts -------------------------------------------------------------------------------------------------------------

export const reasonOf = (request: HttpRequest): string => {
  const given = request.query.get('reason')?.trim().slice(0, 200)
  return given ? `aborted by request: ${given}` : 'aborted by request'
}
