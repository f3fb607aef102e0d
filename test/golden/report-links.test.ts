/** What a reader can point others to, and copy, in a report and in a campaign's report. */
import { describe, expect, test } from 'vitest'
import { besideFolders, renderCampaign } from '../../functions/render/campaign/page.ts'
import { idsOf } from '../../functions/render/html/elements/anchors.ts'
import { renderHtml } from '../../functions/render/html/page.ts'
import type { ReportData } from '../../functions/render/text/report-data.ts'
import { aDrillPlan, someLoad } from '../support/builders.ts'
import { CHANGES, watched } from '../support/kinds-of-events.ts'
import { aRun, assembledOf } from '../support/world.ts'
import { mixedCampaign } from './campaigns.ts'
import { sample } from './samples.ts'

/** A drill that watched two events of others. */
async function twoEvents(): Promise<ReportData> {
  const evidence = watched([57, { ...CHANGES.failover, haState: 'ReplicatingData' }], [80, { haState: 'Healthy' }])
  const troubles = [
    { atSeconds: 25.35, seconds: 3, kind: 'pause' as const },
    { atSeconds: 50.35, seconds: 6, kind: 'failover' as const },
  ]
  const plan = aDrillPlan({ load: someLoad(), events: [evidence.planned] })
  const { report, charts } = await assembledOf(aRun({ troubles }), { plan, events: [evidence], journal: [] })
  return { report, ...charts }
}

const pass = await sample('PASS')
const drills: Readonly<Record<string, ReportData>> = {
  pass,
  lost: await sample('FAIL'),
  inconclusive: await sample('INCONCLUSIVE'),
  aborted: await sample('ABORTED'),
  'not started': await sample('NOT STARTED'),
  'two events': await twoEvents(),
}
const pages: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(drills).map(([name, data]) => [name, renderHtml(data)])),
  campaign: renderCampaign(await mixedCampaign(), besideFolders),
}
const page = pages.pass as string

const matches = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, first]) => first ?? '')
const idsIn = (text: string): string[] => matches(text, /\sid="([^"]+)"/g)
const linksIn = (text: string): string[] => matches(text, /<a class="anchor" href="#([^"]+)"/g)

describe.each(Object.entries(pages))('the page of %s', (_, text) => {
  test('has every id once, and each link leads to an id of its own', () => {
    const ids = idsIn(text)
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([])
    const links = linksIn(text)
    expect(links.filter((id) => !ids.includes(id))).toEqual([])
    expect(links.filter((id, index) => links.indexOf(id) !== index)).toEqual([])
    expect(ids.filter((id) => !/^[\p{L}\p{N}_.-]+$/u.test(id))).toEqual([])
  })

  test('has a link to each part, chart, heading, table and folded part', () => {
    const links = linksIn(text)
    for (const id of matches(text, /<section id="([^"]+)"/g)) expect(links).toContain(id)
    for (const kind of ['<figure', '<h2', '<h3', '<details', '<table']) {
      const without = text
        .split(kind)
        .slice(1)
        .filter((_, index) => !isLinked(text, kind, index))
      expect([kind, without.map((rest) => rest.slice(0, 90))]).toEqual([kind, []])
    }
  })
})

/** Beside it, around it, or above it in the same part. */
function isLinked(text: string, kind: string, index: number): boolean {
  let at = -1
  for (let found = 0; found <= index; found++) at = text.indexOf(kind, at + 1)
  const before = text.slice(0, at)
  if (kind === '<figure') return text.slice(at).indexOf('<a class="anchor"') < 60
  if (kind === '<details') return /<div class="fold"><a class="anchor"[^>]*><\/a>$/.test(before)
  if (kind === '<table') {
    const nearest = before.lastIndexOf('<a class="anchor"')
    return nearest > Math.max(before.lastIndexOf('</table>'), before.lastIndexOf('</figure>'))
  }
  return /^<h[23][^>]*>[^<]*<\/h[23]><a class="anchor"/.test(text.slice(at))
}

/** Others have these links in their tickets: an id that is renamed breaks them. */
test('the links of a drill that passed are those that a reader knows', () => {
  const links = linksIn(page)
  for (const id of [
    ...['recovery-time', 'commits-lost', 'worst-client', 'normal'],
    ...[
      'criterion-recovery_time_s',
      'criterion-p99_ms-baseline',
      'criterion-lost_commits',
      'service',
      'baseline-goodput',
    ],
    ...['event-1', 'figure-waterfall', 'moments', 'moment-t1', 'moment-t4', 'ways', 'outages'],
    ...[
      'figure-timeline',
      'phases',
      'metrics',
      'metric-cpu_percent',
      'figure-clients',
      'client-outage-p50',
      'longest-waits',
    ],
    ...[
      'application-checkout',
      'outages-of-checkout',
      'arrivals',
      'arrivals-missed',
      'rows',
      'rows-lost',
      'recovery-point',
    ],
    ...[
      'audits',
      'proof',
      'primary',
      'figure-latency',
      'percentiles',
      'latency-baseline-response',
      'error-57P01-transaction',
    ],
    ...[
      'containers',
      'container-0',
      'trend-recoveryTimeSeconds',
      'test',
      'checks-before',
      'check-server-sku',
      'checks-after',
    ],
    ...['steps', 'cost', 'containers-left'],
  ])
    expect(links).toContain(id)
  expect(links.filter((id) => id.startsWith('criterion-'))).toHaveLength(pass.report.criteria.length)
  expect(links.filter((id) => id.startsWith('check-'))).toHaveLength(pass.report.checklist.length)
})

test('each of several events has a link', () => {
  const { report } = drills['two events'] as ReportData
  expect(report.events.length).toBeGreaterThan(1)
  const links = linksIn(pages['two events'] as string)
  expect(links.filter((id) => /^event-\d+$/.test(id))).toEqual(report.events.map(({ number }) => `event-${number}`))
})

test('a criterion keeps its link when its limit changes, and two about one figure have one each', () => {
  const [first] = pass.report.criteria.filter(({ id }) => id === 'recovery_time_s')
  if (first === undefined) throw new Error('no such criterion')
  const criteria = [
    { ...first, objective: 'recovery_time_s < 30' },
    { ...first, objective: 'recovery_time_s < 5' },
  ]
  const links = linksIn(renderHtml({ ...pass, report: { ...pass.report, criteria } }))
  expect(links.filter((id) => id.startsWith('criterion-'))).toEqual([
    'criterion-recovery_time_s',
    'criterion-recovery_time_s-2',
  ])
})

test.each([
  [
    ['checkout', 'Checkout'],
    ['x-checkout', 'x-Checkout'],
  ],
  [
    ['a b', 'a/b', 'a-b'],
    ['x-a-b', 'x-a-b-2', 'x-a-b-3'],
  ],
  [
    ['a', 'a-2', 'a'],
    ['x-a', 'x-a-2', 'x-a-3'],
  ],
  [['größe [p99]'], ['x-größe-p99']],
  [['<"\'>'], ['x-']],
])('the ids of %j are %j', (names, ids) => {
  expect(idsOf('x', names)).toEqual(ids)
})

test("each headline figure and each criterion's measured value has its words to copy", () => {
  const copies = matches(page, /data-copy="([^"]+)"/g)
  const { criteria } = pass.report
  expect(copies).toHaveLength(4 + criteria.length)
  expect(copies.slice(0, 2)).toEqual(['Recovery time: 7.20 s', 'Commits lost: 0'])
  expect(copies).toContain('recovery_time_s &lt; 120: 7.20 s')
  expect(matches(pages['not started'] as string, /data-copy="([^"]+)"/g)).toEqual([])
})
