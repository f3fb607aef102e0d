/** One session of the stale-primary watch: it writes rows of its own until its connection ends, and is never opened again. */
import { Socket } from 'node:net'
import type { Client } from 'pg'
import { escapeLiteral } from '../connection/client.ts'
import { logIn } from '../connection/log-in.ts'
import type { ServerTarget } from '../connection/target.ts'
import type { WatchSession } from '../contract/step-probe.ts'
import { failureOf, OWN_CODES } from '../record/outcome.ts'

/** The server's own word for it, from the name of the WAL file that it writes to. */
const TIMELINE = `('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int`

/** Who answers. A server in recovery has no current WAL file; it takes no writes, so its session is of no use. */
const IDENTIFY = `SELECT CASE WHEN current_setting('transaction_read_only') = 'off' THEN ${TIMELINE} END AS timeline,
  coalesce(host(inet_server_addr()), '') AS address, pg_postmaster_start_time()::text AS "startedAt"`

const LEAVE_MS = 500

type Identity = Pick<WatchSession, 'timeline' | 'address' | 'startedAt'>

interface WatchSessionOptions {
  readonly drillId: string
  readonly container: number
  readonly timeoutMs: number
  readonly nowUs: () => number
  readonly resolve: (host: string) => Promise<readonly string[]>
  /** Every socket of the watch that is open. */
  readonly sockets: Set<Socket>
}

/** A write that has no reply yet. */
interface Pending {
  readonly seq: number
  readonly sentAtUs: number
}

interface Acknowledged extends Pending {
  readonly timeline: number
}

export class LiveSession {
  readonly openedAtUs: number
  readonly identity: Identity
  /** 0 until the watch keeps it. */
  number = 0
  readonly #client: Client
  readonly #stream: Socket
  readonly #options: WatchSessionOptions
  #pending: Pending | null = null
  #seq = 0
  #endCode: string = OWN_CODES.connectionClosed
  #isEnded = false
  onEnd: (code: string) => void = () => {}

  private constructor(client: Client, stream: Socket, identity: Identity, options: WatchSessionOptions) {
    this.#client = client
    this.#stream = stream
    this.#options = options
    this.identity = identity
    this.openedAtUs = Math.round(options.nowUs())
    // The server says why it ends a session before it closes the connection.
    client.on('error', (error) => this.#note(error))
    stream.once('close', () => this.#end())
    if (stream.destroyed) this.#end()
  }

  /** Null: the server takes no writes. */
  static async open(target: ServerTarget, options: WatchSessionOptions): Promise<LiveSession | null> {
    const { timeoutMs, resolve, sockets } = options
    const createSocket = () => {
      const socket = new Socket()
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
      return socket
    }
    const { client, stream } = await logIn(target, { timeoutMs, resolve, createSocket })
    const timer = setTimeout(() => stream.destroy(), timeoutMs)
    try {
      const { rows } = await client.query<Identity & { timeline: number | null }>(IDENTIFY)
      const identity = rows[0]
      if (identity !== undefined && identity.timeline !== null)
        return new LiveSession(client, stream, identity, options)
    } catch (error) {
      stream.destroy()
      throw error
    } finally {
      clearTimeout(timer)
    }
    leave(client, stream)
    return null
  }

  get pending(): Pending | null {
    return this.#pending
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  /** Waits for the reply as long as the connection lives: a server that held it back for minutes has still answered. */
  async write(): Promise<Acknowledged> {
    const pending: Pending = { seq: ++this.#seq, sentAtUs: Math.round(this.#options.nowUs()) }
    this.#pending = pending
    try {
      const { rows } = await this.#client.query<{ timeline: number }>(this.#insert(pending.seq))
      this.#endCode = OWN_CODES.connectionClosed
      return { ...pending, timeline: rows[0]?.timeline ?? 0 }
    } catch (error) {
      this.#note(error)
      throw error
    } finally {
      this.#pending = null
    }
  }

  #insert(seq: number): string {
    const { drillId, container } = this.#options
    return `INSERT INTO drill_watch (drill_id, container, session, seq)
VALUES (${escapeLiteral(drillId)}, ${container}, ${this.number}, ${seq}) RETURNING ${TIMELINE} AS timeline`
  }

  leave(): void {
    this.onEnd = () => {}
    if (this.#pending === null) leave(this.#client, this.#stream)
    else this.#stream.destroy()
  }

  #note(error: unknown): void {
    this.#endCode = failureOf(error, OWN_CODES.connectionClosed).code
  }

  #end(): void {
    this.#isEnded = true
    this.onEnd(this.#endCode)
  }
}

/** A server that froze never confirms the end. */
function leave(client: Client, stream: Socket): void {
  const timer = setTimeout(() => stream.destroy(), LEAVE_MS)
  stream.once('close', () => clearTimeout(timer))
  client.end().catch(() => stream.destroy())
}
