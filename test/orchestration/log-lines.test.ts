/** The line that a drill leaves in the log, which alerts and the workbook are made of. */

import { expect, test } from 'vitest'
import type { Report } from '../../functions/model/report.ts'
import { DRILL_RESULT, type DrillResult, drillResultLine } from '../../functions/render/log-lines.ts'
import { aPlan, criteria, type DrillPlay, playDrill, playRequest as run } from '../support/play-drill.ts'
import { createWorld } from '../support/world/world.ts'

function linesOf({ logged }: Pick<DrillPlay, 'logged'>): DrillResult[] {
  return logged.map((line) => {
    expect(line.startsWith(`${DRILL_RESULT} {`)).toBe(true)
    return JSON.parse(line.slice(DRILL_RESULT.length + 1)) as DrillResult
  })
}

test('a drill with nothing late leaves one line, which says what its report says', async () => {
  const { logged, report } = await run()
  expect(logged).toEqual([drillResultLine(report as Report, { server: 'pg-under-test', resourceGroup: 'rg' }, 'final')])
  const { p50Ms, recoveryTimeSeconds, writeOutageSeconds } = linesOf({ logged })[0] as DrillResult
  for (const figure of [p50Ms, recoveryTimeSeconds, writeOutageSeconds]) expect(figure).toBeGreaterThan(0)
})

test('a report that is written again when late metrics are in has a line of its own, with another edition', async () => {
  const played = await run({ timing: { lateMetricsSeconds: 600 } }, { metricsLagMs: 300_000 })
  expect(linesOf(played).map(({ drillId, edition }) => [drillId, edition])).toEqual([
    ['drill-1', 'first'],
    ['drill-1', 'final'],
  ])
})

test('a verdict that late metrics change is in the final line', async () => {
  const request = { criteria: [...criteria, 'cpu_percent < 0.001%'], timing: { lateMetricsSeconds: 600 } }
  const played = await run(request, { metricsLagMs: 300_000 })
  expect(linesOf(played).map(({ edition, verdict }) => [edition, verdict])).toEqual([
    ['first', 'INCONCLUSIVE'],
    ['final', 'FAIL'],
  ])
})

test('a drill that ends at its check leaves a line without figures, and no zeros in their place', async () => {
  const [line] = linesOf(await run({}, { imageExists: false }))
  expect(line).toMatchObject({
    edition: 'final',
    verdict: 'INCONCLUSIVE',
    baselineTps: null,
    p50Ms: null,
    p95Ms: null,
    p99Ms: null,
    recoveryTimeSeconds: null,
    writeOutageSeconds: null,
    lost: null,
    t0: null,
    t1: null,
    t4: null,
  })
})

test('an activity that runs twice repeats its line word for word, under the same drill', async () => {
  const { logged } = await run({}, {}, { duplicate: (name) => name === 'writeReport' })
  expect(logged).toHaveLength(2)
  expect(new Set(logged).size).toBe(1)
})

test('when a file cannot be stored there is no line before the report that it speaks of', async () => {
  const world = createWorld()
  const write = world.blobs.write.bind(world.blobs)
  let refused = 0
  world.blobs.write = (name, ...rest) =>
    name.endsWith('report.json') && refused++ < 1 ? Promise.reject(new Error('busy')) : write(name, ...rest)
  const played = await playDrill(world, aPlan({ criteria }))
  expect([refused, played.logged.length]).toEqual([2, 1])
})
