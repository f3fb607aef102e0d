/*
  One account for the host's state (Durable Functions needs blobs, queues and tables), the deployed package, and the drills.
  Shared keys are off, so no connection string can leak. Defaults follow the Azure Verified Module for storage accounts.
*/
import { Tags } from 'types.bicep'

param name string
param location string
param tags Tags
param workspaceId string

@description('False: clients reach the account through private endpoints only.')
param publicAccess bool

@description('True: deleting the account, which holds the evidence of all drills, needs its lock removed first.')
param lock bool

@description('What the app has not removed of a drill is deleted after so many days. A rule can delete an append blob, but not move it to a cooler tier.')
param retentionDays int

var packageContainer = 'app-package'
var drillContainer = 'drills'
var drillTable = 'drills'

resource account 'Microsoft.Storage/storageAccounts@2024-01-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  // Zone-redundant: a drill may coincide with the loss of a zone, and its evidence must not be in that zone alone.
  sku: { name: 'Standard_ZRS' }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    allowCrossTenantReplication: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: publicAccess ? 'Enabled' : 'Disabled'
    networkAcls: { bypass: 'AzureServices', defaultAction: publicAccess ? 'Allow' : 'Deny' }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2024-01-01' = {
  parent: account
  name: 'default'
  properties: {
    // A wrong command must not erase the audit trail.
    deleteRetentionPolicy: { enabled: true, days: 7 }
    containerDeleteRetentionPolicy: { enabled: true, days: 7 }
  }
}

resource containers 'Microsoft.Storage/storageAccounts/blobServices/containers@2024-01-01' = [
  for container in [packageContainer, drillContainer]: {
    parent: blobs
    name: container
    properties: { publicAccess: 'None' }
  }
]

resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2024-01-01' = {
  parent: account
  name: 'default'
  properties: {
    policy: {
      rules: [
        {
          name: 'delete-old-drills'
          enabled: true
          type: 'Lifecycle'
          definition: {
            // Blobs of a drill are named drills/<id>/...; the rule keeps locks. The app removes a drill from the list and from here
            // when it expires; this rule catches what has no drill in the list any more. It cannot take a file of a listed drill: that
            // was written after the drill's request, by which the app counts the days.
            filters: { blobTypes: ['blockBlob', 'appendBlob'], prefixMatch: ['${drillContainer}/drills/'] }
            actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: retentionDays } } }
          }
        }
        {
          name: 'cool-reports'
          enabled: true
          type: 'Lifecycle'
          definition: {
            filters: { blobTypes: ['blockBlob'], prefixMatch: ['${drillContainer}/drills/'] }
            actions: { baseBlob: { tierToCool: { daysAfterModificationGreaterThan: 30 } } }
          }
        }
      ]
    }
  }
}

resource audit 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: blobs
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    // Logs who deleted evidence. Not reads and writes: the host renews leases, and generators append, all day.
    logs: [{ category: 'StorageDelete', enabled: true }]
    metrics: [{ category: 'Transaction', enabled: true }]
  }
}

// Queues and tables: traffic only, because Durable Functions polls them all day.
resource queues 'Microsoft.Storage/storageAccounts/queueServices@2024-01-01' existing = {
  parent: account
  name: 'default'
}
resource queueTraffic 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: queues
  name: 'to-workspace'
  properties: { workspaceId: workspaceId, metrics: [{ category: 'Transaction', enabled: true }] }
}

resource tables 'Microsoft.Storage/storageAccounts/tableServices@2024-01-01' existing = {
  parent: account
  name: 'default'
}

// The list of drills. The tables of the task hub are made by the host.
resource drillList 'Microsoft.Storage/storageAccounts/tableServices/tables@2024-01-01' = {
  parent: tables
  name: drillTable
}

resource tableTraffic 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: tables
  name: 'to-workspace'
  properties: { workspaceId: workspaceId, metrics: [{ category: 'Transaction', enabled: true }] }
}

resource noDeletion 'Microsoft.Authorization/locks@2020-05-01' = if (lock) {
  scope: account
  name: 'drill-no-deletion'
  properties: { level: 'CanNotDelete', notes: 'Set by the template of pg-failover-drill' }
}

output name string = account.name
output id string = account.id
output packageContainerUrl string = '${account.properties.primaryEndpoints.blob}${packageContainer}'
output drillContainerUrl string = '${account.properties.primaryEndpoints.blob}${drillContainer}'
output drillContainerName string = drillContainer
output drillTableUrl string = '${account.properties.primaryEndpoints.table}${drillTable}'
output endpoints { blob: string, queue: string, table: string } = {
  blob: account.properties.primaryEndpoints.blob
  queue: account.properties.primaryEndpoints.queue
  table: account.properties.primaryEndpoints.table
}
