/** Runs a load in a process of its own and reads its figures. */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import type { ServerTarget } from '../../loadgen-image/connection/target.ts'
import type { LoadPlan } from '../../loadgen-image/contract/load-plan.ts'
import { HEAP_ENVIRONMENT } from '../../loadgen-image/heap.ts'
import { aPlan } from '../support/builders.ts'
import type { LoadFigures } from './load-process.ts'

const run = promisify(execFile)

/** `file`: beside this one, or with its whole path. */
export async function nodeJson<T>(file: string, args: readonly string[], flags: readonly string[] = []): Promise<T> {
  const path = resolve(import.meta.dirname, file)
  const { stdout } = await run(process.execPath, [...flags, path, ...args], {
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, ...HEAP_ENVIRONMENT },
  })
  return JSON.parse(stdout) as T
}

export const measureLoad = (plan: LoadPlan, target: ServerTarget): Promise<LoadFigures> =>
  nodeJson<LoadFigures>('load-process.ts', [JSON.stringify({ plan, target })])

/** In a closed loop, with deadlines that pass only where a benchmark sets them. */
export const benchPlan = (changes: Partial<LoadPlan>): LoadPlan =>
  aPlan({
    drillId: `bench-${randomBytes(4).toString('hex')}`,
    targetTps: 0,
    workers: 50,
    durationSeconds: 10,
    deadlineMs: 60_000,
    connectTimeoutMs: 10_000,
    replyTimeoutMs: 60_000,
    drainSeconds: 30,
    hardDeadlineSeconds: 3600,
    staleLeaseSeconds: 0,
    ...changes,
  })
