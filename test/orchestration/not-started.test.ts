/** A drill whose load never starts says so, in every format, with what stopped it and what to do. */
import { expect, test } from 'vitest'
import { drillBlobs } from '../../functions/model/blob-paths.ts'
import { verdictWord } from '../../functions/model/early-end/stopped-by.ts'
import type { Report } from '../../functions/model/report.ts'
import { renderers } from '../../functions/render/formats.ts'
import { exitCodeOf, verdictLines } from '../../infra/local/cli/drill-result.ts'
import { entryOf } from '../support/index-entries.ts'
import { aPlan, criteria, type DrillPlayOptions, playDrill } from '../support/play-drill.ts'
import { createWorld, type World, type WorldOptions } from '../support/world/world.ts'

interface Case {
  readonly world?: WorldOptions
  readonly options?: DrillPlayOptions
  readonly phase: string
  readonly checks?: readonly string[]
  readonly headline: string
  readonly advice: RegExp
}

const small = { facts: { vCores: 2, availabilityZone: '2' } }
const refuse = () =>
  ({ kind: 'refused', reason: 'quota', code: 'ContainerGroupQuotaReached', message: 'no room' }) as const

const CASES: Readonly<Record<string, Case>> = {
  'two failed checks': {
    world: { server: small },
    phase: 'check',
    checks: ['server-sku', 'zones-differ'],
    headline: 'Not started: 2 of 35 checks failed: Server size, Zones of primary and standby.',
    advice: /override them with "force": \["server-sku", "zones-differ"\] in the request/,
  },
  'a check that cannot be made': {
    options: { overrides: { check: () => Promise.reject(new Error('storage is away')) } },
    phase: 'check',
    headline: 'Not started: check failed: storage is away.',
    advice: /^See the journal/,
  },
  'another drill that holds the server': {
    options: {
      overrides: { reserve: async () => ({ reserved: false, abort: null, detail: 'pg is held by drill x' }) },
    },
    phase: 'reserve',
    headline: 'Not started: pg is held by drill x.',
    advice: /^Wait until that drill has ended/,
  },
  'a refused container': {
    world: { groups: { refuse } },
    phase: 'provision',
    headline:
      'Not started: the platform started 0 of 2 containers of 2 vCPU and 4 GB and refused the rest (quota, ContainerGroupQuotaReached): no room.',
    advice: /more quota/,
  },
  'a container that is never ready': {
    world: { generator: (container) => ({ readyAfterMs: container === 1 ? null : 100 }) },
    phase: 'ready',
    headline: 'Not started: 1 of 2 ready after 90 s.',
    advice: /^See the logs of the load generators/,
  },
  'a container that dies before it is ready': {
    world: { generator: (container) => ({ failsToStart: container === 0 }) },
    phase: 'ready',
    headline: 'Not started: 0 of 2 ready; container 0 ended before it was ready (exit code 137):',
    advice: /last words/,
  },
}

const FORMATS: Readonly<Record<string, RegExp>> = {
  'report.html': /NOT STARTED[\s\S]*<h1>Not started: /,
  'report.md': /^# Not started: /,
  'report.json': /"stoppedBy": \{\n {4}"phase": /,
  'summary.json': /"stoppedBy": \{\n {4}"phase": /,
  'junit.xml': /name="verdict" value="NOT STARTED"[\s\S]*type="NOT STARTED"/,
  'timeline.csv': /^time_utc,.*\n[^,]+,,,"?Not started: /,
}

for (const [what, { world: options, options: play, phase, checks = [], headline, advice }] of Object.entries(CASES))
  test(`${what}: every format says that the drill did not start, and none has a figure`, async () => {
    const world = createWorld({ ...options, webhook: ['ok'] })
    const plan = aPlan({ criteria, timing: { readyTimeoutSeconds: 90 } })
    const { report, logged } = await playDrill(world, plan, { ...play, renderers })
    if (report === null) throw new Error('there is no report')
    expect(report.stoppedBy).toMatchObject({ phase, checks, advice: expect.stringMatching(advice) })
    expect(report.headline).toContain(headline)
    expect([report.verdict, verdictWord(report), exitCodeOf(report)]).toEqual(['INCONCLUSIVE', 'NOT STARTED', 2])
    expect([report.criteria, report.trend, world.server.posts, world.groups.alive]).toEqual([[], [], 0, []])
    for (const [name, words] of Object.entries(FORMATS)) expect(await fileOf(world, name), name).toMatch(words)
    expect((await fileOf(world, 'report.html')) + (await fileOf(world, 'report.md'))).not.toMatch(
      /not measured|Criteria|No history/,
    )
    const entry = entryOf(world, plan)
    expect(entry).toMatchObject({ stoppedBy: { phase, checks }, trend: null, headline: report.headline })
    expect(verdictLines(report).join('\n')).toContain(report.headline)
    const line = JSON.parse(logged.at(-1)?.replace(/^\S+ /, '') ?? '')
    expect(world.webhook.sent).toMatchObject([{ summary: report.headline, stoppedBy: { phase, checks } }])
    expect(line).toMatchObject({ word: 'NOT STARTED', stoppedBy: { phase, checks }, recoveryTimeSeconds: null })
  })

const fileOf = async (world: World, name: string): Promise<string> =>
  (await world.blobs.readText(drillBlobs.report('drill-1', name))) ?? ''

test('each failed check is shown with what was seen, wanted and advised, and the request that overrides it', async () => {
  const world = createWorld({ server: small })
  const { report } = await playDrill(world, aPlan({ criteria }), { renderers })
  const page = await fileOf(world, 'report.html')
  const row = report?.checklist.find(({ id }) => id === 'server-sku')
  for (const words of [row?.seen, row?.wanted, row?.advice]) expect(page).toContain(words)
  expect(page).toContain('&quot;force&quot;: [&quot;server-sku&quot;]')
  expect(report?.checklist.filter(({ when }) => when === 'after')).toEqual([])
  expect(verdictLines(report as Report).at(-1)).toBe('To run it all the same: --force server-sku --force zones-differ')
})

test('a check that was overridden is no reason, and a drill that started has no stoppedBy', async () => {
  const world = createWorld({ server: { facts: { vCores: 2 } } })
  const { report } = await playDrill(world, aPlan({ criteria, force: ['server-sku'] }))
  expect(report?.stoppedBy).toBeNull()
  expect(report?.verdict).toBe('PASS')
})
