/** What a seed stands for: the plan of a drill, the world it runs in, and everything that goes wrong on the way. */
import type { DrillPlan } from '../../functions/drill/plan.ts'
import { aPlan } from '../support/play-drill.ts'
import type { GeneratorCourse } from '../support/world/generator.ts'
import type { FailoverCourse, PostFate } from '../support/world/server.ts'
import { Random } from './random.ts'

export interface Scenario {
  readonly seed: number
  readonly plan: DrillPlan
  readonly courses: readonly FailoverCourse[]
  readonly posts: readonly PostFate[]
  readonly generators: readonly Partial<GeneratorCourse>[]
  /** From the start of the drill. */
  readonly abortAtMs: number | null
  /** Whether the wish to abort also comes as an event. */
  readonly abortRaisesEvent: boolean
  readonly hostDiesAtMs: readonly number[]
  readonly platformAwayMs: ReadonlyArray<readonly [from: number, to: number]>
  readonly storageAwayMs: ReadonlyArray<readonly [from: number, to: number]>
  /** Of all activity runs. */
  readonly duplicateShare: number
  readonly loseShare: number
  readonly lateShare: number
  readonly deleteFailsShare: number
  readonly mishapSeed: number
  readonly recoveryObjectiveSeconds: number
  /** After so much silence a request whose sender died is given up for lost. */
  readonly failoverSilenceSeconds: number
}

/** Half of the worlds are calm apart from the failover itself, so that a verdict of PASS is also put to the test. */
export function scenarioOf(seed: number): Scenario {
  const random = new Random(seed * 2_654_435_761)
  const isCalm = random.chance(0.4)
  const trouble = (probability: number) => !isCalm && random.chance(probability)
  // Longer than a lease lives without the drill, now and then.
  const isLong = random.chance(0.06)
  const durationSeconds = isLong ? random.whole(420, 700) : random.whole(40, 120)
  const containers = random.whole(1, 3)
  const failoverCount = random.chance(0.08) ? 0 : random.chance(0.15) && durationSeconds >= 100 ? 2 : 1
  const recoveryObjectiveSeconds = random.whole(8, 40)
  return {
    seed,
    plan: planOf(random, seed, {
      durationSeconds,
      containers,
      failoverCount,
      recoveryObjectiveSeconds,
      mostTps: isLong ? containers * 8 + 4 : 60,
    }),
    courses: Array.from({ length: 3 }, () => courseOf(random, isCalm)),
    posts: Array.from({ length: 12 }, () => (trouble(0.35) ? random.pick(TROUBLED_POSTS) : 'accepted')),
    generators: Array.from({ length: containers }, () => generatorOf(random, isCalm)),
    abortAtMs: trouble(0.15) ? random.whole(0, durationSeconds * 1_000 + 60_000) : null,
    abortRaisesEvent: random.chance(0.7),
    hostDiesAtMs: Array.from({ length: trouble(0.3) ? random.whole(1, 3) : 0 }, () => random.whole(0, 150_000)),
    platformAwayMs: away(random, trouble(0.2), 40_000),
    storageAwayMs: away(random, trouble(0.1), 6_000),
    duplicateShare: trouble(0.4) ? 0.2 : 0,
    loseShare: trouble(0.3) ? 0.08 : 0,
    lateShare: trouble(0.3) ? 0.1 : 0,
    deleteFailsShare: trouble(0.15) ? 0.4 : 0,
    mishapSeed: random.whole(1, 2 ** 30),
    recoveryObjectiveSeconds,
    failoverSilenceSeconds: random.pick([10, 20, 90]),
  }
}

interface Size {
  readonly durationSeconds: number
  readonly containers: number
  readonly failoverCount: number
  readonly recoveryObjectiveSeconds: number
  readonly mostTps: number
}

function planOf(random: Random, seed: number, size: Size): DrillPlan {
  const { durationSeconds, containers, failoverCount, recoveryObjectiveSeconds, mostTps } = size
  const first = random.whole(14, 18)
  const at = failoverCount === 2 ? [first, first + 45] : [first]
  return aPlan(
    {
      targetTps: random.whole(containers * 8, mostTps),
      workers: random.whole(containers, 9),
      containers,
      durationSeconds,
      failovers: at
        .slice(0, failoverCount)
        .map((atSeconds) => ({ atSeconds, mode: random.pick(['forced', 'planned']) })),
      criteria: [`recovery_time_s <= ${recoveryObjectiveSeconds}`, 'lost_commits == 0', 'duplicates == 0'],
      timing: {
        warmupSeconds: random.whole(1, 4),
        lateMetricsSeconds: random.pick([0, 0, 30, 400]),
        watchIntervalSeconds: random.whole(2, 8),
        failoverTimeoutSeconds: 120,
        healthyTimeoutSeconds: 120,
      },
    },
    `seed-${seed}`,
  )
}

const TROUBLED_POSTS: readonly PostFate[] = [
  'reset after arrival',
  'reset before arrival',
  'unavailable after arrival',
  'timeout before arrival',
  'busy',
  'not ready',
  'forbidden',
  'host dies after arrival',
  'host dies before arrival',
]

const courseOf = (random: Random, isCalm: boolean): FailoverCourse => ({
  detectMs: random.whole(0, 3_000),
  outageMs: !isCalm && random.chance(0.06) ? null : random.whole(500, random.pick([5_000, 20_000, 50_000])),
  rebuildMs: !isCalm && random.chance(0.06) ? null : random.whole(500, 40_000),
  lostMs: random.chance(0.15) ? random.whole(100, 2_500) : 0,
})

const generatorOf = (random: Random, isCalm: boolean): Partial<GeneratorCourse> => ({
  readyAfterMs: !isCalm && random.chance(0.02) ? null : random.whole(500, 20_000),
  failsToStart: !isCalm && random.chance(0.02),
  diesAtSecond: !isCalm && random.chance(0.05) ? random.whole(1, 60) : null,
  latencyMs: random.whole(1, 30),
  losesEveryNthReply: random.chance(0.3) ? random.whole(20, 400) : 0,
  storesLostReplies: random.chance(0.5),
  chunkDelayMs: random.whole(50, 4_000),
  duplicatesEveryNthChunk: random.chance(0.4) ? random.whole(1, 9) : 0,
})

function away(random: Random, isAway: boolean, longestMs: number): Array<readonly [number, number]> {
  if (!isAway) return []
  return Array.from({ length: random.whole(1, 3) }, () => {
    const from = random.whole(0, 180_000)
    return [from, from + random.whole(500, longestMs)] as const
  })
}
