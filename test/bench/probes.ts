/**
 * The load's own figures with the probes of a container and without them: the step probe by both ways, and an application probe of
 * the default rate. A round has one run with the probes and two without; how much the two differ is the noise of the machine, and the
 * probes must not change the load by more than that. In a closed loop everything that the probes take is missing from the load; at a
 * fixed rate the load leaves the process idle. `BENCH_PAIRS` sets how many rounds.
 */
import { createServer } from 'node:http'
import type { LoadPlan } from '../../loadgen-image/contract/load-plan.ts'
import { switchTlsOn, type TestDatabase, TLS, withDatabase } from '../integration/loadgen/database.ts'
import { listening } from '../support/ports.ts'
import { benchPlan, measureLoad, nodeJson } from './load-child.ts'
import type { LoadFigures, ProbesBeside } from './load-process.ts'
import { atMost, type BenchResult, information, type Line, type Spread, spreadOf, spreadText } from './spread.ts'
import type { ProbeCost } from './step-probe-process.ts'

const ROUNDS = Number(process.env.BENCH_PAIRS ?? 7)
const WARM_UP_SECONDS = 4
const SECONDS = 12
const TPS = 500

/** Two runs at a fixed rate may be equal to the last digit. */
const MIN_NOISE = 1.005
/** Both probes together, in percent of a core. */
const MAX_CORE_PERCENT = 3
const MAX_CALM_PERCENT = 1
const COST_SECONDS = 10

interface Round {
  readonly on: LoadFigures
  /** In the order of their runs. */
  readonly off: readonly [LoadFigures, LoadFigures]
}

export const benchProbes = (): Promise<BenchResult> =>
  withDatabase(async (database) => {
    const server = createServer((_, response) => response.end('ok'))
    const url = `http://127.0.0.1:${await listening(server)}/checkout`
    try {
      const probes = { direct: database.direct, url }
      const closed = await roundsOf(database, probes, { workers: 50 })
      const fixed = await roundsOf(database, probes, { workers: 20, targetTps: TPS })
      const costs = await stepProbeCosts(database)
      const lines = [...loadLines('closed loop', closed), ...loadLines(`${TPS} TPS`, fixed), ...costLines(costs)]
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
    nodeJson<ProbeCost>('step-probe-process.ts', [JSON.stringify({ ...targets, pairs: ROUNDS, seconds: COST_SECONDS })])
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

/** The place of the run with the probes changes, so that none always finds the warmer server. */
async function roundsOf({ pooled }: TestDatabase, probes: ProbesBeside, changes: Partial<LoadPlan>): Promise<Round[]> {
  const run = (beside: ProbesBeside | null) =>
    measureLoad(benchPlan({ ...changes, durationSeconds: WARM_UP_SECONDS + SECONDS }), pooled, beside)
  const rounds: Round[] = []
  for (let i = 0; i < ROUNDS; i++) {
    const runs: LoadFigures[] = []
    for (let place = 0; place < 3; place++) runs.push(await run(place === i % 3 ? probes : null))
    if (runs.some(({ failed }) => failed > 0)) throw new Error('transactions failed in a run that should have none')
    const [on] = runs.splice(i % 3, 1)
    rounds.push({ on: on as LoadFigures, off: [runs[0] as LoadFigures, runs[1] as LoadFigures] })
  }
  return rounds
}

type Figure = (figures: LoadFigures) => number

const tpsOf: Figure = ({ steady }) => steady.acknowledged / steady.seconds
const coreOf: Figure = ({ steady }) => steady.cpuSeconds / steady.seconds

/** Wanted: no larger change than two runs without probes usually show between themselves. */
function changeOf(name: string, rounds: readonly Round[], of: Figure): Line {
  const change = spreadOf(rounds.map(({ on, off: [first, second] }) => (2 * of(on)) / (of(first) + of(second))))
  const between = spreadOf(rounds.map(({ off: [first, second] }) => Math.abs(Math.log(of(second) / of(first)))))
  const noise = Math.max(MIN_NOISE, Math.exp(between.median))
  return {
    figure: `${name}, with / without`,
    measured: spreadText(change, 3),
    wanted: `${(1 / noise).toFixed(3)} .. ${noise.toFixed(3)}, as two runs without`,
    isReached: change.median >= 1 / noise && change.median <= noise,
  }
}

const loadLines = (name: string, rounds: readonly Round[]): Line[] => [
  changeOf(`${name}: committed TPS`, rounds, tpsOf),
  changeOf(`${name}: response P50`, rounds, ({ responseUs }) => responseUs.p50),
  changeOf(`${name}: response P99`, rounds, ({ responseUs }) => responseUs.p99),
  coreLine(name, rounds),
]

function coreLine(name: string, rounds: readonly Round[]): Line {
  const cost = spreadOf(
    rounds.map(({ on, off: [first, second] }) => 100 * (coreOf(on) - (coreOf(first) + coreOf(second)) / 2)),
  )
  return atMost(`${name}: both probes in % of a core`, cost.median, MAX_CORE_PERCENT, spreadText(cost))
}
