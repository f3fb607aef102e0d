/*
  Reads that Azure offers at subscription level only: the state of a requested failover, and the container quota. Without them a drill
  works: it reads the server's state instead, and its quota check is "unknown".
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
