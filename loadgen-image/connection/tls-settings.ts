/** Reads the words about encryption, with libpq's meaning. A unix socket is never encrypted. */
import { readAuthority } from './authority.ts'
import { isOn } from './parameters.ts'
import type { Tls, TlsMode, TlsVersion } from './target.ts'

/** By the label of libpq. */
export type Words = ReadonlyMap<string, string>

/** `no-verify`, `true` and `false` are words of other drivers. */
const MODES: Readonly<Record<string, TlsMode | 'disable'>> = {
  disable: 'disable',
  false: 'disable',
  allow: 'allow',
  prefer: 'prefer',
  require: 'require',
  true: 'require',
  noverify: 'require',
  verifyca: 'verify-ca',
  verifyfull: 'verify-full',
}
const EXPECTED = 'expected disable, allow, prefer, require, verify-ca, verify-full or no-verify'

const VERSIONS: Readonly<Record<string, TlsVersion | null>> = {
  '': null,
  // Node speaks no older version, so these set no limit.
  tlsv1: null,
  'tlsv1.1': null,
  'tlsv1.2': 'TLSv1.2',
  'tlsv1.3': 'TLSv1.3',
}

export function tlsOf(words: Words, problems: string[]): Tls | null {
  const authority = words.get('sslrootcert') ?? ''
  const word = (words.get('sslmode') ?? '').toLowerCase().replaceAll(/[\s_-]/g, '')
  const mode = word === '' ? (authority === 'system' ? 'verify-full' : 'prefer') : MODES[word]
  if (mode === undefined) problems.push(`sslmode: ${EXPECTED}`)
  if (mode === undefined || mode === 'disable') return null
  if (authority === 'system' && mode !== 'verify-full')
    problems.push('sslrootcert: system goes with sslmode=verify-full only')
  const isTrusted = word === 'noverify' || isOn(words.get('Trust Server Certificate'))
  if (isTrusted && mode.startsWith('verify'))
    problems.push(`sslmode: ${mode} contradicts Trust Server Certificate; leave one of them out`)
  const ca = isTrusted ? null : caOf(authority, problems)
  return {
    mode,
    ca,
    verifiesAuthority: mode.startsWith('verify') || ca !== null,
    isDirect: isDirect(words, mode, problems),
    minVersion: versionOf('ssl_min_protocol_version', words, problems),
    maxVersion: versionOf('ssl_max_protocol_version', words, problems),
  }
}

function caOf(path: string, problems: string[]): string | null {
  if (path === '' || path === 'system') return null
  const authority = readAuthority(path)
  if ('pem' in authority) return authority.pem
  problems.push(`sslrootcert: ${authority.problem}`)
  return null
}

function isDirect(words: Words, mode: TlsMode, problems: string[]): boolean {
  const negotiation = (words.get('sslnegotiation') ?? 'postgres').toLowerCase()
  if (negotiation !== 'direct' && negotiation !== 'postgres' && negotiation !== '')
    problems.push('sslnegotiation: expected postgres or direct')
  if (negotiation === 'direct' && (mode === 'allow' || mode === 'prefer'))
    problems.push('sslnegotiation: direct goes with sslmode=require, verify-ca or verify-full only')
  return negotiation === 'direct'
}

function versionOf(label: string, words: Words, problems: string[]): TlsVersion | null {
  const version = VERSIONS[(words.get(label) ?? '').toLowerCase()]
  if (version === undefined) problems.push(`${label}: expected TLSv1.2 or TLSv1.3`)
  return version ?? null
}
