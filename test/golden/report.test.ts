import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { reportSchema } from '../../functions/model/report.ts'
import { clientOutageChart } from '../../functions/render/charts/client-outage.ts'
import { renderSvg } from '../../functions/render/charts/drawing/svg.ts'
import { percentilesChart } from '../../functions/render/charts/percentiles.ts'
import { timelineChart } from '../../functions/render/charts/timeline.ts'
import { waterfallChart } from '../../functions/render/charts/waterfall.ts'
import { renderers } from '../../functions/render/formats.ts'
import type { ReportData } from '../../functions/render/text/report-data.ts'
import { assemble } from '../../functions/report-model/build.ts'
import { anOutcome } from '../support/builders.ts'
import { expectGolden } from '../support/golden.ts'
import { accountedFor, numbersIn, visibleText } from './numbers.ts'
import { fiveHours, sample } from './samples.ts'

const FILES = join(import.meta.dirname, 'files')
const SCHEMA_FILE = join(import.meta.dirname, '../../functions/render/report.schema.json')
const publishedSchema = () => JSON.parse(readFileSync(SCHEMA_FILE, 'utf8'))

const pass = await sample('PASS')
const lost = await sample('FAIL')
const inconclusive = await sample('INCONCLUSIVE')
const aborted = await sample('ABORTED')
const notStarted = await sample('NOT STARTED')
const long = await fiveHours()
const drills: Readonly<Record<string, ReportData>> = { pass, lost, inconclusive, aborted, 'not-started': notStarted }

const render = (name: string, data: ReportData): string => {
  const renderer = renderers.find((one) => one.name === name)
  if (!renderer) throw new Error(`no renderer for ${name}`)
  return renderer.render(data)
}

/** Drawings have golden files of their own, which can be looked at. */
const withoutDrawings = (html: string): string =>
  html
    .replace(/<svg role="img"([^>]*)>[\s\S]*?<\/svg>/g, '<svg role="img"$1/>')
    .replace(/<style>[\s\S]*?<\/style>/, '<style/>')

/** The JSON files beside report.json, and which fields of it each holds. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  'ledger.json': ['ledger', 'eventsProof', 'rangesFormat', 'ranges'],
  'checklist.json': ['checklist'],
  'metrics.json': ['metrics'],
  'journal.json': ['journal', 'cleanup', 'cost'],
}

test.each(Object.entries(PARTS))('%s holds its parts of report.json', (name, fields) => {
  const written = JSON.parse(render(name, pass))
  expect(Object.keys(written)).toEqual(['schema', 'drillId', ...fields])
  const known = { ...pass.report, rangesFormat: 'worker:first-last:outcome', ranges: pass.ledgerRanges }
  expect(known).toMatchObject(written)
})

describe('golden files', () => {
  for (const { name } of renderers.filter(({ name }) => !(name in PARTS)))
    test(`${name} of a drill that passed is as accepted`, () => {
      const text = render(name, pass)
      expectGolden(join(FILES, 'pass', name), name === 'report.html' ? withoutDrawings(text) : text)
    })

  for (const [verdict, drill] of Object.entries({ lost, inconclusive, aborted, 'not-started': notStarted }))
    for (const name of ['report.html', 'report.md'])
      test(`${name} of a drill that was ${verdict} is as accepted`, () =>
        expectGolden(join(FILES, verdict, name), withoutDrawings(render(name, drill))))

  const room = { width: 860 }
  const { report, timeline, clients, curves } = pass
  const charts = {
    timeline: timelineChart(report, timeline, room),
    waterfall: waterfallChart(report, room),
    clients: clientOutageChart(report, clients, room),
    latency: percentilesChart(curves, room),
  }
  for (const [name, chart] of Object.entries(charts))
    test(`the drawing of ${name} is as accepted`, () => {
      expect(chart).not.toBeNull()
      if (chart) expectGolden(join(FILES, 'charts', `${name}.svg`), renderSvg(chart, room, { id: name, label: name }))
    })
})

test('rendering twice gives the same bytes, also with another drill rendered in between', () => {
  const first = renderers.map(({ render: one }) => one(pass))
  render('report.html', lost)
  expect(renderers.map(({ render: one }) => one(pass))).toEqual(first)
})

describe('report.json', () => {
  test('has a published schema that is up to date', () => {
    const schema = { $id: 'pg-failover-drill/report.schema.json', title: 'Report of a failover drill' }
    const current = JSON.stringify({ ...schema, ...z.toJSONSchema(reportSchema) })
    // `npm run format` lays it out.
    if (process.env.UPDATE_GOLDEN === '1' && JSON.stringify(publishedSchema()) !== current)
      writeFileSync(SCHEMA_FILE, current)
    expect(publishedSchema()).toEqual(JSON.parse(current))
  })

  for (const [name, drill] of Object.entries(drills))
    test(`of a drill that was ${name} is accepted by the published schema`, () => {
      const written = JSON.parse(render('report.json', drill))
      expect(z.fromJSONSchema(publishedSchema()).safeParse(written).error?.issues ?? []).toEqual([])
      expect(reportSchema.parse(written)).toEqual(drill.report)
    })

  test('with a field of another type is refused by the published schema', () => {
    const wrong = { ...pass.report, ledger: { ...pass.report.ledger, lost: 'none' } }
    expect(z.fromJSONSchema(publishedSchema()).safeParse(wrong).success).toBe(false)
  })
})

describe('report.html', () => {
  for (const [name, data] of Object.entries({ ...drills, long }))
    test(`shows no number that report.json cannot account for (${name})`, () => {
      const known = accountedFor(data.report)
      const unaccounted = numbersIn(visibleText(render('report.html', data))).filter((number) => !known.has(number))
      expect([...new Set(unaccounted)]).toEqual([])
    })

  test('would be caught showing a number that report.json does not have', () => {
    const known = accountedFor(pass.report)
    expect(numbersIn('back in 77.31 s').every((number) => known.has(number))).toBe(false)
  })

  test('says what was not measured, and never shows it as 0', () => {
    const { report, charts } = assemble(anOutcome({ summaries: [], containers: [] }), null)
    const text = visibleText(render('report.html', { report, ...charts }))
    expect(text).toMatch(/Recovery time\s+not measured/)
    expect(text).toMatch(/lost: acknowledged, absent\s+not measured/)
    expect(text).not.toMatch(/NaN|undefined|null|Infinity/)
  })

  test('has its fourteen parts in order', () => {
    const html = render('report.html', pass)
    const headings = [...html.matchAll(/<section id="([^"]+)"/g)].map(([, id]) => id)
    expect(headings).toEqual([
      'criteria',
      'waterfall',
      'timeline',
      'clients',
      'applications',
      'ledger',
      'latency',
      'errors',
      'generator',
      'trend',
      'setup',
      'journal',
      'caveats',
      'downloads',
    ])
  })

  test('reaches for nothing outside itself, and runs nothing but its own script, which its policy names by its sum', () => {
    const page = render('report.html', lost)
    const [, script = ''] = /<script type="module">([\s\S]*?)<\/script>/.exec(page) ?? []
    const sum = createHash('sha256').update(script).digest('base64')
    expect(page).toContain(`script-src 'sha256-${sum}'`.replaceAll("'", '&#39;'))
    expect(script).not.toMatch(/fetch|XMLHttp|import|innerHTML|eval|location|https?:/)
    const html = page.replace(`<script type="module">${script}</script>`, '')
    expect(html).not.toMatch(/<script|<link|<iframe|<img|@import|url\(https?:|\son\w+=/i)
    expect(
      [...html.matchAll(/(?:src|href)="(?!#)([^"]*)"/g)].map(([, to]) => to).filter((to) => to?.includes(':')),
    ).toEqual([])
  })

  test('shows text from outside as text', () => {
    const html = render('report.html', pass)
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
    expect(html).not.toContain('<script>alert(1)')
  })

  test('has every id once', () => {
    const ids = [...render('report.html', pass).matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id)
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([])
  })

  test('has less than 200 KB before its first picture, also of five hours', () => {
    for (const data of [...Object.values(drills), long]) {
      const page = render('report.html', data)
      const first = page.indexOf('<svg role="img"')
      expect(first < 0 ? page.length : first).toBeLessThan(200_000)
    }
  })

  test('folds its long tables, and of the checks those alone that passed', () => {
    const page = render('report.html', pass)
    for (const title of ['Set-up of the test', 'Checks before the load', 'Journal: every step'])
      expect(page).toContain(`<details><summary>${title}`)
    const [first, second, third, ...rest] = pass.report.checklist.filter(({ when }) => when === 'before')
    const checklist = [{ ...first, verdict: 'fail', forced: true }, { ...second, verdict: 'unknown' }, third, ...rest]
    const other = render('report.html', { ...pass, report: { ...pass.report, checklist } as typeof pass.report })
    const folded = /<details><summary>Checks before the load: \d+ passed[\s\S]*?<\/details>/.exec(other)?.[0] ?? ''
    expect(folded).toContain(`id="check-${third?.id}"`)
    const seen = other.replaceAll(/<details>[\s\S]*?<\/details>/g, '')
    for (const check of [first, second]) expect(seen).toContain(`id="check-${check?.id}"`)
    expect(seen).toContain(`Checks before the load: 2 of ${checklist.length} did not pass`)
    expect(other).not.toContain('<details open')
  })

  test('of a short drill is under 1 MB, and of five hours under 3 MB', () => {
    expect(render('report.html', pass).length).toBeLessThan(1_000_000)
    expect(render('report.html', long).length).toBeLessThan(3_000_000)
  })
})

test('a sum that does not add up is said so on the page', () => {
  const { report } = pass
  const wrong = { ...pass, report: { ...report, ledger: { ...report.ledger, missed: report.ledger.missed + 1 } } }
  expect(visibleText(render('report.html', wrong))).toContain('does not add up')
  expect(visibleText(render('report.html', pass))).not.toContain('does not add up')
})
