/** The server under test as Azure sees it: facts, parameters, and the calls that begin an event (failover-request.ts). */
import {
  type Configuration,
  PostgreSQLManagementFlexibleServerClient,
  type Server,
} from '@azure/arm-postgresql-flexible'
import type { ServerFacts, ServerParameter, SizeFacts, VirtualEndpointFacts } from '../../model/facts.ts'
import type { Target } from '../../model/plan.ts'
import type { Clock, FlexibleServers } from '../clients.ts'
import { type AzureAccess, managementOptions } from './azure.ts'
import { readOperation, requestEvent } from './event-request.ts'
import { Acceptance } from './operation.ts'

type Client = PostgreSQLManagementFlexibleServerClient
type Size = Pick<ServerFacts, 'vCores' | 'memoryGb'>

export function createFlexibleServers(access: AzureAccess, clock: Clock): FlexibleServers {
  const client = new PostgreSQLManagementFlexibleServerClient(
    access.credential,
    access.subscriptionId,
    managementOptions(access),
  )
  const sizes = createSizes(client)
  return {
    get: (target) => readServer(client, sizes, target),
    parameters: (target) => readParameters(client, target),
    replicas: (target) => readReplicas(client, target),
    virtualEndpoints: (target) => readVirtualEndpoints(client, target),
    sizes: (target) => sizes.list(target),
    start: (target) => powerServer(client, target, 'start'),
    stop: (target) => powerServer(client, target, 'stop'),
    begin: (target, request) => requestEvent(access, clock, target, request),
    operationState: (target, pollerToken) => readOperation(access, target, pollerToken),
  }
}

async function readServer(client: Client, sizes: Sizes, target: Target): Promise<ServerFacts> {
  const { resourceGroup, server } = target
  try {
    const found = await client.servers.get(resourceGroup, server)
    return factsOf(found, await sizes.of(target, found.sku?.name ?? ''))
  } catch (cause) {
    throw new Error(
      `reading server ${server} in resource group ${resourceGroup} failed; check its name, and that the app may read it`,
      { cause },
    )
  }
}

const factsOf = (server: Server, size: Size): ServerFacts => ({
  name: server.name ?? '',
  id: server.id ?? '',
  location: server.location,
  state: server.state ?? null,
  version: [server.version, server.minorVersion].filter(Boolean).join('.') || null,
  fqdn: server.fullyQualifiedDomainName ?? null,
  sku: server.sku === undefined ? null : { name: server.sku.name, tier: server.sku.tier },
  ...size,
  availabilityZone: server.availabilityZone || null,
  highAvailability: highAvailabilityOf(server),
  storage: storageOf(server),
  isInSubnet: server.network === undefined ? null : Boolean(server.network.delegatedSubnetResourceId),
  maintenanceWindow: maintenanceOf(server),
  replication: replicationOf(server),
})

const replicationOf = ({ replica, replicationRole, sourceServerResourceId }: Server): ServerFacts['replication'] => ({
  role: replica?.role ?? replicationRole ?? null,
  state: replica?.replicationState ?? null,
  sourceId: sourceServerResourceId || null,
})

const highAvailabilityOf = ({ highAvailability }: Server): ServerFacts['highAvailability'] =>
  highAvailability?.mode === undefined
    ? null
    : {
        mode: highAvailability.mode,
        state: highAvailability.state ?? null,
        // The SDK fills in an empty text for what the platform left out.
        standbyZone: highAvailability.standbyAvailabilityZone || null,
      }

const storageOf = ({ storage }: Server): ServerFacts['storage'] =>
  storage === undefined
    ? null
    : {
        sizeGb: storage.storageSizeGB ?? null,
        tier: storage.tier || null,
        iops: storage.iops ?? null,
        // Premium SSD is reported as an empty text.
        type: storage.type || null,
      }

const maintenanceOf = ({ maintenanceWindow: window }: Server): ServerFacts['maintenanceWindow'] =>
  window?.customWindow === undefined
    ? null
    : {
        isCustom: window.customWindow.toLowerCase() === 'enabled',
        dayOfWeek: window.dayOfWeek ?? 0,
        startHour: window.startHour ?? 0,
        startMinute: window.startMinute ?? 0,
      }

async function readParameters(client: Client, { resourceGroup, server }: Target): Promise<ServerParameter[]> {
  const parameters: ServerParameter[] = []
  for await (const found of client.configurations.listByServer(resourceGroup, server))
    parameters.push(parameterOf(found))
  return parameters
}

const parameterOf = (found: Configuration): ServerParameter => ({
  name: found.name ?? '',
  value: found.value ?? null,
  isDynamic: found.isDynamicConfig ?? null,
  isPendingRestart: found.isConfigPendingRestart ?? null,
  unit: found.unit ?? null,
})

async function readReplicas(client: Client, { resourceGroup, server }: Target): Promise<ServerFacts[]> {
  const replicas: ServerFacts[] = []
  for await (const found of client.replicas.listByServer(resourceGroup, server))
    replicas.push(factsOf(found, UNKNOWN_SIZE))
  return replicas
}

async function readVirtualEndpoints(
  client: Client,
  { resourceGroup, server }: Target,
): Promise<VirtualEndpointFacts[]> {
  const endpoints: VirtualEndpointFacts[] = []
  for await (const found of client.virtualEndpoints.listByServer(resourceGroup, server))
    endpoints.push({
      name: found.name ?? '',
      type: found.endpointType ?? null,
      members: found.members ?? [],
      hosts: found.virtualEndpoints ?? [],
    })
  return endpoints
}

async function powerServer(client: Client, { resourceGroup, server }: Target, action: 'start' | 'stop'): Promise<void> {
  const acceptance = new Acceptance('POST')
  const { onResponse } = acceptance
  try {
    if (action === 'start') await client.servers.beginStart(resourceGroup, server, { onResponse })
    else await client.servers.beginStop(resourceGroup, server, { onResponse })
  } catch (cause) {
    if (!acceptance.isSeen) throw new Error(`the ${action} of server ${server} was not accepted`, { cause })
  }
}

// ---- Sizes ----------------------------------------------------------------------------------------------------------

interface Sizes {
  list(target: Target): Promise<readonly SizeFacts[]>
  of(target: Target, sku: string): Promise<Size>
}

const UNKNOWN_SIZE: Size = { vCores: null, memoryGb: null }

/**
 * The list of sizes that the server can have is long and constant, so the app reads it once per server. Without the permission to
 * read it the size of a SKU is unknown.
 */
function createSizes(client: Client): Sizes {
  const lists = new Map<string, Promise<readonly SizeFacts[]>>()
  const list = (target: Target) => {
    const key = `${target.resourceGroup}/${target.server}`
    const known = lists.get(key) ?? readSizes(client, target)
    lists.set(key, known)
    known.catch(() => lists.delete(key))
    return known
  }
  return {
    list,
    of: async (target, sku) => {
      const sizes = await list(target).catch(() => [])
      const { vCores, memoryGb } = sizes.find(({ name }) => name.toLowerCase() === sku.toLowerCase()) ?? UNKNOWN_SIZE
      return { vCores, memoryGb }
    },
  }
}

async function readSizes(client: Client, { resourceGroup, server }: Target): Promise<SizeFacts[]> {
  const sizes: SizeFacts[] = []
  for await (const capability of client.capabilitiesByServer.list(resourceGroup, server))
    for (const edition of capability.supportedServerEditions ?? [])
      for (const { name, vCores = null, supportedMemoryPerVcoreMb: memoryMb } of edition.supportedServerSkus ?? [])
        sizes.push({
          name: name ?? '',
          tier: edition.name ?? '',
          vCores,
          memoryGb: vCores === null || memoryMb === undefined ? null : (vCores * memoryMb) / 1024,
        })
  return sizes
}
