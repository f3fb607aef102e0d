/** By which way clients reach the server: an outage is that of this way. */
import { BlockList, isIP } from 'node:net'

/**
 * An outage holds for clients that come the same way: a private endpoint keeps its address in a failover, and other clients also wait
 * for the name to lead to another address. As the app resolved the name; only a server without a subnet of its own has endpoints.
 */
export function wayTo(address: string | null, isInSubnet: boolean | null): string | null {
  if (address === null || isIP(address) === 0 || OWN.check(address, family(address))) return null
  if (isInSubnet === true) return 'the subnet of the server: its name changes its address in a failover'
  if (!PRIVATE.check(address, family(address))) return 'a public address: the name changes its address in a failover'
  return isInSubnet === false ? 'a private endpoint: one address, also in a failover' : 'a private address'
}

const family = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4')

/** Of this machine, on which a local drill runs. */
const OWN = blockList(['127.0.0.0/8', '::1/128'])
const PRIVATE = blockList(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7'])

function blockList(ranges: readonly string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const [network = '', bits] = range.split('/')
    list.addSubnet(network, Number(bits), family(network))
  }
  return list
}
