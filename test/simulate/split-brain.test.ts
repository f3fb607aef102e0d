/**
 * Split brain is found where an old primary lives, and never claimed of a failover that fenced it: a hundred clean failovers, each in
 * the world of a seed that the result names. SIMULATE_SEED=N plays those of an earlier run again.
 */
import { expect, test } from 'vitest'
import type { Report } from '../../functions/model/report.ts'
import { runs } from '../support/depth.ts'
import { type Scenario, scenarioOf } from './scenario.ts'
import { type Simulated, simulate } from './simulation.ts'
import { splitBrainRows, staleViolations } from './stale-invariants.ts'
import { truthOf } from './truth.ts'

const firstSeed = Number(process.env.SIMULATE_SEED ?? Math.floor(Math.random() * 1_000_000_000))

const withOldPrimary = (scenario: Scenario, livesMs: number | null): Scenario => ({
  ...scenario,
  oldPrimaryLivesMs: livesMs,
  courses: scenario.courses.map((course) => ({ ...course, oldLivesMs: livesMs ?? 0 })),
})

/** Drills from a seed on in which a failover of the drill took place and a report was written. */
async function* failovers(
  from: number,
  livesMs: number | null,
): AsyncGenerator<Simulated & { readonly report: Report }> {
  for (let seed = from; ; seed++) {
    const scenario = scenarioOf(seed)
    if (!scenario.plan.events.some(({ kind }) => kind === 'failover')) continue
    const simulated = await simulate(withOldPrimary(scenario, livesMs))
    const { report } = simulated.played
    if (report?.events.some(({ stalePrimary }) => stalePrimary.newTimeline !== null)) yield { ...simulated, report }
  }
}

const MAX_SECONDS = 300

test(
  `split brain is claimed in none of a hundred clean failovers, from seed ${firstSeed} on`,
  async ({ onTestFailed }) => {
    onTestFailed(() => console.error(`SIMULATE_SEED=${firstSeed} plays these drills again`))
    console.log(`clean failovers from seed ${firstSeed} on`)
    const states: string[] = []
    for await (const { scenario, report, world } of failovers(firstSeed, null)) {
      const own = report.events.map(({ stalePrimary }) => stalePrimary.state)
      const why = `seed ${scenario.seed}`
      expect(splitBrainRows(world), why).toEqual([])
      expect(own, why).not.toContain('split brain')
      expect(report.reasons.join(' '), why).not.toMatch(/split.brain.* missed|Split brain/)
      states.push(...own)
      if (states.length >= runs(100)) break
    }
    // A watch that measures nothing claims nothing either.
    expect(states.filter((state) => state === 'none').length / states.length).toBeGreaterThan(0.6)
  },
  MAX_SECONDS * 1000,
)

test(
  'an old primary that lives for a minute is found, in each drill whose watch saw it',
  async () => {
    let found = 0
    for await (const simulated of failovers(firstSeed, 60_000)) {
      const { report, scenario } = simulated
      expect(staleViolations(simulated, report, truthOf(simulated)), `seed ${scenario.seed}`).toEqual([])
      if (report.events.some(({ stalePrimary }) => stalePrimary.state === 'split brain')) found++
      if (found >= runs(14)) break
    }
  },
  MAX_SECONDS * 1000,
)

test(
  'a claim that is invented, and one that is kept back, are found',
  async () => {
    for await (const simulated of failovers(1, 60_000)) {
      const { report } = simulated
      const truth = truthOf(simulated)
      const event = report.events.find(({ stalePrimary }) => stalePrimary.state === 'split brain')
      if (event === undefined) continue
      const changed = (own: Partial<typeof event.stalePrimary>): Report => ({
        ...report,
        events: report.events.map((one) =>
          one === event ? { ...one, stalePrimary: { ...one.stalePrimary, ...own } } : one,
        ),
      })
      expect(staleViolations(simulated, report, truth)).toEqual([])
      const silent = staleViolations(simulated, changed({ state: 'none', writes: 0, rows: [] }), truth).join()
      expect(silent).toMatch(/the old primary took write .*the report does not say so/)
      expect(silent).toMatch(/FAIL with split brain in 0 events/)
      const [row] = event.stalePrimary.rows
      const more = [...event.stalePrimary.rows, { ...(row as NonNullable<typeof row>), seq: 99_999 }]
      expect(staleViolations(simulated, changed({ rows: more, writes: more.length }), truth).join()).toMatch(
        /99999 is no split brain/,
      )
      const passed = { ...report, verdict: 'PASS' } as const
      expect(staleViolations(simulated, passed, truth).join()).toMatch(/PASS with split brain in 1 events/)
      break
    }
  },
  MAX_SECONDS * 1000,
)
