import { describe, expect, test } from 'vitest'
import { expectAccessible, screenshot } from '../browser.ts'
import { dashboardPerTest, history, SOON, see } from './session.ts'

const dashboard = dashboardPerTest()

describe('a finished drill', () => {
  test('shows verdict, criteria, interactive timeline, files and the whole report', async () => {
    dashboard.api.drills = await history()
    const { page, errors } = await dashboard.open('#/drills/drill-20260303-0200')
    await see(page, 'Why not PASS')
    await page.locator('#chart svg').waitFor()
    const report = page.frameLocator('iframe.report')
    await report.getByRole('heading', { name: 'Was anything lost?' }).waitFor()
    await page.locator('#chart svg').hover()
    await screenshot(page, 'dashboard-finished')
    await expectAccessible(page)
    expect(errors).toEqual([])
  })

  test('keeps its address when a link of the verdict leads into the report further down', async () => {
    dashboard.api.drills = await history()
    const { page, errors } = await dashboard.open('#/drills/drill-20260303-0200')
    const part = page.frameLocator('iframe.report').locator('#trend-title')
    await part.waitFor()
    await page.getByRole('link', { name: 'compare', exact: true }).click()
    await expect
      .poll(() => part.evaluate((title) => Math.abs(title.getBoundingClientRect().top) < 200), SOON)
      .toBe(true)
    expect(page.url()).toBe(`${dashboard.api.url}#/drills/drill-20260303-0200`)
    await page.getByText('Skip to the content').focus()
    await page.keyboard.press('Enter')
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('view')
    expect(page.url()).toBe(`${dashboard.api.url}#/drills/drill-20260303-0200`)
    // Its own links would give a reader an address that only this tab knows.
    expect(await page.locator('.anchor').filter({ visible: true }).count()).toBe(0)
    expect(await page.frameLocator('iframe.report').locator('.anchor').filter({ visible: true }).count()).toBe(0)
    expect(errors).toEqual([])
  })

  test('hands out its files under their names', async () => {
    dashboard.api.drills = await history()
    const { page } = await dashboard.open('#/drills/drill-20260303-0200')
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: 'timeline.csv' }).click()
    expect((await download).suggestedFilename()).toBe('timeline.csv')
  })

  test('that ended without a report says why', async () => {
    dashboard.api.drills = await history()
    const { page } = await dashboard.open('#/drills/drill-20260301-0200')
    await see(page, 'This drill ended without a report. the orchestration ended as Failed')
    await screenshot(page, 'dashboard-broken')
    await expectAccessible(page)
  })
})

test('a drill that does not exist is said not to exist', async () => {
  const { page } = await dashboard.open('#/drills/unknown')
  await see(page, 'Not found')
  await screenshot(page, 'dashboard-unknown')
})

test('a slow network shows that it loads, and then what was asked for', async () => {
  dashboard.api.drills = await history()
  const { page, errors } = await dashboard.open()
  await see(page, 'PASS')
  dashboard.api.state = 'slow'
  await page.goto(`${dashboard.api.url}#/drills/drill-20260303-0200`)
  await see(page, 'Loading')
  await screenshot(page, 'dashboard-slow')
  await see(page, 'Why not PASS')
  expect(errors).toEqual([])
})
