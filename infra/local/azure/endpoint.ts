/**
 * The HTTPS endpoint that speaks Azure Resource Manager for exactly the calls that the drill makes, on the local cluster, with
 * Azure's shapes, status codes and error bodies. It refuses other calls as Azure would.
 */
import type { Cluster } from '../cluster/cluster.ts'
import type { Place, Places } from './arm/arm.ts'
import { Operations } from './arm/operations.ts'
import type { Fallen, Weather } from './arm/weather.ts'
import { WeatherFall } from './arm/weather-fall.ts'
import { createSwitches, type EndpointControl } from './control.ts'
import { Groups } from './groups.ts'
import { ActivityLog } from './platform-records.ts'
import { createRegistry } from './registry.ts'
import { createRoutes, type RouteOptions, type ServerServices, type Services } from './routes.ts'
import { createServerActions } from './server-actions.ts'
import { createServerReads } from './servers.ts'

export interface EndpointOptions extends RouteOptions {
  readonly cluster: Cluster
  readonly place: Place
  /** Of the replica, when the cluster has one; it shares the subscription with the primary. */
  readonly replica?: Omit<Place, 'subscriptionId'>
  /** More servers, each with a cluster of its own. */
  readonly others?: ReadonlyArray<{ readonly cluster: Cluster; readonly place: Place }>
  readonly port: number
  /** The load generator's entry file: the image's content. */
  readonly entryFile: string
  /** From a sample to its publication as a metric. Azure needs one to several minutes. */
  readonly metricsDelayMs?: number
  /** Fair, unless it is given. */
  readonly weather?: Weather
}

export interface AzureEndpoint {
  readonly url: string
  /** The load generator's image by digest, as LOADGEN_IMAGE wants it. */
  readonly image: string
  readonly control: EndpointControl
  /** What of its weather has fallen. */
  readonly fallen: readonly Fallen[]
  /** Stops running containers first. */
  stop(): Promise<void>
}

export async function startAzureEndpoint(options: EndpointOptions): Promise<AzureEndpoint> {
  const { cluster, place, port } = options
  const host = `127.0.0.1:${port}`
  const weather = new WeatherFall(options.weather)
  const metricsDelayMs = options.metricsDelayMs ?? weather.weather.metricsDelayMs
  const switches = createSwitches(metricsDelayMs)
  const operations = new Operations()
  const registry = createRegistry(host, options.entryFile)
  const { replica } = options
  const places: Places = { home: place, remote: replica && cluster.facts.hasReplica ? { ...place, ...replica } : null }
  const shared = { operations, registry, weather }
  const others = (options.others ?? []).map((one) => ({
    ...one,
    places: { home: one.place, remote: null },
    switches: createSwitches(metricsDelayMs),
  }))
  const [first, ...more] = [{ place, cluster, places, switches }, ...others].map((one) => ({
    ...one,
    reads: createServerReads({ ...shared, ...one }),
    actions: createServerActions({ ...shared, ...one }),
  }))
  const services: Services = {
    url: `https://${host}`,
    ...shared,
    servers: [first as ServerServices, ...more],
    groups: new Groups({ ...shared, place, cluster, switches }),
    activities: new ActivityLog(),
  }
  const { groups } = services
  const app = createRoutes(services, options)
  await app.listen({ host: '127.0.0.1', port })
  return {
    url: services.url,
    image: registry.reference,
    get fallen() {
      return weather.fallen
    },
    control: { switches, restartContainer: (group) => groups.restart(group) },
    stop: async () => {
      await groups.stopAll()
      await app.close()
    },
  }
}
