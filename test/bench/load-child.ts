/** Runs a load in a process of its own and reads its figures. */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { ServerTarget } from '../../loadgen-image/connection/target.ts'
import type { LoadPlan } from '../../loadgen-image/contract/load-plan.ts'
import { HEAP_ENVIRONMENT } from '../../loadgen-image/heap.ts'
import type { LoadFigures } from './load-process.ts'

const run = promisify(execFile)

export async function nodeJson<T>(file: string, args: readonly string[], flags: readonly string[] = []): Promise<T> {
  const path = fileURLToPath(new URL(`./${file}`, import.meta.url))
  const { stdout } = await run(process.execPath, [...flags, path, ...args], {
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, ...HEAP_ENVIRONMENT },
  })
  return JSON.parse(stdout) as T
}

export const measureLoad = (plan: LoadPlan, target: ServerTarget): Promise<LoadFigures> =>
  nodeJson<LoadFigures>('load-process.ts', [JSON.stringify({ plan, target })])

export function benchPlan(changes: Partial<LoadPlan>): LoadPlan {
  return {
    version: 1,
    drillId: `bench-${randomBytes(4).toString('hex')}`,
    containers: 1,
    targetTps: 0,
    workers: 50,
    threads: 1,
    durationSeconds: 10,
    arrivals: 'even',
    seed: 1,
    profile: [],
    deadlineMs: 60_000,
    onDeadline: 'shed',
    connectTimeoutMs: 10_000,
    replyTimeoutMs: 60_000,
    cohorts: [
      {
        name: 'all',
        share: 1,
        via: 'pgbouncer',
        retry: { firstDelayMs: 20, maxDelayMs: 200, multiplier: 2, jitter: true },
      },
    ],
    retryUnknown: false,
    transactions: 'ledger',
    drainSeconds: 30,
    hardDeadlineSeconds: 3600,
    staleLeaseSeconds: 0,
    ...changes,
  }
}
