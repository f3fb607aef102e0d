/*
  All role assignments: one table, one loop. No other module grants a role, except subscription-access.bicep.
  main.bicep deploys this module twice. Built-in roles come before the app, whose host needs them when it starts. Custom roles come
  after it: an assignment to a definition that has not been replicated yet is refused (RoleDefinitionDoesNotExist).
*/
@description('False: the rows with built-in roles. True: those with custom roles.')
param isCustom bool

@description('Object ids of the identities.')
param principals { app: string, load: string }

@description('Names of resources of this deployment; drillContainer as account/container.')
param names { loadIdentity: string, storage: string, drillContainer: string, vault: string, registry: string, insights: string }

@description('Resource group of the server; an existing server may have one of its own.')
param server { subscriptionId: string, resourceGroup: string, name: string }

@description('Read replica of the server; an empty name without one.')
param replica { subscriptionId: string, resourceGroup: string, name: string }

@description('More servers under test.')
param moreServers { subscriptionId: string, resourceGroup: string, name: string }[] = []

@description('Subnet of the load generators, its name as network/subnet; an empty name without a network.')
param loadSubnet { subscriptionId: string, resourceGroup: string, name: string }

@description('Ids of the custom roles.')
param customRoles { failoverOperator: string, subnetJoiner: string }

@description('Ends the names of the deployments.')
param token string

var role = loadJsonContent('roles.json')

var table = [
  // ---- The app: its host ---------------------------------------------------------------------------------------------------------
  { who: principals.app, role: role.StorageBlobDataOwner, kind: 'storage', name: names.storage, why: 'Host: leases, package, task hub; and the drills' }
  { who: principals.app, role: role.StorageQueueDataContributor, kind: 'storage', name: names.storage, why: 'Durable Functions: control and work-item queues' }
  { who: principals.app, role: role.StorageTableDataContributor, kind: 'storage', name: names.storage, why: 'Durable Functions: history, instances, partitions; and the list of drills' }
  { who: principals.app, role: role.MonitoringMetricsPublisher, kind: 'insights', name: names.insights, why: 'Telemetry without a key' }
  { who: principals.app, role: role.KeyVaultSecretsUser, kind: 'vault', name: names.vault, why: 'Key Vault references in the settings' }
  // ---- The app: the load generators ----------------------------------------------------------------------------------------------
  { who: principals.app, role: role.ContainerInstancesContributor, kind: 'resourceGroup', name: '', why: 'Creates, watches and deletes the load generators' }
  { who: principals.app, role: role.ManagedIdentityOperator, kind: 'identity', name: names.loadIdentity, why: 'Gives the load generators their identity' }
  { who: principals.app, role: role.AcrPull, kind: 'registry', name: names.registry, why: 'Checks that the image exists, and records its digest' }
  // ---- The load generators -------------------------------------------------------------------------------------------------------
  { who: principals.load, role: role.AcrPull, kind: 'registry', name: names.registry, why: 'Pulls the image' }
  { who: principals.load, role: role.StorageBlobDataContributor, kind: 'blobContainer', name: names.drillContainer, why: 'Reads the plan, writes the results' }
]

// The server may lie in another resource group or subscription, so these are deployed there.
var onServer = [
  { who: principals.app, role: role.MonitoringReader, kind: 'server', name: server.name, why: 'Platform metrics of the report' }
]
var customOnServer = [
  { who: principals.app, role: customRoles.failoverOperator, kind: 'server', name: server.name, why: 'Checks the server, and fails it over' }
]

var onMore = map(moreServers, one => {
  who: principals.app
  role: role.MonitoringReader
  kind: 'server'
  name: one.name
  why: 'Platform metrics of the report'
  subscription: one.subscriptionId
  group: one.resourceGroup
})
var customOnMore = map(moreServers, one => {
  who: principals.app
  role: customRoles.failoverOperator
  kind: 'server'
  name: one.name
  why: 'Checks the server, and fails it over'
  subscription: one.subscriptionId
  group: one.resourceGroup
})

// After a switchover the replica is the server under test; it may lie in another resource group than the server.
var onReplica = empty(replica.name)
  ? []
  : [
      { who: principals.app, role: role.MonitoringReader, kind: 'server', name: replica.name, why: 'Platform metrics after a switchover' }
    ]
var customOnReplica = empty(replica.name)
  ? []
  : [
      { who: principals.app, role: customRoles.failoverOperator, kind: 'server', name: replica.name, why: 'Checks the replica, and the primary that it becomes' }
    ]

// The app creates the containers, so the app needs the right to join the subnet.
var customOnSubnet = empty(loadSubnet.name)
  ? []
  : [
      { who: principals.app, role: customRoles.subnetJoiner, kind: 'subnet', name: loadSubnet.name, why: 'Places the load generators in their subnet' }
    ]

var here = { subscription: subscription().subscriptionId, group: resourceGroup().name }
var atServer = { subscription: server.subscriptionId, group: server.resourceGroup }
var atReplica = { subscription: replica.subscriptionId, group: replica.resourceGroup }
var atSubnet = { subscription: loadSubnet.subscriptionId, group: loadSubnet.resourceGroup }
var rows = isCustom
  ? concat(
      map(customOnServer, row => union(row, atServer)),
      map(customOnSubnet, row => union(row, atSubnet)),
      map(customOnReplica, row => union(row, atReplica)),
      customOnMore
    )
  : concat(
      map(table, row => union(row, here)),
      map(onServer, row => union(row, atServer)),
      map(onReplica, row => union(row, atReplica)),
      onMore
    )

module assignments 'assignment.bicep' = [
  for (row, i) in rows: {
    name: 'access-${isCustom ? 'custom' : 'built-in'}-${i}-${token}'
    scope: resourceGroup(row.subscription, row.group)
    params: {
      target: { kind: row.kind, name: row.name }
      roleId: row.role
      principalId: row.who
      why: row.why
    }
  }
]
