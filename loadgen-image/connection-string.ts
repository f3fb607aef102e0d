/**
 * Connection strings, in both forms that PostgreSQL users know: `postgres://user:password@host:port/database?sslmode=...`
 * and `Host=...;Port=...;Database=...;Username=...;Password=...;SSL Mode=...`. TLS is decided here, explicitly.
 */
import { readFileSync } from 'node:fs'

export interface ServerTarget {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
  readonly password: string
  readonly tls: Tls | null
}

export interface Tls {
  readonly verify: boolean
  /** PEM of the authorities; null: the public ones. */
  readonly ca: string | null
}

export type Parsed<T> = { readonly value: T } | { readonly problems: readonly string[] }

const DEFAULT_PORT = 5432
const MAX_PORT = 65_535

/** Never repeats the string in a problem: it holds the password. */
export function parseConnectionString(text: string): Parsed<ServerTarget> {
  const trimmed = text.trim()
  if (/^postgres(ql)?:\/\//i.test(trimmed)) return parseUrl(trimmed)
  if (/^[A-Za-z ]+=/.test(trimmed)) return fromWords(keywordsOf(trimmed))
  return { problems: ['expected postgres://user:password@host:port/database or Host=...;Port=...;Database=...'] }
}

function parseUrl(text: string): Parsed<ServerTarget> {
  const url = URL.canParse(text) ? new URL(text) : null
  // An unencoded # in the password would otherwise make the rest of it a fragment, and its beginning a host.
  if (url === null || url.hash !== '')
    return { problems: ['not a valid URL; characters such as @ : / # in the password must be percent-encoded'] }
  const words = new Map<string, string>([...url.searchParams].map(([key, value]) => [wordOf(key), value]))
  const parts = {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port,
    user: url.username,
    password: url.password,
  }
  for (const [key, value] of Object.entries({ ...parts, database: url.pathname.slice(1) })) {
    const decoded = percentDecoded(value)
    if (decoded === null) return { problems: [`the ${key} is not validly percent-encoded`] }
    if (decoded !== '') words.set(key, decoded)
  }
  return fromWords(words)
}

function percentDecoded(value: string): string | null {
  try {
    return decodeURIComponent(value)
  } catch {
    return null
  }
}

/** `Key=Value;Key="va;lue"`: a value in quotes may hold semicolons, and a doubled quote stands for one. */
function keywordsOf(text: string): Map<string, string> {
  const pairs = text.matchAll(/\s*([^=;]+?)\s*=\s*(?:"((?:[^"]|"")*)"|'((?:[^']|'')*)'|([^;]*))\s*(?:;|$)/g)
  return new Map(
    [...pairs].map(([, key, double, single, plain]) => [
      wordOf(key as string),
      double?.replaceAll('""', '"') ?? single?.replaceAll("''", "'") ?? (plain as string).trim(),
    ]),
  )
}

/** Spellings of libpq, Npgsql and JDBC. Words about pooling are ignored: the generator owns its connections. */
const SYNONYMS: Readonly<Record<string, string>> = {
  server: 'host',
  username: 'user',
  userid: 'user',
  userpassword: 'password',
  pwd: 'password',
  dbname: 'database',
  db: 'database',
  ssl: 'sslmode',
  rootcertificate: 'sslrootcert',
}

const wordOf = (key: string): string => {
  const word = key.toLowerCase().replaceAll(/[\s_-]/g, '')
  return SYNONYMS[word] ?? word
}

function fromWords(words: ReadonlyMap<string, string>): Parsed<ServerTarget> {
  const problems: string[] = []
  const required = (word: string): string => {
    const value = words.get(word) ?? ''
    if (value === '') problems.push(`no ${word} given`)
    return value
  }
  const host = required('host')
  const user = required('user')
  const port = Number(words.get('port') ?? DEFAULT_PORT)
  if (!Number.isInteger(port) || port < 1 || port > MAX_PORT)
    problems.push(`port: expected 1..${MAX_PORT}, got ${JSON.stringify(words.get('port'))}`)
  const tls = tlsOf(words, host, problems)
  if (problems.length > 0) return { problems }
  return {
    value: { host, port, user, database: words.get('database') ?? user, password: words.get('password') ?? '', tls },
  }
}

const VERIFY = new Set(['require', 'verifyca', 'verifyfull', 'true'])
const PLAIN = new Set(['disable', 'false'])
/** "If the server offers it" protects nobody; it becomes a decision by the host, see --help. */
const UNDECIDED = new Set(['', 'allow', 'prefer'])

function tlsOf(words: ReadonlyMap<string, string>, host: string, problems: string[]): Tls | null {
  const mode = (words.get('sslmode') ?? '').toLowerCase().replaceAll(/[\s_-]/g, '')
  if (PLAIN.has(mode) || (UNDECIDED.has(mode) && isLoopback(host))) return null
  const ca = authorities(words.get('sslrootcert'), problems)
  if (mode === 'noverify' || words.get('trustservercertificate')?.toLowerCase() === 'true') return { verify: false, ca }
  if (!VERIFY.has(mode) && !UNDECIDED.has(mode))
    problems.push(
      `sslmode: expected disable, require, verify-ca, verify-full or no-verify, got ${JSON.stringify(mode)}`,
    )
  return { verify: true, ca }
}

function authorities(path: string | undefined, problems: string[]): string | null {
  if (path === undefined || path === '' || path === 'system') return null
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    problems.push(`sslrootcert: cannot read ${path} (${(cause as NodeJS.ErrnoException).code})`)
    return null
  }
}

export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host.startsWith('127.') || host.startsWith('/')
