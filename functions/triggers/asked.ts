/** What requests of the API have in common: a JSON body with a key, a page of a list, the reason of an abort. */
import type { HttpRequest, HttpResponseInit } from '@azure/functions'
import { saysJson } from '../access/cross-site.ts'
import { badQuery, badRequest, json, type ProblemDetails, problem } from './responses.ts'

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
  readonly after: string | null
}

export function readPaging({ query }: HttpRequest): Paging | HttpResponseInit {
  const limit = Number(query.get('limit') ?? PAGE)
  const after = query.get('after')
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE)
    return badQuery('limit', query.get('limit'), `a whole number from 1 to ${MAX_PAGE}`)
  if (after !== null && !/^[\w-]{1,100}$/.test(after))
    return badQuery('after', after, 'the value of `after` in the `next` link of an earlier page')
  return { limit, after }
}

export function pageOf(
  path: string,
  { limit }: Paging,
  rows: object,
  nextAfter: string | null,
  filters: Readonly<Record<string, string | null>> = {},
): HttpResponseInit {
  const given = Object.entries(filters).filter(([, value]) => value !== null)
  const kept = given.map(([name, value]) => `&${name}=${encodeURIComponent(String(value))}`).join('')
  const next = nextAfter === null ? null : `${path}?limit=${limit}&after=${nextAfter}${kept}`
  return json(200, { ...rows, next }, next === null ? {} : { link: `<${next}>; rel="next"` })
}

// ---- Aborts -------------------------------------------------------------------------------------------------------------

export const reasonOf = (request: HttpRequest): string => {
  const given = request.query.get('reason')?.trim().slice(0, 200)
  return given ? `aborted by request: ${given}` : 'aborted by request'
}
