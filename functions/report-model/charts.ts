/** The data of the charts: one row per second, the clients' outages, the percentile curves and the ledger's ranges. */

import { US_PER_SECOND } from '../../loadgen-image/contract/glossary.ts'
import { Histogram, type PackedHistogram } from '../../loadgen-image/contract/histogram.ts'
import type { Analysis, LoadAnalysis } from '../analysis/analysis.ts'
import { phaseOfSecond } from '../analysis/phases.ts'
import { curveOf, type LatencyKind } from '../measurement/latency.ts'
import { addPacked } from '../merge/histograms.ts'
import { ledgerLines } from '../merge/ledger.ts'
import type { MergedSecond } from '../merge/merged.ts'
import type { ChartData, PercentileCurve, TimelineRow } from '../model/chart-data.ts'
import { round } from '../units/statistics.ts'
import { probeRows } from './ways.ts'

export function chartDataOf({ load }: Analysis): ChartData {
  if (load === null) return { timeline: [], clients: [], curves: [], ledgerRanges: [], probes: [] }
  return {
    timeline: timelineRows(load),
    clients: [...load.clients],
    curves: curves(load),
    ledgerRanges: load.settings.transactions === 'ledger' ? [...ledgerLines(load.merged.ledger)] : [],
    probes: probeRows(load),
  }
}

function timelineRows(analysis: LoadAnalysis): TimelineRow[] {
  const { merged, window, events } = analysis
  const zeroUs = events.find(({ t0Us }) => t0Us !== null)?.t0Us ?? window.startUs
  // One histogram for all rows: a new one per second and kind would be gigabytes of garbage for a long drill.
  const scratch = new Histogram()
  return merged.seconds.map((second) => timelineRow(analysis, second, zeroUs, scratch))
}

function timelineRow(analysis: LoadAnalysis, second: MergedSecond, zeroUs: number, scratch: Histogram): TimelineRow {
  const atUs = second.second * US_PER_SECOND
  const response = percentilesMs(second.response, [0.5, 0.95, 0.99], scratch)
  const service = percentilesMs(second.service, [0.5, 0.99], scratch)
  return {
    second: second.second,
    relativeSeconds: round((atUs - zeroUs) / US_PER_SECOND, 3),
    elapsedSeconds: round((atUs - analysis.window.startUs) / US_PER_SECOND, 3),
    phase: phaseOfSecond(analysis.phases, second),
    offered: second.counts.intended,
    goodput: second.counts.acknowledged,
    refused: second.counts.refused,
    unknown: second.counts.unknown,
    missed: second.counts.missed,
    weakAcks: second.counts.weakAcks,
    errors: second.errors,
    responseP50Ms: response[0] ?? null,
    responseP95Ms: response[1] ?? null,
    responseP99Ms: response[2] ?? null,
    serviceP50Ms: service[0] ?? null,
    serviceP99Ms: service[1] ?? null,
    sendLagP99Ms: second.sendLagP99Us === null ? null : round(second.sendLagP99Us / 1000, 3),
    eventLoopDelayP99Ms: second.recorded === 0 ? null : round(second.eventLoopDelayP99Us / 1000, 3),
    connectionsOpen: second.connectionsOpen,
    connectionsWanted: second.connectionsWanted,
    waiting: second.waiting,
    containersMissing: second.missing,
  }
}

function percentilesMs(packed: PackedHistogram, shares: readonly number[], scratch: Histogram): (number | null)[] {
  scratch.clear()
  addPacked(scratch, packed)
  return shares.map((share) => {
    const us = scratch.percentileUs(share)
    return us === null ? null : round(us / 1000, 3)
  })
}

const CURVE_PHASES = ['baseline', 'outage', 'recovery', 'after', 'whole'] as const
const KINDS: readonly LatencyKind[] = ['response', 'service']

const curves = ({ latency }: LoadAnalysis): PercentileCurve[] =>
  CURVE_PHASES.flatMap((phase) =>
    KINDS.map((kind) => ({ phase, kind, points: latency[phase] === null ? [] : curveOf(latency[phase][kind]) })),
  ).filter(({ points }) => points.length > 0)
