/** Azure Resource Manager's errors and resource ids. */
/** The names that every resource id of the endpoint is made of. */
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

export const serverId = (place: Place): string => resourceId(place, FLEXIBLE_SERVERS, place.server)

/** An error answer, with the status, code and words of the real one. */
export class ArmError extends Error {
  readonly status: number
  readonly code: string
  readonly inner: { readonly code: string; readonly message: string } | null
  constructor(status: number, code: string, message: string, inner: ArmError['inner'] = null) {
    super(message)
    this.name = 'ArmError'
    this.status = status
    this.code = code
    this.inner = inner
  }
}

export const errorBody = (code: string, message: string, inner: ArmError['inner'] = null) => ({
  error: { code, message, ...(inner !== null && { details: [inner] }) },
})

export const resourceNotFound = (type: string, name: string, resourceGroup: string) =>
  new ArmError(
    404,
    'ResourceNotFound',
    `The Resource '${type}/${name}' under resource group '${resourceGroup}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
  )
