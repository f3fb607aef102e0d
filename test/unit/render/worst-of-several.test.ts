/** A report of several events: every format names the same worst figure and its event, beside all of them. */
import { beforeAll, describe, expect, test } from 'vitest'
import type { DrillPlan } from '../../../functions/model/plan.ts'
import type { DrillEvent, Report } from '../../../functions/model/report.ts'
import { renderers } from '../../../functions/render/formats.ts'
import { drillResultLine } from '../../../functions/render/log-lines.ts'
import type { ReportData } from '../../../functions/render/text/report-data.ts'
import { reportedEntry } from '../../../functions/report-model/trend.ts'
import { seconds } from '../../../functions/units/units.ts'
import { verdictLines } from '../../../infra/local/cli/drill-result.ts'
import { visibleText } from '../../golden/numbers.ts'
import { aDrillPlan, someLoad, someTiming } from '../../support/builders.ts'
import { aRun, assembledOf, type RunOptions } from '../../support/world.ts'

const LENGTHS = [1.25, 9.35, 3.15]
const DURATION = 210

interface Drill {
  readonly plan: DrillPlan
  readonly data: ReportData
}

async function aDrill(lengths: readonly number[], options: Partial<RunOptions> = {}): Promise<Drill> {
  const run = aRun({
    load: { targetTps: 50, workers: 8, durationSeconds: DURATION, containers: 2 },
    troubles: lengths.map((length, i) => ({
      atSeconds: 30.4 + i * 60,
      seconds: length,
      kind: 'failover',
      arrivals: 'refused',
    })),
    ...options,
  })
  const plan = aDrillPlan({
    load: someLoad(run.load),
    timing: someTiming({ warmupSeconds: 5 }),
    events: lengths.map((_, i) => ({ atSeconds: 30 + i * 60, kind: 'failover', mode: 'forced' })),
    criteria: ['recovery_time_s <= 5', 'write_outage_s <= 5', 'worst_client_outage_s <= 60', 'lost_commits == 0'],
  })
  const { report, charts } = await assembledOf(run, { plan })
  return { plan, data: { report, ...charts } }
}

const file = ({ data }: Drill, name: string): string => renderers.find((one) => one.name === name)?.render(data) ?? ''
const objective = ({ criteria }: Report, id: string) => criteria.find((one) => one.id === id)

describe('three failovers, of which the second is the worst', () => {
  let drill: Drill
  let report: Report
  let worst: DrillEvent
  beforeAll(async () => {
    drill = await aDrill(LENGTHS)
    report = drill.data.report
    worst = report.events[1] as DrillEvent
  })

  test('the second is the worst, by what happened', () => {
    expect(report.events.map(({ number }) => number)).toEqual([1, 2, 3])
    expect(report.worstEvent).toBe(2)
    const outages = report.events.map(({ recovery }) => recovery.writeOutageSeconds ?? 0)
    for (const [i, length] of LENGTHS.entries()) expect(Math.abs((outages[i] ?? 0) - length)).toBeLessThan(0.5)
  })

  test('report.json and its objectives have the figures of that event', () => {
    const { recoveryTimeSeconds, writeOutageSeconds } = worst.recovery
    expect(report.recovery).toMatchObject({ recoveryTimeSeconds, writeOutageSeconds })
    expect(report.recovery.clientOutageSeconds.max).toBe(worst.recovery.clientOutageSeconds.max)
    expect(report.moments).toEqual(worst.moments)
    expect(objective(report, 'recovery_time_s')).toMatchObject({ measured: recoveryTimeSeconds, verdict: 'fail' })
    expect(objective(report, 'write_outage_s')).toMatchObject({ measured: writeOutageSeconds, verdict: 'fail' })
  })

  test('report.md names the figures, the event, and every event in a table', () => {
    const text = file(drill, 'report.md')
    const note = '(worst of 3 events: event 2)'
    expect(text).toContain(`| Recovery time (T4 - T1) | ${seconds(worst.recovery.recoveryTimeSeconds)} ${note} |`)
    expect(text).toContain(`| Write outage (T2 - T1) | ${seconds(worst.recovery.writeOutageSeconds)} ${note} |`)
    expect(text).toContain(`| Client outage, worst | ${seconds(worst.recovery.clientOutageSeconds.max)} ${note} |`)
    expect(text).toContain('## Moments of event 2, the worst')
    const rows = text.split('\n').filter((line) => /^\| [123] \| forced failover, by this drill \|/.test(line))
    expect(rows.map((row) => row.split('|')[1]?.trim())).toEqual(['1', '2', '3'])
    for (const { number, recovery } of report.events) {
      expect(rows[number - 1]).toContain(`| ${seconds(recovery.writeOutageSeconds)} |`)
      expect(rows[number - 1]).toContain(`| ${seconds(recovery.recoveryTimeSeconds)} |`)
    }
  })

  test('the page names them in its tiles, and has every event in a table', () => {
    const page = file(drill, 'report.html')
    const tile = (term: string) => new RegExp(`<dt>${term} <a [^>]*></a></dt><dd>(.*?)</dd>`, 's').exec(page)?.[1] ?? ''
    for (const [term, value] of [
      ['Recovery time', worst.recovery.recoveryTimeSeconds],
      ['Worst client', worst.recovery.clientOutageSeconds.max],
    ] as const) {
      expect(tile(term)).toContain(`data-copy="${term}: ${seconds(value)}">${seconds(value)}</span>`)
      expect(tile(term)).toContain('worst of 3 events: event 2')
    }
    const text = visibleText(page)
    expect(text).toContain('Every event of the drill')
    for (const { recovery } of report.events) expect(text).toContain(seconds(recovery.recoveryTimeSeconds))
    expect(text).toContain('Moments of event 2, the worst of 3')
    expect(text).not.toMatch(/first event|second event|third event/)
  })

  test('the headline, the console, the log line and the index say the same', () => {
    const recovery = seconds(worst.recovery.recoveryTimeSeconds)
    expect(report.headline).toContain(`at worst no commit for ${seconds(worst.recovery.writeOutageSeconds)}`)
    expect(report.headline).toContain(recovery)
    const events = verdictLines(report).filter((line) => /^[123] +forced failover/.test(line))
    expect(events.map((line) => line.includes(recovery))).toEqual([false, true, false])
    const line = JSON.parse(
      drillResultLine(report, { server: 'pg', resourceGroup: 'rg' }, 'final').replace(/^\S+ /, ''),
    )
    expect(line).toMatchObject({
      recoveryTimeSeconds: worst.recovery.recoveryTimeSeconds,
      writeOutageSeconds: worst.recovery.writeOutageSeconds,
      recovery: `${recovery} (worst of 3 events: event 2)`,
      worstEvent: 2,
      t1: worst.moments.t1,
      events: report.events.map(({ number, moments, recovery: own }) => ({
        number,
        cause: 'drill',
        kind: 'failover',
        t0: moments.t0,
        recoveryTimeSeconds: own.recoveryTimeSeconds,
        writeOutageSeconds: own.writeOutageSeconds,
      })),
    })
    const { trend } = reportedEntry(drill.plan, report, true)
    expect(trend?.figures).toMatchObject({ recoveryTimeSeconds: worst.recovery.recoveryTimeSeconds })
    expect(trend?.worst).toMatchObject({ events: 3, recoveryTime: { event: 2 }, writeOutage: { event: 2 } })
  })

  test('clients.csv numbers the events as the texts do, and its longest outage is the worst client', () => {
    const [head = '', ...rows] = file(drill, 'clients.csv').trim().split('\n')
    const column = (name: string) => head.split(',').indexOf(name)
    const cells = rows.map((row) => row.split(','))
    expect([...new Set(cells.map((row) => row[column('event')]))].sort()).toEqual(['1', '2', '3'])
    const longest = cells.reduce((a, b) => (Number(b[column('outage_s')]) > Number(a[column('outage_s')]) ? b : a))
    expect([longest[column('event')], Number(longest[column('outage_s')])]).toEqual([
      '2',
      report.recovery.clientOutageSeconds.max,
    ])
  })

  test('the charts have one origin: moments stand where the rows of their seconds are', () => {
    const t1 = report.events[0]?.moments.t0 ?? ''
    const row = drill.data.timeline.find(({ relativeSeconds }) => relativeSeconds >= 0)
    expect(Math.abs((row?.second ?? 0) - Date.parse(t1) / 1000)).toBeLessThan(1)
  })
})

describe('two failovers, of which one has the longest write outage and the other the longest recovery', () => {
  test('each figure is the worst of its own, with its own event', async () => {
    const troubles = [
      { atSeconds: 30.4, seconds: 6.15, kind: 'failover' },
      { atSeconds: 90.4, seconds: 4.25, kind: 'failover', stragglers: { 2: 5.5 } },
    ] as const
    const drill = await aDrill([6.15, 4.25], { troubles })
    const { report } = drill.data
    const [first, second] = report.events as [DrillEvent, DrillEvent]
    expect(report.worstEvent).toBe(2)
    expect(report.recovery).toMatchObject({
      writeOutageSeconds: first.recovery.writeOutageSeconds,
      recoveryTimeSeconds: second.recovery.recoveryTimeSeconds,
    })
    const outage = seconds(first.recovery.writeOutageSeconds)
    const recovery = seconds(second.recovery.recoveryTimeSeconds)
    expect(report.headline).toContain(`at worst no commit for ${outage}, full service after ${recovery}`)
    const text = file(drill, 'report.md')
    expect(text).toContain(`| Write outage (T2 - T1) | ${outage} (worst of 2 events: event 1) |`)
    expect(text).toContain(`| Recovery time (T4 - T1) | ${recovery} (worst of 2 events: event 2) |`)
  })
})

describe('three failovers, and the load ends before the last one is over', () => {
  test('a recovery that was not seen to its end is "not back" everywhere, and never the figure of another event', async () => {
    const drill = await aDrill([1.25, 9.35, 100])
    const { report } = drill.data
    expect(report.worstEvent).toBe(3)
    expect(report.recovery.recoveryTimeSeconds).toBeNull()
    expect(objective(report, 'recovery_time_s')).toMatchObject({ measured: null, verdict: 'fail' })
    expect(file(drill, 'report.md')).toContain('| Recovery time (T4 - T1) | not back (worst of 3 events: event 3) |')
    expect(file(drill, 'report.html')).toMatch(
      /<dt>Recovery time <a [^>]*><\/a><\/dt><dd><span class="value"><span data-copy="[^"]+">not back<\/span>/,
    )
    expect(reportedEntry(drill.plan, report, true).trend?.worst.recoveryTime).toMatchObject({
      measured: { kind: 'never' },
      event: 3,
    })
  })
})

describe('one failover', () => {
  test('has no table of events and no word of a worst one', async () => {
    const drill = await aDrill([3.15])
    for (const name of ['report.md', 'report.html']) {
      expect(file(drill, name)).not.toContain('worst of')
      expect(file(drill, name)).not.toContain('Every event of the drill')
    }
  })
})
