/**
 * The README's pictures, of a real report: `node test/browser/picture.ts runs/<drill-id>` writes docs/report.png (the first
 * screen and the waterfall) and docs/report-timeline.png.
 */
import { existsSync, mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Page } from 'playwright-core'
import { launchBrowser } from './browser.ts'

const WIDTH = 1240
const SCALE = 1.5

async function main([folder, out = 'docs']: readonly string[]): Promise<number> {
  const report = folder === undefined ? null : resolve(folder, 'report.html')
  if (report === null || !existsSync(report)) {
    console.error(
      `usage: node test/browser/picture.ts runs/<drill-id> [folder]\n${report ?? 'no folder was given'}: no report there; run a drill first`,
    )
    return 2
  }
  mkdirSync(out, { recursive: true })
  const browser = await launchBrowser()
  try {
    const page = await browser.newPage({
      viewport: { width: WIDTH, height: 900 },
      deviceScaleFactor: SCALE,
      colorScheme: 'light',
    })
    await page.goto(pathToFileURL(report).href)
    await picture(page, '#figure-waterfall', { fromTop: true, file: join(out, 'report.png') })
    await picture(page, '#figure-timeline', { fromTop: false, file: join(out, 'report-timeline.png') })
  } finally {
    await browser.close()
  }
  return 0
}

interface Frame {
  /** From the top of the page down to the element, or the element alone. */
  readonly fromTop: boolean
  readonly file: string
}

/** A report without the element (no failover, no load) is shown as far as its first screen. */
async function picture(page: Page, selector: string, { fromTop, file }: Frame): Promise<void> {
  const box = await page
    .locator(selector)
    .boundingBox({ timeout: 1000 })
    .catch(() => null)
  if (box === null && !fromTop) return
  const margin = 16
  const bottom = box === null ? 900 : box.y + box.height + margin
  const clip =
    fromTop || box === null
      ? { x: 0, y: 0, width: WIDTH, height: bottom }
      : { x: box.x - margin, y: box.y - margin, width: box.width + 2 * margin, height: bottom - box.y + margin }
  await page.screenshot({ path: file, fullPage: true, clip })
  console.log(file)
}

process.exitCode = await main(process.argv.slice(2))
