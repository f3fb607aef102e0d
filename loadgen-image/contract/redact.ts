/**
 * Cleans texts of servers, SDKs and the platform before this project repeats them: no secrets, and in a report no addresses.
 * Names of relations, functions, files and versions stay, because an operator needs them to find the cause.
 */
import { isIPv6 } from 'node:net'

const SECRET = '(secret)'
const ADDRESS = '(address)'

// ---- Secrets --------------------------------------------------------------------------------------------------------

/** Shorter values occur by chance in harmless text. */
const MIN_KNOWN_LENGTH = 8
const known = new Set<string>()

/** Registers a secret of this process, which `withoutSecrets` then hides wherever it occurs. */
export function hideSecret(value: string): void {
  for (const form of [value, encodeURIComponent(value)]) if (form.length >= MIN_KNOWN_LENGTH) known.add(form)
}

/** Names of keys whose values are secrets, in connection strings, headers and bodies. */
const KEY =
  'password|passwd|pwd|secret|client[-_]?secret|token|access[-_]?token|refresh[-_]?token|id[-_]?token|sig|signature|' +
  'account[-_]?key|shared[-_]?access[-_]?key|shared[-_]?access[-_]?signature|access[-_]?key|api[-_]?key|x-functions-key|' +
  'primary[-_]?key|secondary[-_]?key|private[-_]?key|credential'
/** In quotes, or up to the next pair of a connection string, or to the end of the word. */
const VALUE = `"(?:[^"\\\\]|\\\\.|"")*"?|'(?:[^'\\\\]|\\\\.|'')*'?|[^;\\n]*(?=;)|[^\\s;&,)"']+`

const HIDDEN: ReadonlyArray<readonly [RegExp, string]> = [
  // User and password of a URL; a password may hold any of / ? # @ when it was not encoded.
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s'"<>]*@/gi, `$1${SECRET}@`],
  [/\b(https?:\/\/[^\s?'"<>]+)\?[^\s'"<>]*/gi, `$1?${SECRET}`],
  [/\b(authorization["']?\s*[:=]\s*["']?)[^"'\n;,]+/gi, `$1${SECRET}`],
  [/\b((?:bearer|basic|sharedkey(?:lite)?)\s+)[\w+/=.:~-]{6,}/gi, `$1${SECRET}`],
  [new RegExp(`((?:${KEY})["']?\\s*(?:=|:(?!:))\\s*)(?:${VALUE})`, 'gi'), `$1${SECRET}`],
  [/\beyJ[\w-]{8,}(?:\.[\w-]*){0,4}/g, SECRET],
  // What a JSON parser repeats of its input.
  [/(unexpected token )(?:'[^']*'|\S+)/gi, `$1${SECRET}`],
  [/(?:\.{3})?"[^\n]*"(?:\.{3})? (is not valid JSON)/g, `the text $1`],
]

export function withoutSecrets(text: string): string {
  let clean = text
  for (const value of [...known].sort((a, b) => b.length - a.length)) clean = clean.replaceAll(value, SECRET)
  for (const [pattern, replacement] of HIDDEN) clean = clean.replace(pattern, replacement)
  return clean
}

/** The messages of an error and of its causes, without secrets. */
export function errorText(error: unknown): string {
  const words: string[] = []
  for (let at: unknown = error; at !== undefined && at !== null && words.length < 5; ) {
    words.push(at instanceof Error ? at.message || at.name : String(at))
    at = at instanceof Error ? at.cause : undefined
  }
  return withoutSecrets(words.join(': '))
}

// ---- Addresses ------------------------------------------------------------------------------------------------------

const IPV4 = /(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?(?![\w.]*\w)/g
/** Also matches a time of day: node:net decides what is an address. */
const PERHAPS_IPV6 = /(?<![\w:])[0-9a-f]*:[0-9a-f:]*:[0-9a-f]*(?![\w:])/gi
const HOST = String.raw`(?:[a-z0-9_-]+\.)*[a-z0-9_-]+\.?(?::\d+)?`

/** A host follows these words, in any form. */
const NAMED_HOST = new RegExp(
  String.raw`\b((?:getaddrinfo(?: [A-Z_]+)?|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ECONNRESET` +
    `|host(?:name| name)?|server at|server name|address|connect(?:ion)? to(?: server at)?|DNS:|Host:) ?["']?)(${HOST})`,
  'gi',
)
const URL_HOST = new RegExp(String.raw`\b([a-z][a-z0-9+.-]*:\/\/(?:\(secret\)@)?)${HOST}`, 'gi')

/** Endings of host names. A relation such as app.transactions, a file or a version has none of them. */
const ENDINGS =
  'com|net|org|io|dev|cloud|local|localdomain|internal|intranet|lan|corp|home|private|arpa|invalid|cn|de|eu|uk|us|gov'
const HOST_NAME = new RegExp(String.raw`(?<![\w./-])(?:[a-z0-9_-]+\.)+(?:${ENDINGS})\.?(?::\d+)?(?![\w-]|\.\w)`, 'gi')
/** What PostgreSQL names in quotes behind one of these words is never a host. */
const OBJECT =
  /\b(?:relation|table|view|column|function|procedure|schema|type|sequence|index|constraint|trigger|file|extension|operator|parameter|database|role|user|policy|publication|subscription|slot)s? (?:"[^"]*"|[\w.]+)/gi

/** Reports are passed on: they hold no address and no host name. */
export function withoutAddresses(text: string): string {
  const kept: string[] = []
  const marked = text.replace(OBJECT, (name) => `\u0000${kept.push(name) - 1}\u0000`)
  const clean = marked
    .replace(URL_HOST, `$1${ADDRESS}`)
    .replace(IPV4, (word) => (isAddress(word) ? ADDRESS : word))
    .replace(PERHAPS_IPV6, (word) => (isIPv6(word) || isIPv6(word.replace(/:\d+$/, '')) ? ADDRESS : word))
    .replace(NAMED_HOST, (whole, before: string, host: string) => (isHostLike(host) ? `${before}${ADDRESS}` : whole))
    .replace(HOST_NAME, ADDRESS)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: no text of a server holds this mark.
  return clean.replace(/\u0000(\d+)\u0000/g, (_mark, index: string) => kept[Number(index)] ?? '')
}

const isAddress = (word: string): boolean =>
  word
    .split(/[.:]/)
    .slice(0, 4)
    .every((part) => Number(part) <= 255)

/** Behind "connect to" or "host" also stand plain words, such as "the server". */
const isHostLike = (word: string): boolean =>
  /[.:\d]/.test(word) || /^[a-z]+-[a-z0-9-]+$/i.test(word) || word === 'localhost'
