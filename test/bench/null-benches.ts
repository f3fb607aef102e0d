/** What the generator can do when the server costs nothing: its ceiling, and how well it keeps its schedule below it. */
import { availableParallelism } from 'node:os'
import { benchPlan, measureLoad } from './load-child.ts'
import type { LoadFigures } from './load-process.ts'
import { withNullServer } from './null-server-process.ts'
import { atMost, type BenchResult, information, type Line, spreadOf, spreadText } from './spread.ts'

const ROUNDS = 3
/** So many that the null server, which has its own pauses, does not keep all of them busy at once. */
const WORKERS = 400
const SECONDS = 10

/** The null server runs on the same cores, so the ceiling is also reported per CPU second of the generator. */
export async function benchCeiling(): Promise<BenchResult> {
  const lines: Line[] = []
  const figures: unknown[] = []
  for (const threads of new Set([1, availableParallelism()])) {
    const runs = await rounds(() => closedLoop(threads))
    const tps = spreadOf(runs.map(({ steady }) => steady.acknowledged / steady.seconds))
    const perCore = spreadOf(runs.map(({ steady }) => steady.acknowledged / steady.cpuSeconds))
    const name = threads === 1 ? '1 thread' : `${threads} threads`
    lines.push(information(`TPS with ${name}`, spreadText(tps, 0)))
    lines.push(information(`TPS per core with ${name}`, spreadText(perCore, 0)))
    figures.push({ threads, tps, perCore })
  }
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
