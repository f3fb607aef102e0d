/**
 * The load's own figures with the probes of a container and without them: the step probe by both ways, and an application probe of
 * the default rate, in turns within one load. In a closed loop everything that the probes take is missing from the load; at a fixed
 * rate the load leaves the process idle. `BENCH_PAIRS` sets how many rounds of four turns.
 */
import { createServer } from 'node:http'
import type { LoadPlan } from '../../loadgen-image/contract/load-plan.ts'
import { switchTlsOn, type TestDatabase, TLS, withDatabase } from '../integration/loadgen/database.ts'
import { listening } from '../support/ports.ts'
import { benchPlan, nodeJson } from './load-child.ts'
import type { Round, TurnFigures } from './probe-turns-process.ts'
import {
  atMost,
  type BenchResult,
  information,
  type Line,
  medianInterval,
  type Spread,
  spreadOf,
  spreadText,
} from './spread.ts'
import type { ProbeCost } from './step-probe-process.ts'

const ROUNDS = Number(process.env.BENCH_PAIRS ?? 12)
const TPS = 500

/** Both probes together, in percent of a core. */
const MAX_CORE_PERCENT = 3
const MAX_CALM_PERCENT = 1
const COST_SECONDS = 10
const COST_PAIRS = Math.ceil(ROUNDS / 2)

export const benchProbes = (): Promise<BenchResult> =>
  withDatabase(async (database) => {
    const server = createServer((_, response) => response.end('ok'))
    const url = `http://127.0.0.1:${await listening(server)}/checkout`
    try {
      const closed = await roundsOf(database, url, { workers: 50 })
      const fixed = await roundsOf(database, url, { workers: 20, targetTps: TPS })
      const costs = await stepProbeCosts(database)
      const lag = changeOf(`${TPS} TPS: send lag P99`, fixed, ({ sendLagUs }) => sendLagUs.p99)
      const lines = [...loadLines('closed loop', closed), ...loadLines(`${TPS} TPS`, fixed), lag, ...costLines(costs)]
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
    nodeJson<ProbeCost>('step-probe-process.ts', [
      JSON.stringify({ ...targets, pairs: COST_PAIRS, seconds: COST_SECONDS }),
    ])
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

const roundsOf = ({ pooled, direct }: TestDatabase, url: string, changes: Partial<LoadPlan>): Promise<Round[]> => {
  const plan = benchPlan(changes)
  return nodeJson('probe-turns-process.ts', [JSON.stringify({ plan, pgbouncer: pooled, direct, url, rounds: ROUNDS })])
}

type Figure = (figures: TurnFigures) => number

/** Wanted: a median change that cannot be distinguished from none. The interval says how large a change could have stayed hidden. */
function changeOf(name: string, rounds: readonly Round[], of: Figure): Line {
  const changes = rounds.map(({ on, off }) => Math.sqrt((of(on[0]) * of(on[1])) / (of(off[0]) * of(off[1]))))
  const [from, to] = medianInterval(changes)
  return {
    figure: `${name}, with / without`,
    measured: spreadText(spreadOf(changes), 3),
    wanted: `1 within the interval of the median, ${from.toFixed(3)} .. ${to.toFixed(3)}`,
    isReached: from <= 1 && to >= 1,
  }
}

const loadLines = (name: string, rounds: readonly Round[]): Line[] => [
  changeOf(`${name}: committed TPS`, rounds, ({ tps }) => tps),
  changeOf(`${name}: response P50`, rounds, ({ responseUs }) => responseUs.p50),
  changeOf(`${name}: response P99`, rounds, ({ responseUs }) => responseUs.p99),
  coreLine(name, rounds),
]

function coreLine(name: string, rounds: readonly Round[]): Line {
  const core = (turns: Round['on']) => (turns[0].corePercent + turns[1].corePercent) / 2
  const cost = spreadOf(rounds.map(({ on, off }) => core(on) - core(off)))
  return atMost(`${name}: both probes in % of a core`, cost.median, MAX_CORE_PERCENT, spreadText(cost))
}
