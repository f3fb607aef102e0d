/** What the generator can do when the server costs nothing: its ceiling, and how well it keeps its schedule below it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { benchPlan, measureLoad } from './load-child.ts'
import type { LoadFigures } from './load-process.ts'
import { withNullServer } from './null-server-process.ts'
import { type LoopFigures, runPgbench } from './pgbench-run.ts'
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

const ROUNDS = 3
const PAIRS = Number(process.env.BENCH_PAIRS ?? 5)
/** Half of what the generator counts on for one thread. */
const TPS_PER_THREAD = 5_000
/** So many that the null server, which has its own pauses, does not keep all of them busy at once. */
const WORKERS = 400
const SECONDS = 10

/**
 * The null server runs on the same cores, so what counts is the ratio to pgbench, of interleaved runs, and the CPU of a transaction.
 * A rate per thread that stays the same shows what a further thread costs.
 */
export async function benchCeiling(): Promise<BenchResult> {
  const folder = mkdtempSync(join(tmpdir(), 'drill-ceiling-'))
  const pairs: { readonly ours: LoopFigures; readonly pgbench: LoopFigures }[] = []
  try {
    for (let run = 0; run < PAIRS; run++) {
      const ours = loopFigures(await closedLoop(1))
      const options = { clients: WORKERS, seconds: SECONDS, folder, run }
      pairs.push({ ours, pgbench: await withNullServer(0, ({ target }) => runPgbench(target, options)) })
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
  const tps = spreadOf(pairs.map(({ ours, pgbench }) => ours.tps / pgbench.tps))
  const own = spreadOf(pairs.map(({ ours }) => ours.tps))
  const cpu = spreadOf(pairs.map(({ ours, pgbench }) => ours.cpuUsPerTransaction / pgbench.cpuUsPerTransaction))
  const threads = await perThread()
  return {
    lines: [
      atLeast('ceiling of one thread, ours / pgbench', tps.median, 1, spreadText(tps)),
      information('ceiling of one thread, TPS', spreadText(own, 0)),
      atMost('client CPU per transaction, ours / pgbench', cpu.median, 1, spreadText(cpu)),
      ...threads.lines,
    ],
    figures: { pairs, tpsRatio: tps, cpuRatio: cpu, threads: threads.figures },
  }
}

const loopFigures = ({ steady }: LoadFigures): LoopFigures => ({
  tps: steady.acknowledged / steady.seconds,
  cpuUsPerTransaction: (1e6 * steady.cpuSeconds) / steady.acknowledged,
})

/** What an arrival costs, with as many arrivals for each thread. */
async function perThread(): Promise<BenchResult> {
  const figures: { readonly threads: number; readonly cpuUs: Spread }[] = []
  for (const threads of [1, 2, 4]) {
    const targetTps = threads * TPS_PER_THREAD
    const runs = await rounds(() =>
      withNullServer(0, ({ target }) =>
        measureLoad(benchPlan({ threads, targetTps, workers: WORKERS, durationSeconds: SECONDS }), target),
      ),
    )
    figures.push({ threads, cpuUs: spreadOf(runs.map((run) => loopFigures(run).cpuUsPerTransaction)) })
  }
  const lines = figures.map(({ threads, cpuUs }) =>
    information(`CPU per arrival in us, ${threads} x ${TPS_PER_THREAD} TPS`, spreadText(cpuUs, 1)),
  )
  return { lines, figures }
}

const closedLoop = (threads: number): Promise<LoadFigures> =>
  withNullServer(0, ({ target }) =>
    measureLoad(benchPlan({ threads, workers: WORKERS, durationSeconds: SECONDS }), target),
  )

/** Offered against achieved, and how late arrivals are sent, at shares of the ceiling of one thread. */
export async function benchSchedule(): Promise<BenchResult> {
  const ceiling = spreadOf(
    (await rounds(() => closedLoop(1))).map(({ steady }) => steady.acknowledged / steady.seconds),
  ).median
  const lines: Line[] = [information('ceiling of one thread', `${ceiling.toFixed(0)} TPS`)]
  const figures: unknown[] = []
  for (const share of [0.1, 0.5, 0.9]) {
    const targetTps = Math.round(ceiling * share)
    const runs = await rounds(() => openLoop(targetTps))
    const errorPercent = spreadOf(runs.map((run) => 100 * Math.abs(achieved(run) / targetTps - 1)))
    const lagP99Ms = spreadOf(runs.map(({ sendLagUs }) => sendLagUs.p99 / 1000))
    const at = `at ${Math.round(100 * share)} % (${targetTps} TPS)`
    lines.push(atMostAt(share, `schedule error ${at} in %`, errorPercent.median, 0.5, spreadText(errorPercent, 3)))
    lines.push(atMostAt(share, `send lag p99 ${at} in ms`, lagP99Ms.median, 2, spreadText(lagP99Ms)))
    figures.push({ share, targetTps, errorPercent, lagP99Ms, lagP50Us: spreadOf(runs.map((run) => run.sendLagUs.p50)) })
  }
  return { lines, figures }
}

/** Near the ceiling the figures are information: there the generator is the limit, and its summary says so. */
const atMostAt = (share: number, figure: string, value: number, limit: number, text: string): Line =>
  share <= 0.5 ? atMost(figure, value, limit, text) : information(figure, text)

const openLoop = (targetTps: number): Promise<LoadFigures> =>
  withNullServer(0, ({ target }) =>
    measureLoad(benchPlan({ targetTps, workers: WORKERS, durationSeconds: SECONDS }), target),
  )

const achieved = ({ steady }: LoadFigures): number => steady.acknowledged / steady.seconds

async function rounds(run: () => Promise<LoadFigures>): Promise<LoadFigures[]> {
  const runs: LoadFigures[] = []
  for (let i = 0; i < ROUNDS; i++) runs.push(await run())
  return runs
}
