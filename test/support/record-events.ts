/** Events of a load whose times are known, as the load generator's own recorder and assembly record them. */
import { type Outcome, type SecondRecord, US_PER_SECOND } from '../../loadgen-image/contract/glossary.ts'
import type { LoadSettings } from '../../loadgen-image/contract/load-plan.ts'
import { Recorder } from '../../loadgen-image/record/recorder.ts'
import { Assembly } from '../../loadgen-image/run/assembly.ts'
import { workersOfThread } from '../../loadgen-image/schedule/workers.ts'
import { aRecord } from './builders.ts'

export interface Event {
  readonly atUs: number
  readonly dueUs: number
  readonly sentUs: number
  readonly container: number
  /** -1 of a missed arrival. */
  readonly worker: number
  readonly outcome: Outcome | 'missed'
  readonly timeline: number
}

/** All connections are lost; each worker's is open again at its own moment, if ever. */
export interface Disconnection {
  readonly atUs: number
  backAtUs(worker: number): number
}

export interface ContainerLoad {
  readonly load: LoadSettings
  readonly container: number
  /** On the database's clock, as all events. */
  readonly startAtUs: number
  /** The container's clock minus the database's. */
  readonly offsetUs: number
  readonly disconnections: readonly Disconnection[]
}

const FAILURES = {
  refused: { code: '57P03', message: 'the database system is starting up' },
  unknown: { code: '57P01', message: 'terminating connection due to administrator command' },
} as const

const { health } = aRecord()

/** The events of one container, in the order in which their outcomes were known. */
export function recordEvents(events: readonly Event[], own: ContainerLoad): SecondRecord[] {
  const { load, container, offsetUs } = own
  const startAtUs = own.startAtUs + offsetUs
  const workers = workersOfThread(load, container, 1, 0)
  const records: SecondRecord[] = []
  const takeUsage = () => ({ cpuUs: health.cpuUs, rssBytes: health.rssBytes })
  const incarnation = `i${container}`
  const assembly = new Assembly({ container, incarnation, workers: workers.length, threads: 1, startAtUs, takeUsage })
  const recorder = new Recorder({
    workers,
    open: workers.length,
    startAtUs,
    keepsLedger: true,
    backlog: backlogOf(events, offsetUs),
    emit: (part) => records.push(...assembly.add(0, part, health)),
  })
  const indexOf = new Map(workers.map(({ worker }, index) => [worker, index]))
  const steps = [
    ...own.disconnections.flatMap((one) => disconnect(recorder, indexOf, one)),
    ...events.flatMap((event) => record(recorder, indexOf.get(event.worker) ?? -1, event, offsetUs)),
  ].sort((a, b) => a.atUs - b.atUs)
  for (const { atUs, act } of steps) act(atUs + offsetUs)
  const loadEndUs = startAtUs + load.durationSeconds * US_PER_SECOND
  const lastUs = (events.at(-1)?.atUs ?? own.startAtUs) + offsetUs
  recorder.finish(Math.max(lastUs, startAtUs), Math.min(Math.max(lastUs, startAtUs), loadEndUs))
  records.push(...assembly.done(0))
  return records
}

interface Step {
  readonly atUs: number
  readonly act: (atUs: number) => void
}

/** Arrivals that became due, and those that were neither sent nor missed yet. */
function backlogOf(events: readonly Event[], offsetUs: number) {
  const due = events.map(({ dueUs }) => dueUs + offsetUs).sort((a, b) => a - b)
  const left = events
    .map(({ outcome, atUs, sentUs }) => (outcome === 'missed' ? atUs : sentUs) + offsetUs)
    .sort((a, b) => a - b)
  let [dueCount, leftCount] = [0, 0]
  return {
    settleUntil(atUs: number) {
      const before = dueCount
      while (dueCount < due.length && (due[dueCount] as number) < atUs) dueCount++
      while (leftCount < left.length && (left[leftCount] as number) < atUs) leftCount++
      return { intended: dueCount - before, waiting: Math.max(0, dueCount - leftCount) }
    },
  }
}

function disconnect(recorder: Recorder, indexOf: ReadonlyMap<number, number>, one: Disconnection): Step[] {
  return [...indexOf].flatMap(([worker, index]) => {
    const backAtUs = one.backAtUs(worker)
    const lost: Step = { atUs: one.atUs, act: (atUs) => recorder.lost(index, FAILURES.unknown.code, atUs) }
    return Number.isFinite(backAtUs) ? [lost, { atUs: backAtUs, act: (atUs) => recorder.opened(atUs) }] : [lost]
  })
}

function record(recorder: Recorder, index: number, event: Event, offsetUs: number): Step[] {
  const { outcome, timeline, atUs } = event
  if (outcome === 'missed') return [{ atUs, act: (at) => recorder.missed(at) }]
  const [dueAtUs, sentAtUs] = [event.dueUs + offsetUs, event.sentUs + offsetUs]
  const known = (at: number) =>
    outcome === 'acknowledged'
      ? recorder.acknowledged(index, { dueAtUs, sentAtUs, atUs: at, timeline, isWeak: false })
      : recorder.failed(index, outcome, FAILURES[outcome], at)
  return [
    { atUs: event.sentUs, act: (at) => recorder.sent(dueAtUs, at) },
    { atUs, act: known },
  ]
}
