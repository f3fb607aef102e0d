/** One poll of a running load: renews the lease, folds the newest records into the live figures, follows the events. */
import { blobNames, type LoadSummary } from '../../loadgen-image/contract/glossary.ts'
import { askedPauseOf } from '../clients/azure/azure-errors.ts'
import type { Clients, GroupState } from '../clients/clients.ts'
import { stopReason } from '../live/abort-rule.ts'
import {
  currentOutageSeconds,
  emptyLive,
  type LiveRecord,
  type LiveState,
  latestPoint,
  pointsOf,
} from '../live/live.ts'
import { applicationsOf } from '../live/live-applications.ts'
import { liveMetrics, withoutRecent } from '../live/live-metrics.ts'
import { liveMoments } from '../live/live-moments.ts'
import { waysOf } from '../live/live-ways.ts'
import { drillBlobs } from '../model/blob-paths.ts'
import type { ServerFacts } from '../model/facts.ts'
import type { DrillPlan } from '../model/plan.ts'
import type { Live, LiveGenerator, LiveMetric } from '../model/status.ts'
import { inTurns } from '../units/in-turns.ts'
import { eventEvidence, followEvents } from './events/progress.ts'
import { noteWalPosition } from './events/wal-positions.ts'
import { readAbsences } from './records/absence.ts'
import { containerNumbers, groupName, renewLease } from './records/containers.ts'
import { readNewRecords } from './records/load-records.ts'
import { keepLog } from './records/logs.ts'
import { type DrillRef, loadStartAtMs, readAbort, readPlan } from './records/stored-drill.ts'

interface LoadPoll {
  readonly abort: string | null
  /** Every container has ended, with or without a summary. */
  readonly ended: boolean
  /** Why the load must stop: it cannot become a measurement. */
  readonly stopReason: string | null
  readonly live: Live
}

/** The platform adds a point once a minute, late. This often finds it soon and stays far below the limit of 12,000 reads an hour. */
const METRICS_INTERVAL_MS = 20_000
const METRICS_WINDOW_MS = 10 * 60_000
/** A generator writes a line of about 120 bytes per second, and of an ended container the platform keeps 16 KB: two minutes. */
const LOGS_INTERVAL_MS = 60_000

interface ContainerState {
  /** A container that ended, or that the platform no longer knows, writes no summary later: without one it died. */
  readonly state: 'running' | 'completed' | 'died'
  readonly isReady: boolean
}

export async function pollLoad(clients: Clients, { drillId }: DrillRef): Promise<LoadPoll> {
  const { blobs, clock, servers } = clients
  const plan = await readPlan(blobs, drillId)
  const [abort, startAtMs, previous] = await Promise.all([
    readAbort(blobs, drillId),
    loadStartAtMs(blobs, drillId),
    blobs.readJson<LiveRecord>(drillBlobs.live(drillId)),
    renewLease(clients, drillId),
  ])
  const { state, receivedAtMs } = await readNewRecords(blobs, drillId, previous)
  const [containers, server] = await Promise.all([
    pollContainers(clients, plan, receivedAtMs),
    servers.get(plan.target).catch(() => null),
    followEvents(clients, plan),
    noteWalPosition(clients, plan, startAtMs, (previous?.live.outageSeconds ?? null) !== null),
  ])
  const now = clock.now()
  const [recent, logsDueAt] = await Promise.all([
    recentMetrics(clients, now, server, previous),
    keepLogs(clients, plan, now, previous),
  ])
  const start = startAtMs ?? now.getTime()
  const watched = liveOf(plan, { now, start, state, containers, server, metrics: recent.metrics })
  const live = await withMoments(clients, plan, watched, state, start)
  const history = pointsOf(state, start)
  const { dueAt: metricsDueAt, pausedUntil: metricsPausedUntil } = recent
  const record: LiveRecord = { live, history, state, metricsDueAt, metricsPausedUntil, logsDueAt }
  await blobs.writeJson(drillBlobs.live(drillId), record)
  const { loadSecond, containers: counts } = live
  const seen = { loadSecond: loadSecond ?? 0, points: history, wanted: counts.wanted, died: counts.failed }
  return {
    abort,
    ended: containers.every((container) => container.state !== 'running'),
    stopReason: stopReason(plan, seen),
    live: withoutRecent(live),
  }
}

/** After the load: follows the events until the standby is back. */
export async function pollHealth(
  clients: Clients,
  { drillId }: DrillRef,
): Promise<{ readonly settled: boolean; readonly abort: string | null }> {
  const { blobs } = clients
  const plan = await readPlan(blobs, drillId)
  const settled = await followEvents(clients, plan)
  await updateMoments(clients, plan)
  return { settled, abort: await readAbort(blobs, drillId) }
}

/** The figures of the load no longer change; the platform's state of the standby does. */
async function updateMoments(clients: Clients, plan: DrillPlan): Promise<void> {
  const { blobs } = clients
  const name = drillBlobs.live(plan.drillId)
  const [record, startAtMs] = await Promise.all([blobs.readJson<LiveRecord>(name), loadStartAtMs(blobs, plan.drillId)])
  if (record === null || startAtMs === null) return
  const live = await withMoments(clients, plan, record.live, { ...emptyLive, ...record.state }, startAtMs)
  // Hundreds of seconds of figures: written again only for a reader who would see something else.
  if (JSON.stringify(live) !== JSON.stringify(record.live))
    await blobs.writeJson(name, { ...record, live } satisfies LiveRecord)
}

async function withMoments(
  clients: Clients,
  plan: DrillPlan,
  live: Live,
  { timelines }: LiveState,
  startAtMs: number,
): Promise<Live> {
  const seen = { timelines, loadStartAtMs: startAtMs, isDown: live.outageSeconds !== null }
  return { ...live, moments: liveMoments(await eventEvidence(clients, plan), seen) }
}

// ---- Containers ---------------------------------------------------------------------------------------------------------

async function pollContainers(
  clients: Clients,
  plan: DrillPlan,
  receivedAtMs: ReadonlyMap<number, number>,
): Promise<ContainerState[]> {
  const absences = await readAbsences(clients, plan.drillId)
  const states = await inTurns(containerNumbers(plan), 8, (container) =>
    pollContainer(clients, plan.drillId, container, (group) =>
      absences.isGone(container, group, receivedAtMs.get(container) ?? null),
    ),
  )
  await absences.save()
  return states
}

async function pollContainer(
  { blobs, groups }: Clients,
  drillId: string,
  container: number,
  isGone: (group: GroupState | null) => boolean,
): Promise<ContainerState> {
  const readSummary = () => blobs.readJson<LoadSummary>(blobNames.summary(drillId, container))
  const isReady = (await blobs.readJson(blobNames.ready(drillId, container))) !== null
  const summary = await readSummary()
  if (summary !== null) return { state: endOf(summary), isReady }
  const group = await groups.get(groupName(drillId, container)).catch(() => 'unknown' as const)
  if (group === 'unknown' || !(isGone(group) || hasEnded(group))) return { state: 'running', isReady }
  // Between the two reads it may have written its summary and ended.
  const late = await readSummary()
  return { state: late === null ? 'died' : endOf(late), isReady }
}

const endOf = ({ ended }: LoadSummary): ContainerState['state'] => (ended === 'failed' ? 'died' : 'completed')

const hasEnded = (group: GroupState | null): boolean =>
  group !== null && (group.container === 'Terminated' || group.provisioningState === 'Failed')

/** Returns when they are due again. A log that cannot be read now is read next time. */
async function keepLogs(clients: Clients, plan: DrillPlan, now: Date, previous: LiveRecord | null): Promise<string> {
  const dueAt = previous?.logsDueAt ?? new Date(now.getTime() + LOGS_INTERVAL_MS).toISOString()
  if (now.getTime() < Date.parse(dueAt)) return dueAt
  await inTurns(containerNumbers(plan), 8, (container) =>
    keepLog(clients, plan.drillId, container, groupName(plan.drillId, container)).catch(() => undefined),
  )
  return new Date(now.getTime() + LOGS_INTERVAL_MS).toISOString()
}

// ---- Figures ------------------------------------------------------------------------------------------------------------

interface RecentMetrics {
  readonly metrics: readonly LiveMetric[]
  readonly dueAt: string | null
  readonly pausedUntil: string | null
}

async function recentMetrics(
  { metrics }: Clients,
  now: Date,
  server: ServerFacts | null,
  previous: LiveRecord | null,
): Promise<RecentMetrics> {
  const known: RecentMetrics = {
    metrics: previous?.live.metrics ?? [],
    dueAt: previous?.metricsDueAt ?? null,
    pausedUntil: previous?.metricsPausedUntil ?? null,
  }
  if (server === null || (known.dueAt !== null && now.getTime() < Date.parse(known.dueAt))) return known
  const after = (ms: number) => new Date(now.getTime() + ms).toISOString()
  const from = after(-METRICS_WINDOW_MS)
  try {
    const series = await metrics.series(server.id, from, now.toISOString())
    return { metrics: liveMetrics(series), dueAt: after(METRICS_INTERVAL_MS), pausedUntil: null }
  } catch (error) {
    const pauseMs = (askedPauseOf(error) ?? 0) * 1000
    // A read that fails must not empty the gauges in the middle of a failover.
    return {
      metrics: known.metrics,
      dueAt: after(Math.max(METRICS_INTERVAL_MS, pauseMs)),
      pausedUntil: pauseMs === 0 ? null : after(pauseMs),
    }
  }
}

interface Polled {
  readonly now: Date
  /** Start of the load, epoch milliseconds. */
  readonly start: number
  readonly state: LiveState
  readonly containers: readonly ContainerState[]
  readonly server: ServerFacts | null
  readonly metrics: readonly LiveMetric[]
}

function liveOf(plan: DrillPlan, { now, start, state, containers, server, metrics }: Polled): Live {
  const latest = latestPoint(state, start, plan.load.containers)
  const count = (wanted: ContainerState['state']) => containers.filter((one) => one.state === wanted).length
  return {
    at: now.toISOString(),
    loadSecond: Math.floor((now.getTime() - start) / 1000),
    latest,
    outageSeconds: currentOutageSeconds(state, latest, start),
    acknowledged: state.acknowledged,
    errors: state.errors,
    missed: state.missed,
    containers: {
      wanted: plan.load.containers,
      running: count('running'),
      ready: containers.filter(({ isReady }) => isReady).length,
      failed: count('died'),
    },
    generators: containers.map((one, container) => generatorOf(one, container, state, start)),
    serverState: server?.state ?? null,
    haState: server?.highAvailability?.state ?? null,
    primaryZone: server?.availabilityZone ?? null,
    metrics,
    ...(plan.probes.length === 0 ? {} : { applications: applicationsOf(state.applications, start) }),
    ...(Object.keys(state.ways).length === 0 ? {} : { ways: waysOf(state.ways, start) }),
  }
}

function generatorOf(
  { state, isReady }: ContainerState,
  container: number,
  live: LiveState,
  start: number,
): LiveGenerator {
  const seen = live.containers[container]
  const ofLoad = (second: number | null | undefined) => (second == null ? null : second - Math.floor(start / 1000))
  const running = seen !== undefined ? 'running' : isReady ? 'ready' : 'starting'
  return {
    container,
    state: state === 'died' ? 'failed' : state === 'completed' ? 'ended' : running,
    newestSecond: ofLoad(seen?.newestSecond),
    lastCommitSecond: ofLoad(seen?.lastCommitSecond),
  }
}
