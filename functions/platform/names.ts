/**
 * Names and resource ids as Azure and PostgreSQL allow them. A request and the app's settings use the same rules. A problem
 * says what is wrong without a piece of the text: a secret pasted into the wrong place must not be repeated.
 */

export interface NameForm {
  /** What is expected, for the reader who has to correct it. */
  readonly expected: string
  /** What is wrong beyond "not the expected form"; an empty text when there is nothing to add. Null: the form fits. */
  readonly problemOf: (text: string) => string | null
}

const byPattern = (expected: string, pattern: RegExp, hint: (text: string) => string = () => ''): NameForm => ({
  expected,
  problemOf: (text) => (pattern.test(text) ? null : hint(text)),
})

export const SERVER_NAME = byPattern(
  'the name of a flexible server, such as pg-orders: 3 to 63 of a-z, 0-9 and hyphens',
  /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/,
  (text) =>
    text.includes('.') ? 'this holds a dot: give the name alone, which is the first part of the host name' : '',
)

/** Part of the name of a timer and of the ids of daily drills. */
export const TARGET_NAME = byPattern(
  'the name of a target, such as orders-eu: 1 to 40 of a-z, 0-9 and hyphens, no hyphen at its ends',
  /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/,
)

export const RESOURCE_GROUP_NAME = byPattern(
  'the name of a resource group: letters, digits and . _ - ( ), at most 90, no dot at the end',
  /^[\p{L}\p{N}._()-]{0,89}[\p{L}\p{N}_()-]$/u,
  (text) => (text.includes('/') ? 'this holds a slash: give the name alone and not the resource id' : ''),
)

export const SKU_NAME = byPattern(
  'the name of a size (SKU) of flexible servers, such as Standard_D4ds_v5',
  /^[A-Z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+$/,
)

export const DATABASE_NAME = byPattern(
  'the name of a database: a letter or _, then letters, digits and _ $ -, at most 63',
  /^[A-Za-z_][\w$-]{0,62}$/,
)

export const REGION_NAME = byPattern(
  'the short name of a region, such as swedencentral',
  /^[a-z][a-z0-9]{2,39}$/,
  (text) => (/[ A-Z]/.test(text) ? 'this looks like a display name: write it in lower case without spaces' : ''),
)

const MAX_ROLE_BYTES = 63

/** Also a group or a user of Microsoft Entra, whose names may hold spaces and @. */
export const ROLE_NAME: NameForm = {
  expected: `the name of a PostgreSQL role, at most ${MAX_ROLE_BYTES} bytes, without control characters`,
  problemOf: (text) =>
    text !== '' && Buffer.byteLength(text) <= MAX_ROLE_BYTES && !/\p{Cc}/u.test(text) && !/:\/\//.test(text)
      ? null
      : '',
}

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'

export const UUID_FORM = byPattern('a UUID', new RegExp(`^${UUID}$`, 'i'))

function resourceIdOf(what: string, type: string, children: readonly string[] = []): NameForm {
  const path = [type, '<name>', ...children.flatMap((child) => [child, '<name>'])]
  const names = path.map((part) => (part === '<name>' ? '[^/\\s?#]+' : part.replaceAll('.', '\\.')))
  return byPattern(
    `the resource id of ${what}, /subscriptions/<uuid>/resourceGroups/<group>/providers/${path.join('/')}`,
    new RegExp(`^/subscriptions/${UUID}/resourceGroups/[^/\\s?#]+/providers/${names.join('/')}$`, 'i'),
    (text) => (text.startsWith('/') ? '' : 'a resource id begins with /subscriptions/'),
  )
}

export const IDENTITY_ID = resourceIdOf('a user-assigned identity', 'Microsoft.ManagedIdentity/userAssignedIdentities')

export interface ServerPlace {
  readonly resourceGroup: string
  readonly server: string
}

/** Of the id of a flexible server; null: it is another id. Replicas may lie in another resource group than their primary. */
export function serverPlaceOf(id: string): ServerPlace | null {
  const found = /\/resourceGroups\/([^/]+)\/providers\/Microsoft\.DBforPostgreSQL\/flexibleServers\/([^/]+)$/i.exec(id)
  const [, resourceGroup, server] = found ?? []
  return resourceGroup === undefined || server === undefined ? null : { resourceGroup, server }
}

export const SUBNET_ID = resourceIdOf('a subnet', 'Microsoft.Network/virtualNetworks', ['subnets'])

/** Tags of a container group: its drill, its container, and when it may be deleted. The sweeper deletes nothing without drill and time. */
export const DRILL_TAG = 'pg-failover-drill'
export const CONTAINER_TAG = 'pg-failover-drill-container'
export const EXPIRES_TAG = 'expires-at'
