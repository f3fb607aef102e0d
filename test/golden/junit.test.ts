import { describe, expect, test } from 'vitest'
import type { CampaignReport } from '../../functions/model/campaign/report.ts'
import type { Report, Verdict } from '../../functions/model/report.ts'
import { renderCampaignJunit } from '../../functions/render/junit/campaign.ts'
import { renderJunit } from '../../functions/render/junit/drill.ts'
import { breachesOf, casesOf, isGreen, parseXml, resultsOf } from '../support/junit.ts'
import { playRequest } from '../support/play-drill.ts'
import { abortedCampaign, mixedCampaign, passedCampaign } from './campaigns.ts'
import { sampleReport } from './samples.ts'

const VERDICTS = ['PASS', 'FAIL', 'INCONCLUSIVE', 'ABORTED'] as const satisfies readonly Verdict[]
const reports = Object.fromEntries(
  await Promise.all(VERDICTS.map(async (verdict) => [verdict, await sampleReport(verdict)])),
) as Record<Verdict, Report>
const campaigns: Readonly<Record<string, CampaignReport>> = {
  mixed: await mixedCampaign(),
  passed: await passedCampaign(),
  aborted: await abortedCampaign(),
}
const notStarted = (await playRequest({}, { imageExists: false })).report as Report

const rendered = (report: Report) => parseXml(renderJunit(report))

describe('junit.xml of a drill', () => {
  for (const verdict of VERDICTS) {
    test(`that is ${verdict} follows the schema`, () => expect(breachesOf(rendered(reports[verdict]))).toEqual([]))

    test(`that is ${verdict} is ${verdict === 'PASS' ? 'green' : 'not green'}`, () =>
      expect(isGreen(rendered(reports[verdict]))).toBe(verdict === 'PASS'))
  }

  test('counts its cases', () => {
    const root = rendered(reports.FAIL)
    const [{ attributes } = { attributes: {} as Record<string, string> }] = root.children
    const results = casesOf(root).map((one) => one.children[0]?.name ?? 'passed')
    const times = (result: string) => String(results.filter((one) => one === result).length)
    expect([attributes.tests, attributes.failures, attributes.errors, attributes.skipped]).toEqual([
      String(results.length),
      times('failure'),
      times('error'),
      times('skipped'),
    ])
  })

  test('has a failure with the figure and the limit for each missed criterion', () => {
    const { criteria } = reports.FAIL
    const missed = criteria.find(({ id }) => id === 'lost_commits')
    const found = casesOf(rendered(reports.FAIL)).find(({ attributes }) => attributes.name === missed?.objective)
    expect(missed?.measured).toBeGreaterThan(0)
    expect(found?.children[0]?.name).toBe('failure')
    expect(found?.children[0]?.attributes.message).toContain(`lost_commits == 0: measured ${missed?.measured}`)
  })

  test('is not green where every criterion is met and the events are not proven', () => {
    const met = reports.PASS.criteria.filter(({ verdict }) => verdict === 'pass')
    const unproven: Report = { ...reports.PASS, criteria: met, verdict: 'INCONCLUSIVE', reasons: ['No proof.'] }
    expect(resultsOf(rendered(unproven))).toMatchObject({ verdict: 'error', [String(met[0]?.objective)]: 'passed' })
    expect(isGreen(rendered(unproven))).toBe(false)
  })

  test('is green where a criterion that decides nothing was not measured', () => {
    const [first, ...rest] = reports.PASS.criteria
    const context: Report = {
      ...reports.PASS,
      criteria: [{ ...(first as typeof first & object), verdict: 'unknown' }, ...rest],
    }
    expect(resultsOf(rendered(context))[String(first?.objective)]).toBe('skipped')
    expect(isGreen(rendered(context))).toBe(true)
  })

  test('that did not start names the failed check, and skips what could not be measured', () => {
    expect(notStarted.ledger.intended).toBe(0)
    const root = rendered(notStarted)
    const results = resultsOf(root)
    expect(breachesOf(root)).toEqual([])
    expect(isGreen(root)).toBe(false)
    expect(results).toMatchObject({ verdict: 'error', image: 'error' })
    for (const { objective } of notStarted.criteria)
      expect([objective, results[objective]]).toEqual([objective, 'skipped'])
  })

  test('escapes what is markup, and leaves out what XML cannot hold', () => {
    const evil = 'a<b>&"\'\u0000\u0007\u001b[31m\ufffe\ud800 ]]> \u{1f600}'
    const root = rendered({ ...reports.FAIL, headline: evil, reasons: [evil], setup: { Server: 'pg', Note: evil } })
    expect(breachesOf(root)).toEqual([])
    const text = casesOf(root)[0]?.children[0]?.text ?? ''
    const written = renderJunit({ ...reports.FAIL, headline: evil })
    const isForbidden = (code: number) => code === 0xfffe || (code < 0x20 && code !== 0x0a)
    expect([...written].filter((character) => isForbidden(character.codePointAt(0) ?? 0))).toEqual([])
    expect(text).toContain('a<b>&"\'[31m ]]> \u{1f600}')
  })
})

describe('junit.xml of a campaign', () => {
  for (const [name, report] of Object.entries(campaigns)) {
    test(`that is ${name} follows the schema, and is green only for PASS`, () => {
      const root = parseXml(renderCampaignJunit(report))
      expect(breachesOf(root)).toEqual([])
      expect(isGreen(root)).toBe(report.verdict === 'PASS')
    })
  }

  test('has a case for each drill', () => {
    const { drills } = campaigns.mixed as CampaignReport
    const results = resultsOf(parseXml(renderCampaignJunit(campaigns.mixed as CampaignReport)))
    for (const { drillId, verdict } of drills)
      expect([drillId, results[drillId]]).toEqual([
        drillId,
        { PASS: 'passed', FAIL: 'failure' }[String(verdict)] ?? 'error',
      ])
  })
})

test('a breach of the schema is found', () => {
  const xml = renderJunit(reports.PASS)
    .replace(/ hostname="[^"]*"/, '')
    .replace('<system-err></system-err>', '')
  expect(breachesOf(parseXml(xml))).toEqual([
    'testsuites/testsuite[0]: hostname is missing',
    'testsuites/testsuite[0]: system-err occurs 0 times',
  ])
})
