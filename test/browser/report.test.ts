import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type OutgoingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { renderHtml } from '../../functions/render/html/page.ts'
import type { ReportData } from '../../functions/render/text/report-data.ts'
import { secured } from '../../functions/triggers/responses.ts'
import { fiveHours, sample } from '../golden/samples.ts'
import { startCommand } from '../support/command.ts'
import { listening } from '../support/ports.ts'
import { expectAccessible, expectNoSidewaysScroll, type Look, launchBrowser, openPage, screenshot } from './browser.ts'

let browser: Browser
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'report-'))
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser?.close()
  rmSync(folder, { recursive: true, force: true })
})

async function openReport(data: ReportData, look: Look = {}) {
  const file = join(folder, `${data.report.drillId}.html`)
  writeFileSync(file, renderHtml(data))
  const opened = await openPage(browser, look)
  await opened.page.goto(pathToFileURL(file).href)
  return opened
}

const pass = await sample('PASS')
const lost = await sample('FAIL')
const drills: Readonly<Record<string, ReportData>> = {
  pass,
  'fail-lost-commits': lost,
  inconclusive: await sample('INCONCLUSIVE'),
  aborted: await sample('ABORTED'),
}

describe('the report', () => {
  for (const [name, drill] of Object.entries(drills))
    for (const colorScheme of ['light', 'dark'] as const)
      test(`of a drill that was ${name} has no serious barrier in ${colorScheme}`, async () => {
        const { page, errors } = await openReport(drill, { colorScheme })
        await screenshot(page, `report-${name}-${colorScheme}`)
        await expectAccessible(page)
        expect(errors).toEqual([])
        await page.close()
      })

  for (const [name, drill] of Object.entries(drills))
    test(`of a drill that was ${name} fits a phone`, async () => {
      const { page } = await openReport(drill, { width: 390, height: 844 })
      await screenshot(page, `report-${name}-phone`)
      await expectNoSidewaysScroll(page)
      await expectAccessible(page)
      await page.close()
    })

  test('answers on its first screen: verdict, recovery against the objective, commits lost, and whether that is usual', async () => {
    const { page } = await openReport(lost, { width: 1280, height: 800 })
    for (const words of ['FAIL', '7.21 s', 'recovery_time_s < 120', 'Commits lost', 'recovery usually'])
      expect((await page.getByText(words).first().boundingBox())?.y).toBeLessThan(800)
    await screenshot(page, 'report-first-screen', { whole: false })
    await page.close()
  })

  test('prints in light colours, with all its parts, also from a dark screen', async () => {
    const { page } = await openReport(pass, { colorScheme: 'dark', width: 794, height: 1123 })
    await page.emulateMedia({ media: 'print' })
    await screenshot(page, 'report-print')
    const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    expect(background).toBe('rgb(252, 252, 250)')
    expect(await page.locator('main > section').count()).toBe(14)
    await expectAccessible(page)
    expect((await page.pdf({ format: 'A4' })).length).toBeGreaterThan(50_000)
    await page.close()
  })

  test('marks in its table of contents the part that is on the screen', async () => {
    const { page, errors } = await openReport(pass, { width: 1280, height: 800 })
    const now = () => page.locator('nav a[aria-current]').getAttribute('href')
    for (const part of ['ledger', 'setup']) {
      await page.evaluate((id) => document.getElementById(id)?.scrollIntoView({ behavior: 'instant' }), part)
      await expect.poll(now).toBe(`#${part}`)
    }
    expect(errors).toEqual([])
    await page.close()
  })

  test("copies a main figure and a criterion's measured value with their names", async () => {
    const { page, errors } = await openReport(pass)
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    for (const [id, words] of [
      ['recovery-time', /^Recovery time: \d+\.\d+ s$/],
      ['criterion-p99_ms-baseline', /^p99_ms\[baseline\] < 50: 5\.00 ms$/],
    ] as const) {
      const button = page.locator(`#${id} .copy`)
      await button.focus()
      await page.keyboard.press('Enter')
      await expect.poll(() => button.textContent()).toBe('Copied')
      expect(await page.getByRole('status').textContent()).toBe('Copied')
      expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(words)
    }
    expect(errors).toEqual([])
    await page.close()
  })

  test('shows a link on hover and on focus alone, and what is folded opens when a link leads there', async () => {
    const { page } = await openReport(pass)
    const opacity = (id: string) =>
      page.locator(`.anchor[href="#${id}"]`).evaluate((link) => getComputedStyle(link).opacity)
    for (const [id, part] of [
      ['ledger', '.titled:has(#ledger-title)'],
      ['figure-waterfall', '#figure-waterfall'],
      ['criterion-lost_commits', '#criterion-lost_commits'],
      ['recovery-time', '#recovery-time'],
      ['baseline-goodput', '#baseline-goodput'],
      ['checks-before', '.fold:has(#checks-before)'],
    ] as const) {
      await page.mouse.move(0, 0)
      expect([id, await opacity(id)]).toEqual([id, '0'])
      await page.locator(part).hover({ position: { x: 5, y: 5 } })
      expect([id, await opacity(id)]).toEqual([id, '1'])
      await page.mouse.move(0, 0)
      await page.locator(`.anchor[href="#${id}"]`).focus()
      await page.keyboard.press('Shift+Tab')
      await page.keyboard.press('Tab')
      expect([id, await opacity(id)]).toEqual([id, '1'])
    }
    await page.keyboard.press('Enter')
    await page.waitForURL('**#checks-before')
    expect(await page.locator('details:has(#checks-before)').getAttribute('open')).toBe('')
    await page.close()
  })

  test('without scripts has its links and opens what they lead to, and offers no button that would do nothing', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false })
    const page = await context.newPage()
    const file = join(folder, 'without-scripts.html')
    writeFileSync(file, renderHtml(pass))
    await page.goto(`${pathToFileURL(file).href}#check-server-sku`)
    await page.locator('#check-server-sku').waitFor({ state: 'visible' })
    expect(await page.getByRole('link', { name: 'Link to: recovery_time_s < 120' }).getAttribute('href')).toBe(
      '#criterion-recovery_time_s',
    )
    expect(await page.getByRole('button').count()).toBe(0)
    await context.close()
  })

  test('says when a figure could not be copied, and has no button where a page may not copy', async () => {
    const { page, errors } = await openReport(pass)
    await page.evaluate(() => {
      navigator.clipboard.writeText = () => Promise.reject(new Error('refused'))
    })
    await page.locator('#recovery-time .copy').click()
    await expect.poll(() => page.locator('#recovery-time .copy').textContent()).toBe('Not copied')
    // The next press is heard again.
    await expect.poll(() => page.getByRole('status').textContent(), { timeout: 10_000 }).toBe('')
    await page.addInitScript(() => Object.defineProperty(Navigator.prototype, 'clipboard', { value: undefined }))
    await page.reload()
    expect([await page.locator('#recovery-time').count(), await page.locator('.copy').count()]).toEqual([1, 0])
    expect(errors).toEqual([])
    await page.close()
  })

  test('leads from each of its links to a part of its own page', async () => {
    for (const data of Object.values(drills)) {
      const { page } = await openReport(data)
      const lost = await page.evaluate(() =>
        [...document.querySelectorAll<HTMLAnchorElement>('a[href^="#"]')]
          .map((link) => link.hash.slice(1))
          .filter((id) => document.getElementById(id) === null),
      )
      expect(lost).toEqual([])
      await page.close()
    }
  })

  test('is printed by the command as a PDF of several pages', async () => {
    const run = mkdtempSync(join(folder, 'run-'))
    const { report, ...charts } = pass
    writeFileSync(join(run, 'report.json'), JSON.stringify(report))
    writeFileSync(join(run, 'chart-data.json'), JSON.stringify(charts))
    const { code, output } = await startCommand('infra/local/render.ts', [run, '--pdf']).ended
    expect([code, output]).toEqual([0, expect.stringContaining(`${join(run, 'report.pdf')} printed`)])
    const pdf = readFileSync(join(run, 'report.pdf'), 'latin1')
    expect(pdf.slice(0, 5)).toBe('%PDF-')
    const [, pages = ''] = /\/Type \/Pages\s[^>]*?\/Count (\d+)/.exec(pdf) ?? []
    expect(Number(pages)).toBeGreaterThan(5)
  })

  test('prints what is folded, and folds it again', async () => {
    const { page } = await openReport(pass)
    const open = () => page.locator('details[open]').count()
    const before = await open()
    await page.evaluate(() => dispatchEvent(new Event('beforeprint')))
    expect(await open()).toBe(await page.locator('details').count())
    await page.evaluate(() => dispatchEvent(new Event('afterprint')))
    expect(await open()).toBe(before)
    await page.emulateMedia({ media: 'print' })
    for (const hidden of ['nav', '.copy', '#figure-timeline svg.narrow'])
      expect([hidden, await page.locator(hidden).first().isVisible()]).toEqual([hidden, false])
    await page.setViewportSize({ width: 500, height: 900 })
    const isShown = (size: string) => page.locator(`#figure-timeline svg.${size}`).first().isVisible()
    expect([await isShown('wide'), await isShown('narrow')]).toEqual([true, false])
    const height = (id: string) => page.locator(`#${id}`).evaluate((part) => part.getBoundingClientRect().height)
    expect(await height('journal')).toBeGreaterThan(400)
    await page.close()
  })

  test('can be walked with the keyboard: first the way past the head, then every region that scrolls', async () => {
    const { page } = await openReport(pass)
    await page.keyboard.press('Tab')
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to: Criteria')
    await page.keyboard.press('Enter')
    await page.waitForURL('**#criteria')
    await page.keyboard.press('Tab')
    const label = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label'))
    expect(await label()).toBe('Link to: Criteria')
    await page.keyboard.press('Tab')
    expect(await label()).toBe('Criteria')
    await page.close()
  })

  test('shows the time and the figures of a moment under the pointer, without a script', async () => {
    const { page } = await openReport(pass)
    const titles = await page.locator('#figure-timeline svg.wide title').allTextContents()
    expect(titles).toHaveLength(90)
    expect(titles[0]).toMatch(/^2026-03-02 02:00:\d\d UTC: [\d,]+ of 200 TPS, p99 /)
    await page.close()
  })

  test('of five hours opens, and shows the failover closely', async () => {
    const { page, errors } = await openReport(await fiveHours())
    await screenshot(page, 'report-five-hours')
    expect(await page.getByRole('heading', { name: 'Around event 1' }).count()).toBe(1)
    expect(errors).toEqual([])
    await page.close()
  })

  test('served by the API keeps its styles and pictures under the headers of the answer, and may not be framed', async () => {
    const { headers } = secured({ headers: { 'content-type': 'text/html; charset=utf-8' } })
    const server = createServer(({ url }, response) => {
      if (url === '/report') response.writeHead(200, headers as OutgoingHttpHeaders).end(renderHtml(pass))
      else response.writeHead(200, { 'content-type': 'text/html' }).end('<iframe src="/report"></iframe>')
    })
    const url = `http://127.0.0.1:${await listening(server)}`
    const { page, errors } = await openPage(browser)
    try {
      await page.goto(`${url}/report`)
      expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe('rgb(252, 252, 250)')
      expect((await page.locator('#figure-timeline svg.wide').first().boundingBox())?.height).toBeGreaterThan(100)
      expect(errors).toEqual([])
      await page.goto(`${url}/frame`)
      const frame = page.frames().find((one) => one !== page.mainFrame())
      expect(await frame?.locator('#criteria').count()).toBe(0)
      expect(errors.join()).toContain('frame-ancestors')
    } finally {
      await page.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  })
})
