/*
  The private network: app, load generators and endpoints in one virtual network. Traffic to the internet leaves through one NAT
  gateway, so an existing server with a firewall needs exactly one rule.
*/
import { Tags } from 'types.bicep'

param name string
param location string
param tags Tags
param workspaceId string

@description('A /24 that overlaps with no network that is peered with this one.')
param addressSpace string

@description('Standard: in one zone. StandardV2: in all zones of the region.')
param natSku 'Standard' | 'StandardV2'

@description('Standard: its zone, or empty for one of Azure\'s choice.')
param natZone string

@description('Ports on which load generators reach other hosts than those of this deployment.')
param loadPorts int[]

// SKU and zone of a gateway and of its address cannot be changed, so another choice is another gateway.
var natName = natSku == 'StandardV2' ? '${name}-nat-v2' : empty(natZone) ? '${name}-nat' : '${name}-nat-zone-${natZone}'
var natZones = natSku == 'StandardV2' ? ['1', '2', '3'] : empty(natZone) ? [] : [natZone]

resource egress 'Microsoft.Network/publicIPAddresses@2024-07-01' = {
  name: '${natName}-egress'
  location: location
  tags: tags
  sku: { name: natSku }
  zones: natZones
  properties: { publicIPAllocationMethod: 'Static' }
}

resource nat 'Microsoft.Network/natGateways@2024-07-01' = {
  name: natName
  location: location
  tags: tags
  sku: { name: natSku }
  zones: natZones
  properties: { idleTimeoutInMinutes: 10, publicIpAddresses: [{ id: egress.id }] }
}

// ---- Who may talk to whom -------------------------------------------------------------------------------------------------------

var databasePorts = ['5432', '6432']
var rule = { protocol: 'Tcp', sourcePortRange: '*', access: 'Allow' }
var ruleOut = { ...rule, direction: 'Outbound', sourceAddressPrefix: 'VirtualNetwork' }
var ruleIn = { ...rule, direction: 'Inbound', destinationAddressPrefix: 'VirtualNetwork' }
var groups = [
  {
    name: 'app'
    rules: [
      { name: 'to-network', properties: { ...ruleOut, priority: 100, destinationAddressPrefix: 'VirtualNetwork', destinationPortRanges: concat(['443'], databasePorts) } }
      // Resource Manager, Entra, registry, telemetry, webhook; and a server with a public endpoint.
      { name: 'to-internet', properties: { ...ruleOut, priority: 110, destinationAddressPrefix: 'Internet', destinationPortRanges: concat(['443'], databasePorts) } }
      nothingElseOut
    ]
  }
  {
    name: 'load'
    rules: [
      { name: 'to-network', properties: { ...ruleOut, priority: 100, destinationAddressPrefix: 'VirtualNetwork', destinationPortRanges: concat(['443'], databasePorts) } }
      { name: 'to-internet', properties: { ...ruleOut, priority: 110, destinationAddressPrefix: 'Internet', destinationPortRanges: concat(['443'], databasePorts) } }
      ...map(
        range(0, length(loadPorts)),
        i => { name: 'to-port-${loadPorts[i]}', properties: { ...ruleOut, priority: 200 + i, destinationAddressPrefix: '*', destinationPortRanges: [string(loadPorts[i])] } }
      )
      nothingElseOut
    ]
  }
  {
    name: 'endpoints'
    rules: [
      { name: 'from-network', properties: { ...ruleIn, priority: 100, sourceAddressPrefix: 'VirtualNetwork', destinationPortRanges: concat(['443'], databasePorts) } }
      nothingElseIn
    ]
  }
]
// Without these the default rules let every port out, and every host of the network in.
var nothingElseOut = {
  name: 'nothing-else-out'
  properties: { ...ruleOut, protocol: '*', access: 'Deny', priority: 4000, sourceAddressPrefix: '*', destinationAddressPrefix: 'Internet', destinationPortRange: '*' }
}
var nothingElseIn = {
  name: 'nothing-else-in'
  properties: { ...ruleIn, protocol: '*', access: 'Deny', priority: 4000, sourceAddressPrefix: '*', destinationAddressPrefix: '*', destinationPortRange: '*' }
}

resource securityGroups 'Microsoft.Network/networkSecurityGroups@2024-07-01' = [
  for group in groups: {
    name: '${name}-${group.name}'
    location: location
    tags: tags
    properties: { securityRules: group.rules }
  }
]

resource refused 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = [
  for (group, i) in groups: {
    scope: securityGroups[i]
    name: 'to-workspace'
    properties: { workspaceId: workspaceId, logs: [{ category: 'NetworkSecurityGroupEvent', enabled: true }] }
  }
]

// ---- The network ----------------------------------------------------------------------------------------------------------------

resource network 'Microsoft.Network/virtualNetworks@2024-07-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: [addressSpace] }
    // Subnets inline: every deployment of the network would remove and recreate subnets that are resources of their own.
    subnets: [
      {
        name: 'app'
        properties: {
          addressPrefix: cidrSubnet(addressSpace, 26, 0)
          defaultOutboundAccess: false
          natGateway: { id: nat.id }
          networkSecurityGroup: { id: securityGroups[0].id }
          delegations: [{ name: 'flex-consumption', properties: { serviceName: 'Microsoft.App/environments' } }]
        }
      }
      {
        // Each container group uses one address. Their subnet may hold no private endpoint.
        name: 'load'
        properties: {
          addressPrefix: cidrSubnet(addressSpace, 26, 1)
          defaultOutboundAccess: false
          natGateway: { id: nat.id }
          networkSecurityGroup: { id: securityGroups[1].id }
          delegations: [
            { name: 'container-groups', properties: { serviceName: 'Microsoft.ContainerInstance/containerGroups' } }
          ]
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: cidrSubnet(addressSpace, 26, 2)
          defaultOutboundAccess: false
          networkSecurityGroup: { id: securityGroups[2].id }
          // Or the rules would not apply to private endpoints.
          privateEndpointNetworkPolicies: 'NetworkSecurityGroupEnabled'
        }
      }
    ]
  }
}

resource metrics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: network
  name: 'to-workspace'
  properties: { workspaceId: workspaceId, metrics: [{ category: 'AllMetrics', enabled: true }] }
}

output egressAddress string = egress.properties.ipAddress
