/*
  The custom role for reads that Azure offers at subscription level only: the state of a requested failover, the container quota, and
  the activity log. Without them a drill works: it reads the server's state instead, its quota check is "unknown", and a drill that
  watches says that the activity log was not read.
*/
targetScope = 'subscription'

@description('A GUID of the caller\'s choice.')
param roleId string

@description('Ends the name of the role, which must be unique in the tenant.')
param token string

resource reader 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: roleId
  properties: {
    roleName: 'Drill location reader ${token}'
    description: 'Reads the state of PostgreSQL operations, quota and capabilities of Container Instances, and the activity log. Changes nothing.'
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
          // The activity log, which a drill that watches shows as context.
          'Microsoft.Insights/eventtypes/values/read'
        ]
      }
    ]
  }
}
