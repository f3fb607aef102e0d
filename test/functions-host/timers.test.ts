/** Timer triggers: the occurrences of NCRONTAB schedules, the firings, and the due times that survive a restart. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { problemOfSchedule } from '../../functions/platform/ncrontab.ts'
import { parseSchedule, type TimerInfo, Timers } from '../../infra/local/functions-host/timers/timers.ts'
import { eventually } from '../support/eventually.ts'
import { aFolder } from '../support/folder.ts'
import { VirtualClock } from '../support/virtual-clock.ts'
import { aHost, anApp } from './support.ts'

const after = (schedule: string, from: string, times = 1): string[] => {
  const parsed = parseSchedule(schedule)
  const found: string[] = []
  for (let ms = Date.parse(from); found.length < times; ) {
    ms = parsed.nextAfterMs(ms) ?? Number.NaN
    found.push(new Date(ms).toISOString().slice(0, 19))
  }
  return found
}

// Where NCRONTAB differs from cron: the seconds, both day fields together, full names. 2026-01-01 is a Thursday.
test.each([
  ['*/20 * * * * *', '2026-01-01T00:00:00Z', ['2026-01-01T00:00:20', '2026-01-01T00:00:40', '2026-01-01T00:01:00']],
  ['0 0 9-17/4 * * *', '2026-01-01T09:00:00Z', ['2026-01-01T13:00:00', '2026-01-01T17:00:00', '2026-01-02T09:00:00']],
  ['0 30 9 * january monday', '2026-01-26T10:00:00Z', ['2027-01-04T09:30:00']],
  ['0 0 0 13 * 5', '2026-01-01T00:00:00Z', ['2026-02-13T00:00:00', '2026-03-13T00:00:00', '2026-11-13T00:00:00']],
  ['0 0 0 * * 0', '2026-01-01T00:00:00Z', ['2026-01-04T00:00:00']],
  ['0 5/25 * * * *', '2026-01-01T00:00:00Z', ['2026-01-01T00:05:00', '2026-01-01T00:30:00', '2026-01-01T00:55:00']],
  ['0 5/1 * * * *', '2026-01-01T00:00:00Z', ['2026-01-01T00:05:00', '2026-01-01T01:05:00']],
  ['0 0 */50 * * *', '2026-01-01T00:00:00Z', ['2026-01-02T00:00:00']],
  ['0 0 0 1 10/5,FEB *', '2026-01-01T00:00:00Z', ['2026-02-01T00:00:00', '2026-10-01T00:00:00']],
  ['0 0 0 * * fri/2', '2026-01-01T00:00:00Z', ['2026-01-02T00:00:00', '2026-01-09T00:00:00']],
  ['  0 0  3 * * * ', '2026-01-01T03:00:00Z', ['2026-01-02T03:00:00']],
])('%s after %s', (schedule, from, wanted) => {
  expect(after(schedule, from, wanted.length)).toEqual(wanted)
})

/** Each form of a field, in each field, with each number of two digits, and names. */
const part = fc
  .tuple(
    fc.oneof(fc.constant('*'), ...['', '-'].map((dash) => aValue(dash))),
    fc.option(fc.integer({ min: 1, max: 99 }), { nil: null }),
  )
  .map(([range, step]) => (step === null ? range : `${range}/${step}`))

function aValue(dash: string) {
  const value = fc.oneof(
    fc.integer({ min: 0, max: 59 }).map(String),
    fc.constantFrom('feb', 'November', 'sat', 'Tuesday'),
  )
  return dash === '' ? value : fc.tuple(value, value).map((both) => both.join(dash))
}

test('every schedule that the settings accept is fired by the local host, and no other is taken', () => {
  const field = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(','))
  let accepted = 0
  // Most texts for a field are none of it: one is put among fields that are.
  const schedule = fc.tuple(fc.nat(5), field).map(([at, text]) => '0 0 2 * * *'.split(' ').with(at, text).join(' '))
  fc.assert(
    fc.property(schedule, (text) => {
      if (problemOfSchedule(text) === null) {
        accepted++
        expect(parseSchedule(text).nextAfterMs(0), text).toBeGreaterThan(0)
      } else expect(() => parseSchedule(text)).toThrow('is not NCRONTAB')
    }),
    { numRuns: 500 },
  )
  expect(accepted).toBeGreaterThan(50)
})

/** Timers on a virtual clock; `go` keeps every appointment up to a time. */
function someTimers(folder: string, from: string, takesMs = 0) {
  const clock = new VirtualClock(Date.parse(from))
  const fired: string[] = []
  const fire = ({ IsPastDue }: TimerInfo) => {
    fired.push(`${new Date(clock.nowMs()).toISOString().slice(0, 16)}${IsPastDue ? ' late' : ''}`)
    return takesMs === 0
      ? Promise.resolve()
      : new Promise<void>((resolve) => clock.at(clock.nowMs() + takesMs, resolve))
  }
  const timers = new Timers(clock, folder)
  const start = (schedule: string) => timers.start({ name: 'daily', schedule: parseSchedule(schedule), fire })
  const go = async (to: string) => {
    for (;;) {
      await new Promise(setImmediate)
      if (clock.nextAtMs === undefined || clock.nextAtMs > Date.parse(to)) break
      clock.jump()
    }
  }
  return { timers, start, fired, go }
}

test('a timer fires on its schedule', async () => {
  const { start, fired, go } = someTimers(aFolder(), '2026-01-01T00:00:00Z')
  start('0 0 3 * * *')
  await go('2026-01-03T00:00:00Z')
  expect(fired).toEqual(['2026-01-01T03:00', '2026-01-02T03:00'])
})

test.each([
  [
    'an occurrence that was missed while no host ran fires at the start, past due',
    '0 0 3 * * *',
    ['2026-01-04T12:00 late', '2026-01-05T03:00'],
  ],
  ['nothing is past due when the schedule was changed meanwhile', '0 0 4 * * *', ['2026-01-05T04:00']],
])('%s', async (_what, schedule, wanted) => {
  const folder = aFolder()
  const before = someTimers(folder, '2026-01-01T00:00:00Z')
  before.start('0 0 3 * * *')
  before.timers.stop()
  const { start, fired, go } = someTimers(folder, '2026-01-04T12:00:00Z')
  start(schedule)
  await go('2026-01-05T12:00:00Z')
  expect(fired).toEqual(wanted)
})

test('a timer never overlaps itself: an occurrence during a run is skipped', async () => {
  const { start, fired, go } = someTimers(aFolder(), '2026-01-01T00:00:00Z', 90_000)
  start('0 * * * * *')
  await go('2026-01-01T00:06:00Z')
  expect(fired.map((at) => at.slice(11))).toEqual(['00:01', '00:03', '00:05'])
})

test('a host fires its timers and keeps their due time in the state folder', async () => {
  const stateDir = join(aFolder(), 'state')
  const app = anApp(`
    app.timer('often', { schedule: '* * * * * *', handler: (timer, context) => context.log('fired', timer.isPastDue) })
    app.timer('yearly', { schedule: '0 0 0 1 1 *', handler: () => {} })`)
  const { lines } = await aHost({ app, stateDir })
  await eventually('the schedule fires', 20_000, () => lines.some(({ message }) => message === 'fired false'))
  const { dueAt } = JSON.parse(readFileSync(join(stateDir, 'timers/yearly.json'), 'utf8')) as { dueAt: string }
  expect(dueAt).toMatch(/^\d{4}-01-01T00:00:00\.000Z$/)
})
