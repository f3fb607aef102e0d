/** The flexible server, its parameters and its sizes as Resource Manager writes them. */
import type { Cluster, ClusterParameter, ClusterState } from '../cluster/cluster.ts'
import { FLEXIBLE_SERVERS, type Place, serverId } from './arm.ts'
import type { Switches } from './control.ts'
import type { WeatherFall } from './weather-fall.ts'

/** Not the name of an Azure size; its cores and memory are this machine's. */
const skuOf = ({ facts }: Cluster) => ({ name: `Local_${facts.vCores}vCores`, tier: 'GeneralPurpose' })

interface ServerView {
  readonly place: Place
  readonly cluster: Cluster
  readonly switches: Switches
  readonly weather: WeatherFall
}

export function serverDocument({ place, cluster, switches, weather }: ServerView, createdAt: Date) {
  const { facts } = cluster
  const state = weather.view(cluster.state())
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
      highAvailability: highAvailabilityOf(state, switches, weather),
      maintenanceWindow: { customWindow: 'Disabled', dayOfWeek: 0, startHour: 0, startMinute: 0 },
      minorVersion,
      network: { publicNetworkAccess: 'Enabled' },
      replica: { capacity: 5, role: 'Primary' },
      replicaCapacity: 5,
      replicationRole: 'Primary',
      state: switches.isStopped ? 'Stopped' : state.server,
      // Azure sells tier and IOPS; this machine's disk has neither, and the checklist would judge invented values.
      storage: { type: '', autoGrow: 'Disabled', storageSizeGB: facts.storageGb },
      version,
    },
    sku: skuOf(cluster),
    systemData: { createdAt: createdAt.toISOString() },
    tags: {},
  }
}

function highAvailabilityOf({ highAvailability, standbyZone }: ClusterState, switches: Switches, weather: WeatherFall) {
  if (!switches.isHighlyAvailable) return { mode: 'Disabled', state: 'NotEnabled' }
  const isMissing = switches.isStandbyMissing && highAvailability === 'Healthy'
  return {
    mode: 'ZoneRedundant',
    standbyAvailabilityZone: standbyZone,
    state: weather.haWord(isMissing ? 'ReplicatingData' : highAvailability),
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

/** The only size on offer is the server's own. */
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
