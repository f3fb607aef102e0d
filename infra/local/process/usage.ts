/** CPU, memory and disk use of process trees, from /proc. On other systems null, never 0. */
import { readFileSync } from 'node:fs'
import { descendantsOf, statOf } from './process-table.ts'

export interface Usage {
  readonly atMs: number
  /** Per process, because a difference is only defined for a process that ran at both times. */
  readonly processes: ReadonlyMap<number, ProcessUsage>
}

interface ProcessUsage {
  readonly startedAt: string
  readonly cpuTicks: number
  readonly privateKb: number
  readonly sharedKb: number
  readonly reads: number | null
  readonly writes: number | null
}

export interface UsageRates {
  readonly cpuSecondsPerSecond: number
  readonly readsPerSecond: number | null
  readonly writesPerSecond: number | null
}

/** sysconf(_SC_CLK_TCK), which is 100 for all user programs on Linux. */
const TICKS_PER_SECOND = 100

export function usageOf(roots: readonly number[]): Usage | null {
  if (process.platform !== 'linux') return null
  const pids = roots.flatMap((pid) => [pid, ...descendantsOf(pid)])
  const entries = pids.flatMap((pid) => {
    const usage = processUsage(pid)
    return usage === null ? [] : [[pid, usage] as const]
  })
  return { atMs: performance.now(), processes: new Map(entries) }
}

function processUsage(pid: number): ProcessUsage | null {
  const stat = statOf(pid)
  const status = fieldsOf(`/proc/${pid}/status`)
  if (stat === null || status === null) return null
  const io = fieldsOf(`/proc/${pid}/io`)
  return {
    startedAt: stat.startedAt,
    cpuTicks: stat.cpuTicks,
    privateKb: Number.parseInt(status.get('RssAnon') ?? '0', 10),
    sharedKb: Number.parseInt(status.get('RssShmem') ?? '0', 10),
    reads: io === null ? null : Number(io.get('syscr')),
    writes: io === null ? null : Number(io.get('syscw')),
  }
}

/** Every backend maps the same shared buffers, so they count once: the largest part that a process has touched. */
export function memoryBytes({ processes }: Usage): number {
  const all = [...processes.values()]
  const privateKb = all.reduce((sum, { privateKb }) => sum + privateKb, 0)
  return (privateKb + Math.max(0, ...all.map(({ sharedKb }) => sharedKb))) * 1024
}

export function ratesBetween(before: Usage, after: Usage): UsageRates {
  const seconds = (after.atMs - before.atMs) / 1000
  const pairs = [...after.processes].map(([pid, now]) => [then(before, pid, now), now] as const)
  const rate = (of: (usage: ProcessUsage) => number | null): number | null => {
    const sums = pairs.map(([old, now]) => difference(of(now), old === null ? 0 : of(old)))
    return sums.includes(null) ? null : sums.reduce<number>((sum, value) => sum + (value ?? 0), 0) / seconds
  }
  return {
    cpuSecondsPerSecond: (rate(({ cpuTicks }) => cpuTicks) ?? 0) / TICKS_PER_SECOND,
    readsPerSecond: rate(({ reads }) => reads),
    writesPerSecond: rate(({ writes }) => writes),
  }
}

/** A process that started in between counts from zero; a pid with another start time is another process. */
function then(before: Usage, pid: number, now: ProcessUsage): ProcessUsage | null {
  const old = before.processes.get(pid)
  return old?.startedAt === now.startedAt ? old : null
}

const difference = (now: number | null, old: number | null): number | null =>
  now === null || old === null ? null : now - old

function fieldsOf(path: string): Map<string, string> | null {
  try {
    const lines = readFileSync(path, 'latin1').split('\n')
    return new Map(lines.map((line) => line.split(/:\s+/, 2) as [string, string]))
  } catch {
    return null
  }
}
