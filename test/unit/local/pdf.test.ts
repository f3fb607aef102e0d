import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { fileLink } from '../../../functions/render/html/elements/file-links.ts'
import { printPage, requireChromium } from '../../../infra/local/evidence/pdf.ts'
import { CannotRun } from '../../../infra/local/process/problem.ts'
import { aFolder } from '../../support/folder.ts'

const program = (script: string): { browser: string; folder: string } => {
  const folder = aFolder()
  const browser = join(folder, 'browser')
  writeFileSync(browser, `#!/bin/sh\n${script}\n`)
  chmodSync(browser, 0o755)
  mkdirSync(join(folder, 'a drill'))
  writeFileSync(join(folder, 'a drill', 'report.html'), `<p>Every second is in ${fileLink('timeline.csv').text}`)
  return { browser, folder: join(folder, 'a drill') }
}

const profiles = () => readdirSync(tmpdir()).filter((name) => name.startsWith('report-pdf-'))

test('a copy of the page is printed without its links to files, because printed they would name folders of this machine', () => {
  const { browser, folder } = program(
    'for a; do case $a in --print-to-pdf=*) out=$(echo "$a" | cut -d= -f2-);; file://*) cat "$(echo "$a" | cut -c8-)" > "$out";; esac; done',
  )
  printPage(browser, folder)
  expect(readFileSync(join(folder, 'report.pdf'), 'utf8')).toBe('<p>Every second is in timeline.csv')
})

test('the page of the folder is printed beside it, without the head and foot of a browser, and its profile is removed', () => {
  const before = profiles()
  const { browser, folder } = program(
    'for a; do case $a in --print-to-pdf=*) echo "$@" > "$(echo "$a" | cut -d= -f2-)";; esac; done',
  )
  expect(printPage(browser, folder)).toBe(join(folder, 'report.pdf'))
  expect(readFileSync(join(folder, 'report.pdf'), 'utf8')).toMatch(/ file:\/\/.*\/report-pdf-[^/]+\/report\.html\n$/)
  expect(readFileSync(join(folder, 'report.pdf'), 'utf8')).toContain(' --no-pdf-header-footer ')
  expect(profiles().filter((name) => !before.includes(name))).toEqual([])
})

test('a browser that prints nothing is one message with its last words, and no older file is left', () => {
  const { browser, folder } = program('echo "no display" >&2; exit 7')
  writeFileSync(join(folder, 'report.pdf'), 'of an earlier run')
  expect(() => printPage(browser, folder)).toThrow(/did not print .*report\.pdf: it ended with 7\. no display$/)
  expect(() => readFileSync(join(folder, 'report.pdf'))).toThrow('ENOENT')
})

test('a browser that hangs is ended, and one message says so', () => {
  const { browser, folder } = program('exec sleep 20')
  expect(() => printPage(browser, folder, 100)).toThrow(/did not print .*ETIMEDOUT$/)
})

test('a machine without a browser is one message with what to do', () => {
  vi.stubEnv('CHROMIUM', '/no/such/browser')
  onTestFinished(() => void vi.unstubAllEnvs())
  expect(requireChromium).toThrow(CannotRun)
  expect(requireChromium).toThrow('Install it, or name it with CHROMIUM')
})
