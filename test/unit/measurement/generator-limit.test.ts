/** Late sends are the generator's own only where workers were free: slow replies, lost replies and few workers are not its fault. */
import { expect, test } from 'vitest'
import type { Baseline } from '../../../functions/measurement/baseline.ts'
import { judgeGenerator } from '../../../functions/measurement/generator-limit.ts'
import { packed } from '../../../functions/merge/histograms.ts'
import type { Incarnation, MergedSecond } from '../../../functions/merge/merged.ts'
import { Histogram } from '../../../loadgen-image/contract/histogram.ts'

const SECONDS = Array.from({ length: 10 }, (_, i) => 1_800_000_000 + i)

interface Course {
  readonly serviceMs?: number
  readonly errorsPerSecond?: number
  readonly workers?: readonly number[]
}

/** 100 commits per second, sent 25 ms late at the p99 of every second. */
function judged({ serviceMs = 2, errorsPerSecond = 0, workers = [10, 10] }: Course) {
  const service = new Histogram()
  for (let i = 0; i < 100; i++) service.record(serviceMs * 1000)
  const seconds = SECONDS.map((second) => ({
    second,
    service: packed(service),
    sendLagP99Us: 25_000,
    errors: errorsPerSecond === 0 ? {} : { 'reply-timeout': errorsPerSecond },
  }))
  const column = (value: number) => Uint32Array.from(SECONDS, () => value)
  const incarnations = workers.map((connectionsWanted) => ({
    connectionsWanted,
    health: {
      second: Uint32Array.from(SECONDS),
      intended: column(50),
      sent: column(50),
      sendLagP99Us: column(25_000),
      eventLoopDelayP99Us: column(1_000),
      cpuUs: column(10_000),
      connectionsOpen: column(connectionsWanted),
    },
  }))
  return judgeGenerator({
    incarnations: incarnations as unknown as Incarnation[],
    baseline: { seconds: seconds as unknown as MergedSecond[], tps: 100, isReached: true } as unknown as Baseline,
    cpuPerContainer: 2,
    replyTimeoutMs: 5_000,
  })
}

test('a generator that sends late while its workers are free is the limit', () => {
  expect(judged({})).toMatchObject({ wasTheLimit: true, why: expect.stringContaining('although workers were free') })
})

test.each<[string, Course]>([
  ['replies take so long that the workers are busy', { serviceMs: 190 }],
  ['replies are lost, and workers wait for them', { errorsPerSecond: 4 }],
  ['one container has too few workers for its share', { serviceMs: 20, workers: [18, 1] }],
])('late sends are not held against the generator when %s', (_, course) => {
  expect(judged(course).wasTheLimit).toBe(false)
})
