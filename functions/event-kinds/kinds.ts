/**
 * The kinds of events, one row each: what the drill asks of the platform, what it needs beforehand, what proves that it happened,
 * what undoes it, and its words. A new kind is a row here, a call of the client (clients/azure) and the same call of the local platform.
 */
import type { PrimaryIdentity } from '../model/facts.ts'
import type { FailoverMode, PlannedEvent, PlannedKind, PlannedOf, PlatformRequest } from '../model/planned-event.ts'
import type { EventKind } from '../model/report.ts'
import { primaryMove, serverMove, serverName, timelineOf, wasChanged, zoneOf } from './evidence.ts'
import type { KindRow, NotNeeded, Primaries, SeenOfEvent } from './kind.ts'
import { differs, isOtherPrimary } from './primary-changes.ts'

const FAILOVER_CHECKS = ['ha-mode', 'ha-healthy', 'zones-differ', 'cool-down'] as const
const SCALE_CHECKS = ['scale-size', 'cool-down'] as const
const SWITCHOVER_CHECKS = [
  'switchover-replica',
  'switchover-symmetry',
  'switchover-parameters',
  'switchover-pgbouncer',
  'switchover-standby',
  'switchover-endpoint',
  'switchover-name',
  'cool-down',
] as const

const FAILOVER_WORDS = {
  forced: 'forced failover',
  planned: 'planned failover',
  forcedSwitchover: 'failover by forced switchover',
  plannedSwitchover: 'failover by planned switchover',
} as const

const nothing = (): null => null
const always = (): true => true
const never = (): false => false
const isSize = (one: string | null, other: string): boolean => one?.toLowerCase() === other.toLowerCase()

const isOnServer = ({ after }: Primaries, name: string): boolean =>
  after?.serverId != null && serverName(after.serverId) === name

const KINDS: { readonly [Kind in PlannedKind]: KindRow<Kind> } = {
  failover: {
    words: ({ mode, returnsHome }) => `${FAILOVER_WORDS[mode]}${returnsHome ? ' that returns home' : ''}`,
    title: ({ mode }, server) => `${FAILOVER_WORDS[mode]} of ${server}`,
    move: (_, seen) => primaryMove(seen),
    request: ({ mode }) => ({ call: 'restart', failoverMode: mode }),
    needs: FAILOVER_CHECKS,
    promotes: 'always',
    changes: ['timeline'],
    isDone: isOtherPrimary,
    isShownBy: (seen) => timelineOf(seen).rose ?? zoneOf(seen).swapped === true,
    isAsAsked: always,
    whyNotNeeded: whyNoReturn,
    undo: nothing,
  },
  restart: {
    words: () => 'restart',
    title: (_, server) => `restart of ${server}`,
    move: (_, seen) => primaryMove(seen),
    request: () => ({ call: 'restart', failoverMode: null }),
    needs: [],
    promotes: 'never',
    changes: ['postmasterStartedAt'],
    isDone: (before, now) => differs(before.postmasterStartedAt, now.postmasterStartedAt),
    isShownBy: (seen) => wasChanged(seen, 'postmasterStartedAt') && timelineOf(seen).rose === false,
    isAsAsked: always,
    whyNotNeeded: nothing,
    undo: nothing,
  },
  scale: {
    words: ({ sku }) => `scaling to ${sku}`,
    title: ({ sku }, server) => `scaling of ${server} to ${sku}`,
    move: (_, seen) => primaryMove(seen),
    request: ({ sku }) => ({ call: 'scale', sku }),
    needs: SCALE_CHECKS,
    promotes: 'maybe',
    changes: ['sku'],
    isDone: (_, now, { sku }) => isSize(now.sku, sku),
    isShownBy: (seen) => wasChanged(seen, 'sku'),
    whyNotNeeded: nothing,
    isAsAsked: ({ sku }, { after }) => isSize(after?.sku ?? null, sku),
    undo: (_, before) => (before?.sku == null ? null : { call: 'scale', sku: before.sku }),
  },
  switchover: {
    words: ({ mode, replica }) => `${mode} switchover to replica ${replica}`,
    title: ({ mode, replica }, server) => `${mode} switchover of ${server} to replica ${replica}`,
    move: ({ replica }, seen) => (isOnServer(seen, replica) ? null : serverMove(seen)),
    request: ({ mode, replica }) => ({ call: 'promote', replica, option: mode }),
    needs: SWITCHOVER_CHECKS,
    promotes: 'always',
    changes: ['serverId', 'timeline'],
    isDone: (before, now) => differs(before.serverId, now.serverId),
    isShownBy: (seen) => wasChanged(seen, 'serverId') && timelineOf(seen).rose === true,
    whyNotNeeded: nothing,
    isAsAsked: ({ replica }, seen) => isOnServer(seen, replica),
    undo: ({ returnHome }, before) =>
      returnHome && before?.serverId != null
        ? { call: 'promote', replica: serverName(before.serverId), option: 'planned' }
        : null,
  },
  external: {
    words: () => 'watch for events that others cause',
    title: (_, server) => `watch of ${server}`,
    move: nothing,
    request: nothing,
    needs: [],
    promotes: 'never',
    changes: [],
    isDone: never,
    isShownBy: never,
    isAsAsked: never,
    whyNotNeeded: nothing,
    undo: nothing,
  },
}

/** `home`: the primary before the first event. */
function whyNoReturn(
  { returnsHome }: PlannedOf<'failover'>,
  home: PrimaryIdentity | null,
  now: PrimaryIdentity,
): NotNeeded | null {
  if (returnsHome !== true) return null
  const [before, zone] = [home?.availabilityZone ?? null, now.availabilityZone]
  if (before === null || zone === null)
    return { kind: 'wait', why: 'the zone of the primary, or its zone before the first event, could not be seen' }
  if (before !== zone) return null
  const rises = (now.timeline ?? Number.NaN) - (home?.timeline ?? Number.NaN)
  // After one promotion the primary is in the other zone, and the platform shows that late.
  return rises === 1 && now.standbyZone !== zone
    ? { kind: 'wait', why: `the timeline rose once since the first event, and the platform still shows zone ${zone}` }
    : { kind: 'left out', why: `the primary is in zone ${zone}, as before the first event` }
}

// ---- What the table answers -----------------------------------------------------------------------------------------------

const rowOf = ({ kind }: { readonly kind: PlannedKind }): KindRow => KINDS[kind] as KindRow

export const wordsOf = (event: PlannedEvent): string => rowOf(event).words(event)
/** Of all events that a drill plans. */
export const eventsInWords = (events: readonly PlannedEvent[]): string =>
  events.length === 0 ? 'no event' : events.map(wordsOf).join(', ')
/** Names what was recognised, also of events that others caused. */
export const kindWords = (kind: string): string => (kind === 'scale' ? 'scaling' : kind)

export const titleOf = (event: PlannedEvent, server: string): string => rowOf(event).title(event, server)
/** As words behind the title; null: nowhere, or the title says it. */
export const moveOf = (event: PlannedEvent, seen: Primaries): string | null => rowOf(event).move(event, seen)
/** Of a kind that has modes. */
export const modeOf = (event: PlannedEvent): FailoverMode | null => ('mode' in event ? event.mode : null)
export const platformRequestOf = (event: PlannedEvent): PlatformRequest | null => rowOf(event).request(event)
export const isCaused = (event: PlannedEvent): boolean => platformRequestOf(event) !== null
export const alwaysPromotes = (event: PlannedEvent): boolean => rowOf(event).promotes === 'always'
/** Another server may become the primary: the event starts a cool-down. */
export const mayPromote = (event: PlannedEvent): boolean => rowOf(event).promotes !== 'never'
/** What its request led to: a restart after which the timeline rose was a failover. */
export const kindOfRequest = (event: PlannedEvent, isPromoted: boolean): EventKind =>
  event.kind === 'external' ? 'outage' : isPromoted && !mayPromote(event) ? 'failover' : event.kind
/** What was seen is possible only if the event took place as the drill asked for it. */
export const isProven = (event: PlannedEvent, seen: SeenOfEvent): boolean => {
  const { isShownBy, isAsAsked } = rowOf(event)
  return isShownBy(seen) && isAsAsked(event, seen)
}
export const isDone = (event: PlannedEvent, before: PrimaryIdentity, now: PrimaryIdentity): boolean =>
  rowOf(event).isDone(before, now, event)
/** A promotion shows a switchover too, and a scaling may promote or restart: the more precise kind first. */
const BY_PRECISION = ['switchover', 'scale', 'failover', 'restart'] as const

/** What happened, by the primaries before and after it and by the timelines; null: they show nothing. */
export const recognisedBy = (seen: SeenOfEvent): EventKind | null =>
  BY_PRECISION.find((kind) => KINDS[kind].isShownBy(seen)) ?? null

export const whyNotNeeded = (
  event: PlannedEvent,
  home: PrimaryIdentity | null,
  now: PrimaryIdentity,
): NotNeeded | null => rowOf(event).whyNotNeeded(event, home, now)

/** Whether its need is judged at its time. */
export const isConditional = (event: PlannedEvent): boolean => event.kind === 'failover' && event.returnsHome === true

export const undoOf = (event: PlannedEvent, before: PrimaryIdentity): PlatformRequest | null =>
  rowOf(event).undo(event, before)

/** Without one of the fields that the kind changes, a server that looks the same shows nothing. */
export const wouldShow = (event: PlannedEvent, before: PrimaryIdentity): boolean =>
  rowOf(event).changes.some((field) => before[field] !== null)

/** Rows of the checklist that only some kinds need. */
const OF_KINDS = new Set(Object.values(KINDS).flatMap(({ needs }) => needs))

export const isNeededBy = (events: readonly PlannedEvent[], checkId: string): boolean =>
  !OF_KINDS.has(checkId) || neededBy(events).includes(checkId)

/** A drill without an event is one of a failover that was left out. */
const neededBy = (events: readonly PlannedEvent[]): readonly string[] =>
  events.length === 0 ? FAILOVER_CHECKS : events.flatMap((event) => rowOf(event).needs)
