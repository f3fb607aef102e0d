/** A whole drill in bad weather that it gets through, and one that it does not; all-weathers.test.ts has the others. */
import { test } from 'vitest'
import { timeouts } from '../support/timeouts.ts'
import { expectFittingVerdict } from '../support/weather-expectations.ts'

test.each([1, 10])('a drill under weather %i ends with the verdict that fits', { timeout: timeouts.drillMs }, (seed) =>
  expectFittingVerdict(seed),
)
