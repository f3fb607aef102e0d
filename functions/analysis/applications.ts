/**
 * Outages of the probed applications, beside those of the database. An outage of an application is the time from the first failed
 * request of one container to the first good answer to it; the union of those that overlap, in one container. An event has the
 * outages that began while the database was out or recovering, and those that follow them without a pause of the hold.
 */
import { type AppProbe, firstDueUs } from '../../loadgen-image/contract/app-probe.ts'
import { US_PER_SECOND } from '../../loadgen-image/contract/glossary.ts'
import type { LoadWindow } from '../measurement/window.ts'
import type { MergedApplication, MergedAppSecond, MergedAppWindow } from '../merge/app-probes.ts'
import type { Reachability } from '../reachability/reachability.ts'
import { type BeyondDatabase, beyondDatabase } from './beyond-database.ts'
import type { Event } from './events.ts'

export interface AppOutage {
  readonly container: number
  /** The first failed request, and the last one, were sent. */
  readonly fromUs: number
  readonly lastFailedUs: number
  /** Null: no good answer was seen. */
  readonly toUs: number | null
  readonly end: 'answered' | 'load ended' | 'not observed'
  /** Both of its ends were observed. */
  readonly isExact: boolean
  readonly failed: number
  readonly code: string
  /** Of the last failed request. */
  readonly lastCode: string
  /** Null: outside of every event. */
  readonly event: number | null
}

export interface AppEvent {
  readonly event: number
  /** From here on: the last commit before the outage of the database, or else the beginning of the event. */
  readonly zeroUs: number
  readonly state: 'uninterrupted' | 'back' | 'not sustained' | 'out' | 'not measured'
  /** Every request was good again, and it held. */
  readonly backUs: number | null
  /** It was certainly not back before. */
  readonly notBeforeUs: number
  readonly outages: readonly AppOutage[]
  /** How far it outlasted the database; null: it did not, or that is not known. */
  readonly beyond: BeyondDatabase | null
}

export interface ApplicationAnalysis {
  readonly probe: AppProbe
  /** Null: no container left a record of it. */
  readonly merged: MergedApplication | null
  readonly planned: number
  readonly good: number
  readonly failed: number
  /** Longest time that no request of one container observed, if it is longer than one second. */
  readonly hiddenUs: number
  readonly outages: readonly AppOutage[]
  readonly events: readonly AppEvent[]
}

interface Context {
  readonly containers: number
  readonly window: LoadWindow
  readonly events: readonly Event[]
  readonly holdSeconds: number
  readonly reachability: Reachability
}

/** Shorter outages are not counted as outages of the database either. */
const TOLERATED_US = US_PER_SECOND

export function applicationsOf(
  probes: readonly AppProbe[],
  merged: readonly MergedApplication[],
  context: Context,
): ApplicationAnalysis[] {
  return probes.map((probe) => {
    const own = merged.find(({ name }) => name === probe.name) ?? null
    const sum = (field: 'good' | 'failed') => (own?.seconds ?? []).reduce((total, second) => total + second[field], 0)
    const gaps = own === null ? [] : gapsOf(own.seconds, probe, context)
    const { outages, events } = withEvents(own === null ? [] : outagesOf(own.windows), gaps, own, probe, context)
    const [good, failed] = [sum('good'), sum('failed')]
    const planned = Math.max(plannedRequests(probe, context), good + failed)
    const hiddenUs = Math.max(0, ...gaps.map(({ us }) => us))
    return { probe, merged: own, planned, good, failed, hiddenUs, outages, events }
  })
}

function plannedRequests(probe: AppProbe, { containers, window }: Context): number {
  return Array.from({ length: containers }, (_, container) => {
    const firstUs = firstDueUs(probe, container, containers, window.startUs)
    return Math.max(0, Math.ceil((window.endUs - firstUs) / (probe.everyMs * 1000)))
  }).reduce((sum, one) => sum + one, 0)
}

// ---- What was not observed ------------------------------------------------------------------------------------------

interface Gap {
  readonly fromUs: number
  readonly toUs: number
  /** How long an outage inside of it may have been. */
  readonly us: number
}

/** Stretches of seconds in which a container did not observe: it sent nothing, or left no record. */
function gapsOf(seconds: readonly MergedAppSecond[], { everyMs }: AppProbe, { containers, window }: Context): Gap[] {
  const known = new Map(seconds.map((one) => [one.second, one]))
  const gaps: Gap[] = []
  let run: { first: number; unobserved: number; isWhole: boolean } | null = null
  const first = Math.ceil(window.startUs / US_PER_SECOND)
  const end = Math.floor(window.endUs / US_PER_SECOND)
  for (let second = first; second <= end; second++) {
    const { good, failed, unobserved, recorded } = known.get(second) ?? NOTHING
    const isMissing = second < end && recorded < containers
    if (isMissing || (second < end && unobserved > 0)) {
      run ??= { first: second, unobserved: 0, isWhole: false }
      run.unobserved += unobserved
      run.isWhole ||= isMissing
      // Where requests are rare, a second without any ends no gap.
    } else if (run !== null && (good + failed > 0 || second === end)) {
      const [fromUs, toUs] = [run.first * US_PER_SECOND, second * US_PER_SECOND]
      const us = run.isWhole ? toUs - fromUs : Math.min(toUs - fromUs, run.unobserved * everyMs * 1000)
      if (us > TOLERATED_US) gaps.push({ fromUs, toUs, us })
      run = null
    }
  }
  return gaps
}

const NOTHING = { good: 0, failed: 0, unobserved: 0, recorded: 0 }

// ---- Outages --------------------------------------------------------------------------------------------------------

type Untied = Omit<AppOutage, 'event'>

function outagesOf(windows: readonly MergedAppWindow[]): Untied[] {
  const joined: Untied[] = []
  const open = new Map<number, number>()
  for (const window of windows) {
    const at = open.get(window.container)
    const last = at === undefined ? undefined : joined[at]
    if (at !== undefined && last !== undefined && (last.toUs === null ? false : window.firstFailedUs < last.toUs))
      joined[at] = both(last, window)
    else open.set(window.container, joined.push(outageOf(window)) - 1)
  }
  return joined
}

function outageOf(window: MergedAppWindow): Untied {
  const { container, firstFailedUs, lastFailedUs, goodAtUs, beganUnobserved, endedUnobserved, failed, code, lastCode } =
    window
  const end = goodAtUs !== null ? 'answered' : endedUnobserved ? 'not observed' : 'load ended'
  const isExact = end === 'answered' && !beganUnobserved && !endedUnobserved
  return { container, fromUs: firstFailedUs, lastFailedUs, toUs: goodAtUs, end, isExact, failed, code, lastCode }
}

/** A request that failed late overlaps the answers to those behind it. */
function both(one: Untied, window: MergedAppWindow): Untied {
  const other = outageOf(window)
  const isLater = other.toUs === null || other.toUs > (one.toUs ?? 0)
  return {
    ...one,
    lastFailedUs: Math.max(one.lastFailedUs, other.lastFailedUs),
    lastCode: other.lastFailedUs >= one.lastFailedUs ? other.lastCode : one.lastCode,
    toUs: isLater ? other.toUs : one.toUs,
    end: isLater ? other.end : one.end,
    isExact: one.isExact && other.isExact,
    failed: one.failed + other.failed,
  }
}

// ---- Events ---------------------------------------------------------------------------------------------------------

const beginOf = ({ t0Us, t1Us, span }: Event): number =>
  Math.min(t0Us ?? Number.POSITIVE_INFINITY, t1Us ?? span.beginUs)
const zeroOf = ({ t0Us, t1Us, span }: Event): number => t1Us ?? t0Us ?? span.beginUs

function withEvents(
  outages: readonly Untied[],
  gaps: readonly Gap[],
  merged: MergedApplication | null,
  probe: AppProbe,
  context: Context,
): Pick<ApplicationAnalysis, 'outages' | 'events'> {
  const tied: AppOutage[] = outages.map((outage) => ({ ...outage, event: null }))
  const events = context.events.map((event, index): AppEvent => {
    const untilUs =
      context.events[index + 1] === undefined ? context.window.endUs : beginOf(context.events[index + 1] as Event)
    const own = outagesOfEvent(tied, event, untilUs, probe, context)
    for (const position of own) tied[position] = { ...(tied[position] as AppOutage), event: event.number }
    return appEvent(
      event,
      own.map((position) => tied[position] as AppOutage),
      gaps,
      untilUs,
      merged,
      probe,
      context,
    )
  })
  return { outages: tied, events }
}

/**
 * Positions, in the order of time: each begins while the database was not well, or within the hold of the one before. A request
 * that was under way when the event began may have been sent before it.
 */
function outagesOfEvent(
  outages: readonly AppOutage[],
  event: Event,
  untilUs: number,
  probe: AppProbe,
  context: Context,
): number[] {
  const holdUs = context.holdSeconds * US_PER_SECOND
  const wellUs = event.t4Us ?? untilUs
  const own: number[] = []
  let reachUs = wellUs + holdUs
  outages.forEach((outage, position) => {
    const beginUs = beginOf(event)
    const begins =
      outage.fromUs >= beginUs - probe.timeoutMs * 1000 &&
      (outage.toUs ?? Number.POSITIVE_INFINITY) > beginUs &&
      outage.fromUs < Math.min(untilUs, reachUs)
    if (outage.event !== null || !begins) return
    own.push(position)
    reachUs = Math.max(reachUs, (outage.toUs ?? untilUs) + holdUs)
  })
  return own
}

function appEvent(
  event: Event,
  outages: readonly AppOutage[],
  gaps: readonly Gap[],
  untilUs: number,
  merged: MergedApplication | null,
  { everyMs }: AppProbe,
  { holdSeconds, reachability }: Context,
): AppEvent {
  const zeroUs = zeroOf(event)
  const holdUs = holdSeconds * US_PER_SECOND
  const lastUs = Math.max(zeroUs, ...outages.map(({ toUs, lastFailedUs }) => toUs ?? lastFailedUs))
  const watchedUs = outages.length === 0 ? Math.max(event.t4Us ?? untilUs, zeroUs) : lastUs + holdUs
  const isHidden = gaps.some((gap) => gap.fromUs < watchedUs && gap.toUs > beginOf(event))
  const base = { event: event.number, zeroUs, notBeforeUs: lastUs, outages }
  const isOut = outages.some((one) => one.end === 'load ended' && one.lastFailedUs - one.fromUs >= TOLERATED_US)
  const state = ((): AppEvent['state'] => {
    if (merged === null) return 'not measured'
    if (isOut) return 'out'
    if (isHidden || outages.some(({ isExact, end }) => !isExact && end !== 'load ended')) return 'not measured'
    if (outages.length === 0) return 'uninterrupted'
    return lastUs + holdUs <= untilUs && outages.every(({ isExact }) => isExact) ? 'back' : 'not sustained'
  })()
  const beyond = beyondDatabase(outages, everyMs * 1000, reachability)
  return { ...base, state, beyond, backUs: state === 'back' ? lastUs : null }
}
