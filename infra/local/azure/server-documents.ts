/** The flexible server, its parameters and its sizes as Resource Manager writes them. */
import type { Cluster, ClusterParameter } from '../cluster/cluster.ts'
import type { World } from './control.ts'
import { FLEXIBLE_SERVERS, type Place, resourceId } from './guard.ts'

/** This machine is no Azure size, so it is not called one; cores and memory of the size are the machine's own. */
export const skuOf = ({ facts }: Cluster) => ({ name: `Local_${facts.vCores}vCores`, tier: 'GeneralPurpose' })

export const serverId = (place: Place): string => resourceId(place, FLEXIBLE_SERVERS, place.server)

export function serverDocument(place: Place, cluster: Cluster, world: World, createdAt: Date) {
  const { facts } = cluster
  const state = cluster.state()
  const [version, minorVersion = '0'] = facts.version.split('.')
  return {
    name: place.server,
    type: FLEXIBLE_SERVERS,
    id: serverId(place),
    location: place.location,
    properties: {
      administratorLogin: facts.user,
      authConfig: { activeDirectoryAuth: 'Disabled', passwordAuth: 'Enabled' },
      availabilityZone: state.primaryZone,
      backup: { backupRetentionDays: 7, geoRedundantBackup: 'Disabled' },
      dataEncryption: { type: 'SystemManaged' },
      fullyQualifiedDomainName: facts.host,
      highAvailability: highAvailabilityOf(cluster, world),
      maintenanceWindow: { customWindow: 'Disabled', dayOfWeek: 0, startHour: 0, startMinute: 0 },
      minorVersion,
      network: { publicNetworkAccess: 'Enabled' },
      replica: { capacity: 5, role: 'Primary' },
      replicaCapacity: 5,
      replicationRole: 'Primary',
      state: state.server,
      // Tier and IOPS are bought on Azure; this machine's disk has neither, and made-up ones would be judged.
      storage: { type: '', autoGrow: 'Disabled', storageSizeGB: facts.storageGb },
      version,
    },
    sku: skuOf(cluster),
    systemData: { createdAt: createdAt.toISOString() },
    tags: {},
  }
}

function highAvailabilityOf(cluster: Cluster, world: World) {
  if (!world.isHighlyAvailable) return { mode: 'Disabled', state: 'NotEnabled' }
  const { highAvailability, standbyZone } = cluster.state()
  const isMissing = world.isStandbyMissing && highAvailability === 'Healthy'
  return {
    mode: 'ZoneRedundant',
    standbyAvailabilityZone: standbyZone,
    state: isMissing ? 'ReplicatingData' : highAvailability,
  }
}

// ---- Parameters -----------------------------------------------------------------------------------------------------

const DATA_TYPES: Readonly<Record<ClusterParameter['type'], string>> = {
  bool: 'Boolean',
  enum: 'Enumeration',
  integer: 'Integer',
  real: 'Numeric',
  string: 'String',
}

export const parameterDocument = (place: Place, cluster: Cluster, parameter: ClusterParameter) => ({
  name: parameter.name,
  type: `${FLEXIBLE_SERVERS}/configurations`,
  id: `${serverId(place)}/configurations/${parameter.name}`,
  properties: {
    description: parameter.description,
    allowedValues: parameter.allowedValues ?? '',
    dataType: DATA_TYPES[parameter.type],
    defaultValue: parameter.defaultValue ?? '',
    documentationLink: documentationOf(cluster, parameter.name),
    isConfigPendingRestart: parameter.isPendingRestart,
    isDynamicConfig: parameter.isDynamic,
    isReadOnly: parameter.isReadOnly,
    source: parameter.value === parameter.defaultValue ? 'system-default' : 'user-override',
    ...(parameter.unit !== null && { unit: parameter.unit }),
    value: parameter.value,
  },
})

function documentationOf({ facts }: Cluster, name: string): string {
  if (name.startsWith('pgbouncer.')) return 'https://www.pgbouncer.org/config.html'
  return `https://www.postgresql.org/docs/${facts.version.split('.')[0]}/runtime-config.html`
}

// ---- Sizes ----------------------------------------------------------------------------------------------------------

/** What this server can become: itself, on this machine. */
export function capabilitiesDocument(cluster: Cluster) {
  const sku = skuOf(cluster)
  const { vCores, memoryGb, version } = cluster.facts
  const size = {
    supportedFeatures: [],
    name: sku.name,
    vCores,
    supportedMemoryPerVcoreMb: Math.round((memoryGb * 1024) / vCores),
    supportedZones: ['1', '2'],
    supportedHaMode: ['ZoneRedundant'],
  }
  const edition = {
    supportedServerSkus: [size],
    name: sku.tier,
    defaultSkuName: sku.name,
    supportedStorageEditions: [],
  }
  const capability = {
    name: 'FlexibleServerCapabilities',
    supportedServerEditions: [edition],
    supportedServerVersions: [{ supportedFeatures: [], name: version.split('.')[0], supportedVersionsToUpgrade: [] }],
    supportedFastProvisioningEditions: [],
    supportedFeatures: [{ name: 'ZoneRedundantHa', status: 'Enabled' }],
    fastProvisioningSupported: 'Disabled',
    geoBackupSupported: 'Disabled',
    zoneRedundantHaSupported: 'Enabled',
    zoneRedundantHaAndGeoBackupSupported: 'Disabled',
    storageAutoGrowthSupported: 'Disabled',
    onlineResizeSupported: 'Disabled',
    restricted: 'Disabled',
  }
  return { value: [capability] }
}
