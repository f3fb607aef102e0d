/** The checklist before a drill: what must hold before a container costs money and an event is requested. */
import { isNeededBy, mayPromote } from '../event-kinds/kinds.ts'
import { coolDownOf } from '../model/cool-down.ts'
import type { Facts } from '../model/facts.ts'
import type { DrillPlan } from '../model/plan.ts'
import type { CheckResult } from '../model/report.ts'
import { plain } from '../units/units.ts'
import { type BeforeCheck, type BeforeEvidence, type Judgement, judgeRows } from './check.ts'
import { CONTAINER_CHECKS } from './containers.ts'
import { DISK_CHECKS } from './disk.ts'
import { EVENT_CHECKS } from './events.ts'
import { LOAD_CHECKS } from './load.ts'
import { REPLICATION_CHECKS } from './replication.ts'
import { SERVER_CHECKS } from './server.ts'
import { SQL_CHECKS } from './sql.ts'

const COOL_DOWN = {
  id: 'cool-down',
  title: 'Cool-down',
  why: 'After a promotion the standby is rebuilt; the platform advises 15 to 20 minutes between failovers.',
  judge: judgeCooldown,
  advice: 'Wait for the rest of the cool-down, or set timing.cooldownMinutes.',
} as const satisfies BeforeCheck

export const BEFORE = [
  ...SERVER_CHECKS,
  ...DISK_CHECKS,
  ...REPLICATION_CHECKS,
  ...SQL_CHECKS,
  ...LOAD_CHECKS,
  ...CONTAINER_CHECKS,
  ...EVENT_CHECKS,
  COOL_DOWN,
] as const satisfies readonly BeforeCheck[]

/** The rows that the events of the plan need. */
export const judgeBefore = (plan: DrillPlan, facts: Facts): CheckResult[] =>
  judgeRows(
    BEFORE.filter(({ id }) => isNeededBy(plan.events, id)),
    'before',
    { plan, facts },
    plan.force,
  )

/** The rows that can stop a drill. */
export const BEFORE_CHECK_IDS = BEFORE.map(({ id }) => id)
export type BeforeCheckId = (typeof BEFORE_CHECK_IDS)[number]

/**
 * Rows whose failure can pass without a change of the set-up: the state of the server, of the platform or of the moment. After any
 * other failure a repeated drill is stopped as well.
 */
export const PASSING_CHECKS: readonly BeforeCheckId[] = [
  'server-ready',
  'ha-healthy',
  'zones-differ',
  'pending-restart',
  'maintenance',
  'sql-pgbouncer',
  'sql-direct',
  'primary-writable',
  'load-session',
  'canary',
  'identity-token',
  'container-quota',
  'blob-writable',
  'cool-down',
]

/**
 * What the size of the server is for: the full rate. Under a light load a smaller one is measured just as well, so these may be
 * overridden there without harm.
 */
export const SIZE_CHECKS: readonly BeforeCheckId[] = ['server-sku', 'storage-iops']

/**
 * After a failover a disk of Premium SSD v2 is filled from a snapshot, and failovers in quick succession can end in errors. The
 * documentation of the service (01/2026) names no time: this one is cautious. "force" overrides it.
 */
const COOL_DOWN_MINUTES_OF_V2 = 60

const hasDiskV2 = (facts: Pick<Facts, 'server'>): boolean => facts.server?.storage?.type === 'PremiumV2_LRS'

/** What the request asks for, or more where the disk needs it. `facts` null: nothing is known of the server. */
export const coolDownMinutes = ({ timing }: Pick<DrillPlan, 'timing'>, facts: Pick<Facts, 'server'> | null): number =>
  Math.max(timing.cooldownMinutes, facts !== null && hasDiskV2(facts) ? COOL_DOWN_MINUTES_OF_V2 : 0)

function judgeCooldown({ facts, plan }: BeforeEvidence): Judgement {
  const isV2 = hasDiskV2(facts)
  const minutes = coolDownMinutes(plan, facts)
  const wanted = `at least ${minutes} min since the last promotion${isV2 ? ', and between two (Premium SSD v2)' : ''}`
  const apart = minutesBetween(plan)
  if (isV2 && apart !== null && apart < minutes)
    return { verdict: 'fail', seen: `two promotions ${plain(apart)} min apart in this drill`, wanted }
  if (facts.lastPromotionAt === null) {
    const isKnown = !facts.gaps.some((gap) => gap.startsWith('last promotion'))
    return isKnown
      ? { verdict: 'pass', seen: 'no promotion on record', wanted }
      : { verdict: 'unknown', seen: null, wanted }
  }
  const { isOver, words } = coolDownOf(facts.lastPromotionAt, facts.observedAt, minutes)
  return { verdict: isOver ? 'pass' : 'fail', seen: words, wanted }
}

/** Between the two promotions of the drill that are closest; null: there are no two. */
function minutesBetween({ events }: DrillPlan): number | null {
  const promotions = events.filter(mayPromote)
  const pauses = promotions.slice(1).map(({ atSeconds }, i) => atSeconds - (promotions[i]?.atSeconds ?? 0))
  return pauses.length === 0 ? null : Math.min(...pauses) / 60
}
