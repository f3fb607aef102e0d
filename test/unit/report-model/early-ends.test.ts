/** A load generator that ended on its own is named among the reasons, regardless of what else ended the drill. */
import { expect, test } from 'vitest'
import { unseenEnd } from '../../../functions/model/container-end.ts'
import type { DrillOutcome } from '../../../functions/model/evidence.ts'
import { assemble } from '../../../functions/report-model/build.ts'
import { aDrillPlan, anEnd, anOutcome, someLoad } from '../../support/builders.ts'
import { aRun, reportOf } from '../../support/world.ts'

const drill = (own: Partial<DrillOutcome>) =>
  reportOf(aRun({ troubles: [{ atSeconds: 30.35, seconds: 5, kind: 'failover' }] }), own)

const ABORT = 'no commit in the last 26 s before any failover'
const DEAD = { ...unseenEnd(0), exitCode: 137, state: 'Terminated', reason: 'Killed' }
const DIED = 'container 0 died without a summary (exit code 137): Killed'

test.each<[string, Partial<DrillOutcome>, string[]]>([
  ['died, and the abort rule ended the drill', { earlyEnd: anEnd('aborted', ABORT), containers: [DEAD] }, [DIED]],
  [
    'died, and another step failed',
    { earlyEnd: anEnd('failed', 'the watch over the load hangs'), containers: [DEAD] },
    [DIED],
  ],
  [
    'died, and the error of the drill names it',
    { earlyEnd: anEnd('failed', `infrastructure: ${DIED}`), containers: [DEAD] },
    [],
  ],
  [
    'left no summary, and its end was not noted',
    { containers: [] },
    ['container 0 left no summary, and how it ended was not seen'],
  ],
  [
    'was stopped by another than the drill',
    { earlyEnd: anEnd('aborted', ABORT), containers: [{ ...DEAD, ended: 'stopped', reason: 'SIGTERM' }] },
    ['container 0 ended early (stopped: SIGTERM)'],
  ],
  [
    'was stopped by the drill',
    { earlyEnd: anEnd('aborted', ABORT), containers: [{ ...DEAD, ended: 'stopped', reason: ABORT }] },
    [],
  ],
])('a load generator that %s: named once, unless the drill stopped it', async (_, own, named) => {
  const report = await drill({ ...own, summaries: [] })
  const said = report.reasons.filter((reason) => reason.startsWith('Not every load generator'))
  expect(said).toEqual(named.map((why) => `Not every load generator ended as planned: ${why}.`))
  expect(report.reasons.filter((reason) => reason.includes(DIED))).toHaveLength(own.containers?.includes(DEAD) ? 1 : 0)
  expect(report.verdict).not.toBe('PASS')
})

test('a load generator whose summary came after its end was noted is not said to have died', async () => {
  const report = await drill({ earlyEnd: anEnd('aborted', ABORT), containers: [DEAD] })
  expect(report.reasons.join()).not.toContain('ended as planned')
})

test('of many load generators that died the first four are named, and the others counted', async () => {
  const plan = aDrillPlan({ load: someLoad({ containers: 6 }) })
  const containers = Array.from({ length: 6 }, (_, container) => ({ ...DEAD, container }))
  const { reasons } = assemble(anOutcome({ plan, containers }), null).report
  const sentence = reasons.find((reason) => reason.startsWith('Not every load generator'))
  expect(sentence?.match(/container \d died/g)).toEqual([0, 1, 2, 3].map((k) => `container ${k} died`))
  expect(sentence).toContain('; and 2 more.')
})
