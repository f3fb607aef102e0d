/*
  The whole deployment of a daily failover drill, in one resource group. This file connects the modules; each explains itself.
  All names contain one token, so two environments in one resource group do not collide. No output and no parameter file holds a secret.
  It can be deployed again at any time: what drills and the release tool changed since stays as it is.
*/
import { MoreServer } from 'types.bicep'

targetScope = 'resourceGroup'

@description('Name of the environment: part of every resource name, and of the task hub.')
@minLength(1)
@maxLength(32)
param environmentName string = 'drill'

@description('Region of all new resources; it needs availability zones. Default: the region of the resource group.')
param location string = resourceGroup().location

@description('Tags of every resource, beside those of this template: a cost centre, an owner.')
param extraTags { *: string } = {}

@description('True: storage (the evidence of all drills) and the new server cannot be deleted before their lock is removed.')
param lock bool = false

@description('True: the vault cannot be purged for 7 days after its deletion. Policies of an organisation may demand it.')
param vaultPurgeProtection bool = false

// ---- The server under test ------------------------------------------------------------------------------------------------------

@description('Resource id of an existing flexible server in this subscription, whose parameters the template does not change; empty: the template creates a server.')
param existingServerId string = ''

@description('How app and load generators reach it. privateEndpoint: a server without a delegated subnet gets an endpoint in this network. publicEndpoint: its firewall admits this network. virtualNetwork: it has a delegated subnet, and existingSubnets reach that.')
@allowed(['privateEndpoint', 'publicEndpoint', 'virtualNetwork'])
param existingServerAccess string = 'privateEndpoint'

@description('True: events of the kinds scale and switchover. The app may then write every property of the server and of replicaServerId. False: the app can read and restart them, and never write them.')
param allowScalingAndSwitchover bool = false

@description('Resource id of a read replica of the server in this subscription, for a switchover: the app gets the same rights on it, and with existingServerAccess=privateEndpoint an endpoint to it. Empty: none.')
param replicaServerId string = ''

@description('More servers under test, each with its own role assignments, endpoint, diagnostics, alerts and daily drill. The first is the server of the parameters above.')
param moreServers MoreServer[] = []

@description('max_connections of the existing server, for the alerts.')
param existingServerMaxConnections int = 5000

@description('A row of skus.json. The checklist wants at least Standard_E4ds_v5; a smaller one needs "force" in the request.')
param serverSku string = 'Standard_E4ds_v5'

@description('Major version of PostgreSQL.')
@allowed(['15', '16', '17', '18'])
param serverVersion string = '16'

@description('SameZone only where the region has no zones: then no zone swap can prove the failover.')
@allowed(['ZoneRedundant', 'SameZone'])
param highAvailabilityMode string = 'ZoneRedundant'

@description('Zone of the primary of a new server. Empty: Azure chooses it. A template run never moves a server that exists.')
@allowed(['', '1', '2', '3'])
param primaryZone string = ''

@description('Zone of its standby, with ZoneRedundant. Empty: Azure chooses it.')
@allowed(['', '1', '2', '3'])
param standbyZone string = ''

@description('Premium_LRS, or PremiumV2_LRS (in preview for flexible server), where IOPS and throughput are set by number.')
@allowed(['Premium_LRS', 'PremiumV2_LRS'])
param storageType string = 'Premium_LRS'

@description('GiB. A disk can grow, but not shrink. A drill of five minutes at 8000 TPS writes about one GiB of rows, and as much again of WAL per minute.')
@minValue(32)
@maxValue(32767)
param storageSizeGiB int = 128

@description('Premium_LRS: 128 GiB come with P10, 500 IOPS, which 8000 commits per second exhaust. P30 gives 5000, of the 6400 that E4ds_v5 can use.')
@allowed(['P10', 'P15', 'P20', 'P30', 'P40', 'P50', 'P60', 'P70', 'P80'])
param storageTier string = 'P30'

@description('Premium_LRS: grow the disk when it is nearly full. Off: a disk never shrinks again, high availability doubles its price, drills delete their rows, and an alert fires at 85 %.')
param storageAutoGrow bool = false

@description('PremiumV2_LRS: IOPS.')
@minValue(3000)
@maxValue(80000)
param storageIops int = 6000

@description('PremiumV2_LRS: throughput, MB/s.')
@minValue(125)
@maxValue(1200)
param storageThroughput int = 250

@description('Database that holds the transactions table.')
param databaseName string = 'drill'

@description('entra: no password exists, app and load generators log in with their identities. password: in Key Vault, generated once.')
@allowed(['password', 'entra'])
param authentication string = empty(existingServerId) ? 'entra' : 'password'

@description('Role of the app, with password. For an existing server: a role that may create the schema.')
param administratorLogin string = 'drilladmin'

@description('Only for an existing server: the password of administratorLogin. Omitted: the one in the vault stays as it is.')
@secure()
param administratorPassword string = ''

@description('Role of the load generators, with password; it may only insert.')
param loadLogin string = 'drill_load'

@description('Omit it: the first deployment generates it.')
@secure()
param loadPassword string = ''

// A secret of a probe is the operator's, who writes it; a reference to one that is not there stops the app with its name.
var probeSecrets = toObject(
  probeSecretNames,
  name => 'PROBE_SECRET_${toUpper(replace(name, '-', '_'))}',
  name => '@Microsoft.KeyVault(SecretUri=${vault.outputs.uri}secrets/${name})'
)

// ---- Network --------------------------------------------------------------------------------------------------------------------

@description('True: virtual network, private endpoints, delegated subnet for the load generators. False: public endpoints that require an identity.')
param privateNetwork bool = true

@description('A /24 for a new network.')
param addressSpace string = '10.77.0.0/24'

@description('Resource ids of your own subnets, instead of a new network. app: a /26 delegated to Microsoft.App/environments. load: one delegated to Microsoft.ContainerInstance/containerGroups. endpoints: one without a delegation.')
param existingSubnets { app: string, load: string, endpoints: string }?

@description('Resource id of the group that holds the private DNS zones of your organisation, all of them linked to your network. Empty: the template creates and links the zones.')
param existingDnsZonesGroupId string = ''

@description('DNS servers of the load generators, which inherit none from their network. Empty: Azure\'s resolver, which answers with the zones that are linked to the network.')
param loadDnsServers string[] = []

@description('Other ports on which the load generators may reach hosts, such as that of an application probe.')
param loadPorts int[] = []

@description('URLs that application probes of a drill may call, such as https://shop.example.com/api: its paths below it too, no other host, scheme or port. Empty: no probes.')
param probeUrlAllowlist string[] = []

@description('Names of secrets in the vault that headers and bodies of application probes may name. You write their values there. Each becomes a setting PROBE_SECRET_<NAME>.')
param probeSecretNames string[] = []

@description('Addresses that may reach the new server, without the private network: your own, to look into it.')
param allowedAddresses { name: string, from: string, to: string }[] = []

@description('Without the private network app and load generators have no fixed address: then the server has to admit every address of Azure, of all customers. For an existing server true says that its firewall does.')
param allowAzureServices bool = false

@description('NAT gateway of a new network. Standard: in one zone. StandardV2: in all zones; not in every region, and documentation before July 2026 excluded subnets of container groups.')
@allowed(['Standard', 'StandardV2'])
param natSku string = 'Standard'

@description('Zone of a Standard NAT gateway. Empty: Azure chooses it.')
@allowed(['', '1', '2', '3'])
param natZone string = ''

@description('True: instances of the app in several zones, two of them always ready.')
param appZoneRedundant bool = false

@description('Zones of the load generators: container n starts in the nth of them, in turn. Empty: Azure chooses, and the report does not name it.')
param loadZones ('1' | '2' | '3')[] = []

// ---- Callers --------------------------------------------------------------------------------------------------------------------

@description('Who may call the API. keys: holders of a function key. entra: the roles Drill.Read and Drill.Run of an application in Microsoft Entra.')
@allowed(['keys', 'entra'])
param apiAuth string = 'keys'

@description('entra: client id of that application.')
param apiClientId string = ''

@description('entra: audiences of accepted tokens.')
param apiAllowedAudiences string[] = empty(apiClientId) ? [] : [apiClientId, 'api://${apiClientId}']

@description('Addresses that may call the app and deploy to it, such as 203.0.113.0/24. Empty: every address.')
param allowedCallers { name: string, addressRange: string }[] = []

@description('True: callers and deployments reach the app through a private endpoint only.')
param privateApp bool = false

// ---- Drills ---------------------------------------------------------------------------------------------------------------------

@description('Image of the load generator by digest. Empty: the one that the release tool wrote to a tag of the resource group; before its first run every drill fails its check.')
param loadgenImage string = ''

@description('When the daily drill starts: six-field NCRONTAB, UTC. Empty: never. That is the default for an existing server, whose owner has to agree to a failover every night.')
param dailyDrillSchedule string = empty(existingServerId) ? '0 0 2 * * *' : ''

@description('Request body of the daily drill. "migrate" lets it create tables, rows and the load role, and renew that role\'s password after a new deployment: the default for a database of this template, and the owner\'s decision for an existing one.')
param dailyDrillRequest object = empty(existingServerId) ? { migrate: true } : {}

@description('The daily drill starts the server when it is stopped, and stops it after. Stop it once by hand to begin with: what was running keeps running.')
param stopServerBetweenDrills bool = false

@description('Minimum minutes between two failovers of one server.')
@minValue(0)
@maxValue(1440)
param cooldownMinutes int = 20

@description('After so many days a later drill deletes the rows of a drill from the database. 0: never.')
@minValue(0)
@maxValue(36500)
param rowRetentionDays int = 7

@description('Receives a signed POST at the end of every drill and of every campaign. Empty: no notification.')
param webhookUrl string = ''

@description('Key of the signature, which the receiver must know. Omitted: the first deployment generates it.')
@secure()
param webhookSecret string = ''

@description('A drill is removed from the list, and its results from storage, so many days after its request.')
@minValue(1)
@maxValue(36500)
param drillRetentionDays int = 400

// ---- Monitoring -----------------------------------------------------------------------------------------------------------------

@description('Receives the alerts. Empty: only the portal shows them.')
param alertEmail string = ''

@description('Resource id of your own Log Analytics workspace, for all logs and metrics. Empty: the template creates one. Retention and daily cap are then its owner\'s.')
param existingWorkspaceId string = ''

@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('Maximum GB per day that the workspace ingests.')
param logDailyCapGb int = 5

@description('Monthly budget of the resource group, in the currency of the bill. 0: none.')
@minValue(0)
param monthlyBudget int = 0

@description('Maximum number of instances of the app.')
@minValue(1)
param maximumInstances int = 5

@description('Also grant the reads that exist at subscription level only (state of a failover, container quota). Needs Owner of the subscription.')
param grantSubscriptionReads bool = true

// ---- Combinations that cannot work ----------------------------------------------------------------------------------------------

var createsServer = empty(existingServerId)
var hasReplica = !empty(replicaServerId)
var createsNetwork = privateNetwork && existingSubnets == null
var skus = loadJsonContent('skus.json')
var sku = skus[?serverSku] ?? { tier: '', memoryGiB: 0 }
var refusals = [
  {
    when: !privateNetwork && !allowAzureServices
    say: 'privateNetwork=false: app and load generators have no fixed address, so nothing could connect to the server. Set allowAzureServices=true, or privateNetwork=true'
  }
  {
    when: !privateNetwork && (existingSubnets != null || !empty(existingDnsZonesGroupId))
    say: 'existingSubnets and existingDnsZonesGroupId need privateNetwork=true'
  }
  {
    when: privateNetwork && !createsServer && existingServerAccess == 'virtualNetwork' && existingSubnets == null
    say: 'existingServerAccess=virtualNetwork: a new network does not reach the subnet of that server. Set existingSubnets'
  }
  {
    when: !privateNetwork && !createsServer && existingServerAccess == 'virtualNetwork'
    say: 'existingServerAccess=virtualNetwork needs privateNetwork=true and existingSubnets'
  }
  { when: privateApp && !privateNetwork, say: 'privateApp needs privateNetwork=true' }
  { when: createsServer && !contains(skus, serverSku), say: 'serverSku is none of ${join(objectKeys(skus), ', ')}' }
  {
    when: highAvailabilityMode == 'ZoneRedundant' && !empty(primaryZone) && primaryZone == standbyZone
    say: 'primaryZone and standbyZone are equal: then no failover leaves the zone'
  }
  { when: highAvailabilityMode == 'SameZone' && !empty(standbyZone) && standbyZone != primaryZone, say: 'highAvailabilityMode=SameZone has no other standbyZone' }
  { when: natSku == 'StandardV2' && !empty(natZone), say: 'natSku=StandardV2 is in all zones: leave natZone empty' }
  {
    when: hasReplica && (length(split(replicaServerId, '/')) != 9 || !startsWith(toLower(replicaServerId), toLower('${subscription().id}/resourceGroups/')))
    say: 'replicaServerId is no resource id of a flexible server in this subscription: /subscriptions/.../resourceGroups/.../providers/Microsoft.DBforPostgreSQL/flexibleServers/...'
  }
  {
    when: hasReplica && toLower(replicaServerId) == toLower(existingServerId)
    say: 'replicaServerId is existingServerId: name the replica, which is another server'
  }
  {
    when: !empty(filter(moreServers, one => length(split(one.id, '/')) != 9 || !startsWith(toLower(one.id), toLower('${subscription().id}/resourceGroups/'))))
    say: 'moreServers holds an id that is no resource id of a flexible server in this subscription: /subscriptions/.../resourceGroups/.../providers/Microsoft.DBforPostgreSQL/flexibleServers/...'
  }
  {
    when: length(union(map(moreServers, one => toLower(one.id)), [toLower(existingServerId)])) != length(moreServers) + 1
    say: 'moreServers names a server twice, or names existingServerId'
  }
  {
    when: length(union(map(moreServers, one => one.name), ['first'])) != length(moreServers) + 1
    say: 'moreServers gives a name twice, or the name first, which is that of the first server'
  }
  {
    when: !privateNetwork && !empty(filter(moreServers, one => one.?access == 'virtualNetwork'))
    say: 'moreServers with access virtualNetwork needs privateNetwork=true and existingSubnets'
  }
  { when: apiAuth == 'entra' && empty(apiClientId), say: 'apiAuth=entra needs apiClientId: the client id of the application with the roles Drill.Read and Drill.Run' }
]
var refused = map(filter(refusals, refusal => refusal.when), refusal => refusal.say)

// ---- Names ----------------------------------------------------------------------------------------------------------------------

// Every name needs the token, so Resource Manager evaluates the refusals before it creates anything.
var token = empty(refused)
  ? uniqueString(subscription().subscriptionId, resourceGroup().id, environmentName)
  : fail('These parameters do not work together. ${join(refused, '. ')}.')
var tags = union(extraTags, { project: 'pg-failover-drill', 'azd-env-name': environmentName })
var names = {
  app: 'func-drill-${token}'
  plan: 'plan-drill-${token}'
  storage: 'stdrill${token}'
  vault: 'kv-drill-${token}'
  registry: 'crdrill${token}'
  workspace: 'log-drill-${token}'
  insights: 'appi-drill-${token}'
  appIdentity: 'id-drill-app-${token}'
  loadIdentity: 'id-drill-load-${token}'
  network: 'vnet-drill-${token}'
  server: 'psql-drill-${token}'
  hub: 'Drill${token}'
  alerts: 'drill-${token}'
}

// ---- Foundation -----------------------------------------------------------------------------------------------------------------

module identities 'identities.bicep' = {
  name: 'identities-${token}'
  params: { appName: names.appIdentity, loadName: names.loadIdentity, location: location, tags: tags }
}

module monitoring 'monitoring.bicep' = {
  name: 'monitoring-${token}'
  params: {
    workspaceName: names.workspace
    existingWorkspaceId: existingWorkspaceId
    insightsName: names.insights
    location: location
    tags: tags
    retentionDays: logRetentionDays
    dailyCapGb: logDailyCapGb
  }
}

module storage 'storage.bicep' = {
  name: 'storage-${token}'
  params: {
    name: names.storage
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    publicAccess: !privateNetwork
    lock: lock
    retentionDays: drillRetentionDays
  }
}

module registry 'registry.bicep' = {
  name: 'registry-${token}'
  params: { name: names.registry, location: location, tags: tags, workspaceId: monitoring.outputs.workspaceId }
}

// ---- Secrets --------------------------------------------------------------------------------------------------------------------

var hasPasswords = authentication == 'password'
var hasWebhook = !empty(webhookUrl)
var secretNames = concat(hasPasswords ? ['postgres-app', 'postgres-load'] : [], hasWebhook ? ['webhook'] : [])
var givenSecrets = {
  // A new server keeps the password that it was created with.
  'postgres-app': createsServer ? '' : administratorPassword
  'postgres-load': loadPassword
  webhook: webhookSecret
}

module vault 'vault.bicep' = {
  name: 'vault-${token}'
  params: {
    name: names.vault
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    publicAccess: !privateNetwork
    purgeProtection: vaultPurgeProtection
  }
}

// What the first deployment generated stays: the server, its role and the receiver of the webhook know that value.
module generated 'generated-secret.bicep' = [
  for name in secretNames: if ((createsServer || name != 'postgres-app') && empty(givenSecrets[name])) {
    name: 'secret-${name}-${token}'
    params: { vaultName: names.vault, name: name }
    dependsOn: [vault]
  }
]

// The password of an existing server stays too where none is given: an earlier deployment wrote it.
module given 'given-secret.bicep' = [
  for name in secretNames: if (!empty(givenSecrets[name])) {
    name: 'given-secret-${name}-${token}'
    params: { vaultName: names.vault, name: name, value: givenSecrets[name] }
    dependsOn: [vault]
  }
]

// Without a version: the app reads the newest one when it starts, and within a day.
var references = toObject(secretNames, name => name, name => '@Microsoft.KeyVault(SecretUri=${vault.outputs.uri}secrets/${name})')

// ---- Network --------------------------------------------------------------------------------------------------------------------

module network 'network.bicep' = if (createsNetwork) {
  name: 'network-${token}'
  params: {
    name: names.network
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    addressSpace: addressSpace
    natSku: natSku
    natZone: natZone
    loadPorts: loadPorts
  }
}

var newSubnets = toObject(
  ['app', 'load', 'endpoints'],
  subnet => subnet,
  subnet => resourceId('Microsoft.Network/virtualNetworks/subnets', names.network, subnet)
)
var subnets = privateNetwork ? (existingSubnets ?? newSubnets) : { app: '', load: '', endpoints: '' }
var networkId = split(subnets.endpoints, '/subnets/')[0]

var storageSuffix = environment().suffixes.storage
var reachesServerByEndpoint = createsServer || existingServerAccess == 'privateEndpoint'
var endpoints = concat(
  [
    { name: 'blob', resourceId: storage.outputs.id, group: 'blob', zone: 'privatelink.blob.${storageSuffix}' }
    { name: 'queue', resourceId: storage.outputs.id, group: 'queue', zone: 'privatelink.queue.${storageSuffix}' }
    { name: 'table', resourceId: storage.outputs.id, group: 'table', zone: 'privatelink.table.${storageSuffix}' }
    { name: 'vault', resourceId: vault.outputs.id, group: 'vault', zone: 'privatelink.vaultcore.azure.net' }
  ],
  reachesServerByEndpoint
    ? [{ name: 'postgres', resourceId: createsServer ? database!.outputs.id : existingServerId, group: 'postgresqlServer', zone: 'privatelink.postgres.database.azure.com' }]
    : []
)
// The number of endpoints must be known before their targets exist.
var endpointCount = !privateNetwork ? 0 : reachesServerByEndpoint ? 5 : 4

module privateEndpoints 'private-endpoint.bicep' = [
  for i in range(0, endpointCount): {
    name: 'private-endpoint-${i}-${token}'
    params: {
      name: 'pe-${endpoints[i].name}-${token}'
      location: location
      tags: tags
      networkId: networkId
      subnetId: subnets.endpoints
      resourceId: endpoints[i].resourceId
      group: endpoints[i].group
      zoneName: endpoints[i].zone
      existingZonesGroupId: existingDnsZonesGroupId
      token: token
    }
    dependsOn: [network]
  }
]

// In the zone of the server, which the loop above made.
module replicaEndpoint 'private-endpoint.bicep' = if (privateNetwork && reachesServerByEndpoint && hasReplica) {
  name: 'private-endpoint-replica-${token}'
  params: {
    name: 'pe-replica-${token}'
    location: location
    tags: tags
    networkId: networkId
    subnetId: subnets.endpoints
    resourceId: replicaServerId
    group: 'postgresqlServer'
    zoneName: 'privatelink.postgres.database.azure.com'
    existingZonesGroupId: empty(existingDnsZonesGroupId) ? resourceGroup().id : existingDnsZonesGroupId
    token: token
  }
  dependsOn: [privateEndpoints]
}

// One after the other: all of them declare the zone of PostgreSQL where the first server made none.
@batchSize(1)
module moreEndpoints 'private-endpoint.bicep' = [
  for (one, i) in moreServers: if (privateNetwork && (one.?access ?? 'privateEndpoint') == 'privateEndpoint') {
    name: 'private-endpoint-server-${i}-${token}'
    params: {
      name: 'pe-${one.name}-${token}'
      location: location
      tags: tags
      networkId: networkId
      subnetId: subnets.endpoints
      resourceId: one.id
      group: 'postgresqlServer'
      zoneName: 'privatelink.postgres.database.azure.com'
      existingZonesGroupId: !empty(existingDnsZonesGroupId) ? existingDnsZonesGroupId : reachesServerByEndpoint ? resourceGroup().id : ''
      token: token
    }
    dependsOn: [privateEndpoints]
  }
]

module appEndpoint 'private-endpoint.bicep' = if (privateApp) {
  name: 'private-endpoint-app-${token}'
  params: {
    name: 'pe-app-${token}'
    location: location
    tags: tags
    networkId: networkId
    subnetId: subnets.endpoints
    resourceId: functions.outputs.id
    group: 'sites'
    zoneName: 'privatelink.azurewebsites.net'
    existingZonesGroupId: existingDnsZonesGroupId
    token: token
  }
}

// ---- The server under test ------------------------------------------------------------------------------------------------------

resource vaultOfPasswords 'Microsoft.KeyVault/vaults@2023-07-01' existing = { name: names.vault }

// 0.0.0.0 is Azure's own name for "every address of Azure", https://learn.microsoft.com/azure/postgresql/flexible-server/concepts-firewall-rules.
var azureServices = allowAzureServices ? [{ name: 'azure-services', from: '0.0.0.0', to: '0.0.0.0' }] : []

module database 'database.bicep' = if (createsServer) {
  name: 'database-${token}'
  params: {
    name: names.server
    location: location
    tags: tags
    sku: { name: serverSku, tier: sku.tier }
    version: serverVersion
    databaseName: databaseName
    highAvailabilityMode: highAvailabilityMode
    zones: { primary: primaryZone, standby: standbyZone }
    storage: {
      type: storageType
      sizeGiB: storageSizeGiB
      tier: storageTier
      iops: storageIops
      throughput: storageThroughput
      autoGrow: storageAutoGrow
    }
    authentication: authentication
    administratorLogin: administratorLogin
    // The vault is the one source: server and app have the same password, also when an earlier deployment stopped between the two.
    administratorPassword: hasPasswords ? vaultOfPasswords.getSecret('postgres-app') : ''
    appIdentity: { name: names.appIdentity, principalId: identities.outputs.app.principalId }
    publicAccess: !privateNetwork
    allowedAddresses: concat(azureServices, allowedAddresses)
    lock: lock
  }
  dependsOn: [generated]
}

// /subscriptions/<2>/resourceGroups/<4>/providers/Microsoft.DBforPostgreSQL/flexibleServers/<8>
var serverIdParts = split(createsServer ? '/////////' : existingServerId, '/')
var server = createsServer
  ? { subscriptionId: subscription().subscriptionId, resourceGroup: resourceGroup().name, name: names.server }
  : { subscriptionId: serverIdParts[2], resourceGroup: serverIdParts[4], name: serverIdParts[8] }

// Without a replica an empty name. Padded, because Resource Manager also evaluates what a refusal is about to stop.
var replicaIdParts = split('${replicaServerId}/////////', '/')
var replica = {
  subscriptionId: hasReplica ? replicaIdParts[2] : subscription().subscriptionId
  resourceGroup: hasReplica ? replicaIdParts[4] : resourceGroup().name
  name: hasReplica ? replicaIdParts[8] : ''
}

resource existingServer 'Microsoft.DBforPostgreSQL/flexibleServers@2025-08-01' existing = if (!createsServer) {
  name: server.name
  scope: resourceGroup(server.subscriptionId, server.resourceGroup)
}

module serverDiagnostics 'server-diagnostics.bicep' = {
  name: 'server-diagnostics-${token}'
  scope: resourceGroup(server.subscriptionId, server.resourceGroup)
  params: { serverName: server.name, workspaceId: monitoring.outputs.workspaceId }
  dependsOn: [database]
}

// Padded, because Resource Manager also evaluates what a refusal is about to stop.
var more = map(moreServers, one => {
  subscriptionId: split('${one.id}/////////', '/')[2]
  resourceGroup: split('${one.id}/////////', '/')[4]
  name: split('${one.id}/////////', '/')[8]
})

resource others 'Microsoft.DBforPostgreSQL/flexibleServers@2025-08-01' existing = [
  for one in more: {
    name: one.name
    scope: resourceGroup(one.subscriptionId, one.resourceGroup)
  }
]

module moreDiagnostics 'server-diagnostics.bicep' = [
  for (one, i) in more: {
    name: 'server-diagnostics-${i}-${token}'
    scope: resourceGroup(one.subscriptionId, one.resourceGroup)
    params: { serverName: one.name, workspaceId: monitoring.outputs.workspaceId }
  }
]

// ---- Access ---------------------------------------------------------------------------------------------------------------------

// /subscriptions/<2>/resourceGroups/<4>/providers/Microsoft.Network/virtualNetworks/<8>/subnets/<10>
var loadSubnetParts = split(empty(subnets.load) ? '//////////' : subnets.load, '/')
var loadSubnet = {
  subscriptionId: privateNetwork ? loadSubnetParts[2] : subscription().subscriptionId
  resourceGroup: privateNetwork ? loadSubnetParts[4] : resourceGroup().name
  name: privateNetwork ? '${loadSubnetParts[8]}/${loadSubnetParts[10]}' : ''
}

// Fixed here, so that assignments can name the roles. The definitions come first and their assignments last: see access.bicep.
var customRoles = {
  failoverOperator: guid(server.subscriptionId, server.resourceGroup, token, 'failover-operator')
  subnetJoiner: guid(loadSubnet.subscriptionId, loadSubnet.resourceGroup, token, 'subnet-joiner')
}
var locationReader = guid(subscription().id, token, 'drill-location-reader')

module failoverOperator 'custom-role.bicep' = {
  name: 'role-failover-operator-${token}'
  scope: resourceGroup(server.subscriptionId, server.resourceGroup)
  params: {
    roleId: customRoles.failoverOperator
    roleName: 'PostgreSQL failover operator ${token}'
    summary: allowScalingAndSwitchover
      ? 'Reads and restarts a flexible server, and may change all of its properties: for its size, and for the promotion of a replica.'
      : 'Reads a flexible server, its parameters and its replicas, and restarts it with failover. Changes nothing else.'
    // One role for all servers; where their groups differ, it can be assigned in both.
    otherGroupIds: union(
      hasReplica && toLower(replica.resourceGroup) != toLower(server.resourceGroup)
        ? ['/subscriptions/${replica.subscriptionId}/resourceGroups/${replica.resourceGroup}']
        : [],
      map(
        filter(more, one => toLower(one.resourceGroup) != toLower(server.resourceGroup)),
        one => '/subscriptions/${one.subscriptionId}/resourceGroups/${one.resourceGroup}'
      )
    )
    actions: concat(
      [
        'Microsoft.DBforPostgreSQL/flexibleServers/read'
        'Microsoft.DBforPostgreSQL/flexibleServers/configurations/read'
        'Microsoft.DBforPostgreSQL/flexibleServers/capabilities/read'
        'Microsoft.DBforPostgreSQL/flexibleServers/replicas/read'
        'Microsoft.DBforPostgreSQL/flexibleServers/virtualendpoints/read'
        'Microsoft.DBforPostgreSQL/flexibleServers/restart/action'
      ],
      // The one action with which Azure lets a server be scaled, and a replica be promoted.
      allowScalingAndSwitchover ? ['Microsoft.DBforPostgreSQL/flexibleServers/write'] : [],
      stopServerBetweenDrills
        ? ['Microsoft.DBforPostgreSQL/flexibleServers/start/action', 'Microsoft.DBforPostgreSQL/flexibleServers/stop/action']
        : []
    )
  }
}

module subnetJoiner 'custom-role.bicep' = if (privateNetwork) {
  name: 'role-subnet-joiner-${token}'
  scope: resourceGroup(loadSubnet.subscriptionId, loadSubnet.resourceGroup)
  params: {
    roleId: customRoles.subnetJoiner
    roleName: 'Subnet joiner ${token}'
    summary: 'Places resources in a subnet. Changes nothing about it.'
    actions: ['Microsoft.Network/virtualNetworks/subnets/read', 'Microsoft.Network/virtualNetworks/subnets/join/action']
  }
}

module subscriptionRole 'subscription-role.bicep' = if (grantSubscriptionReads) {
  name: 'subscription-role-${token}'
  scope: subscription()
  params: { roleId: locationReader, token: token }
}

var principals = { app: identities.outputs.app.principalId, load: identities.outputs.load.principalId }
var accessNames = {
  loadIdentity: names.loadIdentity
  storage: names.storage
  drillContainer: '${names.storage}/${storage.outputs.drillContainerName}'
  vault: names.vault
  registry: names.registry
  insights: names.insights
}

module access 'access.bicep' = {
  name: 'access-built-in-${token}'
  params: {
    isCustom: false
    principals: principals
    names: accessNames
    server: server
    replica: replica
    moreServers: more
    loadSubnet: loadSubnet
    customRoles: customRoles
    token: token
  }
  dependsOn: [vault, registry, database]
}

module customAccess 'access.bicep' = {
  name: 'access-custom-${token}'
  params: {
    isCustom: true
    principals: principals
    names: accessNames
    server: server
    replica: replica
    moreServers: more
    loadSubnet: loadSubnet
    customRoles: customRoles
    token: token
  }
  dependsOn: [failoverOperator, subnetJoiner, functions]
}

module subscriptionAccess 'subscription-access.bicep' = if (grantSubscriptionReads) {
  name: 'subscription-access-${token}'
  scope: subscription()
  params: { roleId: locationReader, principalId: identities.outputs.app.principalId }
  dependsOn: [subscriptionRole, functions]
}

// ---- The app --------------------------------------------------------------------------------------------------------------------

var prices = loadJsonContent('prices.json')
var priceRow = prices.regions[?location]
// Without a price for the region the report says "not measured"; it never uses another region's price.
var priceSettings = priceRow == null
  ? {}
  : {
      PRICE_CURRENCY: prices.currency
      PRICE_PER_VCPU_SECOND: priceRow!.perVCpuSecond
      PRICE_PER_GB_SECOND: priceRow!.perGbSecond
      PRICE_SOURCE: '${prices.source}, ${location}, read on ${priceRow!.readOn}'
    }

var passwordSettings = hasPasswords
  ? {
      POSTGRES_PASSWORD: references['postgres-app']
      LOADGEN_POSTGRES_USER: loadLogin
      LOADGEN_POSTGRES_PASSWORD: references['postgres-load']
    }
  : { LOADGEN_POSTGRES_USER: names.loadIdentity }
var webhookSettings = hasWebhook ? { NOTIFY_WEBHOOK_URL: webhookUrl, NOTIFY_WEBHOOK_SECRET: references.webhook } : {}

// The host of a new server is its name in the cloud, which the code knows: an existing one is asked for its own.
var hostSettings = createsServer ? {} : { POSTGRES_HOST: existingServer!.properties.fullyQualifiedDomainName }

// One server is the single settings, several are the list: functions/config/targets.ts.
var firstTarget = union(
  { name: 'first', resourceGroup: server.resourceGroup, server: server.name, dailyRequest: dailyDrillRequest },
  empty(dailyDrillSchedule) ? {} : { schedule: dailyDrillSchedule },
  createsServer ? {} : { host: existingServer!.properties.fullyQualifiedDomainName }
)
var moreTargets = [
  for (one, i) in moreServers: union(
    { name: one.name, resourceGroup: more[i].resourceGroup, server: more[i].name },
    one.?host == null ? {} : { host: one.host! },
    one.?database == null ? {} : { database: one.database! },
    empty(one.?schedule) ? {} : { schedule: one.schedule! },
    one.?dailyRequest == null ? {} : { dailyRequest: one.dailyRequest! },
    one.?requestDefaults == null ? {} : { requestDefaults: one.requestDefaults! },
    one.?stopAfterFailures == null ? {} : { stopAfterFailures: one.stopAfterFailures! },
    one.?user == null ? {} : { user: one.user! },
    one.?passwordSecret == null ? {} : { passwordSetting: 'TARGET_SECRET_${toUpper(replace(one.name, '-', '_'))}_APP' },
    one.?loadUser == null ? {} : { loadUser: one.loadUser! },
    one.?loadPasswordSecret == null ? {} : { loadPasswordSetting: 'TARGET_SECRET_${toUpper(replace(one.name, '-', '_'))}_LOAD' }
  )
]
var serverSettings = empty(moreServers)
  ? union(
      {
        POSTGRES_RESOURCE_GROUP: server.resourceGroup
        POSTGRES_SERVER: server.name
        DAILY_DRILL_SCHEDULE: dailyDrillSchedule
        DAILY_DRILL_REQUEST: string(dailyDrillRequest)
      },
      hostSettings
    )
  : { DRILL_TARGETS: string(concat([firstTarget], moreTargets)) }

// A secret of another server is its owner's, who writes it; a reference to one that is not there stops the app with its name. Each
// setting ends with its use: the load's secret of the server a is not the app's of a server a-load.
var targetSecrets = union(
  toObject(
    filter(moreServers, one => one.?passwordSecret != null),
    one => 'TARGET_SECRET_${toUpper(replace(one.name, '-', '_'))}_APP',
    one => '@Microsoft.KeyVault(SecretUri=${vault.outputs.uri}secrets/${one.passwordSecret!})'
  ),
  toObject(
    filter(moreServers, one => one.?loadPasswordSecret != null),
    one => 'TARGET_SECRET_${toUpper(replace(one.name, '-', '_'))}_LOAD',
    one => '@Microsoft.KeyVault(SecretUri=${vault.outputs.uri}secrets/${one.loadPasswordSecret!})'
  )
)

/*
  The image that the release tool built. A template run replaces all settings, and so would reset the image: the tool therefore keeps
  it in a tag of the resource group, which this template reads and never writes.
*/
var imageTag = 'drill-image-${token}'
var releasedImage = resourceGroup().?tags[?imageTag] ?? '${registry.outputs.loginServer}/pg-failover-drill/loadgen:not-released-yet'
var image = empty(loadgenImage) ? releasedImage : loadgenImage

// Every setting that functions/config/config.ts reads in Azure, except those with a default in the code.
var settings = union(
  {
    AZURE_SUBSCRIPTION_ID: subscription().subscriptionId
    AZURE_CLIENT_ID: identities.outputs.app.clientId
    AZURE_RESOURCE_MANAGER_ENDPOINT: environment().resourceManager
    DRILL_RESOURCE_GROUP: resourceGroup().name
    DRILL_LOCATION: location
    DRILL_BLOB_CONTAINER_URL: storage.outputs.drillContainerUrl
    DRILL_TABLE_URL: storage.outputs.drillTableUrl
    DRILL_RETENTION_DAYS: string(drillRetentionDays)
    POSTGRES_DATABASE: databaseName
    // With Entra the role has the name of the identity.
    POSTGRES_USER: hasPasswords ? administratorLogin : names.appIdentity
    LOADGEN_IMAGE: image
    LOADGEN_IDENTITY_ID: identities.outputs.load.id
    LOADGEN_IDENTITY_CLIENT_ID: identities.outputs.load.clientId
    LOADGEN_IDENTITY_PRINCIPAL_ID: identities.outputs.load.principalId
    LOADGEN_SUBNET_ID: subnets.load
    LOADGEN_ZONES: join(loadZones, ',')
    LOADGEN_DNS_SERVERS: join(loadDnsServers, ',')
    PROBE_URL_ALLOWLIST: join(probeUrlAllowlist, ',')
    API_AUTH: apiAuth
    STOP_SERVER_BETWEEN_DRILLS: stopServerBetweenDrills ? 'true' : 'false'
    COOLDOWN_MINUTES: string(cooldownMinutes)
    DRILL_ROWS_RETENTION_DAYS: string(rowRetentionDays)
  },
  priceSettings,
  serverSettings,
  passwordSettings,
  webhookSettings,
  probeSecrets,
  targetSecrets
)

module functions 'functions.bicep' = {
  name: 'functions-${token}'
  params: {
    name: names.app
    planName: names.plan
    location: location
    tags: tags
    identity: { id: identities.outputs.app.id, clientId: identities.outputs.app.clientId }
    loadIdentityId: identities.outputs.load.id
    storage: { name: names.storage, ...storage.outputs.endpoints }
    workspaceId: monitoring.outputs.workspaceId
    packageContainerUrl: storage.outputs.packageContainerUrl
    insightsConnectionString: monitoring.outputs.connectionString
    hubName: names.hub
    subnetId: subnets.app
    settings: settings
    maximumInstances: maximumInstances
    zoneRedundant: appZoneRedundant
    publicAccess: !privateApp
    allowedCallers: allowedCallers
    auth: { kind: apiAuth, clientId: apiClientId, allowedAudiences: apiAllowedAudiences }
  }
  // The host needs its storage and its secrets when it starts.
  dependsOn: [access, privateEndpoints, network, generated, given]
}

// ---- Monitoring -----------------------------------------------------------------------------------------------------------------

// Every day, every month, every weekday: on another schedule a day without a drill is normal.
var dailyServers = concat(
  endsWith(trim(dailyDrillSchedule), ' * * *') ? [toLower('${server.resourceGroup}/${server.name}')] : [],
  map(
    filter(range(0, length(moreServers)), i => endsWith(trim(moreServers[i].?schedule ?? ''), ' * * *')),
    i => toLower('${more[i].resourceGroup}/${more[i].name}')
  )
)

module alerts 'alerts.bicep' = {
  name: 'alerts-${token}'
  params: {
    prefix: names.alerts
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    insightsId: resourceId('Microsoft.Insights/components', names.insights)
    email: alertEmail
    dailyServers: dailyServers
  }
}

module serverAlerts 'server-alerts.bicep' = {
  name: 'server-alerts-${token}'
  params: {
    prefix: names.alerts
    tags: tags
    serverId: createsServer ? database!.outputs.id : existingServerId
    serverLocation: createsServer ? location : existingServer!.location
    // Azure's default by memory: 107.43 connections per GB, at most 5000.
    maxConnections: createsServer ? min(5000, sku.memoryGiB * 107434 / 1000) : existingServerMaxConnections
    isServerStopped: stopServerBetweenDrills
    actionGroupId: alerts.outputs.actionGroupId
  }
}

module moreAlerts 'server-alerts.bicep' = [
  for (one, i) in moreServers: {
    name: 'server-alerts-${i}-${token}'
    params: {
      prefix: '${names.alerts}-${one.name}'
      tags: tags
      serverId: one.id
      serverLocation: others[i].location
      maxConnections: one.?maxConnections ?? 5000
      isServerStopped: stopServerBetweenDrills
      actionGroupId: alerts.outputs.actionGroupId
    }
  }
]

module health 'health.bicep' = {
  name: 'health-${token}'
  params: {
    prefix: names.alerts
    tags: tags
    isServerStopped: stopServerBetweenDrills
    actionGroupId: alerts.outputs.actionGroupId
    serverId: createsServer ? database!.outputs.id : existingServerId
    serverSubscriptionId: server.subscriptionId
  }
}

module moreHealth 'health.bicep' = [
  for (one, i) in moreServers: {
    name: 'health-${i}-${token}'
    params: {
      prefix: '${names.alerts}-${one.name}'
      tags: tags
      isServerStopped: stopServerBetweenDrills
      withService: toLower(more[i].subscriptionId) != toLower(server.subscriptionId)
      actionGroupId: alerts.outputs.actionGroupId
      serverId: one.id
      serverSubscriptionId: more[i].subscriptionId
    }
  }
]

module budget 'budget.bicep' = if (monthlyBudget > 0) {
  name: 'budget-${token}'
  params: { name: names.alerts, amount: monthlyBudget, actionGroupId: alerts.outputs.actionGroupId }
}

module workbook 'workbook.bicep' = {
  name: 'workbook-${token}'
  params: {
    name: 'PostgreSQL failover drills ${environmentName}'
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    serverId: createsServer ? database!.outputs.id : existingServerId
  }
}

// ---- Outputs, for the release tool and azd --------------------------------------------------------------------------------------------

output AZURE_LOCATION string = location
output AZURE_FUNCTION_APP_NAME string = functions.outputs.name
output AZURE_CONTAINER_REGISTRY_NAME string = registry.outputs.name
output AZURE_CONTAINER_REGISTRY_ENDPOINT string = registry.outputs.loginServer
output AZURE_KEY_VAULT_NAME string = vault.outputs.name
output POSTGRES_SERVER string = server.name
output POSTGRES_RESOURCE_GROUP string = server.resourceGroup
output DRILL_API_URL string = '${functions.outputs.url}/api'

@description('False: the server belongs to its owner, and the release tool changes and restarts nothing about it.')
output CREATES_SERVER bool = createsServer

@description('The tag of the resource group in which the release tool keeps the image of the load generator.')
output LOADGEN_IMAGE_TAG string = imageTag

@description('Object id of the app\'s identity: subject of the federated credential of an application with apiAuth=entra.')
output APP_IDENTITY_PRINCIPAL_ID string = identities.outputs.app.principalId

@description('The address of app and load generators outside of the private network; the firewall of an existing server must admit it. Empty with subnets of your own.')
output EGRESS_ADDRESS string = createsNetwork ? network!.outputs.egressAddress : ''
