/**
 * Opens connections for the workers. `pg` connects, encrypts and logs in; afterwards the socket belongs to the worker, whose
 * replies are read by `reply.ts` and not by pg, because pg builds a result object and a dozen others per transaction.
 *
 * After a failover hundreds of workers come back at once. Three things keep them from hurting each other: an address is asked
 * for anew on each connect, but workers that ask within the same moment share one question (getaddrinfo has four threads for
 * the whole process); only so many attempts start side by side; and an attempt that hangs does not keep the others waiting.
 */
import { lookup } from 'node:dns/promises'
import { isIP, Socket } from 'node:net'
import { Client } from 'pg'
import type { ServerTarget } from './connection-string.ts'
import { OWN_CODES } from './outcome.ts'

/** Answers older than this are asked for again: far below the time that a name takes to move to the new primary. */
const ADDRESS_VALID_MS = 250
const ATTEMPTS_SIDE_BY_SIDE = 32
/** A login takes milliseconds; one that takes longer waits for the server and no longer counts. */
const ATTEMPT_COUNTS_FOR_MS = 500
const KEEP_ALIVE_DELAY_MS = 10_000
const READ_BUFFER_BYTES = 64 * 1024

/** What happens on an open connection. */
export interface WireHandler {
  onBytes(bytes: Buffer, length: number): void
  onClosed(error: Error | null): void
}

/** A logged-in connection. */
export class Wire {
  readonly #stream: Socket
  #handler: WireHandler | null = null
  #error: Error | null = null

  constructor(stream: Socket) {
    this.#stream = stream
    stream.on('error', (error) => {
      this.#error ??= error
    })
    stream.on('close', () => {
      this.#handler?.onClosed(this.#error)
      this.#handler = null
    })
  }

  /** From now on the handler gets everything. False: the connection is gone already. */
  attach(handler: WireHandler): boolean {
    if (this.#stream.destroyed) return false
    this.#handler = handler
    return true
  }

  receive(bytes: Buffer, length: number): void {
    this.#handler?.onBytes(bytes, length)
  }

  write(bytes: Buffer): void {
    this.#stream.write(bytes)
  }

  /** The handler hears no more of it. */
  destroy(): void {
    this.#handler = null
    this.#stream.destroy()
  }

  /** Terminate, politely: PgBouncer and the server see a client that left and not one that crashed. */
  leave(): void {
    this.#handler = null
    this.#stream.end(TERMINATE)
  }
}

const TERMINATE = Buffer.from([0x58, 0, 0, 0, 4])

export class Connector {
  readonly #addresses = new Map<string, Promise<string>>()
  /** Read and consumed at once by each connection in turn, so one buffer serves them all. */
  readonly #readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES)
  readonly #queue: (() => void)[] = []
  #attempts = 0

  async open(target: ServerTarget, timeoutMs: number): Promise<Wire> {
    await this.#turn()
    const release = once(() => this.#release())
    const early = setTimeout(release, ATTEMPT_COUNTS_FOR_MS)
    try {
      return await this.#connect(target, timeoutMs)
    } finally {
      clearTimeout(early)
      release()
    }
  }

  async #connect(target: ServerTarget, timeoutMs: number): Promise<Wire> {
    const attempt = new Attempt(this.#readBuffer)
    const deadline = setTimeout(() => attempt.giveUp(), timeoutMs)
    try {
      const address = await attempt.orGivenUp(this.#addressOf(target.host))
      return await attempt.orGivenUp(attempt.login(target, address))
    } catch (error) {
      attempt.abandon()
      throw error
    } finally {
      clearTimeout(deadline)
    }
  }

  #addressOf(host: string): Promise<string> {
    if (isIP(host) !== 0 || host.startsWith('/')) return Promise.resolve(host)
    const known = this.#addresses.get(host)
    if (known !== undefined) return known
    const asked = lookup(host).then(({ address }) => address)
    this.#addresses.set(host, asked)
    const forget = () => setTimeout(() => this.#addresses.delete(host), ADDRESS_VALID_MS).unref()
    asked.then(forget, forget)
    return asked
  }

  #turn(): Promise<void> {
    if (this.#attempts < ATTEMPTS_SIDE_BY_SIDE) {
      this.#attempts++
      return Promise.resolve()
    }
    return new Promise((resolve) => this.#queue.push(resolve))
  }

  /** Hands the place to the next in line. */
  #release(): void {
    const next = this.#queue.shift()
    if (next === undefined) this.#attempts--
    else next()
  }
}

/** One attempt to connect. While pg logs in, bytes go to pg; after that, to the wire. */
class Attempt {
  readonly #socket: Socket
  readonly #givenUp = Promise.withResolvers<never>()
  #client: Client | null = null
  #wire: Wire | null = null

  constructor(readBuffer: Buffer) {
    this.#givenUp.promise.catch(() => {})
    const callback = (length: number): boolean => {
      if (this.#wire === null) this.#socket.emit('data', Buffer.from(readBuffer.subarray(0, length)))
      else this.#wire.receive(readBuffer, length)
      return true
    }
    this.#socket = new Socket({ onread: { buffer: readBuffer, callback } } as object)
  }

  async login(target: ServerTarget, address: string): Promise<Wire> {
    const client = new Client({ ...clientOptions(target, address), stream: () => this.#socket })
    this.#client = client
    // pg reports a lost connection here too, when nobody can act on it any more: the wire's own listeners do.
    client.on('error', () => {})
    await client.connect()
    return this.#takeOver(streamOf(client))
  }

  #takeOver(stream: Socket): Wire {
    const wire = new Wire(stream)
    stream.removeAllListeners('data')
    if (stream !== this.#socket) stream.on('data', (bytes: Buffer) => wire.receive(bytes, bytes.length))
    this.#wire = wire
    return wire
  }

  orGivenUp<T>(step: Promise<T>): Promise<T> {
    return Promise.race([step, this.#givenUp.promise])
  }

  giveUp(): void {
    this.#givenUp.reject(Object.assign(new Error('no connection in time'), { code: OWN_CODES.connectTimeout }))
  }

  abandon(): void {
    this.#socket.on('error', () => {})
    this.#socket.destroy()
    if (this.#client !== null) streamOf(this.#client).destroy()
  }
}

export function clientOptions(target: ServerTarget, address: string) {
  return {
    host: address,
    port: target.port,
    user: target.user,
    password: target.password,
    database: target.database,
    ssl: tlsOptions(target),
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
    application_name: 'pg-failover-drill',
  }
}

/** The name is checked against the certificate, whatever address it resolved to. */
function tlsOptions({ tls, host }: ServerTarget) {
  if (tls === null) return false
  const servername = isIP(host) === 0 ? { servername: host } : {}
  return { rejectUnauthorized: tls.verify, ...servername, ...(tls.ca === null ? {} : { ca: tls.ca }) }
}

/** pg has no public way to its socket; with TLS it is not the one that it was given. */
const streamOf = (client: Client): Socket =>
  (client as unknown as { readonly connection: { readonly stream: Socket } }).connection.stream

function once(action: () => void): () => void {
  let done = false
  return () => {
    if (done) return
    done = true
    action()
  }
}
