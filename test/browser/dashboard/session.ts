/** The dashboard in a browser, in front of a made-up API: a new one for each test, and what its tests have in common. */
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { sample } from '../../golden/samples.ts'
import { type Look, launchBrowser, openPage, type WatchedPage } from '../browser.ts'
import { type FakeApi, KEY, type StoredDrill, startFakeApi } from '../fake-api.ts'
import { brokenDrill, endedDrill } from '../statuses.ts'

interface Dashboard {
  /** Of the test that runs. */
  readonly api: FakeApi
  /** With the key already given, as in a tab that is in use, unless it is null. */
  readonly open: (hash?: string, look?: Look, key?: string | null) => Promise<WatchedPage>
  /** Empty; closed after the test. */
  readonly openTab: (look?: Look) => Promise<WatchedPage>
}

export function dashboardPerTest(): Dashboard {
  let browser: Browser
  let api: FakeApi
  const tabs: WatchedPage[] = []
  beforeAll(async () => {
    browser = await launchBrowser()
  })
  afterAll(() => browser?.close())
  beforeEach(async () => {
    api = await startFakeApi()
  })
  afterEach(async () => {
    for (const { page } of tabs.splice(0)) await page.close()
    await api.close()
  })

  async function openTab(look: Look = {}): Promise<WatchedPage> {
    const opened = await openPage(browser, look)
    tabs.push(opened)
    return opened
  }
  return {
    get api() {
      return api
    },
    openTab,
    async open(hash = '#/', look = {}, key = KEY) {
      const opened = await openTab(look)
      if (key !== null) await opened.page.addInitScript((given) => sessionStorage.setItem('function-key', given), key)
      await opened.page.goto(`${api.url}${hash}`)
      return opened
    },
  }
}

/** Longer than a refresh, also on a busy machine. */
export const SOON = { timeout: 20_000 }
export const RUNNING = '#/drills/drill-20260302-0200'
/** Kinds of events have fields of one name: that of the chosen kind is visible. */
export const fieldOf = (row: Page | Locator, label: string): Locator =>
  row.getByLabel(label, { exact: true }).filter({ visible: true })
/** Not in the choices of a select, which are hidden. */
export const see = (page: Page, words: string | RegExp) =>
  page.getByText(words).filter({ visible: true }).first().waitFor()

/** A drill of each verdict, and one without a report. */
export const history = async (): Promise<StoredDrill[]> => [
  ...(await Promise.all((['FAIL', 'PASS', 'INCONCLUSIVE', 'ABORTED'] as const).map(sample))).map(endedDrill),
  brokenDrill('drill-20260301-0200'),
]
