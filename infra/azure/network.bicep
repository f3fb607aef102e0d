/*
  The private network: app, load generators and endpoints in one virtual network. Traffic to the internet leaves through one NAT
  gateway, so an existing server with a firewall needs exactly one rule.
*/
import { Tags } from 'types.bicep'

param name string
param location string
param tags Tags

@description('A /24 that overlaps with no network that is peered with this one.')
param addressSpace string

resource egress 'Microsoft.Network/publicIPAddresses@2024-05-01' = {
  name: '${name}-egress'
  location: location
  tags: tags
  sku: { name: 'Standard' }
  properties: { publicIPAllocationMethod: 'Static' }
}

resource nat 'Microsoft.Network/natGateways@2024-05-01' = {
  name: '${name}-nat'
  location: location
  tags: tags
  sku: { name: 'Standard' }
  properties: { idleTimeoutInMinutes: 10, publicIpAddresses: [{ id: egress.id }] }
}

resource network 'Microsoft.Network/virtualNetworks@2024-05-01' = {
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
          privateEndpointNetworkPolicies: 'Disabled'
        }
      }
    ]
  }

  resource app 'subnets' existing = { name: 'app' }
  resource load 'subnets' existing = { name: 'load' }
  resource endpoints 'subnets' existing = { name: 'endpoints' }
}

output id string = network.id
output name string = network.name
output appSubnetId string = network::app.id
output loadSubnetId string = network::load.id
output endpointSubnetId string = network::endpoints.id
output egressAddress string = egress.properties.ipAddress
