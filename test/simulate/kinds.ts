/** Which events a seed plans, how the platform carries them out, and what others do meanwhile. */
import type { FailoverMode, PlannedKind } from '../../functions/model/planned-event.ts'
import { target } from '../support/play-drill.ts'
import type { EffectOptions } from '../support/world/effects.ts'
import type { HandAct } from '../support/world/server.ts'
import type { Random } from './random.ts'

const REPLICA = 'pg-replica'
export const OTHER_SIZE = 'Standard_E8ds_v5'
/** What others choose, which differs from what the drill chose. */
const SIZE_OF_OTHERS = 'Standard_B2ms'

/** Half of all drills are failovers, the others in equal parts. */
const KINDS: readonly PlannedKind[] = [
  'failover',
  'failover',
  'failover',
  'failover',
  'restart',
  'scale',
  'switchover',
  'external',
]

export interface KindsOfSeed {
  readonly kind: PlannedKind
  readonly effects: EffectOptions
  readonly hands: readonly HandAct[]
  readonly returnHome: boolean
  readonly promotion: 'planned' | 'forced'
  /** The second of two events is a failover, because it is to be the worst. */
  readonly isWorstLast?: boolean
  /** The zones are to be as they were at the end. */
  readonly returnsZones: boolean
}

/** A stream of its own: the kind changes nothing about what goes wrong. */
export function kindsOfSeed(random: Random, isCalm: boolean): KindsOfSeed {
  const kind = random.pick(KINDS)
  const lagMs = random.chance(0.5) ? random.whole(200, 5_000) : 0
  const effects: EffectOptions = {
    outageMs: random.whole(100, random.pick([800, 4_000, 12_000])),
    scalePath: random.pick(['near zero', 'in place']),
    scaleMs: random.whole(500, 10_000),
    // A server without a replica has no virtual endpoint, and is its own primary.
    ...(kind === 'switchover' && {
      replica: { name: REPLICA, lagMs, readyMs: !isCalm && random.chance(0.1) ? null : random.whole(2_000, 30_000) },
    }),
  }
  const hands = kind === 'external' ? handsOf(random) : []
  const [returnHome, promotion] = [random.chance(0.5), random.pick(['planned', 'forced'] as const)]
  const isEndless = kind === 'scale' && !isCalm && random.chance(0.3)
  const returnsZones = kind === 'failover' && random.chance(0.12)
  const joinMs = random.chance(0.5) ? random.whole(200, 4_000) : 0
  return {
    kind,
    effects: { ...effects, ...(isEndless && { scaleMs: null }), joinMs },
    hands,
    returnHome,
    promotion,
    returnsZones,
  }
}

const restart = { call: 'restart', failoverMode: null } as const
const scale = { call: 'scale', sku: SIZE_OF_OTHERS } as const

/** Apart from each other, so that each is an event; none at all in every third watch. */
const handsOf = (random: Random): readonly HandAct[] =>
  random
    .pick([[], [], [restart], [scale], [restart, scale], [scale, restart]])
    .map((request, i) => ({ request, atSecond: 16 + 45 * i + random.whole(0, 2) }))

export function eventOf({ kind, returnHome, promotion }: KindsOfSeed, atSeconds: number, mode: FailoverMode): object {
  switch (kind) {
    case 'failover':
      return { atSeconds, kind, mode }
    case 'scale':
      return { atSeconds, kind, sku: OTHER_SIZE }
    case 'switchover':
      return { atSeconds, kind, mode: promotion, replica: REPLICA, returnHome }
    case 'restart':
    case 'external':
      return { atSeconds, kind }
  }
}

export const HOME = target.server
