/**
 * The way of the WAL from one region to the other: a relay on a port of its own, in front of whichever server is the source. With a
 * hold-back it delivers the WAL so much later, in order. What it holds when it is cut is gone, as it would be with the region: the
 * replica never had it. A delay of the replay would lose nothing, because a promotion replays all WAL that was received.
 */
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { HeldPort } from '../../process/ports.ts'

export class ReplicationLink {
  readonly port: number
  readonly holdBackMs: number
  readonly #held: HeldPort
  readonly #streams = new Set<Stream>()
  #listener: Server | null = null
  #delayMs: number

  constructor(held: HeldPort, holdBackMs: number) {
    this.#held = held
    this.port = held.port
    this.holdBackMs = holdBackMs
    this.#delayMs = holdBackMs
  }

  /** From now on replicas that connect get the WAL of the server at this port of 127.0.0.1, held back. */
  async open(sourcePort: number): Promise<void> {
    await this.cut()
    await this.#held.release()
    this.#delayMs = this.holdBackMs
    const listener = createServer({ noDelay: true }, (replica) => this.#relay(replica, sourcePort))
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject)
      listener.listen({ host: '127.0.0.1', port: this.port }, resolve)
    })
    this.#listener = listener
  }

  /** Delivers what it holds, and holds nothing back until it is opened again. */
  release(): void {
    this.#delayMs = 0
    for (const stream of this.#streams) stream.deliver()
  }

  /** Disconnects, and loses what it holds. */
  async cut(): Promise<void> {
    const listener = this.#listener
    this.#listener = null
    const closed = new Promise<void>((resolve) => (listener ? listener.close(() => resolve()) : resolve()))
    for (const stream of this.#streams) stream.end()
    await closed
  }

  #relay(replica: Socket, sourcePort: number): void {
    const source = connect({ host: '127.0.0.1', port: sourcePort, noDelay: true })
    const stream = new Stream(source, replica, () => this.#delayMs)
    this.#streams.add(stream)
    replica.once('close', () => this.#streams.delete(stream))
  }
}

interface Held {
  readonly dueAtMs: number
  readonly bytes: Buffer
}

/** One connection of a replica. Its own messages pass at once: only what the source sends is held. */
class Stream {
  readonly #source: Socket
  readonly #replica: Socket
  readonly #delayMs: () => number
  readonly #frames = new Frames()
  #held: Held[] = []
  #timer: NodeJS.Timeout | undefined
  #hasSourceEnded = false

  constructor(source: Socket, replica: Socket, delayMs: () => number) {
    this.#source = source
    this.#replica = replica
    this.#delayMs = delayMs
    replica.pipe(source)
    source.on('data', (bytes) => this.#take(bytes))
    // What the source sent before its death is still on its way.
    source.on('close', () => {
      this.#hasSourceEnded = true
      this.#deliverDue()
    })
    source.on('error', () => {})
    replica.on('error', () => {})
    replica.on('close', () => this.end())
  }

  end(): void {
    clearTimeout(this.#timer)
    this.#held = []
    this.#source.destroy()
    this.#replica.destroy()
  }

  /** All at once. */
  deliver(): void {
    this.#held = this.#held.map(({ bytes }) => ({ bytes, dueAtMs: 0 }))
    this.#deliverDue()
  }

  #take(bytes: Buffer): void {
    const nowMs = performance.now()
    // The WAL alone: a login, or a change of the timeline, would otherwise take a delay for each of its rounds.
    for (const { run, isWal } of this.#frames.runsOf(bytes))
      this.#held.push({ bytes: run, dueAtMs: isWal ? nowMs + this.#delayMs() : nowMs })
    this.#deliverDue()
  }

  #deliverDue(): void {
    clearTimeout(this.#timer)
    const now = performance.now()
    for (let next = this.#held[0]; next !== undefined && next.dueAtMs <= now; next = this.#held[0]) {
      this.#replica.write(next.bytes)
      this.#held.shift()
    }
    const [next] = this.#held
    if (next !== undefined) this.#timer = setTimeout(() => this.#deliverDue(), next.dueAtMs - now)
    else if (this.#hasSourceEnded) this.#replica.end()
  }
}

const TYPE_AND_LENGTH = 5
/** CopyData: WAL, and the keepalives between. */
const COPY_DATA = 'd'.charCodeAt(0)

interface Run {
  readonly run: Buffer
  readonly isWal: boolean
}

/** Splits what the server sends by the kind of its messages, which may begin and end anywhere in it. */
class Frames {
  #header = Buffer.alloc(0)
  /** Bytes of the current message that are still to come. */
  #left = 0
  #isWal = false

  runsOf(bytes: Buffer): Run[] {
    const runs: Run[] = []
    let rest = bytes
    while (rest.length > 0) {
      const run = rest.subarray(0, this.#left > 0 ? Math.min(this.#left, rest.length) : this.#missingOfHeader(rest))
      rest = rest.subarray(run.length)
      if (this.#left > 0) this.#left -= run.length
      else this.#readHeader(run)
      runs.push({ run, isWal: this.#isWal })
    }
    return runs
  }

  #missingOfHeader(rest: Buffer): number {
    return Math.min(TYPE_AND_LENGTH - this.#header.length, rest.length)
  }

  #readHeader(part: Buffer): void {
    this.#header = Buffer.concat([this.#header, part])
    if (this.#header.length < TYPE_AND_LENGTH) return
    this.#isWal = this.#header[0] === COPY_DATA
    // The length counts itself, and not the type.
    this.#left = this.#header.readUInt32BE(1) + 1 - TYPE_AND_LENGTH
    this.#header = Buffer.alloc(0)
  }
}
