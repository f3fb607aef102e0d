/** What two identities of the primary and the timelines show: for the rows of the table of kinds, and as sentences of the report. */
import type { PrimaryIdentity } from '../model/facts.ts'
import { clock } from '../units/units.ts'
import type { Primaries, SeenOfEvent } from './kind.ts'
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

/** Null: not known, or both servers are in one zone, or another server in zones of its own stands behind the name. */
export function zoneOf({ before, after }: Primaries): {
  readonly swapped: boolean | null
  readonly sentences: readonly string[]
} {
  if (wasChanged({ before, after }, 'serverId')) return { swapped: null, sentences: [] }
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

export const wasChanged = ({ before, after }: Primaries, field: keyof PrimaryIdentity): boolean =>
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
  const values = [String(seen.before?.[field]), String(seen.after?.[field])] as const
  const [from, to] = field === 'serverId' ? serverNames(...values) : values
  return [`${name} changed from ${from} to ${to}.`]
}

/** Servers of one name in two resource groups keep their whole ids. */
const serverNames = (from: string, to: string): readonly [string, string] =>
  serverName(from) === serverName(to) ? [from, to] : [serverName(from), serverName(to)]

/** Such as "server pg-orders to pg-orders-west"; null: the same one, or not known. */
export function serverMove(seen: Primaries): string | null {
  if (!wasChanged(seen, 'serverId')) return null
  const [from, to] = serverNames(String(seen.before?.serverId), String(seen.after?.serverId))
  return `server ${from} to ${to}`
}

/** Where the primary went, such as "zone 1 to 2"; null: nowhere, as far as is known. */
export function primaryMove(seen: Primaries): string | null {
  const zones = `zone ${seen.before?.availabilityZone} to ${seen.after?.availabilityZone}`
  return serverMove(seen) ?? (zoneOf(seen).swapped === true ? zones : null)
}

/** When the process of the primary started again on the same timeline, by its own clock, in microseconds; null: it did not, as far as is known. */
export function restartedUs({ before, after }: Primaries): number | null {
  const startedAt = after?.postmasterStartedAt ?? null
  const isSame = before?.timeline != null && before.timeline === after?.timeline
  return startedAt !== null && isSame && wasChanged({ before, after }, 'postmasterStartedAt')
    ? Date.parse(startedAt) * 1000
    : null
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
