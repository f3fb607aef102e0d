/*
  Key Vault with the secrets of the deployment. The deployment generates them, and the app's identity reads them.
  Outputs name the version of each secret, never its value.
*/
import { Tags } from 'types.bicep'

param name string
param location string
param tags Tags
param workspaceId string
param publicAccess bool

@description('Names of the secrets; a loop needs them before their values are known.')
param secretNames string[]

@secure()
@description('Values of the secrets, by name.')
param secretValues object

// Without purge protection: the next deployment generates all secrets again, and a protected vault would block its name for a week
// after the resource group is deleted.
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
    publicNetworkAccess: publicAccess ? 'Enabled' : 'Disabled'
    networkAcls: { bypass: 'AzureServices', defaultAction: publicAccess ? 'Allow' : 'Deny' }
  }
}

resource secrets 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = [
  for name in secretNames: {
    parent: vault
    name: name
    properties: { value: secretValues[name] }
  }
]

resource audit 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: vault
  name: 'to-workspace'
  properties: { workspaceId: workspaceId, logs: [{ category: 'AuditEvent', enabled: true }] }
}

output id string = vault.id
output name string = vault.name
@description('URI of each secret with its version: the app gets a new value with the deployment that generated it.')
output references { name: string, setting: string }[] = [
  for (name, i) in secretNames: {
    name: name
    setting: '@Microsoft.KeyVault(SecretUri=${secrets[i].properties.secretUriWithVersion})'
  }
]
