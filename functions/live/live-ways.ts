/**
 * Which step each way to the server is in while the load runs, for watching only: folded from the records of the step probes that
 * arrived since the last poll, on the clocks of the containers. The report computes the ways from all records, on one clock.
 */
import { US_PER_SECOND } from '../../loadgen-image/contract/glossary.ts'
import type { ProbeRecord } from '../../loadgen-image/contract/step-probe.ts'
import { WAYS } from '../model/chart-data.ts'
import type { LiveWay } from '../model/status.ts'
import { courseOf, type WayInterval } from '../reachability/course.ts'
import { joined } from '../reachability/reachability.ts'

/** By process and way, oldest first: the newest intervals of its course. */
export type WayStates = Readonly<Record<string, readonly WayInterval[]>>

/** Enough to join the courses of the containers at the newest moment. */
const KEPT_INTERVALS = 8
/** Between the last attempt of one record and the first of the next. */
const SEAM_US = 350_000

export function foldWays(states: WayStates, records: readonly ProbeRecord[]): WayStates {
  const next: Record<string, readonly WayInterval[]> = { ...states }
  const byProcess = Map.groupBy(records, ({ container, incarnation }) => `${container}/${incarnation}`)
  for (const [process, own] of byProcess)
    for (const way of WAYS) {
      const key = `${process}/${way}`
      const course = courseOf(own, way)
      if (course.length > 0) next[key] = continued(next[key] ?? [], course).slice(-KEPT_INTERVALS)
    }
  return next
}

/** A record that comes late or twice changes nothing. */
function continued(known: readonly WayInterval[], course: readonly WayInterval[]): readonly WayInterval[] {
  const last = known.at(-1)
  const newer = course.filter(({ toUs }) => toUs > (last?.toUs ?? 0))
  const [first, ...others] = newer
  if (first === undefined || last === undefined) return [...known, ...newer]
  if (first.fromUs - last.toUs > SEAM_US) return newer
  if (first.state === last.state) return [...known.slice(0, -1), { ...last, toUs: first.toUs }, ...others]
  const fromUs = Math.max(first.fromUs, last.fromUs)
  return [...known.slice(0, -1), { ...last, toUs: fromUs }, { ...first, fromUs }, ...others]
}

/** Records come every five seconds at least: a container without newer ones has ended, or its records do not reach storage. */
const STALE_US = 8 * US_PER_SECOND

/** The state of the container that got furthest, at the newest moment that is known of all of them. */
export const waysOf = (states: WayStates, loadStartAtMs: number): LiveWay[] =>
  WAYS.flatMap((way) => {
    const courses = Object.entries(states).flatMap(([key, course]) => (key.endsWith(`/${way}`) ? [course] : []))
    const newestUs = Math.max(...courses.map(endOf))
    const fresh = courses.filter((course) => endOf(course) > newestUs - STALE_US)
    const untilUs = Math.min(...fresh.map(endOf))
    const now = joined(fresh.map((course) => cutAt(course, untilUs))).at(-1)
    return now === undefined ? [] : [{ way, ...liveWay(now, loadStartAtMs) }]
  })

const endOf = (course: readonly WayInterval[]): number => course.at(-1)?.toUs ?? 0

const cutAt = (course: readonly WayInterval[], untilUs: number): WayInterval[] =>
  course.filter(({ fromUs }) => fromUs < untilUs).map((one) => ({ ...one, toUs: Math.min(one.toUs, untilUs) }))

const liveWay = ({ state, fromUs, toUs }: WayInterval, loadStartAtMs: number): Omit<LiveWay, 'way'> => ({
  state,
  second: tenths(toUs / US_PER_SECOND - loadStartAtMs / 1000),
  seconds: tenths((toUs - fromUs) / US_PER_SECOND),
})

const tenths = (value: number): number => Math.round(value * 10) / 10
