/**
 * Logs in where psql would: it tries each place in turn, each address of its name, and with `prefer` and `allow` with and without
 * encryption. An address that does not answer costs only its share of the time. A refusal ends the search, as in psql, because the
 * next address would refuse too.
 */
import { lookup } from 'node:dns/promises'
import { isIP, Socket } from 'node:net'
import type { Client } from 'pg'
import { CONNECT_CODES, createClient, streamOf, whenEncrypted } from './client.ts'
import { isSocketFolder, placeName, type ServerPlace, type ServerTarget } from './target.ts'

const KEEP_ALIVE_MS = 10_000

interface LogInOptions<S extends Socket> {
  /** For all addresses together; infinite: the operating system decides. */
  readonly timeoutMs: number
  readonly queryTimeoutMs?: number
  /** After so long without traffic TCP probes the connection; null: never. */
  readonly keepAliveMs?: number | null
  readonly resolve?: (host: string) => Promise<readonly string[]>
  readonly createSocket: () => S
  /** TLS is up, and the login begins. */
  readonly onEncrypted?: () => void
}

interface LoggedIn<S extends Socket = Socket> {
  readonly client: Client
  /** The one that `createSocket` made. */
  readonly socket: S
  /** The carrier of PostgreSQL's protocol: the socket, or TLS above it. */
  readonly stream: Socket
}

interface FailedAttempt {
  /** Host and port, such as [::1]:5432. */
  readonly where: string
  readonly error: Error & { readonly code?: string }
}

/** Several addresses failed. Code and message are those of the last; each has its own in `attempts`. */
export class AllAddressesFailed extends Error {
  readonly code: string | undefined
  readonly attempts: readonly FailedAttempt[]

  constructor(attempts: readonly FailedAttempt[]) {
    const last = attempts.at(-1) as FailedAttempt
    super(attempts.length === 1 ? last.error.message : `${last.error.message} (last of ${attempts.length} addresses)`, {
      cause: last.error,
    })
    this.code = last.error.code
    this.attempts = attempts
  }
}

/** In the order of the resolver, as in psql: Node's own preference for one family must not change it. */
export async function addressesOf(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true, order: 'verbatim' })
  return [...new Set(found.map(({ address }) => address))]
}

export async function logIn<S extends Socket>(target: ServerTarget, options: LogInOptions<S>): Promise<LoggedIn<S>> {
  const endsAtMs = performance.now() + options.timeoutMs
  const failed: FailedAttempt[] = []
  for (const [index, place] of target.places.entries()) {
    const addresses = await resolved(place, options, endsAtMs, failed)
    const placesAfter = target.places.length - index - 1
    for (const [at, address] of addresses.entries()) {
      const shareMs = (endsAtMs - performance.now()) / (addresses.length - at + placesAfter)
      const timeoutMs = Math.max(1, Math.min(shareMs, target.session.addressTimeoutMs ?? shareMs))
      const result = await atAddress({ target, place, address, timeoutMs }, options)
      if (!('failed' in result)) return result
      failed.push({ where: placeName({ ...place, host: address }), error: result.failed })
      if (isFinal(result.failed)) throw failureOf(failed)
      if (isStarting(result.failed)) break
    }
  }
  throw failureOf(failed)
}

/** One failure is thrown as it is. */
const failureOf = (failed: readonly FailedAttempt[]): Error =>
  failed.length === 1 ? (failed[0] as FailedAttempt).error : new AllAddressesFailed(failed)

async function resolved(
  place: ServerPlace,
  { resolve = addressesOf }: Pick<LogInOptions<Socket>, 'resolve'>,
  endsAtMs: number,
  failed: FailedAttempt[],
): Promise<readonly string[]> {
  const known = place.address ?? place.host
  if (isIP(known) !== 0 || isSocketFolder(known)) return [known]
  try {
    return await within(endsAtMs - performance.now(), resolve(known))
  } catch (error) {
    failed.push({ where: placeName(place), error: error as Error })
    return []
  }
}

// ---- One address ----------------------------------------------------------------------------------------------------

interface AtAddress {
  readonly target: ServerTarget
  readonly place: ServerPlace
  readonly address: string
  readonly timeoutMs: number
}

/** Tried first, because a second attempt would cost a round trip after every lost connection. */
const lastEncrypted = new WeakMap<ServerTarget, boolean>()

function encryptionsOf(target: ServerTarget, address: string): readonly boolean[] {
  if (target.tls === null || isSocketFolder(address)) return [false]
  const { mode } = target.tls
  if (mode !== 'allow' && mode !== 'prefer') return [true]
  const first = lastEncrypted.get(target) ?? mode === 'prefer'
  return [first, !first]
}

async function atAddress<S extends Socket>(
  at: AtAddress,
  options: LogInOptions<S>,
): Promise<LoggedIn<S> | { readonly failed: FailedAttempt['error'] }> {
  const endsAtMs = performance.now() + at.timeoutMs
  const encryptions = encryptionsOf(at.target, at.address)
  let failed = new Error('no attempt was made') as FailedAttempt['error']
  for (const isEncrypted of encryptions) {
    try {
      const loggedIn = await attempt({ ...at, timeoutMs: endsAtMs - performance.now() }, isEncrypted, options)
      if (encryptions.length > 1) lastEncrypted.set(at.target, isEncrypted)
      return loggedIn
    } catch (error) {
      failed = error as FailedAttempt['error']
      if (!isAboutEncryption(failed)) break
    }
  }
  return { failed }
}

async function attempt<S extends Socket>(
  { target, place, address, timeoutMs }: AtAddress,
  isEncrypted: boolean,
  { createSocket, queryTimeoutMs = 0, keepAliveMs = KEEP_ALIVE_MS, onEncrypted }: LogInOptions<S>,
): Promise<LoggedIn<S>> {
  const socket = createSocket()
  const client = createClient({ target, place, address, isEncrypted, socket, queryTimeoutMs, keepAliveMs })
  // pg also reports a lost connection here, after its own promise is settled.
  client.on('error', () => {})
  if (onEncrypted !== undefined) whenEncrypted(client, onEncrypted)
  try {
    await within(timeoutMs, connected(client, target))
    return { client, socket, stream: streamOf(client) }
  } catch (error) {
    // No abandoned socket stays open, and an error that still arrives on it does not end the process.
    for (const stream of [socket, streamOf(client)]) stream.on('error', () => {}).destroy()
    throw error
  }
}

async function connected(client: Client, { session }: ServerTarget): Promise<void> {
  await client.connect()
  if (!session.mustWrite) return
  const { rows } = await client.query<{ transaction_read_only: string }>('SHOW transaction_read_only')
  if (rows[0]?.transaction_read_only === 'on')
    throw Object.assign(new Error('the session is read-only'), { code: READ_ONLY })
}

/** Bounds the lookup of a name, or a login. The step itself may go on; its result is ignored. */
async function within<T>(timeoutMs: number, step: Promise<T>): Promise<T> {
  if (timeoutMs === Number.POSITIVE_INFINITY) return await step
  const late = Promise.withResolvers<never>()
  const error = Object.assign(new Error('no connection in time'), { code: CONNECT_CODES.connectTimeout })
  const timer = setTimeout(() => late.reject(error), Math.max(0, timeoutMs))
  step.catch(() => {})
  try {
    return await Promise.race([step, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

// ---- Whether the next one may help ----------------------------------------------------------------------------------

const READ_ONLY = '25006'
const STARTING = '57P03'
/** Always with a digit, unlike EPIPE. */
const SQLSTATE = /^(?=.*\d)[0-9A-Z]{5}$/

/** All addresses of a name lead to this server, which is not up yet; the next place may be another server. */
const isStarting = ({ code }: FailedAttempt['error']): boolean => code === STARTING || code === READ_ONLY

/** The server or its proxy has answered: another address of the same service would ask for the same password. */
const isFinal = (error: FailedAttempt['error']): boolean =>
  error.code === CONNECT_CODES.noPassword || (SQLSTATE.test(error.code ?? '') && !isStarting(error))

const NO_TLS = /does not support SSL|establishing an SSL connection/
/** pg_hba.conf has no line for a connection with, or without, encryption. */
const REFUSED_BY_RULE = '28000'
const TLS_CODE = /^(ERR_(SSL|TLS)_|EPROTO|.*(CERT|SIGNATURE))/

const isAboutEncryption = ({ code, message }: FailedAttempt['error']): boolean =>
  code === REFUSED_BY_RULE || NO_TLS.test(message) || TLS_CODE.test(code ?? '')

// ---- A client for one purpose ---------------------------------------------------------------------------------------

const CLOSE_TIMEOUT_MS = 1_000

export interface OpenClient {
  readonly client: Client
  close(): Promise<void>
}

export async function openClient(
  target: ServerTarget,
  limits: { readonly timeoutMs: number; readonly queryTimeoutMs?: number },
): Promise<OpenClient> {
  const { client, stream } = await logIn(target, { ...limits, createSocket: () => new Socket() })
  return { client, close: () => close(client, stream) }
}

export async function withClient<T>(
  target: ServerTarget,
  limits: { readonly timeoutMs: number; readonly queryTimeoutMs?: number },
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const { client, close } = await openClient(target, limits)
  try {
    return await use(client)
  } finally {
    await close()
  }
}

/** Ends the session, and then closes the socket: a server that froze never confirms the end. */
async function close(client: Client, stream: Socket): Promise<void> {
  const timer = setTimeout(() => stream.destroy(), CLOSE_TIMEOUT_MS)
  try {
    await client.end()
  } catch {
    // The connection is gone already.
  } finally {
    clearTimeout(timer)
    stream.destroy()
  }
}
