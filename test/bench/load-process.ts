/**
 * One run of the load in a process of its own, for benchmarks: settings come in as JSON, figures go out as JSON.
 * What a transaction costs is taken from the whole seconds behind the warm-up, in which code is still being compiled.
 */

import type { ServerTarget } from '../../loadgen-image/connection/target.ts'
import type { SecondRecord, SparseHistogram } from '../../loadgen-image/contract/glossary.ts'
import { Histogram } from '../../loadgen-image/contract/histogram.ts'
import type { LoadPlan } from '../../loadgen-image/contract/load-plan.ts'
import { limitHeapGrowth } from '../../loadgen-image/heap.ts'
import { Run } from '../../loadgen-image/run/run.ts'

export interface LoadFigures {
  readonly intended: number
  readonly acknowledged: number
  readonly failed: number
  readonly missed: number
  readonly seconds: number
  readonly cpuSeconds: number
  /** Of the whole seconds behind the warm-up. */
  readonly steady: { readonly seconds: number; readonly acknowledged: number; readonly cpuSeconds: number }
  readonly maxRssBytes: number
  readonly threads: number
  /** Of the same seconds. */
  readonly sendLagUs: { readonly p50: number; readonly p99: number; readonly max: number }
  readonly responseUs: { readonly p50: number; readonly p99: number; readonly max: number }
}

interface Settings {
  readonly plan: LoadPlan
  readonly target: ServerTarget
}

const HEAD_START_MS = 300
const WARM_UP_SECONDS = 3

if (process.argv[2] !== undefined) {
  limitHeapGrowth()
  const figures = await measure(JSON.parse(process.argv[2]) as Settings)
  process.stdout.write(JSON.stringify(figures))
}

async function measure({ plan, target }: Settings): Promise<LoadFigures> {
  const records: SecondRecord[] = []
  const run = new Run({
    plan,
    container: 0,
    incarnation: 'bench',
    pgbouncer: target,
    direct: target,
    onRecord: (record) => records.push(record),
  })
  await run.connect()
  const before = process.cpuUsage()
  const startAtMs = Date.now() + HEAD_START_MS
  await run.load(startAtMs)
  const cpu = process.cpuUsage(before)
  const { totals, endedAtUs, startedAtUs, maxRssBytes } = run.summary({ clock: { offsetMs: 0, errorMs: 0 } }, 0)
  await run.terminate()
  return {
    intended: totals.intended,
    acknowledged: totals.acknowledged,
    failed: totals.refused + totals.unknown,
    missed: totals.missed,
    seconds: Math.min(plan.durationSeconds, (endedAtUs - startedAtUs) / 1e6),
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    steady: steadyPart(records),
    maxRssBytes,
    threads: run.threads,
    sendLagUs: spread(steadySeconds(records).map(({ sendLag }) => sendLag)),
    responseUs: spread(steadySeconds(records).map(({ response }) => response)),
  }
}

function steadySeconds(records: readonly SecondRecord[]): readonly SecondRecord[] {
  return records.slice(WARM_UP_SECONDS + 1, -1)
}

function steadyPart(records: readonly SecondRecord[]): LoadFigures['steady'] {
  const steady = steadySeconds(records)
  const sum = (of: (record: SecondRecord) => number) => steady.reduce((total, record) => total + of(record), 0)
  return {
    seconds: steady.length,
    acknowledged: sum(({ counts }) => counts.acknowledged),
    cpuSeconds: sum(({ health }) => health.cpuUs) / 1e6,
  }
}

function spread(histograms: readonly SparseHistogram[]): { p50: number; p99: number; max: number } {
  const total = new Histogram()
  for (const histogram of histograms) total.add(histogram)
  return {
    p50: total.percentileUs(0.5) ?? 0,
    p99: total.percentileUs(0.99) ?? 0,
    max: total.maxUs() ?? 0,
  }
}
