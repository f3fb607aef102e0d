/**
 * Addresses that an application probe must not reach: those by which a platform serves identities and metadata, and this machine.
 * Private networks are allowed, because the services of a user are there.
 */
import { BlockList, isIP } from 'node:net'

const LOOPBACK = listOf(['127.0.0.0', 8], ['::1', 128])

const FORBIDDEN = listOf(
  ['0.0.0.0', 8],
  // Link-local, with 169.254.169.254: tokens and metadata of a virtual machine and of a container.
  ['169.254.0.0', 16],
  // Azure's own services on every host: https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
  ['168.63.129.16', 32],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  // The unspecified address, and IPv4 addresses in their old IPv6 form.
  ['::', 96],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
  ['fd00:ec2::254', 128],
  // A translator reaches an IPv4 address behind these.
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['2002::', 16],
  ['2001::', 32],
)

/** IPv4 addresses inside IPv6 (::ffff:0:0/96) are compared with the rules of IPv4 by node:net itself. */
function listOf(...subnets: ReadonlyArray<readonly [address: string, prefix: number]>): BlockList {
  const rules = new BlockList()
  for (const [address, prefix] of subnets) rules.addSubnet(address, prefix, familyOf(address))
  return rules
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4'
}

/** Anything that is no IP address is forbidden too. */
export function isForbiddenAddress(text: string, allowLoopback: boolean): boolean {
  const address = text.replace(/%.*$/, '')
  if (isIP(address) === 0) return true
  const family = familyOf(address)
  if (LOOPBACK.check(address, family)) return !allowLoopback
  return FORBIDDEN.check(address, family)
}

/** Of a URL's host: an address stands in it as itself, an IPv6 one in brackets. Null: a name, which is looked up later. */
export function addressOfHost(hostname: string): string | null {
  const address = hostname.replace(/^\[|\]$/g, '')
  return isIP(address) === 0 ? null : address
}
