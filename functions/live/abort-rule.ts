/**
 * When a running load is pointless. An outage is what a drill is for, so errors after a failover never end it;
 * only a load that is broken before the first failover, or has nobody left to offer it, does.
 */
import type { DrillPlan } from '../model/plan.ts'
import type { LivePoint } from '../model/status.ts'

/** This long without one commit, before anybody asked for a failover, is not going to become a baseline. */
const HOPELESS_SECONDS = 30

export interface LoadSeen {
  readonly loadSecond: number
  /** Oldest first; `second` counts from the start of the load. */
  readonly points: readonly LivePoint[]
  readonly wanted: number
  /** Containers that ended without having offered all their arrivals. */
  readonly died: number
}

export function whyPointless(plan: DrillPlan, seen: LoadSeen): string | null {
  if (seen.died >= seen.wanted) return `${allGenerators(seen.wanted)} died while the load was running`
  const firstFailover = plan.failovers[0]?.atSeconds ?? plan.load.durationSeconds
  if (seen.loadSecond >= firstFailover || plan.load.targetTps === 0) return null
  const recent = seen.points.filter(({ second }) => second > seen.loadSecond - HOPELESS_SECONDS)
  const offered = recent.reduce((sum, point) => sum + point.offeredTps, 0)
  const committed = recent.reduce((sum, point) => sum + point.goodputTps, 0)
  if (recent.length < HOPELESS_SECONDS / 2 || offered === 0 || committed > 0) return null
  return `no commit in the last ${recent.length} s before any failover, with ${offered} transactions offered`
}

const allGenerators = (wanted: number): string =>
  wanted === 1 ? 'the only load generator' : `all ${wanted} load generators`
