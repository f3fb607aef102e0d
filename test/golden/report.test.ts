import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { reportSchema, VERDICTS } from '../../functions/model/report.ts'
import { clientOutageChart } from '../../functions/render/charts/client-outage.ts'
import { renderSvg } from '../../functions/render/charts/drawing/svg.ts'
import { percentilesChart } from '../../functions/render/charts/percentiles.ts'
import { timelineChart } from '../../functions/render/charts/timeline.ts'
import { waterfallChart } from '../../functions/render/charts/waterfall.ts'
import { renderers } from '../../functions/render/formats.ts'
import { renderReportSchema } from '../../functions/render/schema.ts'
import type { ReportData } from '../../functions/render/text/report-data.ts'
import { expectGolden } from '../support/golden.ts'
import { sample } from '../support/sample-report.ts'
import { accountedFor, numbersIn, visibleText } from './numbers.ts'
import { abortedDrill, drillWithoutFailover, longDrill, losingDrill, passingDrill } from './samples.ts'

const FILES = join(import.meta.dirname, 'files')
const SCHEMA_FILE = join(import.meta.dirname, '../../functions/render/report.schema.json')
const publishedSchema = () => JSON.parse(readFileSync(SCHEMA_FILE, 'utf8'))

/** Small enough that every golden file can be read in a review. */
const smallDrill = (): ReportData =>
  passingDrill({
    durationSeconds: 40,
    targetTps: 400,
    workers: 12,
    containers: 2,
    warmupSeconds: 5,
    failoverAtSeconds: 15,
    outageSeconds: 6,
    history: 4,
  })

const drills: Readonly<Record<string, () => ReportData>> = {
  pass: smallDrill,
  lost: losingDrill,
  inconclusive: drillWithoutFailover,
  aborted: abortedDrill,
}

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

describe('golden files', () => {
  for (const { name } of renderers)
    test(`${name} of a drill that passed is as accepted`, () => {
      const text = render(name, smallDrill())
      expectGolden(join(FILES, 'pass', name), name === 'report.html' ? withoutDrawings(text) : text)
    })

  for (const verdict of ['lost', 'inconclusive', 'aborted'])
    for (const name of ['report.html', 'report.md'])
      test(`${name} of a drill that was ${verdict} is as accepted`, () => {
        const text = render(name, (drills[verdict] as () => ReportData)())
        expectGolden(join(FILES, verdict, name), withoutDrawings(text))
      })

  const room = { width: 860 }
  const { report, timeline, clients, curves } = smallDrill()
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

test('rendering twice gives the same bytes, whatever was rendered in between', () => {
  const first = renderers.map(({ render: one }) => one(smallDrill()))
  render('report.html', losingDrill())
  expect(renderers.map(({ render: one }) => one(smallDrill()))).toEqual(first)
})

describe('report.json', () => {
  test('has a published schema that is up to date, laid out as the formatter wants it', () =>
    expectGolden(SCHEMA_FILE, renderReportSchema()))

  for (const [name, drill] of Object.entries(drills))
    test(`of a drill that was ${name} is accepted by the published schema`, () => {
      const parsed = z.fromJSONSchema(publishedSchema()).safeParse(JSON.parse(render('report.json', drill())))
      expect(parsed.error?.issues ?? []).toEqual([])
      expect(reportSchema.parse(JSON.parse(render('report.json', drill())))).toEqual(drill().report)
    })

  test('with a field of another type is refused by the published schema', () => {
    const wrong = { ...smallDrill().report, ledger: { ...smallDrill().report.ledger, lost: 'none' } }
    expect(z.fromJSONSchema(publishedSchema()).safeParse(wrong).success).toBe(false)
  })
})

describe('a report computed from a simulated drill', () => {
  for (const verdict of VERDICTS)
    test(`that ends in ${verdict} follows the schema and accounts for every number on its page`, async () => {
      const { report, charts } = await sample({ verdict, history: 6 })
      expect(report.verdict).toBe(verdict)
      expect(z.fromJSONSchema(publishedSchema()).safeParse(JSON.parse(JSON.stringify(report))).error).toBeUndefined()
      const known = accountedFor(report)
      const shown = numbersIn(visibleText(render('report.html', { report, ...charts })))
      expect([...new Set(shown.filter((number) => !known.has(number)))]).toEqual([])
    })
})

describe('report.html', () => {
  const everyDrill = { ...drills, long: longDrill, default: () => passingDrill() }

  for (const [name, drill] of Object.entries(everyDrill))
    test(`shows no number that report.json cannot account for (${name})`, () => {
      const data = drill()
      const known = accountedFor(data.report)
      const strangers = numbersIn(visibleText(render('report.html', data))).filter((number) => !known.has(number))
      expect([...new Set(strangers)]).toEqual([])
    })

  test('would be caught showing a number that report.json does not have', () => {
    const known = accountedFor(smallDrill().report)
    expect(numbersIn('back in 77.31 s').every((number) => known.has(number))).toBe(false)
  })

  test('says what was not measured, and never shows it as 0', () => {
    const text = visibleText(render('report.html', abortedDrill()))
    expect(text).toMatch(/Recovery time\s+not measured/)
    expect(text).toMatch(/lost: acknowledged, absent\s+not measured/)
    expect(text).not.toMatch(/NaN|undefined|null|Infinity/)
  })

  test('has its thirteen parts in order', () => {
    const html = render('report.html', smallDrill())
    const headings = [...html.matchAll(/<section id="([^"]+)"/g)].map(([, id]) => id)
    expect(headings).toEqual([
      'criteria',
      'waterfall',
      'timeline',
      'clients',
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

  test('reaches for nothing outside itself and runs nothing', () => {
    const html = render('report.html', losingDrill())
    expect(html).not.toMatch(/<script|<link|<iframe|<img|@import|url\(https?:|\son\w+=/i)
    expect(
      [...html.matchAll(/(?:src|href)="(?!#)([^"]*)"/g)].map(([, to]) => to).filter((to) => to?.includes(':')),
    ).toEqual([])
  })

  test('shows text from outside as text', () => {
    const html = render('report.html', smallDrill())
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
    expect(html).not.toContain('<script>alert(1)')
  })

  test('has every id once', () => {
    const ids = [...render('report.html', smallDrill()).matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id)
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([])
  })

  test('of the default drill is under 1 MB, and of five hours on 16 containers under 3 MB', () => {
    expect(render('report.html', passingDrill()).length).toBeLessThan(1_000_000)
    expect(render('report.html', longDrill()).length).toBeLessThan(3_000_000)
  })
})

test('a sum that does not add up is said so on the page', () => {
  const data = smallDrill()
  const wrong = {
    ...data,
    report: { ...data.report, ledger: { ...data.report.ledger, missed: data.report.ledger.missed + 1 } },
  }
  expect(visibleText(render('report.html', wrong))).toContain('does not add up')
  expect(visibleText(render('report.html', data))).not.toContain('does not add up')
})
