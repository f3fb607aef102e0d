/** Split brain: what proves it, what does not, and when nothing can be said. */
import { expect, test } from 'vitest'
import { hasOldPrimary, splitBrainOf, splitBrainSentences } from '../../../functions/event-figures/split-brain.ts'
import type { Promotion } from '../../../functions/stale-primary/judge.ts'
import { staleWatchOf } from '../../../functions/stale-primary/sessions.ts'
import { stalePrimaryOf } from '../../../functions/stale-primary/stale-event.ts'
import { aProbeRecord } from '../reachability/support.ts'
import { aPromotion, aReading, aWatch, every500, us } from './support.ts'

const before = every500(0, 9_500)
const LOST = aReading({ writes: before, end: [10_050, '57P01'] })

test('a session that its server closed says that no write was acknowledged after T2', () => {
  expect(stalePrimaryOf(aWatch(LOST), aPromotion(), [])).toMatchObject({
    ...{ state: 'none', sessions: 1, writes: 0, rows: [], why: null, uncertaintyMs: 5, oldTimeline: 1, newTimeline: 2 },
    lastAcknowledgedAt: '1970-01-01T00:00:09.502Z',
    sentence:
      'The old primary acknowledged no write after T2 in 1 session that was open before the event: the last one was acknowledged at 00:00:09.502, 4.50 s before T2 (clocks agree within 5.00 ms); 1 lost (57P01).',
  })
})

test('writes that were sent after T2 and acknowledged on the old timeline are split brain, with each row and whether the new primary has it', () => {
  const watch = aWatch(LOST, aReading({ writes: [...before, 13_500, 14_200, 14_700], openUntil: 15_000 }))
  const found = stalePrimaryOf(watch, aPromotion(), [
    { container: 0, session: 1, firstSeq: 1, lastSeq: 99 },
    { container: 1, session: 1, firstSeq: 1, lastSeq: 22 },
    { container: 1, session: 2, firstSeq: 1, lastSeq: 99 },
  ])
  expect(found).toMatchObject({ state: 'split brain', sessions: 2, writes: 2, absent: 1 })
  const row = { container: 1, session: 1, timeline: 1 }
  expect(found.rows).toEqual([
    {
      ...row,
      seq: 22,
      sentAt: '1970-01-01T00:00:14.200Z',
      acknowledgedAt: '1970-01-01T00:00:14.202Z',
      onNewPrimary: true,
    },
    {
      ...row,
      seq: 23,
      sentAt: '1970-01-01T00:00:14.700Z',
      acknowledgedAt: '1970-01-01T00:00:14.702Z',
      onNewPrimary: false,
    },
  ])
  expect(found.sentence).toBe(
    'Split brain: the old primary acknowledged 2 writes on timeline 1 in 1 session, 0.202 s to 0.702 s after T2 (clocks agree within 5.00 ms); the audited primary has 1 of their rows.',
  )
  expect(stalePrimaryOf(watch, aPromotion(), null)).toMatchObject({ absent: null, rows: [{ onNewPrimary: null }, {}] })
})

test.each<[string, readonly number[], Partial<Promotion>, string, number | null]>([
  ['sent after T2 by more than the clocks may be apart', [14_006], {}, 'split brain', 1],
  ['sent after T2, and within what the clocks may be apart', [14_004], {}, 'in doubt', null],
  ['acknowledged before T2, and within what the clocks may be apart', [13_994], {}, 'in doubt', null],
  ['acknowledged before T2 by more than that', [13_992], {}, 'none', 0],
  [
    'sent after T2, where the clock of a container is not known',
    [15_900],
    { boundUs: () => us(2_000) },
    'in doubt',
    null,
  ],
])('a write %s', (_what, sent, own, state, writes) => {
  const watch = aWatch(aReading({ writes: [...before, ...sent], end: [16_000, 'ECONNRESET'] }))
  expect(stalePrimaryOf(watch, aPromotion(own), [])).toMatchObject({ state, writes })
})

test('a write that was sent before T2 and whose reply was read after it is in doubt, and no split brain', () => {
  const reading = aReading({ writes: before, end: [20_000, '57P01'] })
  const [run] = reading.writes
  const late = { ...run, sentAtUs: [us(9_900)], acknowledgedAtUs: [us(19_000)], firstSeq: 21 }
  const found = stalePrimaryOf(aWatch({ ...reading, writes: [...reading.writes, late as never] }), aPromotion(), [])
  expect(found).toMatchObject({
    state: 'in doubt',
    writes: null,
    rows: [],
    why: expect.stringContaining('1 write of the old timeline was sent before T2'),
  })
})

test('a session that was opened during the event counts as none of those that were there, and its writes on the old timeline are split brain', () => {
  const later = aReading({ session: 2, opened: 12_000, writes: [12_500, 14_500], openUntil: 15_000 })
  expect(stalePrimaryOf(aWatch(later), aPromotion(), null)).toMatchObject({
    state: 'split brain',
    sessions: 0,
    writes: 1,
  })
  const silent = aReading({ session: 2, opened: 12_000, writes: [12_500], end: [13_000, '57P01'] })
  expect(stalePrimaryOf(aWatch(silent), aPromotion(), null)).toMatchObject({
    state: 'not measured',
    why: 'no session was open before the event',
  })
})

test('writes on the new timeline, and on one before the old, are not the old primary of this event', () => {
  const others = [2, 3].map((timeline) => aReading({ session: timeline, timeline, opened: 15_000, writes: [16_000] }))
  const first = aReading({ writes: [60_000], openUntil: 61_000 })
  expect(stalePrimaryOf(aWatch(LOST, ...others), aPromotion(), null).state).toBe('none')
  const second = aPromotion({ beginUs: us(50_000), t2Us: us(54_000), oldTimeline: 2, newTimeline: 3 })
  expect(stalePrimaryOf(aWatch(first), second, null)).toMatchObject({ state: 'not measured', writes: null })
  expect(stalePrimaryOf(aWatch(first), aPromotion(), null)).toMatchObject({ state: 'split brain', writes: 1 })
})

test.each([
  [
    'has a write without an answer',
    { openUntil: 20_000, unansweredSince: 9_900 },
    'none',
    '1 open without an answer at the end',
  ],
  ['had its writes refused after T2', { openUntil: 20_000, failed: [14_500] }, 'none', '1 open.'],
  [
    'tried no write after T2',
    { openUntil: 14_010 },
    'not measured',
    'no record shows that a session tried to write after T2',
  ],
  ['has no record after T2', { openUntil: 13_000, unansweredSince: 9_900 }, 'not measured', 'no record shows'],
  [
    'was lost before the event',
    { end: [9_000, '57P05'] as const },
    'not measured',
    'every session was lost before the event (57P05)',
  ],
])('a session that %s', (_what, course, state, words) => {
  const found = stalePrimaryOf(aWatch(aReading({ writes: before.slice(0, 15), ...course })), aPromotion(), [])
  expect(found).toMatchObject({ state, sentence: expect.stringContaining(words) })
})

test('what was not watched is not measured, and says why', () => {
  const why = (watch: Parameters<typeof stalePrimaryOf>[0]) => stalePrimaryOf(watch, aPromotion(), null).why
  expect(why(aWatch())).toBe('the load generators left no record of a watch')
  expect(why(aWatch({ problem: 'there is no table drill_watch' }))).toBe('there is no table drill_watch')
  expect(why(aWatch({ refusals: [{ atUs: 1, code: 'ECONNREFUSED' }] }))).toBe(
    'no session could be opened straight to the server (ECONNREFUSED)',
  )
})

test('records count once, on the clock of the database, in any order', () => {
  const reading = aReading({ writes: [...before, 14_200], openUntil: 15_000 })
  const record = (watch: typeof reading) => aProbeRecord({ watch })
  const clock = { offsetUs: us(7_000), errorMs: 1 }
  const ahead = staleWatchOf([record(reading), record(reading)].reverse(), [{ container: 0, incarnation: 'a', clock }])
  const promotion = aPromotion({ beginUs: us(3_000), t2Us: us(7_000) })
  expect(stalePrimaryOf(ahead, promotion, null)).toMatchObject({
    writes: 1,
    rows: [{ sentAt: '1970-01-01T00:00:07.200Z' }],
  })
})

test('the figure adds up events, is a lower bound where one is not known, and is missing without a new timeline', () => {
  const split = aWatch(aReading({ writes: [...before, 14_200, 14_700], openUntil: 15_000 }))
  const event = (number: number, watch: typeof split, promotion: Promotion | null = aPromotion()) => ({
    number,
    stalePrimary: stalePrimaryOf(watch, promotion, null),
  })
  const [found, calm, unknown] = [event(1, split), event(2, aWatch(LOST)), event(3, aWatch())]
  const none = event(4, split, null)
  expect(splitBrainOf([found, calm])).toEqual({ kind: 'value', value: 2 })
  expect(splitBrainOf([calm, none])).toEqual({ kind: 'value', value: 0 })
  expect(splitBrainOf([found, unknown])).toMatchObject({ kind: 'at-least', value: 2 })
  expect(splitBrainOf([calm, unknown])).toMatchObject({ kind: 'missing', why: expect.stringContaining('event 3: ') })
  expect(splitBrainOf([none])).toMatchObject({ kind: 'missing' })
  expect([hasOldPrimary([none]), hasOldPrimary([unknown])]).toEqual([false, true])
  expect(splitBrainSentences([found])).toEqual([found.stalePrimary.sentence])
  expect(splitBrainSentences([calm, { ...found, number: 2 }])).toEqual([`Event 2: ${found.stalePrimary.sentence}`])
})
