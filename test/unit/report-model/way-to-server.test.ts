/** By which way clients reach the server, as a report says it. */
import { expect, test } from 'vitest'
import { wayTo } from '../../../functions/report-model/way-to-server.ts'

const ENDPOINT = 'a private endpoint: one address, also in a failover'
const SUBNET = 'the subnet of the server: its name changes its address in a failover'
const PUBLIC = 'a public address: the name changes its address in a failover'

test.each([
  ['10.77.0.68', false, ENDPOINT],
  ['172.31.255.255', false, ENDPOINT],
  ['fd00::4', false, ENDPOINT],
  ['10.1.2.4', true, SUBNET],
  ['20.82.1.4', false, PUBLIC],
  ['172.32.0.1', false, PUBLIC],
  ['100.64.0.1', false, ENDPOINT],
  ['100.128.0.1', false, PUBLIC],
  ['192.168.4.4', false, ENDPOINT],
  ['192.169.4.4', false, PUBLIC],
  ['2603:1020:1004::5', null, PUBLIC],
  ['10.77.0.68', null, 'a private address'],
])('at %s, in a subnet of the server: %s, it is %s', (address, isInSubnet, way) => {
  expect(wayTo(address, isInSubnet)).toBe(way)
})

test.each([[null], ['127.0.0.1'], ['::1'], ['/var/run/postgresql'], ['pg.example.com']])(
  'nothing is said of %s',
  (address) => {
    expect(wayTo(address, false)).toBeNull()
  },
)
