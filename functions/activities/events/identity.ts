/** The identity of the primary, from the platform and from SQL; either may not answer. */
import type { Clients } from '../../clients/clients.ts'
import type { PrimaryIdentity, ServerFacts, SessionFacts } from '../../model/facts.ts'
import type { Target } from '../../model/plan.ts'

type Sources = Pick<Clients, 'servers' | 'database' | 'clock'>

export async function observeIdentity({ servers, database, clock }: Sources, target: Target): Promise<PrimaryIdentity> {
  const observedAt = clock.now().toISOString()
  const [server, session] = await Promise.all([
    primaryServer(servers, target).catch(() => null),
    primarySession({ database }, target),
  ])
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

/** After a switchover the target is a replica, and follows the server that is the primary now. */
async function primaryServer(servers: Clients['servers'], target: Target): Promise<ServerFacts> {
  const server = await servers.get(target)
  const { sourceId } = server.replication
  const [, resourceGroup, name] = /\/resourceGroups\/([^/]+)\/.*\/flexibleServers\/([^/]+)$/i.exec(sourceId ?? '') ?? []
  if (sourceId === null) return server
  if (resourceGroup === undefined || name === undefined)
    throw new Error('the source of the replica is no flexible server')
  return servers.get({ ...target, resourceGroup, server: name })
}

/** A session on a primary. A standby that still answers says nothing about the primary. */
async function primarySession({ database }: Pick<Clients, 'database'>, target: Target): Promise<SessionFacts | null> {
  for (const via of ['direct', 'pgbouncer'] as const) {
    const session = await database.session(target, via).catch(() => null)
    if (session?.reachable && session.inRecovery === false) return session
  }
  return null
}
