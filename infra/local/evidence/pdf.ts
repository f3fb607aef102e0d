/** report.pdf: report.html as the Chromium of this machine prints it, with everything that the page folds. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { withoutFileLinks } from '../../../functions/render/html/elements/file-links.ts'
import { CannotRun } from '../process/problem.ts'
import { findChromium } from '../process/programs.ts'

const TIMEOUT_MS = 120_000

export function requireChromium(): string {
  const found = findChromium()
  if (found !== null) return found
  throw new CannotRun(
    'report.pdf needs Chromium or Chrome, and this machine has none in its PATH. Install it, or name it with CHROMIUM; or print report.html from any browser',
  )
}

/** Returns the path of the file. */
export function printPage(browser: string, folder: string, timeoutMs = TIMEOUT_MS): string {
  const file = join(folder, 'report.pdf')
  const profile = mkdtempSync(join(tmpdir(), 'report-pdf-'))
  try {
    rmSync(file, { force: true })
    const page = join(profile, 'report.html')
    // Printed, a link to a file beside the page would name a folder of this machine.
    writeFileSync(page, withoutFileLinks(readFileSync(join(folder, 'report.html'), 'utf8')))
    const { status, error, stderr } = spawnSync(
      browser,
      [...ARGUMENTS, `--user-data-dir=${profile}`, `--print-to-pdf=${file}`, pathToFileURL(page).href],
      {
        encoding: 'utf8',
        timeout: timeoutMs,
      },
    )
    if (statSync(file, { throwIfNoEntry: false }) === undefined)
      throw new CannotRun(
        `${browser} did not print ${file}: ${error?.message ?? `it ended with ${status}. ${lastLine(stderr)}`}`,
      )
    return file
  } finally {
    rmSync(profile, { recursive: true, force: true })
  }
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1)?.slice(0, 300) ?? ''

/** Chromium's sandbox does not work for root. The page is the drill's own, and may load nothing. */
const ARGUMENTS = [
  '--headless',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-pdf-header-footer',
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
]
