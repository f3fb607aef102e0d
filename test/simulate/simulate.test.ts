/** A few seeds of `npm run simulate` in every run of the tests; a seed that fails here replays alone. */
import type { OrchestrationContext } from 'durable-functions'
import { expect, test } from 'vitest'
import type { Report } from '../../functions/model/report.ts'
import type { Step } from '../../functions/orchestrators/waiting.ts'
import { runs } from '../support/depth.ts'
import { play } from '../support/play.ts'
import { exactSpan, wholeSeconds } from './baseline-invariants.ts'
import { eventViolations } from './event-invariants.ts'
import { violations } from './invariants.ts'
import { scenarioOf } from './scenario.ts'
import { simulate } from './simulation.ts'
import { truthOf } from './truth.ts'

for (let seed = 1; seed <= runs(25); seed++)
  test(`all invariants hold in the world of seed ${seed}`, async () => {
    expect(await violations(await simulate(scenarioOf(seed)))).toEqual([])
  })

test('a request that no generator watched may have claimed the first of two promotions, and a doubled event is found', async () => {
  const simulated = await simulate(scenarioOf(4283))
  const report = simulated.played.report as Report
  const truth = truthOf(simulated)
  // Where scenarios change, another seed may show it: the first event has no T2, and the second one has.
  expect(report.events.map(({ kind, cause, moments }) => [kind, cause, moments.t2 === null])).toEqual([
    ['failover', 'unattributed', true],
    ['promotion', 'unattributed', false],
  ])
  expect(eventViolations(simulated, report, truth)).toEqual([])
  const doubled = { ...report, events: [...report.events, ...report.events.slice(1)] }
  expect(eventViolations(simulated, doubled, truth)).toContain('timeline 3 is 2 events')
})

test.each([
  ['an outage began 0.3 ms before its last second ended', [4_999.7], [1_000, 2_000, 3_000]],
  ['an outage ended 0.3 ms after its first second began', [1_000.3], [2_000, 3_000, 4_000]],
  ['no commit was near its ends', [1_020, 4_980], [1_000, 2_000, 3_000, 4_000]],
])('a baseline printed from 1.000 s to 5.000 s has the seconds that are whole where %s', (_where, acksMs, expected) => {
  const span = exactSpan({ fromMs: 1_000, toMs: 5_000 }, { acksMs })
  expect(wholeSeconds(span).map(({ fromMs }) => fromMs)).toEqual(expected)
})

test('the baseline leaves out a second whose last commit, 0.3 ms before its end, begins an outage', async () => {
  expect(await violations(await simulate(scenarioOf(4605)))).toEqual([])
})

test('the same seed is the same drill', async () => {
  const [one, other] = await Promise.all([simulate(scenarioOf(7)), simulate(scenarioOf(7))])
  expect(other.played.report).toEqual(one.played.report)
})

function* asksForThePast(ctx: OrchestrationContext): Step<void> {
  for (;;) yield ctx.df.createTimer(ctx.df.currentUtcDateTime)
}

function* continuesWithoutEnd(ctx: OrchestrationContext): Step<void> {
  yield ctx.df.createTimer(ctx.df.currentUtcDateTime)
  ctx.df.continueAsNew(null)
}

function* waitsSecondBySecond(ctx: OrchestrationContext): Step<void> {
  for (;;) yield ctx.df.createTimer(new Date(ctx.df.currentUtcDateTime.getTime() + 1_000))
}

test.each([
  ['asks for a timer of the past again and again', asksForThePast, { maxTurnsAtOneInstant: 20 }],
  ['continues as new at the same instant', continuesWithoutEnd, { maxTurnsAtOneInstant: 20 }],
  ['goes on for too many turns', waitsSecondBySecond, { maxTurns: 50 }],
  ['goes on for too long', waitsSecondBySecond, { deadlineMs: 30_000 }],
])('a drill that %s is reported as one that did not end', async (_how, drill, limits) => {
  await expect(play(drill, null, {}, limits)).rejects.toThrow('did not end')
})
