/** A thread watches itself by its sweep: one that comes late is recorded as the time in which the thread stood still. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { SecondPart } from '../../../../loadgen-image/record/recorder.ts'
import { LoadThread } from '../../../../loadgen-image/send/load-thread.ts'
import type { ThreadSettings } from '../../../../loadgen-image/send/messages.ts'
import { aPlan } from '../../../support/builders.ts'

const START_US = 1_800_000_000_000_000
const SWEEP_MS = 20

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** `lateMs`: how late each sweep comes. */
function stallsOf(lateMs: readonly number[]): SecondPart['stalls'] {
  let nowUs = START_US
  const parts: SecondPart[] = []
  const settings = { plan: aPlan({ workers: 1, targetTps: 0 }), container: 0, thread: 0, threads: 1 } as ThreadSettings
  const thread = new LoadThread(settings, () => nowUs, {
    connected: () => {},
    second: (part) => parts.push(part),
    done: () => {},
  })
  thread.go(START_US)
  for (const late of lateMs) {
    nowUs += (SWEEP_MS + late) * 1000
    vi.advanceTimersByTime(SWEEP_MS)
  }
  thread.finish()
  return parts.flatMap(({ stalls }) => stalls)
}

test('sweeps that come in time leave no stall', () => {
  expect(stallsOf([0, 5, 0, 60, 0])).toEqual([])
})

test.each([120, 1_500, 10_000])('a thread that stood still for %i ms says from when to when', (lateMs) => {
  expect(stallsOf([0, 0, lateMs, 0, 0])).toEqual([
    { fromUs: START_US + 40_000, toUs: START_US + 60_000 + lateMs * 1000 },
  ])
})

test('a stall that lasts until the load is finished is not lost', () => {
  let nowUs = START_US
  const parts: SecondPart[] = []
  const settings = { plan: aPlan({ workers: 1, targetTps: 0 }), container: 0, thread: 0, threads: 1 } as ThreadSettings
  const thread = new LoadThread(settings, () => nowUs, {
    connected: () => {},
    second: (part) => parts.push(part),
    done: () => {},
  })
  thread.go(START_US)
  vi.advanceTimersByTime(SWEEP_MS)
  nowUs += 2_000_000
  thread.finish()
  expect(parts.flatMap(({ stalls }) => stalls)).toEqual([{ fromUs: START_US, toUs: START_US + 2_000_000 }])
})

test('a thread that reads a reply before it sweeps has noticed its stall by then, and the reply ends no silence', () => {
  let nowUs = START_US
  const parts: SecondPart[] = []
  const settings = { plan: aPlan({ workers: 1, targetTps: 0 }), container: 0, thread: 0, threads: 1 } as ThreadSettings
  const thread = new LoadThread(settings, () => nowUs, {
    connected: () => {},
    second: (part) => parts.push(part),
    done: () => {},
  })
  thread.go(START_US)
  vi.advanceTimersByTime(SWEEP_MS)
  nowUs += 5_000_000
  thread.onAcknowledged(0, START_US, START_US, nowUs, 1, false)
  nowUs += 10_000
  vi.advanceTimersByTime(SWEEP_MS)
  nowUs += 50_000
  thread.finish()
  expect(parts.flatMap(({ stalls }) => stalls)).toEqual([{ fromUs: START_US, toUs: START_US + 5_000_000 }])
  expect(parts.flatMap(({ gaps }) => gaps.closed)).toEqual([])
  expect(parts.reduce((sum, { counts }) => sum + counts.acknowledged, 0)).toBe(1)
})
