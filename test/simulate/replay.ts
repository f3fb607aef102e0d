/** Plays one seed again and prints its story: what was planned to go wrong, the drill's journal, and what was broken. */
import { violations } from './invariants.ts'
import { inWords } from './outcome.ts'
import { type Scenario, scenarioOf } from './scenario.ts'
import { type Simulated, simulate } from './simulation.ts'

export async function replay(seed: number): Promise<number> {
  const scenario = scenarioOf(seed)
  printScenario(scenario)
  const broken = await playAndPrint(scenario).catch((error: unknown) => [inWords(error)])
  for (const problem of broken) console.log(`seed ${seed}: ${problem}`)
  console.log(broken.length === 0 ? 'all invariants hold' : `${broken.length} invariants are broken`)
  return broken.length === 0 ? 0 : 1
}

async function playAndPrint(scenario: Scenario): Promise<string[]> {
  const simulated = await simulate(scenario)
  printStory(simulated)
  return violations(simulated)
}

function printScenario({ plan, ...circumstances }: Scenario): void {
  console.log(JSON.stringify({ ...circumstances, load: plan.load, events: plan.events, timing: plan.timing }, null, 2))
}

function printStory({ played, world }: Simulated): void {
  for (const { at, phase, step, attempt, result, detail } of played.report?.journal ?? [])
    console.log(`${at.slice(11, 23)}  ${phase.padEnd(12)} ${step.padEnd(14)} ${attempt} ${result.padEnd(7)} ${detail}`)
  for (const { request, cause, acceptedAtMs, downAtMs, upAtMs } of world.server.effects.all)
    console.log(`${JSON.stringify(request)} by ${cause}: ${[acceptedAtMs, downAtMs, upAtMs].map(instant).join(', ')}`)
  for (const { mode, acceptedAtMs, downAtMs, upAtMs, healthyAtMs } of world.server.failovers)
    console.log(`failover ${mode}: ${[acceptedAtMs, downAtMs, upAtMs, healthyAtMs].map(instant).join(', ')}`)
  console.log(`${played.status}: ${played.report?.verdict} ${played.report?.headline}`)
  for (const reason of played.report?.reasons ?? []) console.log(`  ${reason}`)
}

const instant = (atMs: number): string => (Number.isFinite(atMs) ? new Date(atMs).toISOString().slice(11, 23) : 'never')
