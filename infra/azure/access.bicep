/*
  All role assignments: one table, one loop. No other module grants a role, except subscription-access.bicep.
*/
param appPrincipalId string
param loadPrincipalId string
param loadIdentityName string
param storageName string
param drillContainerName string
param vaultName string
param registryName string
param insightsName string

@description('Resource group of the server; an existing server may have one of its own.')
param server { subscriptionId: string, resourceGroup: string, name: string }

@description('Network and subnet of the load generators, as network/subnet; empty without a network.')
param loadSubnet string

@description('The app starts and stops the server around the daily drill.')
param mayStopServer bool

@description('Ends the names of the custom roles, which must be unique in the tenant.')
param token string

var role = loadJsonContent('roles.json')

// Fixed here, so that the table below can name the roles before they exist.
var failoverOperatorId = guid(server.subscriptionId, server.resourceGroup, token, 'failover-operator')
var subnetJoinerId = guid(resourceGroup().id, token, 'subnet-joiner')

module failoverOperator 'custom-role.bicep' = {
  name: 'role-failover-operator'
  scope: resourceGroup(server.subscriptionId, server.resourceGroup)
  params: {
    roleId: failoverOperatorId
    roleName: 'PostgreSQL failover operator ${token}'
    summary: 'Reads a flexible server and its parameters, and restarts it with failover. Changes nothing else.'
    actions: concat(
      [
        'Microsoft.DBforPostgreSQL/flexibleServers/read'
        'Microsoft.DBforPostgreSQL/flexibleServers/configurations/read'
        'Microsoft.DBforPostgreSQL/flexibleServers/capabilities/read'
        'Microsoft.DBforPostgreSQL/flexibleServers/restart/action'
      ],
      mayStopServer
        ? [
            'Microsoft.DBforPostgreSQL/flexibleServers/start/action'
            'Microsoft.DBforPostgreSQL/flexibleServers/stop/action'
          ]
        : []
    )
  }
}

module subnetJoiner 'custom-role.bicep' = if (!empty(loadSubnet)) {
  name: 'role-subnet-joiner'
  params: {
    roleId: subnetJoinerId
    roleName: 'Subnet joiner ${token}'
    summary: 'Places resources in a subnet. Changes nothing about it.'
    actions: ['Microsoft.Network/virtualNetworks/subnets/read', 'Microsoft.Network/virtualNetworks/subnets/join/action']
  }
}

var table = [
  // ---- The app: its host ---------------------------------------------------------------------------------------------------------
  { who: appPrincipalId, role: role.StorageBlobDataOwner, kind: 'storage', name: storageName, why: 'Host: leases, package, task hub; and the drills' }
  { who: appPrincipalId, role: role.StorageQueueDataContributor, kind: 'storage', name: storageName, why: 'Durable Functions: control and work-item queues' }
  { who: appPrincipalId, role: role.StorageTableDataContributor, kind: 'storage', name: storageName, why: 'Durable Functions: history, instances, partitions' }
  { who: appPrincipalId, role: role.MonitoringMetricsPublisher, kind: 'insights', name: insightsName, why: 'Telemetry without a key' }
  { who: appPrincipalId, role: role.KeyVaultSecretsUser, kind: 'vault', name: vaultName, why: 'Key Vault references in the settings' }
  // ---- The app: the load generators ----------------------------------------------------------------------------------------------
  { who: appPrincipalId, role: role.ContainerInstancesContributor, kind: 'resourceGroup', name: '', why: 'Creates, watches and deletes the load generators' }
  { who: appPrincipalId, role: role.ManagedIdentityOperator, kind: 'identity', name: loadIdentityName, why: 'Gives the load generators their identity' }
  { who: appPrincipalId, role: role.AcrPull, kind: 'registry', name: registryName, why: 'Checks that the image exists, and records its digest' }
  // ---- The load generators -------------------------------------------------------------------------------------------------------
  { who: loadPrincipalId, role: role.AcrPull, kind: 'registry', name: registryName, why: 'Pulls the image' }
  { who: loadPrincipalId, role: role.StorageBlobDataContributor, kind: 'blobContainer', name: '${storageName}/${drillContainerName}', why: 'Reads the plan, writes the results' }
]

// The app creates the containers, so the app needs the right to join the subnet.
var joining = empty(loadSubnet)
  ? []
  : [
      { who: appPrincipalId, role: subnetJoinerId, kind: 'subnet', name: loadSubnet, why: 'Places the load generators in their subnet' }
    ]

// The server may lie in another resource group or subscription, so these are deployed there.
var onServer = [
  { who: appPrincipalId, role: failoverOperatorId, kind: 'server', name: server.name, why: 'Checks the server, and fails it over' }
  { who: appPrincipalId, role: role.MonitoringReader, kind: 'server', name: server.name, why: 'Platform metrics of the report' }
]

var rows = concat(
  map(concat(table, joining), row => union(row, { subscription: subscription().subscriptionId, group: resourceGroup().name })),
  map(onServer, row => union(row, { subscription: server.subscriptionId, group: server.resourceGroup }))
)

module assignments 'assignment.bicep' = [
  for (row, i) in rows: {
    name: 'access-${i}'
    scope: resourceGroup(row.subscription, row.group)
    params: {
      target: { kind: row.kind, name: row.name }
      roleId: row.role
      principalId: row.who
      why: row.why
    }
    dependsOn: [failoverOperator, subnetJoiner]
  }
]
