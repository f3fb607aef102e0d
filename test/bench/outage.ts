/**
 * Outages of known length, measured by the generator as the longest time without any acknowledgement.
 * A freeze: SIGSTOP for the server and its backends, so that nothing answers and nothing breaks; its length is known to the
 * signal. A pause: PgBouncer holds all clients; PAUSE also waits for what runs and closes the server connections, which RESUME
 * opens again, so its length is what the database saw: the longest time between two inserts, by the server's own clock.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type TestDatabase, withDatabase } from '../integration/loadgen/database.ts'
import { atConsole } from '../support/sql.ts'
import { runLoad } from '../threads/support.ts'
import { benchPlan } from './load-child.ts'
import { atMost, type BenchResult, type Line } from './spread.ts'

const LENGTHS_SECONDS = [0.1, 1, 5, 20]
const BEFORE_MS = 2000
const AFTER_SECONDS = 2
const TPS = 500
const LIMIT_MS = 20

interface Injected {
  readonly name: string
  /** Holds the load up for so long, and returns how long exactly, in milliseconds; null: ask the database afterwards. */
  hold(database: TestDatabase, seconds: number): Promise<number | null>
}

const INJECTIONS: readonly Injected[] = [
  { name: 'SIGSTOP of the server', hold: freeze },
  { name: 'PgBouncer PAUSE', hold: pause },
]

export const benchOutage = (): Promise<BenchResult> =>
  withDatabase(async (database) => {
    const lines: Line[] = []
    const figures: unknown[] = []
    for (const { name, hold } of INJECTIONS)
      for (const seconds of LENGTHS_SECONDS) {
        const { injectedMs, measuredMs } = await measure(database, seconds, hold)
        const errorMs = measuredMs - injectedMs
        const text = `${errorMs.toFixed(1)} (outage ${injectedMs.toFixed(1)}, measured ${measuredMs.toFixed(1)})`
        lines.push(atMost(`error in ms, ${name} for ${seconds} s`, Math.abs(errorMs), LIMIT_MS, text))
        figures.push({ injection: name, seconds, injectedMs, measuredMs, errorMs })
      }
    return { lines, figures }
  })

async function measure(database: TestDatabase, seconds: number, hold: Injected['hold']) {
  const plan = benchPlan({
    targetTps: TPS,
    workers: 10,
    durationSeconds: BEFORE_MS / 1000 + seconds + AFTER_SECONDS,
  })
  let heldMs: number | null = null
  const { records } = await runLoad(plan, database.pooled, async () => {
    await sleep(BEFORE_MS)
    heldMs = await hold(database, seconds)
  })
  const injectedMs = heldMs ?? (await longestGapMs(database, plan.drillId))
  const longestUs = Math.max(0, ...records.flatMap(({ ackGaps }) => ackGaps.map(({ fromUs, toUs }) => toUs - fromUs)))
  return { injectedMs, measuredMs: longestUs / 1000 }
}

async function longestGapMs({ query }: TestDatabase, drillId: string): Promise<number> {
  const [row] = await query<{ ms: number }>(
    `SELECT max(extract(epoch FROM gap) * 1000)::float AS ms FROM (SELECT transaction_date
       - lag(transaction_date) OVER (ORDER BY transaction_date) AS gap FROM transactions WHERE drill_id = '${drillId}') AS gaps`,
  )
  return row?.ms ?? Number.NaN
}

/** The server first, or it would start new backends for PgBouncer while the old ones already stand still. */
async function freeze({ pair, query }: TestDatabase, seconds: number): Promise<number> {
  const backends = await query<{ pid: number }>(
    "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'",
  )
  const pids = [pair.primary.process?.pid ?? 0, ...backends.map(({ pid }) => pid)]
  const signalAll = (signal: NodeJS.Signals) => {
    for (const pid of pids) trySignal(pid, signal)
  }
  signalAll('SIGSTOP')
  const fromMs = performance.now()
  try {
    await sleep(seconds * 1000)
    return performance.now() - fromMs
  } finally {
    signalAll('SIGCONT')
  }
}

/** The backend that answered the question above is gone already. */
function trySignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

async function pause({ pooled }: TestDatabase, seconds: number): Promise<null> {
  return await atConsole(pooled, async (console) => {
    await console.query('PAUSE drill')
    await sleep(seconds * 1000)
    await console.query('RESUME drill')
    return null
  })
}
