/** Reads the platform's metrics of the load, from a minute before it to a minute after it, and judges whether all have arrived. */
import type { Clients } from '../clients/clients.ts'
import { drillBlobs } from '../model/blob-paths.ts'
import type { Facts, MetricSeries } from '../model/facts.ts'
import type { DrillPlan } from '../model/plan.ts'
import { type DrillRef, loadStartAtMs, readPlan } from './records/stored-drill.ts'

export interface MetricsRecord {
  readonly series: readonly MetricSeries[]
  readonly complete: boolean
  readonly gatheredAt: string
}

const MARGIN_MS = 60_000
/** The platform delivers some metrics in batches of five minutes, up to a minute late: after this all have arrived. */
const MAX_LAG_MS = 6 * 60_000
const MINUTE_MS = 60_000

export async function gatherMetrics(
  { blobs, clock, metrics, servers }: Clients,
  { drillId }: DrillRef,
): Promise<{ readonly complete: boolean; readonly detail: string }> {
  const plan = await readPlan(blobs, drillId)
  const startAtMs = await loadStartAtMs(blobs, drillId)
  if (startAtMs === null) return { complete: false, detail: 'there was no load to measure' }
  const nowMs = clock.now().getTime()
  const loadEndMs = Math.min(nowMs, startAtMs + plan.load.durationSeconds * 1000)
  const series = await metrics.series(
    await serverId({ blobs, servers }, plan),
    new Date(startAtMs - MARGIN_MS).toISOString(),
    new Date(Math.min(nowMs, loadEndMs + MARGIN_MS)).toISOString(),
  )
  const { lateMetricsSeconds } = plan.timing
  const complete = haveArrived({ series, loadEndMs, nowMs, lateMetricsSeconds })
  const record: MetricsRecord = { series, complete, gatheredAt: clock.now().toISOString() }
  await blobs.writeJson(drillBlobs.metrics(drillId), record)
  const points = series.reduce((sum, one) => sum + one.points.length, 0)
  return {
    complete,
    detail: `${points} points of ${series.length} metrics${complete ? '' : '; the last minutes are still to come'}`,
  }
}

async function serverId(
  { blobs, servers }: Pick<Clients, 'blobs' | 'servers'>,
  { drillId, target }: DrillPlan,
): Promise<string> {
  const facts = await blobs.readJson<Facts>(drillBlobs.facts(drillId))
  return facts?.server?.id ?? (await servers.get(target)).id
}

interface Gathered {
  readonly series: readonly MetricSeries[]
  readonly loadEndMs: number
  readonly nowMs: number
  readonly lateMetricsSeconds: number
}

/** Before the platform's longest delay: when the plan's wait is over and every metric has a value for the load's last minute. */
export function haveArrived({ series, loadEndMs, nowMs, lateMetricsSeconds }: Gathered): boolean {
  if (nowMs >= loadEndMs + MAX_LAG_MS) return true
  const hasWaited = nowMs >= loadEndMs + lateMetricsSeconds * 1000
  const lastMinuteMs = Math.floor(loadEndMs / MINUTE_MS) * MINUTE_MS
  return hasWaited && series.length > 0 && series.every((one) => newestMs(one) >= lastMinuteMs)
}

function newestMs({ points }: MetricSeries): number {
  const newest = points.findLast(({ average, maximum }) => average !== null || maximum !== null)
  return newest === undefined ? Number.NEGATIVE_INFINITY : Date.parse(newest.at)
}
