/** A file that the dashboard serves, with the headers that every one of them carries. */
import { createHash } from 'node:crypto'

export interface Asset {
  readonly body: string
  readonly contentType: string
  readonly headers: Readonly<Record<string, string>>
}

/** Beyond what every answer of the API carries. */
const DASHBOARD_HEADERS: Readonly<Record<string, string>> = {
  // Styles may be inline because a report shown in the page brings its own; scripts come from this origin alone.
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src 'self' data:; frame-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
}

export function asset(body: string, contentType: string): Asset {
  const etag = `"${createHash('sha256').update(body).digest('hex').slice(0, 32)}"`
  return { body, contentType, headers: { ...DASHBOARD_HEADERS, etag, 'cache-control': 'no-cache' } }
}
