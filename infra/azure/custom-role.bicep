/*
  A role for what no built-in one grants without granting far more: Contributor on a server could also delete it.
*/
@description('A GUID of the caller\'s choice.')
param roleId string

@description('What the role is called; Azure demands a name that is unique in the tenant.')
param roleName string

@description('What it allows, in a sentence.')
param summary string

param actions string[]

resource role 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: roleId
  properties: {
    roleName: roleName
    description: summary
    type: 'CustomRole'
    assignableScopes: [resourceGroup().id]
    permissions: [{ actions: actions }]
  }
}
