/**
 * Reads the platform's metrics of the load, from a minute before it to a minute after it, and judges whether all have arrived. Of a
 * drill that watches also what the platform recorded of the server.
 */
import { askedPauseOf } from '../clients/azure/azure-errors.ts'
import type { Clients } from '../clients/clients.ts'
import { isCaused } from '../event-kinds/kinds.ts'
import type { LiveRecord } from '../live/live.ts'
import { drillBlobs } from '../model/blob-paths.ts'
import type { Facts, MetricSeries } from '../model/facts.ts'
import type { DrillPlan } from '../model/plan.ts'
import { notePlatformLog } from './records/platform-log.ts'
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

interface Gathering {
  readonly complete: boolean
  /** The pause that the platform asks for before metrics are read again; null: it handed them out. */
  readonly afterSeconds: number | null
  readonly detail: string
}

export async function gatherMetrics(
  { blobs, clock, metrics, servers, platformLogs }: Clients,
  { drillId }: DrillRef,
): Promise<Gathering> {
  const plan = await readPlan(blobs, drillId)
  const startAtMs = await loadStartAtMs(blobs, drillId)
  if (startAtMs === null) return { complete: false, afterSeconds: null, detail: 'there was no load to measure' }
  const nowMs = clock.now().getTime()
  const loadEndMs = Math.min(nowMs, startAtMs + plan.load.durationSeconds * 1000)
  const id = await serverId({ blobs, servers }, plan)
  if (!plan.events.every(isCaused))
    await notePlatformLog(
      { blobs, platformLogs },
      { drillId, serverId: id, fromMs: startAtMs - MARGIN_MS, toMs: Math.min(nowMs, loadEndMs + MARGIN_MS) },
    )
  const leftSeconds = await pauseLeft(blobs, drillId, nowMs)
  if (leftSeconds > 0) return paused(leftSeconds)
  const series = await orPause(
    metrics.series(
      id,
      new Date(startAtMs - MARGIN_MS).toISOString(),
      new Date(Math.min(nowMs, loadEndMs + MARGIN_MS)).toISOString(),
    ),
  )
  if (typeof series === 'number') return paused(series)
  const { lateMetricsSeconds } = plan.timing
  const complete = haveArrived({ series, loadEndMs, nowMs, lateMetricsSeconds })
  const record: MetricsRecord = { series, complete, gatheredAt: clock.now().toISOString() }
  await blobs.writeJson(drillBlobs.metrics(drillId), record)
  const points = series.reduce((sum, one) => sum + one.points.length, 0)
  return {
    complete,
    afterSeconds: null,
    detail: `${points} points of ${series.length} metrics${complete ? '' : '; the last minutes are still to come'}`,
  }
}

const paused = (afterSeconds: number): Gathering => ({
  complete: false,
  afterSeconds,
  detail: `the platform asks for a pause of ${afterSeconds} s before metrics are read`,
})

/** Of a pause that was asked for while the load ran. */
async function pauseLeft(blobs: Clients['blobs'], drillId: string, nowMs: number): Promise<number> {
  const until = (await blobs.readJson<LiveRecord>(drillBlobs.live(drillId)))?.metricsPausedUntil ?? null
  return until === null ? 0 : Math.max(0, Math.ceil((Date.parse(until) - nowMs) / 1000))
}

/** A request within the pause would be refused as well: the orchestrator makes it. */
async function orPause<T>(read: Promise<T>): Promise<T | number> {
  try {
    return await read
  } catch (error) {
    const seconds = askedPauseOf(error)
    if (seconds === null || seconds === 0) throw error
    return seconds
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
