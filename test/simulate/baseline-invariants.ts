/** One baseline: every figure that carries the word is of the same seconds, and nothing was wrong in them. */

import type { Report } from '../../functions/model/report.ts'
import { blobNames, type GoSignal } from '../../loadgen-image/contract/glossary.ts'
import type { World } from '../support/world/world.ts'
import { longEnoughMs } from './event-invariants.ts'
import type { Simulated } from './simulation.ts'
import { isWatchedByAll, overlapMs, type Span, type Truth } from './truth.ts'

export const baselineViolations = (simulated: Simulated, report: Report, truth: Truth): string[] => {
  if (truth.load === null || !isPlain(simulated)) return []
  const printed = report.phases
    .filter(({ name }) => name === 'baseline')
    .map(({ fromAt, toAt }) => ({ fromMs: truth.fromReport(fromAt), toMs: truth.fromReport(toAt) }))
  const still = recordedStandstills(simulated, truth)
  const readings = [false, true].flatMap((isFromCommit) =>
    [false, true].flatMap((isToCommit) => {
      const exact = printed.map((span) => exactSpan(span, truth))
      const spans = printed.map(({ fromMs, toMs }, i) => ({
        fromMs: isFromCommit ? (exact[i] as Span).fromMs : fromMs,
        toMs: isToCommit ? (exact[i] as Span).toMs : toMs,
      }))
      const seconds = spans.flatMap(wholeSeconds)
      const why = seconds.flatMap((second) => whyNotCalm(simulated, second, truth))
      return watchedSeconds(seconds, still).map((watched) => [...why, ...figuresAreOf(watched, report, truth)])
    }),
  )
  // A printed end may be a commit or the exact end of the warm-up beside one: the report is wrong when no reading agrees.
  return readings.some((problems) => problems.length === 0) ? [] : (readings.at(-1) as string[])
}

/** Records are of seconds of the container's clock, and a container that died left out what it did not record. */
const isPlain = ({ scenario: { troubles, generators } }: Simulated): boolean =>
  troubles.databaseOffsetMs === 0 &&
  troubles.clockOffsetsMs.every((ms) => ms === 0) &&
  generators.every(({ diesAtSecond }) => diesAtSecond == null)

/**
 * The report prints whole milliseconds, and an outage lies between two commits: one that began 0.3 ms before a second ended is
 * printed as if that second were still whole.
 */
export function exactSpan({ fromMs, toMs }: Span, { acksMs }: Pick<Truth, 'acksMs'>): Span {
  const near = (printedMs: number) => acksMs.filter((ms) => Math.round(ms) === printedMs)
  return { fromMs: near(fromMs)[0] ?? fromMs, toMs: near(toMs).at(-1) ?? toMs }
}

export function wholeSeconds({ fromMs, toMs }: Span): Span[] {
  const [first, end] = [Math.ceil(fromMs / 1000), Math.floor(toMs / 1000)]
  return Array.from({ length: Math.max(0, end - first) }, (_, i) => ({
    fromMs: (first + i) * 1000,
    toMs: (first + i + 1) * 1000,
  }))
}

const acksIn = ({ fromMs, toMs }: Span, { acksMs }: Truth): number =>
  acksMs.filter((ms) => ms >= fromMs && ms < toMs).length

/** Of a container that left no record the report knows nothing, also no standstill: the others alone are the load. */
export const recordedStandstills = ({ world, scenario }: Simulated, { blind }: Truth): Span[] =>
  blind.filter((_, container) => hasRecord(world, scenario.plan.drillId, container)).flat()

const hasRecord = ({ blobs }: World, drillId: string, container: number): boolean =>
  blobs.names.some((name) => name.startsWith(`${blobNames.chunksPrefix(drillId)}${container}/chunks/`))

/** A generator notices a standstill of its own a little late: of the seconds at its ends it is not known whether they count. */
const EDGE_MS = 300

/** The sets of seconds that may be those in which no generator stood still; the last one is without all that are not known. */
export function watchedSeconds(seconds: readonly Span[], still: readonly Span[]): Span[][] {
  const isFree = (second: Span, byMs: number) =>
    still.every((one) => overlapMs({ fromMs: one.fromMs - byMs, toMs: one.toMs + byMs }, second) === 0)
  const possible = seconds.filter((second) => isFree(second, -EDGE_MS))
  const unsure = possible.filter((second) => !isFree(second, EDGE_MS))
  const leftOut = unsure.reduce<Span[][]>((sets, one) => sets.flatMap((set) => [set, [...set, one]]), [[]])
  return leftOut.map((set) => possible.filter((second) => !set.includes(second)))
}

function figuresAreOf(seconds: readonly Span[], { throughput, latencyMs }: Report, truth: Truth): string[] {
  const goodput = seconds.map((second) => acksIn(second, truth)).toSorted((a, b) => a - b)
  const commits = goodput.reduce((sum, count) => sum + count, 0)
  const median = ((goodput[(goodput.length - 1) >> 1] ?? 0) + (goodput[goodput.length >> 1] ?? 0)) / 2
  const { baselineTps } = throughput
  const isIt = [median, commits / goodput.length].some((tps) => Math.abs(tps - (baselineTps ?? 0)) <= 0.06)
  const count = latencyMs.baseline?.response.count ?? 0
  return [
    (seconds.length === 0) === (baselineTps === null)
      ? null
      : `the baseline has ${seconds.length} whole seconds and ${baselineTps} TPS`,
    baselineTps === null || isIt
      ? null
      : `the baseline had ${median} TPS in ${seconds.length} s, the report says ${baselineTps}`,
    count === commits ? null : `${commits} commits in the seconds of the baseline, its latency is of ${count}`,
  ].filter((why) => why !== null)
}

/** Before the first cause, behind the warm-up, and outside of every outage that must be seen. */
function whyNotCalm(simulated: Simulated, second: Span, truth: Truth): string[] {
  const { world, scenario } = simulated
  const startAtMs = world.blobs.peek<GoSignal>(blobNames.go(scenario.plan.drillId))?.startAtMs ?? 0
  const { timing } = scenario.plan
  const cause = world.server.sent.find(({ answer }) => answer?.kind === 'accepted')
  const out = truth.out.find(
    (one) =>
      overlapMs(one, second) > 0 &&
      overlapMs(one, truth.load as Span) >= longEnoughMs(simulated) &&
      isWatchedByAll(truth, one),
  )
  const at = new Date(second.fromMs).toISOString().slice(11, 19)
  return [
    second.fromMs < startAtMs + timing.warmupSeconds * 1000 ? `the baseline has ${at}, in the warm-up` : null,
    cause !== undefined && second.toMs > cause.atMs + 1_000 ? `the baseline has ${at}, behind a request` : null,
    out === undefined ? null : `the baseline has ${at}, in an outage`,
  ].filter((why) => why !== null)
}
