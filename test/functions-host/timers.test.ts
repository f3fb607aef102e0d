/** Timer triggers: the NCRONTAB dialect, what a timer function is told, and what is remembered across restarts. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { VirtualClock } from '../../infra/local/functions-host/engine/clock.ts'
import { parseSchedule } from '../../infra/local/functions-host/timers/schedule.ts'
import { type Timer, type TimerInfo, Timers } from '../../infra/local/functions-host/timers/timers.ts'
import { eventually } from '../support/eventually.ts'
import { aFolder, aHost, KEYS, notesOf } from './support.ts'

const after = (schedule: string, from: string, times = 1): string[] => {
  const parsed = parseSchedule(schedule, {})
  const found: string[] = []
  for (let ms = Date.parse(from); found.length < times; ) {
    ms = parsed.nextAfterMs(ms) ?? Number.NaN
    found.push(new Date(ms).toISOString().slice(0, 19))
  }
  return found
}

// 2026-01-01 is a Thursday.
test.each([
  ['0 0 3 * * *', '2026-01-01T03:00:00Z', ['2026-01-02T03:00:00']],
  ['0 */5 * * * *', '2026-01-01T00:04:59Z', ['2026-01-01T00:05:00', '2026-01-01T00:10:00']],
  ['*/20 * * * * *', '2026-01-01T00:00:00Z', ['2026-01-01T00:00:20', '2026-01-01T00:00:40', '2026-01-01T00:01:00']],
  ['5,10 0 * * * *', '2026-01-01T00:00:05Z', ['2026-01-01T00:00:10', '2026-01-01T01:00:05']],
  ['0 0 9-17 * * *', '2026-01-01T17:00:00Z', ['2026-01-02T09:00:00']],
  ['0 0 9-17/4 * * *', '2026-01-01T09:00:00Z', ['2026-01-01T13:00:00', '2026-01-01T17:00:00', '2026-01-02T09:00:00']],
  ['0 30 9 * * 1-5', '2026-01-02T10:00:00Z', ['2026-01-05T09:30:00']],
  ['0 30 9 * Jan Mon', '2026-01-26T10:00:00Z', ['2027-01-04T09:30:00']],
  ['0 30 9 * january monday', '2026-01-01T00:00:00Z', ['2026-01-05T09:30:00']],
  ['0 0 0 13 * 5', '2026-01-01T00:00:00Z', ['2026-02-13T00:00:00', '2026-03-13T00:00:00', '2026-11-13T00:00:00']],
  ['0 0 0 29 2 *', '2026-01-01T00:00:00Z', ['2028-02-29T00:00:00']],
  ['0 0 0 * * 0', '2026-01-01T00:00:00Z', ['2026-01-04T00:00:00']],
  ['  0 0  3 * * * ', '2026-01-01T00:00:00Z', ['2026-01-01T03:00:00']],
])('%s after %s', (schedule, from, wanted) => {
  expect(after(schedule, from, wanted.length)).toEqual(wanted)
})

test.each([
  ['0 3 * * *', 'it has five fields'],
  ['00:05:00', 'a time span'],
  ['24:00:00', 'a time span'],
  ['@daily', '@daily are not NCRONTAB'],
  ['0 0 3 30 2 *', 'no month that it names has a day that it names'],
  ['0 0 9-5 * * *', 'its field "hour"'],
  ['60 0 3 * * *', 'its field "second"'],
  ['0 60 3 * * *', 'its field "minute"'],
  ['0 0 24 * * *', 'its field "hour"'],
  ['0 0 3 0 * *', 'its field "day"'],
  ['0 0 3 * 13 *', 'its field "month"'],
  ['0 0 3 * * 7', 'its field "day of week"'],
  ['0 0 3 L * *', 'its field "day"'],
  ['0 0 3 ? * *', 'its field "day"'],
  ['0 0 3 * * MON#1', 'its field "day of week"'],
  ['0 0/0 3 * * *', 'its field "minute"'],
  ['0 0 3 * * someday', 'its field "day of week"'],
  ['%DAILY%', "'%DAILY%' does not resolve to a value; set the application setting DAILY"],
])('the schedule %s is refused', (schedule, why) => {
  expect(() => parseSchedule(schedule, {})).toThrow(why)
})

test('a setting stands in for the schedule, and is named when it is wrong', () => {
  expect(parseSchedule('%DAILY%', { DAILY: '0 0 3 * * *' }).text).toBe('0 0 3 * * *')
  expect(() => parseSchedule('%DAILY%', { DAILY: 'daily' })).toThrow(
    '"daily" (from %DAILY%) must have six NCRONTAB fields',
  )
})

interface Fired {
  readonly atMs: number
  readonly info: TimerInfo
}

/** Timers on a virtual clock; `go` keeps every appointment up to a time. */
function someTimers(folder: string, from: string, takesMs = 0) {
  const clock = new VirtualClock(Date.parse(from))
  const fired: Fired[] = []
  const fire = (_name: string, info: TimerInfo) => {
    fired.push({ atMs: clock.nowMs(), info })
    return takesMs === 0
      ? Promise.resolve()
      : new Promise<void>((resolve) => clock.at(clock.nowMs() + takesMs, resolve))
  }
  const timers = new Timers({ clock, folder, fire })
  const go = async (to: string) => {
    for (;;) {
      await new Promise(setImmediate)
      if (clock.nextAtMs === undefined || clock.nextAtMs > Date.parse(to)) break
      clock.jump()
    }
  }
  return { timers, fired, go, times: () => fired.map(({ atMs }) => new Date(atMs).toISOString().slice(11, 19)) }
}

const daily = (options: Partial<Timer> = {}): Timer => ({
  name: 'daily',
  schedule: parseSchedule('0 0 3 * * *', {}),
  runOnStartup: false,
  useMonitor: true,
  ...options,
})

test('a timer fires on its schedule and is told when it last did and when it will', async () => {
  const { timers, fired, go } = someTimers(aFolder(), '2026-01-01T00:00:00Z')
  timers.start(daily())
  await go('2026-01-03T00:00:00Z')
  const shown = fired.map(({ atMs, info }) => [
    new Date(atMs).toISOString(),
    info.IsPastDue,
    info.ScheduleStatus?.Last,
    info.ScheduleStatus?.Next,
  ])
  expect(shown).toEqual([
    ['2026-01-01T03:00:00.000Z', false, '0001-01-01T00:00:00+00:00', '2026-01-01T03:00:00.000Z'],
    ['2026-01-02T03:00:00.000Z', false, '2026-01-01T03:00:00.000Z', '2026-01-02T03:00:00.000Z'],
  ])
})

test('an occurrence that was missed while no host was there fires at the start, past due', async () => {
  const folder = aFolder()
  const before = someTimers(folder, '2026-01-01T00:00:00Z')
  before.timers.start(daily())
  before.timers.stop()
  const afterwards = someTimers(folder, '2026-01-04T12:00:00Z')
  afterwards.timers.start(daily())
  await afterwards.go('2026-01-05T12:00:00Z')
  expect(afterwards.fired.map(({ atMs, info }) => [new Date(atMs).toISOString(), info.IsPastDue])).toEqual([
    ['2026-01-04T12:00:00.000Z', true],
    ['2026-01-05T03:00:00.000Z', false],
  ])
})

test.each([
  ['the schedule was changed meanwhile', { schedule: parseSchedule('0 0 4 * * *', {}) }],
  ['it is not monitored', { useMonitor: false }],
])('nothing is past due when %s', async (_why, options) => {
  const folder = aFolder()
  const before = someTimers(folder, '2026-01-01T00:00:00Z')
  before.timers.start(daily())
  before.timers.stop()
  const afterwards = someTimers(folder, '2026-01-04T12:00:00Z')
  afterwards.timers.start(daily(options))
  await afterwards.go('2026-01-04T13:00:00Z')
  expect(afterwards.fired).toEqual([])
})

test('runOnStartup fires at the start, not past due', async () => {
  const { timers, fired, go } = someTimers(aFolder(), '2026-01-01T00:00:00Z')
  timers.start(daily({ runOnStartup: true }))
  await go('2026-01-01T01:00:00Z')
  expect(fired.map(({ info }) => info.IsPastDue)).toEqual([false])
})

test('a timer never overlaps itself: what comes due meanwhile is skipped', async () => {
  const { timers, go, times } = someTimers(aFolder(), '2026-01-01T00:00:00Z', 90_000)
  timers.start(daily({ name: 'often', schedule: parseSchedule('0 * * * * *', {}) }))
  await go('2026-01-01T00:06:00Z')
  expect(times()).toEqual(['00:01:00', '00:03:00', '00:05:00'])
})

test('no status is kept for schedules of less than a minute', async () => {
  const folder = aFolder()
  const { timers, fired, go } = someTimers(folder, '2026-01-01T00:00:00Z')
  timers.start(daily({ name: 'often', schedule: parseSchedule('*/30 * * * * *', {}) }))
  await go('2026-01-01T00:00:45Z')
  expect([fired.map(({ info }) => info.ScheduleStatus), existsSync(join(folder, 'often.json'))]).toEqual([
    [null],
    false,
  ])
})

test('in a host: by schedule, and by hand with the master key', async () => {
  const notes = join(aFolder(), 'notes')
  vi.stubEnv('SMALL_APP_NOTES', notes)
  onTestFinished(() => void vi.unstubAllEnvs())
  const host = await aHost({ settings: { TICK_SCHEDULE: '* * * * * *' } })
  await eventually('the schedule fires', 5_000, () => notesOf(notes).length > 0)
  await host.stop()
  const byHand = await aHost({ settings: { TICK_SCHEDULE: '0 0 0 1 1 *' } })
  const before = notesOf(notes).length
  const response = await fetch(`${byHand.url}/admin/functions/tick`, {
    method: 'POST',
    headers: { 'x-functions-key': KEYS.master },
  })
  expect(response.status).toBe(202)
  await eventually('it fires', 5_000, () => notesOf(notes).length === before + 1)
  expect(notesOf(notes).at(-1)).toBe('tick false true')
})

test('a timer whose setting is missing is out of work, and the rest of the app is not', async () => {
  const host = await aHost({ settings: {} })
  expect(host.lines.map(({ message }) => message)).toContain(
    "timer function tick does not run: '%TICK_SCHEDULE%' does not resolve to a value; set the application setting TICK_SCHEDULE",
  )
  expect((await fetch(`${host.url}/api/bytes`)).status).toBe(200)
})

test('the status of a schedule survives in the state folder', async () => {
  const stateDir = join(aFolder(), 'state')
  await aHost({ stateDir, settings: { TICK_SCHEDULE: '0 0 0 1 1 *' } })
  const status = JSON.parse(readFileSync(join(stateDir, 'timers/tick.json'), 'utf8')) as { Next: string }
  expect(status.Next).toMatch(/^\d{4}-01-01T00:00:00\.000Z$/)
})
