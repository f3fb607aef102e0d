/** Which way one component of a deployment has to another: by private endpoint, by the internet, or none. Read from the resources. */
import { appSettings, ofType, one, type Resource } from './snapshot.ts'

export type Component = 'app' | 'load'

export interface Target {
  readonly name: string
  /** The resource that is called, or null for a service of the cloud such as Resource Manager. */
  readonly resource: Resource | null
  /** Kind of private endpoint. */
  readonly group: string
  readonly port: number
  /** False: the resource belongs to its owner, whose firewall or network this template cannot see. */
  readonly isOurs: boolean
}

/** How it is reached. `owner`: by what the owner of server or network has set up, which the parameters state. Null: not at all. */
export type Way = 'private endpoint' | 'internet' | 'owner' | null

interface Rule {
  readonly name: string
  readonly properties: {
    readonly direction: 'Inbound' | 'Outbound'
    readonly access: 'Allow' | 'Deny'
    readonly priority: number
    readonly protocol: string
    readonly sourceAddressPrefix: string
    readonly destinationAddressPrefix: string
    readonly destinationPortRange?: string
    readonly destinationPortRanges?: readonly string[]
  }
}

interface Subnet {
  readonly name: string
  readonly properties: { readonly networkSecurityGroup?: { readonly id: string }; readonly natGateway?: unknown }
}

/** `owned`: what the owner of an existing server says of it by the parameters. */
export function wayOf(resources: readonly Resource[], from: Component, target: Target, owned: Way): Way {
  const subnet = subnetIdOf(resources, from)
  const endpoint = subnet === null ? undefined : endpointOf(resources, target)
  if (endpoint !== undefined)
    return isReachable(resources, subnet as string, endpoint, target.port) ? 'private endpoint' : null
  if (target.isOurs && target.resource !== null && !admitsInternet(resources, target.resource)) return null
  if (!target.isOurs && owned === 'owner') return 'owner'
  return canLeave(resources, subnet, target.port) ? 'internet' : null
}

function subnetIdOf(resources: readonly Resource[], from: Component): string | null {
  const app = one(resources, 'Microsoft.Web/sites').properties.virtualNetworkSubnetId as string | null | undefined
  return (from === 'app' ? app : appSettings(resources).LOADGEN_SUBNET_ID) || null
}

const networkOf = (subnetId: string) => subnetId.split('/subnets/')[0]

// ---- Private endpoints ----------------------------------------------------------------------------------------------

interface Connection {
  readonly properties: { readonly privateLinkServiceId: string; readonly groupIds: readonly string[] }
}

const endpointOf = (resources: readonly Resource[], { resource, group }: Target): Resource | undefined =>
  ofType(resources, 'Microsoft.Network/privateEndpoints').find(({ properties }) =>
    (properties.privateLinkServiceConnections as Connection[]).some(
      (connection) =>
        connection.properties.privateLinkServiceId === resource?.id && connection.properties.groupIds.includes(group),
    ),
  )

function isReachable(resources: readonly Resource[], subnet: string, endpoint: Resource, port: number): boolean {
  const place = (endpoint.properties.subnet as { id: string }).id
  return (
    networkOf(place) === networkOf(subnet) &&
    resolvesIn(resources, networkOf(subnet) ?? '', endpoint) &&
    admits(resources, subnet, 'Outbound', 'VirtualNetwork', port) &&
    admits(resources, place, 'Inbound', 'VirtualNetwork', port)
  )
}

/** The record is written to a zone, and that zone is linked to the network: by this deployment, or by the owner of the zones. */
function resolvesIn(resources: readonly Resource[], network: string, endpoint: Resource): boolean {
  const records = ofType(resources, 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups').find(({ id }) =>
    id?.startsWith(`${endpoint.id}/`),
  )
  const configs = (records?.properties.privateDnsZoneConfigs ?? []) as { properties: { privateDnsZoneId: string } }[]
  return (
    configs.length > 0 && configs.every(({ properties }) => isLinked(resources, network, properties.privateDnsZoneId))
  )
}

function isLinked(resources: readonly Resource[], network: string, zoneId: string): boolean {
  const zone = ofType(resources, 'Microsoft.Network/privateDnsZones').find(({ id }) => id === zoneId)
  if (zone === undefined) return zoneId.includes('/resourceGroups/rg-dns')
  const ours = zone.name.replace(/^\[|\]$/g, '')
  return ofType(resources, 'Microsoft.Network/privateDnsZones/virtualNetworkLinks').some(
    (link) => link.name.includes(ours) && (link.properties.virtualNetwork as { id: string }).id === network,
  )
}

// ---- Network security groups ----------------------------------------------------------------------------------------

/** A subnet of an own network has the rules of its owner. */
function admits(
  resources: readonly Resource[],
  subnetId: string,
  direction: 'Inbound' | 'Outbound',
  place: 'VirtualNetwork' | 'Internet',
  port: number,
): boolean {
  const subnet = subnetOf(resources, subnetId)
  if (subnet === undefined) return true
  const group = ofType(resources, 'Microsoft.Network/networkSecurityGroups').find(
    ({ id }) => id === subnet.properties.networkSecurityGroup?.id,
  )
  const rules = ((group?.properties.securityRules ?? []) as Rule[])
    .map(({ properties }) => properties)
    .filter((rule) => rule.direction === direction && fits(rule, direction, place, port))
    .sort((a, b) => a.priority - b.priority)
  // The default rules admit what stays in the network, and what leaves it.
  return (rules[0]?.access ?? 'Allow') === 'Allow'
}

function fits(rule: Rule['properties'], direction: Rule['properties']['direction'], place: string, port: number) {
  const other = direction === 'Outbound' ? rule.destinationAddressPrefix : rule.sourceAddressPrefix
  const ports = rule.destinationPortRanges ?? [rule.destinationPortRange ?? '']
  return (other === '*' || other === place) && (ports.includes('*') || ports.includes(String(port)))
}

function subnetOf(resources: readonly Resource[], subnetId: string): Subnet | undefined {
  const network = ofType(resources, 'Microsoft.Network/virtualNetworks').find(({ id }) => id === networkOf(subnetId))
  const subnets = (network?.properties.subnets ?? []) as Subnet[]
  return subnets.find(({ name }) => subnetId.endsWith(`/subnets/${name}`))
}

// ---- The internet ---------------------------------------------------------------------------------------------------

/** A component without a network always can; its own subnets need a NAT gateway, because they have no default way out. */
function canLeave(resources: readonly Resource[], subnetId: string | null, port: number): boolean {
  if (subnetId === null) return true
  const subnet = subnetOf(resources, subnetId)
  if (subnet === undefined) return true
  return subnet.properties.natGateway !== undefined && admits(resources, subnetId, 'Outbound', 'Internet', port)
}

/** For a component whose address is not known beforehand: a server must admit every address of Azure. */
function admitsInternet(resources: readonly Resource[], { type, name, properties }: Resource): boolean {
  const network = (properties.network ?? properties) as { publicNetworkAccess?: string }
  if (network.publicNetworkAccess === 'Disabled') return false
  if (type !== 'Microsoft.DBforPostgreSQL/flexibleServers') return true
  return ofType(resources, `${type}/firewallRules`).some(
    (rule) => rule.name.startsWith(`${name}/`) && rule.properties.startIpAddress === '0.0.0.0',
  )
}
