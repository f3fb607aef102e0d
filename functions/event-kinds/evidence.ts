/** What two identities of the primary and the timelines show: for the rows of the table of kinds, and as sentences of the report. */
import type { PrimaryIdentity } from '../model/facts.ts'
import { clock } from '../units/units.ts'
import type { SeenOfEvent } from './kind.ts'
import { differs } from './primary-changes.ts'

/** By more timelines than other events explain. Null: not known. */
function risenTo(before: number | null, after: number | null, others: readonly number[]): boolean | null {
  if (before === null || after === null) return null
  return after - before > others.filter((timeline) => timeline > before && timeline <= after).length
}

/** What is known of the timeline; `rose` null: nothing. */
export function timelineOf({ before, after, newTimeline, auditTimeline, otherTimelines }: SeenOfEvent): {
  readonly rose: boolean | null
  readonly sentences: readonly string[]
} {
  const [from, to] = [before?.timeline ?? null, after?.timeline ?? null]
  const rose = risenTo(from, to, otherTimelines)
  const auditRose = risenTo(from, auditTimeline, otherTimelines)
  const sentences = [
    rose === null ? null : timelineSentence(from, to, rose),
    rose === null && auditRose === true
      ? `The audits found timeline ${auditTimeline}; before the request it was ${from}.`
      : null,
    newTimeline === null ? null : `Clients were acknowledged by rows stamped with the new timeline ${newTimeline}.`,
  ].filter((sentence) => sentence !== null)
  return {
    rose: newTimeline !== null || rose === true || auditRose === true || (rose === null ? null : false),
    sentences,
  }
}

const timelineSentence = (before: number | null, after: number | null, rose: boolean): string =>
  rose
    ? `The timeline of the primary rose from ${before} to ${after}.`
    : after === before
      ? `The timeline of the primary is still ${after}: nothing was promoted.`
      : `The timeline of the primary rose from ${before} to ${after}, and other events of this report explain all of it.`

/** Where no later primary was seen: every promotion raises the timeline, so an equal one is a fact about the time up to the audits. */
export const unpromoted = ({ before, after, auditTimeline }: SeenOfEvent): string[] =>
  (after?.timeline ?? null) === null && before !== null && before.timeline !== null && before.timeline === auditTimeline
    ? [`The audits found timeline ${auditTimeline}, as before the request: nothing had been promoted by then.`]
    : []

/** Null: not known, or both servers are in one zone. */
export function zoneOf({ before, after }: Pick<SeenOfEvent, 'before' | 'after'>): {
  readonly swapped: boolean | null
  readonly sentences: readonly string[]
} {
  const [from, to] = [before?.availabilityZone ?? null, after?.availabilityZone ?? null]
  if (from === null || to === null || before?.standbyZone === from) return { swapped: null, sentences: [] }
  return from === to
    ? {
        swapped: false,
        sentences: [`The platform still showed zone ${to} for the primary at ${clock(after?.observedAt)}.`],
      }
    : { swapped: true, sentences: [`The primary moved from zone ${from} to zone ${to}.`] }
}

const CHANGED = {
  serverId: 'The server behind the name',
  sku: 'The size of the server',
  address: 'The address of the primary',
  postmasterStartedAt: 'The start of the server',
} as const

export const wasChanged = ({ before, after }: SeenOfEvent, field: keyof PrimaryIdentity): boolean =>
  before !== null && after !== null && differs(before[field], after[field])

/** Every sentence that two identities and the timelines allow. */
export const evidenceOf = (seen: SeenOfEvent): string[] => [
  ...timelineOf(seen).sentences,
  ...zoneOf(seen).sentences,
  ...Object.entries(CHANGED).flatMap(([field, name]) => changeOf(seen, field as keyof typeof CHANGED, name)),
  ...pathOfScaling(seen),
]

function changeOf(seen: SeenOfEvent, field: keyof typeof CHANGED, name: string): string[] {
  if (!wasChanged(seen, field)) return []
  const [from, to] = [String(seen.before?.[field]), String(seen.after?.[field])]
  // Servers of one name in two resource groups keep their whole ids.
  const isByName = field === 'serverId' && serverName(from) !== serverName(to)
  return [`${name} changed from ${isByName ? serverName(from) : from} to ${isByName ? serverName(to) : to}.`]
}

/** Of the id of a resource. */
export const serverName = (serverId: string): string => serverId.slice(serverId.lastIndexOf('/') + 1)

/** The platform promises less than 30 s where another server takes over, and falls back to a restart in place. */
function pathOfScaling(seen: SeenOfEvent): string[] {
  const { rose } = timelineOf(seen)
  if (!wasChanged(seen, 'sku')) return []
  if (rose === true || wasChanged(seen, 'address'))
    return ['Another server took over: the platform scaled with near-zero downtime.']
  return rose === false && wasChanged(seen, 'postmasterStartedAt')
    ? ['The same server started again: the platform scaled in place.']
    : []
}
