/**
 * Whether the old primary of an event took writes beside the new one. T2 is the first commit on the new timeline, so a write that was
 * sent after T2 and acknowledged on the old timeline shows that two servers took writes: split brain. The time of sending counts,
 * because a reply may be read late. T2 and the write may be on the clocks of two containers: what lies within their error is no proof.
 */
import type { WatchWrites } from '../../loadgen-image/contract/step-probe.ts'
import type { StaleSession, StaleWatch } from './sessions.ts'

/** A promotion that the clients of the load saw. */
export interface Promotion {
  /** The request, or the last commit before the outage. */
  readonly beginUs: number
  readonly t2Us: number
  readonly oldTimeline: number
  readonly newTimeline: number
  /** How far the clock of this container and that of T2 may be apart. */
  readonly boundUs: (container: number) => number
}

export interface StaleWrite {
  readonly container: number
  readonly session: number
  readonly seq: number
  readonly timeline: number
  readonly sentAtUs: number
  readonly acknowledgedAtUs: number
}

export interface StaleJudgement {
  /** Open before the event, and known until they ended or beyond T2. */
  readonly sessions: readonly StaleSession[]
  /** Sent after T2, and acknowledged on the old timeline, in the order of time: also of sessions that were opened later. */
  readonly writes: readonly StaleWrite[]
  /** Acknowledged around T2, or after it and sent before: whether the old primary took them after T2 is not known. */
  readonly inDoubt: readonly StaleWrite[]
  readonly lastAcknowledgedUs: number | null
  readonly boundUs: number
  /** Why there is no session; null: there is one. */
  readonly why: string | null
}

/** A server that stops closes its sessions around its last commit. */
const SLACK_US = 300_000

export function judgeStale(watch: StaleWatch, promotion: Promotion): StaleJudgement {
  const { t2Us, boundUs } = promotion
  const sessions = watch.sessions.filter((one) => isWatching(one, promotion))
  const old = watch.sessions.flatMap(({ container, writes }) =>
    writes.filter(({ timeline }) => isOld(timeline, promotion)).map((run) => ({ container, run, ...endOf(run) })),
  )
  const near = old
    .filter(({ container, acknowledgedUs }) => acknowledgedUs > t2Us - boundUs(container))
    .flatMap(({ container, run }) => writesOf(container, run))
    .sort((a, b) => a.acknowledgedAtUs - b.acknowledgedAtUs)
  const isAfter = ({ container, sentAtUs }: StaleWrite) => sentAtUs > t2Us + boundUs(container)
  const isDoubtful = ({ container, acknowledgedAtUs }: StaleWrite) => acknowledgedAtUs > t2Us - boundUs(container)
  const containers = new Set([...sessions, ...old].map(({ container }) => container))
  return {
    sessions,
    writes: near.filter(isAfter),
    inDoubt: near.filter((one) => !isAfter(one) && isDoubtful(one)),
    lastAcknowledgedUs: old.reduce<number | null>((max, one) => Math.max(max ?? -Infinity, one.acknowledgedUs), null),
    boundUs: Math.max(0, ...[...containers].map(boundUs)),
    why: sessions.length > 0 ? null : whyNone(watch, promotion),
  }
}

const isOld = (timeline: number, { oldTimeline, newTimeline }: Promotion): boolean =>
  timeline >= oldTimeline && timeline < newTimeline

const endOf = ({ acknowledgedAtUs }: WatchWrites) => ({ acknowledgedUs: acknowledgedAtUs.at(-1) ?? -Infinity })

const writesOf = (container: number, run: WatchWrites): StaleWrite[] =>
  run.sentAtUs.map((sentAtUs, i) => ({
    container,
    session: run.session,
    seq: run.firstSeq + i,
    timeline: run.timeline,
    sentAtUs,
    acknowledgedAtUs: run.acknowledgedAtUs[i] as number,
  }))

const wasOpenedBefore = ({ container, opened }: StaleSession, promotion: Promotion): boolean =>
  opened !== null && isOld(opened.timeline, promotion) && opened.atUs + promotion.boundUs(container) < promotion.beginUs

const wasLostBefore = ({ container, end }: StaleSession, { beginUs, boundUs }: Promotion): boolean =>
  end !== null && end.atUs < beginUs - SLACK_US - boundUs(container)

/** It ended since, or tried to write after T2. */
function isWatching(one: StaleSession, promotion: Promotion): boolean {
  if (!wasOpenedBefore(one, promotion) || wasLostBefore(one, promotion)) return false
  const surelyAfterUs = promotion.t2Us + promotion.boundUs(one.container)
  const { end, openUntilUs, unansweredSinceUs, lastFailedUs, writes } = one
  const tried = Math.max(
    lastFailedUs ?? -Infinity,
    ...writes.slice(-1).map(({ sentAtUs }) => sentAtUs.at(-1) ?? -Infinity),
  )
  return end !== null || (openUntilUs >= surelyAfterUs && (unansweredSinceUs !== null || tried > surelyAfterUs))
}

function whyNone({ sessions, problem, refusal }: StaleWatch, promotion: Promotion): string {
  if (problem !== null) return problem
  if (sessions.length === 0)
    return `no session could be opened straight to the server${refusal === null ? '' : ` (${refusal})`}`
  const before = sessions.filter((one) => wasOpenedBefore(one, promotion))
  if (before.length === 0) return 'no session was open before the event'
  const lost = before.filter((one) => wasLostBefore(one, promotion))
  if (lost.length < before.length) return 'no record shows that a session tried to write after T2'
  const codes = [...new Set(lost.map(({ end }) => end?.code ?? ''))].join(', ')
  return `every session was lost before the event (${codes})`
}
