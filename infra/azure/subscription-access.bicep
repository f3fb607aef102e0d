/*
  Reads that Azure offers at the level of the subscription only: how a failover that was asked for is getting on, and how much container
  quota is left. Without them a drill works, falls back to looking at the server, and its quota check says "unknown".
*/
targetScope = 'subscription'

param token string
param principalId string

resource reader 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, token, 'drill-location-reader')
  properties: {
    roleName: 'Drill location reader ${token}'
    description: 'Reads the state of PostgreSQL operations, and quota and capabilities of Container Instances. Changes nothing.'
    type: 'CustomRole'
    assignableScopes: [subscription().id]
    permissions: [
      {
        actions: [
          'Microsoft.DBforPostgreSQL/locations/azureAsyncOperation/read'
          'Microsoft.DBforPostgreSQL/locations/operationResults/read'
          'Microsoft.DBforPostgreSQL/locations/capabilities/read'
          'Microsoft.ContainerInstance/locations/usages/read'
          'Microsoft.ContainerInstance/locations/capabilities/read'
          'Microsoft.ContainerInstance/locations/operations/read'
          'Microsoft.ContainerInstance/locations/operationResults/read'
        ]
      }
    ]
  }
}

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(subscription().id, principalId, reader.id)
  properties: { roleDefinitionId: reader.id, principalId: principalId, principalType: 'ServicePrincipal' }
}
