/** A few seeds of `npm run simulate` in every run of the tests; a seed that fails here replays alone. */
import { expect, test } from 'vitest'
import { runs } from '../support/depth.ts'
import { violations } from './invariants.ts'
import { scenarioOf } from './scenario.ts'
import { simulate } from './simulation.ts'

for (let seed = 1; seed <= runs(25); seed++)
  test(`all invariants hold in the world of seed ${seed}`, async () => {
    expect(await violations(await simulate(scenarioOf(seed)))).toEqual([])
  })

test('the same seed is the same drill', async () => {
  const [one, other] = await Promise.all([simulate(scenarioOf(7)), simulate(scenarioOf(7))])
  expect(other.played.report).toEqual(one.played.report)
})
