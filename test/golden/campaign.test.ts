import { join } from 'node:path'
import { expect, test } from 'vitest'
import { pointWord } from '../../functions/model/campaign/campaign.ts'
import { type CampaignReport, campaignReportSchema } from '../../functions/model/campaign/report.ts'
import { renderCampaignMarkdown } from '../../functions/render/campaign/markdown.ts'
import { besideFolders, renderCampaign } from '../../functions/render/campaign/page.ts'
import { renderCampaignJunit } from '../../functions/render/junit/campaign.ts'
import { campaignResultLine } from '../../functions/render/log-lines.ts'
import { expectGolden } from '../support/golden.ts'
import { abortedCampaign, mixedCampaign, notStartedCampaign, passedCampaign } from './campaigns.ts'

const FILES = join(import.meta.dirname, 'files')
const campaigns = { mixed: await mixedCampaign(), passed: await passedCampaign(), aborted: await abortedCampaign() }
const withoutStyle = (page: string): string => page.replace(/<style>[\s\S]*?<\/style>/, '<style/>')
const textOf = (page: string): string =>
  withoutStyle(page)
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ')

for (const [name, report] of Object.entries(campaigns)) {
  test(`the page of a campaign that is ${name} is as accepted`, () =>
    expectGolden(join(FILES, 'campaign', `${name}.html`), withoutStyle(renderCampaign(report))))

  test(`the summary of a campaign that is ${name} is as accepted`, () =>
    expectGolden(join(FILES, 'campaign', `${name}.md`), renderCampaignMarkdown(report)))

  test(`the report of a campaign that is ${name} has the published shape, and its drills add up`, () => {
    expect(campaignReportSchema.parse(report)).toEqual(report)
    expect(Object.values(report.counts).reduce((sum, count) => sum + count, 0)).toBe(report.planned)
    for (const { points } of report.figures)
      expect(points.map(({ drill }) => drill)).toEqual(report.drills.map(({ number }) => number))
  })
}

test('a drill that did not start is NOT STARTED in every format, as in the list of drills', async () => {
  const report = await notStartedCampaign()
  const { drillId } = report.drills[1] as CampaignReport['drills'][number]
  const ownWords = {
    markdown: renderCampaignMarkdown(report)
      .split('\n')
      .find((line) => line.startsWith(`| \`${drillId}\``)),
    page: renderCampaign(report)
      .split('\n')
      .find((line) => line.includes('id="drill-2"')),
    junit: renderCampaignJunit(report).split(`name="${drillId}"`)[1]?.split('</testcase>')[0],
    objective: report.criteria.find(({ id }) => id === 'drills_passed')?.why,
  }
  for (const [format, words] of Object.entries(ownWords)) {
    expect([format, words]).toEqual([format, expect.stringContaining('NOT STARTED')])
    expect([format, words]).toEqual([format, expect.not.stringContaining('INCONCLUSIVE')])
  }
  // One that was given up has no report: its state alone says it.
  const givenUp = { state: 'not started', verdict: null, stoppedBy: null } as const
  expect(pointWord(givenUp)).toBe('NOT STARTED')
})

test('each point of a distribution is a link to the report of its drill', () => {
  const { mixed } = campaigns
  const page = renderCampaign(mixed)
  const [strip = ''] = page.match(/<svg class="strip"[\s\S]*?<\/svg>/) ?? []
  expect(
    [...strip.matchAll(/<a href="([^"]+)" aria-label="([^"]+)"/g)].map(([, href, label]) => [href, label]),
  ).toEqual([
    [`../drills/${mixed.campaignId}-1/report?format=html`, 'Drill 1: 7.21 s'],
    [`../drills/${mixed.campaignId}-2/report?format=html`, 'Drill 2: 9.84 s'],
    [`../drills/${mixed.campaignId}-4/report?format=html`, 'Drill 4: 21.4 s or more'],
    [`../drills/${mixed.campaignId}-5/report?format=html`, 'Drill 5: not back while the load ran'],
  ])
  expect(renderCampaign(mixed, besideFolders)).toContain(`<a href="${mixed.campaignId}-1/report.html"`)
})

test('text from outside is neither markup nor a link, a mention or a row of a table in the summary', () => {
  const { mixed } = campaigns
  const evil = 'x | y\n# z <b>[a](http://evil)</b> `c` @team'
  const safe = 'x \\| y \\# z \\<b\\>\\[a\\](http://evil)\\</b\\> \\`c\\` @\u200bteam'
  const [first] = mixed.drills
  const summary = renderCampaignMarkdown({
    ...mixed,
    headline: evil,
    reasons: [evil],
    note: evil,
    server: evil,
    what: evil,
    drills: first === undefined ? [] : [{ ...first, headline: evil, why: evil }],
    criteria: mixed.criteria.map((row) => ({ ...row, why: evil })),
  })
  expect(summary).not.toContain(evil)
  expect(summary.match(/@team|<b>|\[a\]\(|x \| y/g)).toBeNull()
  for (const line of [`: ${safe}`, `- ${safe}`, `- Note: ${safe}`, `- Server: ${safe}`, `- Each drill: ${safe}`])
    expect(summary).toContain(line)
})

test('what was not measured says so, and no figure of it is 0', () => {
  const { mixed } = campaigns
  const { figures } = mixed
  const recovery = figures.find(({ id }) => id === 'recovery_time_s')
  expect([recovery?.drills, recovery?.min.words, recovery?.median.words, recovery?.max.words]).toEqual([
    4,
    '7.21 s',
    '≥ 15.6 s',
    'not back',
  ])
  const text = textOf(renderCampaign(mixed))
  expect(text).toContain('not measured in drill 3 (inconclusive), drill 6 (without a report), drill 7 (not run)')
  expect(text).toContain('Drill 7 campaign-20260302-0200-7 not run')
  expect(text).toContain('It ended without a report: the blob storage does not answer.')
  expect(text).not.toMatch(/percentile (of|p\d)|p9[059] of the drills/i)
})

test('the headline says how many drills there were, what they measured and what was lost', () => {
  expect(Object.fromEntries(Object.entries(campaigns).map(([name, { headline }]) => [name, headline]))).toEqual({
    passed: '5 drills of pg-orders, all passed: recovery time 6.88 s to 7.94 s, median 7.21 s; no commit lost.',
    mixed:
      '6 of 7 drills of pg-orders, 2 passed, 2 failed, 1 inconclusive, 1 without a report: recovery time 7.21 s at best, no recovery in 1 drill (4 of 7 drills); up to 3 commits lost in a drill (4 of 7 drills).',
    aborted:
      'Campaign aborted: 2 of 5 drills of pg-orders, 1 passed, 1 aborted: recovery time 7.20 s in the one drill that measured it; no commit lost (1 of 5 drills).',
  })
})

test('the line of the log holds exact figures, and null for those that are only known to be above', () => {
  const of = (name: keyof typeof campaigns) => {
    const line = campaignResultLine(campaigns[name])
    return JSON.parse(line.slice(line.indexOf(' ')))
  }
  expect(of('passed')).toEqual({
    campaignId: 'campaign-20260302-0200',
    server: 'pg-orders',
    verdict: 'PASS',
    headline: campaigns.passed.headline,
    planned: 5,
    measured: 5,
    passed: 5,
    recoveryTimeSeconds: { min: 6.88, median: 7.21, max: 7.94 },
    lostMax: 0,
  })
  expect(of('mixed')).toMatchObject({
    verdict: 'FAIL',
    recoveryTimeSeconds: { min: 7.21, median: null, max: null },
    lostMax: expect.any(Number),
  })
})
