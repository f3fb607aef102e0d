/*
  Assigns the role of subscription-role.bicep. A module of its own, because a new definition needs minutes until every part of
  Resource Manager knows it: main.bicep deploys the assignment last.
*/
targetScope = 'subscription'

param roleId string
param principalId string

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(subscription().id, principalId, roleId)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleId)
    principalId: principalId
    principalType: 'ServicePrincipal'
    description: 'State of a requested failover, and quota of the load generators'
  }
}
