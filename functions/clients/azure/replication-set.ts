/**
 * The replication set that a server belongs to. Azure lists replicas and virtual endpoints at the primary alone, and after a promotion
 * that is another server than the one that the app is configured for; its replica then names it.
 */
import type {
  PostgreSQLManagementFlexibleServerClient as Client,
  VirtualEndpoint as Endpoint,
  Server,
} from '@azure/arm-postgresql-flexible'
import type { VirtualEndpointFacts } from '../../model/facts.ts'
import type { Target } from '../../model/plan.ts'
import { isNotFound } from './azure-errors.ts'

type Place = Pick<Target, 'resourceGroup' | 'server'>

export async function readReplicas(client: Client, target: Target): Promise<Server[]> {
  return inSet(target, 'the replicas', async () => {
    const { resourceGroup, server } = await primaryOf(client, target)
    return collect(client.replicas.listByServer(resourceGroup, server))
  })
}

export async function readVirtualEndpoints(client: Client, target: Target): Promise<VirtualEndpointFacts[]> {
  return inSet(target, 'the virtual endpoints', async () => {
    const { resourceGroup, server } = await primaryOf(client, target)
    return (await collect(client.virtualEndpoints.listByServer(resourceGroup, server)).catch(orNone)).map(endpointOf)
  })
}

/** The service answers the list of a server without virtual endpoints with 404. */
function orNone(error: unknown): Endpoint[] {
  if (isNotFound(error)) return []
  throw error
}

async function inSet<T>({ server, resourceGroup }: Target, what: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (cause) {
    throw new Error(`reading ${what} of server ${server} in resource group ${resourceGroup} failed`, { cause })
  }
}

async function primaryOf(client: Client, target: Target): Promise<Place> {
  const { sourceServerResourceId } = await client.servers.get(target.resourceGroup, target.server)
  return sourceServerResourceId ? placeOf(sourceServerResourceId) : target
}

/** The place that the id of a server names. Replicas may lie in another resource group than their primary. */
function placeOf(serverId: string): Place {
  const found = /\/resourceGroups\/([^/]+)\/providers\/Microsoft\.DBforPostgreSQL\/flexibleServers\/([^/]+)$/i.exec(
    serverId,
  )
  const [, resourceGroup, server] = found ?? []
  if (resourceGroup === undefined || server === undefined)
    throw new Error('the source of the replica is no flexible server')
  return { resourceGroup, server }
}

const endpointOf = ({ name = '', endpointType, members, virtualEndpoints }: Endpoint): VirtualEndpointFacts => ({
  name,
  type: endpointType ?? null,
  members: members ?? [],
  hosts: virtualEndpoints ?? [],
})

async function collect<T>(pages: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const one of pages) found.push(one)
  return found
}
