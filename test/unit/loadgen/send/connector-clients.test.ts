/** How the connector obeys a known client, on real sockets: its time limit, the addresses that it keeps, and TCP's own probes. */
import { lookup } from 'node:dns/promises'
import { Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { oneServer } from '../../../../loadgen-image/connection/target.ts'
import { behaviourOf } from '../../../../loadgen-image/contract/clients/behaviour.ts'
import { type ClientName, documentedSettings } from '../../../../loadgen-image/contract/clients/known-clients.ts'
import { LOAD_DEFAULTS } from '../../../../loadgen-image/contract/load-plan.ts'
import { Connector, type Wire } from '../../../../loadgen-image/send/connector.ts'
import { eventually } from '../../../support/eventually.ts'
import { fakePostgres } from '../../../support/fake-postgres.ts'

vi.mock('node:dns/promises', { spy: true })
beforeEach(() => {
  vi.mocked(lookup).mockResolvedValue([{ address: '127.0.0.1', family: 4 }] as never)
})
afterEach(() => {
  vi.mocked(lookup).mockReset()
  vi.restoreAllMocks()
  vi.useRealTimers()
})

const RETRY = { firstDelayMs: 10, maxDelayMs: 10, multiplier: 1, jitter: false }
const clientOf = (name: ClientName) => behaviourOf({ retry: RETRY, ...documentedSettings(name) }, LOAD_DEFAULTS)
const open = (connector: Connector, port: number, client: ReturnType<typeof clientOf>): Promise<Wire> => {
  const target = oneServer({ host: 'db.example', port, database: 'shop', user: 'load', password: '' })
  return connector.open(() => target, client)
}
const asked = (): number => vi.mocked(lookup).mock.calls.length

describe('addresses, by the number of times that the name is asked for', () => {
  test.each([
    ['libpq default', 250, 2],
    ['node-postgres pool', 250, 2],
    ['Npgsql default', 250, 2],
    ['pgjdbc with HikariCP', 29_999, 1],
    ['pgjdbc with HikariCP', 30_000, 2],
  ] as const)('%s, a second connection %i ms later: %i', async (name, laterMs, times) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const server = await fakePostgres({ kind: 'welcome' })
    const connector = new Connector()
    const first = await open(connector, server.port, clientOf(name))
    await vi.advanceTimersByTimeAsync(laterMs)
    const second = await open(connector, server.port, clientOf(name))
    for (const wire of [first, second]) wire.destroy()
    expect(asked()).toBe(times)
  })

  test('clients that keep no address do not find the one that others kept', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const server = await fakePostgres({ kind: 'welcome' })
    const connector = new Connector()
    for (const name of ['pgjdbc with HikariCP', 'libpq default'] as const)
      (await open(connector, server.port, clientOf(name))).destroy()
    expect(asked()).toBe(2)
  })

  test('a look-up that failed is not kept', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const server = await fakePostgres({ kind: 'welcome' })
    const connector = new Connector()
    vi.mocked(lookup).mockRejectedValueOnce(Object.assign(new Error('unknown'), { code: 'ENOTFOUND' }))
    await expect(open(connector, server.port, clientOf('pgjdbc with HikariCP'))).rejects.toThrow('unknown')
    await vi.advanceTimersByTimeAsync(250)
    ;(await open(connector, server.port, clientOf('pgjdbc with HikariCP'))).destroy()
    expect(asked()).toBe(2)
  })
})

describe('a server that accepts a connection and says nothing', () => {
  test.each([
    ['Npgsql default', 15_000],
    ['pgjdbc with HikariCP', 10_000],
    ['Azure guidance 5 s to 60 s', LOAD_DEFAULTS.connectTimeoutMs],
  ] as const)('%s gives up after its own %i ms', async (name, afterMs) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    const server = await fakePostgres({ kind: 'silence' })
    let failed: unknown = null
    open(new Connector(), server.port, clientOf(name)).catch((error: unknown) => {
      failed = error
    })
    await reached(server)
    await vi.advanceTimersByTimeAsync(afterMs - 1)
    expect(failed).toBeNull()
    await vi.advanceTimersByTimeAsync(1)
    expect(failed).toMatchObject({ code: 'connect-timeout' })
  })

  test.each(['libpq default', 'node-postgres pool'] as const)('%s waits for an hour and longer', async (name) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    const server = await fakePostgres({ kind: 'silence' })
    let isSettled = false
    open(new Connector(), server.port, clientOf(name)).then(
      () => {
        isSettled = true
      },
      () => {
        isSettled = true
      },
    )
    await reached(server)
    await vi.advanceTimersByTimeAsync(3_600_000)
    expect([isSettled, server.open]).toEqual([false, 1])
  })

  const reached = async (server: { readonly open: number }): Promise<void> => {
    while (server.open === 0) await new Promise(setImmediate)
  }
})

test.each([
  ['libpq default', [[true, 7_200_000]]],
  ['Npgsql default', []],
  ['pgjdbc with HikariCP', []],
  ['node-postgres pool', []],
  ['Azure guidance 5 s to 60 s', [[true, 10_000]]],
] as const)('%s has TCP probe an idle connection as %j', async (name, expected) => {
  const keepAlive = vi.spyOn(Socket.prototype, 'setKeepAlive')
  const server = await fakePostgres({ kind: 'welcome' })
  const wire = await open(new Connector(), server.port, clientOf(name))
  expect(keepAlive.mock.calls).toEqual(expected)
  wire.destroy()
  await eventually('the server sees the end', 10_000, () => Promise.resolve(server.open === 0))
})
