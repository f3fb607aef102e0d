/**
 * The kinds of events, one row each: what the drill asks of the platform, what it needs beforehand, what proves that it happened,
 * what undoes it, and its words. A new kind is a row here, a call of the client (clients/azure) and the same call of the local platform.
 */
import type { PrimaryIdentity } from '../model/facts.ts'
import type { FailoverMode, PlannedEvent, PlannedKind, PlannedOf, PlatformRequest } from '../model/planned-event.ts'
import { changeSentences, timelineOf, wasChanged, zoneOf } from './evidence.ts'
import type { EventKind, SeenOfEvent, Shown } from './kind.ts'
import { differs, isOtherPrimary } from './primary-changes.ts'

const STANDBY_CHECKS = ['ha-mode', 'ha-healthy', 'zones-differ'] as const

const FAILOVER_WORDS = {
  forced: 'forced failover',
  planned: 'planned failover',
  forcedSwitchover: 'failover by forced switchover',
  plannedSwitchover: 'failover by planned switchover',
} as const

const nothing = (): null => null
const isSize = (one: string | null, other: string): boolean => one?.toLowerCase() === other.toLowerCase()

const KINDS: { readonly [Kind in PlannedKind]: EventKind<Kind> } = {
  failover: {
    words: ({ mode }) => FAILOVER_WORDS[mode],
    request: ({ mode }) => ({ call: 'restart', failoverMode: mode }),
    needs: STANDBY_CHECKS,
    promotes: 'always',
    changes: ['timeline'],
    isDone: isOtherPrimary,
    prove: (_, seen) => proveFailover(seen),
    undo: nothing,
  },
  restart: {
    words: () => 'restart',
    request: () => ({ call: 'restart', failoverMode: null }),
    needs: [],
    promotes: 'never',
    changes: ['postmasterStartedAt'],
    isDone: (before, now) => differs(before.postmasterStartedAt, now.postmasterStartedAt),
    prove: (_, seen) => proveRestart(seen),
    undo: nothing,
  },
  scale: {
    words: ({ sku }) => `scaling to ${sku}`,
    request: ({ sku }) => ({ call: 'scale', sku }),
    needs: [],
    promotes: 'maybe',
    changes: ['sku'],
    isDone: (_, now, { sku }) => isSize(now.sku, sku),
    prove: proveScale,
    undo: (_, before) => (before?.sku == null ? null : { call: 'scale', sku: before.sku }),
  },
  switchover: {
    words: ({ mode, replica }) => `${mode} switchover to replica ${replica}`,
    request: ({ mode, replica }) => ({ call: 'promote', replica, option: mode }),
    needs: [],
    promotes: 'always',
    changes: ['serverId', 'timeline'],
    isDone: (before, now) => differs(before.serverId, now.serverId),
    prove: (_, seen) => proveSwitchover(seen),
    undo: ({ returnHome }, before) =>
      returnHome && before?.serverId != null
        ? { call: 'promote', replica: nameOf(before.serverId), option: 'planned' }
        : null,
  },
  external: {
    words: () => 'watch for events that others cause',
    request: nothing,
    needs: [],
    promotes: 'never',
    changes: [],
    isDone: () => false,
    prove: () => ({ happened: false, evidence: [] }),
    undo: nothing,
  },
}

const nameOf = (serverId: string): string => serverId.slice(serverId.lastIndexOf('/') + 1)

// ---- Proof --------------------------------------------------------------------------------------------------------------

/**
 * Every promotion raises the timeline; otherwise the zones must have swapped. Another address or another start of the server
 * supports that, but a restart changes them too. Two known and equal timelines outweigh everything else: nothing was promoted.
 */
function proveFailover(seen: SeenOfEvent): Shown {
  const timeline = timelineOf(seen)
  const zone = zoneOf(seen)
  return {
    happened: timeline.rose ?? zone.swapped === true,
    evidence: [
      ...timeline.sentences,
      ...zone.sentences,
      ...changeSentences(seen.before, seen.after, ['address', 'postmasterStartedAt']),
    ],
  }
}

/** An event that was only seen: what its timeline shows. */
export const promotionShown = (seen: SeenOfEvent): Shown => proveFailover(seen)

/** Another start of the server's process on the same timeline. */
function proveRestart(seen: SeenOfEvent): Shown {
  const timeline = timelineOf(seen)
  return {
    happened: wasChanged(seen, 'postmasterStartedAt') && timeline.rose === false,
    evidence: [...changeSentences(seen.before, seen.after, ['postmasterStartedAt', 'address']), ...timeline.sentences],
  }
}

function proveScale({ sku }: PlannedOf<'scale'>, seen: SeenOfEvent): Shown {
  const timeline = timelineOf(seen)
  const isOther = timeline.rose === true || wasChanged(seen, 'address')
  const path = isOther
    ? 'Another server took over: the platform scaled with near-zero downtime.'
    : timeline.rose === false && wasChanged(seen, 'postmasterStartedAt')
      ? 'The same server started again: the platform scaled in place.'
      : null
  const happened = wasChanged(seen, 'sku') && isSize(seen.after?.sku ?? null, sku)
  return {
    happened,
    evidence: [
      ...changeSentences(seen.before, seen.after, ['sku']),
      ...(happened && path !== null ? [path] : []),
      ...timeline.sentences,
      ...changeSentences(seen.before, seen.after, ['address', 'postmasterStartedAt']),
    ],
  }
}

/** Another server stands behind the name, on a newer timeline. */
function proveSwitchover(seen: SeenOfEvent): Shown {
  const timeline = timelineOf(seen)
  return {
    happened: wasChanged(seen, 'serverId') && timeline.rose === true,
    evidence: [
      ...changeSentences(seen.before, seen.after, ['serverId']),
      ...timeline.sentences,
      ...changeSentences(seen.before, seen.after, ['address', 'postmasterStartedAt']),
    ],
  }
}

// ---- What the table answers -----------------------------------------------------------------------------------------------

const rowOf = ({ kind }: { readonly kind: PlannedKind }): EventKind => KINDS[kind] as EventKind

export const wordsOf = (event: PlannedEvent): string => rowOf(event).words(event)
/** Of all events that a drill plans. */
export const eventsInWords = (events: readonly PlannedEvent[]): string =>
  events.length === 0 ? 'no event' : events.map(wordsOf).join(', ')
/** Of a kind that has modes. */
export const modeOf = (event: PlannedEvent): FailoverMode | null => ('mode' in event ? event.mode : null)
export const platformRequestOf = (event: PlannedEvent): PlatformRequest | null => rowOf(event).request(event)
export const isCaused = (event: PlannedEvent): boolean => platformRequestOf(event) !== null
/** Another server may become the primary: the event starts a cool-down. */
export const mayPromote = (event: PlannedEvent): boolean => rowOf(event).promotes !== 'never'
export const proofOfKind = (event: PlannedEvent, seen: SeenOfEvent): Shown => rowOf(event).prove(event, seen)
export const isDone = (event: PlannedEvent, before: PrimaryIdentity, now: PrimaryIdentity): boolean =>
  rowOf(event).isDone(before, now, event)
/** Without one of the fields that the kind changes, a server that looks the same shows nothing. */
export const wouldShow = (event: PlannedEvent, before: PrimaryIdentity): boolean =>
  rowOf(event).changes.some((field) => before[field] !== null)

/** Rows of the checklist that only some kinds need. */
const OF_KINDS = new Set(Object.values(KINDS).flatMap(({ needs }) => needs))

export const isNeededBy = (events: readonly PlannedEvent[], checkId: string): boolean =>
  !OF_KINDS.has(checkId) || events.length === 0 || events.some((event) => rowOf(event).needs.includes(checkId))
