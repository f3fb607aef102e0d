/*
  Key Vault for the secrets of the deployment, which the app's identity reads.
*/
import { Tags } from 'types.bicep'

param name string
param location string
param tags Tags
param workspaceId string
param publicAccess bool

@description('True: the vault cannot be purged for 7 days after its deletion, and its name stays taken.')
param purgeProtection bool

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 7
    // Azure accepts true or nothing: protection cannot be switched off.
    enablePurgeProtection: purgeProtection ? true : null
    // The deployment of the server reads its password here; Resource Manager passes the firewall as a trusted service.
    enabledForTemplateDeployment: true
    publicNetworkAccess: publicAccess ? 'Enabled' : 'Disabled'
    networkAcls: { bypass: 'AzureServices', defaultAction: publicAccess ? 'Allow' : 'Deny' }
  }
}

resource audit 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: vault
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'AuditEvent', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

output id string = vault.id
output name string = vault.name
output uri string = vault.properties.vaultUri
