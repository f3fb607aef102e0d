/**
 * The load generator against pgbench: same server, same PgBouncer, same statement, same number of clients and threads, both
 * in a closed loop, in turns. pgbench speaks the simple query protocol here, its default and ours.
 */
import type { ServerTarget } from '../../loadgen-image/connection/target.ts'
import { withDatabase } from '../integration/loadgen/database.ts'
import { benchPlan, measureLoad } from './load-child.ts'
import { type LoopFigures, runPgbench } from './pgbench-run.ts'
import { atLeast, atMost, type BenchResult, information, spreadOf, spreadText } from './spread.ts'

const PAIRS = Number(process.env.BENCH_PAIRS ?? 5)
const CLIENTS = 50
const SECONDS = 10
const WARM_UP_SECONDS = 4

export const benchPgbench = (): Promise<BenchResult> =>
  withDatabase(async ({ pooled, bench }) => {
    const pairs: { readonly pgbench: LoopFigures; readonly ours: LoopFigures }[] = []
    for (let i = 0; i < PAIRS; i++) {
      // Who goes first changes, so that neither always finds the warmer server.
      const theirs = () => runPgbench(pooled, { clients: CLIENTS, seconds: SECONDS, folder: bench.folder.path, run: i })
      const first = i % 2 === 0 ? await theirs() : null
      const ours = await runOurs(pooled)
      pairs.push({ pgbench: first ?? (await theirs()), ours })
    }
    return resultOf(pairs)
  })

function resultOf(pairs: readonly { readonly pgbench: LoopFigures; readonly ours: LoopFigures }[]): BenchResult {
  const tps = spreadOf(pairs.map(({ pgbench, ours }) => ours.tps / pgbench.tps))
  const cpu = spreadOf(pairs.map(({ pgbench, ours }) => ours.cpuUsPerTransaction / pgbench.cpuUsPerTransaction))
  const us = (of: 'pgbench' | 'ours') => spreadText(spreadOf(pairs.map((pair) => pair[of].cpuUsPerTransaction)), 1)
  return {
    lines: [
      atLeast('committed TPS, ours / pgbench', tps.median, 1, spreadText(tps)),
      atMost('client CPU per transaction, ours / pgbench', cpu.median, 1, spreadText(cpu)),
      information('client CPU per transaction in us', `ours ${us('ours')}, pgbench ${us('pgbench')}`),
    ],
    figures: { clients: CLIENTS, threads: 1, secondsPerRun: SECONDS, tpsRatio: tps, cpuRatio: cpu, pairs },
  }
}

async function runOurs(target: ServerTarget): Promise<LoopFigures> {
  const plan = benchPlan({ workers: CLIENTS, durationSeconds: WARM_UP_SECONDS + SECONDS })
  const { steady, failed } = await measureLoad(plan, target)
  if (failed > 0) throw new Error(`${failed} transactions failed in a run that should have none`)
  return {
    tps: steady.acknowledged / steady.seconds,
    cpuUsPerTransaction: (steady.cpuSeconds * 1e6) / steady.acknowledged,
  }
}
