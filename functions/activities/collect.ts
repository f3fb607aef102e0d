/** Merges the records of all containers and notes their sums in the journal. */
import type { Clients } from '../clients/clients.ts'
import type { MergedLoads } from './records/merged-load.ts'
import { type DrillRef, readPlan } from './records/stored-drill.ts'

export async function collect(
  { blobs }: Clients,
  loads: MergedLoads,
  { drillId }: DrillRef,
): Promise<{ readonly detail: string }> {
  const plan = await readPlan(blobs, drillId)
  const { merged, summaries } = await loads(plan)
  const records = merged.incarnations.reduce((sum, one) => sum + one.records, 0)
  const { intended, acknowledged, refused, unknown, missed } = merged.totals
  const absent = merged.absent.length > 0 ? `; no record of container ${merged.absent.join(', ')}` : ''
  return {
    detail:
      `${records} records and ${summaries.length} of ${plan.load.containers} summaries: ${intended} intended, ` +
      `${acknowledged} acknowledged, ${refused} refused, ${unknown} unknown, ${missed} missed${absent}`,
  }
}
