import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { gatherFacts } from '../../functions/activities/facts/gather.ts'
import { type Offer, offerOf } from '../../functions/request/offer.ts'
import { sample } from '../golden/samples.ts'
import { requestsTo } from '../support/builders.ts'
import { aPlan } from '../support/play-drill.ts'
import { createWorld } from '../support/world/world.ts'
import {
  expectAccessible,
  expectNoSidewaysScroll,
  type Look,
  launchBrowser,
  openPage,
  screenshot,
  type WatchedPage,
} from './browser.ts'
import { type FakeApi, KEY, startFakeApi } from './fake-api.ts'
import { AGAIN, brokenDrill, endedDrill, runningDrill } from './statuses.ts'

let browser: Browser
let api: FakeApi
const open: WatchedPage[] = []

beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser?.close())
beforeEach(async () => {
  api = await startFakeApi()
})
afterEach(async () => {
  for (const { page } of open.splice(0)) await page.close()
  await api.close()
})

/** With the key already given, as in a tab that is in use, unless it is null. */
async function openDashboard(hash = '#/', look: Look = {}, key: string | null = KEY): Promise<WatchedPage> {
  const opened = await openPage(browser, look)
  open.push(opened)
  if (key !== null) await opened.page.addInitScript((given) => sessionStorage.setItem('function-key', given), key)
  await opened.page.goto(`${api.url}${hash}`)
  return opened
}

/** Longer than a refresh, also on a busy machine. */
const SOON = { timeout: 20_000 }
const RUNNING = '#/drills/drill-20260302-0200'
/** Kinds of events have fields of one name: that of the chosen kind is visible. */
const fieldOf = (row: Page | Locator, label: string): Locator =>
  row.getByLabel(label, { exact: true }).filter({ visible: true })
/** Not in the choices of a select, which are hidden. */
const see = (page: Page, words: string | RegExp) => page.getByText(words).filter({ visible: true }).first().waitFor()
const [pass, lost, inconclusive, aborted, stopped] = await Promise.all([
  sample('PASS'),
  sample('FAIL'),
  sample('INCONCLUSIVE'),
  sample('ABORTED'),
  sample('NOT STARTED'),
])
const history = () => [
  endedDrill(lost),
  endedDrill(pass),
  endedDrill(inconclusive),
  endedDrill(aborted),
  brokenDrill('drill-20260301-0200'),
]

describe('the key', () => {
  test('is asked for once, kept for the tab, sent as a header, and never stands in a URL', async () => {
    api.drills = history()
    const { page } = await openDashboard('', {}, null)
    await see(page, 'Function key')
    await screenshot(page, 'dashboard-key')
    await expectAccessible(page)
    await page.getByLabel('Key').fill(KEY)
    await page.getByRole('button', { name: 'Open the dashboard' }).click()
    await page.getByRole('link', { name: '2026-03-02 02:00' }).first().waitFor()
    await page.reload()
    await page.getByRole('link', { name: '2026-03-02 02:00' }).first().waitFor()
    expect(api.requests.some(({ url }) => url.includes(KEY))).toBe(false)
    expect(page.url()).not.toContain(KEY)
    expect(api.requests.filter(({ url }) => url.startsWith('/api/drills')).every(({ key }) => key === KEY)).toBe(true)
    expect(await page.evaluate(() => localStorage.length)).toBe(0)
  })

  test('is asked for again when it is refused', async () => {
    const { page } = await openDashboard('', {}, null)
    await page.getByLabel('Key').fill('wrong')
    await page.keyboard.press('Enter')
    await see(page, 'The key was refused')
    await page.getByLabel('Key').fill(KEY)
    await page.keyboard.press('Enter')
    await see(page, 'No drill yet')
  })
})

describe('with a login in place of a key', () => {
  beforeEach(() => {
    api.auth = 'entra'
    api.drills = history()
  })

  /** Without a key in the tab. */
  async function openSignedOut(hash = '#/'): Promise<WatchedPage> {
    const opened = await openPage(browser)
    open.push(opened)
    await opened.page.context().clearCookies()
    await opened.page.goto(`${api.url}${hash}`)
    return opened
  }

  test.each([
    ['the app answers that it needs a login', false],
    ["the platform redirects to another site's login", true],
  ])('%s: the page leads there and back to the same view', async (_, redirects) => {
    api.redirects = redirects
    const { page } = await openSignedOut('#/start')
    await page.goto(`${api.url}#/drills/${lost.report.drillId}`)
    await see(page, 'The dashboard needs a login of Microsoft Entra')
    expect(await page.getByText('Function key').count()).toBe(0)
    await screenshot(page, 'dashboard-sign-in')
    await expectAccessible(page)
    await page.getByRole('link', { name: 'Sign in' }).click()
    await see(page, 'Criteria')
    expect(page.url()).toBe(`${api.url}#/drills/${lost.report.drillId}`)
    expect(api.requests.filter(({ key }) => key !== null)).toEqual([])
  })

  test('a login without a role is refused in words, and may sign out', async () => {
    api.roles = []
    const { page } = await openSignedOut()
    await page.getByRole('link', { name: 'Sign in' }).click()
    await see(page, 'Drill.Read is needed')
    await see(page, 'This account has no role of this app')
    await page.getByRole('link', { name: 'Sign out' }).click()
    await see(page, 'The dashboard needs a login of Microsoft Entra')
  })

  test('a reader sees drills, and why none of theirs can start', async () => {
    api.roles = ['Drill.Read']
    const { page } = await openSignedOut()
    await page.getByRole('link', { name: 'Sign in' }).click()
    await see(page, 'PASS')
    await page.getByRole('link', { name: 'Start a drill' }).first().click()
    await page.locator('#start button[type=submit]').click()
    await see(page, 'Drill.Run is needed')
  })

  test('who may run drills starts one through the checks of the platform and of the app against other sites', async () => {
    api.onStart = () => runningDrill(10)
    const { page } = await openSignedOut()
    await page.getByRole('link', { name: 'Sign in' }).click()
    await see(page, 'PASS')
    await page.getByRole('link', { name: 'Start a drill' }).first().click()
    await page.locator('#start button[type=submit]').click()
    await page.locator('#ask-abort').waitFor(SOON)
    expect(api.requests.filter(({ method }) => method === 'POST')).toHaveLength(1)
  })
})

describe('the list', () => {
  test('says how to begin when there is no drill', async () => {
    const { page, errors } = await openDashboard()
    await see(page, 'No drill yet')
    await screenshot(page, 'dashboard-empty')
    await expectAccessible(page)
    expect(errors).toEqual([])
  })

  for (const colorScheme of ['light', 'dark'] as const)
    test(`shows verdicts and the trend in ${colorScheme}`, async () => {
      api.drills = [runningDrill(70, 'drill-20260307-0200'), endedDrill(stopped), ...history()]
      const { page, errors } = await openDashboard('#/', { colorScheme })
      const rows = page.locator('.drills tbody')
      for (const words of ['PASS', 'FAIL', 'INCONCLUSIVE', 'NOT STARTED', 'ABORTED', 'ended without report', 'watch'])
        await rows.getByText(words, { exact: true }).first().waitFor()
      await see(page, '2 of 34 checks failed: Server size, High availability state')
      expect(await page.locator('.drills .spark').count()).toBe(1)
      expect(api.requests.some(({ url }) => url.includes('echarts'))).toBe(false)
      await screenshot(page, `dashboard-list-${colorScheme}-folded`)
      await page.getByText('Recovery time and write outage over the like drills').click()
      await page.locator('#trend svg').waitFor()
      await screenshot(page, `dashboard-list-${colorScheme}`)
      await expectAccessible(page)
      expect(errors).toEqual([])
    })

  test('fits a phone', async () => {
    api.drills = history()
    const { page } = await openDashboard('#/', { width: 390, height: 844 })
    await see(page, 'PASS')
    await screenshot(page, 'dashboard-list-phone')
    await expectNoSidewaysScroll(page)
    await expectAccessible(page)
  })

  test('names the events of each drill by their kinds', async () => {
    const running = runningDrill(70, 'drill-20260307-0200')
    const events: typeof running.status.events = [
      { atSeconds: 60, kind: 'restart' },
      { atSeconds: 200, kind: 'scale', sku: 'Standard_D8ds_v5' },
    ]
    api.drills = [{ ...running, status: { ...running.status, events } }, brokenDrill('drill-20260301-0200')]
    const { page } = await openDashboard()
    await page.locator('.drills tbody tr').first().getByText('restart, scaling to Standard_D8ds_v5').waitFor()
    await page.locator('.drills tbody tr').nth(1).getByText('forced failover').waitFor()
  })

  test('turns pages', async () => {
    api.drills = Array.from({ length: 25 }, (_, index) => brokenDrill(`drill-${String(100 + index)}`))
    const { page } = await openDashboard()
    await see(page, 'ended without report')
    await expect.poll(() => page.locator('.drills tbody tr').count(), SOON).toBe(20)
    await page.getByRole('button', { name: 'Older' }).click()
    await page.locator('.drills tbody tr').nth(4).waitFor()
    await expect.poll(() => page.locator('.drills tbody tr').count(), SOON).toBe(5)
    expect(await page.getByRole('button', { name: 'Older' }).isDisabled()).toBe(true)
    await page.getByRole('button', { name: 'Newest' }).click()
    await expect.poll(() => page.locator('.drills tbody tr').count(), SOON).toBe(20)
  })

  test('lays two chosen drills over each other, aligned on T1', async () => {
    api.drills = history()
    const { page, errors } = await openDashboard()
    await page.getByLabel('Choose drill-20260303-0200').check()
    expect(await page.getByRole('button', { name: 'Compare the chosen' }).isDisabled()).toBe(true)
    await page.getByLabel('Choose drill-20260302-0200').check()
    await page.getByRole('button', { name: 'Compare the chosen' }).click()
    await see(page, 'Second 0 is T1')
    await page.locator('#chart svg').waitFor()
    await screenshot(page, 'dashboard-compare')
    await expectAccessible(page)
    expect(errors).toEqual([])
  })

  test('compares a drill with the like one before it in one step, and offers no comparison without a load', async () => {
    api.drills = [endedDrill(stopped), ...history()]
    const { page } = await openDashboard()
    const row = (words: string) => page.locator('.drills tbody tr', { hasText: words })
    expect(await row('NOT STARTED').getByRole('checkbox').count()).toBe(0)
    await page.getByRole('link', { name: 'Compare drill-20260303-0200 with the one before' }).click()
    await see(page, 'Second 0 is T1')
    expect(page.url()).toContain('#/compare?ids=drill-20260302-0200,drill-20260303-0200')
  })

  test('shows the drills of one verdict or of one server', async () => {
    const other = endedDrill(lost)
    const target = { resourceGroup: 'rg', server: 'pg-other', database: 'app' }
    api.drills = [
      { ...other, status: { ...other.status, drillId: 'of-other', target } },
      endedDrill(stopped),
      ...history(),
    ]
    const { page } = await openDashboard()
    const rows = page.locator('.drills tbody tr')
    await expect.poll(() => rows.count(), SOON).toBe(7)
    await page.getByLabel('Verdict').selectOption('NOT STARTED')
    await expect.poll(() => rows.count(), SOON).toBe(1)
    await page.getByLabel('Verdict').selectOption('')
    await page.getByLabel('Server').selectOption('pg-other')
    await expect.poll(() => rows.count(), SOON).toBe(1)
    // The others are still in the choice.
    expect(await page.getByLabel('Server').locator('option').allTextContents()).toEqual([
      'all',
      'pg-other',
      'pg-orders',
    ])
    await page.getByLabel('Verdict').selectOption('PASS')
    await see(page, 'No drill fits these filters')
  })

  test('is walked through, chosen from and compared with the keys alone, also while it refreshes', async () => {
    api.drills = [runningDrill(70, 'drill-20260307-0200'), ...history()]
    const { page } = await openDashboard()
    await page.getByLabel('Refresh').selectOption('1')
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute('href') ?? null)
    await page.locator('.drills tbody th a').first().focus()
    await page.keyboard.press('ArrowDown')
    expect(await focused()).toBe('#/drills/drill-20260303-0200')
    await page.keyboard.press('ArrowUp')
    expect(await focused()).toBe('#/drills/drill-20260307-0200')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('x')
    // The phase of the drill that runs changes, and with it the table.
    api.drills = [runningDrill(20, 'drill-20260307-0200'), ...history()]
    await see(page, 'warm-up')
    expect(await focused()).toBe('#/drills/drill-20260303-0200')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('x')
    // A copy of the text, and no comparison.
    await page.keyboard.press('Control+c')
    expect(new URL(page.url()).hash).toBe('#/')
    await page.keyboard.press('c')
    await see(page, 'Second 0 is T1')
  })

  test('keeps the check box that has the focus when the table changes, and the page does not scroll under the arrow keys', async () => {
    api.drills = [runningDrill(70, 'drill-20260307-0200'), ...history()]
    const { page } = await openDashboard('#/', { width: 1280, height: 300 })
    await page.getByLabel('Refresh').selectOption('1')
    const boxes = page.locator('.drills tbody input[type=checkbox]')
    await boxes.nth(1).focus()
    const focused = () =>
      page.evaluate(() => {
        const { activeElement: element } = document
        return [element?.tagName, element?.closest('tr')?.querySelector('th a')?.getAttribute('href')]
      })
    const [, row] = await focused()
    api.drills = [runningDrill(20, 'drill-20260307-0200'), ...history()]
    await see(page, 'warm-up')
    expect(await focused()).toEqual(['INPUT', row])
    await page.locator('.drills tbody th a').first().focus()
    await page.evaluate(() => scrollTo(0, 0))
    const isPrevented = await page.evaluate(() => {
      const event = new KeyboardEvent('keydown', { key: 'ArrowDown', bubbles: true, cancelable: true })
      return document.activeElement?.dispatchEvent(event) === false
    })
    expect(isPrevented).toBe(true)
  })

  for (const [look, size] of [
    ['wide', { width: 1920, height: 1080 }],
    ['phone-dark', { width: 390, height: 844, colorScheme: 'dark' }],
  ] as const)
    test(`fits ${look}`, async () => {
      api.drills = [runningDrill(70, 'drill-20260307-0200'), endedDrill(stopped), ...history()]
      const { page } = await openDashboard('#/', size)
      await see(page, 'NOT STARTED')
      await screenshot(page, `dashboard-list-${look}`)
      await expectNoSidewaysScroll(page)
      await expectAccessible(page)
    })
})

describe('the first minute', () => {
  /** Of a small server whose primary and standby are in one zone. */
  const offer = async (): Promise<Offer> => {
    const { clients } = createWorld({ server: { facts: { vCores: 2, availabilityZone: '2' } } })
    const facts = await gatherFacts(clients, aPlan({}), { mayWrite: false })
    const target = { resourceGroup: 'local', server: 'pg-local', database: 'drill' }
    const requests = requestsTo(target, 0)
    return offerOf(requests.targets[0], requests, 'local', {
      at: facts.observedAt,
      facts,
      why: '',
      runningDrill: null,
    })
  }

  test('a link with the key logs in, and leaves no key in the address, in the history or in a request', async () => {
    const { page } = await openDashboard(`#key=${KEY}&to=/start`, {}, null)
    await page.getByRole('heading', { name: 'Start a drill' }).waitFor()
    expect(page.url()).toBe(`${api.url}#/start`)
    await page.goto(`${api.url}#/`)
    await see(page, 'No drill yet')
    await page.goBack()
    expect(page.url()).toBe(`${api.url}#/start`)
    expect(api.requests.some(({ url, key }) => url.includes(KEY) || (key !== null && key !== KEY))).toBe(false)
  })

  for (const [look, size] of [
    ['laptop', {}],
    ['phone', { width: 390, height: 844 }],
    ['wide-dark', { width: 1920, height: 1080, colorScheme: 'dark' }],
  ] as const)
    test(`the form begins with what fits the server, and says what would stop it, ${look}`, async () => {
      api.offer = await offer()
      api.onStart = () => runningDrill(12)
      const { page, errors } = await openDashboard('#/start', size)
      await see(page, '1 check would stop this drill now')
      await see(page, 'primary 2, standby 2; wanted: two different zones')
      await see(page, 'overridden for this light load')
      await screenshot(page, `dashboard-first-minute-${look}`)
      await expectNoSidewaysScroll(page)
      await expectAccessible(page)
      await page.getByRole('button', { name: 'Override it' }).click()
      await page.getByRole('button', { name: 'Start the drill' }).click()
      await page.locator('#ask-abort').waitFor(SOON)
      const sent = JSON.parse(api.requests.find(({ method }) => method === 'POST')?.body ?? '')
      const quick = api.offer.presets[0]?.request
      expect(sent).toEqual({ ...quick, force: ['server-sku', 'zones-differ'] })
      expect(errors).toEqual([])
    })

  test('another preset fills the form again, and what the reader has changed is not taken away', async () => {
    api.offer = await offer()
    const { page } = await openDashboard('#/start')
    await page.getByRole('button', { name: /^Watch only/ }).click()
    expect(await fieldOf(page, 'Kind').inputValue()).toBe('external')
    // Zones do not matter to a drill that fails nothing over.
    expect(await page.getByText('would stop this drill now').count()).toBe(0)
    await page.getByRole('button', { name: /^Standard/ }).click()
    await see(page, '2 checks would stop this drill now')
    expect([await page.getByLabel('Target rate').inputValue(), await fieldOf(page, 'Kind').inputValue()]).toEqual([
      '',
      'failover',
    ])
    api.state = 'slow'
    await page.reload()
    await page.getByLabel('Target rate').fill('77')
    await page.getByRole('button', { name: /^Quick/ }).waitFor()
    expect(await page.getByLabel('Target rate').inputValue()).toBe('77')
  })

  test('a drill that was stopped by checks shows them, and runs again with them overridden', async () => {
    api.drills = [endedDrill(stopped)]
    const { page, errors } = await openDashboard(`#/drills/${stopped.report.drillId}`)
    await see(page, 'NOT STARTED')
    await see(page, 'What stopped it')
    expect(await page.getByText('not measured', { exact: false }).count()).toBe(0)
    await screenshot(page, 'dashboard-not-started')
    await expectAccessible(page)
    expect(await page.getByRole('link', { name: 'Run again', exact: true }).getAttribute('href')).toBe(
      `#/start?from=${stopped.report.drillId}`,
    )
    await page.getByRole('link', { name: 'Run again with these checks overridden: server-sku, ha-healthy' }).click()
    await see(page, 'with these checks overridden: server-sku, ha-healthy')
    api.onStart = () => runningDrill(12)
    await page.getByRole('button', { name: 'Start the drill' }).click()
    await page.locator('#ask-abort').waitFor(SOON)
    const sent = JSON.parse(api.requests.find(({ method }) => method === 'POST')?.body ?? '')
    expect(sent).toEqual({ ...AGAIN, force: ['server-sku', 'ha-healthy'] })
    expect(errors).toEqual([])
  })
})

describe('starting a drill', () => {
  test('sends what was filled in, and shows the drill', async () => {
    api.onStart = () => runningDrill(12)
    const { page, errors } = await openDashboard('#/start')
    await page.getByLabel('Target rate').fill('400')
    await page.getByLabel('Duration').fill('60')
    await fieldOf(page, 'After').fill('20')
    await fieldOf(page, 'Mode').selectOption('planned')
    await page.getByLabel('Zones at the end').selectOption('true')
    await page.getByLabel('Criteria').fill('recovery_time_s <= 30\nlost_commits == 0')
    await page.getByText('Another server').click()
    await page.getByLabel('Server', { exact: true }).fill('pg-other')
    await page.getByText('Override checks').click()
    await page.getByLabel('server-sku').check()
    await screenshot(page, 'dashboard-start')
    await expectAccessible(page)
    await page.getByRole('button', { name: 'Start the drill' }).click()
    await see(page, 'pg-orders')
    const sent = api.requests.find(({ method }) => method === 'POST')
    expect(JSON.parse(sent?.body ?? '')).toEqual({
      targetTps: 400,
      durationSeconds: 60,
      events: [{ atSeconds: 20, kind: 'failover', mode: 'planned' }],
      returnHome: true,
      criteria: ['recovery_time_s <= 30', 'lost_commits == 0'],
      target: { server: 'pg-other' },
      force: ['server-sku'],
    })
    expect(errors).toEqual([])
  })

  for (const [look, size] of [
    ['laptop', {}],
    ['phone', { width: 390, height: 844 }],
  ] as const)
    test(`edits events of every kind on a ${look}`, async () => {
      api.onStart = () => runningDrill(12)
      const { page, errors } = await openDashboard('#/start', size)
      const add = page.getByRole('button', { name: 'Add an event' })
      for (const kind of ['restart', 'scale', 'switchover']) {
        await add.click()
        await page.locator('.event').last().getByLabel('Kind').selectOption(kind)
      }
      const [failover, restart, scale, switchover] = [0, 1, 2, 3].map((index) => page.locator('.event').nth(index)) as [
        Locator,
        Locator,
        Locator,
        Locator,
      ]
      await fieldOf(failover, 'Mode').selectOption('forcedSwitchover')
      await fieldOf(restart, 'After').fill('100')
      await fieldOf(scale, 'After').fill('200')
      await fieldOf(switchover, 'After').fill('250')
      await fieldOf(switchover, 'Mode').selectOption('forced')
      await fieldOf(switchover, 'Return').selectOption('true')
      // What a kind does not have is not shown, and what it needs is asked for before anything is sent.
      expect(
        await restart
          .getByLabel(/Mode|Size|Replica|Return/)
          .filter({ visible: true })
          .count(),
      ).toBe(0)
      await page.getByRole('button', { name: 'Start the drill' }).click()
      await see(page, 'this is empty; expected name of a SKU')
      expect(api.requests.some(({ method }) => method === 'POST')).toBe(false)
      await fieldOf(scale, 'Size').fill('Standard_D8ds_v5')
      await fieldOf(switchover, 'Replica').fill('pg-orders-west')
      await screenshot(page, `dashboard-events-${look}`)
      await expectNoSidewaysScroll(page)
      await expectAccessible(page)
      // A removed row leaves no gap in the numbers of the others.
      await restart.getByRole('button', { name: 'Remove this event' }).click()
      await page.getByRole('button', { name: 'Start the drill' }).click()
      await see(page, 'pg-orders')
      const sent = api.requests.find(({ method }) => method === 'POST')
      expect(JSON.parse(sent?.body ?? '').events).toEqual([
        { atSeconds: 120, kind: 'failover', mode: 'forcedSwitchover' },
        { atSeconds: 200, kind: 'scale', sku: 'Standard_D8ds_v5' },
        { atSeconds: 250, kind: 'switchover', mode: 'forced', replica: 'pg-orders-west', returnHome: true },
      ])
      expect(errors).toEqual([])
    })

  test("shows the server's problems beside the event that they are about", async () => {
    api.refusal = {
      status: 400,
      body: {
        title: 'Bad request',
        problems: [
          { field: 'events[1].sku', problem: 'got "huge"', expected: 'the name of a size' },
          { field: 'events', problem: 'an external event beside 1 more', expected: 'an external event alone' },
        ],
      },
    }
    const { page } = await openDashboard('#/start')
    await page.getByRole('button', { name: 'Add an event' }).click()
    const second = page.locator('.event').last()
    await fieldOf(second, 'Kind').selectOption('scale')
    await fieldOf(second, 'After').fill('200')
    await fieldOf(second, 'Size').fill('huge')
    await page.getByRole('button', { name: 'Start the drill' }).click()
    await second.locator('.problem', { hasText: 'the name of a size' }).waitFor()
    await page.locator('[data-field=events] .problem', { hasText: 'an external event alone' }).waitFor()
    expect(await page.locator('.problem:visible').count()).toBe(2)
    await expectAccessible(page)
    // A corrected field loses its problem.
    await fieldOf(second, 'Size').fill('Standard_D8ds_v5')
    await fieldOf(second, 'Size').blur()
    await expect.poll(() => page.locator('.problem:visible').count(), SOON).toBe(1)
  })

  test('refuses impossible numbers before they are sent', async () => {
    const { page } = await openDashboard('#/start')
    await page.getByLabel('Workers').fill('0')
    await page.getByLabel('Duration').fill('7')
    await page.getByRole('button', { name: 'Start the drill' }).click()
    await see(page, 'got 0; expected a whole number from 1 to 5000')
    await see(page, 'got 7; expected a whole number from 10 to 18000')
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('name')), SOON).toBe('workers')
    expect(api.requests.some(({ method }) => method === 'POST')).toBe(false)
  })

  test("puts the server's own words beside the fields they are about", async () => {
    api.refusal = {
      status: 400,
      body: {
        title: 'Bad request',
        problems: [
          { field: 'events[0].atSeconds', problem: 'got 5', expected: 'at least 60 s of steady load' },
          { field: 'criteria[1]', problem: 'got "p42 < 1"', expected: 'a known figure' },
          { field: 'cohorts', problem: 'shares add up to 2', expected: 'shares that add up to 1' },
        ],
      },
    }
    const { page } = await openDashboard('#/start')
    await page.getByRole('button', { name: 'Start the drill' }).click()
    await page
      .locator('[data-field="events[0].atSeconds"] .problem', { hasText: 'at least 60 s of steady load' })
      .waitFor()
    await page.locator('[data-field=criteria] .problem', { hasText: 'a known figure' }).waitFor()
    await page.locator('.problems', { hasText: 'shares that add up to 1' }).waitFor()
    await screenshot(page, 'dashboard-start-refused')
    await expectAccessible(page)
  })

  test('leads to the drill that holds the server', async () => {
    api.refusal = {
      status: 409,
      body: {
        title: 'A drill is already running',
        detail: 'Drill x holds pg-orders.',
        instance: '/api/drills/drill-20260302-0200',
      },
    }
    const { page } = await openDashboard('#/start')
    await page.getByRole('button', { name: 'Start the drill' }).click()
    await page.getByRole('link', { name: 'Open drill drill-20260302-0200' }).waitFor()
  })
})

describe('a running drill', () => {
  for (const colorScheme of ['light', 'dark'] as const)
    test(`shows phase, load, outage, containers and server in ${colorScheme}`, async () => {
      api.drills = [runningDrill(78)]
      const { page, errors } = await openDashboard(RUNNING, { colorScheme })
      await see(page, '14.4 s')
      await page.locator('#chart svg').waitFor()
      expect(await page.locator('.phases [aria-current=step]').textContent()).toBe('watch')
      await see(page, 'CPU')
      await see(page, 'elevated')
      await see(page, '12 of 200')
      await see(page, 'Events: forced failover at 60.0 s of load')
      await see(page, 'Last commit before the outage')
      await see(page, 'fails for 14.0 s')
      await see(page, 'records to 1 min 18 s, last commit at 1 min 4 s')
      expect(await page.locator('.generators li.failed').count()).toBe(1)
      await page.locator('.journal', { hasText: 'causeEvent' }).waitFor()
      await see(page, 'read-only for 0.800 s')
      await see(page, 'PgBouncer waits for 14.0 s')
      let x = 300
      // Every value with its unit, as the axis and the report write them.
      const underThePointer = async () => {
        await page.locator('#chart svg').hover({ position: { x: x++, y: 120 } })
        return page.locator('#chart').innerText()
      }
      await expect.poll(underThePointer, SOON).toMatch(/p99\s+[\d.]+ ms[\s\S]*acknowledged\s+\d+/)
      await screenshot(page, `dashboard-running-${colorScheme}`)
      await expectAccessible(page)
      expect(errors).toEqual([])
    })

  test('fits a phone', async () => {
    api.drills = [runningDrill(78)]
    const { page } = await openDashboard(RUNNING, { width: 390, height: 844 })
    await see(page, '14.4 s')
    await screenshot(page, 'dashboard-running-phone')
    await expectNoSidewaysScroll(page)
    await expectAccessible(page)
  })

  test('moves at the chosen interval, and stands still when that is switched off', async () => {
    api.drills = [runningDrill(40)]
    const { page } = await openDashboard(RUNNING)
    await page.getByLabel('Refresh').selectOption('1')
    await see(page, '40 s of load')
    await page.locator('.journal', { hasText: '31 of 34 passed' }).waitFor()
    const before = await page.locator('#chart svg').innerHTML()
    api.drills = [runningDrill(78)]
    await see(page, '14.4 s')
    // The status has only the newest entries; the page keeps those that it has seen.
    expect(await page.locator('.journal li').count()).toBe(4)
    await expect.poll(() => page.locator('#chart svg').innerHTML(), SOON).not.toBe(before)
    await page.getByLabel('Refresh').selectOption('0')
    await page.clock.install()
    const asked = api.requests.length
    await page.clock.runFor(60_000)
    expect(api.requests.length).toBeLessThanOrEqual(asked + 1)
  })

  test('is aborted only after a second yes', async () => {
    let aborts = 0
    api.drills = [runningDrill(40)]
    api.onAbort = () => aborts++
    const { page } = await openDashboard(RUNNING)
    await page.getByRole('button', { name: 'Abort' }).click()
    await see(page, 'Abort this drill?')
    await screenshot(page, 'dashboard-abort', { whole: false })
    await expectAccessible(page)
    await page.getByRole('button', { name: 'Let it run' }).click()
    expect(aborts).toBe(0)
    await page.getByRole('button', { name: 'Abort' }).click()
    await page.getByRole('button', { name: 'Abort the drill' }).click()
    await see(page, 'Abort requested')
    expect(aborts).toBe(1)
    expect(api.requests.filter(({ method }) => method === 'DELETE')).toHaveLength(1)
  })

  for (const state of ['down', 'broken'] as const)
    test(`keeps what was seen while the app is ${state}, says so, and goes on by itself`, async () => {
      api.drills = [runningDrill(78)]
      const { page, errors } = await openDashboard(RUNNING)
      await page.getByLabel('Refresh').selectOption('1')
      await see(page, '14.4 s')
      api.state = state
      await see(page, 'Reconnecting; this is what was last seen')
      expect(await page.getByText('14.4 s').count()).toBeGreaterThan(0)
      if (state === 'down') await screenshot(page, 'dashboard-reconnecting')
      api.drills = [runningDrill(80)]
      api.state = 'up'
      await see(page, '16.4 s')
      await see(page, 'Connected')
      expect(errors).toEqual([])
    })

  test('shows its report while the last platform metrics are awaited, and reads it again at the end', async () => {
    const ended = endedDrill(pass)
    const { status } = runningDrill(100)
    const progress = status.progress && { ...status.progress, phase: 'late metrics' as const }
    api.drills = [{ ...ended, status: { ...ended.status, state: 'running', progress } }]
    const { page, errors } = await openDashboard(RUNNING)
    await see(page, 'still in its phase "late metrics"')
    await see(page, 'Forced failover of pg-orders')
    api.drills = [ended]
    await expect.poll(() => page.locator('#early').textContent(), SOON).toBe('')
    await see(page, 'Forced failover of pg-orders')
    await expect.poll(() => api.requests.filter(({ url }) => url.endsWith('format=json')).length, SOON).toBe(2)
    expect(errors).toEqual([])
  })

  test('becomes its report when it ends', async () => {
    api.drills = [runningDrill(78)]
    const { page, errors } = await openDashboard(RUNNING)
    await page.getByLabel('Refresh').selectOption('1')
    await see(page, '14.4 s')
    api.drills = [endedDrill(pass)]
    await see(page, 'Forced failover of pg-orders')
    await page.locator('#chart svg').waitFor()
    expect(errors).toEqual([])
  })
})

describe('a finished drill', () => {
  test('shows verdict, criteria, interactive timeline, files and the whole report', async () => {
    api.drills = history()
    const { page, errors } = await openDashboard('#/drills/drill-20260303-0200')
    await see(page, 'Why not PASS')
    await page.locator('#chart svg').waitFor()
    const report = page.frameLocator('iframe.report')
    await report.getByRole('heading', { name: 'Was anything lost?' }).waitFor()
    await page.locator('#chart svg').hover()
    await screenshot(page, 'dashboard-finished')
    await expectAccessible(page)
    expect(errors).toEqual([])
  })

  test('hands out its files under their names', async () => {
    api.drills = history()
    const { page } = await openDashboard('#/drills/drill-20260303-0200')
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: 'timeline.csv' }).click()
    expect((await download).suggestedFilename()).toBe('timeline.csv')
  })

  test('that ended without a report says why', async () => {
    api.drills = history()
    const { page } = await openDashboard('#/drills/drill-20260301-0200')
    await see(page, 'This drill ended without a report. the orchestration ended as Failed')
    await screenshot(page, 'dashboard-broken')
    await expectAccessible(page)
  })
})

test('a drill that does not exist is said not to exist', async () => {
  const { page } = await openDashboard('#/drills/unknown')
  await see(page, 'Not found')
  await screenshot(page, 'dashboard-unknown')
})

test('a slow network shows that it loads, and then what was asked for', async () => {
  api.drills = history()
  const { page, errors } = await openDashboard()
  await see(page, 'PASS')
  api.state = 'slow'
  await page.goto(`${api.url}#/drills/drill-20260303-0200`)
  await see(page, 'Loading')
  await screenshot(page, 'dashboard-slow')
  await see(page, 'Why not PASS')
  expect(errors).toEqual([])
})
