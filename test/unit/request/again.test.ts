/** A plan goes back to the request that it was made of, and the presets are requests that the app accepts. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { DrillPlan } from '../../../functions/model/plan.ts'
import { requestOfPlan, wholeRequest } from '../../../functions/request/again.ts'
import { presetsOf } from '../../../functions/request/presets.ts'
import { parseRequest } from '../../../functions/request/request.ts'
import { requestsTo } from '../../support/builders.ts'

const defaults = requestsTo({ resourceGroup: 'rg', server: 'pg-orders', database: 'app' }, 20)
const context = { drillId: 'drill-1', requestedAt: '2026-01-01T00:00:00.000Z', requestedBy: 'http', defaults } as const

function planOf(body: unknown): DrillPlan {
  const parsed = parseRequest(body, context)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return parsed.plan
}

test.each<[string, Readonly<Record<string, unknown>>]>([
  ['nothing', {}],
  ['a rate and checks', { targetTps: 400, force: ['server-sku', 'storage-iops'], note: 'before the release' }],
  ['a part of the timing', { timing: { warmupSeconds: 12, lateMetricsSeconds: 0 } }],
  ['another server', { target: { server: 'pg-other' } }],
  ['zones as before', { durationSeconds: 3_000, returnHome: true }],
  ['no event', { events: [] }],
  [
    'two kinds',
    {
      durationSeconds: 1_500,
      events: [
        { atSeconds: 90, kind: 'restart' },
        { atSeconds: 1_300, kind: 'scale', sku: 'Standard_D8ds_v5' },
      ],
    },
  ],
])('a request of %s comes back as it was sent', (_, body) => {
  expect(requestOfPlan(planOf(body), defaults)).toEqual(body)
})

test('any accepted request comes back as one that gives the same plan, and so does the one with every field', () => {
  const body = fc.record(
    {
      targetTps: fc.integer({ min: 2, max: 20_000 }),
      workers: fc.integer({ min: 1, max: 3_000 }),
      durationSeconds: fc.integer({ min: 200, max: 4_000 }),
      arrivals: fc.constantFrom('even', 'poisson'),
      transactions: fc.constantFrom('ledger', 'compat'),
      migrate: fc.boolean(),
      containers: fc.integer({ min: 1, max: 8 }),
      timing: fc.record(
        { warmupSeconds: fc.integer({ min: 0, max: 20 }), minBaselineSeconds: fc.integer({ min: 3, max: 40 }) },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: [] },
  )
  let accepted = 0
  fc.assert(
    fc.property(body, (given) => {
      const parsed = parseRequest(given, context)
      if (!parsed.ok) return
      accepted++
      expect(planOf(requestOfPlan(parsed.plan, defaults))).toEqual(parsed.plan)
      expect(planOf(wholeRequest(parsed.plan, defaults))).toEqual(parsed.plan)
    }),
    { numRuns: 60 },
  )
  expect(accepted).toBeGreaterThan(20)
})

test.each(['local', 'azure'] as const)('every preset of %s is a request that the app accepts', (pace) => {
  const presets = presetsOf(pace)
  expect(presets.map(({ id }) => id)).toEqual(['quick', 'planned', 'standard', 'five-hours', 'watch'])
  for (const { request } of presets) expect(planOf(request).target.server).toBe('pg-orders')
})

test.each(['local', 'azure'] as const)('every preset of %s is what its name says', (pace) => {
  const shown = presetsOf(pace).map(({ id, request, isLight }) => {
    const { load, events } = planOf(request)
    const isFull = load.targetTps === 8_000
    return [id, isFull, isLight, events.map((event) => ('mode' in event ? `${event.mode} ${event.kind}` : event.kind))]
  })
  expect(shown).toEqual([
    ['quick', false, true, ['forced failover']],
    ['planned', false, true, ['planned failover']],
    ['standard', true, false, ['forced failover']],
    ['five-hours', true, false, ['forced failover', 'planned failover']],
    ['watch', false, true, ['external']],
  ])
  const seconds = Object.fromEntries(
    presetsOf(pace).map(({ id, request }) => [id, planOf(request).load.durationSeconds]),
  )
  expect([seconds.standard, seconds['five-hours']]).toEqual([300, 5 * 3_600])
  // Long enough for another user to act.
  expect(seconds.watch).toBeGreaterThan(2 * (seconds.quick ?? 0))
})

test('on the local stack a drill may follow the last one at once, and in Azure the cool-down holds', () => {
  const cooldowns = (pace: 'local' | 'azure') =>
    presetsOf(pace).map(({ request }) => planOf(request).timing.cooldownMinutes)
  expect(cooldowns('local')).toEqual([0, 0, 20, 20, 0])
  expect(cooldowns('azure')).toEqual([20, 20, 20, 20, 20])
})
