/**
 * Application probes: HTTP requests to the user's own services beside the load, at fixed times, and what a container records of them.
 * The request of a drill and the plan of a container share this schema. Headers and bodies are named by their secret only, so that
 * no document of a drill holds a value of them.
 */
import * as z from 'zod'
import { list, named, oneOf, whole } from './fields.ts'
import { type SparseHistogram, US_PER_SECOND } from './glossary.ts'

export const APP_PROBE_LIMITS = {
  maxProbes: 8,
  minEveryMs: 50,
  maxEveryMs: 60_000,
  maxTimeoutMs: 30_000,
  /** Of one probe in one container, when the application answers none of its requests. */
  maxUnderWay: 100,
  maxHeaders: 10,
  /** Words of one probe that an application gives as reasons. */
  maxReasons: 8,
  maxUrl: 500,
  /** All probes of all containers together. */
  maxRequestsPerSecond: 1_000,
} as const

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const
/** Only these send a body. */
export const METHODS_WITH_BODY: readonly string[] = ['POST', 'PUT', 'PATCH', 'DELETE']

const NAME_FORM = 'a name of 1 to 40 letters, digits, _ and -, a letter first'
export const SECRET_NAME_FORM = 'the name of a secret, 1 to 64 letters, digits and -'
const URL_FORM = `an http or https URL of at most ${APP_PROBE_LIMITS.maxUrl} characters, without a user, a query or a fragment`

const secretName = named(/^[A-Za-z0-9-]{1,64}$/, SECRET_NAME_FORM)

/** What frames the message or names its receiver belongs to the prober. */
const OWN_HEADER =
  /^(host|content-length|transfer-encoding|connection|keep-alive|upgrade|expect|te|trailer|proxy-[\w-]*)$/i
const isHeaderName = (text: string): boolean => /^[\w!#$%&'*+.^`|~-]{1,64}$/.test(text) && !OWN_HEADER.test(text)

const HEADERS_FORM = `an object such as {"authorization": "name-of-its-secret"} of at most ${APP_PROBE_LIMITS.maxHeaders} headers, without those that frame a message`
const headers = z
  .record(z.string().refine(isHeaderName, { error: HEADERS_FORM }), secretName, { error: HEADERS_FORM })
  .refine((all) => Object.keys(all).length <= APP_PROBE_LIMITS.maxHeaders, { error: HEADERS_FORM })

const appProbeSchema = z.strictObject(
  {
    name: named(/^[A-Za-z][\w-]{0,39}$/, NAME_FORM),
    url: z.string({ error: URL_FORM }).refine(isProbeUrl, { error: URL_FORM }),
    method: oneOf(METHODS).default('GET'),
    expectStatus: whole(200, 599).default(200),
    everyMs: whole(APP_PROBE_LIMITS.minEveryMs, APP_PROBE_LIMITS.maxEveryMs).default(250),
    /** From the time at which a request is due to the end of its answer. */
    timeoutMs: whole(50, APP_PROBE_LIMITS.maxTimeoutMs).default(2_000),
    headers: headers.default({}),
    body: secretName.nullable().default(null),
  },
  { error: 'an object such as {"name": "checkout", "url": "https://shop.example.com/api/checkout"}' },
)

export const appProbes = list(appProbeSchema, 0, APP_PROBE_LIMITS.maxProbes, 'a list of application probes')

export interface AppProbe {
  readonly name: string
  readonly url: string
  readonly method: (typeof METHODS)[number]
  readonly expectStatus: number
  readonly everyMs: number
  readonly timeoutMs: number
  /** Name of the header to name of the secret. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}

export const secretNamesOf = ({ headers: own, body }: Pick<AppProbe, 'headers' | 'body'>): string[] => [
  ...Object.values(own),
  ...(body === null ? [] : [body]),
]

// ---- URLs -----------------------------------------------------------------------------------------------------------

/** A server may decode these behind the check of the path, and then serve another one. */
const ENCODED_PATH = /%(2e|2f|5c)/i

/** The query is left out because it often holds a secret, and a plan and a report repeat the URL. */
export function isProbeUrl(text: string): boolean {
  if (text.length > APP_PROBE_LIMITS.maxUrl || !/^https?:\/\/[^/\\]/i.test(text) || /[?#\s\\]/.test(text)) return false
  if (!URL.canParse(text) || ENCODED_PATH.test(text)) return false
  const { username, password, hostname } = new URL(text)
  return username === '' && password === '' && hostname !== '' && !/^https?:\/\/[^/]*@/i.test(text)
}

/** Scheme, host and port are equal, and the path is that of the entry or lies below it. Both are URLs of the form above. */
export function isInside(url: string, entry: string): boolean {
  const [at, base] = [new URL(url), new URL(entry)]
  if (at.protocol !== base.protocol || at.host !== base.host) return false
  const below = base.pathname.endsWith('/') ? base.pathname : `${base.pathname}/`
  return at.pathname === base.pathname || at.pathname.startsWith(below)
}

// ---- When requests are due ------------------------------------------------------------------------------------------

/** Containers take turns, so that together they see an outage begin and end sooner. */
export const firstDueUs = (
  { everyMs }: Pick<AppProbe, 'everyMs'>,
  container: number,
  containers: number,
  startUs: number,
): number => startUs + Math.floor((everyMs * 1000 * container) / containers)

// ---- Why an application failed ----------------------------------------------------------------------------------------

/** A response header in which an application may say in one word why it failed. Other text is not recorded. */
export const REASON_HEADER = 'failure-reason'
const REASON = /^[a-z][a-z0-9-]{0,39}$/
/** The reason of an application whose pool handed out a connection that had broken before. */
export const DEAD_CONNECTION = 'dead-connection'

/** The code of a failed request: its status and, where the application gave one, its reason. */
export const codeOfStatus = (status: number, reason: string | null): string =>
  reason === null ? `status-${status}` : `status-${status}:${reason}`

/** Null for a code that is not of an answer. */
export function statusOfCode(code: string): { readonly status: string; readonly reason: string | null } | null {
  const [, status, reason] = /^status-(\d+)(?::(.+))?$/.exec(code) ?? []
  return status === undefined ? null : { status, reason: reason ?? null }
}

export const isReason = (text: string): boolean => REASON.test(text)

// ---- What a container records ---------------------------------------------------------------------------------------

/** Raised with every change of the record. */
export const APP_PROBE_VERSION = 2
/** One record covers so many seconds. */
export const APP_RECORD_SECONDS = 5

/** By the second in which the requests were due: due = good + failed + unobserved, exactly. */
export type AppSecond = readonly [good: number, failed: number, unobserved: number]

/**
 * From the first failed request to the first good answer after it. A request that could not be sent on time, or whose answer was
 * not read on time, was not observed: it ends a window without a good answer, because the application may have been back.
 */
export interface AppWindow {
  readonly firstFailedUs: number
  /** When the last failed request of it was due. */
  readonly lastFailedUs: number
  /** Null: no good answer was seen after it. */
  readonly goodAtUs: number | null
  /** The request before it was not observed: it may have begun earlier. */
  readonly beganUnobserved: boolean
  /** No request after it was observed in time: it may have ended earlier or later. */
  readonly endedUnobserved: boolean
  readonly failed: number
  /** Of the first failed request: status-503, status-503:dead-connection, timeout, or a code of the connection. */
  readonly code: string
  /** Of the last one. */
  readonly lastCode: string
}

export interface AppProbeRecord {
  readonly version: typeof APP_PROBE_VERSION
  readonly container: number
  readonly incarnation: string
  readonly probe: string
  readonly fromSecond: number
  readonly seconds: readonly AppSecond[]
  /** The end of the answer minus the due time, of good requests. */
  readonly response: SparseHistogram
  readonly errors: Readonly<Record<string, number>>
  /** Those that ended in this record. */
  readonly windows: readonly AppWindow[]
  /** The window that goes on when the record ends. */
  readonly open: AppWindow | null
  /** Nothing is due behind it. */
  readonly isLast: boolean
}

const int = z.int()
const windowSchema = z.object({
  firstFailedUs: int,
  lastFailedUs: int,
  goodAtUs: int.nullable(),
  beganUnobserved: z.boolean(),
  endedUnobserved: z.boolean(),
  failed: int,
  code: z.string(),
  lastCode: z.string(),
})
const recordSchema = z.object({
  version: z.literal(APP_PROBE_VERSION),
  container: int,
  incarnation: z.string(),
  probe: z.string(),
  fromSecond: int,
  seconds: z.array(z.tuple([int, int, int])),
  response: z.array(int),
  errors: z.record(z.string(), int),
  windows: z.array(windowSchema),
  open: windowSchema.nullable(),
  isLast: z.boolean(),
})

export const encodeAppRecord = (record: AppProbeRecord): Buffer => Buffer.from(`${JSON.stringify(record)}\n`)

/** A line that was cut off, or of another version, is left out: its seconds then count as not observed. */
export function decodeAppRecords(bytes: Uint8Array): AppProbeRecord[] {
  return Buffer.from(bytes)
    .toString('utf8')
    .split('\n')
    .flatMap((line) => {
      const parsed = recordSchema.safeParse(parsedJson(line))
      return parsed.success ? [parsed.data] : []
    })
}

function parsedJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}

export const secondOfUs = (atUs: number): number => Math.floor(atUs / US_PER_SECOND)

// ---- Blobs and environment ------------------------------------------------------------------------------------------

export const appProbeBlob = (drillId: string, container: number, incarnation: string, part: number): string =>
  `drills/${drillId}/containers/${container}/app-probes/${incarnation}-${String(part).padStart(4, '0')}.jsonl`
export const isAppProbeBlob = (name: string): boolean => name.endsWith('.jsonl') && name.includes('/app-probes/')

export const APP_PROBE_ENVIRONMENT = {
  /** A secure value: a JSON object, name of the secret to its value. */
  secrets: 'APP_PROBE_SECRETS',
  /** true: addresses of this machine may be probed. Set by the local stack only. */
  loopback: 'APP_PROBE_LOOPBACK',
} as const
