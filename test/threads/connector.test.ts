/** The connector resolves a name often enough to notice a failover, and rarely enough not to slow down 200 workers. */
import { lookup } from 'node:dns/promises'
import { afterEach, expect, test, vi } from 'vitest'
import { oneServer } from '../../loadgen-image/connection/target.ts'
import { Connector, type Wire } from '../../loadgen-image/send/connector.ts'
import { withNullServer } from '../bench/null-server-process.ts'
import { eventually } from '../support/eventually.ts'
import { placeOf } from '../support/sql.ts'

vi.mock('node:dns/promises', { spy: true })
afterEach(() => void vi.mocked(lookup).mockReset())

const asked = (): number => vi.mocked(lookup).mock.calls.length

const openMany = (connector: Connector, port: number, count: number, timeoutMs = 20_000): Promise<Wire>[] => {
  const target = oneServer({ host: 'localhost', port, database: 'null', user: 'null', password: '' })
  const client = { connectTimeoutMs: timeoutMs, addressCacheMs: 0, keepAliveMs: 10_000 }
  return Array.from({ length: count }, () => connector.open(() => target, client))
}

const leave = (wires: readonly Wire[]): void => {
  for (const wire of wires) wire.destroy()
}

test('200 workers that come back at once ask for the name a few times, and all get in', () =>
  withNullServer(0, async ({ target }) => {
    const wires = await Promise.all(openMany(new Connector(), placeOf(target).port, 200))
    expect(wires).toHaveLength(200)
    expect(asked()).toBeGreaterThan(0)
    expect(asked()).toBeLessThanOrEqual(20)
    leave(wires)
  }))

test('a later connection asks again: after a failover the name is another server', () =>
  withNullServer(0, async ({ target }) => {
    const connector = new Connector()
    leave(await Promise.all(openMany(connector, placeOf(target).port, 1)))
    await eventually('the name is asked for again', 10_000, async () => {
      leave(await Promise.all(openMany(connector, placeOf(target).port, 1)))
      return asked() > 1
    })
  }))

test('while the answer is late all wait for the one question, until the deadline of each', async () => {
  const answer = Promise.withResolvers<never>()
  vi.mocked(lookup).mockReturnValue(answer.promise)
  const connector = new Connector()
  const results = await Promise.allSettled(openMany(connector, 1, 40, 100))
  expect(results.map((result) => result.status === 'rejected' && result.reason.code)).toEqual(
    Array.from({ length: 40 }, () => 'connect-timeout'),
  )
  expect(asked()).toBe(1)
})
