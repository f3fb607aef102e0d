/** The combinations of parameters that `npm run check:templates` compiles and evaluates: those that work, and those that are refused. */
import { type Parameters, SUBSCRIPTION } from './snapshot.ts'

export const EXISTING_SERVER = `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg-data/providers/Microsoft.DBforPostgreSQL/flexibleServers/pg-prod`
export const REPLICA = `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg-data-west/providers/Microsoft.DBforPostgreSQL/flexibleServers/pg-prod-west`
export const OWN_NETWORK = `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg-network/providers/Microsoft.Network/virtualNetworks/vnet-hub`
export const OWN_WORKSPACE = `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg-logs/providers/Microsoft.OperationalInsights/workspaces/log-central`
const OWN_ZONES_GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/rg-dns`

const existingServerId = `'${EXISTING_SERVER}'`
const replicaServerId = `'${REPLICA}'`
const existingSubnets = `{
  app: '${OWN_NETWORK}/subnets/app'
  load: '${OWN_NETWORK}/subnets/load'
  endpoints: '${OWN_NETWORK}/subnets/endpoints'
}`

export const COMBINATIONS = {
  default: {},
  password: {
    authentication: `'password'`,
    webhookUrl: `'https://example.com/hook'`,
    dailyDrillSchedule: `'0 0 2 * * 0'`,
  },
  'password-given': {
    authentication: `'password'`,
    loadPassword: `'a-Password-1'`,
    webhookUrl: `'https://example.com/hook'`,
    webhookSecret: `'a-Key-1'`,
  },
  public: {
    privateNetwork: 'false',
    allowAzureServices: 'true',
    allowedAddresses: `[{ name: 'office', from: '203.0.113.7', to: '203.0.113.7' }]`,
    grantSubscriptionReads: 'false',
    dailyDrillSchedule: `''`,
  },
  'existing-endpoint': { existingServerId, administratorPassword: `'a-Password-1'` },
  'existing-kept-password': { existingServerId },
  'existing-firewall': { existingServerId, existingServerAccess: `'publicEndpoint'`, authentication: `'entra'` },
  'existing-public': { existingServerId, privateNetwork: 'false', allowAzureServices: 'true' },
  'existing-virtual-network': {
    existingServerId,
    existingServerAccess: `'virtualNetwork'`,
    existingSubnets,
    existingDnsZonesGroupId: `'${OWN_ZONES_GROUP}'`,
    loadDnsServers: `['10.0.0.4']`,
    probeUrlAllowlist: `['https://shop.example.com/api', 'http://10.0.0.4:8080/']`,
    probeSecretNames: `['checkout-token']`,
  },
  scaling: { allowScalingAndSwitchover: 'true' },
  switchover: { existingServerId, replicaServerId, allowScalingAndSwitchover: 'true' },
  'watched-replica': {
    existingSubnets,
    existingDnsZonesGroupId: `'${OWN_ZONES_GROUP}'`,
    replicaServerId,
  },
  'more-servers': {
    moreServers: `[
      { name: 'billing', id: '${EXISTING_SERVER}', schedule: '0 0 3 * * *', dailyRequest: { migrate: true }, user: 'billing_admin', passwordSecret: 'billing', loadUser: 'billing_load', loadPasswordSecret: 'billing-load' }
      { name: 'shop', id: '${EXISTING_SERVER}-2', access: 'publicEndpoint', database: 'shop', requestDefaults: { targetTps: 500 }, stopAfterFailures: 5 }
      { name: 'billing-load', id: '${EXISTING_SERVER}-3', user: 'third_admin', passwordSecret: 'third' }
    ]`,
  },
  'own-network': { existingSubnets },
  'own-network-and-zones': { existingSubnets, existingDnsZonesGroupId: `'${OWN_ZONES_GROUP}'`, privateApp: 'true' },
  entra: {
    apiAuth: `'entra'`,
    apiClientId: `'44444444-4444-4444-4444-444444444444'`,
    allowedCallers: `[{ name: 'office', addressRange: '203.0.113.0/24' }]`,
    privateApp: 'true',
  },
  zones: {
    primaryZone: `'1'`,
    standbyZone: `'2'`,
    natZone: `'3'`,
    appZoneRedundant: 'true',
    loadZones: `['2', '3']`,
    dailyDrillSchedule: `'0 30 3 * * *'`,
    storageSizeGiB: '256',
    storageAutoGrow: 'true',
  },
  'zone-redundant-egress': { natSku: `'StandardV2'`, loadPorts: '[8080]' },
  'same-zone-disk-v2': {
    highAvailabilityMode: `'SameZone'`,
    storageType: `'PremiumV2_LRS'`,
    serverVersion: `'18'`,
    serverSku: `'Standard_D4ds_v5'`,
  },
  'landing-zone': {
    extraTags: `{ costCentre: '4711' }`,
    lock: 'true',
    vaultPurgeProtection: 'true',
    existingWorkspaceId: `'${OWN_WORKSPACE}'`,
    stopServerBetweenDrills: 'true',
    monthlyBudget: '500',
    alertEmail: `'dba@example.com'`,
    location: `'japaneast'`,
    loadgenImage: `'registry.example.com/loadgen@sha256:${'a'.repeat(64)}'`,
  },
} as const satisfies Readonly<Record<string, Parameters>>

export type Combination = keyof typeof COMBINATIONS

/** Each with what its refusal says, one text for every parameter that does not fit. */
export const REFUSED: ReadonlyArray<{ readonly parameters: Parameters; readonly says: readonly string[] }> = [
  {
    parameters: {
      existingServerId,
      existingServerAccess: `'virtualNetwork'`,
      privateNetwork: 'false',
      existingSubnets,
      privateApp: 'true',
      apiAuth: `'entra'`,
      natSku: `'StandardV2'`,
      natZone: `'1'`,
    },
    says: [
      'privateNetwork=false: app and load generators have no fixed address',
      'existingSubnets and existingDnsZonesGroupId need privateNetwork=true',
      'existingServerAccess=virtualNetwork needs privateNetwork=true and existingSubnets',
      'privateApp needs privateNetwork=true',
      'natSku=StandardV2 is in all zones',
      'apiAuth=entra needs apiClientId',
    ],
  },
  {
    parameters: { existingServerId, existingServerAccess: `'virtualNetwork'` },
    says: ['a new network does not reach the subnet of that server. Set existingSubnets'],
  },
  {
    parameters: {
      serverSku: `'Standard_B2s'`,
      primaryZone: `'1'`,
      standbyZone: `'1'`,
    },
    says: ['serverSku is none of Standard_', 'primaryZone and standbyZone are equal'],
  },
  {
    parameters: { highAvailabilityMode: `'SameZone'`, primaryZone: `'1'`, standbyZone: `'2'` },
    says: ['highAvailabilityMode=SameZone has no other standbyZone'],
  },
  {
    parameters: { replicaServerId: `'pg-prod-west'` },
    says: ['replicaServerId is no resource id of a flexible server'],
  },
  {
    parameters: {
      moreServers: `[{ name: 'a', id: 'pg-a' }, { name: 'a', id: 'pg-a', access: 'virtualNetwork' }]`,
      privateNetwork: 'false',
      allowAzureServices: 'true',
    },
    says: [
      'moreServers holds an id that is no resource id of a flexible server',
      'moreServers names a server twice',
      'moreServers gives a name twice',
      'moreServers with access virtualNetwork needs privateNetwork=true',
    ],
  },
  {
    parameters: { existingServerId, replicaServerId: `'${EXISTING_SERVER.toUpperCase()}'` },
    says: ['replicaServerId is existingServerId'],
  },
]
