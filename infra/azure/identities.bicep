/*
  Two identities: one for the app, one for the load generators. User-assigned, so that their roles exist before the app starts,
  and because a container group cannot pull its image with a system-assigned one.
*/
import { Tags } from 'types.bicep'

param appName string
param loadName string
param location string
param tags Tags

resource app 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: appName
  location: location
  tags: tags
}

resource load 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: loadName
  location: location
  tags: tags
}

output app { id: string, name: string, principalId: string, clientId: string } = {
  id: app.id
  name: app.name
  principalId: app.properties.principalId
  clientId: app.properties.clientId
}
output load { id: string, name: string, principalId: string, clientId: string } = {
  id: load.id
  name: load.name
  principalId: load.properties.principalId
  clientId: load.properties.clientId
}
