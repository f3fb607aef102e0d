/** The reads of the flexible servers: the servers, their replicas and virtual endpoints, their parameters and their sizes. */
import type { Cluster } from '../cluster/cluster.ts'
import type { Site } from '../cluster/servers/regions.ts'
import { type Addressed, FLEXIBLE_SERVERS, isSame, type Places, resourceNotFound } from './arm/arm.ts'
import type { WeatherFall } from './arm/weather-fall.ts'
import type { Switches } from './control.ts'
import { capabilitiesDocument, parameterDocument, serverDocument } from './server-documents.ts'
import { listVirtualEndpoints, readVirtualEndpoint } from './virtual-endpoints.ts'

export type ServerReads = ReturnType<typeof createServerReads>

interface ServerParts {
  readonly places: Places
  readonly cluster: Cluster
  readonly switches: Switches
  readonly weather: WeatherFall
}

export function createServerReads(parts: ServerParts) {
  const { places, cluster } = parts
  const createdAt = new Date()
  const documentOf = (server: Addressed, isListed = false) => serverDocument(parts, server, { createdAt, isListed })
  const named = (name: string, group: string) =>
    addressed(places).find(({ place }) => isSame(place.server, name) && isSame(place.resourceGroup, group))
  return {
    has: (name: string, group: string): boolean => named(name, group) !== undefined,
    /** The server that a path names. */
    find: (name: string, group: string): Addressed => {
      const found = named(name, group)
      if (found === undefined) throw resourceNotFound(FLEXIBLE_SERVERS, name, group)
      return found
    },
    get: (server: Addressed) => documentOf(server),
    replicas: ({ site }: Addressed) => ({
      value: replicasOf(cluster, places, site).map((one) => documentOf(one, true)),
    }),
    virtualEndpoints: (server: Addressed) => listVirtualEndpoints(cluster, places, server),
    virtualEndpoint: (server: Addressed, name: string) => readVirtualEndpoint(cluster, places, server, name),
    parameters: async ({ site, place }: Addressed) => ({
      value: (await cluster.parameters(site)).map((parameter) => parameterDocument(place, cluster, parameter)),
    }),
    parameter: async ({ site, place }: Addressed, name: string) => {
      const found = (await cluster.parameters(site)).find((parameter) => parameter.name === name)
      if (found === undefined)
        throw resourceNotFound(`${FLEXIBLE_SERVERS}/configurations`, `${place.server}/${name}`, place.resourceGroup)
      return parameterDocument(place, cluster, found)
    },
    capabilities: () => capabilitiesDocument(cluster),
  }
}

const addressed = ({ home, remote }: Places): Addressed[] => [
  { site: 'home', place: home },
  ...(remote === null ? [] : [{ site: 'remote' as const, place: remote }]),
]

/** A replica has none of its own. */
const replicasOf = (cluster: Cluster, places: Places, site: Site): Addressed[] =>
  cluster.state(site).role === 'Primary' ? addressed(places).filter((one) => one.site !== site) : []
