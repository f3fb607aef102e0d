/** The ways during one event: from when to when each took no write, step by step. */
import type { Way } from '../../loadgen-image/contract/step-probe.ts'
import { PROBE_EVERY_US } from '../../loadgen-image/contract/step-probe.ts'
import type { WayInterval } from './course.ts'
import type { NameChange, Reachability, WayCourse } from './reachability.ts'

export interface EventWay {
  readonly way: Way
  /** From the first moment without a write to the last, in order; empty: it took writes throughout. */
  readonly steps: readonly WayInterval[]
  /** Null: not before the end of what was watched. */
  readonly backUs: number | null
  /** Null: it was watched all the time. */
  readonly notMeasured: 'before' | 'not watched' | null
}

interface EventWindow {
  /** The request, or the last acknowledgement of the load: no way was out because of the event before it. */
  readonly beginUs: number
  readonly t1Us: number
  readonly t2Us: number | null
  readonly endUs: number
}

/** Attempts are 100 ms apart, and a way that fails first may have failed before the load noticed. */
const SLACK_US = 300_000
/** A shorter hole moves no step by more than the resolution. */
const HOLE_US = 500_000

export const waysOfEvent = ({ ways }: Reachability, window: EventWindow): EventWay[] =>
  ways.map((course) => wayOf(course, window))

function wayOf({ way, intervals }: WayCourse, { beginUs, t1Us, t2Us, endUs }: EventWindow): EventWay {
  const fromUs = Math.min(beginUs, t1Us) - SLACK_US
  const untilUs = t2Us ?? endUs
  const isOut = (one: WayInterval) => one.state !== 'wrote' && one.fromUs <= untilUs && one.toUs > fromUs
  const first = intervals.findIndex(isOut)
  const last = intervals.findLastIndex(isOut)
  const wroteBefore = intervals.some(({ state, fromUs: at }) => state === 'wrote' && at <= t1Us)
  if (!wroteBefore) return { way, steps: [], backUs: null, notMeasured: 'before' }
  if (first < 0) {
    const isSeen = (intervals.at(-1)?.toUs ?? 0) >= untilUs - HOLE_US
    return { way, steps: [], backUs: null, notMeasured: isSeen ? null : 'not watched' }
  }
  const steps = intervals.slice(first, last + 1)
  if ((steps[0] as WayInterval).fromUs < fromUs && (steps[0] as WayInterval).state !== 'not watched')
    return { way, steps: [], backUs: null, notMeasured: 'before' }
  const isHole = ({ state, fromUs: from, toUs }: WayInterval) => state === 'not watched' && toUs - from > HOLE_US
  const backUs = intervals[last + 1]?.fromUs ?? null
  return { way, steps: withoutBlips(steps), backUs, notMeasured: steps.some(isHole) ? 'not watched' : null }
}

/** A state that is shorter than attempts are apart belongs to the one that follows. A write stays: it happened. */
function withoutBlips(steps: readonly WayInterval[]): WayInterval[] {
  const kept: WayInterval[] = []
  let fromUs = steps[0]?.fromUs ?? 0
  for (const [i, step] of steps.entries()) {
    const isBlip = step.state !== 'wrote' && step.toUs - step.fromUs < PROBE_EVERY_US
    const next = steps[i + 1]
    if (isBlip && next !== undefined && next.state !== 'wrote') continue
    const last = kept.at(-1)
    const joins = last !== undefined && (last.state === step.state || (isBlip && last.state !== 'wrote'))
    if (joins) kept[kept.length - 1] = { ...last, toUs: step.toUs }
    else kept.push({ ...step, fromUs })
    fromUs = step.toUs
  }
  return kept
}

/** A name that changes more often is answered in turns: none of its changes is the event's. */
const MAX_CHANGES = 3

/**
 * The change of the name since the event began that lasted to its end, by the container that saw it first. A name that came back to
 * its address, or that also changed shortly before, did not change because of the event.
 */
export function nameChangeOf({ nameChanges }: Reachability, window: EventWindow): NameChange | null {
  const byContainer = [...Map.groupBy(nameChanges, ({ container }) => container).values()]
  const lasting = byContainer.flatMap((own) => lastingChange(own, window) ?? [])
  return lasting.sort((a, b) => a.atUs - b.atUs)[0] ?? null
}

/** Without a change for so long, the name was steady. */
const STEADY_US = 30_000_000

function lastingChange(own: readonly NameChange[], { beginUs, t1Us, endUs }: EventWindow): NameChange | null {
  const fromUs = Math.min(beginUs, t1Us) - SLACK_US
  const wasSteady = !own.some(({ atUs }) => atUs < fromUs && atUs >= fromUs - STEADY_US)
  const changes = own.filter(({ atUs }) => atUs >= fromUs && atUs <= endUs)
  const [first, last] = [changes[0], changes.at(-1)]
  if (first === undefined || last === undefined || !wasSteady || changes.length > MAX_CHANGES) return null
  return isSame(first.before, last.after) ? null : { ...last, before: first.before }
}

const isSame = (a: readonly string[], b: readonly string[]): boolean => a.join(' ') === b.join(' ')

/** What the steps of an event do not say of a way that was back, or was never out. */
export interface WayAfterwards {
  /** When it took no write again, or was not watched; null: that was not seen. */
  readonly outAgainUs: number | null
  /** From when on every container could write by it; null: one of them could not, or its probe had ended. */
  readonly everywhereUs: number | null
}

/** `fromUs`: its first write after the steps; or, without steps, the event's T1. */
export function afterwardsOf({ ways, byContainer }: Reachability, way: Way, fromUs: number): WayAfterwards {
  const joined = ways.find((one) => one.way === way)?.intervals ?? []
  const again = joined.find(({ state, fromUs: at }) => state !== 'wrote' && at > fromUs)
  const firsts = byContainer
    .filter((one) => one.way === way)
    .map(({ intervals }) => intervals.find(({ state, toUs }) => state === 'wrote' && toUs > fromUs)?.fromUs ?? null)
  const known = firsts.filter((one) => one !== null)
  const isKnown = known.length > 0 && known.length === firsts.length
  return { outAgainUs: again?.fromUs ?? null, everywhereUs: isKnown ? Math.max(...known, fromUs) : null }
}

/** When a new connection could write by every way that was probed, within a span and in order; null: nothing was probed. */
export function openSpans({ ways }: Reachability, fromUs: number, toUs: number): Span[] | null {
  if (ways.length === 0) return null
  return ways.reduce<Span[]>(
    (open, { intervals }) =>
      overlaps(
        open,
        intervals.filter(({ state }) => state === 'wrote'),
      ),
    [{ fromUs, toUs }],
  )
}

interface Span {
  readonly fromUs: number
  readonly toUs: number
}

const overlaps = (spans: readonly Span[], others: readonly Span[]): Span[] =>
  spans.flatMap((span) =>
    others
      .map((other) => ({ fromUs: Math.max(span.fromUs, other.fromUs), toUs: Math.min(span.toUs, other.toUs) }))
      .filter(({ fromUs, toUs }) => toUs > fromUs),
  )
