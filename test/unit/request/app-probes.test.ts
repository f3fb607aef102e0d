import { expect, test } from 'vitest'
import { parseCampaign } from '../../../functions/request/campaign.ts'
import { type ParsedRequest, parseRequest } from '../../../functions/request/request.ts'
import { requestsTo } from '../../support/builders.ts'

const probes = {
  allowlist: ['https://shop.example.com/api'],
  secretSettings: ['PROBE_SECRET_CHECKOUT_TOKEN', 'PROBE_SECRET_ORDER'],
}
const target = { resourceGroup: 'rg', server: 'pg', database: 'app' }
const context = {
  drillId: 'drill-1',
  requestedAt: '2026-01-01T00:00:00.000Z',
  requestedBy: 'http',
  defaults: { ...requestsTo(target), probes },
} as const

const URL = 'https://shop.example.com/api/checkout'
const parse = (body: object, own = context): ParsedRequest => parseRequest(body, own)
const problemsOf = (body: object, own = context) => {
  const parsed = parse(body, own)
  return parsed.ok ? [] : parsed.problems
}
const fieldsOf = (body: object): string[] => problemsOf(body).map(({ field }) => field)

test('a probe has a name and a URL, and the rest by default', () => {
  const parsed = parse({ probes: [{ name: 'checkout', url: URL }] })
  expect(parsed.ok && parsed.plan.probes).toEqual([
    {
      name: 'checkout',
      url: URL,
      method: 'GET',
      expectStatus: 200,
      everyMs: 250,
      timeoutMs: 2_000,
      headers: {},
      body: null,
    },
  ])
})

test('every bad field of every probe is named, with what was expected and without a value', () => {
  const problems = problemsOf({
    probes: [
      { name: '1st', url: 'https://user:qxzjvk77@shop.example.com/api', everyMs: 10, timeoutMs: 0.5, expectStatus: 99 },
      { name: 'b', url: URL, method: 'BREW', headers: { host: 'a' }, body: 'no spaces here', retries: 3 },
    ],
  })
  expect(problems.map(({ field }) => field)).toEqual([
    'probes[0].name',
    'probes[0].url',
    'probes[0].expectStatus',
    'probes[0].everyMs',
    'probes[0].timeoutMs',
    'probes[1].method',
    'probes[1].headers.host',
    'probes[1].body',
    'probes[1].retries',
  ])
  expect(problems.every(({ expected }) => expected.length > 3)).toBe(true)
  expect(JSON.stringify(problems)).not.toContain('qxzjvk')
})

test.each([
  'https://shop.example.com/admin',
  'https://shop.example.com/api/../admin',
  'https://evil.example/api',
  'http://shop.example.com/api',
  'https://shop.example.com:444/api',
  'http://169.254.169.254/metadata/identity/oauth2/token',
])('%s is refused, because the setting does not allow it', (url) => {
  const [problem, ...others] = problemsOf({ probes: [{ name: 'a', url }] })
  expect(others).toEqual([])
  expect(problem).toMatchObject({ field: 'probes[0].url' })
  expect(problem?.problem).toContain('PROBE_URL_ALLOWLIST')
  expect(problem?.expected).toBe('a URL inside one of https://shop.example.com/api')
})

test('an app without the setting allows no probe, and says so', () => {
  const { probes: _, ...defaults } = context.defaults
  const parsed = parseRequest({ probes: [{ name: 'a', url: URL }] }, { ...context, defaults })
  expect(!parsed.ok && parsed.problems[0]?.expected).toContain('that setting is empty')
})

test('headers and bodies name secrets that the app holds', () => {
  const probe = { name: 'a', url: URL, method: 'POST', headers: { authorization: 'checkout-token' }, body: 'order' }
  expect(fieldsOf({ probes: [probe] })).toEqual([])
  expect(fieldsOf({ probes: [{ ...probe, headers: { 'x-key': 'other' }, body: 'absent' }] })).toEqual([
    'probes[0].headers.x-key',
    'probes[0].body',
  ])
  expect(fieldsOf({ probes: [{ ...probe, method: 'GET' }] })).toEqual(['probes[0].body'])
})

test('names differ, the rate stays small, and not too many requests are under way', () => {
  const probe = { name: 'a', url: URL }
  expect(fieldsOf({ probes: [probe, probe] })).toEqual(['probes[1].name'])
  expect(fieldsOf({ probes: [{ ...probe, everyMs: 50, timeoutMs: 5_050 }] })).toEqual(['probes[0].timeoutMs'])
  expect(fieldsOf({ containers: 64, workers: 64, probes: [{ ...probe, everyMs: 50 }] })).toEqual(['probes'])
  expect(fieldsOf({ containers: 50, workers: 64, probes: [{ ...probe, everyMs: 50 }] })).toEqual([])
})

test('a criterion names a probe of the request', () => {
  const request = { probes: [{ name: 'checkout', url: URL }] }
  expect(
    fieldsOf({ ...request, criteria: ['app_outage_s[checkout] <= 60', 'app_availability[checkout] >= 99%'] }),
  ).toEqual([])
  expect(problemsOf({ ...request, criteria: ['recovery_time_s <= 60', 'app_outage_s[basket] <= 60'] })).toEqual([
    {
      field: 'criteria[1]',
      problem: 'names an application that the request does not probe',
      expected: 'one of the names in probes: checkout',
    },
  ])
  expect(problemsOf({ ...request, criteria: ['app_outage_s <= 60'] })[0]?.expected).toContain('app_outage_s[checkout]')
  expect(fieldsOf({ ...request, criteria: ['app_outage_s[checkout] <= 2 * app_outage_s[basket]'] })).toEqual([
    'criteria[0]',
  ])
  expect(fieldsOf({ criteria: ['app_recovery_s[checkout] <= 60'] })).toEqual(['criteria[0]'])
})

test('so does a criterion of a campaign', () => {
  const campaign = (criterion: string) =>
    parseCampaign(
      { drills: 2, criteria: [criterion], request: { probes: [{ name: 'checkout', url: URL }] } },
      { campaignId: 'campaign-1', requestedAt: context.requestedAt, defaults: context.defaults },
    )
  expect(campaign('app_outage_s[checkout][max] <= 60')).toMatchObject({ ok: true })
  expect(campaign('app_outage_s[basket][max] <= 60')).toMatchObject({ problems: [{ field: 'criteria[0]' }] })
})
