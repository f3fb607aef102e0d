/** The sentence of the estimate, beside the outage that was measured: true whichever of the two is longer. */
import { expect, test } from 'vitest'
import type { LoadAnalysis } from '../../../functions/analysis/analysis.ts'
import type { Event } from '../../../functions/analysis/events.ts'
import { replayOf } from '../../../functions/report-model/replay/replay.ts'
import { isoAt, LOAD_START_MS } from '../../support/builders.ts'

const atUs = (seconds: number): number => (LOAD_START_MS + seconds * 1000) * 1000
const LOAD = {
  phases: [{ name: 'baseline', fromUs: atUs(0), toUs: atUs(60) }],
  controlClock: { offsetUs: 0, errorMs: 0 },
} as unknown as LoadAnalysis

/** 400 MB at the event: 2 s at 200 MB/s, 10 s at 40 MB/s. */
const POSITIONS = [40, 50].map((second) => ({
  at: isoAt(second),
  writtenBytes: 1e9 + second * 4e6,
  sinceRedoBytes: 160e6 + second * 4e6,
  sinceCheckpointSeconds: second,
  checkpointProblem: null,
}))
const replay = (measured: number | null, kind = 'failover') =>
  replayOf({ t0Us: atUs(60), t1Us: atUs(61), span: { kind } } as unknown as Event, LOAD, POSITIONS, measured)

test.each([
  [1.5, /It was shorter than the whole replay at that speed: less was replayed, or it went faster\.$/],
  [2, /It lies within the estimate, which does not show that it was spent on replay\.$/],
  [10, /It lies within the estimate, which does not show that it was spent on replay\.$/],
  [12.5, /At least 2\.50 s of it were spent on something other than a replay at that speed\.$/],
  [null, /The write outage was not measured\.$/],
] as const)('a measured write outage of %s s', (measured, ending) => {
  const found = replay(measured)
  expect(found).toMatchObject({
    sinceRedoBytes: 400e6,
    seconds: { fast: 2, slow: 10 },
    measuredOutageSeconds: measured,
  })
  expect(found?.sentence).toMatch(
    /^Before the event, the rate at which the server wrote WAL was 4 MB\/s; the age of the last checkpoint was 60\.0 s; /,
  )
  expect(found?.sentence).toMatch(
    /Estimate: to replay all of it takes 2\.00 s to 10\.0 s at 200 to 40 MB\/s, a speed that is assumed\./,
  )
  expect(found?.sentence).toMatch(ending)
})

test('an outage of which nothing shows a promotion or a start has none', () => expect(replay(3, 'outage')).toBeNull())
