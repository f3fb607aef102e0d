/** The table of the kinds of events: what each asks for, needs, changes and is proven by. */
import { describe, expect, test } from 'vitest'
import { BEFORE_CHECK_IDS } from '../../../functions/checklist/before.ts'
import type { SeenOfEvent } from '../../../functions/event-kinds/kind.ts'
import {
  isCaused,
  isDone,
  isNeededBy,
  isProven,
  mayPromote,
  modeOf,
  platformRequestOf,
  recognisedBy,
  titleOf,
  wordsOf,
  wouldShow,
} from '../../../functions/event-kinds/kinds.ts'
import type { PrimaryIdentity } from '../../../functions/model/facts.ts'
import type { PlannedEvent } from '../../../functions/model/planned-event.ts'
import { before, CHANGES, EXTERNAL, RESTART, SCALE, SWITCHOVER } from '../../support/kinds-of-events.ts'

const FAILOVER: PlannedEvent = { atSeconds: 30, kind: 'failover', mode: 'plannedSwitchover' }

test.each<[PlannedEvent, object | null, string, string]>([
  [
    FAILOVER,
    { call: 'restart', failoverMode: 'plannedSwitchover' },
    'failover by planned switchover',
    'failover by planned switchover of pg-a',
  ],
  [RESTART, { call: 'restart', failoverMode: null }, 'restart', 'restart of pg-a'],
  [
    SCALE,
    { call: 'scale', sku: 'Standard_D8ds_v5' },
    'scaling to Standard_D8ds_v5',
    'scaling of pg-a to Standard_D8ds_v5',
  ],
  [
    SWITCHOVER,
    { call: 'promote', replica: 'pg-orders-dr', option: 'forced' },
    'forced switchover to replica pg-orders-dr',
    'forced switchover of pg-a to replica pg-orders-dr',
  ],
  [EXTERNAL, null, 'watch for events that others cause', 'watch of pg-a'],
])('%o asks for %o', (event, request, words, title) => {
  expect(platformRequestOf(event)).toEqual(request)
  expect(isCaused(event)).toBe(request !== null)
  expect([wordsOf(event), titleOf(event, 'pg-a')]).toEqual([words, title])
})

test('another primary, and so a cool-down, comes with every failover and switchover, may come with a scaling, and with no restart', () =>
  expect([FAILOVER, RESTART, SCALE, SWITCHOVER, EXTERNAL].map(mayPromote)).toEqual([true, false, true, true, false]))

test('only failovers and switchovers have modes', () =>
  expect([FAILOVER, RESTART, SCALE, SWITCHOVER, EXTERNAL].map(modeOf)).toEqual([
    'plannedSwitchover',
    null,
    null,
    'forced',
    null,
  ]))

describe('the checklist', () => {
  const needed = (...events: PlannedEvent[]) => BEFORE_CHECK_IDS.filter((id) => isNeededBy(events, id))
  const standby = ['ha-mode', 'ha-healthy', 'zones-differ']

  test('looks for a standby before a failover, and before a drill without an event', () => {
    expect(needed(FAILOVER)).toEqual(expect.arrayContaining(standby))
    expect(needed()).toEqual(needed(FAILOVER))
    expect(needed(RESTART, FAILOVER)).toEqual(expect.arrayContaining(standby))
  })

  test.each([RESTART, SCALE, EXTERNAL])('does not want a standby before $kind', (event) => {
    expect(needed(event).filter((id) => standby.includes(id))).toEqual([])
  })

  test('waits for the cool-down only before a kind that may promote', () => {
    const kinds = [FAILOVER, RESTART, SCALE, SWITCHOVER, EXTERNAL].filter((one) => needed(one).includes('cool-down'))
    expect(kinds).toEqual([FAILOVER, SCALE, SWITCHOVER])
  })
})

const seen = (change: Partial<PrimaryIdentity> | null, own: Partial<SeenOfEvent> = {}): SeenOfEvent => ({
  before: before(),
  after: change === null ? null : before(change),
  newTimeline: null,
  auditTimeline: null,
  otherTimelines: [],
  ...own,
})

test.each<[string, SeenOfEvent, string | null]>([
  ['nothing', seen({}), null],
  ['nobody', seen(null), null],
  ['a new timeline', seen({ timeline: 2 }), 'failover'],
  ['a new timeline that clients saw alone', seen(null, { newTimeline: 2 }), 'failover'],
  ['a new timeline that another event brought', seen({ timeline: 2 }, { otherTimelines: [2] }), null],
  ['a zone that changed while SQL was silent', seen({ timeline: null, availabilityZone: '2' }), 'failover'],
  ['a zone that changed on the same timeline', seen({ availabilityZone: '2' }), null],
  ['another start of the process', seen(CHANGES.restart), 'restart'],
  ['another start, and no timeline is known', seen({ ...CHANGES.restart, timeline: null }), null],
  ['another start on a new timeline', seen({ ...CHANGES.restart, timeline: 2 }), 'failover'],
  ['another size and another start', seen(CHANGES.scaleInPlace), 'scale'],
  ['another size on a new timeline', seen(CHANGES.scaleElsewhere), 'scale'],
  ['another server on a new timeline', seen(CHANGES.switchover), 'switchover'],
  ['another server of another size', seen({ ...CHANGES.switchover, sku: 'Standard_D2ds_v5' }), 'switchover'],
  ['another server on the same timeline', seen({ serverId: '/servers/other' }), null],
])('%s shows %3$s', (_, what, kind) => expect(recognisedBy(what)).toBe(kind))

test.each<[PlannedEvent, Partial<PrimaryIdentity>, boolean, boolean]>([
  [FAILOVER, CHANGES.failover, true, true],
  [FAILOVER, CHANGES.restart, false, false],
  [RESTART, CHANGES.restart, true, true],
  [RESTART, CHANGES.failover, true, false],
  [SCALE, CHANGES.scaleInPlace, true, true],
  [SCALE, { sku: 'standard_d8DS_v5' }, true, true],
  [SCALE, { sku: 'Standard_D2ds_v5' }, false, false],
  [SWITCHOVER, CHANGES.switchover, true, true],
  [SWITCHOVER, { ...CHANGES.switchover, serverId: '/servers/pg-third' }, true, false],
  [SWITCHOVER, CHANGES.failover, false, false],
  [EXTERNAL, CHANGES.failover, false, false],
])('%o after %o: done %s, proven %s', (event, change, done, proven) => {
  expect(isDone(event, before(), before(change))).toBe(done)
  expect(isProven(event, seen(change))).toBe(proven)
})

test.each<[PlannedEvent, Partial<PrimaryIdentity>]>([
  [FAILOVER, { timeline: null }],
  [RESTART, { postmasterStartedAt: null }],
  [SCALE, { sku: null }],
  [SWITCHOVER, { serverId: null, timeline: null }],
])('%o: without %o before, a server that looks the same shows nothing', (event, unknown) => {
  expect(wouldShow(event, before())).toBe(true)
  expect(wouldShow(event, before(unknown))).toBe(false)
})
