/** The flexible servers, their parameters and their sizes as Resource Manager writes them. */
import type { Cluster, ClusterParameter, ClusterState, Sku } from '../cluster/cluster.ts'
import { type Addressed, FLEXIBLE_SERVERS, type Place, type Places, serverId } from './arm/arm.ts'
import type { WeatherFall } from './arm/weather-fall.ts'
import type { Switches } from './control.ts'

interface ServerView {
  readonly places: Places
  readonly cluster: Cluster
  readonly switches: Switches
  readonly weather: WeatherFall
}

interface DocumentOptions {
  readonly createdAt: Date
  /** In the list of replicas, which alone shows how a replica follows. */
  readonly isListed: boolean
}

const MAX_REPLICAS = 5

export function serverDocument(view: ServerView, { site, place }: Addressed, { createdAt, isListed }: DocumentOptions) {
  const { cluster, switches, weather } = view
  const { facts } = cluster
  const state = site === 'home' ? weather.view(cluster.state(site)) : cluster.state(site)
  const [version, minorVersion = '0'] = facts.version.split('.')
  const sku = facts.skus.find(({ name }) => name === state.sku)
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
      replica: replicaOf(state, isListed),
      replicaCapacity: capacityOf(state),
      replicationRole: state.role,
      ...sourceOf(view.places, site, state),
      state: switches.isStopped ? 'Stopped' : state.server,
      // Azure sells tier and IOPS; this machine's disk has neither, and the checklist would judge invented values.
      storage: { type: '', autoGrow: 'Disabled', storageSizeGB: facts.storageGb },
      version,
    },
    sku: { name: state.sku, tier: sku?.tier ?? '' },
    systemData: { createdAt: createdAt.toISOString() },
    tags: {},
  }
}

const capacityOf = ({ role }: ClusterState): number => (role === 'Primary' ? MAX_REPLICAS : 0)

const replicaOf = (state: ClusterState, isListed: boolean) => ({
  capacity: capacityOf(state),
  role: state.role,
  ...(isListed && { replicationState: state.replication }),
})

function sourceOf({ home, remote }: Places, site: Addressed['site'], { role }: ClusterState) {
  const source = site === 'home' ? remote : home
  return role === 'Primary' || source === null ? {} : { sourceServerResourceId: serverId(source) }
}

function highAvailabilityOf({ highAvailability, standbyZone }: ClusterState, switches: Switches, weather: WeatherFall) {
  if (!switches.isHighlyAvailable || highAvailability === 'NotEnabled') return { mode: 'Disabled', state: 'NotEnabled' }
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

const sizeDocument = ({ name, vCores, memoryGb }: Sku) => ({
  supportedFeatures: [],
  name,
  vCores,
  supportedMemoryPerVcoreMb: Math.round((memoryGb * 1024) / vCores),
  supportedZones: ['1', '2'],
  supportedHaMode: ['ZoneRedundant'],
})

function editionDocument(name: Sku['tier'], skus: readonly Sku[]) {
  const own = skus.filter(({ tier }) => tier === name)
  return {
    supportedServerSkus: own.map(sizeDocument),
    name,
    defaultSkuName: own[0]?.name ?? '',
    supportedStorageEditions: [],
  }
}

export function capabilitiesDocument({ facts }: Cluster) {
  const { skus, version } = facts
  const capability = {
    name: 'FlexibleServerCapabilities',
    supportedServerEditions: [editionDocument('GeneralPurpose', skus), editionDocument('MemoryOptimized', skus)],
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
