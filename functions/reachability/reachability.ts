/**
 * Each way to the server during the load, from the records of all step probes, on the clock of the database: as each container saw
 * it, and joined. Joined, a way is in the state of the container that got furthest, because the service is back for the first
 * client that it serves.
 */
import type { NameReading, ProbeRecord, Way } from '../../loadgen-image/contract/step-probe.ts'
import type { Incarnation } from '../merge/merged.ts'
import { WAYS } from '../model/chart-data.ts'
import { courseOf, type WayInterval } from './course.ts'
import { rankOf } from './states.ts'

export interface WayCourse {
  readonly way: Way
  readonly intervals: readonly WayInterval[]
}

/** A container's name of the server had other addresses from then on. */
export interface NameChange {
  readonly container: number
  readonly atUs: number
  readonly before: readonly string[]
  readonly after: readonly string[]
}

export interface Reachability {
  /** Joined; only ways that were probed. */
  readonly ways: readonly WayCourse[]
  readonly byContainer: ReadonlyArray<WayCourse & { readonly container: number }>
  /** Of all containers, in the order of time. */
  readonly nameChanges: readonly NameChange[]
  /** Why nothing was probed; null: it was. */
  readonly problem: string | null
}

export function reachabilityOf(
  records: readonly ProbeRecord[],
  incarnations: ReadonlyArray<Pick<Incarnation, 'container' | 'incarnation' | 'clock'>>,
): Reachability {
  const byProcess = Map.groupBy(records, ({ container, incarnation }) => `${container}/${incarnation}`)
  const offsets = new Map(incarnations.map((one) => [`${one.container}/${one.incarnation}`, one.clock.offsetUs]))
  const shifted = [...byProcess].map(([key, own]) => own.map((record) => moved(record, offsets.get(key) ?? 0)))
  const byContainer = shifted.flatMap((own) =>
    WAYS.flatMap((way) => {
      const intervals = courseOf(own, way)
      return intervals.length === 0 ? [] : [{ container: own[0]?.container ?? 0, way, intervals }]
    }),
  )
  const ways = WAYS.flatMap((way) => {
    const courses = byContainer.filter((one) => one.way === way).map(({ intervals }) => intervals)
    return courses.length === 0 ? [] : [{ way, intervals: joined(courses) }]
  })
  return { ways, byContainer, nameChanges: nameChangesOf(shifted), problem: problemOf(records, ways) }
}

function problemOf(records: readonly ProbeRecord[], ways: readonly WayCourse[]): string | null {
  if (ways.length > 0) return null
  return records.find(({ problem }) => problem !== '')?.problem ?? 'the load generators left no record of a step probe'
}

function moved(record: ProbeRecord, offsetUs: number): ProbeRecord {
  const at = (us: number) => us - offsetUs
  const maybe = (us: number | null) => (us === null ? null : us - offsetUs)
  return {
    ...record,
    steady: record.steady.map((one) => ({ ...one, fromUs: at(one.fromUs), toUs: at(one.toUs) })),
    stalls: record.stalls.map((one) => ({ fromUs: at(one.fromUs), toUs: at(one.toUs) })),
    names: record.names.map((one) => ({ ...one, atUs: at(one.atUs) })),
    attempts: record.attempts.map((one) => ({
      ...one,
      begunAtUs: at(one.begunAtUs),
      resolvedAtUs: maybe(one.resolvedAtUs),
      acceptedAtUs: maybe(one.acceptedAtUs),
      encryptedAtUs: maybe(one.encryptedAtUs),
      loggedInAtUs: maybe(one.loggedInAtUs),
      endedAtUs: at(one.endedAtUs),
    })),
  }
}

/** At each moment the interval that got furthest. */
export function joined(courses: ReadonlyArray<readonly WayInterval[]>): WayInterval[] {
  if (courses.length === 1) return [...(courses[0] ?? [])]
  const bounds = [...new Set(courses.flat().flatMap(({ fromUs, toUs }) => [fromUs, toUs]))].sort((a, b) => a - b)
  const positions = courses.map(() => 0)
  const result: { state: WayInterval['state']; code: string; fromUs: number; toUs: number }[] = []
  for (const [i, fromUs] of bounds.slice(0, -1).entries()) {
    const toUs = bounds[i + 1] as number
    const best = courses
      .flatMap((course, k) => intervalAt(course, positions, k, fromUs) ?? [])
      .reduce<WayInterval | null>((a, b) => (a === null || rankOf(b.state) > rankOf(a.state) ? b : a), null)
    const state = best?.state ?? 'not watched'
    const last = result.at(-1)
    if (last?.state === state) last.toUs = toUs
    else result.push({ state, code: best?.code ?? '', fromUs, toUs })
  }
  return result
}

/** Moments come in rising order, so each course is walked once. */
function intervalAt(course: readonly WayInterval[], positions: number[], k: number, atUs: number): WayInterval | null {
  while ((course[positions[k] ?? 0]?.toUs ?? Number.POSITIVE_INFINITY) <= atUs) positions[k] = (positions[k] ?? 0) + 1
  const interval = course[positions[k] ?? 0]
  return interval !== undefined && interval.fromUs <= atUs ? interval : null
}

const nameChangesOf = (processes: ReadonlyArray<readonly ProbeRecord[]>): NameChange[] =>
  processes
    .flatMap((own) =>
      changesIn(
        own.flatMap(({ names }) => names),
        own[0]?.container ?? 0,
      ),
    )
    .sort((a, b) => a.atUs - b.atUs)

/** A name that had no address for a while, and then the same again, did not change. */
function changesIn(readings: readonly NameReading[], container: number): NameChange[] {
  const changes: NameChange[] = []
  let before: readonly string[] | null = null
  for (const { atUs, addresses } of readings) {
    if (addresses.length === 0) continue
    if (before !== null && addresses.join(' ') !== before.join(' '))
      changes.push({ container, atUs, before, after: addresses })
    before = addresses
  }
  return changes
}
