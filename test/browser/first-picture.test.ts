/** Each page as it opens: what it fetches before its first picture, what blocks, what moves, and its barriers. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { besideFolders, renderCampaign } from '../../functions/render/campaign/page.ts'
import { renderHtml } from '../../functions/render/html/page.ts'
import { mixedCampaign } from '../golden/campaigns.ts'
import { fiveHours, sample } from '../golden/samples.ts'
import { expectAccessible, expectNoSidewaysScroll, launchBrowser, openPage } from './browser.ts'
import { type FakeApi, KEY, startFakeApi } from './fake-api.ts'
import { brokenDrill, campaignStatus, endedDrill, runningCampaign, runningDrill } from './statuses.ts'

const MAX_BYTES = 200_000

let browser: Browser
let api: FakeApi
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'first-picture-'))
  browser = await launchBrowser()
  api = await startFakeApi()
  const [pass, lost] = [await sample('PASS'), await sample('FAIL')]
  api.drills = [runningDrill(70, 'drill-running'), endedDrill(lost), endedDrill(pass), brokenDrill('drill-broken')]
  const campaign = await mixedCampaign()
  api.campaigns = [runningCampaign(campaign), campaignStatus(campaign)]
})
afterAll(async () => {
  await api?.close()
  await browser?.close()
  rmSync(folder, { recursive: true, force: true })
})

const written = (name: string, page: string): string => {
  const file = join(folder, `${name}.html`)
  writeFileSync(file, page)
  return pathToFileURL(file).href
}
const dashboard = (hash: string) => async (): Promise<string> => `${api.url}${hash}`

/** Each with words that stand on it once it is whole. */
const PAGES: ReadonlyArray<readonly [name: string, words: string, address: () => Promise<string>]> = [
  ['the report of a drill', 'Downloads', async () => written('pass', renderHtml(await sample('PASS')))],
  [
    'the report of a drill that did not start',
    'Downloads',
    async () => written('stopped', renderHtml(await sample('NOT STARTED'))),
  ],
  ['the report of five hours', 'Downloads', async () => written('long', renderHtml(await fiveHours()))],
  [
    'the report of a campaign',
    'Distributions',
    async () => written('campaign', renderCampaign(await mixedCampaign(), besideFolders)),
  ],
  ['the list', 'FAIL', dashboard('#/')],
  ['the start form', 'Target rate', dashboard('#/start')],
  ['a running drill', 'Last commit before the outage', dashboard('#/drills/drill-running')],
  ['a finished drill', 'Why not PASS', dashboard('#/drills/drill-20260303-0200')],
  ['a drill without a report', 'ended without a report', dashboard('#/drills/drill-broken')],
  ['a drill that does not exist', 'Not found', dashboard('#/drills/unknown')],
  ['a comparison', 'Second 0 is T1', dashboard('#/compare?ids=drill-20260302-0200,drill-20260303-0200')],
  ['a request again', 'Target rate', dashboard('#/start?from=drill-20260303-0200')],
  ['a running campaign', 'Drill 2 of 7 is running', dashboard('#/campaigns/campaign-running')],
  ['a finished campaign', 'Distributions', dashboard(`#/campaigns/${(await mixedCampaign()).campaignId}`)],
  ['the list of campaigns', 'Start a campaign', dashboard('#/campaigns')],
]

/** Colours and widths of readers; forced colours are those that the reader's system puts in place of the page's. */
const LOOKS = [
  { colorScheme: 'light', forcedColors: 'none', width: 1280 },
  { colorScheme: 'dark', forcedColors: 'none', width: 390 },
  { colorScheme: 'light', forcedColors: 'active', width: 390 },
  { colorScheme: 'dark', forcedColors: 'active', width: 1280 },
] as const

test.each(PAGES)(
  '%s: little before the first picture, nothing blocks, no barrier in any look',
  async (_, words, address) => {
    const { page, errors } = await openPage(browser)
    await page.addInitScript((key) => sessionStorage.setItem('function-key', key), KEY)
    await page.goto(await address())
    await page.getByText(words).filter({ visible: true }).first().waitFor()
    await page.waitForLoadState('networkidle')
    const seen = await page.evaluate(readPage)
    // A report is one file: golden tests count its text before its first picture.
    if (!page.url().startsWith('file:')) expect(seen.bytesBefore).toBeLessThan(MAX_BYTES)
    expect(seen.blocking.filter((name) => !name.endsWith('/dashboard.css'))).toEqual([])
    for (const { width, ...colours } of LOOKS) {
      await page.emulateMedia(colours)
      await page.setViewportSize({ width, height: 900 })
      await expectAccessible(page)
    }
    expect(errors).toEqual([])
    await page.close()
  },
)

const WIDTHS = [390, 1280] as const
/** Above this, a page is felt to jump (web.dev/articles/cls). */
const MAX_SHIFT = 0.1

test.each(WIDTHS.flatMap((width) => PAGES.map(([name, words, address]) => [name, width, words, address] as const)))(
  '%s stands still while it loads, %i px wide',
  async (_, width, words, address) => {
    const { page } = await openPage(browser, { width })
    await page.addInitScript((key) => sessionStorage.setItem('function-key', key), KEY)
    await page.addInitScript(recordShifts)
    await asFromAfar(page)
    await page.goto(await address())
    await page.getByText(words).filter({ visible: true }).first().waitFor()
    await page.waitForLoadState('networkidle')
    const shifts = await page.evaluate(readShifts)
    expect(
      shifts.reduce((sum, { value }) => sum + value, 0),
      shifts.map(({ value, what }) => `${value.toFixed(3)}: ${what}`).join('\n'),
    ).toBeLessThanOrEqual(MAX_SHIFT)
    await expectNoSidewaysScroll(page)
    await page.close()
  },
)

function readPage() {
  const [first] = performance.getEntriesByName('first-contentful-paint')
  const firstAt = first?.startTime ?? Number.POSITIVE_INFINITY
  const resources = performance.getEntriesByType('resource') as (PerformanceResourceTiming & {
    renderBlockingStatus: string
  })[]
  const [navigation] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[]
  return {
    bytesBefore: [navigation, ...resources]
      .filter((entry) => entry !== undefined && entry.responseEnd <= firstAt)
      .reduce((sum, entry) => sum + (entry?.decodedBodySize ?? 0), 0),
    blocking: resources.filter((entry) => entry.renderBlockingStatus === 'blocking').map(({ name }) => name),
  }
}

/** What arrives one after another is also painted one after another. */
async function asFromAfar(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page)
  const bytesPerSecond = 2_000_000
  await session.send('Network.enable')
  await session.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 100,
    downloadThroughput: bytesPerSecond,
    uploadThroughput: bytesPerSecond,
  })
}

interface Shift {
  readonly value: number
  /** The elements that moved, with where from and where to. */
  readonly what: string
}

interface LayoutShift extends PerformanceEntry {
  readonly value: number
  readonly sources: ReadonlyArray<{
    readonly node: Node | null
    readonly previousRect: DOMRect
    readonly currentRect: DOMRect
  }>
}

function recordShifts(): void {
  const shifts: Shift[] = []
  Object.assign(globalThis, { shifts })
  const nameOf = (node: Node | null): string =>
    node instanceof Element ? `${node.localName}#${node.id}.${node.className}` : String(node?.textContent)
  new PerformanceObserver((list) => {
    for (const { value, sources } of list.getEntries() as LayoutShift[])
      shifts.push({
        value,
        what: sources
          .map(({ node, previousRect, currentRect }) => `${nameOf(node)} ${previousRect.y} -> ${currentRect.y}`)
          .join(', '),
      })
  }).observe({ type: 'layout-shift', buffered: true })
}

const readShifts = (): readonly Shift[] => (globalThis as unknown as { shifts: readonly Shift[] }).shifts
