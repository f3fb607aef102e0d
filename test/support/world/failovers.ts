/** The failovers of a made-up server, those of the drill and those by hand: how long each takes, and what becomes of one during another. */
import type { FailoverMode } from '../../../functions/model/planned-event.ts'
import { promotion, restart, type Service } from './service.ts'

export interface FailoverCourse {
  /** From the request to the last commit. */
  readonly detectMs: number
  /** Null: no new primary ever. */
  readonly outageMs: number | null
  /** From the new primary to Healthy; null: never. */
  readonly rebuildMs: number | null
  /** Acknowledged commits of this long before the outage are lost: replication was not synchronous. */
  readonly lostMs: number
  /** After the new primary has come up, it goes away again: so much later, for so long; null: for good. */
  readonly relapses?: ReadonlyArray<{ readonly afterMs: number; readonly ms: number | null }>
}

export interface Failover extends FailoverCourse {
  readonly mode: FailoverMode
  readonly acceptedAtMs: number
  readonly downAtMs: number
  readonly upAtMs: number
  readonly healthyAtMs: number
  readonly token: string
}

const NEVER = Number.POSITIVE_INFINITY

export class Failovers {
  /** Those that the platform carried out for a request of the drill. */
  readonly all: Failover[] = []
  readonly #service: Service
  /** By number of the failover; the last one repeats. */
  readonly #courses: readonly FailoverCourse[]

  constructor(service: Service, courses: readonly FailoverCourse[]) {
    this.#service = service
    this.#courses = courses
  }

  isUnderWayAt(atMs: number): boolean {
    const last = this.#lastAt(atMs)
    if (last !== undefined && atMs < last.upAtMs) return true
    return this.#service.promotions.some(({ noticedAtMs, toMs }) => atMs >= noticedAtMs && atMs < toMs)
  }

  /** A request that is still on its way changes nothing. */
  #lastAt(atMs: number): Failover | undefined {
    return this.all.findLast(({ acceptedAtMs }) => atMs >= acceptedAtMs)
  }

  /** The token of its operation. */
  carryOut(mode: FailoverMode, acceptedAtMs: number): string {
    const course = this.#courses[Math.min(this.all.length, this.#courses.length - 1)] as FailoverCourse
    const underWay = this.#service.promotions.find(({ fromMs, toMs }) => fromMs <= acceptedAtMs && acceptedAtMs < toMs)
    const times = underWay?.absorbs
      ? { downAtMs: underWay.fromMs, upAtMs: underWay.toMs, healthyAtMs: underWay.healthyAtMs }
      : this.#promote(course, acceptedAtMs, underWay?.toMs ?? acceptedAtMs)
    const token = `operation-${this.all.length}`
    this.all.push({ ...course, mode, acceptedAtMs, ...times, token })
    return token
  }

  /** A primary that dies meanwhile by itself only makes the failover begin sooner. */
  #promote(course: FailoverCourse, acceptedAtMs: number, begunAtMs: number) {
    const { lostMs } = course
    const plannedMs = begunAtMs + course.detectMs
    const earlier = this.#service.promotions.find(({ fromMs }) => fromMs >= acceptedAtMs && fromMs < plannedMs)
    const downAtMs = earlier?.fromMs ?? plannedMs
    const upAtMs = course.outageMs === null ? NEVER : downAtMs + course.outageMs
    const healthyAtMs = course.rebuildMs === null ? NEVER : upAtMs + course.rebuildMs
    for (const other of this.#service.promotions)
      if (other.fromMs >= acceptedAtMs && other.fromMs < upAtMs) this.#service.remove(other)
    this.#service.add(promotion({ cause: 'drill', fromMs: downAtMs, toMs: upAtMs, healthyAtMs, lostMs }))
    for (const { afterMs, ms } of course.relapses ?? []) {
      const fromMs = upAtMs + afterMs
      this.#service.add(restart('flap', fromMs, ms === null ? NEVER : fromMs + ms))
    }
    return { downAtMs, upAtMs, healthyAtMs }
  }

  byHand(nowMs: number): void {
    const { detectMs, outageMs, rebuildMs, lostMs } = this.#courses[0] as FailoverCourse
    const fromMs = nowMs + detectMs
    const toMs = fromMs + (outageMs ?? NEVER)
    this.#service.add(promotion({ cause: 'hand', fromMs, toMs, healthyAtMs: toMs + (rebuildMs ?? NEVER), lostMs }))
  }
}
