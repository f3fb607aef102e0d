/** Drills of the past in a world's storage, as their entries in the list. */
import { type IndexEntry, startedEntry } from '../../functions/model/drill-index.ts'
import { PARTITIONS } from '../../functions/model/history/keys.ts'
import { type DrillKey, drillKey, rowOfAll, rowOfServer } from '../../functions/model/history/rows.ts'
import type { DrillPlan } from '../../functions/model/plan.ts'
import type { World } from './world/world.ts'

export function putEntry({ table }: Pick<World, 'table'>, plan: DrillPlan, own: Partial<IndexEntry> = {}): IndexEntry {
  const entry: IndexEntry = { ...startedEntry(plan), ...own }
  for (const row of [rowOfServer(entry), rowOfAll(entry)]) table.store(row)
  return entry
}

/** What decides: the row of the drill's server. */
export const entryOf = ({ table }: Pick<World, 'table'>, drill: DrillKey): IndexEntry | null =>
  table.peek<IndexEntry>(PARTITIONS.ofServer(drill.target.server), drillKey(drill))

/** A hundred drills and more of other servers, newer than every other that is there. */
export function othersSince(world: Pick<World, 'table' | 'clock'>, plan: DrillPlan, count: number): void {
  for (let i = 0; i < count; i++) {
    const requestedAt = new Date(world.clock.nowMs - i * 1000).toISOString()
    const target = { ...plan.target, server: `other-${i % 7}` }
    putEntry(world, { ...plan, drillId: `other-${i}`, requestedAt, target }, { endedAt: requestedAt, verdict: 'FAIL' })
  }
}
