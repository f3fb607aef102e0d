/**
 * One worker: connects, takes an arrival, sends it, records its outcome, and reconnects after a loss by the policy of its
 * cohort. It owns its connection. An error on it ends neither the process nor another worker.
 */
import type { ClientBehaviour, RetryPolicy } from '../contract/clients/behaviour.ts'
import type { Outcome } from '../contract/glossary.ts'
import { US_PER_MS } from '../record/clock.ts'
import { type Failure, failureOf, judge, OWN_CODES } from '../record/outcome.ts'
import type { Recorder } from '../record/recorder.ts'
import type { Random } from '../schedule/random.ts'
import type { Wire, WireHandler } from './connector.ts'
import { type ReplyHandler, ReplyReader, type ServerMessage } from './reply.ts'
import { EMPTY_QUERY, TransactionBytes } from './transaction.ts'

/** What a session takes from its thread. `index` is its place in the thread. */
export interface SessionHost {
  readonly random: Random
  /** Null until the load starts. */
  readonly recorder: Recorder | null
  nowUs(): number
  open(index: number): Promise<Wire>
  /** A connection was opened (1) or lost (-1), or an attempt failed (0). */
  onConnection(change: -1 | 0 | 1, error: string | null): void
  /** A commit is confirmed: called before it is recorded, because the thread may have stood still until now. */
  onReply(atUs: number): void
  /** Connected and without work. */
  onIdle(index: number): void
}

interface SessionOptions {
  readonly index: number
  readonly behaviour: Pick<ClientBehaviour, 'retry' | 'replyTimeoutMs' | 'validation'>
  readonly insert: string
  /** For an unknown that is sent again under its own key; null: unknowns stay unknown. */
  readonly retryInsert: string | null
}

/** SyncRepWaitForLSN warns when it stops waiting for the standby: committed on the primary, perhaps nowhere else. */
const WEAK_ACK_ROUTINE = 'SyncRepWaitForLSN'
const WEAK_ACK_WORDS = 'wait for synchronous replication'

export class Session implements WireHandler, ReplyHandler {
  readonly #host: SessionHost
  readonly #index: number
  readonly #behaviour: SessionOptions['behaviour']
  readonly #insert: TransactionBytes
  readonly #retryInsert: TransactionBytes | null
  #wire: Wire | null = null
  #replies: ReplyReader = new ReplyReader(this)
  #isEnded = false
  #failuresInARow = 0
  #reconnectTimer: NodeJS.Timeout | null = null

  #seq = 0
  #dueAtUs = 0
  #sentAtUs = 0
  #isBusy = false
  /** The reply that it waits for is about the connection; its transaction was not sent yet. */
  #isValidating = false
  #usedAtUs = 0
  /** An unknown of this worker waits for a connection to be sent again. */
  #isUnsettled = false
  #error: ServerMessage | null = null
  #isWeak = false

  constructor(host: SessionHost, options: SessionOptions) {
    this.#host = host
    this.#index = options.index
    this.#behaviour = options.behaviour
    this.#insert = new TransactionBytes(options.insert)
    this.#retryInsert = options.retryInsert === null ? null : new TransactionBytes(options.retryInsert)
  }

  get isIdle(): boolean {
    return this.#wire !== null && !this.#isBusy && !this.#isUnsettled
  }

  get isUnfinished(): boolean {
    return this.#isBusy || this.#isUnsettled
  }

  connect(): void {
    this.#host.open(this.#index).then(
      (wire) => this.#adopt(wire),
      (error: unknown) => this.#connectFailed(error),
    )
  }

  /** Only while idle. */
  send(dueAtUs: number, atUs: number): void {
    this.#seq++
    this.#dueAtUs = dueAtUs
    const { validation } = this.#behaviour
    this.#isValidating = validation !== null && atUs - this.#usedAtUs > validation.afterIdleMs * US_PER_MS
    this.#write(this.#isValidating ? EMPTY_QUERY : this.#insert.fill(this.#seq, this.#host.random), atUs)
  }

  /** A reply that did not come in time is lost, and the connection with it: the next reply on it might be this one. */
  checkDeadline(atUs: number): void {
    const { replyTimeoutMs, validation } = this.#behaviour
    const timeoutMs = this.#isValidating ? (validation?.timeoutMs ?? null) : replyTimeoutMs
    if (!this.#isBusy || timeoutMs === null || atUs - this.#sentAtUs < timeoutMs * US_PER_MS) return
    const code = this.#isValidating ? OWN_CODES.validationTimeout : OWN_CODES.replyTimeout
    this.#lose({ code, message: 'no reply in time' }, atUs)
  }

  /** The load is over. What has no outcome is unknown. */
  end(atUs: number): void {
    this.#isEnded = true
    if (this.#reconnectTimer !== null) clearTimeout(this.#reconnectTimer)
    const failure = { code: OWN_CODES.endOfLoad, message: 'the load ended before the reply came' }
    const wasBusy = this.#isBusy
    if (this.isUnfinished) this.#settle(this.#isValidating ? 'refused' : 'unknown', failure, atUs)
    if (wasBusy) this.#wire?.destroy()
    else this.#wire?.leave()
    this.#wire = null
  }

  // ---- Connection ------------------------------------------------------------------------------------------------

  #adopt(wire: Wire): void {
    if (this.#isEnded) wire.leave()
    else if (!wire.attach(this)) this.#connectFailed(new Error('closed right after the login'))
    else this.#begin(wire)
  }

  #begin(wire: Wire): void {
    this.#wire = wire
    this.#replies = new ReplyReader(this)
    const atUs = this.#host.nowUs()
    this.#usedAtUs = atUs
    this.#host.recorder?.opened(atUs)
    this.#host.onConnection(1, null)
    if (this.#isUnsettled && this.#retryInsert !== null)
      this.#write(this.#retryInsert.fill(this.#seq, this.#host.random), atUs)
    else this.#host.onIdle(this.#index)
  }

  #connectFailed(error: unknown): void {
    if (this.#isEnded) return
    const failure = failureOf(error, OWN_CODES.connectionClosed)
    this.#host.recorder?.connectFailed(this.#index, failure, this.#host.nowUs())
    this.#host.onConnection(0, `${failure.code}: ${failure.message}`)
    this.#reconnectLater()
  }

  /** Only an acknowledgement resets the count of failures: PgBouncer accepts logins while its server is down. */
  #reconnectLater(): void {
    this.#failuresInARow++
    const delayMs = retryDelayMs(this.#behaviour.retry, this.#failuresInARow, this.#host.random)
    this.#reconnectTimer = setTimeout(() => this.connect(), delayMs)
  }

  /** The connection is gone or useless: settles what was in flight, and reconnects later. A second reason changes nothing. */
  #lose(failure: Failure, atUs: number): void {
    if (this.#wire === null) return
    this.#wire.destroy()
    this.#wire = null
    this.#host.recorder?.lost(this.#index, failure.code, atUs)
    this.#host.onConnection(-1, failure.code)
    if (this.#isBusy) this.#fail(failure, atUs)
    this.#reconnectLater()
  }

  onClosed(error: Error | null): void {
    const closed = error ?? new Error('the connection was closed')
    this.#lose(this.#error ?? failureOf(closed, OWN_CODES.connectionClosed), this.#host.nowUs())
  }

  // ---- Transaction -----------------------------------------------------------------------------------------------

  #write(bytes: Buffer, atUs: number): void {
    this.#isBusy = true
    this.#isWeak = false
    this.#error = null
    this.#sentAtUs = atUs
    this.#wire?.write(bytes)
  }

  onBytes(bytes: Buffer, length: number): void {
    this.#replies.push(bytes, length)
  }

  onReady(completed: boolean, firstColumn: number | null): void {
    if (!this.#isBusy) return
    const atUs = this.#host.nowUs()
    this.#usedAtUs = atUs
    if (this.#isValidating) this.#validated(this.#error, atUs)
    else if (this.#error !== null) this.#refusedByServer(this.#error, atUs)
    else if (completed) this.#acknowledge(firstColumn, atUs)
    else this.#lose({ code: OWN_CODES.protocol, message: 'ready without an answer' }, atUs)
  }

  onError(error: ServerMessage): void {
    this.#error = { ...error, message: failureOf(error, error.code).message }
    if (error.severity === 'FATAL' || error.severity === 'PANIC') this.#lose(this.#error, this.#host.nowUs())
  }

  onNotice(notice: ServerMessage): void {
    if (notice.routine === WEAK_ACK_ROUTINE || notice.message.includes(WEAK_ACK_WORDS)) this.#isWeak = true
  }

  /** The transaction follows on a connection that lives; one that answers with an error is given up. */
  #validated(error: ServerMessage | null, atUs: number): void {
    if (error !== null) this.#lose(error, atUs)
    else {
      this.#isValidating = false
      this.#write(this.#insert.fill(this.#seq, this.#host.random), atUs)
    }
  }

  #acknowledge(timeline: number | null, atUs: number): void {
    this.#isBusy = false
    this.#isUnsettled = false
    this.#failuresInARow = 0
    const acknowledgement = {
      dueAtUs: this.#dueAtUs,
      sentAtUs: this.#sentAtUs,
      atUs,
      timeline,
      isWeak: this.#isWeak,
    }
    this.#host.onReply(atUs)
    this.#host.recorder?.acknowledged(this.#index, acknowledgement)
    this.#host.onIdle(this.#index)
  }

  /** A refused retry proves nothing about the first attempt: it is sent again, by the policy so that it cannot spin. */
  #refusedByServer(error: ServerMessage, atUs: number): void {
    this.#error = null
    if (this.#isUnsettled || judge(error, true).reconnect) this.#lose(error, atUs)
    else {
      this.#fail(error, atUs)
      this.#host.onIdle(this.#index)
    }
  }

  #fail(failure: Failure, atUs: number): void {
    const { outcome } = judge(failure, !this.#isValidating)
    const mayHaveCommitted = outcome === 'unknown' || this.#isUnsettled
    if (mayHaveCommitted && this.#retryInsert !== null) {
      this.#isBusy = false
      this.#isUnsettled = true
      this.#host.recorder?.willRetry(this.#index, failure, atUs)
    } else this.#settle(outcome, failure, atUs)
  }

  #settle(outcome: Exclude<Outcome, 'acknowledged'>, failure: Failure, atUs: number): void {
    this.#isBusy = false
    this.#isUnsettled = false
    this.#isValidating = false
    this.#host.recorder?.failed(this.#index, outcome, failure, atUs)
  }
}

/** After so many `failures` in a row, at least one. Full jitter: anywhere between 0 and the whole delay. */
export function retryDelayMs(policy: RetryPolicy, failures: number, random: Random): number {
  const delayMs = Math.min(policy.maxDelayMs, policy.firstDelayMs * policy.multiplier ** (failures - 1))
  return policy.jitter ? random() * delayMs : delayMs
}
