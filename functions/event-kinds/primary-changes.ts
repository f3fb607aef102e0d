/**
 * What can be seen from outside of an event that began or ended. A sign is a reason not to ask for another event: a request
 * whose answer was lost may have arrived. It is never a proof that this request arrived: a crash or another user shows the same.
 */
import type { PrimaryIdentity } from '../model/facts.ts'

export const differs = <T>(before: T | null, now: T | null): boolean =>
  before !== null && now !== null && before !== now

const CHANGES: ReadonlyArray<{
  readonly field: keyof PrimaryIdentity
  readonly name: string
}> = [
  { field: 'timeline', name: 'timeline' },
  { field: 'address', name: 'server address' },
  { field: 'postmasterStartedAt', name: 'start of the postmaster' },
  { field: 'availabilityZone', name: 'zone of the primary' },
  { field: 'serverId', name: 'server behind the name' },
  { field: 'sku', name: 'size of the server' },
]

/** What another primary shows, such as "timeline 1 -> 2". A restart of the same one changes the start of its postmaster too. */
export const changesOfPrimary = (before: PrimaryIdentity, now: PrimaryIdentity): string[] =>
  CHANGES.filter(({ field }) => differs(before[field], now[field])).map(
    ({ field, name }) => `${name} ${before[field]} -> ${now[field]}`,
  )

/** Every promotion raises the timeline: two that are known and equal are of one primary, whose zone may be reported late. */
export const isOtherPrimary = (before: PrimaryIdentity, now: PrimaryIdentity): boolean =>
  before.timeline !== null && now.timeline !== null
    ? before.timeline !== now.timeline
    : changesOfPrimary(before, now).length > 0

/** Also what is seen while an event is under way: the server is busy, or high availability is being rebuilt. */
export function signsOfEvent(before: PrimaryIdentity, now: PrimaryIdentity): string[] {
  const signs = changesOfPrimary(before, now)
  if (before.serverState === 'Ready' && differs(before.serverState, now.serverState))
    signs.push(`server state ${now.serverState}`)
  if (before.haState === 'Healthy' && differs(before.haState, now.haState)) signs.push(`HA state ${now.haState}`)
  if (before.timeline !== null && now.timeline === null) signs.push('the server does not answer SQL')
  return signs
}
