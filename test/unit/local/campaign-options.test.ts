import { expect, test } from 'vitest'
import { campaignBody, parseDrillOptions, requestBody } from '../../../infra/local/cli/drill-body.ts'
import type { DrillOptions } from '../../../infra/local/cli/drill-options.ts'

function problemsOf(...args: string[]): string {
  try {
    parseDrillOptions(args)
  } catch (error) {
    return (error as Error).message
  }
  return ''
}

test('a campaign repeats the request of the drill, with a gap of seconds', () => {
  const options = parseDrillOptions(['--repeat', '3', '--gap', '30', '--target-tps', '50']) as DrillOptions
  expect(campaignBody(options)).toEqual({ drills: 3, gapMinutes: 0.5, request: requestBody(options) })
})

test('objectives over the drills stand beside those of each drill', () => {
  const args = [
    '--repeat',
    '2',
    '--criteria',
    'lost_commits == 0',
    '--campaign-criteria',
    'recovery_time_s[max] <= 60; drills_passed == 2',
  ]
  const body = campaignBody(parseDrillOptions(args) as DrillOptions)
  expect(body).toMatchObject({
    criteria: ['recovery_time_s[max] <= 60', 'drills_passed == 2'],
    request: { criteria: ['lost_commits == 0'] },
  })
})

test.each([
  [['--repeat', '0'], '--repeat: expected a whole number from 1 to 20, got 0'],
  [['--repeat', '21'], '--repeat: expected a whole number from 1 to 20, got 21'],
  [['--gap', '-1'], '--gap: expected a number from 0 to 86400'],
  [['--campaign-criteria', 'drills_passed == 2'], '--campaign-criteria needs --repeat with 2 or more drills'],
  [
    ['--repeat', '2', '--campaign-criteria', 'recovery_time_s <= 3'],
    '--campaign-criteria: got a text of 20 characters; expected a statistic',
  ],
  [['--repeat', '2', '--duration', '12'], '--failover-at: a forced failover at 15 s in a load of 12 s'],
  [['--repeat', '2', '--hold-standby', '2', '--replication', 'async'], '--hold-standby needs a single drill'],
])('%j is refused', (args, problem) => {
  expect(problemsOf(...args)).toContain(problem)
})
