import { describe, expect, test } from 'vitest'
import { sample } from '../../golden/samples.ts'
import { expectAccessible, expectNoSidewaysScroll, screenshot } from '../browser.ts'
import { endedDrill, runningDrill } from '../statuses.ts'
import { dashboardPerTest, RUNNING, SOON, see } from './session.ts'

const dashboard = dashboardPerTest()
const pass = await sample('PASS')

describe('a running drill', () => {
  for (const colorScheme of ['light', 'dark'] as const)
    test(`shows phase, load, outage, containers and server in ${colorScheme}`, async () => {
      dashboard.api.drills = [runningDrill(78)]
      const { page, errors } = await dashboard.open(RUNNING, { colorScheme })
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
    dashboard.api.drills = [runningDrill(78)]
    const { page } = await dashboard.open(RUNNING, { width: 390, height: 844 })
    await see(page, '14.4 s')
    await screenshot(page, 'dashboard-running-phone')
    await expectNoSidewaysScroll(page)
    await expectAccessible(page)
  })

  test('moves at the chosen interval, and stands still when that is switched off', async () => {
    dashboard.api.drills = [runningDrill(40)]
    const { page } = await dashboard.open(RUNNING)
    await page.getByLabel('Refresh').selectOption('1')
    await see(page, '40 s of load')
    await page.locator('.journal', { hasText: '32 of 35 passed' }).waitFor()
    const before = await page.locator('#chart svg').innerHTML()
    dashboard.api.drills = [runningDrill(78)]
    await see(page, '14.4 s')
    // The status has only the newest entries; the page keeps those that it has seen.
    expect(await page.locator('.journal li').count()).toBe(4)
    await expect.poll(() => page.locator('#chart svg').innerHTML(), SOON).not.toBe(before)
    await page.getByLabel('Refresh').selectOption('0')
    await page.clock.install()
    const asked = dashboard.api.requests.length
    await page.clock.runFor(60_000)
    expect(dashboard.api.requests.length).toBeLessThanOrEqual(asked + 1)
  })

  test('is aborted only after a second yes', async () => {
    let aborts = 0
    dashboard.api.drills = [runningDrill(40)]
    dashboard.api.onAbort = () => aborts++
    const { page } = await dashboard.open(RUNNING)
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
    expect(dashboard.api.requests.filter(({ method }) => method === 'DELETE')).toHaveLength(1)
  })

  for (const state of ['down', 'broken'] as const)
    test(`keeps what was seen while the app is ${state}, says so, and goes on by itself`, async () => {
      dashboard.api.drills = [runningDrill(78)]
      const { page, errors } = await dashboard.open(RUNNING)
      await page.getByLabel('Refresh').selectOption('1')
      await see(page, '14.4 s')
      dashboard.api.state = state
      await see(page, 'Reconnecting; this is what was last seen')
      expect(await page.getByText('14.4 s').count()).toBeGreaterThan(0)
      if (state === 'down') await screenshot(page, 'dashboard-reconnecting')
      dashboard.api.drills = [runningDrill(80)]
      dashboard.api.state = 'up'
      await see(page, '16.4 s')
      await see(page, 'Connected')
      expect(errors).toEqual([])
    })

  test('shows its report while the last platform metrics are awaited, and reads it again at the end', async () => {
    const ended = endedDrill(pass)
    const { status } = runningDrill(100)
    const progress = status.progress && { ...status.progress, phase: 'late metrics' as const }
    dashboard.api.drills = [{ ...ended, status: { ...ended.status, state: 'running', progress } }]
    const { page, errors } = await dashboard.open(RUNNING)
    await see(page, 'still in its phase "late metrics"')
    await see(page, 'Forced failover of pg-orders')
    dashboard.api.drills = [ended]
    await expect.poll(() => page.locator('#early').textContent(), SOON).toBe('')
    await see(page, 'Forced failover of pg-orders')
    await expect
      .poll(() => dashboard.api.requests.filter(({ url }) => url.endsWith('format=json')).length, SOON)
      .toBe(2)
    expect(errors).toEqual([])
  })

  test('becomes its report when it ends', async () => {
    dashboard.api.drills = [runningDrill(78)]
    const { page, errors } = await dashboard.open(RUNNING)
    await page.getByLabel('Refresh').selectOption('1')
    await see(page, '14.4 s')
    dashboard.api.drills = [endedDrill(pass)]
    await see(page, 'Forced failover of pg-orders')
    await page.locator('#chart svg').waitFor()
    expect(errors).toEqual([])
  })
})
