/**
 * Whether an event may be caused now. The load must prove that it can measure the event: every container had commits acknowledged within
 * the last seconds, the clocks agree, and enough load is left. Pure: activities gather the evidence.
 */
import { mayPromote } from '../event-kinds/kinds.ts'
import type { DrillPlan } from '../model/plan.ts'

/** At least this much load must follow an event, so that its recovery is seen. */
const MIN_SECONDS_AFTER_EVENT = 10
/** Load after the hold time of a recovery, so that a recovery of a few seconds is seen to hold. */
const MIN_SECONDS_TO_RECOVER = 5
/** A durable timer fires seconds late. An event that was planned at the last admitted second may still be caused so late. */
const TIMER_SECONDS = 4
/**
 * The load starts at one instant that every container reads from its own clock, and commits are put in order with what the
 * platform answered, with a slack of 2 s. Half of that is left for containers, far more than machines with a time service differ.
 */
export const MAX_CLOCK_OFFSET_MS = 1_000
/** A record covers one second and reaches storage within the next few. */
const MAX_SILENCE_SECONDS = 6
/** At a low rate commits are rare: up to this many times their usual distance is no silence. */
const USUAL_DISTANCES = 3

/** What the records of one container show. Null: nothing yet. */
export interface ContainerSigns {
  readonly container: number
  /** Epoch seconds, by the container's clock. */
  readonly newestSecond: number | null
  readonly lastCommitSecond: number | null
}

/** Of one container, when it became ready: its clock minus the database's. */
export interface ReadyClock {
  readonly container: number
  readonly offsetMs: number
}

export interface EventMoment {
  readonly nowMs: number
  readonly loadStartAtMs: number
  readonly containers: readonly ContainerSigns[]
  readonly clocks: readonly ReadyClock[]
  /** The app's clock minus the database's; null: not known. */
  readonly appOffsetMs: number | null
  /** Of this drill; null: there was none. */
  readonly earlierEvent: EarlierEvent | null
}

export interface EarlierEvent {
  /** In the plan. */
  readonly index: number
  /** When it was accepted; if its answer was lost, the latest instant at which its request may arrive. */
  readonly atMs: number
  readonly isLost: boolean
}

export interface Obstacle {
  /** clocks: no time of this load can be trusted. late: it stays impossible. wait: it may become possible. */
  readonly kind: 'clocks' | 'late' | 'wait'
  readonly why: string
}

/** Why this event of the plan must not be caused now; null: it may. */
export function obstacleToEvent(plan: DrillPlan, index: number, moment: EventMoment): Obstacle | null {
  const clocks = clockTrouble(moment.clocks, moment.appOffsetMs) ?? recordsAhead(moment)
  if (clocks !== null) return { kind: 'clocks', why: clocks }
  const late = tooLate(plan, index, (moment.nowMs - moment.loadStartAtMs) / 1000)
  if (late !== null) return { kind: 'late', why: late }
  const wait = tooClose(plan, moment) ?? silence(plan, moment)
  return wait === null ? null : { kind: 'wait', why: wait }
}

// ---- Clocks -----------------------------------------------------------------------------------------------------------

/** The worst of the containers, against the clock that wrote the start of the load. */
export function clockTrouble(clocks: readonly ReadyClock[], appOffsetMs: number | null): string | null {
  const apart = clocks.map(({ container, offsetMs }) => ({ container, offsetMs: offsetMs - (appOffsetMs ?? 0) }))
  const worst = apart.toSorted((a, b) => Math.abs(b.offsetMs) - Math.abs(a.offsetMs))[0]
  if (worst === undefined || Math.abs(worst.offsetMs) <= MAX_CLOCK_OFFSET_MS) return null
  const whose = appOffsetMs === null ? "the database's" : "the app's"
  return `the clock of container ${worst.container} is ${inWords(worst.offsetMs)} of ${whose}; ${ALLOWED}`
}

const ALLOWED = `at most ${MAX_CLOCK_OFFSET_MS / 1000} s is allowed, because the load starts at an instant of each container's clock`

/** A record is written when its second is over: one that ends in the future was written by a clock that is ahead. */
function recordsAhead({ nowMs, containers }: EventMoment): string | null {
  const ahead = containers.flatMap(({ container, newestSecond }) =>
    newestSecond === null ? [] : [{ container, offsetMs: (newestSecond + 1) * 1000 - nowMs }],
  )
  const worst = ahead.toSorted((a, b) => b.offsetMs - a.offsetMs)[0]
  if (worst === undefined || worst.offsetMs <= MAX_CLOCK_OFFSET_MS) return null
  return `the newest record of container ${worst.container} ends ${inWords(worst.offsetMs)} of the app's clock; ${ALLOWED}`
}

const inWords = (offsetMs: number): string =>
  `${Math.abs(offsetMs / 1000).toFixed(1)} s ${offsetMs > 0 ? 'ahead' : 'behind'}`

// ---- Room -------------------------------------------------------------------------------------------------------------

/** The load that an event needs after it: judged for a request, and for every attempt to cause the event. */
export const secondsAfterEvent = ({ timing }: Pick<DrillPlan, 'timing'>): number =>
  Math.max(
    MIN_SECONDS_AFTER_EVENT,
    Math.max(timing.recoveryWindowSeconds, timing.recoveryHoldSeconds) + MIN_SECONDS_TO_RECOVER,
  )

/** The last second of the load at which an event may be planned. */
export const latestEventSecond = (plan: DrillPlan): number => plan.load.durationSeconds - secondsAfterEvent(plan)

/** After this event of the plan: its recovery must be seen, and a standby that took over must be replaced. */
export function secondsBetweenEvents(plan: DrillPlan, earlierIndex: number): number {
  const earlier = plan.events[earlierIndex]
  const needsCoolDown = earlier === undefined || mayPromote(earlier)
  return Math.max(secondsAfterEvent(plan), needsCoolDown ? plan.timing.cooldownMinutes * 60 : 0)
}

function tooLate(plan: DrillPlan, index: number, second: number): string | null {
  const latest = latestEventSecond(plan)
  const planned = plan.events[index]?.atSeconds ?? 0
  const isOnTime = planned <= latest && second <= planned + TIMER_SECONDS
  if (second <= latest || isOnTime) return null
  const left = Math.max(0, plan.load.durationSeconds - second).toFixed(1)
  return `no load is left for event ${index}: ${left} s of it, and at least ${secondsAfterEvent(plan)} s are needed to see a recovery`
}

function tooClose(plan: DrillPlan, { nowMs, earlierEvent }: EventMoment): string | null {
  if (earlierEvent === null) return null
  const seconds = (nowMs - earlierEvent.atMs) / 1000
  const wanted = secondsBetweenEvents(plan, earlierEvent.index)
  if (seconds >= wanted) return null
  if (!earlierEvent.isLost)
    return `the event before it was ${seconds.toFixed(1)} s ago; at least ${wanted} s are needed between two`
  const until = new Date(earlierEvent.atMs).toISOString()
  return `the answer to the request before it was lost, and it may arrive as late as ${until}; at least ${wanted} s are needed after that`
}

// ---- Commits ----------------------------------------------------------------------------------------------------------

const NAMED = 3

function silence({ load }: DrillPlan, { nowMs, containers }: EventMoment): string | null {
  const distance = load.targetTps > 0 ? load.containers / load.targetTps : 0
  const longest = Math.max(MAX_SILENCE_SECONDS, USUAL_DISTANCES * distance)
  const silent = containers.flatMap((signs) => silenceOf(signs, nowMs / 1000, longest) ?? [])
  if (silent.length === 0) return null
  const more = silent.length > NAMED ? `; and ${silent.length - NAMED} more` : ''
  return `${silent.slice(0, NAMED).join('; ')}${more}`
}

function silenceOf({ container, newestSecond, lastCommitSecond }: ContainerSigns, now: number, longest: number) {
  if (newestSecond === null) return `container ${container} has no record in storage`
  const recordAge = now - (newestSecond + 1)
  if (recordAge > MAX_SILENCE_SECONDS)
    return `the newest record of container ${container} in storage is ${recordAge.toFixed(1)} s old; at most ${MAX_SILENCE_SECONDS} s are allowed`
  if (lastCommitSecond === null) return `no commit of container ${container} was acknowledged`
  const commitAge = now - (lastCommitSecond + 1)
  return commitAge > longest
    ? `no commit of container ${container} was acknowledged in the last ${commitAge.toFixed(1)} s; at most ${longest.toFixed(0)} s are allowed`
    : null
}
