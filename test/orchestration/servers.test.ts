/** Two servers, each with its own timer: what one does never decides the other. */

import { HttpRequest } from '@azure/functions'
import { expect, test } from 'vitest'
import { writeDailyRecord } from '../../functions/clients/storage/daily-records.ts'
import type { IndexEntry } from '../../functions/model/drill-index.ts'
import type { DailyAnswer, DailyRecord } from '../../functions/model/history/daily-record.ts'
import type { StoredRequest } from '../../functions/model/plan.ts'
import type { Verdict } from '../../functions/model/report.ts'
import type { RequestDefaults } from '../../functions/request/request.ts'
import { dailyDrill } from '../../functions/triggers/daily-drill.ts'
import { dailyApi } from '../../functions/triggers/dashboard-api.ts'
import { blobNames } from '../../loadgen-image/contract/glossary.ts'
import { FakeOrchestrations } from '../support/fake-orchestrations.ts'
import { putEntry } from '../support/index-entries.ts'
import { createWorld } from '../support/world/world.ts'

const DAY = 86_400_000
const at = (name: string) => ({ resourceGroup: `rg-${name}`, server: `pg-${name}`, database: 'app' })
const TARGETS = [
  { name: 'orders', target: at('orders'), cooldownMinutes: 20, schedule: '0 0 0 * * *' },
  { name: 'billing', target: at('billing'), cooldownMinutes: 20, schedule: '0 0 0 * * *' },
] as const

function setUp(stopAfterFailures = 3) {
  const world = createWorld()
  const service = new FakeOrchestrations(() => world.clock.now())
  const logged: string[] = []
  const fire = (name: 'orders' | 'billing') =>
    dailyDrill(world.clients, {
      name,
      request: { targetTps: 100 },
      source: `dailyRequest of target ${name} in DRILL_TARGETS`,
      stopAfterFailures,
      defaults: { targets: TARGETS },
    })({ isPastDue: false }, service.client, { log: (line: string) => void logged.push(line) })
  /** Its drill ends with this verdict, half an hour after it began. */
  const end = async (drillId: string | null, verdict: Verdict) => {
    const stored = await world.blobs.readJson<StoredRequest>(blobNames.request(drillId ?? ''))
    if (stored === null) throw new Error(`drill ${drillId} was not started`)
    service.end(stored.plan.drillId, 'Completed')
    const endedAt = new Date(world.clock.nowMs + 1_800_000).toISOString()
    putEntry(world, stored.plan, { endedAt, verdict, headline: '' } satisfies Partial<IndexEntry>)
  }
  const nextDay = () => world.clock.moveTo(world.clock.nowMs + DAY)
  return { world, service, fire, end, nextDay, logged }
}

test('one server fails three days in a row and stops, the other goes on', async () => {
  const { fire, end, nextDay, logged } = setUp()
  const outcomes: string[] = []
  for (let day = 1; day <= 6; day++) {
    const orders = await fire('orders')
    const billing = await fire('billing')
    outcomes.push(`${orders.outcome} ${billing.outcome}`)
    if (orders.outcome === 'started') await end(orders.drillId, 'FAIL')
    await end(billing.drillId, 'PASS')
    nextDay()
  }
  expect(outcomes).toEqual([...Array(3).fill('started started'), ...Array(3).fill('stopped started')])
  expect(logged).toHaveLength(3)
  expect(JSON.parse((logged[0] ?? '').replace('drill-skipped ', ''))).toMatchObject({
    server: 'pg-orders',
    resourceGroup: 'rg-orders',
    reason: expect.stringContaining(
      'It goes on after a drill of this server started by hand has passed, or after dailyRequest of target orders in DRILL_TARGETS has changed',
    ),
  })
})

test('the API says of which servers with a schedule the newest firing started no drill', async () => {
  const { world, fire, end, nextDay } = setUp(1)
  const waiting = async (targets: RequestDefaults['targets'] = TARGETS) => {
    const request = new HttpRequest({ method: 'GET', url: 'http://localhost/api/daily' })
    const { jsonBody } = await dailyApi(world.clients, { targets }).read(request)
    return (jsonBody as { withoutDrill: DailyRecord[] }).withoutDrill.map(({ target, outcome }) => [
      target.server,
      outcome,
    ])
  }
  await end((await fire('orders')).drillId, 'FAIL')
  await fire('billing')
  expect(await waiting()).toEqual([])
  nextDay()
  await Promise.all([fire('orders'), fire('billing')])
  expect((await waiting()).sort()).toEqual([
    ['pg-billing', 'skipped'],
    ['pg-orders', 'stopped'],
  ])
  const [orders, billing] = TARGETS
  expect(await waiting([{ ...orders, schedule: null }, billing])).toEqual([['pg-billing', 'skipped']])
})

test('a server that stopped is still named when the timers of the others have fired a thousand times since', async () => {
  const { world, fire, end, nextDay } = setUp(1)
  await end((await fire('orders')).drillId, 'FAIL')
  nextDay()
  const stopped = await fire('orders')
  expect(stopped.outcome).toBe('stopped')
  for (let i = 1; i <= 1_000; i++)
    await writeDailyRecord(world.table, {
      ...{ at: new Date(world.clock.nowMs + i * 60_000).toISOString(), target: at('billing'), requestHash: '' },
      ...{ outcome: 'started', why: 'on schedule', drillId: `billing-${i}` },
    })
  world.table.calls.length = 0
  const read = async (query = '') => {
    const request = new HttpRequest({ method: 'GET', url: `http://localhost/api/daily${query}` })
    return (await dailyApi(world.clients, { targets: TARGETS }).read(request)).jsonBody as DailyAnswer
  }
  expect((await read()).withoutDrill).toEqual([stopped])
  expect((await read('?server=pg-orders')).records.map(({ outcome }) => outcome)).toEqual(['stopped', 'started'])
  // Of the newest firings and of each server one; the first of them grows its pages up to a hundred records.
  expect(world.table.calls.length).toBeLessThanOrEqual(2 * (1 + 1 + TARGETS.length))
})

test('each server has its own number of failures after which it stops', async () => {
  const { fire, end, nextDay } = setUp(1)
  await end((await fire('orders')).drillId, 'FAIL')
  nextDay()
  expect([(await fire('orders')).outcome, (await fire('billing')).outcome]).toEqual(['stopped', 'started'])
})

test('two timers of one moment start two drills, with an id and a record each', async () => {
  const { fire, service, world } = setUp()
  const [orders, billing] = await Promise.all([fire('orders'), fire('billing')])
  expect([orders.drillId, billing.drillId]).toEqual(['daily-orders-20260101-0000', 'daily-billing-20260101-0000'])
  expect(service.instances.size).toBe(2)
  const servers = [...service.instances.values()].map(({ input }) => (input as { target: object }).target)
  expect(servers).toEqual([at('orders'), at('billing')])
  const read = async (query: string) => {
    const request = new HttpRequest({ method: 'GET', url: `http://localhost/api/daily${query}` })
    return (await dailyApi(world.clients, { targets: TARGETS }).read(request)) as {
      status: number
      jsonBody?: { records: { target: { server: string } }[] }
    }
  }
  const seen = async (query: string) => (await read(query)).jsonBody?.records.map(({ target }) => target.server).sort()
  expect(await seen('')).toEqual(['pg-billing', 'pg-orders'])
  expect(await seen('?server=PG-Orders'.toLowerCase())).toEqual(['pg-orders'])
  expect(await seen('?server=orders')).toEqual([])
  for (const query of ['?server=no.name', '?servers=pg-orders']) expect((await read(query)).status).toBe(400)
})

test('a drill of one server holds that server alone', async () => {
  const { fire, nextDay } = setUp()
  await fire('orders')
  nextDay()
  expect([(await fire('orders')).why, (await fire('billing')).outcome]).toEqual([
    'drill daily-orders-20260101-0000 is running against pg-orders',
    'started',
  ])
})
