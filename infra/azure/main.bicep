/*
  The whole deployment of a daily failover drill, in one resource group. This file connects the modules; each explains itself.
  All names contain one token, so two environments in one subscription do not collide. No output and no parameter file holds a secret.
*/
targetScope = 'resourceGroup'

@description('Name of the environment: part of every resource name, and of the task hub.')
@minLength(1)
@maxLength(32)
param environmentName string = 'drill'

@description('Region of all new resources; it needs availability zones. Default: the region of the resource group.')
param location string = resourceGroup().location

// ---- The server under test ------------------------------------------------------------------------------------------------------

@description('Resource id of an existing flexible server in this subscription, whose parameters the template does not change; empty: the template creates a server.')
param existingServerId string = ''

@description('max_connections of the existing server, for the alerts.')
param existingServerMaxConnections int = 5000

@description('vCores and memory of the server. The checklist wants at least Standard_E4ds_v5; a smaller one needs "force" in the request.')
@allowed([
  'Standard_D4ds_v5'
  'Standard_D8ds_v5'
  'Standard_D16ds_v5'
  'Standard_D32ds_v5'
  'Standard_E4ds_v5'
  'Standard_E8ds_v5'
  'Standard_E16ds_v5'
  'Standard_E20ds_v5'
  'Standard_E32ds_v5'
  'Standard_E4ds_v6'
  'Standard_E8ds_v6'
  'Standard_E16ds_v6'
])
param serverSku string = 'Standard_E4ds_v5'

@description('Major version of PostgreSQL.')
@allowed(['15', '16', '17'])
param serverVersion string = '16'

@description('SameZone only where the region has no zones: then no zone swap can prove the failover.')
@allowed(['ZoneRedundant', 'SameZone'])
param highAvailabilityMode string = 'ZoneRedundant'

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

@description('PremiumV2_LRS: IOPS.')
@minValue(3000)
@maxValue(80000)
param storageIops int = 6000

@description('PremiumV2_LRS: throughput, MB/s.')
@minValue(125)
@maxValue(1200)
param storageThroughput int = 250

@description('Server connections of PgBouncer per database and role.')
@minValue(10)
@maxValue(1000)
param poolSize int = 100

@description('Database that holds the transactions table.')
param databaseName string = 'drill'

@description('password: generated, in Key Vault. entra: no password exists; app and load generators log in with tokens of their own identities, and renew them.')
@allowed(['password', 'entra'])
param authentication string = 'password'

@description('Role of the app. For an existing server: a role that may create the schema.')
param administratorLogin string = 'drilladmin'

@description('Omit it: the template generates it. For an existing server: the password of administratorLogin.')
@secure()
param administratorPassword string = newGuid()

@description('Role of the load generators, which may only insert. With entra it has the name of their identity.')
param loadLogin string = 'drill_load'

@description('Omit it: the template generates it.')
@secure()
param loadPassword string = newGuid()

// ---- Network --------------------------------------------------------------------------------------------------------------------

@description('True: virtual network, private endpoints, delegated subnet for the load generators. False: public endpoints that require an identity.')
param privateNetwork bool = true

@description('A /24.')
param addressSpace string = '10.77.0.0/24'

@description('Without the private network: addresses that may reach the new server. The app and its containers then have no fixed address.')
param allowedAddresses { name: string, from: string, to: string }[] = []

// ---- Drills ---------------------------------------------------------------------------------------------------------------------

@description('Image of the load generator by digest. release.sh builds it and sets its digest; until then every drill fails its check.')
param loadgenImage string = ''

@description('When the daily drill starts: six-field NCRONTAB, UTC. Empty: never. That is the default for an existing server, whose owner has to agree to a failover every night.')
param dailyDrillSchedule string = empty(existingServerId) ? '0 0 2 * * *' : ''

@description('Request body of the daily drill. "migrate" lets it create tables, rows and the load role, and renew that role\'s password after a new deployment: the default for a database of this template, and the owner\'s decision for an existing one.')
param dailyDrillRequest object = empty(existingServerId) ? { migrate: true } : {}

@description('Minimum minutes between two failovers of one server.')
@minValue(0)
@maxValue(1440)
param cooldownMinutes int = 20

@description('After so many days a later drill deletes the rows of a drill from the database. 0: never.')
@minValue(0)
@maxValue(36500)
param rowRetentionDays int = 7

@description('Receives a signed POST at the end of every drill. Empty: no notification.')
param webhookUrl string = ''

@description('Key of the signature, which the receiver must know; a generated key changes with every deployment.')
@secure()
param webhookSecret string = newGuid()

@description('The blobs of a drill are deleted after so many days.')
@minValue(1)
param drillRetentionDays int = 400

// ---- Monitoring -----------------------------------------------------------------------------------------------------------------

@description('Receives the alerts. Empty: only the portal shows them.')
param alertEmail string = ''

@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('Maximum GB per day that the workspace ingests.')
param logDailyCapGb int = 5

@description('Maximum number of instances of the app.')
@minValue(40)
param maximumInstances int = 40

@description('Also grant the reads that exist at subscription level only (state of a failover, container quota). Needs Owner of the subscription.')
param grantSubscriptionReads bool = true

// ---- Names ----------------------------------------------------------------------------------------------------------------------

var token = uniqueString(subscription().subscriptionId, resourceGroup().id, environmentName)
var tags = { project: 'pg-failover-drill', 'azd-env-name': environmentName }
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
  name: 'identities'
  params: { appName: names.appIdentity, loadName: names.loadIdentity, location: location, tags: tags }
}

module monitoring 'monitoring.bicep' = {
  name: 'monitoring'
  params: {
    workspaceName: names.workspace
    insightsName: names.insights
    location: location
    tags: tags
    retentionDays: logRetentionDays
    dailyCapGb: logDailyCapGb
  }
}

module storage 'storage.bicep' = {
  name: 'storage'
  params: {
    name: names.storage
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    publicAccess: !privateNetwork
    retentionDays: drillRetentionDays
  }
}

module registry 'registry.bicep' = {
  name: 'registry'
  params: { name: names.registry, location: location, tags: tags }
}

// ---- Secrets --------------------------------------------------------------------------------------------------------------------

var hasPasswords = authentication == 'password'
var hasWebhook = !empty(webhookUrl)
var secretNames = concat(hasPasswords ? ['postgres-app', 'postgres-load'] : [], hasWebhook ? ['webhook'] : [])

module vault 'vault.bicep' = {
  name: 'vault'
  params: {
    name: names.vault
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    publicAccess: !privateNetwork
    secretNames: secretNames
    secretValues: {
      'postgres-app': administratorPassword
      'postgres-load': loadPassword
      webhook: webhookSecret
    }
  }
}

// ---- Network --------------------------------------------------------------------------------------------------------------------

module network 'network.bicep' = if (privateNetwork) {
  name: 'network'
  params: { name: names.network, location: location, tags: tags, addressSpace: addressSpace }
}

var storageSuffix = environment().suffixes.storage
var endpoints = concat(
  [
    { name: 'blob', resourceId: storage.outputs.id, group: 'blob', zone: 'privatelink.blob.${storageSuffix}' }
    { name: 'queue', resourceId: storage.outputs.id, group: 'queue', zone: 'privatelink.queue.${storageSuffix}' }
    { name: 'table', resourceId: storage.outputs.id, group: 'table', zone: 'privatelink.table.${storageSuffix}' }
    { name: 'vault', resourceId: vault.outputs.id, group: 'vault', zone: 'privatelink.vaultcore.azure.net' }
  ],
  createsServer ? [{ name: 'postgres', resourceId: database!.outputs.id, group: 'postgresqlServer', zone: 'privatelink.postgres.database.azure.com' }] : []
)
// The number of endpoints must be known before their targets exist.
var endpointCount = !privateNetwork ? 0 : createsServer ? 5 : 4

module privateEndpoints 'private-endpoint.bicep' = [
  for i in range(0, endpointCount): {
    name: 'private-endpoint-${i}'
    params: {
      name: 'pe-${endpoints[i].name}-${token}'
      location: location
      tags: tags
      networkId: network!.outputs.id
      subnetId: network!.outputs.endpointSubnetId
      resourceId: endpoints[i].resourceId
      group: endpoints[i].group
      zoneName: endpoints[i].zone
    }
  }
]

// ---- The server under test ------------------------------------------------------------------------------------------------------

var createsServer = empty(existingServerId)
var skus = loadJsonContent('skus.json')
var sku = skus[serverSku]

module database 'database.bicep' = if (createsServer) {
  name: 'database'
  params: {
    name: names.server
    location: location
    tags: tags
    sku: {
      name: serverSku
      tier: sku.tier
      vCores: sku.vCores
      memoryGiB: sku.memoryGiB
      maxIops: sku.maxIops
    }
    version: serverVersion
    databaseName: databaseName
    highAvailabilityMode: highAvailabilityMode
    storage: {
      type: storageType
      sizeGiB: storageSizeGiB
      tier: storageTier
      iops: storageIops
      throughput: storageThroughput
    }
    poolSize: poolSize
    authentication: authentication
    administratorLogin: administratorLogin
    administratorPassword: administratorPassword
    appIdentity: { name: names.appIdentity, principalId: identities.outputs.app.principalId }
    publicAccess: !privateNetwork
    allowedAddresses: allowedAddresses
  }
}

// /subscriptions/<2>/resourceGroups/<4>/providers/Microsoft.DBforPostgreSQL/flexibleServers/<8>
var serverIdParts = split(createsServer ? '/////////' : existingServerId, '/')
var server = createsServer
  ? { subscriptionId: subscription().subscriptionId, resourceGroup: resourceGroup().name, name: names.server }
  : { subscriptionId: serverIdParts[2], resourceGroup: serverIdParts[4], name: serverIdParts[8] }

resource existingServer 'Microsoft.DBforPostgreSQL/flexibleServers@2025-08-01' existing = if (!createsServer) {
  name: server.name
  scope: resourceGroup(server.subscriptionId, server.resourceGroup)
}

module serverDiagnostics 'server-diagnostics.bicep' = {
  name: 'server-diagnostics'
  scope: resourceGroup(server.subscriptionId, server.resourceGroup)
  params: { serverName: server.name, workspaceId: monitoring.outputs.workspaceId }
  dependsOn: [database]
}

// ---- Access ---------------------------------------------------------------------------------------------------------------------

module access 'access.bicep' = {
  name: 'access'
  params: {
    token: token
    appPrincipalId: identities.outputs.app.principalId
    loadPrincipalId: identities.outputs.load.principalId
    loadIdentityName: names.loadIdentity
    storageName: names.storage
    drillContainerName: storage.outputs.drillContainerName
    vaultName: names.vault
    registryName: names.registry
    insightsName: names.insights
    server: server
    loadSubnet: privateNetwork ? '${names.network}/load' : ''
  }
  dependsOn: [vault, registry, network, database]
}

module subscriptionAccess 'subscription-access.bicep' = if (grantSubscriptionReads) {
  name: 'subscription-access-${token}'
  scope: subscription()
  params: { token: token, principalId: identities.outputs.app.principalId }
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

var references = toObject(vault.outputs.references, reference => reference.name, reference => reference.setting)
var passwordSettings = hasPasswords
  ? {
      POSTGRES_PASSWORD: references['postgres-app']
      LOADGEN_POSTGRES_USER: loadLogin
      LOADGEN_POSTGRES_PASSWORD: references['postgres-load']
    }
  : { LOADGEN_POSTGRES_USER: names.loadIdentity }
var webhookSettings = hasWebhook ? { NOTIFY_WEBHOOK_URL: webhookUrl, NOTIFY_WEBHOOK_SECRET: references.webhook } : {}

// Every setting that functions/config/config.ts reads in Azure, except those with a default in the code.
var settings = union(
  {
    AZURE_SUBSCRIPTION_ID: subscription().subscriptionId
    AZURE_CLIENT_ID: identities.outputs.app.clientId
    AZURE_RESOURCE_MANAGER_ENDPOINT: environment().resourceManager
    DRILL_RESOURCE_GROUP: resourceGroup().name
    DRILL_LOCATION: location
    DRILL_BLOB_CONTAINER_URL: storage.outputs.drillContainerUrl
    POSTGRES_RESOURCE_GROUP: server.resourceGroup
    POSTGRES_SERVER: server.name
    POSTGRES_HOST: createsServer ? database!.outputs.host : existingServer!.properties.fullyQualifiedDomainName
    POSTGRES_DATABASE: databaseName
    // With Entra the role has the name of the identity.
    POSTGRES_USER: hasPasswords ? administratorLogin : names.appIdentity
    LOADGEN_IMAGE: empty(loadgenImage) ? '${registry.outputs.loginServer}/pg-failover-drill/loadgen:not-released-yet' : loadgenImage
    LOADGEN_IDENTITY_ID: identities.outputs.load.id
    LOADGEN_IDENTITY_CLIENT_ID: identities.outputs.load.clientId
    LOADGEN_IDENTITY_PRINCIPAL_ID: identities.outputs.load.principalId
    API_AUTH: 'keys'
    LOADGEN_SUBNET_ID: privateNetwork ? network!.outputs.loadSubnetId : ''
    DAILY_DRILL_SCHEDULE: dailyDrillSchedule
    DAILY_DRILL_REQUEST: string(dailyDrillRequest)
    COOLDOWN_MINUTES: string(cooldownMinutes)
    DRILL_ROWS_RETENTION_DAYS: string(rowRetentionDays)
  },
  priceSettings,
  passwordSettings,
  webhookSettings
)

module functions 'functions.bicep' = {
  name: 'functions'
  params: {
    name: names.app
    planName: names.plan
    location: location
    tags: tags
    identity: { id: identities.outputs.app.id, clientId: identities.outputs.app.clientId }
    loadIdentityId: identities.outputs.load.id
    storage: storage.outputs.endpoints
    packageContainerUrl: storage.outputs.packageContainerUrl
    insightsConnectionString: monitoring.outputs.connectionString
    hubName: names.hub
    subnetId: privateNetwork ? network!.outputs.appSubnetId : ''
    settings: settings
    maximumInstances: maximumInstances
  }
  // The host needs its storage and its secrets when it starts.
  dependsOn: [access, privateEndpoints]
}

// ---- Monitoring -----------------------------------------------------------------------------------------------------------------

module alerts 'alerts.bicep' = {
  name: 'alerts'
  params: {
    prefix: names.alerts
    location: location
    tags: tags
    serverId: createsServer ? database!.outputs.id : existingServerId
    serverLocation: createsServer ? location : existingServer!.location
    workspaceId: monitoring.outputs.workspaceId
    maxConnections: createsServer ? database!.outputs.maxConnections : existingServerMaxConnections
    email: alertEmail
    // Every day, every month, every weekday: on another schedule a day without a drill is normal.
    expectsDailyDrill: endsWith(trim(dailyDrillSchedule), ' * * *')
  }
}

module workbook 'workbook.bicep' = {
  name: 'workbook'
  params: {
    name: 'PostgreSQL failover drills ${environmentName}'
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    serverId: createsServer ? database!.outputs.id : existingServerId
  }
}

// ---- Outputs, for release.sh and azd --------------------------------------------------------------------------------------------

output AZURE_LOCATION string = location
output AZURE_FUNCTION_APP_NAME string = functions.outputs.name
output AZURE_CONTAINER_REGISTRY_NAME string = registry.outputs.name
output AZURE_CONTAINER_REGISTRY_ENDPOINT string = registry.outputs.loginServer
output AZURE_KEY_VAULT_NAME string = vault.outputs.name
output POSTGRES_SERVER string = server.name
output POSTGRES_RESOURCE_GROUP string = server.resourceGroup
output DRILL_API_URL string = '${functions.outputs.url}/api'

@description('The address of app and load generators outside of the private network; the firewall of an existing server must admit it.')
output EGRESS_ADDRESS string = privateNetwork ? network!.outputs.egressAddress : ''
