/**
 * The load's own figures with the probes of a container and without them, in turns: the step probe by both ways, and an application
 * probe of the default rate. In a closed loop everything that the probes take is missing from the load; at a fixed rate the load
 * leaves the process idle, so the difference is what the probes cost. `BENCH_PAIRS` sets how many pairs.
 */
import { createServer } from 'node:http'
import type { LoadPlan } from '../../loadgen-image/contract/load-plan.ts'
import { switchTlsOn, type TestDatabase, TLS, withDatabase } from '../integration/loadgen/database.ts'
import { listening } from '../support/ports.ts'
import { benchPlan, measureLoad, nodeJson } from './load-child.ts'
import type { LoadFigures, ProbesBeside } from './load-process.ts'
import {
  atLeast,
  atMost,
  type BenchResult,
  information,
  type Line,
  type Spread,
  spreadOf,
  spreadText,
} from './spread.ts'
import type { ProbeCost } from './step-probe-process.ts'

const PAIRS = Number(process.env.BENCH_PAIRS ?? 7)
const WARM_UP_SECONDS = 4
const SECONDS = 12
const TPS = 500

/** The runs of a pair follow each other, and the medians of the pairs are compared: a shared machine is not steadier than this. */
const MIN_TPS_RATIO = 0.98
const MAX_RESPONSE_RATIO = 1.05
const MAX_P99_RATIO = 1.1
const MAX_CPU_RATIO = 1.03
/** Both probes together, in percent of a core. */
const MAX_CORE_PERCENT = 2
const MAX_CALM_PERCENT = 1
const COST_SECONDS = 10

type Pair = Readonly<Record<'on' | 'off', LoadFigures>>

export const benchProbes = (): Promise<BenchResult> =>
  withDatabase(async (database) => {
    const server = createServer((_, response) => response.end('ok'))
    const url = `http://127.0.0.1:${await listening(server)}/checkout`
    try {
      const probes = { direct: database.direct, url }
      const closed = await pairsOf(database, probes, { workers: 50 })
      const fixed = await pairsOf(database, probes, { workers: 20, targetTps: TPS })
      const costs = await stepProbeCosts(database)
      const lines = [...closedLines(closed), ...fixedLines(fixed), ...costLines(costs)]
      return { lines, figures: { closed, fixed, costs } }
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })

// ---- What the step probe costs alone ------------------------------------------------------------------------------------

interface Costs {
  readonly calm: ProbeCost
  /** Every attempt by both ways is a new connection with a login, up to the question whether the server takes writes. */
  readonly readOnly: ProbeCost
}

/** Straight over TLS, as in Azure. */
async function stepProbeCosts(database: TestDatabase): Promise<Costs> {
  await switchTlsOn(database)
  const targets = { direct: { ...database.direct, tls: TLS }, pgbouncer: database.pooled }
  const cost = () =>
    nodeJson<ProbeCost>('step-probe-process.ts', [JSON.stringify({ ...targets, pairs: PAIRS, seconds: COST_SECONDS })])
  const calm = await cost()
  const { primary } = database.pair
  await primary.query('ALTER SYSTEM SET default_transaction_read_only = on')
  await primary.query('SELECT pg_reload_conf()')
  return { calm, readOnly: await cost() }
}

function costLines({ calm, readOnly }: Costs): Line[] {
  const text = ({ on, off, writesPerSecond, attemptsPerSecond }: ProbeCost) =>
    `${spreadText(costOf({ on, off }))}; ${writesPerSecond.toFixed(1)} writes and ${attemptsPerSecond.toFixed(1)} attempts a second`
  return [
    atMost('step probe alone, all well: % of a core', costOf(calm).median, MAX_CALM_PERCENT, text(calm)),
    information('step probe alone, read-only: % of a core', text(readOnly)),
  ]
}

const costOf = ({ on, off }: Pick<ProbeCost, 'on' | 'off'>): Spread =>
  spreadOf(on.map((value, i) => value - (off[i] ?? 0)))

// ---- The load beside them -----------------------------------------------------------------------------------------------

/** Which goes first changes, so that neither always finds the warmer server. */
async function pairsOf({ pooled }: TestDatabase, probes: ProbesBeside, changes: Partial<LoadPlan>): Promise<Pair[]> {
  const run = (beside: ProbesBeside | null) =>
    measureLoad(benchPlan({ ...changes, durationSeconds: WARM_UP_SECONDS + SECONDS }), pooled, beside)
  const pairs: Pair[] = []
  for (let i = 0; i < PAIRS; i++) {
    const early = i % 2 === 0 ? await run(null) : null
    const on = await run(probes)
    pairs.push({ on, off: early ?? (await run(null)) })
  }
  for (const { on, off } of pairs)
    if (on.failed + off.failed > 0) throw new Error('transactions failed in a run that should have none')
  return pairs
}

const ratio = (pairs: readonly Pair[], of: (figures: LoadFigures) => number): Spread =>
  spreadOf(pairs.map(({ on, off }) => of(on) / of(off)))

const tpsOf = ({ steady }: LoadFigures): number => steady.acknowledged / steady.seconds
const cpuPerCommit = ({ steady }: LoadFigures): number => steady.cpuSeconds / steady.acknowledged

function closedLines(pairs: readonly Pair[]): Line[] {
  const [tps, cpu] = [ratio(pairs, tpsOf), ratio(pairs, cpuPerCommit)]
  return [
    atLeast('closed loop: committed TPS, with / without', tps.median, MIN_TPS_RATIO, spreadText(tps, 3)),
    atMost('closed loop: client CPU per commit', cpu.median, MAX_CPU_RATIO, spreadText(cpu, 3)),
    ...responseLines('closed loop', pairs),
  ]
}

function fixedLines(pairs: readonly Pair[]): Line[] {
  const tps = ratio(pairs, tpsOf)
  const cost = spreadOf(pairs.map(({ on, off }) => 100 * (coreOf(on) - coreOf(off))))
  return [
    atLeast(`${TPS} TPS: committed TPS, with / without`, tps.median, MIN_TPS_RATIO, spreadText(tps, 3)),
    ...responseLines(`${TPS} TPS`, pairs),
    atMost(`${TPS} TPS: both probes in % of a core`, cost.median, MAX_CORE_PERCENT, spreadText(cost)),
  ]
}

const coreOf = ({ steady }: LoadFigures): number => steady.cpuSeconds / steady.seconds

function responseLines(name: string, pairs: readonly Pair[]): Line[] {
  const [p50, p99] = [
    ratio(pairs, ({ responseUs }) => responseUs.p50),
    ratio(pairs, ({ responseUs }) => responseUs.p99),
  ]
  return [
    atMost(`${name}: response P50, with / without`, p50.median, MAX_RESPONSE_RATIO, spreadText(p50, 3)),
    atMost(`${name}: response P99, with / without`, p99.median, MAX_P99_RATIO, spreadText(p99, 3)),
  ]
}
