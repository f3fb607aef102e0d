/** The daily drill: when it starts, when it would rather not, and what it writes down. */

import { expect, test } from 'vitest'
import { dailyRecords } from '../../functions/clients/storage/daily-records.ts'
import { serverBlobs } from '../../functions/model/blob-paths.ts'
import type { IndexEntry } from '../../functions/model/drill-index.ts'
import type { StoppedBy } from '../../functions/model/early-end/stopped-by.ts'
import type { DrillPlan } from '../../functions/model/plan.ts'
import type { Verdict } from '../../functions/model/report.ts'
import { dailyDrill } from '../../functions/triggers/daily-drill.ts'
import { dailyDrillId } from '../../functions/triggers/start.ts'
import { sweeper } from '../../functions/triggers/sweeper.ts'
import { requestsTo } from '../support/builders.ts'
import { FakeOrchestrations } from '../support/fake-orchestrations.ts'
import { othersSince, putEntry } from '../support/index-entries.ts'
import { aPlan, target } from '../support/play-drill.ts'
import { createWorld } from '../support/world/world.ts'

const DAY = 86_400_000

type Body = Readonly<Record<string, unknown>>

function setUp(request: Body = {}) {
  const world = createWorld()
  const service = new FakeOrchestrations(() => world.clock.now())
  const handler = (of: Body) =>
    dailyDrill(world.clients, {
      name: target.server,
      request: of,
      source: 'DAILY_DRILL_REQUEST',
      stopAfterFailures: 3,
      defaults: requestsTo(target),
    })
  const logged: string[] = []
  const context = { log: (line: string) => void logged.push(line) }
  const fire = (isPastDue = false, of = request) => handler(of)({ isPastDue }, service.client, context)
  /** A drill that ended some minutes ago. */
  const ended = (
    verdict: Verdict,
    requestedBy: DrillPlan['requestedBy'] = 'timer',
    stoppedBy: IndexEntry['stoppedBy'] = null,
  ) => {
    world.clock.moveTo(world.clock.nowMs + DAY)
    const drillId = `old-${world.clock.nowMs}`
    const plan = { ...aPlan({}, drillId, world.clock.nowMs), requestedBy }
    putEntry(world, plan, { endedAt: world.clock.now().toISOString(), verdict, headline: '', stoppedBy })
    world.clock.moveTo(world.clock.nowMs + 3_600_000)
    return drillId
  }
  /** Three drills, each of which ends without a report. */
  const diesDaily = async (status: string) => {
    for (let day = 0; day < 3; day++) {
      service.end((await fire()).drillId ?? '', status)
      world.clock.moveTo(world.clock.nowMs + DAY)
    }
  }
  return { world, service, fire, ended, diesDaily, logged }
}

test('on schedule a drill starts, under an id of that occurrence', async () => {
  const { fire, service, world } = setUp({ targetTps: 100 })
  expect(await fire()).toMatchObject({ outcome: 'started', drillId: 'daily-20260101-0000' })
  expect(service.instances.get('daily-20260101-0000')?.input).toMatchObject({
    requestedBy: 'timer',
    load: { targetTps: 100 },
  })
  expect(await dailyRecords(world.table, 10)).toMatchObject([{ outcome: 'started', why: 'on schedule' }])
})

test('it is skipped when a drill is running, and names it', async () => {
  const { fire, service, world } = setUp()
  await fire()
  world.clock.moveTo(world.clock.nowMs + DAY)
  expect(await fire()).toMatchObject({
    outcome: 'skipped',
    why: 'drill daily-20260101-0000 is running against pg-under-test',
    drillId: null,
  })
  expect(service.instances.size).toBe(1)
})

test('it is skipped in the cool-down', async () => {
  const { fire, world } = setUp()
  const at = new Date(world.clock.nowMs - 12 * 60_000).toISOString()
  world.blobs.put(serverBlobs.lastPromotion(target), JSON.stringify({ at, drillId: 'other' }))
  expect(await fire()).toMatchObject({
    outcome: 'skipped',
    why: 'since the last failover: 12 min; the cool-down is 20 min',
  })
})

test('after three failures in a row it stops, and says which and how to go on', async () => {
  const { fire, ended, service } = setUp()
  const notStarted = { phase: 'check', checks: ['server-sku'], why: 'a check failed', advice: '' } satisfies StoppedBy
  const ids = [ended('FAIL'), ended('INCONCLUSIVE', 'timer', notStarted), ended('ABORTED')]
  const record = await fire()
  expect(record.outcome).toBe('stopped')
  expect(record.why).toContain(
    `stopped after 3 failures in a row (${ids[2]} ABORTED, ${ids[1]} NOT STARTED, ${ids[0]} FAIL)`,
  )
  expect(record.why).toContain('DAILY_DRILL_REQUEST')
  expect(service.instances.size).toBe(0)
})

test('after three failures it stays stopped, however many drills other servers had since', async () => {
  const { fire, ended, service, world } = setUp()
  for (const verdict of ['FAIL', 'FAIL', 'FAIL'] as const) ended(verdict)
  othersSince(world, aPlan(), 200)
  expect(await fire()).toMatchObject({ outcome: 'stopped' })
  expect(service.instances.size).toBe(0)
})

test('after three failures it stays stopped, however many drills by hand have failed since', async () => {
  const { fire, ended } = setUp()
  for (const verdict of ['FAIL', 'FAIL', 'FAIL'] as const) ended(verdict)
  for (let i = 0; i < 60; i++) ended('INCONCLUSIVE', 'http')
  expect(await fire()).toMatchObject({ outcome: 'stopped' })
})

test('another request starts it again after months of being stopped', async () => {
  const { fire, world, diesDaily } = setUp()
  await diesDaily('Failed')
  for (let day = 0; day < 80; day++) {
    expect((await fire()).outcome).toBe('stopped')
    world.clock.moveTo(world.clock.nowMs + DAY)
  }
  expect((await fire(false, { targetTps: 50 })).outcome).toBe('started')
})

test('a corrected request gets as many tries as the first one, and what failed before it does not count', async () => {
  const { fire, world, service, diesDaily } = setUp()
  await diesDaily('Failed')
  expect((await fire()).outcome).toBe('stopped')
  const outcomes: string[] = []
  for (let day = 0; day < 5; day++) {
    const { outcome, drillId } = await fire(false, { targetTps: 50 })
    outcomes.push(outcome)
    if (drillId !== null) service.end(drillId, 'Failed')
    world.clock.moveTo(world.clock.nowMs + DAY)
  }
  expect(outcomes).toEqual(['started', 'started', 'started', 'stopped', 'stopped'])
})

for (const [what, verdicts] of [
  ['two failures', ['FAIL', 'FAIL']],
  ['a pass in between', ['FAIL', 'FAIL', 'PASS', 'FAIL']],
  ['a pass at last', ['FAIL', 'FAIL', 'FAIL', 'PASS']],
] as const)
  test(`${what} do not stop it`, async () => {
    const { fire, ended } = setUp()
    for (const verdict of verdicts) ended(verdict)
    expect((await fire()).outcome).toBe('started')
  })

test('a pass by hand starts it again, a failure by hand does not count', async () => {
  const stopped = setUp()
  for (const verdict of ['FAIL', 'FAIL', 'FAIL'] as const) stopped.ended(verdict)
  stopped.ended('PASS', 'http')
  expect((await stopped.fire()).outcome).toBe('started')
  const byHand = setUp()
  for (const verdict of ['FAIL', 'FAIL', 'FAIL'] as const) byHand.ended(verdict, 'http')
  expect((await byHand.fire()).outcome).toBe('started')
})

test('a drill that died without a report is a failure', async () => {
  const { fire, diesDaily } = setUp()
  await diesDaily('Terminated')
  const record = await fire()
  expect([record.outcome, record.why.includes('without a report')]).toEqual(['stopped', true])
})

test('a request that cannot be used is recorded with all its problems', async () => {
  const { fire } = setUp({ workers: 0, speed: 1 })
  const record = await fire()
  expect(record.outcome).toBe('failed')
  expect(record.why).toContain('workers: got 0')
  expect(record.why).toContain('speed: unknown field')
})

test('a start that fails is written down as well', async () => {
  const { fire, service, world } = setUp()
  service.startFails = true
  expect((await fire()).outcome).toBe('failed')
  expect(await dailyRecords(world.table, 10)).toMatchObject([{ outcome: 'failed' }])
})

test('every firing that starts no drill leaves one log line with its reason, and one that does leaves none', async () => {
  const { fire, world, ended, logged } = setUp()
  await fire()
  expect(logged).toEqual([])
  const records = [await fire(true), await fire(false, { workers: 0 })]
  world.clock.moveTo(world.clock.nowMs + DAY)
  records.push(await fire())
  for (const verdict of ['FAIL', 'FAIL', 'FAIL'] as const) ended(verdict)
  records.push(await fire())
  expect(records.map(({ outcome }) => outcome)).toEqual(['skipped', 'failed', 'skipped', 'stopped'])
  expect(logged).toEqual(
    records.map(
      ({ why, at }) =>
        `drill-skipped ${JSON.stringify({ server: target.server, resourceGroup: target.resourceGroup, reason: why, at })}`,
    ),
  )
})

test('a skip is logged even when storage is the reason', async () => {
  const { fire, world, logged } = setUp()
  world.table.put = () => Promise.reject(new Error('storage is away'))
  await expect(fire(true)).rejects.toThrow('storage is away')
  expect(logged).toHaveLength(1)
})

test('records are newest first', async () => {
  const { fire, world } = setUp()
  await fire(true)
  world.clock.moveTo(world.clock.nowMs + DAY)
  await fire()
  expect((await dailyRecords(world.table, 10)).map(({ outcome }) => outcome)).toEqual(['started', 'skipped'])
})

test('the sweeper logs what it deleted and what it could not delete', async () => {
  const lines: string[] = []
  const context = {
    warn: (line: string) => lines.push(`warn ${line}`),
    error: (line: string) => lines.push(`error ${line}`),
  }
  const sweep = async () => ({ deleted: ['a', 'b'], problems: ['c is stuck'] })
  const closeDeadDrills = async () => ['drill d is dead: of no known cause']
  const stopStartedServers = async () => ['server pg was stopped']
  const finishUndo = async () => ['server pg has its size again']
  const removeExpired = async () => ['removed 2 expired drills']
  await sweeper({ sweep, closeDeadDrills, stopStartedServers, finishUndo, removeExpired })(
    {} as never,
    {} as never,
    context,
  )
  expect(lines).toEqual([
    'warn deleted 2 expired containers: a, b',
    'error c is stuck',
    'error drill d is dead: of no known cause',
    'warn server pg has its size again',
    'warn server pg was stopped',
    'warn removed 2 expired drills',
  ])
})

const STEPS = {
  sweep: 'deleting expired containers',
  closeDeadDrills: 'closing dead drills',
  finishUndo: 'undoing what drills left',
  stopStartedServers: 'stopping servers',
  removeExpired: 'removing what has expired',
} as const
type StepName = keyof typeof STEPS

test.each(Object.keys(STEPS) as StepName[])('a step %s that fails stops none of the others', async (failing) => {
  const lines: string[] = []
  const context = { warn: (line: string) => lines.push(line), error: (line: string) => lines.push(line) }
  const step = (name: StepName) => async () => {
    if (name === failing) throw new Error('503')
    return [name]
  }
  await sweeper({
    sweep: async () => ({ deleted: [], problems: await step('sweep')() }),
    closeDeadDrills: step('closeDeadDrills'),
    finishUndo: step('finishUndo'),
    stopStartedServers: step('stopStartedServers'),
    removeExpired: step('removeExpired'),
  })({} as never, {} as never, context)
  expect(lines).toEqual(Object.entries(STEPS).map(([name, what]) => (name === failing ? `${what} failed: 503` : name)))
})

test('a timer that fires some milliseconds early, and again at its time, is one occurrence with one drill', async () => {
  const { fire, service, world } = setUp()
  const dueMs = Math.ceil(world.clock.nowMs / DAY) * DAY + DAY + 2 * 3_600_000
  world.clock.moveTo(dueMs - 5)
  const early = await fire()
  world.clock.moveTo(dueMs + 10)
  const again = await fire()
  expect([early, again].map(({ outcome, drillId }) => [outcome, drillId])).toEqual([
    ['started', early.drillId],
    ['started', early.drillId],
  ])
  expect(early.drillId).toBe(dailyDrillId(new Date(dueMs)))
  expect(service.instances.size).toBe(1)
})
