/** What a seed stands for: the plan of a drill, the world it runs in, and everything that goes wrong on the way. */
import type { DrillPlan } from '../../functions/model/plan.ts'
import { FAILOVER_MODES } from '../../functions/model/planned-event.ts'
import { anAppProbe } from '../support/app-records.ts'
import { aPlan } from '../support/play-drill.ts'
import type { EffectOptions } from '../support/world/effects.ts'
import type { GeneratorCourse } from '../support/world/generator.ts'
import type { FailoverCourse, HandAct, PostFate } from '../support/world/server.ts'
import { eventOf, type KindsOfSeed, kindsOfSeed } from './kinds.ts'
import { Random } from './random.ts'
import { someTroubles, someWeather, troublesOf, type WorldTroubles } from './troubles.ts'

/**
 * The API writes the abort request, then the stop signal of the load generators, then raises an event. It may die between any two of them,
 * and an event may be lost: the first of the three must be enough.
 */
type AbortBy = 'request, stop and event' | 'request and stop' | 'request'

export interface Scenario {
  readonly seed: number
  readonly plan: DrillPlan
  readonly courses: readonly FailoverCourse[]
  readonly posts: readonly PostFate[]
  /** How the platform carries out what is no failover. */
  readonly effects: EffectOptions
  /** What others ask of the platform meanwhile. */
  readonly hands: readonly HandAct[]
  readonly generators: readonly Partial<GeneratorCourse>[]
  /** From the start of the drill. */
  readonly abortAtMs: number | null
  readonly abortBy: AbortBy
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
  readonly eventSilenceSeconds: number
  /** Activities that never answer, also when they did their work. */
  readonly hanging: readonly string[]
  readonly metricsLagMs: number
  readonly lastPromotionMinutesAgo: number | null
  /** Another user requests a drill of the same server at these times. */
  readonly rivalsAtMs: readonly number[]
  /** Another drill has the server already. */
  readonly isServerTaken: boolean
  /** From then on another drill has it: an operator reassigned it by hand. */
  readonly serverLostAtMs: number | null
  readonly troubles: WorldTroubles
  /** After each failover the old primary goes on taking writes for so long; null: it is fenced. */
  readonly oldPrimaryLivesMs: number | null
  /** All files with their charts, and not the three small ones alone. */
  readonly rendersAll: boolean
}

/** Charts take longer than the whole of the rest, and a drill's trouble changes little of how they are drawn: a sample is enough. */
const RENDERED_EVERY = 100
export const rendersAll = (seed: number): boolean => seed % RENDERED_EVERY === 0

/** Half of the worlds are calm apart from the failover itself, so that a verdict of PASS is also put to the test. */
export function scenarioOf(seed: number): Scenario {
  const random = new Random(seed * 2_654_435_761)
  const isCalm = random.chance(0.4)
  const trouble = (probability: number) => !isCalm && random.chance(probability)
  // Longer than a lease lives without the drill, now and then.
  const isLong = random.chance(0.04)
  const wantedSeconds = isLong
    ? random.whole(420, 600)
    : random.chance(0.2)
      ? random.whole(100, 130)
      : random.whole(36, 70)
  const containers = random.whole(1, 3)
  // A stream of its own: what goes wrong in the world does not change what goes wrong with the app.
  const worldRandom = new Random(seed * 1_597_334_677 + 1)
  const names = someTroubles(worldRandom)
  const isTwice = names.includes('a second failover that is the worst')
  const drawn = kindsOfSeed(new Random(seed * 3_266_489_917 + 3), isCalm)
  // What is to be seen twice is a failover.
  const kinds: KindsOfSeed = isTwice
    ? { ...drawn, kind: 'failover', hands: [], isWorstLast: true, returnsZones: false }
    : drawn
  const lastHand = kinds.hands.at(-1)?.atSecond ?? 0
  const durationSeconds = Math.max(
    isTwice || kinds.returnsZones ? 100 : 0,
    lastHand === 0 ? 0 : lastHand + 45,
    wantedSeconds,
  )
  const mayBeTwice = durationSeconds >= 100 && kinds.kind === 'failover'
  const drawnCount = random.chance(0.08) ? 0 : (random.chance(0.15) && mayBeTwice) || isTwice ? 2 : 1
  const eventCount = kinds.returnsZones ? 1 : drawnCount
  const recoveryObjectiveSeconds = random.whole(8, 40)
  // Two events of one drill may not be closer together than this.
  const drawnCoolDown = eventCount === 2 ? 0 : random.pick([0, 20])
  const plan = planOf(random, seed, {
    durationSeconds,
    containers,
    eventCount,
    kinds,
    recoveryObjectiveSeconds,
    mostTps: isLong ? containers * 8 + 4 : 40,
    cooldownMinutes: kinds.returnsZones ? 0 : drawnCoolDown,
  })
  // A stream of its own: a probed application changes nothing else of the drill.
  const appRandom = new Random(seed * 2_971_215_073 + 4)
  const probes = appRandom.chance(0.4) ? [anAppProbe({ everyMs: appRandom.pick([50, 250, 1_000, 5_000]) })] : []
  const failoversAt = plan.events.map(({ atSeconds }) => atSeconds)
  const weather = new Random(seed * 3_266_489_917 + 3)
  const drill = { containers, durationSeconds, failoversAt }
  const troubles = troublesOf(weather, someWeather(weather), drill, troublesOf(worldRandom, names, drill))
  // A stream of its own: an old primary that lives changes nothing else of the world.
  const oldPrimary = new Random(seed * 1_540_483_477 + 5)
  const oldPrimaryLivesMs = oldPrimary.chance(0.08) ? oldPrimary.whole(500, 60_000) : null
  const lateness = new Random(seed * 2_246_822_519 + 2)
  const posts = Array.from({ length: 12 }, () => (trouble(0.35) ? random.pick(TROUBLED_POSTS) : 'accepted'))
  return {
    seed,
    plan: { ...plan, probes },
    courses: Array.from({ length: 3 }, (_, i) => ({
      ...withTrouble(courseOf(random, isCalm), i, troubles),
      oldLivesMs: oldPrimaryLivesMs ?? 0,
    })),
    oldPrimaryLivesMs,
    posts: [...troubles.posts, ...posts].map((fate) => sometimesLate(fate, lateness)),
    generators: generatorsOf(random, isCalm, containers, troubles).map((one) => ({
      ...one,
      appLagMs: appRandom.pick([0, 500, 4_000]),
    })),
    troubles,
    effects: kinds.effects,
    hands: eventCount === 0 ? [] : kinds.hands,
    abortAtMs: trouble(0.2) ? random.whole(0, random.chance(0.4) ? 25_000 : durationSeconds * 1_000 + 60_000) : null,
    abortBy: random.pick(['request, stop and event', 'request and stop', 'request']),
    hostDiesAtMs: Array.from({ length: trouble(0.3) ? random.whole(1, 3) : 0 }, () => random.whole(0, 150_000)),
    platformAwayMs: away(random, trouble(0.2), 40_000),
    storageAwayMs: away(random, trouble(0.1), 6_000),
    duplicateShare: trouble(0.4) ? 0.2 : 0,
    loseShare: trouble(0.3) ? 0.08 : 0,
    lateShare: trouble(0.3) ? 0.1 : 0,
    deleteFailsShare: trouble(0.15) ? 0.4 : 0,
    mishapSeed: random.whole(1, 2 ** 30),
    recoveryObjectiveSeconds,
    eventSilenceSeconds: random.pick([10, 20, 90, 90]),
    hanging: trouble(0.05) ? hangingOf(random) : [],
    metricsLagMs: random.pick([0, 0, 90_000, 300_000]),
    lastPromotionMinutesAgo: random.chance(0.1) ? random.pick([2, 19, 20, 300]) : null,
    rivalsAtMs: random.chance(0.3) ? [random.whole(0, 60_000), random.whole(0, durationSeconds * 1_000)] : [],
    isServerTaken: trouble(0.03),
    serverLostAtMs: trouble(0.04) ? random.whole(0, 60_000) : null,
    rendersAll: rendersAll(seed),
  }
}

interface Size {
  readonly durationSeconds: number
  readonly containers: number
  readonly eventCount: number
  readonly kinds: KindsOfSeed
  readonly recoveryObjectiveSeconds: number
  readonly mostTps: number
  readonly cooldownMinutes: number
}

function planOf(random: Random, seed: number, size: Size): DrillPlan {
  const { durationSeconds, containers, eventCount, kinds, recoveryObjectiveSeconds, mostTps, cooldownMinutes } = size
  const first = random.whole(14, 18)
  const at = eventCount === 2 ? [first, first + 45] : [first]
  return aPlan(
    {
      targetTps: random.whole(containers * 8, mostTps),
      workers: random.whole(containers, 9),
      retryUnknown: random.chance(0.5),
      containers,
      durationSeconds,
      events: at
        .slice(0, eventCount)
        // After a failover now and then a restart.
        .map((atSeconds, i) => {
          const mode = random.pick(FAILOVER_MODES)
          const isRestart = i > 0 && kinds.promotion === 'forced' && !kinds.isWorstLast
          return eventOf(isRestart ? { ...kinds, kind: 'restart' } : kinds, atSeconds, mode)
        }),
      ...(kinds.returnsZones && { returnHome: true }),
      criteria: [`recovery_time_s <= ${recoveryObjectiveSeconds}`, 'lost_commits == 0', 'duplicates == 0'],
      timing: {
        warmupSeconds: random.whole(1, 4),
        lateMetricsSeconds: random.pick([0, 0, 30, 400]),
        watchIntervalSeconds: random.pick([2, 5, 10, 15]),
        eventTimeoutSeconds: 120,
        healthyTimeoutSeconds: 120,
        cooldownMinutes,
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
  'host dies, arrives late',
]

/** A sender that gave up waiting does not know either whether its request is lost or late. */
const sometimesLate = (fate: PostFate, random: Random): PostFate =>
  fate === 'timeout before arrival' && random.chance(0.5) ? 'timeout, arrives late' : fate

/** Steps of every phase; several at once, so that their limits add up. */
const MAY_HANG = [
  'check',
  'provision',
  'startLoad',
  'pollLoad',
  'causeEvent',
  'noteContainers',
  'collect',
  'audit',
  'cleanUp',
  'gatherMetrics',
  'pollHealth',
  'deleteOldRows',
  'release',
  'writeReport',
  'notify',
  'undoEvents',
]

function hangingOf(random: Random): string[] {
  const share = random.pick([0.1, 0.6])
  const some = MAY_HANG.filter(() => random.chance(share))
  return some.length > 0 ? some : [random.pick(MAY_HANG)]
}

const courseOf = (random: Random, isCalm: boolean): FailoverCourse => ({
  detectMs: random.whole(0, 3_000),
  outageMs: !isCalm && random.chance(0.06) ? null : random.whole(500, random.pick([5_000, 20_000, 50_000])),
  rebuildMs: !isCalm && random.chance(0.06) ? null : random.whole(500, 40_000),
  lostMs: random.chance(0.15) ? random.whole(100, 2_500) : 0,
})

function withTrouble(course: FailoverCourse, index: number, troubles: WorldTroubles): FailoverCourse {
  const { relapses, lostMs, laterOutageMs } = troubles
  const outageMs = course.outageMs === null || index === 0 ? course.outageMs : course.outageMs + laterOutageMs
  return { ...course, outageMs, relapses, lostMs: lostMs > 0 ? lostMs : course.lostMs }
}

function generatorsOf(
  random: Random,
  isCalm: boolean,
  containers: number,
  { freezes, clockOffsetsMs }: WorldTroubles,
): Partial<GeneratorCourse>[] {
  const allDie = !isCalm && random.chance(0.05)
  return Array.from({ length: containers }, (_, k) => {
    const troubled = { freezes: freezes[k] ?? [], clockOffsetMs: clockOffsetsMs[k] ?? 0 }
    const one = { ...generatorOf(random, isCalm), ...troubled }
    return allDie ? { ...one, diesAtSecond: random.whole(1, 20) } : one
  })
}

const generatorOf = (random: Random, isCalm: boolean): Partial<GeneratorCourse> => ({
  readyAfterMs: !isCalm && random.chance(0.02) ? null : random.whole(500, 20_000),
  failsToStart: !isCalm && random.chance(0.02),
  diesAtSecond: !isCalm && random.chance(0.05) ? random.whole(1, 60) : null,
  latencyMs: random.whole(1, 30),
  behindPooler: random.chance(0.4),
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
