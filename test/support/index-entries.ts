/** Drills of the past in a world's storage, as their index entries. */
import { indexBlobs } from '../../functions/model/blob-paths.ts'
import { type IndexEntry, startedEntry } from '../../functions/model/drill-index.ts'
import type { DrillPlan } from '../../functions/model/plan.ts'
import type { World } from './world/world.ts'

export function putEntry({ blobs }: Pick<World, 'blobs'>, plan: DrillPlan, own: Partial<IndexEntry> = {}): IndexEntry {
  const { requestedAt, drillId, target } = plan
  const entry: IndexEntry = { ...startedEntry(plan), ...own }
  for (const name of [indexBlobs.entry(requestedAt, drillId), indexBlobs.ofServer(target, requestedAt, drillId)])
    blobs.put(name, JSON.stringify(entry))
  return entry
}

/** A hundred drills and more of other servers, newer than every other that is there. */
export function othersSince(world: Pick<World, 'blobs' | 'clock'>, plan: DrillPlan, count: number): void {
  for (let i = 0; i < count; i++) {
    const requestedAt = new Date(world.clock.nowMs - i * 1000).toISOString()
    const target = { ...plan.target, server: `other-${i % 7}` }
    putEntry(world, { ...plan, drillId: `other-${i}`, requestedAt, target }, { endedAt: requestedAt, verdict: 'FAIL' })
  }
}
