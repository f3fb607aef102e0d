/**
 * Whether the load generator was the limit, judged by its own figures in the seconds of the baseline. Only its own causes count:
 * connections that the server dropped or refused are the server's. If it was the limit, a missed rate or a slow percentile
 * says nothing about the server.
 */

import { Histogram } from '../../loadgen-image/contract/histogram.ts'
import { type Health, healthIn } from '../merge/generator-health.ts'
import { addPacked } from '../merge/histograms.ts'
import type { Incarnation } from '../merge/merged.ts'
import type { GeneratorVerdict } from '../model/report.ts'
import { median, percentile, round } from '../units/statistics.ts'
import { milliseconds, plain, share } from '../units/units.ts'
import type { Baseline } from './baseline.ts'

/** Shares of what was asked for. */
const CONNECTED_SHARE = 0.95
const BUSY_CPU_SHARE = 0.9
/** A typical second whose slowest timer is this late cannot measure a p99 of 50 ms. */
const LATE_LOOP_MS = 25
/** Sending late although workers were free is the generator's fault. */
const LATE_SEND_MS = 20
const FREE_WORKERS_SHARE = 0.8

export interface GeneratorContext {
  readonly incarnations: readonly Incarnation[]
  readonly baseline: Baseline | null
  readonly cpuPerContainer: number
  /** The longest time that a worker waits for a reply. */
  readonly replyTimeoutMs: number
}

/** What a machine refuses a process that opens connections: too many files, no free port, no memory. */
const OWN_CODES = ['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS', 'ENOMEM', 'EACCES', 'EPERM']

interface Measured {
  readonly connectionsWanted: number
  readonly health: Health
}

/** Of the seconds of the baseline, and of no others. */
export const baselineHealth = (incarnation: Incarnation, baseline: Baseline | null): Health =>
  healthIn(incarnation.health, new Set(baseline?.seconds.map(({ second }) => second)))

export function judgeGenerator(context: GeneratorContext): GeneratorVerdict {
  const { baseline, incarnations } = context
  const measured: Measured[] = incarnations
    .map((one) => ({ connectionsWanted: one.connectionsWanted, health: baselineHealth(one, baseline) }))
    .filter(({ health }) => health.seconds > 0)
  if (baseline === null || measured.length === 0)
    return { wasTheLimit: null, why: 'There was no baseline in which the generator could be judged.' }
  const limits = [
    lateLoop(measured),
    busyCpu(measured, context),
    lateSends(measured, context.replyTimeoutMs, baseline),
    unconnected(measured, baseline),
  ]
  const found = limits.filter((limit) => limit !== null)
  if (found.length > 0) return { wasTheLimit: true, why: `The generator was the limit: ${found.join('; ')}.` }
  return { wasTheLimit: false, why: innocent(measured, baseline) }
}

export const loopDelayMs = ({ eventLoopDelayP99Us }: Health, share: number): number | null => {
  const us = percentile(eventLoopDelayP99Us, share)
  return us === null ? null : round(us / 1000, 2)
}

/** Of a typical second. */
export const sendLagP99Ms = ({ sendLagP99Us }: Health): number | null => {
  const us = median(sendLagP99Us)
  return us === null ? null : round(us / 1000, 3)
}

export const cpuCores = ({ cpuUs, seconds }: Health): number | null =>
  seconds === 0 ? null : round(cpuUs / 1e6 / seconds, 3)

export const achievedShare = ({ sent, intended }: Health): number | null =>
  intended === 0 ? null : round(sent / intended, 4)

function lateLoop(incarnations: readonly Measured[]): string | null {
  const worst = Math.max(...incarnations.map((one) => loopDelayMs(one.health, 0.5) ?? 0))
  return worst < LATE_LOOP_MS ? null : `its event loop was late by ${milliseconds(worst)} (p99 of a typical second)`
}

function busyCpu(incarnations: readonly Measured[], { baseline, cpuPerContainer }: GeneratorContext): string | null {
  if (baseline?.isReached !== false) return null
  const most = Math.max(...incarnations.map((one) => cpuCores(one.health) ?? 0))
  return most < BUSY_CPU_SHARE * cpuPerContainer
    ? null
    : `it used ${plain(most)} of ${plain(cpuPerContainer)} cores and did not reach the rate`
}

/** Arrivals are shared by all containers alike, so the container with the fewest workers runs out of them first. */
function lateSends(incarnations: readonly Measured[], replyTimeoutMs: number, baseline: Baseline): string | null {
  const lagMs = lateByMs(baseline)
  const workers = Math.min(...incarnations.map(({ connectionsWanted }) => connectionsWanted)) * incarnations.length
  if (lagMs < LATE_SEND_MS || busyWorkers(baseline, replyTimeoutMs) > FREE_WORKERS_SHARE * workers) return null
  return `it sent ${milliseconds(lagMs)} late (p99 of a typical second) although workers were free`
}

/** Of the worst container in a typical second: an outage before the drill's own one is not the generator's fault. */
const lateByMs = ({ seconds }: Baseline): number =>
  (median(seconds.map(({ sendLagP99Us }) => sendLagP99Us ?? 0)) ?? 0) / 1000

/**
 * Little's law: how many workers are busy is their rate times the time that each transaction takes. At the p99 of that time,
 * because a p99 of the send lag is compared with it: a few slow replies of the server are enough to keep all workers busy.
 * Each error may have kept a worker busy until its time-out.
 */
function busyWorkers({ seconds, tps }: Baseline, replyTimeoutMs: number): number {
  const histogram = new Histogram()
  for (const { service } of seconds) addPacked(histogram, service)
  const errors = seconds.reduce((sum, second) => sum + Object.values(second.errors).reduce((a, b) => a + b, 0), 0)
  return (tps * (histogram.percentileUs(0.99) ?? 0)) / 1e6 + ((errors / seconds.length) * replyTimeoutMs) / 1000
}

/** Only what its own machine refused: the server may drop and refuse connections as well, and then the server is the limit. */
function unconnected(incarnations: readonly Measured[], { seconds }: Baseline): string | null {
  const wanted = incarnations.reduce((sum, one) => sum + one.connectionsWanted, 0)
  const open = incarnations.reduce((sum, one) => sum + one.health.minConnectionsOpen, 0)
  const codes = OWN_CODES.filter((code) => seconds.some(({ errors }) => (errors[code] ?? 0) > 0))
  if (open >= CONNECTED_SHARE * wanted || codes.length === 0) return null
  return `only ${open} of ${wanted} connections were open all the time, because its machine gave no more (${codes.join(', ')})`
}

function innocent(incarnations: readonly Measured[], baseline: Baseline): string {
  const achieved = median(incarnations.map((one) => achievedShare(one.health) ?? 0)) ?? 0
  const loopMs = Math.max(...incarnations.map((one) => loopDelayMs(one.health, 0.5) ?? 0))
  return (
    `In the baseline the generator sent ${share(Math.min(1, achieved))} of the arrivals, 99 % of them within ` +
    `${milliseconds(lateByMs(baseline))} of their due time in a typical second; its event loop was late by ${milliseconds(loopMs)} (p99 of a typical second).`
  )
}
