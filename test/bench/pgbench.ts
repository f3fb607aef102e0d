/**
 * The load generator against pgbench: same server, same PgBouncer, same statement, same number of clients and threads, both
 * in a closed loop, in turns. pgbench speaks the simple query protocol here, its default and ours.
 */
import { execFile } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { baseEnvironment } from '../../infra/local/process/processes.ts'
import { findPostgres } from '../../infra/local/process/programs.ts'
import type { ServerTarget } from '../../loadgen-image/connection/target.ts'
import { withDatabase } from '../integration/loadgen/database.ts'
import { placeOf } from '../support/sql.ts'
import { benchPlan, measureLoad } from './load-child.ts'
import { atLeast, atMost, type BenchResult, information, spreadOf, spreadText } from './spread.ts'

const PAIRS = 5
const CLIENTS = 50
const SECONDS = 10
const WARM_UP_SECONDS = 4

interface Run {
  readonly tps: number
  readonly cpuUsPerTransaction: number
}

export const benchPgbench = (): Promise<BenchResult> =>
  withDatabase(async ({ pooled, bench }) => {
    const pairs: { readonly pgbench: Run; readonly ours: Run }[] = []
    for (let i = 0; i < PAIRS; i++) {
      // Who goes first changes, so that neither always finds the warmer server.
      const first = i % 2 === 0 ? await runPgbench(pooled, bench.folder.path, i) : null
      const ours = await runOurs(pooled)
      pairs.push({ pgbench: first ?? (await runPgbench(pooled, bench.folder.path, i)), ours })
    }
    return resultOf(pairs)
  })

function resultOf(pairs: readonly { readonly pgbench: Run; readonly ours: Run }[]): BenchResult {
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

async function runOurs(target: ServerTarget): Promise<Run> {
  const plan = benchPlan({ workers: CLIENTS, durationSeconds: WARM_UP_SECONDS + SECONDS })
  const { steady, failed } = await measureLoad(plan, target)
  if (failed > 0) throw new Error(`${failed} transactions failed in a run that should have none`)
  return {
    tps: steady.acknowledged / steady.seconds,
    cpuUsPerTransaction: (steady.cpuSeconds * 1e6) / steady.acknowledged,
  }
}

const script = (run: number) => `\\set c random(1, 5)
\\set m random(1, 5)
\\set a random(10, 9999) / 100.0
\\set seq :seq + 1
INSERT INTO transactions (customer_id, merchant_id, amount, status, drill_id, worker, seq) VALUES (:c, :m, :a, 'completed', 'pgbench-${run}', :client_id, :seq) RETURNING timeline;
`

async function runPgbench(target: ServerTarget, folder: string, run: number): Promise<Run> {
  const programs = findPostgres()
  if (programs === null) throw new Error('PostgreSQL is not installed; npm test installs it')
  const file = join(folder, `pgbench-${run}.sql`)
  writeFileSync(file, script(run))
  const { user, database, password } = target
  const { host, port } = placeOf(target)
  const connection = ['-h', host, '-p', String(port), '-U', user]
  const load = ['-n', '-c', String(CLIENTS), '-j', '1', '-T', String(SECONDS), '-D', 'seq=0', '-f', file]
  // bash's own `time`, because Node does not report what a child has used.
  const command = `TIMEFORMAT='cpu %U %S'; time "$@"`
  const args = ['-c', command, 'bash', join(programs.bin, 'pgbench'), ...connection, ...load, database]
  const { stdout, stderr } = await promisify(execFile)('bash', args, {
    env: { ...baseEnvironment(), PGPASSWORD: password },
  })
  rmSync(file)
  return readPgbench(stdout + stderr)
}

function readPgbench(text: string): Run {
  const number = (pattern: RegExp, group = 1): number => Number(pattern.exec(text)?.[group])
  const transactions = number(/transactions actually processed: (\d+)/)
  const cpuSeconds = number(/^cpu ([\d.]+) ([\d.]+)/m) + number(/^cpu ([\d.]+) ([\d.]+)/m, 2)
  const tps = number(/^tps = ([\d.]+)/m)
  if (!(tps > 0) || !(cpuSeconds > 0)) throw new Error(`pgbench did not run: ${text}`)
  return { tps, cpuUsPerTransaction: (cpuSeconds * 1e6) / transactions }
}
