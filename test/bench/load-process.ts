/**
 * One run of the load in a process of its own, for benchmarks: settings come in as JSON, figures go out as JSON.
 * What a transaction costs is taken from the whole seconds behind the warm-up, in which code is still being compiled.
 */

import type { ServerTarget } from '../../loadgen-image/connection/target.ts'
import { encodeAppRecord } from '../../loadgen-image/contract/app-probe.ts'
import type { SecondRecord, SparseHistogram } from '../../loadgen-image/contract/glossary.ts'
import { Histogram } from '../../loadgen-image/contract/histogram.ts'
import type { LoadPlan } from '../../loadgen-image/contract/load-plan.ts'
import { encodeProbeRecord } from '../../loadgen-image/contract/step-probe.ts'
import { limitHeapGrowth } from '../../loadgen-image/heap.ts'
import { AppProber } from '../../loadgen-image/probe/app-prober.ts'
import { StepProbe } from '../../loadgen-image/probe/step-probe.ts'
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

/** What a container runs beside its load. */
export interface ProbesBeside {
  readonly direct: ServerTarget
  /** An application that answers 200. */
  readonly url: string
}

interface Settings {
  readonly plan: LoadPlan
  readonly target: ServerTarget
  readonly probes: ProbesBeside | null
}

const HEAD_START_MS = 300
const WARM_UP_SECONDS = 3

if (process.argv[2] !== undefined) {
  limitHeapGrowth()
  const figures = await measure(JSON.parse(process.argv[2]) as Settings)
  process.stdout.write(JSON.stringify(figures))
}

async function measure({ plan, target, probes }: Settings): Promise<LoadFigures> {
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
  const beside = probes === null ? null : await startProbes(plan, target, probes, run)
  const before = process.cpuUsage()
  const startAtMs = Date.now() + HEAD_START_MS
  beside?.start(startAtMs)
  await run.load(startAtMs)
  const cpu = process.cpuUsage(before)
  const { totals, endedAtUs, startedAtUs, maxRssBytes } = run.summary({ clock: { offsetMs: 0, errorMs: 0 } }, 0)
  await beside?.end()
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

/** The step probe and one application probe, as in a container of a drill; their records are encoded and dropped. */
async function startProbes(plan: LoadPlan, pgbouncer: ServerTarget, { direct, url }: ProbesBeside, run: Run) {
  const writes = { direct: 0, pgbouncer: 0 }
  let answers = 0
  const step = new StepProbe({
    ...{ drillId: plan.drillId, container: 0, incarnation: 'bench', direct, pgbouncer, nowUs: () => run.nowUs },
    onRecord: (record) => {
      for (const { way, writes: count } of record.steady) writes[way] += count
      encodeProbeRecord(record)
    },
  })
  const settings = { container: 0, containers: 1, incarnation: 'bench', secrets: new Map(), allowLoopback: true }
  const apps = new AppProber({
    ...settings,
    probes: [
      {
        ...{ name: 'checkout', url, method: 'GET', expectStatus: 200, everyMs: 250 },
        timeoutMs: 2_000,
        headers: {},
        body: null,
      },
    ],
    nowUs: () => run.nowMs * 1000,
    onRecord: (record) => {
      for (const [good] of record.seconds) answers += good
      encodeAppRecord(record)
    },
  })
  await step.prepare()
  return {
    start(startAtMs: number): void {
      step.start(startAtMs)
      apps.start(startAtMs * 1000, (startAtMs + plan.durationSeconds * 1000) * 1000)
    },
    async end(): Promise<void> {
      step.stop()
      apps.stop()
      await apps.ended(2_000)
      const least = Math.min(writes.direct, writes.pgbouncer, 2 * answers)
      if (least < 5 * plan.durationSeconds)
        throw new Error(`the probes did not run: ${JSON.stringify({ ...writes, answers })}`)
    },
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
