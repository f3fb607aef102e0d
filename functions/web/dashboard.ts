/** What GET /api/dashboard and GET /api/dashboard/{asset} answer. Read once, on the first request. */
import { type Asset, asset } from './assets.ts'
import { renderPage } from './page.ts'
import { browserScripts } from './scripts.ts'
import { DASHBOARD_STYLE } from './style.ts'

export type { Asset } from './assets.ts'

let page: Asset | null = null
let assets: Promise<ReadonlyMap<string, Asset>> | null = null

export function dashboardPage(): Asset {
  page ??= asset(renderPage(), 'text/html; charset=utf-8')
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
