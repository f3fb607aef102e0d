/** Which server a request means, and what that server adds to it. */
import { expect, test } from 'vitest'
import { requestOfPlan } from '../../../functions/request/again.ts'
import { parseRequest, type RequestDefaults } from '../../../functions/request/request.ts'

const at = (server: string) => ({ resourceGroup: `rg-${server}`, server, database: 'app' })
const ORDERS = { name: 'orders', target: at('pg-orders'), cooldownMinutes: 20 }
const BILLING = {
  name: 'billing',
  target: at('pg-billing'),
  cooldownMinutes: 45,
  requestDefaults: { targetTps: 500, migrate: true, note: 'nightly' },
}
const ONE: RequestDefaults = { targets: [ORDERS] }
const TWO: RequestDefaults = { targets: [ORDERS, BILLING] }

const parse = (body: object, defaults = TWO) =>
  parseRequest(body, { drillId: 'drill-1', requestedAt: '2026-01-01T00:00:00Z', requestedBy: 'http', defaults })
const planned = (body: object, defaults = TWO) => {
  const parsed = parse(body, defaults)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return parsed.plan
}
const problemsOf = (body: object, defaults = TWO) => {
  const parsed = parse(body, defaults)
  return parsed.ok ? [] : parsed.problems
}

test('a request without a target is of the only one', () => {
  expect(planned({}, ONE).target).toEqual(at('pg-orders'))
  expect(planned({ target: 'orders' }, ONE).target).toEqual(at('pg-orders'))
})

test.each([
  ['its name', 'billing', at('pg-billing')],
  ['its server', { server: 'pg-billing' }, at('pg-billing')],
  ['server and group in other letters', { server: 'pg-billing', resourceGroup: 'RG-pg-Billing' }, at('pg-billing')],
  ['another database of it', { server: 'pg-billing', database: 'other' }, { ...at('pg-billing'), database: 'other' }],
] as const)('of several servers one is chosen by %s', (_by, target, expected) => {
  const { target: chosen, timing } = planned({ target })
  expect({ ...chosen, resourceGroup: chosen.resourceGroup.toLowerCase() }).toEqual(expected)
  expect(timing.cooldownMinutes).toBe(45)
})

test.each([
  ['no target', {}, 'the request names no server, and the app has several'],
  ['an unknown name', { target: 'shop' }, 'got a text of 4 characters'],
  ['an unknown server', { target: { server: 'pg-shop' } }, 'got an object'],
  ['a server in another group', { target: { server: 'pg-billing', resourceGroup: 'rg-pg-orders' } }, 'got an object'],
  ['a database without a server', { target: { database: 'app' } }, 'got an object'],
])('of several servers %s is refused with the known names', (_what, body, problem) => {
  expect(problemsOf(body)).toEqual([{ field: 'target', problem, expected: 'one of orders, billing' }])
})

test('an unknown name is refused with the known name also where there is one', () => {
  expect(problemsOf({ target: 'shop' }, ONE)).toEqual([
    { field: 'target', problem: 'got a text of 4 characters', expected: 'one of orders' },
  ])
})

test('a server beside a single target is reached as that one', () => {
  expect(planned({ target: { server: 'pg-other' } }, ONE).target).toEqual({ ...at('pg-orders'), server: 'pg-other' })
})

test('a malformed target and other bad fields are named together, each once', () => {
  expect(problemsOf({ target: 'Not A Name', workers: 0 }).map(({ field }) => field)).toEqual(['target', 'workers'])
  expect(problemsOf({ target: { host: 'x' }, workers: 0 }, ONE).map(({ field }) => field)).toEqual([
    'target.host',
    'workers',
  ])
  expect(problemsOf({ target: 'shop', workers: 0 }).map(({ field }) => field)).toEqual(['workers', 'target'])
})

test('the request defaults of a target stand in for what a request does not name, and for nothing else', () => {
  expect(planned({ target: 'billing' })).toMatchObject({ load: { targetTps: 500 }, migrate: true, note: 'nightly' })
  expect(planned({ target: 'billing', targetTps: 50, migrate: false })).toMatchObject({
    load: { targetTps: 50 },
    migrate: false,
  })
  expect(planned({ target: 'orders' })).toMatchObject({ load: { targetTps: 8_000 }, migrate: false, note: null })
})

test('a problem of a request default says where it comes from', () => {
  const bad = { ...BILLING, requestDefaults: { workers: 0 } }
  expect(problemsOf({ target: 'billing' }, { targets: [ORDERS, bad] })).toMatchObject([
    { field: 'workers', problem: 'got 0 (a request default of target billing)' },
  ])
  expect(problemsOf({ target: 'billing', workers: -1 }, { targets: [ORDERS, bad] })).toMatchObject([
    { field: 'workers', problem: 'got -1' },
  ])
})

test.each([
  ['defaults alone', { target: 'billing' }],
  ['no note and no migration', { target: 'billing', note: '', migrate: false }],
  ['another database', { target: { server: 'pg-billing', database: 'other' } }],
  ['the first server', { target: 'orders', workers: 5 }],
])('run again gives the same plan, with %s', (_what, body) => {
  const plan = planned(body)
  const again = requestOfPlan(plan, TWO)
  expect(planned(again)).toEqual(plan)
  expect(typeof again.target).toBe(typeof body.target)
})
