/** What GET /api/dashboard and GET /api/dashboard/{asset} answer. Read once, on the first request. */
import { type Asset, asset, scripts } from './assets.ts'
import { renderPage } from './page.ts'
import { DASHBOARD_STYLE } from './style.ts'

export type { Asset } from './assets.ts'

let page: Asset | null = null
let assets: ReadonlyMap<string, Asset> | null = null

export function dashboardPage(): Asset {
  page ??= asset(renderPage(), 'text/html; charset=utf-8')
  return page
}

/** By the name in the page; null when there is no such file. */
export function dashboardAsset(name: string): Asset | null {
  assets ??= new Map([...scripts(), ['dashboard.css', asset(DASHBOARD_STYLE, 'text/css; charset=utf-8')]])
  return assets.get(name) ?? null
}
