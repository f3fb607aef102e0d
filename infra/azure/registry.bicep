/*
  Registry of the load generator's image. No admin user: containers and the app pull with their identities.
  It stays reachable from outside, because building in the registry and pulling into container groups both come from there; reading
  needs a role all the same.
*/
import { Tags } from 'types.bicep'

param name string
param location string
param tags Tags

resource registry 'Microsoft.ContainerRegistry/registries@2023-07-01' = {
  name: name
  location: location
  tags: tags
  // Basic: one image of some 80 MB, pulled a few times a day. Premium buys private endpoints and geo-replication for ten times the price.
  sku: { name: 'Basic' }
  properties: { adminUserEnabled: false }
}

output name string = registry.name
output loginServer string = registry.properties.loginServer
