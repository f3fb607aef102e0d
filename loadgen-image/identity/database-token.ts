/**
 * The Microsoft Entra token that stands in for a password of the database. A server checks it at each login, and it is valid for an
 * hour or more: a load that outlives it reconnects after a failover with a token that was fetched since.
 *
 * The SDK keeps a token and fetches the next one when half of a long life has passed, or 5 minutes before the end of a short one.
 * So this asks often, and most answers are the token that is known.
 */
import { errorText, hideSecret } from '../contract/redact.ts'
import { type AccessToken, type Credential, credentialOf } from './credential.ts'

/** How a load without a password logs in. */
export interface TokenAccess {
  readonly scope: string
  /** Null: what the machine offers. */
  readonly clientId: string | null
}

export interface LoginToken {
  readonly token: string
  /** Past its end by the clock of this machine, and the identity endpoint gives no other: a refused login is no fault of the server. */
  readonly isStale: boolean
}

/** The pause between two questions is half of what is left of the token, within these bounds. */
const MIN_PAUSE_MS = 5_000
const MAX_PAUSE_MS = 30_000
/** An endpoint that accepts a request and never answers must not end the renewal. */
const ANSWER_MS = 60_000

interface Pace {
  readonly minPauseMs: number
  readonly maxPauseMs: number
  readonly answerMs: number
}

const PACE: Pace = { minPauseMs: MIN_PAUSE_MS, maxPauseMs: MAX_PAUSE_MS, answerMs: ANSWER_MS }

export class DatabaseToken {
  readonly #credential: Credential
  readonly #scope: string
  readonly #pace: Pace
  #known: AccessToken | null = null
  #isStale = false
  #timer: NodeJS.Timeout | null = null
  #isStopped = false

  constructor({ scope, clientId }: TokenAccess, credential: Credential = credentialOf(clientId), pace = PACE) {
    this.#scope = scope
    this.#credential = credential
    this.#pace = pace
  }

  /** The token of now; rejects with one line when the identity endpoint gives none. */
  async fetch(): Promise<string> {
    try {
      this.#known = await this.#ask()
      return this.#known.token
    } catch (cause) {
      throw new Error(`the identity endpoint gave no database token: ${oneLine(errorText(cause))}`)
    }
  }

  /** Reports each new token, and that the known one has become stale, until `stop`. Reports the known one at once. */
  keepFresh(report: (token: LoginToken) => void, log: (line: string) => void): void {
    if (this.#known !== null) report({ token: this.#known.token, isStale: false })
    this.#schedule(report, log)
  }

  stop(): void {
    this.#isStopped = true
    if (this.#timer !== null) clearTimeout(this.#timer)
  }

  #schedule(report: (token: LoginToken) => void, log: (line: string) => void): void {
    if (this.#isStopped) return
    this.#timer = setTimeout(async () => {
      await this.#renew(report, log)
      this.#schedule(report, log)
    }, this.#pauseMs())
    this.#timer.unref()
  }

  #pauseMs(): number {
    const { minPauseMs, maxPauseMs } = this.#pace
    const leftMs = (this.#known?.expiresOnTimestamp ?? 0) - Date.now()
    return Math.max(minPauseMs, Math.min(maxPauseMs, leftMs / 2))
  }

  async #renew(report: (token: LoginToken) => void, log: (line: string) => void): Promise<void> {
    try {
      const next = await this.#ask()
      if (this.#isStopped) return
      const isNew = next.token !== this.#known?.token
      if (isNew) log(`a new database token, valid until ${new Date(next.expiresOnTimestamp).toISOString()}`)
      if (isNew || this.#isStale) report({ token: next.token, isStale: false })
      this.#known = next
      this.#isStale = false
    } catch (error) {
      if (!this.#isStopped) this.#noteFailure(oneLine(errorText(error)), report, log)
    }
  }

  #noteFailure(why: string, report: (token: LoginToken) => void, log: (line: string) => void): void {
    log(`the identity endpoint gave no database token: ${why}`)
    if (this.#isStale || this.#known === null || Date.now() < this.#known.expiresOnTimestamp) return
    this.#isStale = true
    report({ token: this.#known.token, isStale: true })
  }

  async #ask(): Promise<AccessToken> {
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(() => late.reject(new Error('no answer in time')), this.#pace.answerMs)
    try {
      const asked = this.#credential.getToken(this.#scope)
      asked.catch(() => {})
      const token = await Promise.race([asked, late.promise])
      if (token === null) throw new Error('no identity is available')
      hideSecret(token.token)
      return token
    } finally {
      clearTimeout(timer)
    }
  }
}

const MAX_LENGTH = 300

/** The SDK's messages hold the whole answer, headers included, and it repeats its cause. */
const oneLine = (text: string): string => text.replace(/\s+/g, ' ').slice(0, MAX_LENGTH)
