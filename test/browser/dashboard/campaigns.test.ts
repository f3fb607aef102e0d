/** Campaigns in the dashboard: start, list, progress, abort, and the report whose points lead to the drills. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import type { CampaignStatus } from '../../../functions/model/campaign/status.ts'
import { besideFolders, renderCampaign } from '../../../functions/render/campaign/page.ts'
import { abortedCampaign, mixedCampaign, passedCampaign } from '../../golden/campaigns.ts'
import { aFolder } from '../../support/folder.ts'
import { expectAccessible, expectNoSidewaysScroll, screenshot } from '../browser.ts'
import { campaignStatus, runningCampaign } from '../statuses.ts'
import { dashboardPerTest, see } from './session.ts'

const dashboard = dashboardPerTest()

const mixed = await mixedCampaign()
const running = (): CampaignStatus => runningCampaign(mixed)

test('the list names each campaign with its state, and leads to it', async () => {
  dashboard.api.campaigns = [
    running(),
    campaignStatus(mixed),
    campaignStatus({ ...(await passedCampaign()), campaignId: 'campaign-passed' }),
  ]
  const { page, errors } = await dashboard.open('#/campaigns')
  await see(page, 'drill 2 of 7')
  await see(page, '5 drills of pg-orders, all passed')
  await screenshot(page, 'dashboard-campaigns')
  await expectAccessible(page)
  await page.locator('table a').nth(1).click()
  await see(page, 'At least one objective of the campaign was missed.')
  expect(errors).toEqual([])
})

test('a running campaign shows which drill runs, what was measured, and can be aborted', async () => {
  dashboard.api.campaigns = [running()]
  const { page } = await dashboard.open('#/campaigns/campaign-running')
  await see(page, 'Drill 2 of 7 is running')
  expect(await page.getByRole('link', { name: 'campaign-running-2' }).getAttribute('href')).toBe(
    '#/drills/campaign-running-2',
  )
  expect(await page.getByRole('link', { name: 'Drill 1' }).getAttribute('href')).toBe('#/drills/campaign-running-1')
  await screenshot(page, 'dashboard-campaign-running')
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Abort' }).click()
  await see(page, 'Abort this campaign?')
  await page.getByRole('button', { name: 'Abort the campaign' }).click()
  await see(page, 'Abort requested.')
  expect(dashboard.api.requests.filter(({ method }) => method === 'DELETE').map(({ url }) => url)).toEqual([
    '/api/campaigns/campaign-running?reason=from%20the%20dashboard',
  ])
})

test('the report of an ended campaign has a point of each drill that leads to the drill', async () => {
  dashboard.api.campaigns = [campaignStatus(mixed)]
  const { page, errors } = await dashboard.open(`#/campaigns/${mixed.campaignId}`)
  await see(page, 'Distributions')
  const strip = page.locator('svg.strip').first()
  expect(await strip.locator('a').evaluateAll((links) => links.map((link) => link.getAttribute('href')))).toEqual(
    [1, 2, 4, 5].map((number) => `#/drills/${mixed.campaignId}-${number}`),
  )
  await screenshot(page, 'dashboard-campaign')
  await expectAccessible(page)
  expect(errors).toEqual([])
})

test('more than one drill in the start form starts a campaign, and its problems stand beside the fields', async () => {
  dashboard.api.campaigns = [running()]
  dashboard.api.refusal = {
    status: 400,
    body: {
      title: 'Bad request',
      detail: '',
      problems: [
        { field: 'gapMinutes', problem: '1 min between two drills', expected: 'at least 20 min' },
        { field: 'request.workers', problem: 'got 0', expected: 'more' },
        { field: 'criteria[0]', problem: 'got a text', expected: 'a statistic' },
      ],
    },
  }
  const { page } = await dashboard.open('#/start')
  await page.getByLabel('Drills', { exact: true }).fill('3')
  await page.getByLabel('Gap').fill('1')
  await page.getByLabel('Target rate').fill('50')
  await screenshot(page, 'dashboard-start-campaign')
  await page.getByRole('button', { name: 'Start the drill' }).click()
  await see(page, '1 min between two drills; expected at least 20 min')
  const shown = (field: string) => page.locator(`[data-field="${field}"] .problem`).textContent()
  expect([await shown('workers'), await shown('campaignCriteria')]).toEqual([
    'got 0; expected more',
    'got a text; expected a statistic',
  ])
  dashboard.api.refusal = null
  await page.getByRole('button', { name: 'Start the drill' }).click()
  await see(page, 'Drill 2 of 7 is running')
  const posts = dashboard.api.requests.filter(({ method }) => method === 'POST')
  expect(posts.map(({ url }) => url)).toEqual(['/api/campaigns', '/api/campaigns'])
  expect(JSON.parse(posts[1]?.body ?? '{}')).toEqual({ drills: 3, gapMinutes: 1, request: { targetTps: 50 } })
})

for (const [name, report] of Object.entries({
  mixed,
  passed: await passedCampaign(),
  aborted: await abortedCampaign(),
}))
  for (const [how, look] of Object.entries({
    light: {},
    dark: { colorScheme: 'dark' },
    phone: { width: 390, height: 844 },
  } as const))
    test(`the page of a campaign that is ${name} has no barrier, ${how}`, async () => {
      const file = join(aFolder(), 'report.html')
      writeFileSync(file, renderCampaign(report, besideFolders))
      const { page, errors } = await dashboard.openTab(look)
      await page.goto(pathToFileURL(file).href)
      await screenshot(page, `campaign-${name}-${how}`)
      await expectAccessible(page)
      await expectNoSidewaysScroll(page)
      expect(errors).toEqual([])
    })
