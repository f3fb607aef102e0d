/** The name of an application is looked up once for a request, and what was checked is what is connected to. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { type AppAnswer, AppRequest } from '../../../../loadgen-image/probe/app-request.ts'
import { anAppProbe } from '../../../support/app-records.ts'

const LOCAL = { address: '127.0.0.1', family: 4 }
const METADATA = { address: '169.254.169.254', family: 4 }

const dns = vi.hoisted(() => ({ answers: [] as unknown[][], lookups: 0 }))
vi.mock('node:dns', async (original) => ({
  ...(await original<object>()),
  lookup: (_name: string, _options: object, callback: (error: null, addresses: unknown) => void) => {
    dns.lookups++
    const next = dns.answers.length > 1 ? dns.answers.shift() : dns.answers[0]
    setImmediate(callback, null, next)
  },
}))

let asked = 0
const server = createServer((_, response) => {
  asked++
  response.end()
})
beforeAll(() => new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve)))
afterAll(() => server.close())
beforeEach(() => {
  dns.lookups = 0
  asked = 0
})

const send = (): Promise<AppAnswer> => {
  const url = `http://shop.example.com:${(server.address() as AddressInfo).port}/`
  const request = new AppRequest(anAppProbe({ url }), { secrets: new Map(), allowLoopback: true })
  return new Promise((resolve) => void request.send(resolve))
}

test('a name that changes its answer behind the check is connected to the address that was checked', async () => {
  dns.answers = [[LOCAL], [METADATA]]
  expect(await send()).toEqual({ kind: 'good' })
  expect(dns.lookups).toBe(1)
  expect(await send()).toEqual({ kind: 'refused', code: 'address-not-allowed' })
  expect(asked).toBe(1)
})

test('one forbidden address among good ones refuses the whole answer', async () => {
  dns.answers = [[LOCAL, METADATA]]
  expect(await send()).toEqual({ kind: 'refused', code: 'address-not-allowed' })
  expect(asked).toBe(0)
})

test('requests at the same time share one look-up', async () => {
  dns.answers = [[LOCAL]]
  expect(await Promise.all([send(), send(), send()])).toEqual([{ kind: 'good' }, { kind: 'good' }, { kind: 'good' }])
  expect(dns.lookups).toBe(1)
})

test('an answer without an address is a failure', async () => {
  dns.answers = [[]]
  expect(await send()).toEqual({ kind: 'failed', code: 'ENOTFOUND' })
})
