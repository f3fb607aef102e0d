/** `npm run drill -- --repeat`: whole campaigns on real servers, to the end, and aborted in the second drill. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type CampaignReport, campaignReportSchema } from '../../functions/model/campaign/report.ts'
import { type Report, reportSchema } from '../../functions/model/report.ts'
import { RESULT_FILES } from '../../infra/local/cli/drill-result.ts'
import { MODEST } from '../support/drill-expectations.ts'
import { type DrillRun, startDrillCommand } from '../support/drill-run.ts'
import { argumentsOf } from '../support/guides/runs.ts'
import { processesOf, stackFolders } from '../support/leaks.ts'
import { timeouts } from '../support/timeouts.ts'

const SHORT = ['--target-tps', '120', '--workers', '8', '--duration', '20', '--failover-at', '8', ...MODEST]
const THREE = argumentsOf('npm run drill -- --repeat 3 --gap 5')
const OVER_DRILLS = ['--campaign-criteria', 'recovery_time_s[max] <= 120; drills_passed == 3']

interface FinishedCampaign {
  readonly code: number | null
  readonly output: string
  readonly report: CampaignReport
  readonly drills: readonly Report[]
}

async function finished({ command, out, stateFolder, stackId }: DrillRun): Promise<FinishedCampaign> {
  const { code, output } = await command.ended
  expect(stackFolders(stateFolder)).toEqual([])
  expect(processesOf(stackId() ?? '')).toEqual([])
  const [campaignId = ''] = readdirSync(out)
  const folder = join(out, campaignId)
  const read = (...path: string[]): unknown => JSON.parse(readFileSync(join(folder, ...path), 'utf8'))
  const report = campaignReportSchema.parse(read('report.json'))
  expect(report.campaignId).toBe(campaignId)
  const kept = report.drills.filter(({ hasReport }) => hasReport)
  expect(readdirSync(folder).sort()).toEqual([
    ...kept.map(({ drillId }) => drillId),
    'junit.xml',
    'report.html',
    'report.json',
    'report.md',
  ])
  for (const { drillId } of kept)
    expect(readdirSync(join(folder, drillId))).toEqual(expect.arrayContaining([...RESULT_FILES]))
  const page = readFileSync(join(folder, 'report.html'), 'utf8')
  const links = [...page.matchAll(/<a href="([^"#]+)"/g)].map(([, href]) => href ?? '')
  expect(links.length).toBeGreaterThan(kept.length)
  for (const link of links) expect(existsSync(join(folder, link)), link).toBe(true)
  return { code, output, report, drills: kept.map(({ drillId }) => reportSchema.parse(read(drillId, 'report.json'))) }
}

/** A machine that is too busy to send on time, or lets a generator stand still, measures nothing, and then the drill says so. */
const isExcused = ({ generator, events }: Report): boolean =>
  generator.wasTheLimit === true || events.some(({ watched, notMeasuredWhy }) => !watched || notMeasuredWhy !== null)

test('three drills of one request run one after the other, and the campaign has the distribution of their figures', {
  timeout: 3 * timeouts.drillMs,
}, async () => {
  const { code, output, report, drills } = await finished(startDrillCommand([...THREE, ...OVER_DRILLS, ...SHORT]))
  const isMeasured = drills.map((drill) => !isExcused(drill))
  const [wanted, exit] = isMeasured.every(Boolean) ? ['PASS', 0] : ['INCONCLUSIVE', 3]
  expect([report.verdict, code], output).toEqual([wanted, exit])
  expect(report.drills.map(({ state }) => state)).toEqual(
    isMeasured.map((measured) => (measured ? 'measured' : 'inconclusive')),
  )
  const timelines = drills.map(({ eventsProof: { before, after } }) => [before?.timeline, after?.timeline])
  expect(timelines).toEqual([
    [1, 2],
    [2, 3],
    [3, 4],
  ])
  const times = drills.map(({ recovery }, i) => (isMeasured[i] ? recovery.recoveryTimeSeconds : null))
  const figure = report.figures.find(({ id }) => id === 'recovery_time_s')
  expect(figure?.points.map(({ value }) => value)).toEqual(times)
  const known = times.filter((seconds) => seconds !== null).sort((one, other) => one - other)
  expect([figure?.drills, figure?.min.value, figure?.max.value]).toEqual([
    known.length,
    known[0] ?? null,
    known.at(-1) ?? null,
  ])
  for (const [i, drill] of drills.slice(1).entries())
    expect(Date.parse(drill.startedAt) - Date.parse(drills[i]?.endedAt ?? '')).toBeGreaterThan(2_000)
  expect(output).toMatch(/Drill 2 of 3: campaign-\S+-2/)
})

test('Ctrl-C in the second drill aborts that drill and the campaign, which reports what is known', {
  timeout: 2 * timeouts.drillMs,
}, async () => {
  const run = startDrillCommand([...THREE, ...SHORT])
  await run.command.printed(/Drill 2 of 3: [\s\S]*baseline +load/, timeouts.drillMs)
  run.command.signal('SIGINT')
  const { code, output, report, drills } = await finished(run)
  expect([code, report.verdict], output).toEqual([3, 'ABORTED'])
  const isMeasured = !isExcused(drills[0] as Report)
  expect(report.drills.map(({ state, verdict }) => [state, verdict])).toEqual([
    isMeasured ? ['measured', 'PASS'] : ['inconclusive', 'INCONCLUSIVE'],
    ['aborted', 'ABORTED'],
    ['not run', null],
  ])
  expect(report.figures.find(({ id }) => id === 'recovery_time_s')).toMatchObject({ drills: isMeasured ? 1 : 0 })
})
