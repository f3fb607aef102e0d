/** What an event leaves changed on the server, and what changes it back, from the table of kinds. */

import type { Undo } from '../model/event-answer.ts'
import type { PrimaryIdentity } from '../model/facts.ts'
import type { PlannedEvent } from '../model/planned-event.ts'
import { platformRequestOf, undoOf } from './kinds.ts'

/** With any values: the table then answers whether an event is undone at all. */
const KNOWN: PrimaryIdentity = {
  observedAt: '',
  serverId: '/any',
  sku: 'any',
  timeline: null,
  address: null,
  postmasterStartedAt: null,
  walLsn: null,
  availabilityZone: null,
  standbyZone: null,
  haState: null,
  serverState: null,
}

export const isUndone = (event: PlannedEvent): boolean => undoOf(event, KNOWN) !== null

/** Null: nothing is to be undone, or what was before the event is not known. */
export function undoPlanOf(event: PlannedEvent, before: PrimaryIdentity): Undo | null {
  const [asked, request] = [platformRequestOf(event), undoOf(event, before)]
  if (asked?.call === 'scale' && request?.call === 'scale')
    return { change: 'size', original: request.sku, asked: asked.sku, request }
  if (asked?.call === 'promote' && request?.call === 'promote')
    return { change: 'primary', original: request.replica, asked: asked.replica, request }
  return null
}
