/*
  The server under test: Azure Database for PostgreSQL flexible server with a standby in another zone.
  A template run never changes a server that exists. Every drill swaps the zones of primary and standby, and a disk grows but does not
  shrink: the request that created the server would be refused, or would move it. A new SKU or size is the operator's own command.
*/
import { Tags } from 'types.bicep'

param name string
param location string
param tags Tags

@description('Row of skus.json: name and tier belong together; Azure refuses a wrong combination.')
param sku { name: string, tier: string }

@description('Major version.')
param version string

@description('Database that holds the transactions table.')
param databaseName string

@description('ZoneRedundant: a failover changes the zone. SameZone only where a region has no zones.')
param highAvailabilityMode 'ZoneRedundant' | 'SameZone'

@description('Empty: Azure chooses the zone. Fixed zones also cost first deployments where a zone is out of capacity.')
param zones { primary: string, standby: string }

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
  @description('Premium_LRS only.')
  autoGrow: bool
}

@description('entra: no password exists, identities log in. password: two generated passwords in Key Vault.')
param authentication 'password' | 'entra'

param administratorLogin string

@secure()
@description('From the vault, and from there alone; empty with entra.')
param administratorPassword string

@description('Becomes the Microsoft Entra administrator when authentication is entra.')
param appIdentity { name: string, principalId: string }

@description('Firewall rules. Empty: no address.')
param allowedAddresses { name: string, from: string, to: string }[]

param publicAccess bool

@description('True: deleting the server needs its lock removed first.')
param lock bool

var isPassword = authentication == 'password'
// Azure refuses the properties of the other disk type.
var disk = storage.type == 'Premium_LRS'
  ? { type: 'Premium_LRS', storageSizeGB: storage.sizeGiB, tier: storage.tier, autoGrow: storage.autoGrow ? 'Enabled' : 'Disabled' }
  : { type: 'PremiumV2_LRS', storageSizeGB: storage.sizeGiB, iops: storage.iops, throughput: storage.throughput }
var primaryZone = empty(zones.primary) ? {} : { availabilityZone: zones.primary }
var standbyZone = empty(zones.standby) ? {} : { standbyAvailabilityZone: zones.standby }
var login = isPassword ? { administratorLogin: administratorLogin, administratorLoginPassword: administratorPassword } : {}

/*
  The check before a deployment may still see the body (https://github.com/Azure/bicep/issues/20132), so the body holds no zone
  unless the release tool passes the live ones, and the disk does not grow by itself.
*/
@onlyIfNotExists()
resource server 'Microsoft.DBforPostgreSQL/flexibleServers@2025-08-01' = {
  name: name
  location: location
  tags: tags
  sku: { name: sku.name, tier: sku.tier }
  properties: {
    version: version
    createMode: 'Default'
    ...primaryZone
    highAvailability: { mode: highAvailabilityMode, ...standbyZone }
    storage: disk
    backup: { backupRetentionDays: 7, geoRedundantBackup: 'Disabled' }
    authConfig: {
      passwordAuth: isPassword ? 'Enabled' : 'Disabled'
      activeDirectoryAuth: 'Enabled'
      tenantId: tenant().tenantId
    }
    ...login
    network: { publicNetworkAccess: publicAccess ? 'Enabled' : 'Disabled' }
    // Azure refuses a failover during maintenance. Sunday 05:00 UTC does not overlap the daily drill.
    maintenanceWindow: { customWindow: 'Enabled', dayOfWeek: 0, startHour: 5, startMinute: 0 }
  }
}

// The server accepts one change at a time, so its children are deployed in order: database, rules, administrator.
@onlyIfNotExists()
resource database 'Microsoft.DBforPostgreSQL/flexibleServers/databases@2025-08-01' = {
  parent: server
  name: databaseName
  properties: { charset: 'UTF8', collation: 'en_US.utf8' }
}

@batchSize(1)
resource firewall 'Microsoft.DBforPostgreSQL/flexibleServers/firewallRules@2025-08-01' = [
  for range in (publicAccess ? allowedAddresses : []): {
    parent: server
    name: range.name
    properties: { startIpAddress: range.from, endIpAddress: range.to }
    dependsOn: [database]
  }
]

@onlyIfNotExists()
resource administrator 'Microsoft.DBforPostgreSQL/flexibleServers/administrators@2025-08-01' = if (!isPassword) {
  parent: server
  name: appIdentity.principalId
  properties: { principalName: appIdentity.name, principalType: 'ServicePrincipal', tenantId: tenant().tenantId }
  dependsOn: [database, firewall]
}

resource noDeletion 'Microsoft.Authorization/locks@2020-05-01' = if (lock) {
  scope: server
  name: 'drill-no-deletion'
  properties: { level: 'CanNotDelete', notes: 'Set by the template of pg-failover-drill' }
}

output id string = server.id
output name string = server.name
