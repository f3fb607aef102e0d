import { expect, test } from 'vitest'
import { seededRandom } from '../../../../loadgen-image/schedule/random.ts'
import { retryDelayMs } from '../../../../loadgen-image/send/session.ts'

const retry = { firstDelayMs: 100, maxDelayMs: 1000, multiplier: 2, jitter: false }

test('delays double up to their maximum', () => {
  const unused = () => 0.5
  expect([1, 2, 3, 4, 5, 6].map((failures) => retryDelayMs(retry, failures, unused))).toEqual([
    100, 200, 400, 800, 1000, 1000,
  ])
})

test('full jitter spreads a delay over its whole length', () => {
  const random = seededRandom(3)
  const delays = Array.from({ length: 2000 }, () => retryDelayMs({ ...retry, jitter: true }, 2, random))
  expect(Math.min(...delays)).toBeLessThan(5)
  expect(Math.max(...delays)).toBeGreaterThan(195)
  expect(Math.max(...delays)).toBeLessThan(200)
})
