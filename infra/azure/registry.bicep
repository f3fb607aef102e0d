/*
  Registry of the load generator's image. No admin user: containers and the app pull with their identities.
  It stays reachable from outside, because registry builds and the pulls of container groups come from outside; every read needs a
  role.
*/
import { Tags } from 'types.bicep'

param name string
param location string
param tags Tags
param workspaceId string

resource registry 'Microsoft.ContainerRegistry/registries@2023-07-01' = {
  name: name
  location: location
  tags: tags
  // Basic: one image of some 80 MB, pulled a few times a day. Premium adds private endpoints and geo-replication, at ten times the price.
  sku: { name: 'Basic' }
  properties: { adminUserEnabled: false }
}

resource audit 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: registry
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    logs: [for category in ['ContainerRegistryRepositoryEvents', 'ContainerRegistryLoginEvents']: { category: category, enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

output name string = registry.name
output loginServer string = registry.properties.loginServer
