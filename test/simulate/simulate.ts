/**
 * npm run simulate -- --drills 2000 --seed 1: thousands of drills on a virtual clock, each in a world of its own seed, with
 * invariants that must hold in all of them. A seed that breaks one is printed, and `--seed N --drills 1` plays it again
 * with its journal.
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { violations } from './invariants.ts'
import { scenarioOf } from './scenario.ts'
import { type Simulated, simulate } from './simulation.ts'

const EXIT_CANNOT_RUN = 2
const MOST_FAILURES_SHOWN = 10
const PROGRESS_EVERY_MS = 5_000

/** What one drill came to. */
interface Outcome {
  readonly seed: number
  readonly verdict: string
  readonly broken: readonly string[]
}

interface Share {
  readonly firstSeed: number
  readonly drills: number
  /** Every `step`-th drill, from `offset` on. */
  readonly offset: number
  readonly step: number
}

function readOptions(): { readonly drills: number; readonly seed: number } {
  const { values } = parseArgs({
    options: { drills: { type: 'string', default: '200' }, seed: { type: 'string', default: '1' } },
  })
  const drills = Number(values.drills)
  const seed = Number(values.seed)
  if (!Number.isInteger(drills) || drills < 1 || !Number.isInteger(seed) || seed < 0)
    throw new Error('expected --drills with a whole number from 1, and --seed with a whole number from 0')
  return { drills, seed }
}

async function simulateShare({ firstSeed, drills, offset, step }: Share): Promise<void> {
  for (let i = offset; i < drills; i += step) parentPort?.postMessage(await outcomeOf(firstSeed + i))
}

async function outcomeOf(seed: number): Promise<Outcome> {
  try {
    const simulated = await simulate(scenarioOf(seed))
    const broken = await violations(simulated)
    return { seed, verdict: simulated.played.report?.verdict ?? 'none', broken }
  } catch (error) {
    return { seed, verdict: 'none', broken: [error instanceof Error ? (error.stack ?? error.message) : String(error)] }
  }
}

async function simulateAll(drills: number, firstSeed: number): Promise<number> {
  const tally = new Tally(drills)
  const step = Math.min(drills, availableParallelism())
  const workers = Array.from({ length: step }, (_, offset) => {
    const share: Share = { firstSeed, drills, offset, step }
    return runWorker(share, (outcome) => tally.add(outcome))
  })
  await Promise.all(workers)
  return tally.end()
}

function runWorker(share: Share, onOutcome: (outcome: Outcome) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: share })
    worker.on('message', onOutcome)
    worker.on('error', reject)
    worker.on('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`a simulation thread ended with code ${code}`)),
    )
  })
}

class Tally {
  readonly #drills: number
  readonly #startedAtMs = performance.now()
  readonly #verdicts = new Map<string, number>()
  readonly #failed: number[] = []
  #done = 0
  #shownAtMs = this.#startedAtMs

  constructor(drills: number) {
    this.#drills = drills
  }

  add({ seed, verdict, broken }: Outcome): void {
    this.#done++
    this.#verdicts.set(verdict, (this.#verdicts.get(verdict) ?? 0) + 1)
    if (broken.length > 0) {
      this.#failed.push(seed)
      if (this.#failed.length <= MOST_FAILURES_SHOWN) for (const told of broken) console.log(`seed ${seed}: ${told}`)
    }
    if (performance.now() - this.#shownAtMs < PROGRESS_EVERY_MS) return
    this.#shownAtMs = performance.now()
    console.log(`${this.#done} of ${this.#drills} drills, ${this.#failed.length} failed`)
  }

  end(): number {
    const seconds = (performance.now() - this.#startedAtMs) / 1000
    const counts = [...this.#verdicts].sort().map(([verdict, count]) => `${verdict} ${count}`)
    const rate = (this.#done / seconds).toFixed(1)
    console.log(`${this.#done} drills in ${seconds.toFixed(1)} s, ${rate} drills/s: ${counts.join(', ')}`)
    if (this.#failed.length === 0) return 0
    const [first] = this.#failed.sort((a, b) => a - b)
    console.log(`${this.#failed.length} broke an invariant. Replay one: npm run simulate -- --seed ${first} --drills 1`)
    return 1
  }
}

async function replay(seed: number): Promise<number> {
  const simulated = await simulate(scenarioOf(seed))
  const broken = await violations(simulated)
  printReplay(simulated)
  for (const told of broken) console.log(`seed ${seed}: ${told}`)
  console.log(broken.length === 0 ? 'all invariants hold' : `${broken.length} invariants are broken`)
  return broken.length === 0 ? 0 : 1
}

function printReplay({ scenario, played, world }: Simulated): void {
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

async function main(): Promise<number> {
  const { drills, seed } = readOptions()
  return drills === 1 ? replay(seed) : simulateAll(drills, seed)
}

if (!isMainThread) await simulateShare(workerData as Share)
else
  try {
    process.exitCode = await main()
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = EXIT_CANNOT_RUN
  }
