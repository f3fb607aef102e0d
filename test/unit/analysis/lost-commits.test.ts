/** Lost commits by event, on events and audits of hand-made numbers. */
import { expect, test } from 'vitest'
import { lostSecondsPerEvent } from '../../../functions/analysis/lost-commits.ts'

type Losers = Parameters<typeof lostSecondsPerEvent>[1]

const us = (second: number): number => Math.round(second * 1_000_000)

/** Ten commits in each tenth of the seconds 0 to 99; an event begins a millisecond before its second, with the last of them. */
const SECONDS = Array.from({ length: 100 }, (_, second) => ({ second, tenths: Array.from({ length: 10 }, () => 10) }))

/** Commits stop at these seconds; the service is sustained after the last of them. */
const eventAt = (number: number, [first, ...later]: readonly [number, ...number[]], lastOldAt = first) =>
  ({
    number,
    t1Us: us(first) - 1000,
    span: { change: { timeline: 2, firstAtUs: us(first + 1), lastOldAtUs: us(lastOldAt) - 1000 } },
    outages: [first, ...later].map((from) => ({ fromUs: us(from) - 1000, toUs: us(from + 1) })),
  }) as unknown as Losers[number]

test.each([
  ['nothing', [eventAt(1, [50])], [], []],
  ['the last half second before its outage', [eventAt(1, [50])], [[49, 50]], [[1, 0.5]]],
  [
    'everything of three seconds',
    [eventAt(1, [50])],
    [
      [47, 100],
      [48, 100],
      [49, 100],
    ],
    [[1, 3]],
  ],
  ['a commit of an early second, with others kept after it', [eventAt(1, [50])], [[40, 1]], [[1, 10]]],
  ['commits before a later outage of the same event', [eventAt(1, [50, 70])], [[69, 30]], [[1, 0.3]]],
  [
    'commits before both of its outages: the longer of the two',
    [eventAt(1, [50, 70])],
    [
      [49, 20],
      [69, 70],
    ],
    [[1, 0.7]],
  ],
  [
    'commits before two events',
    [eventAt(1, [50]), eventAt(2, [70])],
    [
      [49, 20],
      [69, 70],
    ],
    [
      [1, 0.2],
      [2, 0.7],
    ],
  ],
  ['commits that an old primary acknowledged for 2 s longer', [eventAt(1, [50], 52)], [[51, 5]], [[1, 0]]],
  ['commits after every outage: no event is named', [eventAt(1, [50])], [[60, 5]], []],
] as const)('an event lost %s', (_what, events, lost, expected) => {
  const lostPerSecond = lost.map(([second, count]) => ({ second, lost: count }))
  const found = lostSecondsPerEvent({ lostPerSecond }, events as Losers, SECONDS)
  expect([...found].map(([event, seconds]) => [event, Math.round(seconds * 10) / 10])).toEqual(expected)
})

test('an event that began in an outage of the one before it lost what was acknowledged between the two', () => {
  const before = eventAt(1, [50])
  const alone = eventAt(2, [60])
  const during = { ...alone, t1Us: null, span: { ...alone.span, earlierOutage: before.outages[0] } } as Losers[number]
  const lostPerSecond = [{ second: 59, lost: 40 }]
  const [[event, seconds] = []] = [...lostSecondsPerEvent({ lostPerSecond }, [before, during], SECONDS)]
  expect([event, Math.round((seconds ?? 0) * 10) / 10]).toEqual([2, 0.4])
})
