/**
 * The moments of an event while it happens, for watching only: T0 and T6 from the platform's answers, T1 to T3 from the
 * timeline that the database stamped into the rows. T4 and T5 mean that the service held, which only the report can say.
 */
import type { SecondRecord } from '../../loadgen-image/contract/glossary.ts'
import type { EventEvidence } from '../model/evidence.ts'
import type { LiveMoment } from '../model/status.ts'

export interface LiveTimeline {
  readonly timeline: number
  readonly firstAtUs: number
  readonly lastAtUs: number
  /** Clients that had a first commit on it, and when the last of them had it. */
  readonly clients: number
  readonly lastClientAtUs: number
}

/** In rising order. */
export function foldTimelines(
  known: readonly LiveTimeline[],
  { timelines, firstAcks }: Pick<SecondRecord, 'timelines' | 'firstAcks'>,
): readonly LiveTimeline[] {
  if (timelines.length === 0 && firstAcks.length === 0) return known
  const byTimeline = new Map(known.map((one) => [one.timeline, one]))
  for (const { timeline, firstAtUs, lastAtUs } of timelines) {
    const before = byTimeline.get(timeline) ?? unseen(timeline)
    byTimeline.set(timeline, {
      ...before,
      firstAtUs: Math.min(before.firstAtUs, firstAtUs),
      lastAtUs: Math.max(before.lastAtUs, lastAtUs),
    })
  }
  for (const { timeline, atUs } of firstAcks) {
    const before = byTimeline.get(timeline) ?? { ...unseen(timeline), firstAtUs: atUs, lastAtUs: atUs }
    byTimeline.set(timeline, {
      ...before,
      clients: before.clients + 1,
      lastClientAtUs: Math.max(before.lastClientAtUs, atUs),
    })
  }
  return [...byTimeline.values()].sort((a, b) => a.timeline - b.timeline)
}

const unseen = (timeline: number): LiveTimeline => ({
  timeline,
  firstAtUs: Number.MAX_SAFE_INTEGER,
  lastAtUs: 0,
  clients: 0,
  lastClientAtUs: 0,
})

export interface Seen {
  readonly timelines: readonly LiveTimeline[]
  readonly loadStartAtMs: number
  /** No commit is acknowledged now. */
  readonly isDown: boolean
}

type Caused = Pick<EventEvidence, 'index' | 'acceptedAt' | 'healthyAt'>

/** The app's clock and the containers' clocks differ. */
const CLOCK_SLACK_US = 2_000_000

export function liveMoments(events: readonly Caused[], seen: Seen): LiveMoment[] {
  const accepted = events.flatMap((event) =>
    event.acceptedAt === null ? [] : [{ ...event, t0Us: Date.parse(event.acceptedAt) * 1000 }],
  )
  return accepted.flatMap(({ t0Us, healthyAt, index }, i) => {
    const untilUs = accepted[i + 1]?.t0Us ?? Number.POSITIVE_INFINITY
    const times = [
      ['t0', t0Us],
      ...clientMoments(seen, t0Us - CLOCK_SLACK_US, untilUs - CLOCK_SLACK_US),
      ['t6', healthyAt === null ? null : Date.parse(healthyAt) * 1000],
    ] as const
    return times.flatMap(([moment, atUs]) =>
      atUs === null ? [] : [{ moment, event: index, second: secondOfLoad(atUs, seen.loadStartAtMs) }],
    )
  })
}

type ClientMoment = readonly ['t1' | 't2' | 't3', number | null]

function clientMoments({ timelines, isDown }: Seen, fromUs: number, untilUs: number): ClientMoment[] {
  const risen = timelines.findIndex(({ firstAtUs }, i) => i > 0 && firstAtUs >= fromUs && firstAtUs < untilUs)
  const lastCommit = timelines.at(-1)?.lastAtUs ?? null
  // While nothing is acknowledged, the last commit is the last one so far.
  if (risen === -1) return [['t1', isDown && untilUs === Number.POSITIVE_INFINITY ? lastCommit : null]]
  const older = timelines.slice(0, risen)
  const now = timelines[risen] as LiveTimeline
  const isEveryoneBack = now.clients >= Math.max(...older.map(({ clients }) => clients))
  return [
    ['t1', Math.min(now.firstAtUs, Math.max(...older.map(({ lastAtUs }) => lastAtUs)))],
    ['t2', now.firstAtUs],
    ['t3', isEveryoneBack ? now.lastClientAtUs : null],
  ]
}

const secondOfLoad = (atUs: number, loadStartAtMs: number): number => Math.round(atUs / 1000 - loadStartAtMs) / 1000
