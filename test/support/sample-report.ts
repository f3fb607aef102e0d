/**
 * Realistic reports with their chart data, for tests of the renderers: computed by the same code as real ones, from a
 * simulated drill. The same verdict always gives the same figures.
 */

import type { ChartData } from '../../functions/model/chart-data.ts'
import type { TrendEntry } from '../../functions/model/drill-index.ts'
import type { DrillOutcome } from '../../functions/model/evidence.ts'
import type { DrillPlan } from '../../functions/model/plan.ts'
import type { CheckResult, Report, Verdict } from '../../functions/model/report.ts'
import { type Assembled, assemble } from '../../functions/report-model/build.ts'
import { trendEntry } from '../../functions/report-model/trend.ts'
import { aDrillPlan, isoAt, someLoad, someTiming } from './builders.ts'
import { aRun, mergeRun, outcomeOf, type Run, type RunOptions } from './world.ts'

export interface SampleOptions {
  readonly verdict?: Verdict
  /** Earlier drills for the trend. */
  readonly history?: number
}

const LOAD = { targetTps: 400, workers: 20, durationSeconds: 120, containers: 2 }

const FORCED_FAILOVER: RunOptions = {
  load: LOAD,
  clockOffsetsMs: [0.4, -1.2],
  troubles: [{ atSeconds: 40.35, seconds: 13.5, kind: 'failover', stragglers: { 3: 0.4, 7: 1.9, 12: 6.2 } }],
}

const STORIES: Readonly<Record<Verdict, RunOptions>> = {
  PASS: FORCED_FAILOVER,
  FAIL: { ...FORCED_FAILOVER, troubles: [{ atSeconds: 40.35, seconds: 13.5, kind: 'failover', arrivals: 'refused' }] },
  INCONCLUSIVE: { load: LOAD },
  ABORTED: { load: { ...LOAD, durationSeconds: 60 }, troubles: FORCED_FAILOVER.troubles ?? [] },
}

const cache = new Map<string, Promise<Assembled>>()

export async function sampleReport(options: SampleOptions = {}): Promise<Report> {
  return (await sample(options)).report
}

export async function sampleChartData(options: SampleOptions = {}): Promise<ChartData> {
  return (await sample(options)).charts
}

export function sample({ verdict = 'PASS', history = 0 }: SampleOptions = {}): Promise<Assembled> {
  const key = `${verdict} ${history}`
  const known = cache.get(key) ?? compute(verdict, history)
  cache.set(key, known)
  return known
}

async function compute(verdict: Verdict, history: number): Promise<Assembled> {
  const run = aRun(STORIES[verdict])
  if (verdict === 'FAIL') loseThreeCommits(run)
  const merged = mergeRun(run)
  const outcome = await outcomeOf(run, merged, surroundings(run, verdict))
  return assemble(outcome, merged, earlierDrills(assemble(outcome, merged).report, outcome.plan, history))
}

/** Acknowledged shortly before the failover, and gone after it. */
function loseThreeCommits({ keys, rows, failovers }: Run): void {
  const before = Date.parse(failovers[0]?.acceptedAt ?? '') * 1000
  const acknowledged = keys.filter(({ outcome, knownAtUs }) => outcome === 'acknowledged' && knownAtUs < before)
  for (const { worker, seq } of acknowledged.slice(-3)) rows.delete(`${worker}:${seq}`)
}

function surroundings(run: Run, verdict: Verdict): Partial<DrillOutcome> {
  return {
    plan: aDrillPlan({
      drillId: `drill-20260304-${verdict.toLowerCase()}`,
      load: someLoad(LOAD),
      failovers: run.failovers.map(({ mode, requestedAtSeconds }) => ({ mode, atSeconds: requestedAtSeconds })),
      timing: someTiming({ warmupSeconds: 10, recoveryWindowSeconds: 10, recoveryHoldSeconds: 30 }),
      criteria: [
        'baseline_tps >= 0.95 * target',
        'p50_ms[baseline] < 10',
        'p95_ms[baseline] < 30',
        'p99_ms[baseline] < 50',
        'recovery_time_s < 120',
        'success_rate > 0.99',
        'lost_commits == 0',
        'cpu_percent < 80',
        'memory_percent < 80',
      ],
    }),
    abortedBecause: verdict === 'ABORTED' ? 'asked for by DELETE' : null,
    checks: CHECKS,
    metrics: METRICS,
    metricsComplete: verdict === 'PASS',
    containers: [0, 1].map((container) => ({ container, exitCode: 0, restartCount: 0, detail: null })),
    journal: JOURNAL,
  }
}

const CHECKS: readonly CheckResult[] = [
  {
    id: 'server-ready',
    when: 'before',
    title: 'The server is Ready',
    verdict: 'pass',
    seen: 'Ready',
    wanted: 'Ready',
    why: 'A drill on a server that is not ready measures something else.',
    advice: 'Start the server and wait for Ready.',
    forced: false,
  },
  {
    id: 'storage-iops',
    when: 'before',
    title: 'Storage is fast enough',
    verdict: 'fail',
    seen: '2300 IOPS',
    wanted: 'at least 4000 IOPS',
    why: 'Every commit waits for the disk.',
    advice: 'Raise the storage tier.',
    forced: true,
  },
  {
    id: 'cool-down',
    when: 'before',
    title: 'The cool-down is over',
    verdict: 'unknown',
    seen: 'not known',
    wanted: 'at least 20 minutes since the last failover',
    why: 'The standby must have been rebuilt.',
    advice: 'Wait.',
    forced: false,
  },
]

const minutes = (values: readonly (number | null)[]) =>
  values.map((average, minute) => ({
    at: isoAt(minute * 60),
    average,
    maximum: average === null ? null : average + 12,
  }))

const METRICS: DrillOutcome['metrics'] = [
  { name: 'cpu_percent', unit: 'percent', points: minutes([41.5, null, 38.2]) },
  { name: 'memory_percent', unit: 'percent', points: minutes([52.1, 30.4, 47.7]) },
  { name: 'active_connections', unit: 'count', points: minutes([24, 9, 24]) },
  { name: 'iops', unit: 'count', points: minutes([812, 120, 790]) },
]

const JOURNAL: DrillOutcome['journal'] = [
  entry(-60, 'reserve', 'reserve', 0.2, 'ok', 'reserved pg-orders'),
  entry(-59, 'check', 'before', 4.1, 'ok', '28 checks passed, 1 forced'),
  entry(-54, 'provision', 'containers', 31.4, 'ok', '2 container groups'),
  entry(-3, 'ready', 'go', 0.3, 'ok', 'all workers connected'),
  { ...entry(40.1, 'fail over', 'post', 0.4, 'ok', 'accepted'), attempt: 1 },
  entry(125, 'audit', 'first look', 1.2, 'ok', 'no difference'),
  { ...entry(136, 'audit', 'second look', 1.1, 'ok', 'no difference'), attempt: 2 },
  entry(140, 'clean up', 'delete containers', 12.4, 'ok', '0 left'),
  entry(150, 'late metrics', 'collect', null, 'skipped', 'once is enough'),
]

function entry(
  second: number,
  phase: string,
  step: string,
  seconds: number | null,
  result: 'ok' | 'skipped',
  detail: string,
): DrillOutcome['journal'][number] {
  return { at: isoAt(second), phase, step, seconds, attempt: 1, result, detail }
}

const DAY_MS = 86_400_000

/** One drill a day before this one, each a little different. */
function earlierDrills(report: Report, plan: DrillPlan, count: number): TrendEntry[] {
  const { figures, ...entry } = trendEntry(report, plan)
  return Array.from({ length: count }, (_, i) => ({
    ...entry,
    drillId: `drill-earlier-${count - i}`,
    startedAt: new Date(Date.parse(report.startedAt) - (count - i) * DAY_MS).toISOString(),
    figures: Object.fromEntries(
      Object.entries(figures).map(([id, value]) => [id, value === null ? null : value * (0.9 + ((i * 7) % 5) * 0.05)]),
    ),
  }))
}
