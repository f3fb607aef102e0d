/**
 * Reads connection strings in the three forms that PostgreSQL users know: libpq's URL, libpq's `host=... port=...`, and Npgsql's
 * `Host=...;Port=...`. It accepts what psql accepts. A word with another meaning than libpq's is refused by name, never ignored.
 *
 * A problem prints words of the table in parameters.ts and never the user's text: after a forgotten quote or separator any part of
 * the string may be a part of the password.
 */
import { isIP } from 'node:net'
import type { Parsed } from '../contract/fields.ts'
import { beginsWithSemicolons, type PairsOrProblem, semicolonPairs, spacedPairs } from './pairs.ts'
import { parameterOf, refusal } from './parameters.ts'
import { DEFAULT_SESSION, isSocketFolder, type ServerPlace, type ServerTarget, type SessionSettings } from './target.ts'
import { tlsOf, type Words } from './tls-settings.ts'
import { isUrl, urlPairs } from './url.ts'

const DEFAULT_PORT = '5432'
const MAX_PORT = 65_535
const EXPECTED =
  'expected postgres://user:password@host:port/database, or host=... port=... dbname=... user=... password=..., or Host=...;Port=...;Database=...;Username=...;Password=...'

export function parseConnectionString(text: string): Parsed<ServerTarget> {
  const trimmed = text.trim()
  if (/^jdbc:/i.test(trimmed)) return { problems: ['a URL of JDBC; write postgres://user:password@host:port/database'] }
  if (isUrl(trimmed)) return fromPairs(urlPairs(trimmed), 'url')
  if (!trimmed.includes('=') || /^[a-z]+:\//i.test(trimmed)) return { problems: [EXPECTED] }
  return fromOneOf(trimmed)
}

type Form = 'url' | 'spaced' | 'semicolon'

/** A password may hold the other form's separator: a string that the likely form does not understand is tried in the other. */
function fromOneOf(text: string): Parsed<ServerTarget> {
  const spaced = { form: 'spaced', read: spacedPairs(text) } as const
  const semicolon = { form: 'semicolon', read: semicolonPairs(text) } as const
  const [likely, other] = beginsWithSemicolons(text) ? [semicolon, spaced] : [spaced, semicolon]
  const parsed = fromPairs(likely.read, likely.form)
  if (isKnown(likely.read)) return parsed
  const otherwise = fromPairs(other.read, other.form)
  return 'value' in otherwise ? otherwise : parsed
}

const isKnown = (read: PairsOrProblem): boolean =>
  'pairs' in read && read.pairs.every(([word]) => parameterOf(word) !== undefined)

function fromPairs(read: PairsOrProblem, form: Form): Parsed<ServerTarget> {
  if ('problem' in read) return { problems: [read.problem] }
  const problems: string[] = []
  const words = new Map<string, string>()
  let last: string | null = null
  for (const [index, [word, value]] of read.pairs.entries()) {
    const parameter = parameterOf(word)
    const problem = parameter === undefined ? unknownWord(index, last) : refusal(parameter, value)
    if (problem !== null) problems.push(problem)
    if (parameter !== undefined) problems.push(...valueProblems(parameter.label, value))
    last = parameter?.label ?? last
    if (parameter !== undefined) words.set(parameter.label, value)
  }
  return targetOf(words, form, problems)
}

/** Values that may hold another word=value. */
const FREE = ['password', 'options']

function valueProblems(label: string, value: string): string[] {
  if (value.includes('\0')) return [`${label}: holds a zero byte`]
  return !FREE.includes(label) && /\s\S+\s*=/.test(value)
    ? [`${label}: another word=value is in it; see whether a separator is missing before that`]
    : []
}

/** The word itself may be a part of the password before it. */
const unknownWord = (index: number, last: string | null): string =>
  `pair ${index + 1}${last === null ? '' : ` (after ${last})`}: the word before = is not known; ${
    last === null ? EXPECTED : `see whether the value of ${last} must be quoted`
  }`

function targetOf(words: Words, form: Form, problems: string[]): Parsed<ServerTarget> {
  const places = placesOf(words, form, problems)
  const user = words.get('user') ?? ''
  if (user === '') problems.push('user: none given')
  const tls = tlsOf(words, problems)
  const session = sessionOf(words, problems)
  if (problems.length > 0) return { problems: [...new Set(problems)] }
  const database = words.get('dbname') || user
  return { value: { places, user, database, password: words.get('password') ?? '', tls, session } }
}

// ---- Places ---------------------------------------------------------------------------------------------------------

function placesOf(words: Words, form: Form, problems: string[]): ServerPlace[] {
  const names = listOf(words.get('host'))
  const addresses = listOf(words.get('hostaddr'))
  const ports = listOf(words.get('port') || DEFAULT_PORT).map((text) => portOf(text || DEFAULT_PORT, problems))
  const count = Math.max(names.length, addresses.length)
  if (count === 0) problems.push('host: none given; a unix socket is host=/run/postgresql')
  if (names.length > 0 && addresses.length > 0 && names.length !== addresses.length)
    problems.push(`hostaddr: ${addresses.length} for ${names.length} hosts; expected as many`)
  if (ports.length > 1 && ports.length !== count)
    problems.push(`port: ${ports.length} for ${count} hosts; expected one, or as many`)
  return Array.from({ length: count }, (_, index) => {
    const split = splitPort(names[index] ?? '', form)
    const address = addresses[index] || null
    const port = (ports.length === 1 ? ports[0] : ports[index]) ?? 0
    checkPlace(split.host, address, problems)
    return {
      host: split.host || (address ?? ''),
      address,
      port: split.port === null ? port : portOf(split.port, problems),
    }
  })
}

const listOf = (text: string | undefined): string[] => (text ? text.split(',').map((part) => part.trim()) : [])

/** Npgsql writes `host:port` as a host. */
function splitPort(name: string, form: Form): { readonly host: string; readonly port: string | null } {
  const found = form === 'semicolon' ? /^(?:\[([^\]]+)\]|([^:[\]/]+)):([^:]*)$/.exec(name) : null
  return found === null ? { host: name, port: null } : { host: found[1] ?? found[2] ?? '', port: found[3] ?? null }
}

function checkPlace(host: string, address: string | null, problems: string[]): void {
  if (address !== null && isIP(address) === 0) problems.push('hostaddr: expected addresses in digits')
  if (host === '' && address === null) problems.push('host: one of the list is empty')
  if (host.startsWith('@'))
    problems.push('host: abstract unix sockets are not supported; name the folder of the socket')
  else if (!isSocketFolder(host) && isIP(host) === 0 && /[\s@:;/=?#'"\\]/.test(host))
    problems.push(
      'host: holds characters that no host name has; see whether a separator is missing, a port is in it, or the password of a URL must be percent-encoded',
    )
}

function portOf(text: string, problems: string[]): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (port < 1 || port > MAX_PORT)
    problems.push(`port: expected whole numbers 1..${MAX_PORT}; see whether a separator is missing`)
  return port
}

// ---- Session --------------------------------------------------------------------------------------------------------

const ANY = ['', 'any']
const WRITABLE = ['readwrite', 'primary']

function sessionOf(words: Words, problems: string[]): SessionSettings {
  const attributes = (words.get('target_session_attrs') ?? '').toLowerCase().replaceAll(/[\s_-]/g, '')
  if (![...ANY, ...WRITABLE].includes(attributes))
    problems.push('target_session_attrs: the load writes; write read-write, primary or any')
  const timeout = (words.get('connect_timeout') ?? '').trim()
  if (!/^-?\d*$/.test(timeout)) problems.push('connect_timeout: expected whole seconds')
  return {
    applicationName: words.get('application_name') || DEFAULT_SESSION.applicationName,
    options: words.get('options') || null,
    mustWrite: WRITABLE.includes(attributes),
    addressTimeoutMs: Number(timeout) > 0 ? Number(timeout) * 1000 : null,
  }
}
