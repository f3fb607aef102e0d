/*
  One private endpoint: the service gets an address in the network, and in the network its public name resolves to that address.
*/
import { Tags } from 'types.bicep'

param name string
param location string
param tags Tags
param networkId string
param subnetId string
param resourceId string

@description('Kind of service, and its private DNS zone.')
param group string
param zoneName string

@description('Resource group with the private DNS zones of the organisation, linked by their owner; empty: the zone is created and linked here.')
param existingZonesGroupId string

@description('Names the link. Environments in one resource group share a zone, and a link belongs to one network.')
param token string

var createsZone = empty(existingZonesGroupId)

// No tag of the environment: the zone may serve several.
resource zone 'Microsoft.Network/privateDnsZones@2020-06-01' = if (createsZone) {
  name: zoneName
  location: 'global'

  resource link 'virtualNetworkLinks' = {
    name: 'drill-${token}'
    location: 'global'
    tags: tags
    properties: { registrationEnabled: false, virtualNetwork: { id: networkId } }
  }
}

resource endpoint 'Microsoft.Network/privateEndpoints@2024-07-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    subnet: { id: subnetId }
    privateLinkServiceConnections: [{ name: name, properties: { privateLinkServiceId: resourceId, groupIds: [group] } }]
  }

  resource records 'privateDnsZoneGroups' = {
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        {
          name: group
          properties: { privateDnsZoneId: createsZone ? zone.id : '${existingZonesGroupId}/providers/Microsoft.Network/privateDnsZones/${zoneName}' }
        }
      ]
    }
  }
}
