import { describe, expect, test } from 'vitest'
import type { DailyRecord } from '../../../functions/model/history/daily-record.ts'
import { sample } from '../../golden/samples.ts'
import { expectAccessible, expectNoSidewaysScroll, screenshot } from '../browser.ts'
import { brokenDrill, endedDrill, runningDrill } from '../statuses.ts'
import { dashboardPerTest, history, SOON, see } from './session.ts'

const dashboard = dashboardPerTest()
const lost = await sample('FAIL')
const stopped = await sample('NOT STARTED')

describe('the list', () => {
  test('says how to begin when there is no drill', async () => {
    const { page, errors } = await dashboard.open()
    await see(page, 'No drill yet')
    await screenshot(page, 'dashboard-empty')
    await expectAccessible(page)
    expect(errors).toEqual([])
  })

  for (const colorScheme of ['light', 'dark'] as const)
    test(`shows verdicts and the trend in ${colorScheme}`, async () => {
      dashboard.api.drills = [runningDrill(70, 'drill-20260307-0200'), endedDrill(stopped), ...(await history())]
      const { page, errors } = await dashboard.open('#/', { colorScheme })
      const rows = page.locator('.drills tbody')
      for (const words of ['PASS', 'FAIL', 'INCONCLUSIVE', 'NOT STARTED', 'ABORTED', 'ended without report', 'watch'])
        await rows.getByText(words, { exact: true }).first().waitFor()
      await see(page, '2 of 35 checks failed: Server size, High availability state')
      expect(await page.locator('.drills .spark').count()).toBe(1)
      expect(dashboard.api.requests.some(({ url }) => url.includes('echarts'))).toBe(false)
      await screenshot(page, `dashboard-list-${colorScheme}-folded`)
      await page.getByText('Recovery time and write outage over the like drills').click()
      await page.locator('#trend svg').waitFor()
      await screenshot(page, `dashboard-list-${colorScheme}`)
      await expectAccessible(page)
      expect(errors).toEqual([])
    })

  test('fits a phone', async () => {
    dashboard.api.drills = await history()
    const { page } = await dashboard.open('#/', { width: 390, height: 844 })
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
    dashboard.api.drills = [{ ...running, status: { ...running.status, events } }, brokenDrill('drill-20260301-0200')]
    const { page } = await dashboard.open()
    await page.locator('.drills tbody tr').first().getByText('restart, scaling to Standard_D8ds_v5').waitFor()
    await page.locator('.drills tbody tr').nth(1).getByText('forced failover').waitFor()
  })

  test('turns pages', async () => {
    dashboard.api.drills = Array.from({ length: 25 }, (_, index) => brokenDrill(`drill-${String(100 + index)}`))
    const { page } = await dashboard.open()
    await see(page, 'ended without report')
    await expect.poll(() => page.locator('.drills tbody tr').count(), SOON).toBe(20)
    await page.getByRole('button', { name: 'Older' }).click()
    await page.locator('.drills tbody tr').nth(4).waitFor()
    await expect.poll(() => page.locator('.drills tbody tr').count(), SOON).toBe(5)
    expect(await page.getByRole('button', { name: 'Older' }).isDisabled()).toBe(true)
    expect(new URL(page.url()).hash).toMatch(/^#\/\?after=./)
    await page.reload()
    await page.locator('.drills tbody tr').nth(4).waitFor()
    await expect.poll(() => page.locator('.drills tbody tr').count(), SOON).toBe(5)
    await page.goBack()
    await expect.poll(() => page.locator('.drills tbody tr').count(), SOON).toBe(20)
    expect(new URL(page.url()).hash).toBe('#/')
    await page.goForward()
    await expect.poll(() => page.locator('.drills tbody tr').count(), SOON).toBe(5)
    // The drills of the page expire while it is open.
    dashboard.api.drills = dashboard.api.drills.slice(0, 20)
    await see(page, 'No drill on this page')
    await page.getByRole('button', { name: 'Newest' }).click()
    await expect.poll(() => page.locator('.drills tbody tr').count(), SOON).toBe(20)
  })

  test('an address holds the filters, and choices stay on the way back', async () => {
    dashboard.api.drills = await history()
    const { page } = await dashboard.open('#/?verdict=PASS&server=pg-orders')
    await page.getByLabel('Choose drill-20260302-0200').check()
    expect(await page.getByLabel('Verdict').inputValue()).toBe('PASS')
    expect(dashboard.api.requests.some(({ url }) => /verdict=PASS/.test(url) && /server=pg-orders/.test(url))).toBe(
      true,
    )
    await page.getByLabel('Verdict').selectOption('')
    expect(new URL(page.url()).hash).toBe('#/?server=pg-orders')
    await page.goto(page.url().replace(/#.*/, '#/campaigns'))
    await page.goBack()
    await see(page, '1 chosen')
    expect(await page.getByLabel('Choose drill-20260302-0200').isChecked()).toBe(true)
  })

  test('names the chosen drills of other pages, takes each back, and compares ten at most', async () => {
    const [, like] = (await history()) as typeof dashboard.api.drills
    const ids = Array.from({ length: 25 }, (_, index) => `drill-20260303-0${String(100 + index)}`)
    dashboard.api.drills = ids.flatMap((drillId) => (like ? { ...like, status: { ...like.status, drillId } } : []))
    const { page } = await dashboard.open()
    const compare = page.getByRole('button', { name: 'Compare the chosen' })
    await page.getByLabel(`Choose ${ids[0]}`).check()
    await page.getByRole('button', { name: 'Older' }).click()
    for (const id of ids.slice(20, 22)) await page.getByLabel(`Choose ${id}`).check()
    await see(page, '3 chosen')
    await page.getByRole('button', { name: `Take back ${ids[0]}` }).click()
    await see(page, '2 chosen')
    expect(await compare.isEnabled()).toBe(true)
    await page.getByRole('button', { name: 'Newest' }).click()
    await page.getByLabel(`Choose ${ids[1]}`).waitFor()
    expect(await page.getByLabel(`Choose ${ids[0]}`).isChecked()).toBe(false)
    for (const id of ids.slice(0, 9)) await page.getByLabel(`Choose ${id}`).check()
    await see(page, '11 chosen: a comparison takes 10 at most')
    expect(await compare.isDisabled()).toBe(true)
    await screenshot(page, 'dashboard-list-chosen')
    await expectAccessible(page)
    await page.getByRole('button', { name: 'Take back all' }).click()
    await expect.poll(() => page.locator('.drills input:checked').count(), SOON).toBe(0)
    expect(await compare.isDisabled()).toBe(true)
  })

  test('lays two chosen drills over each other, aligned on T1', async () => {
    dashboard.api.drills = await history()
    const { page, errors } = await dashboard.open()
    await page.getByLabel('Choose drill-20260303-0200').check()
    expect(await page.getByRole('button', { name: 'Compare the chosen' }).isDisabled()).toBe(true)
    await page.getByLabel('Choose drill-20260302-0200').check()
    await page.getByRole('button', { name: 'Compare the chosen' }).click()
    await see(page, 'Second 0 is T1')
    await page.locator('#chart svg').waitFor()
    // The drill whose figures a row has, with what was done to it.
    const row = page.getByRole('row', { name: 'drill-20260303-0200' })
    expect(await row.textContent()).toContain('forced failover')
    await screenshot(page, 'dashboard-compare')
    await expectAccessible(page)
    expect(errors).toEqual([])
  })

  test('compares a drill with the like one before it in one step, and offers no comparison without a load', async () => {
    dashboard.api.drills = [endedDrill(stopped), ...(await history())]
    const { page } = await dashboard.open()
    const row = (words: string) => page.locator('.drills tbody tr', { hasText: words })
    expect(await row('NOT STARTED').getByRole('checkbox').count()).toBe(0)
    await page.getByRole('link', { name: 'Compare drill-20260303-0200 with the one before' }).click()
    await see(page, 'Second 0 is T1')
    expect(page.url()).toContain('#/compare?ids=drill-20260302-0200,drill-20260303-0200')
  })

  test('shows the drills of one verdict or of one server', async () => {
    const other = endedDrill(lost)
    const target = { resourceGroup: 'rg', server: 'pg-other', database: 'app' }
    dashboard.api.drills = [
      { ...other, status: { ...other.status, drillId: 'of-other', target } },
      endedDrill(stopped),
      ...(await history()),
    ]
    // The newest page holds no drill of the third server of the app.
    dashboard.api.servers = ['pg-orders', 'pg-weekly']
    const { page } = await dashboard.open()
    const rows = page.locator('.drills tbody tr')
    await expect.poll(() => rows.count(), SOON).toBe(7)
    await page.getByLabel('Server').locator('option', { hasText: 'pg-weekly' }).waitFor({ state: 'attached' })
    await page.getByLabel('Verdict').selectOption('NOT STARTED')
    await expect.poll(() => rows.count(), SOON).toBe(1)
    await page.getByLabel('Verdict').selectOption('')
    await page.getByLabel('Server').selectOption('pg-other')
    await expect.poll(() => rows.count(), SOON).toBe(1)
    // The others are still in the choice.
    expect((await page.getByLabel('Server').locator('option').allTextContents()).sort()).toEqual([
      'all',
      'pg-orders',
      'pg-other',
      'pg-weekly',
    ])
    await page.getByLabel('Verdict').selectOption('PASS')
    await see(page, 'No drill fits these filters')
  })

  test('says of which servers the daily timer started no drill, and why, also when there is no drill at all', async () => {
    const firing = (server: string, outcome: 'stopped' | 'skipped', why: string): DailyRecord => ({
      ...{ at: '2026-03-07T02:00:00.123Z', drillId: null, requestHash: 'ab' },
      ...{ target: { resourceGroup: 'rg', server, database: 'app' }, outcome, why },
    })
    dashboard.api.withoutDrill = [
      firing('pg-other', 'stopped', 'stopped after 3 failures in a row (a FAIL, b FAIL, c FAIL). It goes on after ...'),
      firing('pg-orders', 'skipped', 'the timer fired late'),
    ]
    dashboard.api.servers = ['pg-other', 'pg-orders']
    const { page, errors } = await dashboard.open()
    await see(page, 'No drill yet')
    const notices = page.locator('#no-drill p')
    await expect
      .poll(() => notices.allTextContents(), SOON)
      .toEqual([
        'No daily drill of pg-other at 2026-03-07 02:00:00 UTC: stopped after 3 failures in a row (a FAIL, b FAIL, c FAIL). It goes on after ....',
        'No daily drill of pg-orders at 2026-03-07 02:00:00 UTC: the timer fired late.',
      ])
    await expectAccessible(page)
    await page.getByLabel('Server').selectOption('pg-orders')
    await expect.poll(() => notices.count(), SOON).toBe(1)
    expect(errors).toEqual([])
  })

  test('is walked through, chosen from and compared with the keys alone, also while it refreshes', async () => {
    dashboard.api.drills = [runningDrill(70, 'drill-20260307-0200'), ...(await history())]
    const { page } = await dashboard.open()
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
    dashboard.api.drills = [runningDrill(20, 'drill-20260307-0200'), ...(await history())]
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
    dashboard.api.drills = [runningDrill(70, 'drill-20260307-0200'), ...(await history())]
    const { page } = await dashboard.open('#/', { width: 1280, height: 300 })
    await page.getByLabel('Refresh').selectOption('1')
    const boxes = page.locator('.drills tbody input[type=checkbox]')
    await boxes.nth(1).focus()
    const focused = () =>
      page.evaluate(() => {
        const { activeElement: element } = document
        return [element?.tagName, element?.closest('tr')?.querySelector('th a')?.getAttribute('href')]
      })
    const [, row] = await focused()
    dashboard.api.drills = [runningDrill(20, 'drill-20260307-0200'), ...(await history())]
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
      dashboard.api.drills = [runningDrill(70, 'drill-20260307-0200'), endedDrill(stopped), ...(await history())]
      const { page } = await dashboard.open('#/', size)
      await see(page, 'NOT STARTED')
      await screenshot(page, `dashboard-list-${look}`)
      await expectNoSidewaysScroll(page)
      await expectAccessible(page)
    })
})
