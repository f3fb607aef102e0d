import type { Locator } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { expectAccessible, expectNoSidewaysScroll, screenshot } from '../browser.ts'
import { runningDrill } from '../statuses.ts'
import { dashboardPerTest, fieldOf, SOON, see } from './session.ts'

const dashboard = dashboardPerTest()

describe('starting a drill', () => {
  test('sends what was filled in, and shows the drill', async () => {
    dashboard.api.onStart = () => runningDrill(12)
    const { page, errors } = await dashboard.open('#/start')
    await page.getByLabel('Target rate').fill('400')
    await page.getByLabel('Duration').fill('60')
    await fieldOf(page, 'After').fill('20')
    await fieldOf(page, 'Mode').selectOption('planned')
    await page.getByLabel('Zones at the end').selectOption('true')
    await page.getByLabel('Criteria').fill('recovery_time_s <= 30\nlost_commits == 0')
    await page.getByText('Another server').click()
    await page.getByRole('textbox', { name: 'Server', exact: true }).fill('pg-other')
    await page.getByText('Override checks').click()
    await page.getByLabel('server-sku').check()
    await screenshot(page, 'dashboard-start')
    await expectAccessible(page)
    await page.getByRole('button', { name: 'Start the drill' }).click()
    await see(page, 'pg-orders')
    const sent = dashboard.api.requests.find(({ method }) => method === 'POST')
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
      dashboard.api.onStart = () => runningDrill(12)
      const { page, errors } = await dashboard.open('#/start', size)
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
      expect(dashboard.api.requests.some(({ method }) => method === 'POST')).toBe(false)
      await fieldOf(scale, 'Size').fill('Standard_D8ds_v5')
      await fieldOf(switchover, 'Replica').fill('pg-orders-west')
      await screenshot(page, `dashboard-events-${look}`)
      await expectNoSidewaysScroll(page)
      await expectAccessible(page)
      // A removed row leaves no gap in the numbers of the others.
      await restart.getByRole('button', { name: 'Remove this event' }).click()
      await page.getByRole('button', { name: 'Start the drill' }).click()
      await see(page, 'pg-orders')
      const sent = dashboard.api.requests.find(({ method }) => method === 'POST')
      expect(JSON.parse(sent?.body ?? '').events).toEqual([
        { atSeconds: 120, kind: 'failover', mode: 'forcedSwitchover' },
        { atSeconds: 200, kind: 'scale', sku: 'Standard_D8ds_v5' },
        { atSeconds: 250, kind: 'switchover', mode: 'forced', replica: 'pg-orders-west', returnHome: true },
      ])
      expect(errors).toEqual([])
    })

  test("shows the server's problems beside the event that they are about", async () => {
    dashboard.api.refusal = {
      status: 400,
      body: {
        title: 'Bad request',
        problems: [
          { field: 'events[1].sku', problem: 'got "huge"', expected: 'the name of a size' },
          { field: 'events', problem: 'an external event beside 1 more', expected: 'an external event alone' },
        ],
      },
    }
    const { page } = await dashboard.open('#/start')
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
    const { page } = await dashboard.open('#/start')
    await page.getByLabel('Workers').fill('0')
    await page.getByLabel('Duration').fill('7')
    await page.getByRole('button', { name: 'Start the drill' }).click()
    await see(page, 'got 0; expected a whole number from 1 to 5000')
    await see(page, 'got 7; expected a whole number from 10 to 18000')
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('name')), SOON).toBe('workers')
    expect(dashboard.api.requests.some(({ method }) => method === 'POST')).toBe(false)
  })

  test("puts the server's own words beside the fields they are about", async () => {
    dashboard.api.refusal = {
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
    const { page } = await dashboard.open('#/start')
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
    dashboard.api.refusal = {
      status: 409,
      body: {
        title: 'A drill is already running',
        detail: 'Drill x holds pg-orders.',
        instance: '/api/drills/drill-20260302-0200',
      },
    }
    const { page } = await dashboard.open('#/start')
    await page.getByRole('button', { name: 'Start the drill' }).click()
    await page.getByRole('link', { name: 'Open drill drill-20260302-0200' }).waitFor()
  })
})
