/** summary.json of a report. Each figure is read as an objective reads it, so that both have the same value. */
import { type CriterionName, measure, unitOf } from '../criteria/figures.ts'
import { known } from '../event-figures/figures.ts'
import type { Measured } from '../model/drill-index.ts'
import type { Summary, SummaryFigure } from '../model/files/summary.ts'
import type { Report } from '../model/report.ts'
import { inUnit, NOT_MEASURED } from '../units/units.ts'

export function summaryOf(report: Report): Summary {
  const {
    drillId,
    verdict,
    headline,
    reasons,
    stoppedBy,
    startedAt,
    endedAt,
    criteria,
    setup,
    requests,
    events,
    cost,
  } = report
  const hasLoad = report.ledger.intended > 0
  const figure = (name: CriterionName, phase: string | null = null): SummaryFigure =>
    summaryFigure(measure({ name, phase }, report), unitOf(name))
  return {
    schema: 1,
    drillId,
    server: setup.Server ?? null,
    verdict,
    headline,
    reasons: [...reasons],
    hasLoad,
    stoppedBy,
    startedAt,
    endedAt,
    criteria: criteria.map(({ why: _, ...row }) => row),
    events: {
      planned: requests.length,
      seen: events.length,
      areProven: report.eventsProof.proven,
      worst: report.worstEvent,
    },
    figures: {
      recoveryTimeSeconds: figure('recovery_time_s'),
      writeOutageSeconds: figure('write_outage_s'),
      worstClientOutageSeconds: figure('worst_client_outage_s'),
      lostCommits: figure('lost_commits'),
      recoveryPointSeconds: figure('lost_s'),
      acknowledgedCommits: summaryFigure(known(hasLoad ? report.ledger.acknowledged : null, ''), 'count'),
      baselineTps: figure('baseline_tps'),
      baselineResponseP50Ms: figure('p50_ms', 'baseline'),
      baselineResponseP95Ms: figure('p95_ms', 'baseline'),
      baselineResponseP99Ms: figure('p99_ms', 'baseline'),
      availability: figure('availability', 'whole'),
      successOfAttempts: figure('success_rate'),
    },
    cost: { amount: cost.amount, currency: cost.currency },
    containersLeft: report.cleanup.containersLeft,
    evidenceSha256: report.evidence?.sha256 ?? null,
  }
}

function summaryFigure(measured: Measured, unit: string): SummaryFigure {
  switch (measured.kind) {
    case 'value':
      return { value: measured.value, isLowerBound: false, isUpperBound: false, words: inUnit(measured.value, unit) }
    case 'at-least':
      return {
        value: measured.value,
        isLowerBound: true,
        isUpperBound: false,
        words: `≥ ${inUnit(measured.value, unit)}`,
      }
    case 'at-most':
      return {
        value: measured.value,
        isLowerBound: false,
        isUpperBound: true,
        words: `≤ ${inUnit(measured.value, unit)}`,
      }
    case 'never':
      return { value: null, isLowerBound: false, isUpperBound: false, words: 'not back' }
    case 'missing':
      return { value: null, isLowerBound: false, isUpperBound: false, words: NOT_MEASURED }
  }
}
