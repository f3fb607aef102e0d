/**
 * Opens connections for the workers. `pg` connects, encrypts and logs in; then the socket belongs to the worker, and `reply.ts`
 * reads the replies, because pg allocates a result and a dozen more objects per transaction.
 *
 * After a failover hundreds of workers reconnect at once. Three rules keep them from slowing each other down: a name is resolved
 * again for each connection, but workers that ask at the same moment share one lookup (getaddrinfo has four threads for the whole
 * process); only so many attempts start side by side; and an attempt that hangs does not hold up the others.
 */
import { Socket } from 'node:net'
import { addressesOf, logIn } from '../connection/log-in.ts'
import type { ServerTarget } from '../connection/target.ts'
import type { ClientBehaviour } from '../contract/clients/behaviour.ts'

/** Clients that keep no address share an answer for so long: far below the time that a name takes to move to the new primary. */
const MIN_ADDRESS_VALID_MS = 250
const MAX_ATTEMPTS = 32
/** A login takes milliseconds. An attempt that takes longer waits for the server and gives its place to the next one. */
const MAX_TURN_MS = 500
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

  /** From now on the handler gets every event. False: the connection is closed already. */
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

  /** Without a last event for the handler. */
  destroy(): void {
    this.#handler = null
    this.#stream.destroy()
  }

  /** Sends Terminate, so that PgBouncer and the server see a client that left and not one that crashed. */
  leave(): void {
    this.#handler = null
    this.#stream.end(TERMINATE)
  }
}

const TERMINATE = Buffer.from([0x58, 0, 0, 0, 4])

/** What of a client's behaviour decides how it connects. */
type ConnectingClient = Pick<ClientBehaviour, 'connectTimeoutMs' | 'addressCacheMs' | 'keepAliveMs'>

export class Connector {
  /** By the time for which their clients keep them: those that keep none must not find what others kept. */
  readonly #addresses = new Map<string, Promise<readonly string[]>>()
  /** One for all connections: each consumes what it reads at once. */
  readonly #readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES)
  readonly #queue: (() => void)[] = []
  #attempts = 0

  /** The target is read when the attempt begins. */
  async open(target: () => ServerTarget, client: ConnectingClient): Promise<Wire> {
    await this.#turn()
    let hasTurn = true
    const release = () => {
      if (hasTurn) this.#release()
      hasTurn = false
    }
    const early = setTimeout(release, MAX_TURN_MS)
    try {
      return await this.#connect(target(), client)
    } finally {
      clearTimeout(early)
      release()
    }
  }

  async #connect(
    target: ServerTarget,
    { connectTimeoutMs, addressCacheMs, keepAliveMs }: ConnectingClient,
  ): Promise<Wire> {
    const resolve = (host: string) => this.#addressesOf(host, Math.max(addressCacheMs, MIN_ADDRESS_VALID_MS))
    const timeoutMs = connectTimeoutMs ?? Number.POSITIVE_INFINITY
    const createSocket = () => new WireSocket(this.#readBuffer)
    const { socket, stream } = await logIn(target, { timeoutMs, keepAliveMs, resolve, createSocket })
    return socket.handOver(stream)
  }

  #addressesOf(host: string, validMs: number): Promise<readonly string[]> {
    const key = `${validMs} ${host}`
    const known = this.#addresses.get(key)
    if (known !== undefined) return known
    const asked = addressesOf(host)
    this.#addresses.set(key, asked)
    const forgetAfter = (ms: number) => () => void setTimeout(() => this.#addresses.delete(key), ms).unref()
    asked.then(forgetAfter(validMs), forgetAfter(MIN_ADDRESS_VALID_MS))
    return asked
  }

  #turn(): Promise<void> {
    if (this.#attempts < MAX_ATTEMPTS) {
      this.#attempts++
      return Promise.resolve()
    }
    return new Promise((resolve) => this.#queue.push(resolve))
  }

  /** Gives the place to the next attempt that waits. */
  #release(): void {
    const next = this.#queue.shift()
    if (next === undefined) this.#attempts--
    else next()
  }
}

/** While pg logs in, bytes go to pg; after that, to the wire. */
class WireSocket extends Socket {
  readonly #receiver: { wire: Wire | null }

  constructor(readBuffer: Buffer) {
    const receiver: { wire: Wire | null; login: Socket | null } = { wire: null, login: null }
    const callback = (length: number): boolean => {
      if (receiver.wire === null) receiver.login?.emit('data', Buffer.from(readBuffer.subarray(0, length)))
      else receiver.wire.receive(readBuffer, length)
      return true
    }
    super({ onread: { buffer: readBuffer, callback } } as object)
    receiver.login = this
    this.#receiver = receiver
  }

  /** With TLS the stream is another one than this socket, and its bytes come as events. */
  handOver(stream: Socket): Wire {
    const wire = new Wire(stream)
    stream.removeAllListeners('data')
    if (stream !== this) stream.on('data', (bytes: Buffer) => wire.receive(bytes, bytes.length))
    this.#receiver.wire = wire
    return wire
  }
}
