/** A few seeds of `npm run simulate` in every run of the tests; a seed that fails here replays alone. */
import type { OrchestrationContext } from 'durable-functions'
import { expect, test } from 'vitest'
import { serverBlobs } from '../../functions/model/blob-paths.ts'
import type { DrillEvent, Report } from '../../functions/model/report.ts'
import type { Step } from '../../functions/orchestrators/waiting.ts'
import { runs } from '../support/depth.ts'
import { play } from '../support/play.ts'
import {
  baselineViolations,
  exactSpan,
  recordedStandstills,
  watchedSeconds,
  wholeSeconds,
} from './baseline-invariants.ts'
import { causedUndoes } from './caused.ts'
import { eventViolations } from './event-invariants.ts'
import { violations } from './invariants.ts'
import { OTHER_SIZE } from './kinds.ts'
import { scenarioOf } from './scenario.ts'
import { type Simulated, simulate } from './simulation.ts'
import { withFreeze } from './troubles.ts'
import { truthOf } from './truth.ts'
import { undoViolations } from './undo-invariants.ts'
import { verdictViolations } from './verdict-invariants.ts'

for (let seed = 1; seed <= runs(25); seed++)
  test(`all invariants hold in the world of seed ${seed}`, async () => {
    expect(await violations(await simulate(scenarioOf(seed)))).toEqual([])
  })

test('a crash after a failover that the platform accepted and dropped is not called the failover of the drill', async () => {
  const simulated = await simulate(scenarioOf(292))
  expect(await violations(simulated)).toEqual([])
  const { events, eventsProof } = simulated.played.report as Report
  expect(events[0]).toMatchObject({ cause: 'unattributed', outcome: expect.stringContaining('operation failed') })
  expect(eventsProof.proven).toBe(false)
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

// Where scenarios change, other seeds may show it: calm drills of these kinds that pass, and a watch in which nothing happens.
const SEED_OF = { switchover: 21, restart: 39, scale: 66 } as const

test.each(Object.entries(SEED_OF))(
  'a %s that is called a failover, claimed for another kind or without its request is found',
  async (kind, seed) => {
    const simulated = await simulate(scenarioOf(seed))
    const report = simulated.played.report as Report
    const truth = truthOf(simulated)
    const found = (own: Report) => [
      ...verdictViolations(simulated, own, truth),
      ...eventViolations(simulated, own, truth),
    ]
    const [event] = report.events
    expect([report.verdict, event?.kind, event?.cause, event?.proof.proven]).toEqual(['PASS', kind, 'drill', true])
    expect(found(report)).toEqual([])
    const changed = (own: Partial<DrillEvent>): Report => ({
      ...report,
      events: report.events.map((one) => ({ ...one, ...own })),
    })
    expect(found(changed({ sentence: 'The failover took 3 s.' }))).toContain(
      'this is no failover: The failover took 3 s.',
    )
    expect(found({ ...report, headline: 'It failed over.' })).toContain('this is no failover: It failed over.')
    const other = kind === 'restart' ? 'scale' : 'restart'
    expect(found(changed({ kind: other })).join()).toMatch(/is claimed for a/)
    expect(found(changed({ moments: { ...(event as DrillEvent).moments, t0: report.endedAt } })).join()).toMatch(
      /the platform carried out no such request/,
    )
    const unanswered = { ...truth, caused: [] }
    expect(eventViolations(simulated, report, unanswered).join()).toMatch(/the platform carried out no such request/)
  },
)

test('a size that is not changed back, and a record that is left without a word, are found', async () => {
  const simulated = await simulate(scenarioOf(SEED_OF.scale))
  const { world, played, scenario } = simulated
  expect(causedUndoes(world)).toHaveLength(1)
  expect(undoViolations(simulated, played.report)).toEqual([])
  world.server.doByHand({ call: 'scale', sku: OTHER_SIZE })
  world.clock.moveTo(world.clock.nowMs + 60_000)
  expect(undoViolations(simulated, played.report).join()).toContain(`the server is still a ${OTHER_SIZE}`)
  world.blobs.put(serverBlobs.undo(scenario.plan.target, scenario.plan.drillId, 0), '{}')
  expect(undoViolations(simulated, played.report).join()).toContain('its journal does not say so')
})

test('a watch in which nothing happened is INCONCLUSIVE, and any other verdict and proof is found', async () => {
  const simulated = await simulate(scenarioOf(29))
  const report = simulated.played.report as Report
  const truth = truthOf(simulated)
  expect([report.verdict, report.events]).toEqual(['INCONCLUSIVE', []])
  expect(await violations(simulated)).toEqual([])
  const passed = { ...report, verdict: 'PASS' } as const
  expect(verdictViolations(simulated, passed, truth)).toContain('PASS of a watch in which nothing happened')
  const proven = { ...report, eventsProof: { ...report.eventsProof, proven: true } }
  expect(eventViolations(simulated, proven, truth)).toContain(
    'an event of others is called proven, and nothing happened',
  )
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

test.each([
  ['the one that stood still never left a record', 5002193, 0],
  ['one of two stood still, and went on', 5003143, 1],
  ['one of two stood still from before the load until near its end', 5003216, 1],
])('of a baseline in which %s, another count or rate is found', async (_who, seed, recorded) => {
  const simulated = await simulate(scenarioOf(seed))
  const report = simulated.played.report as Report
  const truth = truthOf(simulated)
  // Where scenarios change, another seed may show it: some generator stood still, and the records show it or do not.
  expect(truth.blind.flat()).toHaveLength(1)
  expect(recordedStandstills(simulated, truth)).toHaveLength(recorded)
  expect(baselineViolations(simulated, report, truth)).toEqual([])
  for (const wrong of [moreCommits(report), moreTps(report)])
    expect(baselineViolations(simulated, wrong, truth)).not.toEqual([])
})

function moreCommits(report: Report): Report {
  const { baseline } = report.latencyMs
  if (baseline === null) return { ...report, latencyMs: { ...report.latencyMs, baseline: report.latencyMs.whole } }
  const response = { ...baseline.response, count: baseline.response.count + 1 }
  return { ...report, latencyMs: { ...report.latencyMs, baseline: { ...baseline, response } } }
}

const moreTps = (report: Report): Report => ({
  ...report,
  throughput: { ...report.throughput, baselineTps: (report.throughput.baselineTps ?? 0) + 1 },
})

test.each([
  ['briefly', [[2_310, 2_690]], ['1 2 3 4', '1 3 4']],
  ['over several seconds', [[2_500, 3_500]], ['1 4']],
  ['up to just behind the end of a second', [[2_500, 4_200]], ['1 4', '1']],
  ['from just before the end of a second', [[2_900, 3_700]], ['1 2 4', '1 4']],
  ['through all of them', [[0, 9_000]], ['']],
  ['never', [], ['1 2 3 4']],
])(
  'a baseline from 1 s to 5 s in which a generator stood still %s has one of the sets of seconds',
  (_when, still, sets) => {
    const spans = still.map(([fromMs, toMs]) => ({ fromMs: fromMs as number, toMs: toMs as number }))
    const found = watchedSeconds(wholeSeconds({ fromMs: 1_000, toMs: 5_000 }), spans)
    expect(found.map((set) => set.map(({ fromMs }) => fromMs / 1_000).join(' '))).toEqual(sets)
  },
)

test.each([
  ['inside of another', [[2, 9]], [4, 5], [[2, 9]]],
  ['around another', [[4, 5]], [-1, Infinity], [[-1, Infinity]]],
  ['over the end of another', [[2, 5]], [4, 9], [[2, 9]]],
  [
    'that joins two others',
    [
      [2, 5],
      [7, 9],
    ],
    [4, 8],
    [[2, 9]],
  ],
  [
    'apart from another',
    [[7, 9]],
    [2, 5],
    [
      [2, 5],
      [7, 9],
    ],
  ],
] as const)(
  'a standstill %s leaves standstills that do not overlap',
  (_where, known, [fromSecond, toSecond], expected) => {
    const before = known.map(([from, to]) => ({ fromSecond: from, toSecond: to }))
    const after = withFreeze(before, { fromSecond, toSecond })
    expect(after.map((one) => [one.fromSecond, one.toSecond])).toEqual(expected)
  },
)

test('no generator of a scenario stands still twice at once', () => {
  for (const seed of [169, 709, 1587, 2022, 5002193, 5002583])
    for (const { freezes = [] } of scenarioOf(seed).generators)
      for (const [i, { fromSecond }] of freezes.entries())
        expect(fromSecond).toBeGreaterThan(freezes[i - 1]?.toSecond ?? -Infinity)
})

test('the same seed is the same drill', async () => {
  const [one, other] = await Promise.all([simulate(scenarioOf(7)), simulate(scenarioOf(7))])
  expect(other.played.report).toEqual(one.played.report)
})

for (let seed = 11; seed <= 10 + runs(14); seed++)
  test(`the drill of seed ${seed} is the same whether each of its turns is a replay or its orchestrator is kept`, async () => {
    const [kept, replayed] = [await simulate(scenarioOf(seed)), await simulate(scenarioOf(seed), 'each turn')]
    const of = ({ played: { instances: _, ...rest } }: Simulated) => rest
    expect(of(kept)).toEqual(of(replayed))
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
