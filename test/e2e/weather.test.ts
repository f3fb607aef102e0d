/** A whole drill in bad weather that it does not get through; all-weathers.test.ts has all kinds. */
import { test } from 'vitest'
import { timeouts } from '../support/timeouts.ts'
import { expectFittingVerdict, SEEDS_OF_EVERY_RUN } from '../support/weather-expectations.ts'

test.each(SEEDS_OF_EVERY_RUN)(
  'a drill under weather %i ends with the verdict that fits',
  { timeout: timeouts.drillMs },
  async (seed) => {
    await expectFittingVerdict(seed)
  },
)
