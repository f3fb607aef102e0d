/** The identity of the primary, from the platform and from SQL; either may not answer. */
import type { Clients } from '../../clients/clients.ts'
import type { PrimaryIdentity, ServerFacts, SessionFacts } from '../../model/facts.ts'
import type { Target } from '../../model/plan.ts'
import { serverPlaceOf } from '../../platform/names.ts'

type Sources = Pick<Clients, 'servers' | 'database' | 'clock'>

export async function observeIdentity({ servers, database, clock }: Sources, target: Target): Promise<PrimaryIdentity> {
  const observedAt = clock.now().toISOString()
  const [server, session] = await Promise.all([primaryNow({ servers }, target), primarySession({ database }, target)])
  return {
    observedAt,
    serverId: server?.id ?? null,
    sku: server?.sku?.name ?? null,
    timeline: session?.timeline ?? null,
    address: session?.address ?? null,
    postmasterStartedAt: session?.postmasterStartedAt ?? null,
    walLsn: session?.currentWalLsn ?? null,
    availabilityZone: server?.availabilityZone ?? null,
    standbyZone: server?.highAvailability?.standbyZone ?? null,
    haState: server?.highAvailability?.state ?? null,
    serverState: server?.state ?? null,
  }
}

/** As the platform shows it; null: it shows none, or does not answer. */
export const primaryNow = ({ servers }: Pick<Clients, 'servers'>, target: Target): Promise<ServerFacts | null> =>
  servers
    .get(target)
    .then((own) => primaryOf({ servers }, target, own))
    .catch(() => null)

/**
 * The server behind the virtual endpoint of a target. After a switchover the target is a replica, and names its primary as its source:
 * the order of an endpoint's members does not say which of them is the primary. Null: in the middle of a switchover.
 */
export async function primaryOf(
  { servers }: Pick<Clients, 'servers'>,
  target: Target,
  own: ServerFacts,
): Promise<ServerFacts | null> {
  const { role, sourceId } = own.replication
  const isReplica = role === null ? sourceId !== null : /replica/i.test(role)
  if (!isReplica) return own
  if (sourceId === null) return null
  const source = await servers.get({ ...target, ...serverPlaceOf(sourceId) })
  return /replica/i.test(source.replication.role ?? '') ? null : source
}

export const isSameName = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase()

/** A session on a primary. A standby that still answers says nothing about the primary. */
async function primarySession({ database }: Pick<Clients, 'database'>, target: Target): Promise<SessionFacts | null> {
  for (const via of ['direct', 'pgbouncer'] as const) {
    const session = await database.session(target, via).catch(() => null)
    if (session?.reachable && session.inRecovery === false) return session
  }
  return null
}
