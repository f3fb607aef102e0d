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
import { type ServerPlace, serverPlaceOf } from '../../platform/names.ts'
import { isNotFound } from './azure-errors.ts'

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

async function primaryOf(client: Client, target: Target): Promise<ServerPlace> {
  const { sourceServerResourceId } = await client.servers.get(target.resourceGroup, target.server)
  if (!sourceServerResourceId) return target
  const place = serverPlaceOf(sourceServerResourceId)
  if (place === null) throw new Error('the source of the replica is no flexible server')
  return place
}

/** Where the replica of that name lies: its name is the only one in Azure, and its resource group may be another than the target's. */
export async function placeOfReplica(client: Client, target: Target, name: string): Promise<ServerPlace> {
  const places = (await readReplicas(client, target)).map(({ id = '' }) => serverPlaceOf(id))
  const place = places.find((one) => one?.server.toLowerCase() === name.toLowerCase())
  if (place == null) throw new Error(`${name} is not among the replicas of the replication set of ${target.server}`)
  return place
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
