/**
 * The server under test as Azure sees it: facts, parameters, its replication set (replication-set.ts), and the calls that begin an event
 * (event-request.ts).
 */
import {
  type Configuration,
  PostgreSQLManagementFlexibleServerClient,
  type Server,
} from '@azure/arm-postgresql-flexible'
import type { ServerFacts, ServerParameter } from '../../model/facts.ts'
import type { Target } from '../../model/plan.ts'
import type { Clock, FlexibleServers } from '../clients.ts'
import { type AzureAccess, managementOptions } from './azure.ts'
import { readOperation, requestEvent } from './event-request.ts'
import { Acceptance } from './operation.ts'
import { placeOfReplica, readReplicas, readVirtualEndpoints } from './replication-set.ts'
import { createSizes, type Size, type Sizes } from './sizes.ts'

type Client = PostgreSQLManagementFlexibleServerClient

/** Each server is reached in its own subscription. */
export function createFlexibleServers(access: AzureAccess, clock: Clock): FlexibleServers {
  const bySubscription = new Map<string, FlexibleServers>()
  const of = ({ subscriptionId = access.subscriptionId }: Target): FlexibleServers => {
    const known = bySubscription.get(subscriptionId) ?? serversOf({ ...access, subscriptionId }, clock)
    bySubscription.set(subscriptionId, known)
    return known
  }
  return {
    get: (target) => of(target).get(target),
    parameters: (target) => of(target).parameters(target),
    sizes: (target) => of(target).sizes(target),
    start: (target) => of(target).start(target),
    stop: (target) => of(target).stop(target),
    replicas: (target) => of(target).replicas(target),
    virtualEndpoints: (target) => of(target).virtualEndpoints(target),
    begin: (target, request) => of(target).begin(target, request),
    operationState: (target, pollerToken) => of(target).operationState(target, pollerToken),
  }
}

function serversOf(access: AzureAccess, clock: Clock): FlexibleServers {
  const client = new PostgreSQLManagementFlexibleServerClient(
    access.credential,
    access.subscriptionId,
    managementOptions(access),
  )
  const sizes = createSizes(client)
  return {
    get: (target) => readServer(client, sizes, target),
    parameters: (target) => readParameters(client, target),
    sizes: (target) => sizes.list(target),
    start: (target) => powerServer(client, target, 'start'),
    stop: (target) => powerServer(client, target, 'stop'),
    replicas: async (target) =>
      Promise.all(
        (await readReplicas(client, target)).map(async (server) =>
          factsOf(server, await sizes.of(target, server.sku?.name ?? '')),
        ),
      ),
    virtualEndpoints: (target) => readVirtualEndpoints(client, target),
    begin: (target, request) =>
      requestEvent(
        { access, clock, sizes, placeOfReplica: (of, name) => placeOfReplica(client, of, name) },
        target,
        request,
      ),
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
        growsByItself: storage.autoGrow === undefined ? null : storage.autoGrow === 'Enabled',
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
