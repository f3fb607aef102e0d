/** Azure Resource Manager's errors and resource ids. */
import type { LocalFailoverMode, PromoteOption } from '../../cluster/cluster.ts'
import type { Site } from '../../cluster/servers/regions.ts'

/** The names that every resource id of the endpoint is made of. */
export interface Place {
  readonly subscriptionId: string
  readonly resourceGroup: string
  readonly location: string
  readonly server: string
}

/** The server of the other region in the local stack. */
export const LOCAL_REPLICA = 'pg-local-replica'

/** The platform's words, and what they ask of the cluster. */
export const FAILOVER_MODES: Readonly<Record<string, LocalFailoverMode>> = {
  ForcedFailover: 'forced',
  PlannedFailover: 'planned',
  ForcedSwitchover: 'forcedSwitchover',
  PlannedSwitchover: 'plannedSwitchover',
}
export const PROMOTE_OPTIONS: Readonly<Record<string, PromoteOption>> = { Forced: 'forced', Planned: 'planned' }

/** Of the local endpoint alone: kills the primary's server process. */
export const KILL_PATH = '/local/kill'

/** Of the local endpoint alone: promotes the standby while the old primary lives on. */
export const SPLIT_BRAIN_PATH = '/local/split-brain'

/** How the local command finds the endpoint of a stack: a file in the folder of the stack. It holds the token, a secret. */
export const ACCESS_FILE = 'azure-access.json'

export interface EndpointAccess {
  readonly url: string
  readonly token: string
  readonly ca: string
  /** Resource id of the server at home. */
  readonly serverId: string
}

/** Each server has its own name and location; without a replica there is one server. */
export type Places = { readonly home: Place; readonly remote: Place | null }

/** A server that a request names. */
export interface Addressed {
  readonly site: Site
  readonly place: Place
}

/** Resource Manager does not distinguish letters by their case. */
export const isSame = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase()

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

export const serverIsBusy = ({ server }: Place) =>
  new ArmError(
    409,
    'ServerIsBusy',
    `Cannot complete operation while server '${server}' is busy processing another operation. Try again later.`,
  )

/** The service's own words for a value that it does not take. */
export const invalidValue = (parameter: string) =>
  new ArmError(
    400,
    'InvalidParameterValue',
    `Invalid value given for parameter ${parameter}. Specify a valid parameter value.`,
  )

export const resourceNotFound = (type: string, name: string, resourceGroup: string) =>
  new ArmError(
    404,
    'ResourceNotFound',
    `The Resource '${type}/${name}' under resource group '${resourceGroup}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
  )
