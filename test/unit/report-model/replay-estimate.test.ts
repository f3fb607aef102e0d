/** The replay that an event may have had to do, estimated from readings before it; a missing fact is null and named. */
import { describe, expect, test } from 'vitest'
import type { Event } from '../../../functions/analysis/events.ts'
import type { Phase } from '../../../functions/analysis/phases.ts'
import type { WalPosition } from '../../../functions/model/facts.ts'
import { ASSUMED_REPLAY, replayEstimateOf } from '../../../functions/report-model/replay/replay-estimate.ts'
import { isoAt, LOAD_START_MS } from '../../support/builders.ts'

const atUs = (seconds: number): number => (LOAD_START_MS + seconds * 1000) * 1000
const PHASES: readonly Phase[] = [
  { name: 'warm-up', fromUs: atUs(0), toUs: atUs(10) },
  { name: 'baseline', fromUs: atUs(10), toUs: atUs(100) },
  { name: 'outage', fromUs: atUs(100), toUs: atUs(110) },
  { name: 'after', fromUs: atUs(120), toUs: atUs(300) },
]

const RATE = 2e6
const reading = (second: number, own: Partial<WalPosition> = {}): WalPosition => ({
  at: isoAt(second),
  writtenBytes: 5e9 + second * RATE,
  sinceRedoBytes: second * RATE,
  sinceCheckpointSeconds: second,
  checkpointProblem: null,
  ...own,
})
const estimate = (positions: readonly WalPosition[], second: number | null = 100, controlOffsetUs = 0) =>
  replayEstimateOf(
    { t0Us: second === null ? null : atUs(second), t1Us: atUs(101), span: { beginUs: atUs(99) } } as Event,
    { phases: PHASES, positions, controlOffsetUs },
  )

test('the WAL since the redo point is taken to the moment of the event, and divided by the assumed speeds', () => {
  const found = estimate([reading(80), reading(90), reading(98)])
  expect(found).toEqual({
    walBytesPerSecond: RATE,
    sinceCheckpointSeconds: 100,
    sinceRedoBytes: 100 * RATE,
    seconds: { fast: (100 * RATE) / 200e6, slow: (100 * RATE) / 40e6 },
    missing: null,
  })
  expect(ASSUMED_REPLAY).toEqual({ slowBytesPerSecond: 40e6, fastBytesPerSecond: 200e6 })
})

test('an event without a T0 is taken at its last commit', () =>
  expect(estimate([reading(80), reading(98)], null).sinceCheckpointSeconds).toBe(101))

test.each([
  ['the warm-up', [reading(2, { writtenBytes: 0 }), reading(80), reading(90)]],
  ['more than two minutes before the event', [reading(121, { writtenBytes: 0 }), reading(200), reading(280)], 290],
  ['the time of the event itself', [reading(80), reading(90), reading(105, { writtenBytes: 9e12 })]],
  ['an earlier outage', [reading(105, { writtenBytes: 9e12 }), reading(130), reading(140)], 150],
] as const)('a reading from %s says nothing about the rate before it', (_what, positions, second: number = 100) =>
  expect(estimate(positions, second).walBytesPerSecond).toBe(RATE),
)

test('readings are dated by the clock of the app, and the event by that of the database', () => {
  const late = [reading(80), reading(98)].map((one) => ({
    ...one,
    at: new Date(Date.parse(one.at) + 5_000).toISOString(),
  }))
  expect(estimate(late, 100, 5_000_000)).toEqual(estimate([reading(80), reading(98)]))
})

describe('what is missing is null, and named', () => {
  const refused = { sinceRedoBytes: null, sinceCheckpointSeconds: null, checkpointProblem: '42501' }
  test.each([
    ['no reading', [], [null, null, null], /was not read in the steady load/],
    ['readings of another time', [reading(5), reading(105)], [null, null, null], /was not read in the steady load/],
    ['one reading', [reading(90)], [null, 100, null], /no two readings/],
    ['two at the same time', [reading(90), reading(90.5)], [null, 100, null], /no two readings/],
    [
      'a position that went back',
      [reading(80), reading(90, { writtenBytes: 1 })],
      [null, 100, null],
      /no two readings/,
    ],
    ['an old reading', [reading(20), reading(39)], [null, null, null], /more than a minute older/],
    ['a refused function', [reading(80, refused), reading(90, refused)], [RATE, null, null], /refused \(42501\)/],
  ] as const)('%s', (_what, positions, facts, why) => {
    const { walBytesPerSecond, sinceCheckpointSeconds, sinceRedoBytes, seconds, missing } = estimate(positions)
    expect([walBytesPerSecond, sinceCheckpointSeconds, sinceRedoBytes, seconds]).toEqual([...facts, null])
    expect(missing).toMatch(why)
  })
})
