/** The ways to the server during an event, as the step probes found them, and its old primary, in the form of the report. */
import type { Way } from '../../loadgen-image/contract/step-probe.ts'
import type { LoadAnalysis } from '../analysis/analysis.ts'
import type { Event } from '../analysis/events.ts'
import { clockErrorMs } from '../merge/clocks.ts'
import type { ProbeRow } from '../model/chart-data.ts'
import type { WatchRun } from '../model/evidence.ts'
import type { DrillEvent, EventWay, Report } from '../model/report.ts'
import type { WayInterval } from '../reachability/course.ts'
import {
  afterwardsOf,
  type EventWay as MeasuredWay,
  nameChangeOf,
  type WayAfterwards,
  waysOfEvent,
} from '../reachability/event-ways.ts'
import type { Promotion } from '../stale-primary/judge.ts'
import { noStalePrimary, stalePrimaryOf } from '../stale-primary/stale-event.ts'
import { round } from '../units/statistics.ts'
import { isoOfUs, secondsBetween } from '../units/units.ts'

type WaysOfEvent = Pick<DrillEvent, 'ways' | 'nameChange'>
type Probed = WaysOfEvent & Pick<DrillEvent, 'stalePrimary'>

const NO_WAYS: WaysOfEvent = { ways: [], nameChange: null }

/** Of an event without any record of a load. */
export const NOT_PROBED: Probed = { ...NO_WAYS, stalePrimary: noStalePrimary('no load was recorded') }

export const probedOf = (event: Event, analysis: LoadAnalysis): Probed => ({
  ...eventWaysOf(event, analysis),
  stalePrimary: stalePrimaryOf(analysis.staleWatch, promotionOf(event, analysis), auditedRows(analysis)),
})

const auditedRows = ({ audit }: LoadAnalysis): readonly WatchRun[] | null =>
  audit.kind === 'agreed' ? audit.pass.watchRuns : null

/** Threads of a process date a reply when they read it. */
const SAME_PROCESS_US = 1_000

/** Null: no timeline rose. */
function promotionOf({ span, t0Us, t1Us }: Event, { merged }: LoadAnalysis): Promotion | null {
  const { change, beginUs } = span
  if (change === null) return null
  const { timeline: newTimeline, firstAtUs: t2Us } = change
  const older = merged.timelines.map(({ timeline }) => timeline).filter((timeline) => timeline < newTimeline)
  const first = merged.firstAcks.find(({ timeline, atUs }) => timeline === newTimeline && atUs === t2Us)
  const errorUs = (container: number) => {
    const own = merged.incarnations.filter((one) => one.container === container)
    return (
      1000 *
      Math.max(...own.map(({ clock }) => clockErrorMs(clock)), own.length === 0 ? clockErrorMs({ errorMs: null }) : 0)
    )
  }
  const others = Math.max(0, ...merged.incarnations.map(({ container }) => errorUs(container)))
  const boundUs = (container: number) =>
    container === first?.container
      ? SAME_PROCESS_US
      : errorUs(container) + (first === undefined ? others : errorUs(first.container))
  return {
    beginUs: Math.min(t0Us ?? beginUs, t1Us ?? beginUs),
    t2Us,
    oldTimeline: Math.max(...older),
    newTimeline,
    boundUs,
  }
}

/** Nothing without a T1: there is no moment from which on a way could be out because of the event. */
function eventWaysOf(event: Event, { reachability }: LoadAnalysis): WaysOfEvent {
  const { span, t1Us, t2Us, endUs, isOutageWatched } = event
  if (t1Us === null || !isOutageWatched) return NO_WAYS
  const window = { beginUs: event.t0Us ?? span.beginUs, t1Us, t2Us, endUs }
  const measured = waysOfEvent(reachability, window)
  const direct = measured.find(({ way }) => way === 'direct')
  const change = nameChangeOf(reachability, window)
  return {
    ways: measured.map((one) => wayOfReport(one, one.way === 'direct' ? undefined : direct)),
    nameChange:
      change === null
        ? null
        : {
            at: isoOfUs(change.atUs),
            sinceLastCommitSeconds: secondsBetween(t1Us, change.atUs) ?? 0,
            before: [...change.before],
            after: [...change.after],
          },
  }
}

const NOT_MEASURED_WHY = {
  before: 'a new connection could not write by this way before the event',
  'not watched': 'the step probe did not run all the time',
} as const

function wayOfReport(measured: MeasuredWay, direct: MeasuredWay | undefined): EventWay {
  const { way, steps, backUs, notMeasured } = measured
  const longer = direct === undefined ? null : longerThan(measured, direct)
  return {
    way,
    steps: steps.map(({ state, code, fromUs, toUs }) => ({
      state,
      code,
      fromAt: isoOfUs(fromUs),
      toAt: isoOfUs(toUs),
      seconds: secondsBetween(fromUs, toUs) ?? 0,
    })),
    backAt: isoOfUs(backUs),
    outSeconds: outSecondsOf(measured),
    longerThanDirectSeconds: longer,
    notMeasuredWhy: notMeasured === null ? null : NOT_MEASURED_WHY[notMeasured],
  }
}

function outSecondsOf({ steps, backUs, notMeasured }: MeasuredWay): number | null {
  if (notMeasured !== null) return null
  return steps[0] === undefined ? 0 : secondsBetween(steps[0].fromUs, backUs)
}

/** By the moments at which they were back; a way that took writes throughout was never away. */
function longerThan(measured: MeasuredWay, direct: MeasuredWay): number | null {
  const [own, other] = [outSecondsOf(measured), outSecondsOf(direct)]
  if (own === null || other === null) return null
  if (measured.backUs === null || direct.backUs === null) return round(own - other, 3)
  return secondsBetween(direct.backUs, measured.backUs)
}

/** Of the ways that were measured and were back, or never out. */
export const afterwardsOfEvent = (
  { ways, moments }: Pick<DrillEvent, 'ways' | 'moments'>,
  load: LoadAnalysis | null,
): Partial<Record<Way, WayAfterwards>> =>
  Object.fromEntries(
    ways.flatMap(({ way, steps, backAt, notMeasuredWhy }) => {
      const from = backAt ?? (steps.length === 0 ? moments.t1 : null)
      if (load === null || notMeasuredWhy !== null || from === null) return []
      return [[way, afterwardsOf(load.reachability, way, Date.parse(from) * 1000)]]
    }),
  )

export const stepProbeOf = (load: LoadAnalysis | null): Report['stepProbe'] => {
  const problem = load === null ? 'no load was recorded' : load.reachability.problem
  return { measured: problem === null, why: problem ?? '' }
}

export function probeRows({ reachability: { ways, byContainer } }: LoadAnalysis): ProbeRow[] {
  const all = [...ways.map((one) => ({ ...one, container: null })), ...byContainer]
  return all.flatMap(({ way, container, intervals }) =>
    intervals.map((interval) => ({ way, container, ...rowOf(interval) })),
  )
}

const rowOf = ({ state, code, fromUs, toUs }: WayInterval): Omit<ProbeRow, 'way' | 'container'> => ({
  state,
  code,
  fromAt: isoOfUs(fromUs),
  toAt: isoOfUs(toUs),
  seconds: secondsBetween(fromUs, toUs) ?? 0,
})
