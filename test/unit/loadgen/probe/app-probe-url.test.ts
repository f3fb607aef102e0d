import { expect, test } from 'vitest'
import { isForbiddenAddress } from '../../../../loadgen-image/connection/app-probe-address.ts'
import { isInside, isProbeUrl } from '../../../../loadgen-image/contract/app-probe.ts'

test.each([
  ['https://shop.example.com/api', true],
  ['http://10.0.0.4:8080/health', true],
  ['https://[2001:db8::1]/', true],
  ['ftp://shop.example.com/', false],
  ['https://user@shop.example.com/', false],
  ['https://user:password@shop.example.com/', false],
  ['https://@shop.example.com/', false],
  ['https://shop.example.com/?sig=1', false],
  ['https://shop.example.com/#part', false],
  ['https://shop.example.com/api/%2e%2e/admin', false],
  ['https://shop.example.com/api%2fadmin', false],
  ['https://shop.example.com\\@evil.example/', false],
  ['https:///shop.example.com/', false],
  [' https://shop.example.com/', false],
  ['shop.example.com', false],
  [`https://shop.example.com/${'a'.repeat(500)}`, false],
])('%s is a URL to probe: %s', (url, expected) => expect(isProbeUrl(url)).toBe(expected))

const ENTRY = 'https://shop.example.com/api'
test.each([
  ['https://shop.example.com/api', true],
  ['https://shop.example.com/api/checkout', true],
  ['https://SHOP.example.com:443/api/', true],
  ['https://shop.example.com/apis', false],
  ['https://shop.example.com/api/../admin', false],
  ['https://shop.example.com:8443/api', false],
  ['http://shop.example.com/api', false],
  ['https://shop.example.com.evil.example/api', false],
  ['https://evil.example/api', false],
])('%s lies inside an entry of the list: %s', (url, expected) => expect(isInside(url, ENTRY)).toBe(expected))

test.each([
  '169.254.169.254',
  '168.63.129.16',
  '0.0.0.0',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  'fe80::1',
  'fe80::1%eth0',
  'fd00:ec2::254',
  '::ffff:169.254.169.254',
  '::ffff:a9fe:a9fe',
  '::169.254.169.254',
  '64:ff9b::a9fe:a9fe',
  '2002:a9fe:a9fe::1',
  'not an address',
])('%s is never reached', (address) => expect(isForbiddenAddress(address, true)).toBe(true))

test.each(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'])('%s is reached on the local stack only', (address) => {
  expect(isForbiddenAddress(address, true)).toBe(false)
  expect(isForbiddenAddress(address, false)).toBe(true)
})

test.each(['10.0.0.4', '192.168.1.1', '172.16.0.9', '20.1.2.3', 'fd12::1', '2a01::1', '::ffff:10.0.0.4'])(
  '%s is reached, because services of users have such addresses',
  (address) => expect(isForbiddenAddress(address, false)).toBe(false),
)
