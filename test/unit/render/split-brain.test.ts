/** Split brain from the records of a played drill to everything that people and machines read of it. */
import { expect, test } from 'vitest'
import { drillBlobs } from '../../../functions/model/blob-paths.ts'
import type { Report } from '../../../functions/model/report.ts'
import { renderStaleWritesCsv } from '../../../functions/render/csv.ts'
import { renderHtml } from '../../../functions/render/html/page.ts'
import { drillResultLine } from '../../../functions/render/log-lines.ts'
import { renderMarkdown } from '../../../functions/render/markdown.ts'
import { aPlan, playDrill } from '../../support/play-drill.ts'
import { createWorld, usualCourse, type World } from '../../support/world/world.ts'

const CRITERION = 'split_brain_writes == 0'

async function played(oldLivesMs: number, criteria?: readonly string[], own: Parameters<typeof createWorld>[0] = {}) {
  const world = createWorld({ courses: [{ ...usualCourse, oldLivesMs }], ...own })
  await playDrill(
    world,
    aPlan({ targetTps: 40, workers: 4, ...(criteria && { criteria }) }, 'drill-1', world.clock.nowMs),
  )
  return { world, report: reportOf(world) }
}

const reportOf = ({ blobs }: World): Report => {
  const report = blobs.peek<Report>(drillBlobs.report('drill-1', 'report.json'))
  if (report === null) throw new Error('the drill left no report')
  return report
}

test('an old primary that takes writes after T2 is FAIL with a reason of its own, in every file', async () => {
  const { report } = await played(usualCourse.outageMs === null ? 0 : usualCourse.outageMs + 4_000)
  const [event] = report.events
  const sentence = event?.stalePrimary.sentence ?? ''
  const rows = event?.stalePrimary.rows ?? []
  expect(report.verdict).toBe('FAIL')
  expect(event?.stalePrimary).toMatchObject({ state: 'split brain', writes: rows.length, absent: rows.length })
  expect(rows.length).toBeGreaterThan(3)
  expect(sentence).toMatch(
    /^Split brain: the old primary acknowledged \d+ writes on timeline 1 in \d sessions?, .*; the audited primary has none of their rows\.$/,
  )
  expect(report.reasons[0]).toBe(sentence)
  expect(report.reasons[1]).toContain(`${CRITERION} was missed: ${rows.length}`)
  expect(report.headline).toContain(`writes on the old primary after T2 (${rows.length})`)
  const [, ...lines] = renderStaleWritesCsv(report).trim().split('\n')
  expect(lines).toEqual(
    rows.map((row) => [1, row.container, row.session, row.seq, 1, row.sentAt, row.acknowledgedAt, 'no'].join(',')),
  )
  const markdown = renderMarkdown(report)
  expect(markdown).toContain('## The old primary')
  expect(markdown).toContain(sentence)
  expect(markdown).toMatch(/\| 1 \| 0 \| 1 \| \d+ \| 1 \| [\d:.]+ \| [\d:.]+ \| no \|/)
  expect(renderHtml({ report, timeline: [], clients: [], curves: [], ledgerRanges: [], probes: [] })).toContain(
    'Writes that the old primary acknowledged after T2',
  )
  expect(
    JSON.parse(drillResultLine(report, { server: 'pg', resourceGroup: 'rg' }, 'final').replace(/^\S+ /, '')),
  ).toMatchObject({
    splitBrainWrites: rows.length,
  })
})

test('a failover that fences the old primary says so, and passes', async () => {
  const { report } = await played(0)
  expect([report.verdict, report.reasons]).toEqual(['PASS', []])
  expect(report.events[0]?.stalePrimary).toMatchObject({ state: 'none', writes: 0, rows: [] })
  expect(report.criteria).toContainEqual(expect.objectContaining({ objective: CRITERION, verdict: 'pass' }))
  expect(renderMarkdown(report)).toContain('The old primary acknowledged no write after T2')
  expect(renderStaleWritesCsv(report).trim().split('\n')).toHaveLength(1)
})

test('without a watch nothing is claimed: a PASS names it, and a request that states the objective is INCONCLUSIVE', async () => {
  const without = { generator: () => ({ hasStepProbe: false }) }
  const { report } = await played(60_000, undefined, without)
  const why = 'the load generators left no record of a watch'
  expect(report.verdict).toBe('PASS')
  expect(report.headline).toContain('Not measured: writes on the old primary after T2.')
  expect(report.caveats).toContain(`Event 1: whether the old primary took writes after T2 is not measured: ${why}.`)
  expect(
    JSON.parse(drillResultLine(report, { server: 'pg', resourceGroup: 'rg' }, 'final').replace(/^\S+ /, ''))
      .splitBrainWrites,
  ).toBeNull()
  const stated = await played(0, ['recovery_time_s <= 120', CRITERION], without)
  expect([stated.report.verdict, stated.report.reasons]).toEqual([
    'INCONCLUSIVE',
    [`${CRITERION} could not be judged: not measured: ${why}; exactly 0 wanted.`],
  ])
})

test('a request may accept some writes of the old primary, and must say how many', async () => {
  const { report } = await played(8_000, ['recovery_time_s <= 120', 'split_brain_writes <= 500'])
  expect(report.events[0]?.stalePrimary.state).toBe('split brain')
  expect([report.verdict, report.reasons]).toEqual(['PASS', []])
})
