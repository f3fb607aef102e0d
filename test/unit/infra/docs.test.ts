/** The guides against the settings, parameters, prices and files that they name. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { SETTINGS } from '../../../functions/config/settings.ts'
import { settingsTable } from './settings-table.ts'

const ROOT = resolve(import.meta.dirname, '../../..')
const read = (...path: string[]) => readFileSync(join(ROOT, ...path), 'utf8')
/** Without the padding of the formatter. */
const unpadded = (text: string) => text.replace(/ {2,}/g, ' ').replace(/\| ?-{3,} ?(?=\|)/g, '|---')
const docs = unpadded(read('docs/azure.md'))

test('docs/azure.md has the table of settings that the code defines', () => {
  const [, table] = /<!-- settings:.*-->\n([\s\S]*?)<!-- end of settings -->/.exec(docs) ?? []
  expect(table?.trim()).toBe(settingsTable(SETTINGS).trim())
})

test('every parameter that docs/azure.md names exists in the template', () => {
  const parameters = new Set([...read('infra/azure/main.bicep').matchAll(/^param (\w+)/gm)].map(([, name]) => name))
  const [, section] = /## What you can choose([\s\S]*?)## Settings/.exec(docs) ?? []
  const named = [...(section ?? '').matchAll(/^\| ((?:`\w+` ?)+)\|/gm)].flatMap(([, cell]) =>
    [...(cell ?? '').matchAll(/`(\w+)`/g)].map(([, name]) => name),
  )
  expect(named.length).toBeGreaterThan(15)
  expect(named.filter((name) => !parameters.has(name))).toEqual([])
})

const GUIDES = readdirSync(ROOT)
  .concat(readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`))
  .filter((name) => name.endsWith('.md'))

test('the README leads to every guide, and is a page', () => {
  const text = read('README.md')
  expect(GUIDES.filter((guide) => guide !== 'README.md' && !text.includes(`](${guide}`))).toEqual([])
  expect(text.split('\n').length).toBeLessThan(130)
})

test.each(GUIDES)('every file that %s links to or names exists', (guide) => {
  const text = read(guide)
  const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link]) => join(dirname(guide), link ?? ''))
  const named = [
    ...text.matchAll(/(?<![\w./-])(?:functions|infra|loadgen-image|test)(?:\/[\w.-]+)*\/(?:[\w.-]+\.[a-z]+)?/g),
  ]
  const paths = [...links, ...named.map(([path]) => path)]
  expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
})

// ---- Cost -----------------------------------------------------------------------------------------------------------

const { regions } = JSON.parse(read('infra/azure/prices.json')) as {
  regions: Record<string, { perVCpuSecond: string; perGbSecond: string; readOn: string }>
}

const { perVCpuSecond = '', perGbSecond = '', readOn = '' } = regions.swedencentral ?? {}
const cost = (vCpus: number, gb: number, minutes: number) =>
  `$${(minutes * 60 * (vCpus * Number(perVCpuSecond) + gb * Number(perGbSecond))).toFixed(2)}`

test.each([
  { row: '1 x 2 vCPU, 4 GB', vCpus: 2, gb: 4 },
  { row: '16 vCPU, 32 GB in all', vCpus: 16, gb: 32 },
])('the cost of $row is computed from the price list', ({ row, vCpus, gb }) => {
  const minutes = [5, 30, 60, 300, 30 * 60]
  const line = docs.split('\n').find((text) => text.startsWith(`| ${row}`)) ?? ''
  expect(line.match(/\$[\d.]+/g)).toEqual(minutes.map((count) => cost(vCpus, gb, count)))
})

test('the README states the costs and the day of the price list', () => {
  const [, paragraph = ''] = /- \*\*Cost\*\*: ([\s\S]*?)\n- /.exec(read('README.md')) ?? []
  const daily = 30 * 5
  const drills = [cost(2, 4, 5), cost(16, 32, 5), cost(2, 4, daily), cost(16, 32, daily)]
  expect(paragraph.match(/\$[\d.]+\.\d\d/g)).toEqual(drills)
  expect(paragraph).toContain(readOn)
})

// ---- Corrections ----------------------------------------------------------------------------------------------------

test('docs/azure.md states how many parameters the release tool sets', () => {
  const { length } = JSON.parse(read('infra/azure/database-parameters.json')) as unknown[]
  expect(docs).toContain(`sets the ${length} parameters of`)
})

// ---- What was found by review -----------------------------------------------------------------------------------------

interface Finding {
  readonly subject: string
  readonly tests: string
}

const [, findingsTable = ''] = /## What was found by review[\s\S]*?\|---\|\n([\s\S]*)$/.exec(docs) ?? []
const FINDINGS: readonly Finding[] = findingsTable
  .trim()
  .split('\n')
  .map((line) => {
    const [, subject = '', , tests = ''] = line.split(' | ').length === 3 ? ['', ...line.split(' | ')] : []
    return { subject, tests: tests.replace(/ \|$/, '') }
  })

const TESTS = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' }).filter((path) =>
  path.endsWith('.test.ts'),
)
/** Some folders have a file of the same name: one of them has the test. */
const hasTest = (file: string, title: string): boolean =>
  TESTS.some((path) => basename(path) === file && read('test', path).replaceAll("\\'", "'").includes(title))

test('docs/azure.md has each finding once', () => {
  expect(FINDINGS.length).toBeGreaterThan(31)
  expect(FINDINGS.filter(({ subject, tests }) => subject === '' || tests === '')).toEqual([])
  expect(new Set(FINDINGS.map(({ subject }) => subject)).size).toBe(FINDINGS.length)
})

test.each(FINDINGS)('the tests that docs/azure.md names exist: $subject', ({ tests }) => {
  const named = [...tests.matchAll(/`([\w-]+\.test\.ts)`: ("[^"]+"(?:, "[^"]+")*)/g)].flatMap(
    ([, file = '', titles = '']) => [...titles.matchAll(/"([^"]+)"/g)].map(([, title = '']) => [file, title] as const),
  )
  expect(named.length > 0 || tests === 'No test: a decision').toBe(true)
  expect(named.filter(([file, title]) => !hasTest(file, title))).toEqual([])
  // Every file and every title is part of such a pair.
  expect(named.length).toBe(tests.split('"').length / 2 - 0.5)
})
