/** Evidence of events of each kind, as a drill gathers it: of those that it asked for, and of those that others caused. */
import type { EventEvidence } from '../../functions/model/evidence.ts'
import type { PrimaryIdentity } from '../../functions/model/facts.ts'
import type { PlannedEvent } from '../../functions/model/planned-event.ts'
import { anEvent, aPrimary, isoAt } from './builders.ts'

const HOME = '/subscriptions/0/resourceGroups/rg-orders/providers/Microsoft.DBforPostgreSQL/flexibleServers/pg-orders'
const REPLICA = HOME.replace('pg-orders', 'pg-orders-dr')

/** The primary before every event, at second 29 of the load. */
export const before = (own: Partial<PrimaryIdentity> = {}): PrimaryIdentity =>
  aPrimary({ serverId: HOME, sku: 'Standard_D4ds_v5', ...own })

/** What each kind changes of the primary. */
export const CHANGES = {
  failover: {
    timeline: 2,
    address: '10.0.0.5',
    postmasterStartedAt: isoAt(-40_000),
    availabilityZone: '2',
    standbyZone: '1',
  },
  restart: { postmasterStartedAt: isoAt(32) },
  scaleInPlace: { sku: 'Standard_D8ds_v5', postmasterStartedAt: isoAt(32) },
  scaleElsewhere: { sku: 'Standard_D8ds_v5', timeline: 2, address: '10.0.0.5', postmasterStartedAt: isoAt(20) },
  switchover: {
    serverId: REPLICA,
    timeline: 2,
    address: '10.9.0.4',
    postmasterStartedAt: isoAt(-90_000),
    haState: 'NotEnabled',
  },
} as const satisfies Readonly<Record<string, Partial<PrimaryIdentity>>>

export const FAILOVER: PlannedEvent = { atSeconds: 30, kind: 'failover', mode: 'forced' }
export const RESTART: PlannedEvent = { atSeconds: 30, kind: 'restart' }
export const SCALE: PlannedEvent = { atSeconds: 30, kind: 'scale', sku: 'Standard_D8ds_v5' }
export const SWITCHOVER: PlannedEvent = {
  atSeconds: 30,
  kind: 'switchover',
  mode: 'forced',
  replica: 'pg-orders-dr',
  returnHome: false,
}
export const EXTERNAL: PlannedEvent = { atSeconds: 20, kind: 'external' }

/** An accepted request, and the primary after it. */
export const caused = (
  planned: PlannedEvent,
  change: Partial<PrimaryIdentity>,
  own: Partial<EventEvidence> = {},
): EventEvidence =>
  anEvent({ planned, before: before(), after: before({ observedAt: isoAt(50), ...change }), healthyAt: null, ...own })

/** Nothing was asked for; each sighting is a poll that saw the primary changed. */
export const watched = (
  ...sightings: ReadonlyArray<readonly [atSeconds: number, change: Partial<PrimaryIdentity>]>
): EventEvidence => {
  let primary = before({ observedAt: isoAt(20) })
  return anEvent({
    planned: EXTERNAL,
    request: 'watched',
    before: primary,
    sentAt: null,
    acceptedAt: null,
    requestId: null,
    operation: null,
    after: null,
    healthyAt: null,
    sightings: sightings.map(([atSeconds, change]) => {
      primary = { ...primary, ...change, observedAt: isoAt(atSeconds) }
      return primary
    }),
  })
}
