/** The checklist after a drill, judged by the report's figures: by the drill's own objective, or by the default one. */
import { defaultCriterion } from '../criteria/defaults.ts'
import type { CriterionName } from '../criteria/figures.ts'
import { judgeCriteria } from '../criteria/judge.ts'
import type { DrillOutcome } from '../model/evidence.ts'
import type { Criterion, Report } from '../model/report.ts'
import { count, counted, inUnit } from '../units/units.ts'
import { below, type Check, holds, type Judgement } from './check.ts'

interface AfterEvidence {
  readonly outcome: Pick<DrillOutcome, 'plan' | 'containers' | 'loadStartAtMs'>
  readonly report: Report
}

interface AfterCheck<Id extends string = string> extends Check<AfterEvidence> {
  readonly id: Id
}

export const AFTER = [
  {
    id: 'containers-started',
    title: 'Containers started',
    why: 'The load is only what was asked for when all containers offered their share.',
    judge: ({ outcome, report }) =>
      afterLoad(
        outcome,
        report.generator.containers.length,
        counted(outcome.plan.load.containers, 'container'),
        (seen) => seen >= outcome.plan.load.containers,
      ),
    advice: 'See the container logs among the files of the drill.',
  },
  {
    id: 'containers-ready',
    title: 'Workers connected',
    why: 'A worker without a connection offers nothing.',
    judge: judgeConnections,
    advice: 'Raise pgbouncer.max_client_conn, or ask for fewer workers.',
  },
  {
    id: 'achieved-rate',
    title: 'Achieved rate',
    why: 'A recovery time under half the load is another figure.',
    judge: judgeRate,
    advice: 'See whether the generator, the pool, the disk or the CPU was the limit.',
  },
  latency('p50', 'P50 of response time'),
  latency('p95', 'P95 of response time'),
  latency('p99', 'P99 of response time'),
  platform('cpu', 'CPU of the server', 'cpu_percent'),
  platform('memory', 'Memory of the server', 'memory_percent'),
  {
    id: 'pool-waiting',
    title: 'Connection pool',
    why: 'Clients that wait for a server connection show a pool that is exhausted.',
    judge: ({ report }) => below(average(report, 'client_connections_waiting'), 1, 'clients waiting on average'),
    advice: 'Raise pgbouncer.default_pool_size; the metric needs metrics.pgbouncer_diagnostics = on.',
  },
  {
    id: 'success-rate',
    title: 'Success rate',
    why: 'Acknowledged over everything that was attempted, the outage included.',
    judge: (evidence) => byCriterion(evidence, 'success_rate'),
    advice: 'See the errors by code, and what clients met during the outage.',
  },
  {
    id: 'recovery-time',
    title: 'Recovery time',
    why: 'From the last commit before the outage to sustained service.',
    judge: (evidence) => byCriterion(evidence, 'recovery_time_s'),
    advice: 'See the waterfall for the step that took the time.',
  },
  {
    id: 'lost-commits',
    title: 'No acknowledged commit is lost',
    why: 'The recovery point: every commit that a client saw acknowledged must be stored.',
    judge: ({ report }) =>
      holds(
        report.ledger.lost,
        '0 lost',
        (lost) => lost === 0,
        (lost) => `${count(lost)} lost`,
      ),
    advice: 'See the ledger for the keys, and whether replication was synchronous at the time.',
  },
] as const satisfies readonly AfterCheck[]

export type AfterCheckId = (typeof AFTER)[number]['id']

function latency<Id extends 'p50' | 'p95' | 'p99'>(id: Id, title: string): AfterCheck<Id> {
  return {
    id,
    title: `${title} in the baseline`,
    why: 'Counted from the moment at which a transaction was due.',
    judge: (evidence) => byCriterion(evidence, `${id}_ms`),
    advice: 'Compare response and service time: a gap between them is queueing in front of the server.',
  }
}

function platform<Id extends 'cpu' | 'memory'>(
  id: Id,
  title: string,
  metric: 'cpu_percent' | 'memory_percent',
): AfterCheck<Id> {
  return {
    id,
    title,
    why: 'A server near its limits recovers slowly. One-minute points of the platform.',
    judge: (evidence) => byCriterion(evidence, metric),
    advice: 'Scale the server, or lower the rate.',
  }
}

/** By the drill's own objective for the figure, or by the default one. Its text is what was wanted. */
function byCriterion({ outcome, report }: AfterEvidence, figure: CriterionName): Judgement {
  const own = report.criteria.find(({ objective }) => /^[a-z0-9_]+/.exec(objective.trim())?.[0] === figure)
  const [usual] = own ? [own] : judgeCriteria([defaultCriterion(figure)], report, outcome.plan.load.targetTps)
  return judgementOf(usual as Criterion)
}

const judgementOf = ({ verdict, measured, unit, objective }: Criterion): Judgement => ({
  verdict,
  seen: measured === null ? null : inUnit(measured, unit),
  wanted: objective,
})

function judgeConnections({ outcome, report }: AfterEvidence): Judgement {
  const { containers } = report.generator
  const sum = (key: 'connectionsWanted' | 'connectionsPeak') => containers.reduce((total, one) => total + one[key], 0)
  return afterLoad(
    outcome,
    containers.length === 0 ? null : sum('connectionsPeak'),
    `${sum('connectionsWanted')} connections`,
    (peak) => peak >= sum('connectionsWanted'),
  )
}

function judgeRate(evidence: AfterEvidence): Judgement {
  if (evidence.outcome.plan.load.targetTps > 0) return byCriterion(evidence, 'baseline_tps')
  return { verdict: 'pass', seen: 'full speed', wanted: 'full speed' }
}

/** A drill that ended before its load started nothing, so nothing is judged. */
const afterLoad = (
  outcome: AfterEvidence['outcome'],
  value: number | null,
  wanted: string,
  isGood: (value: number) => boolean,
): Judgement => holds(outcome.loadStartAtMs === null ? null : value, wanted, isGood)

const seriesOf = (report: Report, name: string) => report.metrics.series.find((one) => one.name === name)?.points ?? []

function average(report: Report, name: string): number | null {
  const values = seriesOf(report, name).flatMap(({ average: value }) => value ?? [])
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length
}
