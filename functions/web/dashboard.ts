/** The answers of GET /api/dashboard and GET /api/dashboard/{asset}, made once, on the first request. */
import { createHash } from 'node:crypto'
import { type PageAuth, renderPage } from './page.ts'
import { browserScripts } from './scripts.ts'
import { DASHBOARD_STYLE } from './style.ts'

const pages = new Map<PageAuth, Asset>()
let assets: Promise<ReadonlyMap<string, Asset>> | null = null

export function dashboardPage(auth: PageAuth): Asset {
  const page = pages.get(auth) ?? asset(renderPage(auth), 'text/html; charset=utf-8')
  pages.set(auth, page)
  return page
}

/** By the name in the page; null when there is no such file. */
export async function dashboardAsset(name: string): Promise<Asset | null> {
  assets ??= readAssets()
  return (await assets).get(name) ?? null
}

async function readAssets(): Promise<ReadonlyMap<string, Asset>> {
  const scripts = [...(await browserScripts())].map(
    ([name, body]) => [name, asset(body, 'text/javascript; charset=utf-8')] as const,
  )
  return new Map([...scripts, ['dashboard.css', asset(DASHBOARD_STYLE, 'text/css; charset=utf-8')]])
}

/** A file of the dashboard with its headers. */
export interface Asset {
  readonly body: string
  readonly contentType: string
  readonly headers: Readonly<Record<string, string>>
}

/** In addition to the headers of every answer of the API. */
const DASHBOARD_HEADERS: Readonly<Record<string, string>> = {
  // Styles may be inline because a report shown in the page brings its own; scripts come from this origin alone.
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src 'self' data:; frame-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  // Goes to this app alone. The platform's authentication refuses a POST of a page that names no referrer as forged.
  'referrer-policy': 'same-origin',
}

function asset(body: string, contentType: string): Asset {
  const etag = `"${createHash('sha256').update(body).digest('hex').slice(0, 32)}"`
  return { body, contentType, headers: { ...DASHBOARD_HEADERS, etag, 'cache-control': 'no-cache' } }
}
