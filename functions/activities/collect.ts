/** After the load: what the containers wrote, what the database holds, what the platform measured. */

import { auditLedger } from '../analysis/ledger-audit.ts'
import type { Clients } from '../clients/clients.ts'
import { drillBlobs } from '../model/blob-paths.ts'
import type { AuditPass } from '../model/evidence.ts'
import type { Facts, MetricSeries } from '../model/facts.ts'
import type { DrillPlan } from '../model/plan.ts'
import type { MergedLoads } from './records/merged-load.ts'
import { haveArrived } from './records/metrics-arrival.ts'
import { type DrillRef, describeError, loadStartAtMs, readPlan } from './records/stored-drill.ts'

/** An audit that could not be made says why, so that the report can. */
export type AuditRecord =
  | { readonly kind: 'made'; readonly pass: AuditPass }
  | { readonly kind: 'impossible'; readonly why: string }

export interface Audited {
  /** The pause before the next look begins here; null: this look was not made. */
  readonly endedAtMs: number | null
  readonly detail: string
}

export interface MetricsRecord {
  readonly series: readonly MetricSeries[]
  readonly complete: boolean
  readonly gatheredAt: string
}

const METRICS_MARGIN_MS = 60_000

export function evidenceActivities(clients: Clients, loads: MergedLoads) {
  const { blobs, clock, database, metrics, servers } = clients

  async function collect({ drillId }: DrillRef): Promise<{ readonly detail: string }> {
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

  /** Throws while the database cannot be read, so that the step is repeated; what it cannot ever answer it records. */
  async function audit({ drillId, pass }: DrillRef & { readonly pass: number }): Promise<Audited> {
    const plan = await readPlan(blobs, drillId)
    if (plan.load.transactions === 'compat')
      return recordAudit(drillId, pass, {
        kind: 'impossible',
        why: 'the plain transactions table has no keys to compare',
      })
    try {
      return await recordAudit(drillId, pass, { kind: 'made', pass: await auditOnce(plan) })
    } catch (error) {
      await recordAudit(drillId, pass, { kind: 'impossible', why: describeError(error) })
      throw error
    }
  }

  async function auditOnce(plan: DrillPlan): Promise<AuditPass> {
    const session = await database.session(plan.target, 'direct')
    if (!session.reachable) throw new Error(`auditing failed: the database cannot be reached (${session.error})`)
    if (session.inRecovery !== false)
      throw new Error('auditing failed: the server that answers is in recovery, so it is not the primary')
    const { merged } = await loads(plan)
    const now = () => clock.now().toISOString()
    const moment = { at: now(), timeline: session.timeline, inRecovery: session.inRecovery }
    return auditLedger(merged.ledger, database.storedRuns(plan.target, plan.drillId), moment, now)
  }

  async function recordAudit(drillId: string, pass: number, record: AuditRecord): Promise<Audited> {
    await blobs.writeJson(drillBlobs.audit(drillId, pass), record)
    if (record.kind === 'impossible') return { endedAtMs: null, detail: record.why }
    const { rows, lost, recovered, misjudged, unexpected, duplicates } = record.pass
    return {
      endedAtMs: Date.parse(record.pass.endedAt),
      detail:
        `${rows} rows: ${lost} lost, ${recovered} recovered, ${misjudged} misjudged, ` +
        `${unexpected} unexpected, ${duplicates} duplicates`,
    }
  }

  /** From before the load to after it. */
  async function gatherMetrics({
    drillId,
  }: DrillRef): Promise<{ readonly complete: boolean; readonly detail: string }> {
    const plan = await readPlan(blobs, drillId)
    const startAtMs = await loadStartAtMs(blobs, drillId)
    if (startAtMs === null) return { complete: false, detail: 'there was no load to measure' }
    const now = clock.now().getTime()
    const loadEndMs = Math.min(now, startAtMs + plan.load.durationSeconds * 1000)
    const series = await metrics.series(
      await serverId(plan),
      new Date(startAtMs - METRICS_MARGIN_MS).toISOString(),
      new Date(Math.min(now, loadEndMs + METRICS_MARGIN_MS)).toISOString(),
    )
    const { lateMetricsSeconds } = plan.timing
    const complete = haveArrived({ series, loadEndMs, nowMs: now, lateMetricsSeconds })
    const record: MetricsRecord = { series, complete, gatheredAt: clock.now().toISOString() }
    await blobs.writeJson(drillBlobs.metrics(drillId), record)
    const points = series.reduce((sum, one) => sum + one.points.length, 0)
    return {
      complete,
      detail: `${points} points of ${series.length} metrics${complete ? '' : '; the last minutes are still to come'}`,
    }
  }

  async function serverId({ drillId, target }: DrillPlan): Promise<string> {
    const facts = await blobs.readJson<Facts>(drillBlobs.facts(drillId))
    return facts?.server?.id ?? (await servers.get(target)).id
  }

  return { collect, audit, gatherMetrics }
}
