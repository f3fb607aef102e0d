/**
 * The HTTPS endpoint that speaks Azure Resource Manager for exactly the calls that the drill makes, on the local cluster, with
 * Azure's shapes, status codes and error bodies. It refuses other calls as Azure would.
 */
import type { Cluster } from '../cluster/cluster.ts'
import type { Place } from './arm.ts'
import { createSwitches, type EndpointControl } from './control.ts'
import { Groups } from './groups.ts'
import { Operations } from './operations.ts'
import { createRegistry } from './registry.ts'
import { createRoutes, type RouteOptions, type Services } from './routes.ts'
import { createServerCalls } from './servers.ts'

export interface EndpointOptions extends RouteOptions {
  readonly cluster: Cluster
  readonly place: Place
  readonly port: number
  /** The load generator's entry file: the image's content. */
  readonly entryFile: string
  /** From a sample to its publication as a metric. Azure needs one to several minutes. */
  readonly metricsDelayMs?: number
}

export interface AzureEndpoint {
  readonly url: string
  /** The load generator's image by digest, as LOADGEN_IMAGE wants it. */
  readonly image: string
  readonly control: EndpointControl
  /** Stops running containers first. */
  stop(): Promise<void>
}

const DEFAULT_METRICS_DELAY_MS = 5_000

export async function startAzureEndpoint(options: EndpointOptions): Promise<AzureEndpoint> {
  const { cluster, place, port } = options
  const host = `127.0.0.1:${port}`
  const switches = createSwitches(options.metricsDelayMs ?? DEFAULT_METRICS_DELAY_MS)
  const operations = new Operations()
  const registry = createRegistry(host, options.entryFile)
  const groups = new Groups(place, cluster, switches, operations, registry.isImage)
  const servers = createServerCalls(place, cluster, switches, operations)
  const services: Services = { url: `https://${host}`, place, cluster, switches, operations, registry, groups, servers }
  const app = createRoutes(services, options)
  await app.listen({ host: '127.0.0.1', port })
  return {
    url: services.url,
    image: registry.reference,
    control: { switches, restartContainer: (group) => groups.restart(group) },
    stop: async () => {
      await groups.stopAll()
      await app.close()
    },
  }
}
