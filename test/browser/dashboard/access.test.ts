import { beforeEach, describe, expect, test } from 'vitest'
import { sample } from '../../golden/samples.ts'
import { expectAccessible, screenshot, type WatchedPage } from '../browser.ts'
import { KEY } from '../fake-api.ts'
import { runningDrill } from '../statuses.ts'
import { dashboardPerTest, history, SOON, see } from './session.ts'

const dashboard = dashboardPerTest()
const lost = await sample('FAIL')

describe('the key', () => {
  test('is asked for once, kept for the tab, sent as a header, and never stands in a URL', async () => {
    dashboard.api.drills = await history()
    const { page } = await dashboard.open('', {}, null)
    await see(page, 'Function key')
    await screenshot(page, 'dashboard-key')
    await expectAccessible(page)
    await page.getByLabel('Key').fill(KEY)
    await page.getByRole('button', { name: 'Open the dashboard' }).click()
    await page.getByRole('link', { name: '2026-03-02 02:00' }).first().waitFor()
    await page.reload()
    await page.getByRole('link', { name: '2026-03-02 02:00' }).first().waitFor()
    expect(dashboard.api.requests.some(({ url }) => url.includes(KEY))).toBe(false)
    expect(page.url()).not.toContain(KEY)
    expect(
      dashboard.api.requests.filter(({ url }) => url.startsWith('/api/drills')).every(({ key }) => key === KEY),
    ).toBe(true)
    expect(await page.evaluate(() => localStorage.length)).toBe(0)
  })

  test('is asked for again when it is refused', async () => {
    const { page } = await dashboard.open('', {}, null)
    await page.getByLabel('Key').fill('wrong')
    await page.keyboard.press('Enter')
    await see(page, 'The key was refused')
    await page.getByLabel('Key').fill(KEY)
    await page.keyboard.press('Enter')
    await see(page, 'No drill yet')
  })
})

describe('with a login in place of a key', () => {
  beforeEach(async () => {
    dashboard.api.auth = 'entra'
    dashboard.api.drills = await history()
  })

  /** Without a key in the tab. */
  async function openSignedOut(hash = '#/'): Promise<WatchedPage> {
    const opened = await dashboard.openTab()
    await opened.page.context().clearCookies()
    await opened.page.goto(`${dashboard.api.url}${hash}`)
    return opened
  }

  test.each([
    ['the app answers that it needs a login', false],
    ["the platform redirects to another site's login", true],
  ])('%s: the page leads there and back to the same view', async (_, redirects) => {
    dashboard.api.redirects = redirects
    const { page } = await openSignedOut('#/start')
    await page.goto(`${dashboard.api.url}#/drills/${lost.report.drillId}`)
    await see(page, 'The dashboard needs a login of Microsoft Entra')
    expect(await page.getByText('Function key').count()).toBe(0)
    await screenshot(page, 'dashboard-sign-in')
    await expectAccessible(page)
    await page.getByRole('link', { name: 'Sign in' }).click()
    await see(page, 'Criteria')
    expect(page.url()).toBe(`${dashboard.api.url}#/drills/${lost.report.drillId}`)
    expect(dashboard.api.requests.filter(({ key }) => key !== null)).toEqual([])
  })

  test('a login without a role is refused in words, and may sign out', async () => {
    dashboard.api.roles = []
    const { page } = await openSignedOut()
    await page.getByRole('link', { name: 'Sign in' }).click()
    await see(page, 'Drill.Read is needed')
    await see(page, 'This account has no role of this app')
    await page.getByRole('link', { name: 'Sign out' }).click()
    await see(page, 'The dashboard needs a login of Microsoft Entra')
  })

  test('a reader sees drills, and why none of theirs can start', async () => {
    dashboard.api.roles = ['Drill.Read']
    const { page } = await openSignedOut()
    await page.getByRole('link', { name: 'Sign in' }).click()
    await see(page, 'PASS')
    await page.getByRole('link', { name: 'Start a drill' }).first().click()
    await page.locator('#start button[type=submit]').click()
    await see(page, 'Drill.Run is needed')
  })

  test('who may run drills starts one through the checks of the platform and of the app against other sites', async () => {
    dashboard.api.onStart = () => runningDrill(10)
    const { page } = await openSignedOut()
    await page.getByRole('link', { name: 'Sign in' }).click()
    await see(page, 'PASS')
    await page.getByRole('link', { name: 'Start a drill' }).first().click()
    await page.locator('#start button[type=submit]').click()
    await page.locator('#ask-abort').waitFor(SOON)
    expect(dashboard.api.requests.filter(({ method }) => method === 'POST')).toHaveLength(1)
  })
})
