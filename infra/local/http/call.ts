/** One call of the API over HTTP: its whole answer, or an error that says whether a later call may succeed. */
import type { FieldProblem } from '../../../loadgen-image/contract/load-plan.ts'
import { errorText } from '../../../loadgen-image/contract/redact.ts'
import type { Trouble } from './patience.ts'
import { shownProblems } from './problem-details.ts'

export interface Caller {
  /** What a request carries to be let in. `isRefused`: the last ones were not let in. */
  headers(isRefused: boolean): Promise<Readonly<Record<string, string>>>
  /** What to do when the app refuses them. */
  readonly advice: string
}

export interface Asked {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly body?: unknown
  readonly key?: string
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly content: Uint8Array
}

/** No whole answer: whether the call arrived is not known. */
export class NoAnswer extends Error implements Trouble {
  override readonly name = 'NoAnswer'
  readonly mayPass: boolean
  readonly afterMs = null
  get words(): string {
    return this.message
  }
  constructor(words: string, mayPass: boolean, options: ErrorOptions) {
    super(words, options)
    this.mayPass = mayPass
  }
}

/** An answer that is an error. */
export class Refused extends Error implements Trouble {
  override readonly name = 'Refused'
  readonly status: number
  readonly mayPass: boolean
  readonly afterMs: number | null
  /** Fields of the body that the app refuses. */
  readonly problems: readonly FieldProblem[]
  /** Where to look instead, such as the drill that holds the server. */
  readonly instance: string | null
  get words(): string {
    return this.message
  }
  constructor(words: string, answer: Answer, about: Pick<Refused, 'problems' | 'instance'>) {
    super(words)
    this.status = answer.status
    this.mayPass = MAY_PASS.has(answer.status)
    this.afterMs = retryAfterMs(answer.headers.get('retry-after'))
    this.problems = about.problems
    this.instance = about.instance
  }
}

const MAY_PASS = new Set([408, 425, 429, 500, 502, 503, 504])

/** Seconds, or a date. */
function retryAfterMs(text: string | null): number | null {
  if (text === null) return null
  if (/^\d{1,6}$/.test(text.trim())) return Number(text) * 1000
  const atMs = Date.parse(text)
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - Date.now())
}

/** Without a byte for so long a call has failed. */
const SILENCE_MS = 30_000

/** `apiUrl` ends with /api. Throws NoAnswer or Refused for all that is not 2xx. */
export function createCall(apiUrl: string, caller: Caller, silenceMs = SILENCE_MS): (asked: Asked) => Promise<Answer> {
  return async (asked) => {
    const first = await caller.headers(false)
    const answer = await send(apiUrl, asked, first, silenceMs)
    if (answer.status !== 401) return checked(answer, caller, first)
    // A token may have expired.
    const again = await caller.headers(true)
    if (JSON.stringify(again) === JSON.stringify(first)) return checked(answer, caller, first)
    return checked(await send(apiUrl, asked, again, silenceMs), caller, again)
  }
}

async function send(
  apiUrl: string,
  { method, path, body, key }: Asked,
  admission: Readonly<Record<string, string>>,
  silenceMs: number,
): Promise<Answer> {
  const silence = new AbortController()
  const timer = setTimeout(() => silence.abort(), silenceMs)
  try {
    const response = await fetch(`${apiUrl}${path}`, {
      method,
      headers: {
        ...admission,
        ...(key === undefined ? {} : { 'idempotency-key': key }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      // Another host must not get the key.
      redirect: 'manual',
      signal: silence.signal,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const parts: Uint8Array[] = []
    for await (const part of response.body ?? []) {
      timer.refresh()
      parts.push(part)
    }
    return { status: response.status, headers: response.headers, content: Buffer.concat(parts) }
  } catch (cause) {
    const { words, mayPass } = silence.signal.aborted
      ? { words: `no answer within ${silenceMs / 1000} s`, mayPass: true }
      : connectionProblem(cause)
    throw new NoAnswer(words, mayPass, { cause })
  } finally {
    clearTimeout(timer)
  }
}

function checked(answer: Answer, caller: Caller, admission: Readonly<Record<string, string>>): Answer {
  const { status, headers, content } = answer
  if (status >= 200 && status < 300) return answer
  if (status >= 300 && status < 400) {
    const place = headers.get('location')
    const host = place !== null && URL.canParse(place) ? ` to ${new URL(place).host}` : ''
    throw new Refused(`HTTP ${status}: the address leads elsewhere${host}. Give the app's own address`, answer, NOTHING)
  }
  const { words, problems, instance } = shownProblems(content, Object.values(admission))
  const advice = status === 401 || status === 403 ? `. ${caller.advice}` : ''
  throw new Refused(`HTTP ${status}${words === '' ? '' : `: ${words}`}${advice}`, answer, { problems, instance })
}

const NOTHING = { problems: [], instance: null } as const

// ---- Connections --------------------------------------------------------------------------------------------------------

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection is refused',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was reset',
  UND_ERR_SOCKET: 'the connection was closed',
  ENOTFOUND: 'the name of the host is not found',
  EAI_AGAIN: 'the name of the host is not found at present',
  ETIMEDOUT: 'the connection timed out',
  UND_ERR_CONNECT_TIMEOUT: 'the connection timed out',
  EHOSTUNREACH: 'the host is not reachable',
  ENETUNREACH: 'the network is not reachable',
}

/** What is wrong with a certificate stays wrong. */
const OF_TLS = /CERT|SELF_SIGNED|VERIFY|ALTNAME|^ERR_SSL|^ERR_TLS/

/** An error without a code is none of the connection, such as a port that no HTTP client calls. */
function connectionProblem(error: unknown): { readonly words: string; readonly mayPass: boolean } {
  const code = codeOf(error)
  if (code === '') return { words: `the call is not possible (${errorText(error)})`, mayPass: false }
  if (OF_TLS.test(code))
    return { words: `the host proves no identity that this machine trusts (${code})`, mayPass: false }
  return { words: `${WORDS[code] ?? 'the connection failed'} (${code})`, mayPass: true }
}

function codeOf(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as NodeJS.ErrnoException
    if (typeof code === 'string') return code
    if (at instanceof AggregateError) return codeOf(at.errors[0])
  }
  return ''
}
