/**
 * The pair of virtual endpoints of the local replication set: names that lead to whichever server is the primary, and to the replica.
 * Only the primary has them: a read at the replica is answered with 400, as users report of Azure
 * (github.com/hashicorp/terraform-provider-azurerm/pull/30789).
 */
import type { Cluster } from '../cluster/cluster.ts'
import { type Addressed, ArmError, FLEXIBLE_SERVERS, type Places, resourceNotFound, serverId } from './arm/arm.ts'

const TYPE = `${FLEXIBLE_SERVERS}/virtualEndpoints`

const baseName = ({ home }: Places): string => `${home.server}-endpoint`

export function listVirtualEndpoints(cluster: Cluster, places: Places, { site, place }: Addressed) {
  requirePrimary(cluster, { site, place })
  return { value: places.remote === null ? [] : [documentOf(cluster, places, serverId(place))] }
}

export function readVirtualEndpoint(cluster: Cluster, places: Places, { site, place }: Addressed, name: string) {
  requirePrimary(cluster, { site, place })
  if (places.remote === null || name.toLowerCase() !== baseName(places).toLowerCase())
    throw resourceNotFound(TYPE, `${place.server}/${name}`, place.resourceGroup)
  return documentOf(cluster, places, serverId(place))
}

function requirePrimary(cluster: Cluster, { site, place }: Addressed): void {
  if (cluster.state(site).role !== 'Primary')
    throw new ArmError(400, 'BadRequest', `Server '${place.server}' is not the primary of its replication set.`)
}

function documentOf(cluster: Cluster, places: Places, ownerId: string) {
  const name = baseName(places)
  return {
    properties: {
      endpointType: 'ReadWrite',
      // In the order of their creation: the first is not always the primary.
      members: [places.home.server, places.remote?.server ?? ''],
      // On this machine the writer's name is an address, and its ports never change. Nothing listens for the reader.
      virtualEndpoints: [`${name}.reader.local`, cluster.facts.host],
    },
    id: `${ownerId}/virtualEndpoints/${name}`,
    name,
    type: TYPE,
  }
}
