/*
  One role for one identity on one resource of this resource group. Bicep needs the type of the resource, hence one block per kind.
*/
@description('What the role is for.')
@sealed()
type Target = {
  kind: 'resourceGroup' | 'storage' | 'blobContainer' | 'vault' | 'registry' | 'insights' | 'identity' | 'server' | 'subnet'
  @description('Name of the resource, or account/container, or network/subnet. Unused for the resource group.')
  name: string
}

param target Target
param roleId string
param principalId string

@description('Why the role is needed: shown beside the assignment in the portal.')
param why string

// Resource Manager checks the names of blocks that do not apply, too.
var parts = split(empty(target.name) ? 'none' : target.name, '/')
var properties = {
  roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleId)
  principalId: principalId
  // Without the type, a new identity that the directory has not replicated yet is refused.
  principalType: 'ServicePrincipal'
  description: why
}
var key = guid(resourceGroup().id, target.kind, target.name, principalId, roleId)

resource onResourceGroup 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (target.kind == 'resourceGroup') {
  name: key
  properties: properties
}

resource account 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: parts[0]

  resource blobs 'blobServices' existing = {
    name: 'default'

    resource container 'containers' existing = { name: last(parts) }
  }
}
resource onStorage 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (target.kind == 'storage') {
  scope: account
  name: key
  properties: properties
}
resource onContainer 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (target.kind == 'blobContainer') {
  scope: account::blobs::container
  name: key
  properties: properties
}

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' existing = { name: parts[0] }
resource onVault 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (target.kind == 'vault') {
  scope: vault
  name: key
  properties: properties
}

resource registry 'Microsoft.ContainerRegistry/registries@2023-07-01' existing = { name: parts[0] }
resource onRegistry 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (target.kind == 'registry') {
  scope: registry
  name: key
  properties: properties
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = { name: parts[0] }
resource onInsights 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (target.kind == 'insights') {
  scope: insights
  name: key
  properties: properties
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = { name: parts[0] }
resource onIdentity 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (target.kind == 'identity') {
  scope: identity
  name: key
  properties: properties
}

resource server 'Microsoft.DBforPostgreSQL/flexibleServers@2025-08-01' existing = { name: parts[0] }
resource onServer 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (target.kind == 'server') {
  scope: server
  name: key
  properties: properties
}

resource network 'Microsoft.Network/virtualNetworks@2024-05-01' existing = {
  name: parts[0]

  resource subnet 'subnets' existing = { name: last(parts) }
}
resource onSubnet 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (target.kind == 'subnet') {
  scope: network::subnet
  name: key
  properties: properties
}
