/**
 * Reads libpq's URL: `postgres://user:password@host:port,host:port/database?word=value`. By the rules of libpq and not of the web:
 * several hosts, a folder as host (%2Frun%2Fpostgresql), and any character but @ and / in the password.
 */

import type { Pairs, PairsOrProblem } from './pairs.ts'
import { isSocketFolder, type ServerPlace, type ServerTarget } from './target.ts'

const SCHEME = /^postgres(?:ql)?:\/\//i

export const isUrl = (text: string): boolean => SCHEME.test(text)

const ENCODE = 'characters such as @ : / in the password must be percent-encoded'

export function urlPairs(text: string): PairsOrProblem {
  const rest = text.replace(SCHEME, '')
  const login = /^([^@/]*)@/.exec(rest)
  const place = /^([^/?]*)(?:\/([^?]*))?(?:\?([\s\S]*))?$/.exec(rest.slice(login?.[0].length ?? 0))
  const [authority = '', path, query] = place?.slice(1) ?? []
  const places = placesOf(authority)
  if (places === null) return { problem: `the part with host and port is not valid; ${ENCODE}` }
  const [user = '', ...password] = (login?.[1] ?? '').split(':')
  const parts: Pairs = [
    ['host', places.hosts],
    ['port', places.ports],
    ['dbname', path ?? ''],
    ['user', user],
    ['password', password.join(':')],
  ]
  const given = parts.filter(([, value]) => value !== '' && !/^,+$/.test(value))
  return decoded(
    given,
    (query ?? '').split('&').filter((part) => part !== ''),
  )
}

/** Hosts and ports as libpq lists them; an empty port is the default one. */
function placesOf(authority: string): { readonly hosts: string; readonly ports: string } | null {
  const places = authority.split(',').map((part) => /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(.*))?$/.exec(part))
  if (places.some((place) => place === null || place[3]?.includes(':'))) return null
  return {
    hosts: places.map((place) => place?.[1] ?? place?.[2] ?? '').join(','),
    ports: places.map((place) => place?.[3] ?? '').join(','),
  }
}

function decoded(parts: Pairs, query: readonly string[]): PairsOrProblem {
  const pairs: [string, string][] = []
  for (const [word, text] of parts) {
    const value = percentDecoded(text)
    if (value === null) return { problem: `the ${word} is not validly percent-encoded` }
    pairs.push([word, value])
  }
  for (const [index, part] of query.entries()) {
    const [word, value, ...more] = part.split('=').map((text) => percentDecoded(text))
    if (!word || value === undefined || value === null || more.length > 0)
      return { problem: `parameter ${index + 1} after the ?: expected word=value, percent-encoded; ${ENCODE}` }
    pairs.push([word, value])
  }
  return { pairs }
}

function percentDecoded(value: string): string | null {
  try {
    return decodeURIComponent(value)
  } catch {
    return null
  }
}

// ---- The other way --------------------------------------------------------------------------------------------------

/** `parseConnectionString` reads it back as the same server. Authorities and limits of a session are not written. */
export function urlOf({ places, user, password, database, tls }: ServerTarget): string {
  const login = [user, ...(password === '' ? [] : [password])].map(encodeURIComponent).join(':')
  const place = `${places.map(placeInUrl).join(',')}/${encodeURIComponent(database)}`
  return `postgresql://${login}@${place}?sslmode=${tls?.mode ?? 'disable'}`
}

const placeInUrl = ({ host, port }: ServerPlace): string =>
  `${!isSocketFolder(host) && host.includes(':') ? `[${host.replace('%', '%25')}]` : encodeURIComponent(host)}:${port}`
