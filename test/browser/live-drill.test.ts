/** A page that is opened in the middle of a drill: the deployed activities watch a made-up server, and the page shows what they kept. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createActivities } from '../../functions/activities/activities.ts'
import type { DrillStatus } from '../../functions/model/status.ts'
import { readStatus } from '../../functions/triggers/status.ts'
import { FakeOrchestrations } from '../support/fake-orchestrations.ts'
import { aPlan, playDrill, settings } from '../support/play-drill.ts'
import { createWorld } from '../support/world/world.ts'
import { expectAccessible, launchBrowser, openPage, screenshot } from './browser.ts'
import { KEY, startFakeApi } from './fake-api.ts'

let browser: Browser
beforeAll(async () => {
  browser = await launchBrowser()
})
afterAll(() => browser?.close())

const FAILOVER_AT = 240
const SOON = { timeout: 20_000 }

/** What the API would have answered after the look at this second of the load, and the largest custom status until then. */
async function statusAt(second: number): Promise<{ readonly status: DrillStatus; readonly largestLook: number }> {
  const world = createWorld()
  const plan = aPlan({ durationSeconds: 300, failovers: [{ atSeconds: FAILOVER_AT, mode: 'forced' }] })
  const orchestrations = new FakeOrchestrations(() => world.clock.now())
  await orchestrations.client.startNew('drill', { instanceId: plan.drillId })
  const { pollLoad } = createActivities(world.clients, settings)
  let status: DrillStatus | null = null
  let largestLook = 0
  await playDrill(world, plan, {
    overrides: {
      pollLoad: async (input: { readonly drillId: string }) => {
        const look = await pollLoad(input)
        largestLook = Math.max(largestLook, 2 * JSON.stringify(look.live).length)
        const instance = orchestrations.instances.get(plan.drillId)
        if (instance) instance.customStatus = { phase: 'watch', note: 'the load runs', live: null }
        if (status === null && (look.live.loadSecond ?? 0) >= second)
          status = await readStatus(world.clients, orchestrations.client, plan.drillId)
        return look
      },
    },
  })
  if (status === null) throw new Error(`the load never reached second ${second}`)
  return { status, largestLook }
}

test('a page opened in mid-drill shows the seconds, the server metrics and the failover from before it was opened', async () => {
  const { status, largestLook } = await statusAt(FAILOVER_AT + 15)
  expect(largestLook).toBeLessThan(16_000)
  const moments = (status.progress?.live?.moments ?? []).map(({ event }) => event)
  expect(moments.slice(0, 3)).toEqual(['t0', 't1', 't2'])

  const api = await startFakeApi()
  try {
    api.drills = [{ status, data: null }]
    const { page, errors } = await openPage(browser)
    await page.addInitScript((key) => sessionStorage.setItem('function-key', key), KEY)
    await page.goto(`${api.url}#/drills/${status.drillId}`)
    await page.locator('#chart svg').waitFor()
    expect(status.history.map(({ second }) => second).slice(0, 2)).toEqual([0, 1])
    expect(status.history.length).toBeGreaterThan(FAILOVER_AT)
    // Labels of the time axis and of the marks, drawn from that one answer.
    const drawn = () => page.locator('#chart svg text').allTextContents()
    await expect.poll(drawn, SOON).toEqual(expect.arrayContaining(['+1:00', '+3:00', expect.stringMatching(/^T0/)]))
    await page.getByText('Failover accepted').waitFor()
    await page.getByText('First commit after the outage').waitFor()
    // The moment and every value with its unit, as the axis and the report write them.
    const underThePointer = async (x: number) => {
      await page.locator('#chart svg').hover({ position: { x, y: 120 } })
      return await page.locator('#chart').innerText()
    }
    let x = 300
    await expect
      .poll(() => underThePointer(x++), SOON)
      .toMatch(/\+\d:\d\d[\s\S]*p99\s+[\d.]+ ms[\s\S]*acknowledged\s+\d+/)
    const gauges = page.locator('.gauge', { hasText: 'CPU' })
    expect(await gauges.locator('svg.past path').getAttribute('d')).toMatch(/^M0\.0 .*L100\.0 /)
    expect(await gauges.textContent()).toContain('5 min: average')
    // The page has asked once for the drill: all of it came with that answer.
    expect(api.requests.filter(({ url }) => url.includes(status.drillId)).length).toBeLessThanOrEqual(2)
    await screenshot(page, 'dashboard-opened-in-mid-drill')
    await expectAccessible(page)
    expect(errors).toEqual([])
    await page.close()
  } finally {
    await api.close()
  }
})
