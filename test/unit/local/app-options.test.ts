/** Options of a drill in an app: every field of the request, a file under them, and no option of the other place. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { requestSchema } from '../../../functions/request/request.ts'
import { campaignBody, parseDrillOptions, planOf, requestBody } from '../../../infra/local/cli/drill-body.ts'
import type { DrillOptions } from '../../../infra/local/cli/drill-options.ts'
import { inOptions, problemInOptions } from '../../../infra/local/cli/option-words.ts'
import { REQUEST_OPTIONS } from '../../../infra/local/cli/request-options.ts'
import { aFolder } from '../../support/folder.ts'

const APP = ['--app', 'https://func-drill.azurewebsites.net'] as const
const parse = (...args: string[]) => parseDrillOptions([...APP, ...args]) as DrillOptions
const bodyOf = (...args: string[]) => requestBody(parse(...args))

function problemsOf(...args: string[]): string[] {
  try {
    parseDrillOptions(args)
  } catch (error) {
    return (error as Error).message
      .split('\n')
      .slice(0, -1)
      .map((line) => line.trim())
  }
  return []
}

function aFile(content: unknown): string {
  const file = join(aFolder(), 'request.json')
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
  return file
}

/** Objects whose fields are options of their own. */
const INSIDE = ['target', 'containerSize', 'timing']

test('every field of the request has its option, and every such option is a field of the request', () => {
  const paths = Object.entries(requestSchema.shape).flatMap(([name, schema]) => {
    const inner = schema.unwrap()
    const forms = inner instanceof z.ZodUnion && INSIDE.includes(name) ? inner.options : [inner]
    return forms.flatMap((form) =>
      form instanceof z.ZodObject && INSIDE.includes(name)
        ? Object.keys(form.shape).map((field) => `${name}.${field}`)
        : [name],
    )
  })
  expect(Object.keys(REQUEST_OPTIONS).sort()).toEqual(paths.sort())
})

test('an app gets only what is given, and decides the rest itself', () => {
  expect(bodyOf()).toEqual({})
  expect(bodyOf('--migrate', '--server', 'pg-two', '--cpu', '4', '--memory-gb', '8', '--warmup-seconds', '9')).toEqual({
    migrate: true,
    target: { server: 'pg-two' },
    containerSize: { cpu: 4, memoryGb: 8 },
    timing: { warmupSeconds: 9 },
  })
  expect(bodyOf('--target', 'billing')).toEqual({ target: 'billing' })
  expect(bodyOf('--retry-unknown', 'false', '--profile', '[{"fromSecond":60,"factor":2,"shape":"step"}]')).toEqual({
    retryUnknown: false,
    profile: [{ fromSecond: 60, factor: 2, shape: 'step' }],
  })
})

test.each([
  [['--failover-mode', 'planned'], [{ atSeconds: 120, kind: 'failover', mode: 'planned' }]],
  [['--failover-mode', 'planned', '--duration', '200'], [{ atSeconds: 80, kind: 'failover', mode: 'planned' }]],
  [['--failover-at', '90'], [{ atSeconds: 90, kind: 'failover', mode: 'forced' }]],
  [['--failover-mode', 'none'], []],
  [
    ['--event', 'switchover:forced:pg-west:home@90'],
    [{ atSeconds: 90, kind: 'switchover', mode: 'forced', replica: 'pg-west', returnHome: true }],
  ],
  [
    ['--event', '{"kind":"scale","sku":"Standard_D8ds_v5","atSeconds":90}'],
    [{ atSeconds: 90, kind: 'scale', sku: 'Standard_D8ds_v5' }],
  ],
])('%j asks for %j', (args, events) => expect(bodyOf(...args)).toMatchObject({ events }))

test('options win over the file, field by field, and forced checks add up', () => {
  const file = aFile({
    targetTps: 50,
    note: 'of the file',
    timing: { warmupSeconds: 9, auditPauseSeconds: 1 },
    force: ['canary'],
  })
  expect(
    bodyOf('--request', file, '--target-tps', '60', '--audit-pause-seconds', '3', '--force', 'server-sku'),
  ).toEqual({
    targetTps: 60,
    note: 'of the file',
    timing: { warmupSeconds: 9, auditPauseSeconds: 3 },
    force: ['canary', 'server-sku'],
  })
})

test('a file serves a drill on this machine too, over the defaults of a small one', () => {
  const options = parseDrillOptions(['--request', aFile({ targetTps: 50, timing: { auditPauseSeconds: 4 } })])
  expect(requestBody(options as DrillOptions)).toMatchObject({
    targetTps: 50,
    workers: 20,
    events: [{ atSeconds: 15 }],
    timing: { auditPauseSeconds: 4, lateMetricsSeconds: 8 },
    force: ['server-sku', 'storage-iops'],
  })
})

test('a campaign in an app leaves the gap to it, unless one is given', () => {
  expect(campaignBody(parse('--repeat', '2', '--target-tps', '50'))).toEqual({ drills: 2, request: { targetTps: 50 } })
  expect(campaignBody(parse('--repeat', '2', '--gap', '90'))).toMatchObject({ gapMinutes: 1.5 })
  expect((parseDrillOptions(APP, 3) as DrillOptions).repeat).toBe(3)
})

test('the plan of the request is known before the app has it', () =>
  expect(planOf(parse('--duration', '400')).load).toMatchObject({ durationSeconds: 400, targetTps: 8_000 }))

test('probes of the caller are judged by the app alone, which has the list of what it allows', () => {
  const probe = { name: 'shop', url: 'https://shop.example/health', headers: { authorization: 'shop-token' } }
  expect(bodyOf('--probes', JSON.stringify([probe]), '--criteria', 'app_outage_s[shop] <= 60')).toMatchObject({
    probes: [{ url: 'https://shop.example/health' }],
  })
})

test('every bad option is named at once, also those that do not go together', () => {
  const args = [
    '--app',
    'https://u:kqzjxv0123@func.example',
    '--workers',
    'x',
    '--weather',
    '3',
    '--entra-client',
    'kqzjxv',
  ]
  const problems = problemsOf(...args, '--nonsense')
  expect(problems).toEqual([
    'unknown option',
    '--workers: expected a whole number from 1 to 5000, got a text of 1 character',
    '--app: expected an address without a login in it, got a text of 33 characters',
    '--entra-client: expected the client id of an application, a UUID, got a text of 6 characters',
    '--weather is for a drill on this machine, and not with --app',
    '--entra-client needs --entra',
  ])
  expect(problemsOf('--entra', '--patience', '5')).toEqual(['--entra needs --app', '--patience needs --app'])
})

test.each([
  [['--failover-at', '299'], /^--failover-at: a forced failover at 299 s in a load of 300 s/],
  [
    ['--event', 'switchover:forced@90'],
    /^--event, events\[0\]\.replica: got nothing; expected the name of a flexible server/,
  ],
  [['--cpu', '4'], /^--memory-gb: got nothing; expected a number from 0.5/],
  [['--workers', '1', '--containers', '2'], /^--workers: 1 workers for 2 containers/],
  [['--request', '/nowhere'], /^--request: expected a readable file with a JSON object, got a text of 8 characters/],
])('%j is refused before the app is asked', (args, problem) => expect(problemsOf(...APP, ...args)[0]).toMatch(problem))

test('a field that stands in the file alone is named by the file', () => {
  const file = aFile({ workers: 0, unknown: 1 })
  expect(problemsOf(...APP, '--request', file)).toEqual([
    '--request, workers: got 0; expected a whole number from 1 to 5000',
    expect.stringMatching(/^--request, unknown: unknown field; expected one of /),
  ])
  expect(problemsOf(...APP, '--request', aFile('[1]'))[0]).toContain('a readable file with a JSON object')
})

test.each([
  ['timing.warmupSeconds', '--warmup-seconds'],
  ['target.server', '--server'],
  ['criteria[1]', '--criteria'],
  ['probes[0].url', '--probes, probes[0].url'],
  ['events[0].mode', '--failover-at'],
  ['x', 'x'],
])('the problem of %s that the app finds is one of %s', (field, name) => {
  const options = parse('--warmup-seconds', '9')
  expect(problemInOptions(options, { field, problem: 'p', expected: 'e' })).toBe(`${name}: p; expected e`)
})

test.each([
  ['drills', '--repeat'],
  ['gapMinutes', '--gap'],
  ['criteria[0]', '--campaign-criteria'],
  ['request.criteria[0]', '--criteria'],
  ['request.timing.warmupSeconds', '--warmup-seconds'],
])('the problem of %s in a campaign is one of %s', (field, name) => {
  const options = parse('--repeat', '2')
  expect(problemInOptions(options, { field, problem: 'p', expected: 'e' })).toBe(`${name}: p; expected e`)
})

test.each([
  ['or a smaller timing.minBaselineSeconds for a short drill', 'or a smaller --min-baseline-seconds for a short drill'],
  ['the cool-down (request.timing.cooldownMinutes)', 'the cool-down (--cooldown-minutes)'],
  ['a limit that names the target, with targetTps 0', 'a limit that names the target, with --target-tps 0'],
  ['a figure of the ledger, with transactions "compat"', 'a figure of the ledger, with --transactions compat'],
  ['ask for the drill with "migrate": true', 'ask for the drill with --migrate'],
  [
    'at most 8 workers, events and transactions; a longer everyMs',
    'at most 8 workers, events and transactions; a longer everyMs',
  ],
  ['got "targetTps"', 'got "targetTps"'],
])('fields in the text %j are named by their options: %j', (text, words) => expect(inOptions(text)).toBe(words))

test('every field of a refused request that has an option is named by it, in the problem and in what was expected', () => {
  const refused = problemsOf(...APP, '--duration', '60', '--failover-at', '30', '--target-tps', '100')
  expect(refused).toEqual([
    '--failover-at: 23 s of steady load between the warm-up (7 s) and 30 s; expected at least 60 s, or a smaller --min-baseline-seconds for a short drill',
  ])
})

test('a problem of the file of --request keeps the names of its fields', () => {
  const file = aFile({ durationSeconds: 60, events: [{ kind: 'failover', mode: 'forced', atSeconds: 30 }] })
  expect(problemsOf(...APP, '--request', file)[0]).toMatch(/^--request, events: .* timing\.minBaselineSeconds/)
})
