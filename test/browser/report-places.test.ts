/** Where a report is opened its links lead to its files, or are not there. The app is the project's own, behind a function key. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { HttpRequest, type HttpResponseInit } from '@azure/functions'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { EVIDENCE_FILE } from '../../functions/archive/evidence-zip.ts'
import { drillBlobs } from '../../functions/model/blob-paths.ts'
import { renderCampaign } from '../../functions/render/campaign/page.ts'
import { renderers } from '../../functions/render/formats.ts'
import { withoutFileLinks } from '../../functions/render/html/elements/file-links.ts'
import { reportsApi } from '../../functions/triggers/reports-api.ts'
import { secured } from '../../functions/triggers/responses.ts'
import { mixedCampaign } from '../golden/campaigns.ts'
import { evidenceOf } from '../support/evidence.ts'
import { FakeOrchestrations } from '../support/fake-orchestrations.ts'
import { aPlan, playDrill } from '../support/play-drill.ts'
import { listening } from '../support/ports.ts'
import { createWorld } from '../support/world/world.ts'
import { launchBrowser, openPage } from './browser.ts'

const KEY = 'a key/with+signs'
const ID = 'drill-1'

const world = createWorld()
const campaign = await mixedCampaign()
let browser: Browser
let folder: string
let server: Server
let app: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'report-places-'))
  await playDrill(world, aPlan({}, ID, world.clock.nowMs), { renderers })
  browser = await launchBrowser()
  server = createServer((request, response) => void serve(request, response))
  app = `http://127.0.0.1:${await listening(server)}`
})
afterAll(async () => {
  await browser?.close()
  server?.closeAllConnections()
  await new Promise((resolve) => server?.close(resolve))
  rmSync(folder, { recursive: true, force: true })
})

async function serve({ url = '/' }: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status = 200, headers, body } = secured(await answer(new URL(url, app)))
  const content = body == null ? '' : typeof body === 'string' ? body : await buffer(body as AsyncIterable<Uint8Array>)
  response.writeHead(status, headers as OutgoingHttpHeaders).end(content)
}

async function answer(url: URL): Promise<HttpResponseInit> {
  if (url.searchParams.get('code') !== KEY) return { status: 401 }
  const [, , what, id = '', part, name = ''] = url.pathname.split('/')
  if (what === 'campaigns')
    return { body: renderCampaign(campaign), headers: { 'content-type': 'text/html; charset=utf-8' } }
  // The drills of the campaign are samples without records: each stands for the one that was played.
  const params = { id: id.startsWith(campaign.campaignId) ? ID : id, name }
  const request = new HttpRequest({ method: 'GET', url: url.href, params })
  const api = reportsApi(world.clients)
  const { client } = new FakeOrchestrations(() => world.clock.now())
  if (part === 'files') return api.file(request)
  // The app has no other route below a drill that a link of a report could lead to.
  return part === 'report' ? api.report(request, client) : { status: 404 }
}

/** As the browser resolves them. */
const linksOf = async (page: Page): Promise<string[]> => {
  const all = await page.locator('a[href]:not([href^="#"])').evaluateAll((links) =>
    links.map((link) => {
      const { href } = link as HTMLAnchorElement | SVGAElement
      return typeof href === 'string' ? href : new URL(href.baseVal, document.baseURI).href
    }),
  )
  return [...new Set(all)]
}

async function opened(address: string): Promise<Page> {
  const { page } = await openPage(browser)
  await page.goto(address)
  return page
}

const read = async (file: string): Promise<string> =>
  (await world.blobs.readText(drillBlobs.report(ID, file))) as string

test.each([
  ['the report', `/api/drills/${ID}/report?format=html`],
  ['the file', `/api/drills/${ID}/files/report.html?`],
  ['the campaign', `/api/campaigns/${campaign.campaignId}?format=html`],
])('under the API every link of %s is answered, with the key of the address', async (_, path) => {
  const page = await opened(`${app}${path}&code=${encodeURIComponent(KEY)}`)
  const links = await linksOf(page)
  expect(links.length).toBeGreaterThan(3)
  for (const link of links) expect([link, (await fetch(link)).status]).toEqual([link, 200])
  await page.close()
})

test('under the API a click saves the file under its name', async () => {
  const page = await opened(`${app}/api/drills/${ID}/report?format=html&code=${encodeURIComponent(KEY)}`)
  for (const name of ['timeline.csv', EVIDENCE_FILE]) {
    const download = page.waitForEvent('download')
    await page.getByRole('link', { name, exact: true }).last().click()
    expect((await download).suggestedFilename()).toMatch(name)
    expect(await (await download).failure()).toBeNull()
  }
  await page.close()
})

test.each(['runs', 'an unpacked archive'])(
  'in %s every link leads to a file, and no archive is inside itself',
  async (place) => {
    const root = join(folder, place)
    const isArchive = place !== 'runs'
    const files = isArchive
      ? await evidenceOf(world.blobs, ID)
      : Object.fromEntries(await Promise.all(renderers.map(async ({ name }) => [name, await read(name)] as const)))
    for (const [path, content] of Object.entries({ ...files, ...(!isArchive && { [EVIDENCE_FILE]: 'PK' }) })) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), content)
    }
    const page = await opened(pathToFileURL(join(root, isArchive ? 'report' : '', 'report.html')).href)
    const dead = (await linksOf(page)).filter((link) => !existsSync(fileURLToPath(link)))
    expect(dead.map((link) => link.slice(link.lastIndexOf('/') + 1))).toEqual(isArchive ? [EVIDENCE_FILE] : [])
    expect(await page.locator('li', { hasText: EVIDENCE_FILE }).textContent()).toContain('not inside itself')
    await page.close()
  },
)

test('a copy that is kept alone says that its links lead nowhere, and one for print or in a frame has none', async () => {
  const alone = join(folder, 'alone.html')
  writeFileSync(alone, await read('report.html'))
  const page = await opened(pathToFileURL(alone).href)
  await page.getByText('A copy of this page that is kept alone does not reach them.').waitFor()
  writeFileSync(alone, withoutFileLinks(await read('report.html')))
  await page.goto(pathToFileURL(alone).href)
  expect(await linksOf(page)).toEqual([])
  await page.close()
})
