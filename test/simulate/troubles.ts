/** What goes wrong around a drill in the world itself, by name: with the server, its storage, clocks, containers and timers. */
import type { Freeze } from '../support/world/load.ts'
import type { FailoverCourse, PostFate } from '../support/world/server.ts'
import type { Trouble } from '../support/world/service.ts'
import type { Random } from './random.ts'

export const TROUBLES = [
  'a stall of a generator',
  'a stall over the failover',
  'a generator that freezes before the event',
  'one of several containers that stands still',
  'a clock far off',
  'clocks a little off',
  'a crash before the request',
  'a crash after the request',
  'a crash at any time',
  'a request accepted during a crash',
  'a refused request',
  'a request to try again in minutes',
  'a primary that dies for good',
  'a new primary that dies for good',
  'flapping',
  'a promotion by hand',
  'storage that stands still',
  'late timers',
  'early timers',
  'an overlooked container group',
  'a container that is created later',
  'throttled creation',
  'throttled deletion',
  'a throttled failover operation',
  'throttled metrics',
  'a second failover that is the worst',
  'a lost commit',
] as const
/** Drawn apart from the others, which so stay what they are for every seed. */
export const WEATHERS = [
  'a failover that the platform drops',
  'zones that change late',
  'a container group that appears late',
  'a deletion that takes long',
] as const
export type TroubleName = (typeof TROUBLES | typeof WEATHERS)[number]

/** The first refused request of each kind is asked to pause for so many seconds; null: none is refused. */
export interface Pauses {
  readonly create: number | null
  readonly delete: number | null
  readonly operation: number | null
  readonly metrics: number | null
}

export interface WorldTroubles {
  readonly names: readonly TroubleName[]
  readonly server: readonly Trouble[]
  readonly freezes: readonly (readonly Freeze[])[]
  readonly clockOffsetsMs: readonly number[]
  readonly databaseOffsetMs: number
  readonly posts: readonly PostFate[]
  readonly relapses: NonNullable<FailoverCourse['relapses']>
  readonly timersLateShare: number
  readonly timersEarlyShare: number
  readonly overlookedShare: number
  /** By container: how often its creation is answered with "try again". */
  readonly createRefusals: readonly number[]
  readonly pauses: Pauses
  /** Of a failover request. */
  readonly throttledSeconds: number
  /** The failovers after the first one take so much longer. */
  readonly laterOutageMs: number
  readonly lostMs: number
  readonly oldZonesMs: number
  readonly hiddenGroupMs: number
  readonly deletingMs: number
}

export interface TroubledDrill {
  readonly containers: number
  readonly durationSeconds: number
  readonly failoversAt: readonly number[]
}

type Draft = { -readonly [K in keyof WorldTroubles]: WorldTroubles[K] }

const calm = (containers: number): Draft => ({
  names: [],
  server: [],
  freezes: Array.from({ length: containers }, () => []),
  clockOffsetsMs: Array.from({ length: containers }, () => 0),
  databaseOffsetMs: 0,
  posts: [],
  relapses: [],
  timersLateShare: 0,
  timersEarlyShare: 0,
  overlookedShare: 0,
  createRefusals: Array.from({ length: containers }, () => 0),
  pauses: { create: null, delete: null, operation: null, metrics: null },
  throttledSeconds: 0,
  laterOutageMs: 0,
  lostMs: 0,
  oldZonesMs: 0,
  hiddenGroupMs: 0,
  deletingMs: 2_000,
})

/** None, one or two of them: two are where one hides behind the other. */
export const someTroubles = (random: Random): readonly TroubleName[] => [
  ...new Set(Array.from({ length: random.pick([0, 0, 1, 1, 2, 2]) }, () => random.pick(TROUBLES))),
]

export const someWeather = (random: Random): readonly TroubleName[] =>
  random.chance(0.2) ? [random.pick(WEATHERS)] : []

/** Added to what is given. */
export function troublesOf(
  random: Random,
  names: readonly TroubleName[],
  drill: TroubledDrill,
  given: WorldTroubles = calm(drill.containers),
): WorldTroubles {
  const draft: Draft = { ...given, names: [...given.names, ...names] }
  for (const name of names) APPLY[name](draft, random, drill)
  return draft
}

const between = (random: Random, from: number, to: number): number => from + random.next() * (to - from)

const eventSecond = ({ failoversAt, durationSeconds }: TroubledDrill): number => failoversAt[0] ?? durationSeconds / 2

function freeze(draft: Draft, containers: readonly number[], one: Freeze): void {
  draft.freezes = draft.freezes.map((known, k) => (containers.includes(k) ? withFreeze(known, one) : known))
}

/** Two that overlap are one standstill: a process that is frozen does not freeze again, and goes on when the last of them ends. */
export function withFreeze(known: readonly Freeze[], one: Freeze): Freeze[] {
  const meets = (other: Freeze) => other.fromSecond <= one.toSecond && one.fromSecond <= other.toSecond
  const met = [one, ...known.filter(meets)]
  const whole = {
    fromSecond: Math.min(...met.map(({ fromSecond }) => fromSecond)),
    toSecond: Math.max(...met.map(({ toSecond }) => toSecond)),
  }
  return [...known.filter((other) => !meets(other)), whole].sort((a, b) => a.fromSecond - b.fromSecond)
}

const allOf = ({ containers }: TroubledDrill): number[] => Array.from({ length: containers }, (_, k) => k)

function add(draft: Draft, random: Random, kind: Trouble['kind'], atSecond: number, seconds: number): void {
  const lostMs = random.chance(0.3) ? random.whole(100, 2_000) : 0
  draft.server = [...draft.server, { kind, atSecond, seconds, lostMs, rebuildMs: random.whole(500, 40_000) }]
}

function pause(draft: Draft, asked: Partial<Pauses>): void {
  draft.pauses = { ...draft.pauses, ...asked }
}

const somewhere = (random: Random, { durationSeconds }: TroubledDrill): number =>
  between(random, 1, Math.max(2, durationSeconds - 3))

const APPLY: Readonly<Record<TroubleName, (draft: Draft, random: Random, drill: TroubledDrill) => void>> = {
  'a stall of a generator': (draft, random, drill) => {
    const fromSecond = somewhere(random, drill)
    const who = random.chance(0.6) ? allOf(drill) : [random.whole(0, drill.containers - 1)]
    freeze(draft, who, { fromSecond, toSecond: fromSecond + between(random, 0.2, 12) })
  },
  'a stall over the failover': (draft, random, drill) => {
    const fromSecond = eventSecond(drill) + between(random, 0.3, 4)
    freeze(draft, allOf(drill), { fromSecond, toSecond: fromSecond + between(random, 1, 15) })
  },
  'a generator that freezes before the event': (draft, random, drill) => {
    const fromSecond = random.chance(0.5) ? -1 : between(random, 1, eventSecond(drill) - 2)
    const toSecond = random.chance(0.5) ? Number.POSITIVE_INFINITY : eventSecond(drill) + between(random, 1, 20)
    freeze(draft, random.chance(0.6) ? allOf(drill) : [0], { fromSecond, toSecond })
  },
  'one of several containers that stands still': (draft, random, drill) => {
    const fromSecond = somewhere(random, drill)
    freeze(draft, [0], { fromSecond, toSecond: fromSecond + between(random, 2, 20) })
  },
  'a clock far off': (draft, random) => {
    const offsetMs = random.pick([-90_000, -3_000, 7_200_000, 40_000])
    draft.clockOffsetsMs = draft.clockOffsetsMs.map((_, k) => (k === 0 || random.chance(0.3) ? offsetMs : 0))
  },
  'clocks a little off': (draft, random) => {
    draft.clockOffsetsMs = draft.clockOffsetsMs.map(() => random.whole(-350, 350))
    draft.databaseOffsetMs = random.whole(-300, 300)
  },
  'a crash before the request': (draft, random, drill) =>
    add(draft, random, 'crash', eventSecond(drill) - between(random, 0.05, 3), between(random, 1, 15)),
  'a crash after the request': (draft, random, drill) =>
    add(draft, random, 'crash', eventSecond(drill) + between(random, 0, 4), between(random, 1, 15)),
  'a crash at any time': (draft, random, drill) =>
    add(draft, random, 'crash', somewhere(random, drill), between(random, 0.5, 20)),
  // The platform's own view is late: it accepts, and then there is nothing left to do, or it does it once more.
  'a request accepted during a crash': (draft, random, drill) => {
    const seconds = between(random, 6, 20)
    const atSecond = eventSecond(drill) - between(random, 0.2, 4)
    const crash = { kind: 'crash', atSecond, seconds, rebuildMs: random.whole(500, 40_000) } as const
    draft.server = [...draft.server, { ...crash, unnoticedSeconds: seconds, absorbs: random.chance(0.5) }]
    // Nor do the generators see when it begins.
    if (random.chance(0.3))
      freeze(draft, allOf(drill), {
        fromSecond: atSecond - between(random, 0.05, 0.5),
        toSecond: eventSecond(drill) + between(random, 3, 12),
      })
  },
  'a refused request': (draft, random) => {
    const fate = random.pick(['busy', 'not ready', 'forbidden'] as const)
    draft.posts = Array.from({ length: random.whole(1, 6) }, () => fate)
  },
  'a request to try again in minutes': (draft, random) => {
    draft.posts = ['throttled']
    draft.throttledSeconds = random.whole(5, random.pick([20, 300]))
  },
  'a primary that dies for good': (draft, random, drill) =>
    add(draft, random, 'death', somewhere(random, drill), Number.POSITIVE_INFINITY),
  'a new primary that dies for good': (draft, random) => {
    draft.relapses = [{ afterMs: random.whole(500, 8_000), ms: null }]
  },
  flapping: (draft, random, drill) => {
    const flaps = Array.from({ length: random.whole(1, 4) }, () => random.whole(500, 4_000))
    draft.relapses = flaps.map((ms, i) => ({ afterMs: 6_000 * i + random.whole(300, 5_000), ms }))
    if (random.chance(0.4)) add(draft, random, 'flap', somewhere(random, drill), between(random, 0.3, 8))
  },
  'a promotion by hand': (draft, random, drill) =>
    add(draft, random, 'hand', somewhere(random, drill), between(random, 1, 12)),
  'storage that stands still': (draft, random, drill) =>
    add(draft, random, 'storage', somewhere(random, drill), between(random, 0.5, 14)),
  'late timers': (draft, random) => {
    draft.timersLateShare = random.pick([0.1, 0.5])
  },
  'early timers': (draft, random) => {
    draft.timersEarlyShare = random.pick([0.1, 0.5])
  },
  'an overlooked container group': (draft, random) => {
    draft.overlookedShare = random.pick([0.05, 0.3])
  },
  'a container that is created later': (draft, random) => {
    draft.createRefusals = draft.createRefusals.map((_, k) => (k === 0 || random.chance(0.3) ? random.whole(1, 6) : 0))
  },
  'throttled creation': (draft, random) => pause(draft, { create: random.pick([17, 60, 250, 450, 900]) }),
  'throttled deletion': (draft, random) => pause(draft, { delete: random.pick([17, 60, 600, 7_200]) }),
  'a throttled failover operation': (draft, random) => pause(draft, { operation: random.pick([17, 60, 600]) }),
  'throttled metrics': (draft, random) => pause(draft, { metrics: random.pick([17, 60, 600, 3_600]) }),
  'a second failover that is the worst': (draft, random) => {
    draft.laterOutageMs = random.whole(5_000, 15_000)
  },
  'a lost commit': (draft, random) => {
    draft.lostMs = random.whole(100, 2_500)
  },
  'a failover that the platform drops': (draft) => {
    draft.posts = [...draft.posts, 'accepted and dropped']
  },
  'zones that change late': (draft, random) => {
    draft.oldZonesMs = random.whole(1_000, random.pick([20_000, 200_000]))
  },
  'a container group that appears late': (draft, random) => {
    draft.hiddenGroupMs = random.whole(1_000, random.pick([10_000, 40_000]))
  },
  'a deletion that takes long': (draft, random) => {
    draft.deletingMs = random.whole(5_000, random.pick([30_000, 120_000]))
  },
}
