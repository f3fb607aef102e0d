/**
 * The HTTPS endpoint that speaks Azure Resource Manager for exactly the calls that the drill makes, and answers for the
 * local cluster in Azure's shapes, status codes and error bodies. What it does not know it refuses, as Azure would.
 */
import type { Cluster } from '../cluster/cluster.ts'
import { createFaults, createWorld, type EndpointControl, type SeenRequest } from './control.ts'
import { createGroupCalls } from './groups.ts'
import type { Place } from './guard.ts'
import { createOperations } from './operations.ts'
import { createRegistry } from './registry.ts'
import { createRoutes, type Services } from './routes.ts'
import { createServerCalls } from './servers.ts'

export interface EndpointOptions {
  readonly cluster: Cluster
  readonly place: Place
  readonly certificate: { readonly certificatePem: string; readonly privateKeyPem: string }
  readonly port: number
  /** The bearer token that callers must show. A secret. */
  readonly token: string
  /** The load generator's entry file: the content of the image. */
  readonly entryFile: string
  /** How long after it was taken a sample shows in the metrics. Azure needs one to several minutes. */
  readonly metricsDelayMs?: number
}

export interface AzureEndpoint {
  readonly url: string
  /** The load generator's image by digest, as LOADGEN_IMAGE wants it. */
  readonly image: string
  readonly control: EndpointControl
  /** Containers that still run are stopped first. */
  stop(): Promise<void>
}

const DEFAULT_METRICS_DELAY_MS = 5_000

export async function startAzureEndpoint(options: EndpointOptions): Promise<AzureEndpoint> {
  const { cluster, place, port } = options
  const host = `127.0.0.1:${port}`
  const world = createWorld(options.metricsDelayMs ?? DEFAULT_METRICS_DELAY_MS)
  const faults = createFaults()
  const requests: SeenRequest[] = []
  const operations = createOperations()
  const registry = createRegistry(host, options.entryFile)
  const groups = createGroupCalls(place, cluster, world, operations, registry.isImage)
  const servers = createServerCalls(place, cluster, world, operations)
  const services: Services = { url: `https://${host}`, place, cluster, world, operations, registry, groups, servers }
  const app = createRoutes(services, { ...options, faults, requests })
  await app.listen({ host: '127.0.0.1', port })
  return {
    url: services.url,
    image: registry.reference,
    control: {
      world,
      requests,
      failNext: (match, fault, times = 1) => faults.add(match, fault, times),
      restartContainer: (group) => groups.restart(group),
    },
    stop: async () => {
      await groups.stopAll()
      await app.close()
    },
  }
}
