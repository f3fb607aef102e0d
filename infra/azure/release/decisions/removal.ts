/**
 * What belongs to one environment, so that its removal takes all of it and nothing else. Every name ends with the environment's token.
 * Roles need a look of their own: they live in the subscription, and outlive the resource group (Azure/azure-cli issue 28354).
 */
import { DRILL_TAG } from '../../../../functions/platform/names.ts'
import type { Resource, RoleAssignment, RoleDefinition } from './answers.ts'

const TOKEN = /drill.*-([a-z0-9]{13})$/

/** The token in the name of the app, or in those of the resources when the template never got as far as the app. */
export function tokenOf(appName: string | null, resources: readonly Resource[]): string | null {
  const names = [appName ?? '', ...resources.map(({ name }) => name)]
  for (const name of names) {
    const [, token] = TOKEN.exec(name) ?? []
    if (token !== undefined) return token
  }
  return null
}

/** Azure makes it beside the first Application Insights of a group. */
const SMART_DETECTION = 'Application Insights Smart Detection'
const ENVIRONMENT_TAG = 'azd-env-name'

/** A group may hold a second environment, or resources of its owner: `others` stay. */
export function partition(
  resources: readonly Resource[],
  token: string | null,
): { ours: Resource[]; others: Resource[] } {
  if (token === null) return { ours: [], others: [...resources] }
  const own = new Set(resources.filter(({ name }) => name.includes(token)).map(environmentOf))
  const isOfTemplate = (resource: Resource): boolean =>
    resource.name.includes(token) || (resource.tags?.project === PROJECT && own.has(environmentOf(resource)))
  const hasSecond = resources.some((resource) => resource.tags?.project === PROJECT && !isOfTemplate(resource))
  // Containers name their drill, and not their environment.
  const isShared = ({ name, tags }: Resource): boolean => name === SMART_DETECTION || tags?.[DRILL_TAG] !== undefined
  const isOurs = (resource: Resource): boolean =>
    isOfTemplate(resource) || isOwnZone(resource, resources, token) || (!hasSecond && isShared(resource))
  return { ours: resources.filter(isOurs), others: resources.filter((resource) => !isOurs(resource)) }
}

/** Environments share the private DNS zones of their group, which have no tag: a zone is removed with its last link. */
function isOwnZone({ type, name }: Resource, resources: readonly Resource[], token: string): boolean {
  if (type.toLowerCase() !== ZONES) return false
  const links = resources.filter((one) => one.type.toLowerCase() === LINKS && one.name.startsWith(`${name}/`))
  return links.length > 0 && links.every((link) => link.name.includes(token))
}

const ZONES = 'microsoft.network/privatednszones'
const LINKS = `${ZONES}/virtualnetworklinks`
const PROJECT = 'pg-failover-drill'
const environmentOf = ({ tags }: Resource): string | undefined => tags?.[ENVIRONMENT_TAG]

/** Custom roles of the template: their names end with the token. Built-in roles have none. */
export const customRoles = (definitions: readonly RoleDefinition[], token: string | null): RoleDefinition[] =>
  unique(definitions).filter(
    ({ properties }) =>
      token !== null && properties.roleName.endsWith(` ${token}`) && properties.type !== 'BuiltInRole',
  )

/** Assignments that the deletion of the group leaves behind, or that keep a custom role from being deleted. */
export function assignmentsToDelete(
  assignments: readonly RoleAssignment[],
  roles: readonly RoleDefinition[],
  principals: readonly string[],
): RoleAssignment[] {
  const ids = new Set(roles.map(({ id }) => lastSegment(id)))
  return unique(assignments).filter(
    ({ properties }) =>
      ids.has(lastSegment(properties.roleDefinitionId)) || principals.includes(properties.principalId),
  )
}

const lastSegment = (id: string): string => id.toLowerCase().slice(id.lastIndexOf('/') + 1)

const unique = <T extends { readonly id: string }>(rows: readonly T[]): T[] => [
  ...new Map(rows.map((row) => [row.id.toLowerCase(), row])).values(),
]

/** Container groups first: their subnet cannot be deleted before, nor the network. */
export const deletionOrder = (resources: readonly Resource[]): Resource[] =>
  [...resources].sort((a, b) => rankOf(a) - rankOf(b))

const ORDER = [
  'microsoft.containerinstance/containergroups',
  'microsoft.web/sites',
  'microsoft.network/privateendpoints',
  'microsoft.network/privatednszones/virtualnetworklinks',
]
const LAST = [
  'microsoft.network/virtualnetworks',
  'microsoft.network/networksecuritygroups',
  'microsoft.network/natgateways',
  'microsoft.network/publicipaddresses',
]

function rankOf({ type }: Resource): number {
  const [first, last] = [ORDER.indexOf(type.toLowerCase()), LAST.indexOf(type.toLowerCase())]
  return first >= 0 ? first : last >= 0 ? ORDER.length + 1 + last : ORDER.length
}
