/** The ways to the server during an event, as the step probes found them, in the form of the report. */
import type { Way } from '../../loadgen-image/contract/step-probe.ts'
import type { LoadAnalysis } from '../analysis/analysis.ts'
import type { Event } from '../analysis/events.ts'
import type { ProbeRow } from '../model/chart-data.ts'
import type { DrillEvent, EventWay, Report } from '../model/report.ts'
import type { WayInterval } from '../reachability/course.ts'
import {
  afterwardsOf,
  type EventWay as MeasuredWay,
  nameChangeOf,
  type WayAfterwards,
  waysOfEvent,
} from '../reachability/event-ways.ts'
import { round } from '../units/statistics.ts'
import { isoOfUs, secondsBetween } from '../units/units.ts'

type WaysOfEvent = Pick<DrillEvent, 'ways' | 'nameChange'>

export const NO_WAYS: WaysOfEvent = { ways: [], nameChange: null }

/** Nothing without a T1: there is no moment from which on a way could be out because of the event. */
export function eventWaysOf(event: Event, { reachability }: LoadAnalysis): WaysOfEvent {
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
