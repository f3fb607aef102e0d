/** Where the endpoint's resources are said to live: the names that every resource id is made of. */
export interface Place {
  readonly subscriptionId: string
  readonly resourceGroup: string
  readonly location: string
  readonly server: string
}

export const FLEXIBLE_SERVERS = 'Microsoft.DBforPostgreSQL/flexibleServers'
export const CONTAINER_GROUPS = 'Microsoft.ContainerInstance/containerGroups'

export const resourceId = ({ subscriptionId, resourceGroup }: Place, type: string, name: string): string =>
  `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/${type}/${name}`

export const locationId = ({ subscriptionId, location }: Place, provider: string): string =>
  `/subscriptions/${subscriptionId}/providers/${provider}/locations/${location}`
