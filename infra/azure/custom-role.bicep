/*
  A custom role, where every built-in role grants far more: Contributor on a server may also delete it.
*/
@description('A GUID of the caller\'s choice.')
param roleId string

@description('Name of the role, unique in the tenant.')
param roleName string

@description('One sentence: what the role allows.')
param summary string

@description('Ids of other resource groups in which the role can be assigned, too.')
param otherGroupIds string[] = []

param actions string[]

resource role 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: roleId
  properties: {
    roleName: roleName
    description: summary
    type: 'CustomRole'
    assignableScopes: concat([resourceGroup().id], otherGroupIds)
    permissions: [{ actions: actions }]
  }
}
