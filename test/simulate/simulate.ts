/**
 * npm run simulate -- --drills 2000 --seed 1: thousands of drills on a virtual clock, each in a world of its own seed, with
 * invariants that must hold in all of them. A seed that breaks one is printed, and `--seed N --drills 1` plays it again
 * with its journal.
 */
import { availableParallelism } from 'node:os'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import * as z from 'zod'
import { type OptionsOf, plainNumber, runTool } from '../../infra/local/process/command-line.ts'
import { whole } from '../../loadgen-image/contract/fields.ts'
import { HAPPENINGS, type Happening } from './happenings.ts'
import type { Outcome } from './outcome.ts'
import { TROUBLES, type TroubleName, WEATHERS } from './troubles.ts'

const MAX_FAILURES_SHOWN = 10
const DRILLS_THAT_MEET_ALL = 1_000
const PROGRESS_EVERY_MS = 5_000

const atLeast = (min: number) => z.preprocess(plainNumber, whole(min, Number.MAX_SAFE_INTEGER))

const COMMAND = {
  command: 'npm run simulate --',
  about: 'Plays drills in a simulated world, each with the next seed, and holds invariants in all of them.',
  options: {
    drills: {
      flag: 'drills',
      value: 'N',
      help: 'how many; one alone prints its journal',
      default: '200',
      schema: atLeast(1),
    },
    seed: { flag: 'seed', value: 'N', help: 'of the first drill', default: '1', schema: atLeast(0) },
  },
  closing: 'Exit code: 0 every invariant held, 1 one was broken (its seed is printed), 2 could not run.',
} as const

/** A thread plays one seed after the other, each as soon as it is done with the last: none waits for a slower one. */
async function playSeeds(): Promise<void> {
  const { outcomeOf } = await import('./outcome.ts')
  parentPort?.on('message', (seed: number) => void outcomeOf(seed).then((outcome) => parentPort?.postMessage(outcome)))
}

async function simulateAll(drills: number, firstSeed: number): Promise<number> {
  const tally = new Tally(drills)
  const seeds = Array.from({ length: drills }, (_, i) => firstSeed + i).values()
  const threads = Array.from({ length: Math.min(drills, availableParallelism()) }, () => runThread(seeds, tally))
  await Promise.all(threads)
  return tally.end()
}

function runThread(seeds: Iterator<number, unknown>, tally: Tally): Promise<void> {
  return new Promise((resolve, reject) => {
    // Most of what a drill makes dies young: with room for it the collector has a tenth of the work.
    const thread = new Worker(new URL(import.meta.url), { resourceLimits: { maxYoungGenerationSizeMb: 64 } })
    let isOver = false
    const next = () => {
      const { value: seed, done } = seeds.next()
      isOver = done === true
      if (isOver) void thread.terminate()
      else thread.postMessage(seed)
    }
    thread.on('message', (outcome: Outcome) => {
      tally.add(outcome)
      next()
    })
    thread.on('error', reject)
    thread.on('exit', (code) =>
      isOver ? resolve() : reject(new Error(`a simulation thread ended by itself, with code ${code}`)),
    )
    next()
  })
}

class Tally {
  readonly #drills: number
  readonly #startedAtMs = performance.now()
  readonly #verdicts = new Map<string, number>()
  readonly #met = new Map<TroubleName | Happening, number>(
    [...TROUBLES, ...WEATHERS, ...HAPPENINGS].map((name) => [name, 0]),
  )
  readonly #failed: Outcome[] = []
  #done = 0
  #rendered = 0
  #shownAtMs = this.#startedAtMs

  constructor(drills: number) {
    this.#drills = drills
  }

  add(outcome: Outcome): void {
    const { seed, verdict, broken, isRendered, met, happened } = outcome
    for (const name of [...met, ...happened]) this.#met.set(name, (this.#met.get(name) ?? 0) + 1)
    this.#done++
    if (isRendered) this.#rendered++
    this.#verdicts.set(verdict, (this.#verdicts.get(verdict) ?? 0) + 1)
    if (broken.length > 0) {
      this.#failed.push(outcome)
      if (this.#failed.length <= MAX_FAILURES_SHOWN) console.log(`seed ${seed} broke an invariant`)
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
    console.log(`every report was judged; of ${this.#rendered} drills all files were rendered too, charts included`)
    for (const [name, times] of this.#met) console.log(`${String(times).padStart(6)} met ${name}`)
    return Math.max(this.#printFailures(), this.#printUnmet())
  }

  /** Of so many drills each trouble and each kind of event is met by dozens: one that none met is not simulated any more. */
  #printUnmet(): number {
    const unmet = [...this.#met].filter(([, times]) => times === 0).map(([name]) => name)
    if (unmet.length === 0 || this.#drills < DRILLS_THAT_MEET_ALL) return 0
    console.log(`no drill of ${this.#drills} met: ${unmet.join(', ')}`)
    return 1
  }

  /** In the order of their seeds, whichever thread was faster. */
  #printFailures(): number {
    const failed = this.#failed.sort((a, b) => a.seed - b.seed)
    const [first] = failed
    if (first === undefined) return 0
    for (const { seed, broken } of failed.slice(0, MAX_FAILURES_SHOWN))
      for (const problem of broken) console.log(`seed ${seed}: ${problem}`)
    console.log(`${failed.length} broke an invariant. Replay one: npm run simulate -- --seed ${first.seed} --drills 1`)
    return 1
  }
}

async function simulate({ drills, seed }: OptionsOf<typeof COMMAND>): Promise<number> {
  if (drills > 1) return simulateAll(drills, seed)
  const { replay } = await import('./replay.ts')
  return replay(seed)
}

if (!isMainThread) await playSeeds()
else await runTool(COMMAND, ({ options }) => simulate(options))
