/** Runs pgbench with the statement of the load, in a closed loop, and reads its figures. */
import { execFile } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { baseEnvironment } from '../../infra/local/process/processes.ts'
import { findPostgres } from '../../infra/local/process/programs.ts'
import type { ServerTarget } from '../../loadgen-image/connection/target.ts'
import { placeOf } from '../support/sql.ts'

export interface LoopFigures {
  readonly tps: number
  readonly cpuUsPerTransaction: number
}

interface PgbenchOptions {
  readonly clients: number
  readonly seconds: number
  /** Where its script is written. */
  readonly folder: string
  /** Part of the key of its rows. */
  readonly run: number
}

const script = (run: number) => `\\set c random(1, 5)
\\set m random(1, 5)
\\set a random(10, 9999) / 100.0
\\set seq :seq + 1
INSERT INTO transactions (customer_id, merchant_id, amount, status, drill_id, worker, seq) VALUES (:c, :m, :a, 'completed', 'pgbench-${run}', :client_id, :seq) RETURNING timeline;
`

export async function runPgbench(
  target: ServerTarget,
  { clients, seconds, folder, run }: PgbenchOptions,
): Promise<LoopFigures> {
  const programs = findPostgres()
  if (programs === null) throw new Error('PostgreSQL is not installed; npm test installs it')
  const file = join(folder, `pgbench-${run}.sql`)
  writeFileSync(file, script(run))
  const { user, database, password } = target
  const { host, port } = placeOf(target)
  const connection = ['-h', host, '-p', String(port), '-U', user]
  const load = ['-n', '-c', String(clients), '-j', '1', '-T', String(seconds), '-D', 'seq=0', '-f', file]
  // bash's own `time`, because Node does not report what a child has used.
  const command = `TIMEFORMAT='cpu %U %S'; time "$@"`
  const args = ['-c', command, 'bash', join(programs.bin, 'pgbench'), ...connection, ...load, database]
  const { stdout, stderr } = await promisify(execFile)('bash', args, {
    env: { ...baseEnvironment(), PGPASSWORD: password },
  })
  rmSync(file)
  return readPgbench(stdout + stderr)
}

function readPgbench(text: string): LoopFigures {
  const number = (pattern: RegExp, group = 1): number => Number(pattern.exec(text)?.[group])
  const transactions = number(/transactions actually processed: (\d+)/)
  const cpuSeconds = number(/^cpu ([\d.]+) ([\d.]+)/m) + number(/^cpu ([\d.]+) ([\d.]+)/m, 2)
  const tps = number(/^tps = ([\d.]+)/m)
  if (!(tps > 0) || !(cpuSeconds > 0)) throw new Error(`pgbench did not run: ${text}`)
  return { tps, cpuUsPerTransaction: (cpuSeconds * 1e6) / transactions }
}
