/** The figures by which drills are compared: in the trend of a server, and side by side in the dashboard. */
import type { Report, TrendFigure } from '../model/report.ts'
import type { EventFigureName } from './figures.ts'

type KeyParts = Pick<Report, 'recovery' | 'ledger' | 'throughput' | 'latencyMs' | 'availability'>

export interface KeyFigure extends Pick<TrendFigure, 'id' | 'label' | 'unit' | 'betterIs'> {
  readonly read: (report: KeyParts) => number | null
  /** Of the events: the figure is the worst of them. */
  readonly worst?: EventFigureName
}

export const KEY_FIGURES: readonly KeyFigure[] = [
  {
    id: 'recoveryTimeSeconds',
    label: 'Recovery time',
    unit: 's',
    betterIs: 'lower',
    read: ({ recovery }) => recovery.recoveryTimeSeconds,
    worst: 'recovery_time_s',
  },
  {
    id: 'writeOutageSeconds',
    label: 'Write outage',
    unit: 's',
    betterIs: 'lower',
    read: ({ recovery }) => recovery.writeOutageSeconds,
    worst: 'write_outage_s',
  },
  {
    id: 'worstClientOutageSeconds',
    label: 'Worst client outage',
    unit: 's',
    betterIs: 'lower',
    read: ({ recovery }) => recovery.clientOutageSeconds.max,
    worst: 'worst_client_outage_s',
  },
  { id: 'lost', label: 'Commits lost', unit: 'commits', betterIs: 'lower', read: ({ ledger }) => ledger.lost },
  {
    id: 'baselineTps',
    label: 'Baseline goodput',
    unit: 'tps',
    betterIs: 'higher',
    read: ({ throughput }) => throughput.baselineTps,
  },
  {
    id: 'baselineP50Ms',
    label: 'Baseline response p50',
    unit: 'ms',
    betterIs: 'lower',
    read: ({ latencyMs }) => latencyMs.baseline?.response.p50 ?? null,
  },
  {
    id: 'baselineP99Ms',
    label: 'Baseline response p99',
    unit: 'ms',
    betterIs: 'lower',
    read: ({ latencyMs }) => latencyMs.baseline?.response.p99 ?? null,
  },
  {
    id: 'availability',
    label: 'Availability',
    unit: 'share',
    betterIs: 'higher',
    read: ({ availability }) => availability.whole,
  },
]
