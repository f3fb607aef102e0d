/** Readings of a stale-primary watch, in milliseconds of a made-up load, and the promotion that they are judged by. */

import type { Promotion } from '../../../functions/stale-primary/judge.ts'
import { type StaleWatch, staleWatchOf } from '../../../functions/stale-primary/sessions.ts'
import type { WatchReading } from '../../../loadgen-image/contract/step-probe.ts'
import { aProbeRecord } from '../reachability/support.ts'

export const us = (ms: number): number => ms * 1000

interface Course {
  readonly session?: number
  readonly timeline?: number
  readonly opened?: number
  /** When each write was sent; each is acknowledged 2 ms later. */
  readonly writes?: readonly number[]
  readonly end?: readonly [atMs: number, code: string]
  readonly openUntil?: number
  readonly unansweredSince?: number
  readonly failed?: readonly number[]
}

export function aReading(course: Course): WatchReading {
  const { session = 1, timeline = 1, opened = 0, writes = [], end, openUntil, unansweredSince, failed = [] } = course
  const sent = writes.map(us)
  return {
    problem: '',
    refusals: [],
    opened: [{ session, openedAtUs: us(opened), timeline, address: '10.0.0.4', startedAt: 'earlier' }],
    writes:
      sent.length === 0
        ? []
        : [{ session, timeline, firstSeq: 1, sentAtUs: sent, acknowledgedAtUs: sent.map((at) => at + us(2)) }],
    failures: failed.map((at, i) => ({
      ...{ session, seq: writes.length + i + 1, code: '25006' },
      ...{ sentAtUs: us(at), endedAtUs: us(at + 1) },
    })),
    open:
      openUntil === undefined
        ? []
        : [
            {
              session,
              atUs: us(openUntil),
              unansweredSinceUs: unansweredSince === undefined ? null : us(unansweredSince),
            },
          ],
    ends: end === undefined ? [] : [{ session, atUs: us(end[0]), code: end[1] }],
  }
}

/** Each reading is a container's. */
export const aWatch = (...readings: readonly Partial<WatchReading>[]): StaleWatch =>
  staleWatchOf(
    readings.map((own, container) => aProbeRecord({ container, watch: { ...aProbeRecord({}).watch, ...own } })),
    [],
  )

/** Commits stopped at 10 s, and the new timeline began at 14 s. */
export const aPromotion = (own: Partial<Promotion> = {}): Promotion => ({
  beginUs: us(10_000),
  t2Us: us(14_000),
  oldTimeline: 1,
  newTimeline: 2,
  boundUs: () => us(5),
  ...own,
})

export const every500 = (from: number, to: number): number[] =>
  Array.from({ length: Math.floor((to - from) / 500) + 1 }, (_, i) => from + 500 * i)
