/**
 * The figures of a running load, folded from the records that arrived since the last poll. For watching only: the report is
 * computed from all records, by merge. One blob holds the small state, so a poll may be repeated or lost.
 */
import type { SecondRecord, SparseHistogram } from '../../loadgen-image/contract/glossary.ts'
import { sparsePercentileUs } from '../../loadgen-image/contract/histogram.ts'
import type { Live, LivePoint } from '../model/status.ts'
import type { ApplicationStates } from './live-applications.ts'
import { foldTimelines, type LiveTimeline } from './live-moments.ts'
import type { WayStates } from './live-ways.ts'

/** The status answers with this many points. */
const KEPT_SECONDS = 300
/** Records of one second come from all containers within this time; then its percentiles are final. */
const OPEN_SECONDS = 5

interface LiveSecond {
  /** Epoch second. */
  readonly second: number
  readonly containers: number
  readonly offered: number
  readonly acknowledged: number
  readonly errors: number
  readonly missed: number
  readonly clientsConnected: number
  readonly clientsWanted: number
  /** Null once the percentiles are final. */
  readonly response: SparseHistogram | null
  readonly p50Ms: number | null
  readonly p99Ms: number | null
}

/** The newest record of one container, and its newest one with an acknowledged commit; epoch seconds. */
interface LiveContainer {
  readonly newestSecond: number
  readonly lastCommitSecond: number | null
}

export interface LiveState {
  /** Bytes already read, by blob. */
  readonly cursors: Readonly<Record<string, number>>
  readonly acknowledged: number
  readonly errors: number
  readonly missed: number
  readonly seconds: readonly LiveSecond[]
  readonly lastAckSecond: number | null
  readonly containers: Readonly<Record<number, LiveContainer>>
  readonly timelines: readonly LiveTimeline[]
  readonly applications: ApplicationStates
  readonly ways: WayStates
}

/** One blob per drill, replaced by every poll: the content of the status, and the state from which the next poll goes on. */
export interface LiveRecord {
  readonly live: Live
  readonly history: readonly LivePoint[]
  readonly state: LiveState
  /** When the platform's metrics may be read again. */
  readonly metricsDueAt: string | null
  /** Until then the platform hands out none: it asked for a pause. */
  readonly metricsPausedUntil: string | null
  /** When the logs of the containers are read again. */
  readonly logsDueAt: string
}

export const emptyLive: LiveState = {
  cursors: {},
  acknowledged: 0,
  errors: 0,
  missed: 0,
  seconds: [],
  lastAckSecond: null,
  containers: {},
  timelines: [],
  applications: {},
  ways: {},
}

export function foldRecords(state: LiveState, records: Iterable<SecondRecord>): LiveState {
  const bySecond = new Map(state.seconds.map((second) => [second.second, second]))
  const containers = { ...state.containers }
  let { acknowledged, errors, missed, lastAckSecond, timelines } = state
  for (const record of records) {
    const { counts } = record
    acknowledged += counts.acknowledged
    errors += counts.refused + counts.unknown
    missed += counts.missed
    if (counts.acknowledged > 0) lastAckSecond = Math.max(lastAckSecond ?? 0, record.second)
    containers[record.container] = withRecord(containers[record.container], record)
    bySecond.set(record.second, add(bySecond.get(record.second), record))
    timelines = foldTimelines(timelines, record)
  }
  const ordered = [...bySecond.values()].sort((a, b) => a.second - b.second).slice(-KEPT_SECONDS)
  const newest = ordered.at(-1)?.second ?? 0
  const seconds = ordered.map((second) => (second.second <= newest - OPEN_SECONDS ? settle(second) : second))
  return { ...state, acknowledged, errors, missed, lastAckSecond, containers, timelines, seconds }
}

function withRecord(known: LiveContainer | undefined, { second, counts }: SecondRecord): LiveContainer {
  const committed = counts.acknowledged > 0 ? second : null
  const lastCommitSecond =
    committed === null ? (known?.lastCommitSecond ?? null) : Math.max(committed, known?.lastCommitSecond ?? committed)
  return { newestSecond: Math.max(second, known?.newestSecond ?? second), lastCommitSecond }
}

function add(known: LiveSecond | undefined, { second, counts, response, connections }: SecondRecord): LiveSecond {
  const merged = addSparse(known?.response ?? [], response)
  return {
    second,
    containers: (known?.containers ?? 0) + 1,
    offered: (known?.offered ?? 0) + counts.intended,
    acknowledged: (known?.acknowledged ?? 0) + counts.acknowledged,
    errors: (known?.errors ?? 0) + counts.refused + counts.unknown,
    missed: (known?.missed ?? 0) + counts.missed,
    clientsConnected: (known?.clientsConnected ?? 0) + connections.open,
    clientsWanted: (known?.clientsWanted ?? 0) + connections.wanted,
    response: merged,
    p50Ms: percentileMs(merged, 0.5),
    p99Ms: percentileMs(merged, 0.99),
  }
}

/** Both rise by bucket, so one walk along both keeps the order. */
function addSparse(a: SparseHistogram, b: SparseHistogram): number[] {
  const sum: number[] = []
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    const bucketA = a[i] ?? Number.POSITIVE_INFINITY
    const bucketB = b[j] ?? Number.POSITIVE_INFINITY
    const bucket = Math.min(bucketA, bucketB)
    sum.push(bucket, (bucketA === bucket ? (a[i + 1] as number) : 0) + (bucketB === bucket ? (b[j + 1] as number) : 0))
    if (bucketA === bucket) i += 2
    if (bucketB === bucket) j += 2
  }
  return sum
}

function percentileMs(histogram: SparseHistogram, share: number): number | null {
  const valueUs = sparsePercentileUs(histogram, share)
  return valueUs === null ? null : Math.round(valueUs / 10) / 100
}

const settle = (second: LiveSecond): LiveSecond => ({ ...second, response: null })

/** Oldest first, `second` counted from the start of the load. */
export const pointsOf = (state: LiveState, loadStartAtMs: number): LivePoint[] =>
  state.seconds.map((second) => ({
    second: second.second - Math.floor(loadStartAtMs / 1000),
    offeredTps: second.offered,
    goodputTps: second.acknowledged,
    errorsPerSecond: second.errors,
    missedPerSecond: second.missed,
    clientsConnected: second.clientsConnected,
    clientsWanted: second.clientsWanted,
    p50Ms: second.p50Ms,
    p99Ms: second.p99Ms,
  }))

/** The newest second with records of more than half of the containers. */
export function latestPoint(state: LiveState, loadStartAtMs: number, containers: number): LivePoint | null {
  const newest = state.seconds.findLastIndex((second) => second.containers * 2 > containers)
  return newest < 0 ? null : (pointsOf(state, loadStartAtMs)[newest] ?? null)
}

/** How long nothing was acknowledged up to the newest known second, or null while commits come. */
export function currentOutageSeconds(state: LiveState, latest: LivePoint | null, loadStartAtMs: number): number | null {
  if (latest === null || latest.goodputTps > 0 || latest.offeredTps === 0) return null
  const lastAck = (state.lastAckSecond ?? Math.floor(loadStartAtMs / 1000)) - Math.floor(loadStartAtMs / 1000)
  return Math.max(0, latest.second - lastAck)
}
