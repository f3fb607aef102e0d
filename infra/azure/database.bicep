/*
  The server under test: Azure Database for PostgreSQL flexible server with a standby in another zone.
  No firewall rule admits all addresses: clients come through the private endpoint, or from the addresses in a parameter.
*/
import { Tags } from 'types.bicep'

param name string
param location string
param tags Tags

@description('Row of skus.json: tier, vCores, memoryGiB and maxIops belong together; Azure refuses a wrong combination.')
param sku { name: string, tier: string, vCores: int, memoryGiB: int, maxIops: int }

@description('Major version.')
param version string

@description('Database that holds the transactions table.')
param databaseName string

@description('ZoneRedundant: a failover changes the zone. SameZone only where a region has no zones.')
param highAvailabilityMode 'ZoneRedundant' | 'SameZone'

param storage {
  @description('Premium_LRS: performance by tier. PremiumV2_LRS: IOPS and throughput are set by number (in preview for flexible server).')
  type: 'Premium_LRS' | 'PremiumV2_LRS'
  sizeGiB: int
  @description('Premium_LRS only. P10 is the default of 128 GiB: 500 IOPS.')
  tier: string
  @description('PremiumV2_LRS only.')
  iops: int
  @description('PremiumV2_LRS only, MB/s.')
  throughput: int
}

param poolSize int

@description('password: two generated roles with passwords in Key Vault. entra: no password exists, the app logs in with its identity.')
param authentication 'password' | 'entra'

param administratorLogin string

@secure()
param administratorPassword string

@description('Becomes the Microsoft Entra administrator when authentication is entra.')
param appIdentity { name: string, principalId: string }

@description('Empty: no public access at all.')
param allowedAddresses { name: string, from: string, to: string }[]

param publicAccess bool

var isPassword = authentication == 'password'
var isZoneRedundant = highAvailabilityMode == 'ZoneRedundant'
// Azure refuses the properties of the other disk type.
var disk = storage.type == 'Premium_LRS'
  ? { type: 'Premium_LRS', storageSizeGB: storage.sizeGiB, tier: storage.tier, autoGrow: 'Enabled' }
  : { type: 'PremiumV2_LRS', storageSizeGB: storage.sizeGiB, iops: storage.iops, throughput: storage.throughput }

resource server 'Microsoft.DBforPostgreSQL/flexibleServers@2025-08-01' = {
  name: name
  location: location
  tags: tags
  sku: { name: sku.name, tier: sku.tier }
  properties: {
    version: version
    createMode: 'Default'
    availabilityZone: '1'
    highAvailability: isZoneRedundant ? { mode: 'ZoneRedundant', standbyAvailabilityZone: '2' } : { mode: 'SameZone' }
    storage: disk
    // Off: a grown disk never shrinks, and HA doubles its price. The drill deletes its rows, and an alert fires at 85 %.
    backup: { backupRetentionDays: 7, geoRedundantBackup: 'Disabled' }
    authConfig: {
      passwordAuth: isPassword ? 'Enabled' : 'Disabled'
      activeDirectoryAuth: 'Enabled'
      tenantId: tenant().tenantId
    }
    administratorLogin: isPassword ? administratorLogin : null
    administratorLoginPassword: isPassword ? administratorPassword : null
    network: { publicNetworkAccess: publicAccess ? 'Enabled' : 'Disabled' }
    // Azure refuses a failover during maintenance. Sunday 05:00 UTC does not overlap the daily drill.
    maintenanceWindow: { customWindow: 'Enabled', dayOfWeek: 0, startHour: 5, startMinute: 0 }
  }
}

resource database 'Microsoft.DBforPostgreSQL/flexibleServers/databases@2025-08-01' = {
  parent: server
  name: databaseName
  properties: { charset: 'UTF8', collation: 'en_US.utf8' }
}

// The server accepts one change at a time, so its children are deployed in order: database, rules, administrator, parameters.
@batchSize(1)
resource firewall 'Microsoft.DBforPostgreSQL/flexibleServers/firewallRules@2025-08-01' = [
  for range in (publicAccess ? allowedAddresses : []): {
    parent: server
    name: range.name
    properties: { startIpAddress: range.from, endIpAddress: range.to }
    dependsOn: [database]
  }
]

resource administrator 'Microsoft.DBforPostgreSQL/flexibleServers/administrators@2025-08-01' = if (!isPassword) {
  parent: server
  name: appIdentity.principalId
  properties: { principalName: appIdentity.name, principalType: 'ServicePrincipal', tenantId: tenant().tenantId }
  dependsOn: [database, firewall]
}

module parameters 'database-parameters.bicep' = {
  name: 'database-parameters'
  params: {
    serverName: server.name
    memoryGiB: sku.memoryGiB
    vCores: sku.vCores
    storageGiB: storage.sizeGiB
    poolSize: poolSize
  }
  dependsOn: [database, firewall, administrator]
}

output id string = server.id
output name string = server.name
output host string = server.properties.fullyQualifiedDomainName
output maxConnections int = parameters.outputs.maxConnections
