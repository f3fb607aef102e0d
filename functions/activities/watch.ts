/** One look at a running load: renews the lease, folds what the containers wrote since the last look, follows failovers. */
import { blobNames, type LoadSummary } from '../../loadgen-image/contract/glossary.ts'
import type { Clients, GroupState } from '../clients/clients.ts'
import { whyPointless } from '../live/abort-rule.ts'
import {
  currentOutageSeconds,
  emptyLive,
  type LiveRecord,
  type LiveState,
  latestPoint,
  pointsOf,
} from '../live/live.ts'
import { liveMetrics, withoutRecent } from '../live/live-metrics.ts'
import { liveMoments } from '../live/live-moments.ts'
import { drillBlobs } from '../model/blob-paths.ts'
import type { ServerFacts } from '../model/facts.ts'
import type { DrillPlan } from '../model/plan.ts'
import type { Live, LiveMetric } from '../model/status.ts'
import { failoverEvidence, followFailovers } from './failover/progress.ts'
import { renewLease } from './provision.ts'
import { readAbsences } from './records/absence.ts'
import { readNewRecords } from './records/load-records.ts'
import {
  containerNumbers,
  type DrillRef,
  groupName,
  inTurns,
  loadStartAtMs,
  readAbort,
  readPlan,
} from './records/stored-drill.ts'

export interface Look {
  readonly abort: string | null
  /** Every container has ended, one way or another. */
  readonly ended: boolean
  readonly pointless: string | null
  readonly failoversSettled: boolean
  readonly live: Live
}

/** Points come once a minute and late; asked for this often, a new one is seen soon, far below the 12,000 reads an hour that are allowed. */
const METRICS_EVERY_MS = 20_000
const METRICS_WINDOW_MS = 10 * 60_000

/** A container without a summary that is gone or has ended will not write any more. */
interface ContainerLook {
  readonly state: 'running' | 'completed' | 'died'
  readonly isReady: boolean
}

export function observeActivities(clients: Clients) {
  const { blobs, clock, servers, metrics } = clients

  async function observe({ drillId }: DrillRef): Promise<Look> {
    const plan = await readPlan(blobs, drillId)
    const [abort, startAtMs, previous] = await Promise.all([
      readAbort(blobs, drillId),
      loadStartAtMs(blobs, drillId),
      blobs.readJson<LiveRecord>(drillBlobs.live(drillId)),
      renewLease(clients, drillId),
    ])
    const { state, receivedAtMs } = await readNewRecords(blobs, drillId, previous)
    const [containers, server, failoversSettled] = await Promise.all([
      lookAtContainers(plan, receivedAtMs),
      servers.get(plan.target).catch(() => null),
      followFailovers(clients, plan),
    ])
    const recent = await recentMetrics(server, previous)
    const start = startAtMs ?? clock.now().getTime()
    const watched = liveOf(plan, state, containers, server, recent.metrics, start)
    const live = await withMoments(plan, watched, state, start)
    const history = pointsOf(state, start)
    await blobs.writeJson(drillBlobs.live(drillId), { live, history, state, metricsAt: recent.at } satisfies LiveRecord)
    const died = containers.filter((container) => container.state === 'died').length
    return {
      abort,
      ended: containers.every((container) => container.state !== 'running'),
      pointless: whyPointless(plan, {
        loadSecond: live.loadSecond ?? 0,
        points: history,
        wanted: containers.length,
        died,
      }),
      failoversSettled,
      live: withoutRecent(live),
    }
  }

  async function withMoments(plan: DrillPlan, live: Live, { timelines }: LiveState, startAtMs: number): Promise<Live> {
    const seen = { timelines, loadStartAtMs: startAtMs, isDown: live.outageSeconds !== null }
    return { ...live, moments: liveMoments(await failoverEvidence(clients, plan), seen) }
  }

  async function lookAtContainers(
    plan: DrillPlan,
    receivedAtMs: ReadonlyMap<number, number>,
  ): Promise<ContainerLook[]> {
    const absences = await readAbsences(clients, plan.drillId)
    const looks = await inTurns(containerNumbers(plan), 8, (container) =>
      lookAtContainer(plan.drillId, container, (group) =>
        absences.isGone(container, group, receivedAtMs.get(container) ?? null),
      ),
    )
    await absences.save()
    return looks
  }

  async function lookAtContainer(
    drillId: string,
    container: number,
    isGone: (group: GroupState | null) => boolean,
  ): Promise<ContainerLook> {
    const readSummary = () => blobs.readJson<LoadSummary>(blobNames.summary(drillId, container))
    const isReady = (await blobs.readJson(blobNames.ready(drillId, container))) !== null
    const summary = await readSummary()
    if (summary !== null) return { state: endOf(summary), isReady }
    const group = await clients.groups.get(groupName(drillId, container)).catch(() => 'unknown' as const)
    if (group === 'unknown' || !(isGone(group) || hasEnded(group))) return { state: 'running', isReady }
    // Between the two passes it may have written its summary and ended.
    const late = await readSummary()
    return { state: late === null ? 'died' : endOf(late), isReady }
  }

  async function recentMetrics(
    server: ServerFacts | null,
    previous: LiveRecord | null,
  ): Promise<{ readonly metrics: readonly LiveMetric[]; readonly at: string | null }> {
    const now = clock.now()
    const known = { metrics: previous?.live.metrics ?? [], at: previous?.metricsAt ?? null }
    if (server === null || (known.at !== null && now.getTime() - Date.parse(known.at) < METRICS_EVERY_MS)) return known
    const from = new Date(now.getTime() - METRICS_WINDOW_MS).toISOString()
    const series = await metrics.series(server.id, from, now.toISOString()).catch(() => null)
    // What was seen stays: a question that fails must not empty the gauges in the middle of a failover.
    return { metrics: series === null ? known.metrics : liveMetrics(series), at: now.toISOString() }
  }

  function liveOf(
    plan: DrillPlan,
    state: LiveState,
    containers: readonly ContainerLook[],
    server: ServerFacts | null,
    recent: readonly LiveMetric[],
    startAtMs: number,
  ): Live {
    const now = clock.now()
    const latest = latestPoint(state, startAtMs, plan.load.containers)
    const count = (wanted: ContainerLook['state']) => containers.filter(({ state: seen }) => seen === wanted).length
    return {
      at: now.toISOString(),
      loadSecond: Math.floor((now.getTime() - startAtMs) / 1000),
      latest,
      outageSeconds: currentOutageSeconds(state, latest, startAtMs),
      acknowledged: state.acknowledged,
      errors: state.errors,
      missed: state.missed,
      containers: {
        wanted: plan.load.containers,
        running: count('running'),
        ready: containers.filter(({ isReady }) => isReady).length,
        failed: count('died'),
      },
      serverState: server?.state ?? null,
      haState: server?.highAvailability?.state ?? null,
      primaryZone: server?.availabilityZone ?? null,
      metrics: recent,
    }
  }

  /** After the load: only the failovers, until the standby is back. */
  async function lookHealth({
    drillId,
  }: DrillRef): Promise<{ readonly settled: boolean; readonly abort: string | null }> {
    const plan = await readPlan(blobs, drillId)
    const settled = await followFailovers(clients, plan)
    await noteMoments(plan)
    return { settled, abort: await readAbort(blobs, drillId) }
  }

  /** The load is over and its figures stand still; what the platform says of the standby is still to come. */
  async function noteMoments(plan: DrillPlan): Promise<void> {
    const name = drillBlobs.live(plan.drillId)
    const [record, startAtMs] = await Promise.all([
      blobs.readJson<LiveRecord>(name),
      loadStartAtMs(blobs, plan.drillId),
    ])
    if (record === null || startAtMs === null) return
    const live = await withMoments(plan, record.live, { ...emptyLive, ...record.state }, startAtMs)
    await blobs.writeJson(name, { ...record, live } satisfies LiveRecord)
  }

  return { observe, lookHealth }
}

const endOf = ({ ended }: LoadSummary): ContainerLook['state'] => (ended === 'failed' ? 'died' : 'completed')

const hasEnded = (group: GroupState | null): boolean =>
  group !== null && (group.container === 'Terminated' || group.provisioningState === 'Failed')
