/**
 * What others did in a drill that causes nothing. Polls of the primary saw it change; each change belongs to an event that the
 * clients saw, by its timeline, by the start of its process or by its time, and together the changes of an event show its kind. A
 * change that no client noticed is an event of its own.
 */
import { US_PER_SECOND } from '../../loadgen-image/contract/glossary.ts'
import { recognisedBy } from '../event-kinds/kinds.ts'
import type { EventEvidence } from '../model/evidence.ts'
import type { PrimaryIdentity } from '../model/facts.ts'
import { beginOf, type EventTimes, type TimesContext } from './event-times.ts'

/** From one sighting of the primary to the next one that differs. */
interface Change {
  readonly before: PrimaryIdentity
  readonly after: PrimaryIdentity
  /** When the poll saw it, on the clock of the database. */
  readonly seenUs: number
}

/** The platform reports zone, size and state of high availability minutes after the clients saw the event. */
const REPORTED_WITHIN_US = 15 * 60 * US_PER_SECOND

type Context = Pick<TimesContext, 'controlOffsetUs' | 'boundUs' | 'window'>

/** What changed while no client lost the service. */
export interface Unnoticed {
  readonly atUs: number
  readonly isRestart: boolean
  /** The next event, or the end of the load. */
  readonly untilUs: number
}

/** `unnoticed` makes the times of an event without an outage. */
export function recognise(
  events: readonly EventTimes[],
  watched: EventEvidence | null,
  context: Context,
  unnoticed: (change: Unnoticed) => EventTimes,
): EventTimes[] {
  const changes = changesOf(watched, context)
  const inOrder = events.toSorted((a, b) => beginOf(a) - beginOf(b))
  const owned = new Map<EventTimes, Change[]>()
  const own: EventTimes[] = []
  for (const change of changes) {
    const owners = ownersOf(change, inOrder, context)
    const atUs = instantOf(change)
    if (owners.length === 0 && isEvent(change) && atUs < context.window.endUs) {
      const next = inOrder.find((event) => beginOf(event) > atUs)
      const untilUs = next === undefined ? context.window.endUs : beginOf(next)
      own.push(withChanges(unnoticed({ atUs, isRestart: isRestart(change), untilUs }), [change], changes))
    }
    for (const owner of owners) owned.set(owner, [...(owned.get(owner) ?? []), change])
  }
  return [...events.map((event) => withChanges(event, owned.get(event) ?? [], changes)), ...own]
}

function changesOf(watched: EventEvidence | null, { controlOffsetUs }: Context): Change[] {
  if (watched === null || watched.before === null) return []
  const all = [watched.before, ...watched.sightings]
  return all.slice(1).map((after, i) => ({
    before: all[i] as PrimaryIdentity,
    after,
    seenUs: Date.parse(after.observedAt) * 1000 - controlOffsetUs,
  }))
}

const differs = ({ before, after }: Change, field: keyof PrimaryIdentity): boolean =>
  before[field] !== null && after[field] !== null && before[field] !== after[field]

const isRestart = (change: Change): boolean => differs(change, 'postmasterStartedAt') && !differs(change, 'timeline')

/** A process dates its own start; everything else is dated by the poll. */
const instantOf = (change: Change): number =>
  isRestart(change) ? Date.parse(change.after.postmasterStartedAt ?? '') * 1000 : change.seenUs

/** Also where no client lost the service. A zone or a state alone may be the late report of anything. */
const isEvent = (change: Change): boolean => isRestart(change) || differs(change, 'sku') || differs(change, 'serverId')

/** Two promotions between two polls are one change of both. */
function ownersOf(change: Change, events: readonly EventTimes[], { boundUs }: Context): EventTimes[] {
  if (differs(change, 'timeline')) {
    const [from, to] = [change.before.timeline ?? 0, change.after.timeline ?? 0]
    const promoted = events.filter(
      ({ span: { change: own } }) => own !== null && own.timeline > from && own.timeline <= to,
    )
    if (promoted.length > 0) return promoted
  }
  const atUs = instantOf(change)
  if (isRestart(change))
    return events
      .filter((event) => beginOf(event) - boundUs <= atUs && atUs <= (event.t2Us ?? event.endUs) + boundUs)
      .slice(0, 1)
  const near = events.filter((event) => Math.abs(beginOf(event) - atUs) <= REPORTED_WITHIN_US)
  // A size may be reported before the service stops; all else follows what the clients saw.
  const earlier = near.findLast((event) => beginOf(event) <= atUs + boundUs)
  const later = differs(change, 'sku') ? near.find((event) => beginOf(event) > atUs) : undefined
  return [earlier ?? later].filter((event) => event !== undefined)
}

function withChanges(event: EventTimes, changes: readonly Change[], all: readonly Change[]): EventTimes {
  const [first] = changes
  if (first === undefined) return event
  const { span } = event
  // Only its own changes: between two of them another event may have changed the primary as well.
  const after: PrimaryIdentity = Object.assign({}, first.before, ...changes.map(changedFields))
  const identities = { before: first.before, after }
  const newTimeline = span.change?.timeline ?? null
  const kind = recognisedBy({ ...identities, newTimeline, auditTimeline: null, otherTimelines: [] }) ?? span.kind
  return { ...event, span: { ...span, kind, identities }, t6Us: healthyUs(changes, all) }
}

const changedFields = ({ before, after }: Change): Partial<PrimaryIdentity> =>
  Object.fromEntries(Object.entries(after).filter(([field, value]) => value !== before[field as keyof PrimaryIdentity]))

/** The first poll that saw high availability healthy again, where this event disturbed it; another event may have begun meanwhile. */
function healthyUs(own: readonly Change[], all: readonly Change[]): number | null {
  const disturbed = own.find(({ before, after }) => before.haState === 'Healthy' && after.haState !== 'Healthy')
  if (disturbed === undefined) return null
  return all.slice(all.indexOf(disturbed)).find(({ after }) => after.haState === 'Healthy')?.seenUs ?? null
}
