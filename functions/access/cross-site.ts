/**
 * Whether a request that changes something was sent by another site's page. A login by the platform lives in a cookie, which a browser
 * sends along with requests of any page. Programs send neither Sec-Fetch-Site nor Origin, and no cookie of another program.
 *
 * https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html (Fetch Metadata, Origin)
 */

export interface Headers {
  get(name: string): string | null
}

/** `none`: the user's own doing, such as an extension. A sibling domain (`same-site`) is another site. */
const OWN_SITE = ['same-origin', 'none']

export function isFromOtherSite(url: string, headers: Headers): boolean {
  const site = headers.get('sec-fetch-site')
  if (site !== null) return !OWN_SITE.includes(site.trim().toLowerCase())
  const origin = headers.get('origin')
  return origin !== null && !hostsOf(url, headers).includes(hostOf(origin))
}

/**
 * Under which names the app is reached. A page of another site cannot set any of these headers without asking first, and the app allows
 * no other origin.
 */
const hostsOf = (url: string, headers: Headers): (string | null)[] =>
  [new URL(url).host, headers.get('host'), headers.get('x-forwarded-host')?.split(',')[0]?.trim()]
    .filter((host) => host !== null && host !== undefined && host !== '')
    .map((host) => String(host).toLowerCase())

/** Null for `null`, which a sandboxed page sends, and for what is no origin: then no host equals it. */
const hostOf = (origin: string): string | null => (URL.canParse(origin) ? new URL(origin).host || null : null)

/**
 * A form of another site can post without asking, but only in the three types of forms: a body that says it is JSON was not sent by one.
 * A request with a token in `authorization` was not sent by a form either.
 */
export const mayBeForm = (headers: Headers): boolean => headers.get('authorization') === null && !saysJson(headers)

export const saysJson = (headers: Headers): boolean =>
  /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(headers.get('content-type')?.trim() ?? '')
