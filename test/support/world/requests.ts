/** The requests that reach a made-up platform: what becomes of each on its way, and what its sender learns. */
import { answerOfError } from '../../../functions/clients/azure/event-request.ts'
import type { EventAnswer } from '../../../functions/model/event-answer.ts'
import type { PlatformRequest } from '../../../functions/model/planned-event.ts'
import type { WorldClock } from './clock.ts'
import { restError } from './rest-error.ts'

/** What becomes of a POST: whether it reaches the platform, and what the sender learns. */
export type PostFate =
  | 'accepted'
  /** ... and not carried out: its operation ends as failed. */
  | 'accepted and dropped'
  | 'reset after arrival'
  | 'reset before arrival'
  | 'unavailable after arrival'
  | 'timeout before arrival'
  | 'busy'
  | 'not ready'
  | 'forbidden'
  /** Too many requests: try again after minutes. */
  | 'throttled'
  /** The host dies with the request on its way. */
  | 'host dies after arrival'
  | 'host dies before arrival'
  /** ... and the request arrives when its sender does not wait for it any more. */
  | 'host dies, arrives late'
  | 'timeout, arrives late'

/** A request that was sent, and what its sender learned: nothing when its host died. */
export interface SentRequest {
  readonly request: PlatformRequest
  readonly atMs: number
  readonly fate: PostFate
  readonly answer: EventAnswer | null
}

/** Not an error of the activity: the process that ran it is gone, and its message is delivered again. */
export class HostDied extends Error {}

export interface RequestOptions {
  /** By number of the POST; the last one repeats. */
  readonly posts: readonly PostFate[]
  /** From the sending of a late request to its arrival. */
  readonly lateArrivalMs?: number
  /** What a throttled request is asked to wait before the next one. */
  readonly throttledSeconds?: number
}

/** What a request arrives at. */
export interface Receiver {
  isBusyAt(atMs: number): boolean
  isReplicaReadyAt(atMs: number): boolean
  /** The token of its operation. */
  carryOut(request: PlatformRequest, atMs: number): string
}

/** From the acceptance of a request that is not carried out to the end of its operation. */
const DROPPED_MS = 3_000

export class Requests {
  readonly sent: SentRequest[] = []
  /** By token: when the operations of requests end that are not carried out. */
  readonly #dropped = new Map<string, number>()
  readonly #clock: WorldClock
  readonly #options: RequestOptions
  readonly #receiver: Receiver

  constructor(clock: WorldClock, options: RequestOptions, receiver: Receiver) {
    this.#clock = clock
    this.#options = options
    this.#receiver = receiver
  }

  send(request: PlatformRequest): EventAnswer {
    const { posts } = this.#options
    const fate = posts[Math.min(this.sent.length, posts.length - 1)] ?? 'accepted'
    const atMs = this.#clock.nowMs
    const answer = this.#answerTo(fate, request)
    this.sent.push({ request, atMs, fate, answer })
    if (answer === null) throw new HostDied()
    return answer
  }

  /** When the operation ends as failed; undefined: the request was not dropped. */
  droppedUntil(token: string): number | undefined {
    return this.#dropped.get(token)
  }

  /** Null: the sender did not live to hear it. */
  #answerTo(fate: PostFate, request: PlatformRequest): EventAnswer | null {
    const refusal = this.#refusalOf(fate, request)
    if (refusal !== null) return refusal
    if (fate === 'host dies before arrival') return null
    const sentAt = this.#clock.now().toISOString()
    const ambiguous = { kind: 'ambiguous', why: `the connection ended before an answer (${fate})`, sentAt } as const
    if (fate.endsWith('before arrival')) return ambiguous
    const isLate = fate.endsWith('arrives late')
    const lateMs = isLate ? (this.#options.lateArrivalMs ?? 0) : 0
    if (isLate || fate.startsWith('host dies')) {
      const arrivesAtMs = this.#clock.nowMs + lateMs
      if (!this.#receiver.isBusyAt(arrivesAtMs)) this.#receiver.carryOut(request, arrivesAtMs)
      return fate.startsWith('host dies') ? null : ambiguous
    }
    const token = fate === 'accepted and dropped' ? this.#drop() : this.#receiver.carryOut(request, this.#clock.nowMs)
    if (!fate.startsWith('accepted')) return ambiguous
    return {
      kind: 'accepted',
      pollerToken: token,
      requestId: `request-${this.sent.length + 1}`,
      sentAt,
      acceptedAt: sentAt,
    }
  }

  #refusalOf(fate: PostFate, request: PlatformRequest): EventAnswer | null {
    const refused = (status: number, code: string, afterSeconds: number | null = null): EventAnswer =>
      answerOfError(restError(status, code, afterSeconds), this.#clock.now().toISOString())
    if (fate === 'busy') return refused(409, 'ServerIsBusy')
    if (fate === 'not ready') return refused(400, 'ServerIsNotReady')
    if (fate === 'forbidden') return refused(403, 'AuthorizationFailed')
    if (fate === 'throttled') return refused(429, 'TooManyRequests', this.#options.throttledSeconds)
    const isHeard = !fate.startsWith('host') && !fate.endsWith('arrives late')
    if (isHeard && request.call === 'promote' && !this.#receiver.isReplicaReadyAt(this.#clock.nowMs))
      return refused(409, 'ServerIsBusy')
    return this.#receiver.isBusyAt(this.#clock.nowMs) && isHeard ? refused(409, 'ServerIsBusy') : null
  }

  #drop(): string {
    const token = `dropped-${this.#dropped.size}`
    this.#dropped.set(token, this.#clock.nowMs + DROPPED_MS)
    return token
  }
}
