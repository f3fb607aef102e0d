/**
 * One load, and beside it the step probe and an application probe in turns: off, on, on, off. Neighbouring turns meet the same
 * server and the same machine, so that what differs between them is what the probes change. Settings come in as JSON, figures go out.
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

export interface TurnFigures {
  readonly tps: number
  readonly corePercent: number
  readonly responseUs: { readonly p50: number; readonly p99: number }
  readonly sendLagUs: { readonly p50: number; readonly p99: number }
}

/** Four turns in a row. */
export interface Round {
  readonly on: readonly [TurnFigures, TurnFigures]
  readonly off: readonly [TurnFigures, TurnFigures]
}

export interface TurnSettings {
  /** How long it lasts follows from `rounds`. */
  readonly plan: LoadPlan
  readonly pgbouncer: ServerTarget
  readonly direct: ServerTarget
  /** An application that answers 200. */
  readonly url: string
  readonly rounds: number
}

/** The first of each second of a turn is left out: sessions are opened or closed in it. */
const TURN_SECONDS = 5
const WARM_UP_SECONDS = 4
const HEAD_START_MS = 300
const IS_ON = [false, true, true, false]

if (process.argv[2] !== undefined) {
  limitHeapGrowth()
  process.stdout.write(JSON.stringify(await measure(JSON.parse(process.argv[2]) as TurnSettings)))
}

async function measure(settings: TurnSettings): Promise<Round[]> {
  const { pgbouncer, direct, rounds } = settings
  const durationSeconds = WARM_UP_SECONDS + rounds * IS_ON.length * TURN_SECONDS + 1
  const plan = { ...settings.plan, durationSeconds }
  const records = new Map<number, SecondRecord>()
  const onRecord = (record: SecondRecord) => records.set(record.second, record)
  const run = new Run({ plan, container: 0, incarnation: 'bench', pgbouncer, direct, onRecord })
  await run.connect()
  const startAtMs = Math.ceil((Date.now() + HEAD_START_MS) / 1000) * 1000
  const firstTurnMs = startAtMs + WARM_UP_SECONDS * 1000
  const turns = Array.from({ length: rounds * IS_ON.length }, (_, i) => ({
    isOn: IS_ON[i % IS_ON.length] as boolean,
    fromMs: firstTurnMs + i * TURN_SECONDS * 1000,
  }))
  const probed = turns.filter(({ isOn }) => isOn).map(({ fromMs }) => probesDuring(settings, run, fromMs))
  await run.load(startAtMs)
  await Promise.all(probed)
  await run.terminate()
  const figures = turns.map(({ fromMs }) => figuresOf(records, fromMs / 1000))
  return Array.from({ length: rounds }, (_, i) => {
    const [offFirst, onFirst, onLast, offLast] = figures.slice(i * IS_ON.length) as TurnFigures[]
    return { on: [onFirst, onLast], off: [offFirst, offLast] } as Round
  })
}

/** As in a container of a drill; the records are encoded and dropped. Rejects when the probes did not measure. */
async function probesDuring({ direct, pgbouncer, plan, url }: TurnSettings, run: Run, fromMs: number): Promise<void> {
  const untilMs = fromMs + TURN_SECONDS * 1000
  let [writes, answers] = [0, 0]
  const step = new StepProbe({
    ...{ drillId: plan.drillId, container: 0, incarnation: 'bench', direct, pgbouncer, nowUs: () => run.nowUs },
    onRecord: (record) => {
      writes += record.steady.reduce((sum, one) => sum + one.writes, 0)
      encodeProbeRecord(record)
    },
  })
  const request = { method: 'GET', expectStatus: 200, everyMs: 250, timeoutMs: 2_000, headers: {}, body: null } as const
  const apps = new AppProber({
    ...{ container: 0, containers: 1, incarnation: 'bench', secrets: new Map(), allowLoopback: true },
    probes: [{ name: 'checkout', url, ...request }],
    nowUs: () => run.nowMs * 1000,
    onRecord: (record) => {
      for (const [good] of record.seconds) answers += good
      encodeAppRecord(record)
    },
  })
  await step.prepare()
  step.start(fromMs)
  apps.start(fromMs * 1000, untilMs * 1000)
  await new Promise((resolve) => setTimeout(resolve, untilMs - run.nowMs))
  step.stop()
  apps.stop()
  await apps.ended(2_000)
  if (writes < 10 * TURN_SECONDS || answers < 2 * TURN_SECONDS)
    throw new Error(`the probes did not run: ${writes} writes and ${answers} answers in ${TURN_SECONDS} s`)
}

function figuresOf(records: ReadonlyMap<number, SecondRecord>, fromSecond: number): TurnFigures {
  const seconds = Array.from({ length: TURN_SECONDS - 1 }, (_, i) => records.get(fromSecond + 1 + i))
  if (seconds.some((record) => record === undefined)) throw new Error('a second has no record')
  const own = seconds as SecondRecord[]
  const perSecond = (of: (record: SecondRecord) => number) => own.reduce((sum, one) => sum + of(one), 0) / own.length
  if (perSecond(({ counts }) => counts.refused + counts.unknown + counts.missed) > 0)
    throw new Error('transactions failed in a turn that should have none')
  return {
    tps: perSecond(({ counts }) => counts.acknowledged),
    corePercent: perSecond(({ health }) => health.cpuUs) / 10_000,
    responseUs: percentiles(own.map(({ response }) => response)),
    sendLagUs: percentiles(own.map(({ sendLag }) => sendLag)),
  }
}

function percentiles(histograms: readonly SparseHistogram[]): { p50: number; p99: number } {
  const total = new Histogram()
  for (const histogram of histograms) total.add(histogram)
  return { p50: total.percentileUs(0.5) ?? Number.NaN, p99: total.percentileUs(0.99) ?? Number.NaN }
}
