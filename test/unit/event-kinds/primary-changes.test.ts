import { expect, test } from 'vitest'
import { wouldShow } from '../../../functions/event-kinds/kinds.ts'
import { changesOfPrimary, isOtherPrimary, signsOfEvent } from '../../../functions/event-kinds/primary-changes.ts'
import { isBusy } from '../../../functions/model/event-answer.ts'
import type { PrimaryIdentity } from '../../../functions/model/facts.ts'

const before: PrimaryIdentity = {
  observedAt: '2026-01-01T00:00:00.000Z',
  serverId: '/servers/pg-a',
  sku: 'Standard_D4ds_v5',
  timeline: 1,
  address: '10.0.0.1',
  postmasterStartedAt: '2025-01-01T00:00:00.000Z',
  walLsn: '0/1',
  availabilityZone: '1',
  standbyZone: '2',
  haState: 'Healthy',
  serverState: 'Ready',
}

for (const [change, signs] of [
  [{}, []],
  [{ observedAt: 'later', walLsn: '0/9' }, []],
  [{ timeline: 2 }, ['timeline 1 -> 2']],
  [{ address: '10.0.0.2' }, ['server address 10.0.0.1 -> 10.0.0.2']],
  [{ availabilityZone: '2' }, ['zone of the primary 1 -> 2']],
  [{ serverId: '/servers/pg-b' }, ['server behind the name /servers/pg-a -> /servers/pg-b']],
  [{ sku: 'Standard_D8ds_v5' }, ['size of the server Standard_D4ds_v5 -> Standard_D8ds_v5']],
  [{ haState: 'FailingOver' }, ['HA state FailingOver']],
  [{ serverState: 'Updating' }, ['server state Updating']],
  [{ timeline: null, address: null, postmasterStartedAt: null }, ['the server does not answer SQL']],
  [{ haState: null, serverState: null, availabilityZone: null }, []],
] as const)
  test(`${JSON.stringify(change)} shows ${signs.length === 0 ? 'nothing' : signs.join()}`, () => {
    expect(signsOfEvent(before, { ...before, ...change })).toEqual(signs)
  })

test('only another primary changes who is primary', () => {
  expect(changesOfPrimary(before, { ...before, haState: 'FailingOver', serverState: 'Updating' })).toEqual([])
})

test('what was not known before cannot have changed', () => {
  const blind = { ...before, timeline: null, address: null, availabilityZone: null, haState: null, serverState: null }
  expect(signsOfEvent(blind, { ...before, timeline: 7, haState: 'FailingOver' })).toEqual([])
})

for (const [what, change, isOther] of [
  ['nothing', {}, false],
  ['a restart', { postmasterStartedAt: '2026-01-01T00:00:01.000Z' }, false],
  ['a promotion', { timeline: 2 }, true],
  ['the zone of an earlier promotion, reported late', { availabilityZone: '2' }, false],
  ['a zone that changed while SQL is silent', { timeline: null, availabilityZone: '2' }, true],
  ['a rebuild of the standby', { haState: 'ReplicatingData' }, false],
] as const)
  test(`${what} ${isOther ? 'shows another primary' : 'is of the same primary'}`, () =>
    expect(isOtherPrimary(before, { ...before, ...change })).toBe(isOther))

test('without what the event changes before, silence shows nothing', () => {
  const failover = { atSeconds: 30, kind: 'failover', mode: 'forced' } as const
  expect(wouldShow(failover, before)).toBe(true)
  expect(wouldShow(failover, { ...before, timeline: null })).toBe(false)
})

for (const [status, code, busy] of [
  [409, 'ServerIsBusy', true],
  [400, 'ServerIsNotReady', true],
  [429, 'TooManyRequests', true],
  [409, 'SomethingElse', true],
  [403, 'AuthorizationFailed', false],
  [404, 'ResourceNotFound', false],
  [400, 'InvalidParameterValue', false],
] as const)
  test(`${status} ${code} is ${busy ? '' : 'not '}worth another request later`, () =>
    expect(isBusy({ status, code })).toBe(busy))
