import { describe, expect, test } from 'vitest'
import { gatherFacts } from '../../../functions/activities/facts/gather.ts'
import { type Offer, offerOf } from '../../../functions/request/offer.ts'
import { sample } from '../../golden/samples.ts'
import { requestsTo } from '../../support/builders.ts'
import { aPlan } from '../../support/play-drill.ts'
import { createWorld } from '../../support/world/world.ts'
import { expectAccessible, expectNoSidewaysScroll, screenshot } from '../browser.ts'
import { KEY } from '../fake-api.ts'
import { AGAIN, endedDrill, runningDrill } from '../statuses.ts'
import { dashboardPerTest, fieldOf, SOON, see } from './session.ts'

const dashboard = dashboardPerTest()
const stopped = await sample('NOT STARTED')

describe('the first minute', () => {
  /** Of a small server whose primary and standby are in one zone. */
  const offer = async (): Promise<Offer> => {
    const { clients } = createWorld({ server: { facts: { vCores: 2, availabilityZone: '2' } } })
    const facts = await gatherFacts(clients, aPlan({}), { mayWrite: false, rowsRetentionDays: null })
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
    const { page } = await dashboard.open(`#key=${KEY}&to=/start`, {}, null)
    await page.getByRole('heading', { name: 'Start a drill' }).waitFor()
    expect(page.url()).toBe(`${dashboard.api.url}#/start`)
    await page.goto(`${dashboard.api.url}#/`)
    await see(page, 'No drill yet')
    await page.goBack()
    expect(page.url()).toBe(`${dashboard.api.url}#/start`)
    expect(dashboard.api.requests.some(({ url, key }) => url.includes(KEY) || (key !== null && key !== KEY))).toBe(
      false,
    )
  })

  for (const [look, size] of [
    ['laptop', {}],
    ['phone', { width: 390, height: 844 }],
    ['wide-dark', { width: 1920, height: 1080, colorScheme: 'dark' }],
  ] as const)
    test(`the form begins with what fits the server, and says what would stop it, ${look}`, async () => {
      dashboard.api.offer = await offer()
      dashboard.api.onStart = () => runningDrill(12)
      const { page, errors } = await dashboard.open('#/start', size)
      await see(page, '1 check would stop this drill now')
      await see(page, 'primary 2, standby 2; wanted: two different zones')
      await see(page, 'overridden for this light load')
      await screenshot(page, `dashboard-first-minute-${look}`)
      await expectNoSidewaysScroll(page)
      await expectAccessible(page)
      await page.getByRole('button', { name: 'Override it' }).click()
      await page.getByRole('button', { name: 'Start the drill' }).click()
      await page.locator('#ask-abort').waitFor(SOON)
      const sent = JSON.parse(dashboard.api.requests.find(({ method }) => method === 'POST')?.body ?? '')
      const quick = dashboard.api.offer.presets[0]?.request
      expect(sent).toEqual({ ...quick, force: ['server-sku', 'zones-differ'] })
      expect(errors).toEqual([])
    })

  test('another preset fills the form again, and what the reader has changed is not taken away', async () => {
    dashboard.api.offer = await offer()
    const { page } = await dashboard.open('#/start')
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
    dashboard.api.state = 'slow'
    await page.reload()
    await page.getByLabel('Target rate').fill('77')
    await page.getByRole('button', { name: /^Quick/ }).waitFor()
    expect(await page.getByLabel('Target rate').inputValue()).toBe('77')
  })

  test('a drill that was stopped by checks shows them, and runs again with them overridden', async () => {
    dashboard.api.drills = [endedDrill(stopped)]
    const { page, errors } = await dashboard.open(`#/drills/${stopped.report.drillId}`)
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
    dashboard.api.onStart = () => runningDrill(12)
    await page.getByRole('button', { name: 'Start the drill' }).click()
    await page.locator('#ask-abort').waitFor(SOON)
    const sent = JSON.parse(dashboard.api.requests.find(({ method }) => method === 'POST')?.body ?? '')
    expect(sent).toEqual({ ...AGAIN, force: ['server-sku', 'ha-healthy'] })
    expect(errors).toEqual([])
  })
})
