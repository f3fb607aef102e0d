/** One session of the step probe: its login, step by step; which server it reached; its writes. */
import { Socket } from 'node:net'
import type { Client } from 'pg'
import { logIn } from '../connection/log-in.ts'
import type { ServerTarget } from '../connection/target.ts'
import { PROBE_CODES, type ProbeAttempt, type Step, type Way } from '../contract/step-probe.ts'
import { failureOf, OWN_CODES } from '../record/outcome.ts'
import { type ReplyHandler, ReplyReader, type ServerMessage } from '../send/reply.ts'

/** One attempt, while it is under way. */
export class Trace {
  readonly way: Way
  readonly isNew: boolean
  readonly begunAtUs: number
  resolvedAtUs: number | null = null
  acceptedAtUs: number | null = null
  encryptedAtUs: number | null = null
  loggedInAtUs: number | null = null

  constructor(way: Way, isNew: boolean, begunAtUs: number) {
    this.way = way
    this.isNew = isNew
    this.begunAtUs = Math.round(begunAtUs)
  }

  /** `last` null: as far as the steps that were taken. */
  end(last: 'wrote' | 'read-only' | null, code: string, nowUs: number): ProbeAttempt {
    const { way, isNew, begunAtUs, resolvedAtUs, acceptedAtUs, encryptedAtUs, loggedInAtUs } = this
    const times = { begunAtUs, resolvedAtUs, acceptedAtUs, encryptedAtUs, loggedInAtUs, endedAtUs: Math.round(nowUs) }
    return { way, isNew, ...times, reached: last ?? this.#reached(), code }
  }

  #reached(): Step {
    if (!this.isNew || this.loggedInAtUs !== null) return 'logged in'
    if (this.encryptedAtUs !== null) return 'encrypted'
    if (this.acceptedAtUs !== null) return 'accepted'
    return this.resolvedAtUs !== null ? 'resolved' : 'nothing'
  }
}

const NO_SERVER = /server login has been failing|^server_login_retry/

/** Why an attempt got no further. `ownEnd`: why the probe itself ended it. */
export function codeOf(error: unknown, ownEnd: string | null): string {
  if (ownEnd !== null) return ownEnd
  const { code, message } = failureOf(error, OWN_CODES.connectionClosed)
  return NO_SERVER.test(message) ? PROBE_CODES.serverLoginRetry : code
}

interface SessionOptions {
  readonly timeoutMs: number
  readonly nowUs: () => number
  readonly resolve: (host: string) => Promise<readonly string[]>
  /** Every socket of the probe that is open. */
  readonly sockets: Set<Socket>
}

const IDENTIFY = `SELECT current_setting('transaction_read_only') AS readonly, pg_postmaster_start_time()::text AS server`
const LEAVE_MS = 500

/** One for all sockets: what is read is copied out at once. Without it Node allocates 64 KB for each of twenty reads a second. */
const READ_BUFFER = Buffer.allocUnsafeSlow(16 * 1024)

function newSocket(): Socket {
  const callback = (length: number): boolean => {
    socket.emit('data', Buffer.from(READ_BUFFER.subarray(0, length)))
    return true
  }
  const socket: Socket = new Socket({ onread: { buffer: READ_BUFFER, callback } } as object)
  return socket
}

/** Terminate, so that PgBouncer and the server see a client that left and not one that crashed. */
const TERMINATE = Buffer.from([0x58, 0, 0, 0, 4])

/** The statement as a message of the simple protocol. */
export function queryBytes(sql: string): Buffer {
  const text = Buffer.from(`${sql}\0`)
  const head = Buffer.from([0x51, 0, 0, 0, 0])
  head.writeUInt32BE(text.length + 4, 1)
  return Buffer.concat([head, text])
}

/** `pg` logs in and reads who the server is; then the socket belongs to the session, because pg costs several times a bare write. */
export class ProbeSession implements ReplyHandler {
  readonly openedAtUs: number
  readonly #client: Client
  readonly #stream: Socket
  readonly #replies = new ReplyReader(this)
  #error: ServerMessage | null = null
  #answer: PromiseWithResolvers<void> | null = null
  /** Which start of which server: an unanswered write says nothing about another one. Empty: not known yet. */
  server = ''
  ownEnd: string | null = null
  onClosed: () => void = () => {}

  private constructor(client: Client, stream: Socket, openedAtUs: number) {
    this.#client = client
    this.#stream = stream
    this.openedAtUs = openedAtUs
    stream.on('close', () => {
      this.#answer?.reject(new Error('the connection was closed'))
      this.onClosed()
    })
  }

  static async open(target: ServerTarget, trace: Trace, options: SessionOptions): Promise<ProbeSession> {
    const { nowUs, sockets, timeoutMs, resolve } = options
    const stamp = () => Math.round(nowUs())
    const createSocket = () => {
      trace.resolvedAtUs ??= stamp()
      const socket = newSocket()
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
      socket.once('connect', () => (trace.acceptedAtUs ??= stamp()))
      return socket
    }
    const onEncrypted = () => (trace.encryptedAtUs ??= stamp())
    const { client, stream } = await logIn(target, { timeoutMs, resolve, createSocket, onEncrypted })
    trace.loggedInAtUs = stamp()
    return new ProbeSession(client, stream, trace.loggedInAtUs)
  }

  /** Notes the server, and says whether it takes writes. */
  async isReadOnly(withinMs: number): Promise<boolean> {
    const timer = setTimeout(() => this.giveUp(), Math.max(0, withinMs))
    try {
      const { rows } = await this.#client.query<{ readonly: string; server: string }>(IDENTIFY)
      this.server = rows[0]?.server ?? ''
      return rows[0]?.readonly === 'on'
    } finally {
      clearTimeout(timer)
    }
  }

  /** The stream is its own from now on. */
  takeOver(): void {
    this.#stream.removeAllListeners('data')
    this.#stream.on('data', (bytes: Buffer) => this.#replies.push(bytes, bytes.length))
  }

  get isBusy(): boolean {
    return this.#answer !== null
  }

  /** Resolves with the acknowledgement. */
  async write(query: Buffer): Promise<void> {
    const answer = Promise.withResolvers<void>()
    this.#answer = answer
    this.#error = null
    try {
      if (this.#stream.destroyed) throw new Error('the connection was closed')
      this.#stream.write(query)
      await answer.promise
    } finally {
      this.#answer = null
    }
  }

  onReady(completed: boolean): void {
    if (this.#error !== null) this.#answer?.reject(this.#error)
    else if (completed) this.#answer?.resolve()
    else this.#answer?.reject(new Error('ready without an answer'))
  }

  onError(error: ServerMessage): void {
    this.#error = error
    if (error.severity === 'FATAL' || error.severity === 'PANIC') this.#answer?.reject(error)
  }

  onNotice(): void {}

  /** What it waits for ends with this code. */
  giveUp(code: string = OWN_CODES.replyTimeout): void {
    this.ownEnd = code
    this.destroy()
  }

  destroy(): void {
    this.#stream.destroy()
  }

  leave(): void {
    this.onClosed = () => {}
    const timer = setTimeout(() => this.destroy(), LEAVE_MS)
    this.#stream.once('close', () => clearTimeout(timer))
    this.#stream.end(TERMINATE)
  }
}
