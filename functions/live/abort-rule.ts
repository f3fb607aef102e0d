/**
 * When a running load is stopped: before the first event no transaction committed for a while, or every load generator died.
 * Errors after an event never stop it, because the outage is what the drill measures.
 */
import type { DrillPlan } from '../model/plan.ts'
import type { LivePoint } from '../model/status.ts'

/** A load that committed nothing for this long before the first event cannot become a baseline. */
const NO_COMMIT_SECONDS = 30

interface LoadSeen {
  readonly loadSecond: number
  /** Oldest first; `second` counts from the start of the load. */
  readonly points: readonly LivePoint[]
  readonly wanted: number
  /** Containers that ended without having offered all their arrivals. */
  readonly died: number
}

export function stopReason(plan: DrillPlan, seen: LoadSeen): string | null {
  if (seen.died >= seen.wanted) return `${allGenerators(seen.wanted)} died while the load was running`
  const firstEvent = plan.events[0]?.atSeconds ?? plan.load.durationSeconds
  return seen.loadSecond >= firstEvent || plan.load.targetTps === 0 ? null : noCommitsFor(seen)
}

function noCommitsFor({ loadSecond, points }: LoadSeen): string | null {
  const recent = points.filter(({ second }) => second > loadSecond - NO_COMMIT_SECONDS)
  const offered = recent.reduce((sum, point) => sum + point.offeredTps, 0)
  const committed = recent.reduce((sum, point) => sum + point.goodputTps, 0)
  if (recent.length < NO_COMMIT_SECONDS / 2 || offered === 0 || committed > 0) return null
  return `no commit in the last ${recent.length} s before any event, with ${offered} transactions offered`
}

const allGenerators = (wanted: number): string =>
  wanted === 1 ? 'the only load generator' : `all ${wanted} load generators`
