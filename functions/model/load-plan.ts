/** The plan that a drill gives its load generators, and how much it offers, and how long the drill takes. */

import { maxReplyTimeoutMs } from '../../loadgen-image/contract/clients/behaviour.ts'
import { CONTRACT_VERSION } from '../../loadgen-image/contract/glossary.ts'
import type { LoadPlan } from '../../loadgen-image/contract/load-plan.ts'
import type { DrillPlan } from './plan.ts'

/** Replies may be this much older than the deadline for sending: then the drain is over. */
const DRAIN_MARGIN_SECONDS = 5
/** From the last arrival to the end of the process: drain, summary, upload. */
const SHUTDOWN_SECONDS = 120
/** The drill renews its lease with every poll. After this long without renewal it is dead, and the generators stop by themselves. */
export const STALE_LEASE_SECONDS = 300

export const drainSeconds = (plan: DrillPlan): number =>
  Math.ceil(maxReplyTimeoutMs(plan.load) / 1000) + DRAIN_MARGIN_SECONDS

/** From the start of a container to the moment at which it ends itself, in every case. */
const hardDeadlineSeconds = (plan: DrillPlan): number =>
  plan.timing.readyTimeoutSeconds + plan.load.durationSeconds + drainSeconds(plan) + SHUTDOWN_SECONDS

export const loadPlanOf = (plan: DrillPlan): LoadPlan => ({
  version: CONTRACT_VERSION,
  drillId: plan.drillId,
  ...plan.load,
  probes: plan.probes,
  drainSeconds: drainSeconds(plan),
  hardDeadlineSeconds: hardDeadlineSeconds(plan),
  staleLeaseSeconds: STALE_LEASE_SECONDS,
})

/** A drill without delays. Containers start in a minute or two; a standby is rebuilt within minutes. */
export const plannedSeconds = (plan: DrillPlan): number =>
  60 + plan.load.durationSeconds + drainSeconds(plan) + plan.timing.auditPauseSeconds + plan.timing.lateMetricsSeconds

/** A server takes some minutes to start, and 5 to 8 minutes more when maintenance waits for it. */
export const SERVER_START_SECONDS = 1_800

/** The drill gives up here: every bound of its phases added up, and time to clean up and report. */
export const overallDeadlineSeconds = (plan: DrillPlan): number =>
  (plan.requestedBy === 'timer' ? SERVER_START_SECONDS : 0) +
  hardDeadlineSeconds(plan) +
  // An event that is undone takes as long once more.
  plan.timing.eventTimeoutSeconds +
  plan.timing.healthyTimeoutSeconds +
  plan.timing.auditPauseSeconds +
  1800

/** The `expires-at` tag of the containers: from then on the sweeping timer deletes them. */
export const expiresAt = (plan: DrillPlan, createdAtMs: number): string =>
  new Date(createdAtMs + (hardDeadlineSeconds(plan) + 600) * 1000).toISOString()

// ---- What the load offers -----------------------------------------------------------------------------------------------

/** A time in which the offered rate moves linearly, or not at all, as shares of the target rate. */
interface FactorSpan {
  readonly seconds: number
  readonly begin: number
  readonly end: number
}

/** From a second on: a step holds until the next one, a ramp moves until then. */
export function factorsFrom({ profile, durationSeconds }: DrillPlan['load'], fromSecond: number): FactorSpan[] {
  const steps = [{ fromSecond: 0, factor: 1, shape: 'step' }, ...profile]
  return steps.flatMap((step, i) => {
    const until = steps[i + 1]?.fromSecond ?? durationSeconds
    if (until <= fromSecond) return []
    const begin = step.shape === 'step' ? step.factor : (steps[i - 1]?.factor ?? 1)
    const passed = Math.max(0, (fromSecond - step.fromSecond) / (until - step.fromSecond))
    const seconds = until - Math.max(fromSecond, step.fromSecond)
    return [{ seconds, begin: begin + (step.factor - begin) * passed, end: step.factor }]
  })
}

/** Arrivals from a second of the load to its end: each leaves at most one row. Null: a closed loop has no rate of its own. */
export const plannedArrivals = (load: DrillPlan['load'], fromSecond = 0): number | null =>
  load.targetTps === 0
    ? null
    : Math.ceil(
        load.targetTps *
          factorsFrom(load, fromSecond).reduce(
            (sum, { seconds, begin, end }) => sum + (seconds * (begin + end)) / 2,
            0,
          ),
      )

// ---- Deletion of old rows -----------------------------------------------------------------------------------------------

/** One activity deletes for this long, well below the platform's limit of one. */
export const DELETION_TURN_SECONDS = 240
/** A server deletes several times as fast as the load inserts; half the load's length leaves room for a slow disk. */
const DELETION_SHARE = 0.5

/** So many turns may delete what earlier drills of the same length left, or the rows grow from drill to drill. */
export const deletionTurns = ({ durationSeconds }: DrillPlan['load']): number =>
  Math.ceil((durationSeconds * DELETION_SHARE) / DELETION_TURN_SECONDS)
