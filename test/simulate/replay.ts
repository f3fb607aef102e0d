/** Plays one seed again and tells its story: what was planned to go wrong, the drill's journal, and what was broken. */
import { violations } from './invariants.ts'
import { scenarioOf } from './scenario.ts'
import { type Simulated, simulate } from './simulation.ts'

export async function replay(seed: number): Promise<number> {
  const simulated = await simulate(scenarioOf(seed))
  const broken = await violations(simulated)
  printStory(simulated)
  for (const told of broken) console.log(`seed ${seed}: ${told}`)
  console.log(broken.length === 0 ? 'all invariants hold' : `${broken.length} invariants are broken`)
  return broken.length === 0 ? 0 : 1
}

function printStory({ scenario, played, world }: Simulated): void {
  const { plan, ...circumstances } = scenario
  console.log(
    JSON.stringify({ ...circumstances, load: plan.load, failovers: plan.failovers, timing: plan.timing }, null, 2),
  )
  for (const { at, phase, step, attempt, result, detail } of played.report?.journal ?? [])
    console.log(`${at.slice(11, 23)}  ${phase.padEnd(12)} ${step.padEnd(14)} ${attempt} ${result.padEnd(7)} ${detail}`)
  for (const { mode, acceptedAtMs, downAtMs, upAtMs, healthyAtMs } of world.server.failovers)
    console.log(`failover ${mode}: ${[acceptedAtMs, downAtMs, upAtMs, healthyAtMs].map(instant).join(', ')}`)
  console.log(`${played.status}: ${played.report?.verdict} ${played.report?.headline}`)
  for (const reason of played.report?.reasons ?? []) console.log(`  ${reason}`)
}

const instant = (atMs: number): string => (Number.isFinite(atMs) ? new Date(atMs).toISOString().slice(11, 23) : 'never')
