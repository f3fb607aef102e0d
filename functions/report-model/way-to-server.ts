/** By which way clients reach the server: an outage is that of this way. */

/** An IP address, and not the folder of a socket. */
const ADDRESS = /^(?:\d+(?:\.\d+){3}|[\da-f:]*:[\da-f:.]*)$/i
/** Of this machine, on which a local drill runs. */
const OWN = /^(?:127\.|::1$)/
/** RFC 1918, RFC 6598 and RFC 4193. */
const PRIVATE =
  /^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|f[cd][\da-f]{2}:)/i

/**
 * A private endpoint keeps its address in a failover, and other clients also wait for the name to lead to another address. As the app
 * resolved the name; only a server without a subnet of its own has endpoints.
 */
export function wayTo(address: string | null, isInSubnet: boolean | null): string | null {
  if (address === null || !ADDRESS.test(address) || OWN.test(address)) return null
  if (isInSubnet === true) return 'the subnet of the server: its name changes its address in a failover'
  if (!PRIVATE.test(address)) return 'a public address: the name changes its address in a failover'
  return isInSubnet === false ? 'a private endpoint: one address, also in a failover' : 'a private address'
}
