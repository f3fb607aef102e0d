/**
 * The log lines of results: `drill-result {json}` and `drill-skipped {json}`, which the alerts and the workbook read, and
 * `campaign-result {json}`, once for a campaign. Queries find a line by its first word and take fields of the JSON behind it, so
 * words and fields are an interface: a test compares every query with them.
 *
 * A drill has one line for each edition of its report. The first edition comes at once, but metrics that are minutes late can
 * still change its verdict, so alerts wait for the final one. An activity may run twice and write its line twice, so queries
 * count drills by their id.
 *
 * Every field is named here: a new field of the report does not reach the log by itself, so no secret can either.
 */
import { splitBrainOf } from '../event-figures/split-brain.ts'
import { worstNote, worstText } from '../event-figures/table.ts'
import type { CampaignReport } from '../model/campaign/report.ts'
import { type StoppedBy, verdictWord } from '../model/early-end/stopped-by.ts'
import type { Target } from '../model/plan.ts'
import type { DrillEvent, Report } from '../model/report.ts'

export const DRILL_RESULT = 'drill-result'
export const DRILL_SKIPPED = 'drill-skipped'
const CAMPAIGN_RESULT = 'campaign-result'

export type Edition = 'first' | 'final'

export interface DrillResult
  extends Pick<Report, 'drillId' | 'verdict' | 'headline'>,
    Pick<Report['throughput'], 'offeredTps' | 'baselineTps'>,
    Pick<Report['recovery'], 'recoveryTimeSeconds' | 'writeOutageSeconds'>,
    Pick<Report['ledger'], 'lost' | 'lostSeconds'>,
    Pick<Report, 'worstEvent'>,
    Pick<Report['moments'], 't0' | 't1' | 't4'> {
  readonly server: string
  readonly resourceGroup: string
  /** Of the containers, by list prices; null: not measured, or no prices are set. */
  readonly cost: number | null
  readonly currency: string | null
  readonly edition: Edition
  /** The verdict, or that the load did not start: what stands beside the drill in every list. */
  readonly word: string
  /** What ended the drill before its load; null: the load started. */
  readonly stoppedBy: Pick<StoppedBy, 'phase' | 'checks'> | null
  /** Response times in the baseline. */
  readonly p50Ms: number | null
  readonly p95Ms: number | null
  readonly p99Ms: number | null
  /** Writes that an old primary acknowledged after T2; null: not measured, or no timeline rose. */
  readonly splitBrainWrites: number | null
  /** The recovery time in words, also when it is a lower bound, with its event. */
  readonly recovery: string
  /** All events in the order of time; the figures above are the worst of them. */
  readonly events: ReadonlyArray<
    Pick<DrillEvent, 'number' | 'cause' | 'kind'> &
      Pick<Report['moments'], 't0'> &
      Pick<Report['recovery'], 'recoveryTimeSeconds' | 'writeOutageSeconds'>
  >
}

/** Figures that were not measured are null, and a query skips them; a 0 would cause an alert. */
export function drillResultLine(
  report: Report,
  { server, resourceGroup }: Pick<Target, 'server' | 'resourceGroup'>,
  edition: Edition,
): string {
  const { throughput, latencyMs, recovery, moments } = report
  const response = latencyMs.baseline?.response
  return line(DRILL_RESULT, {
    drillId: report.drillId,
    server,
    resourceGroup,
    cost: report.cost.amount,
    currency: report.cost.currency,
    edition,
    verdict: report.verdict,
    word: verdictWord(report) ?? report.verdict,
    headline: report.headline,
    stoppedBy: report.stoppedBy && { phase: report.stoppedBy.phase, checks: report.stoppedBy.checks },
    offeredTps: throughput.offeredTps,
    baselineTps: throughput.baselineTps,
    p50Ms: response?.p50 ?? null,
    p95Ms: response?.p95 ?? null,
    p99Ms: response?.p99 ?? null,
    recoveryTimeSeconds: recovery.recoveryTimeSeconds,
    writeOutageSeconds: recovery.writeOutageSeconds,
    recovery: recoveryWords(report),
    lost: report.ledger.lost,
    lostSeconds: report.ledger.lostSeconds,
    splitBrainWrites: splitBrainWrites(report),
    worstEvent: report.worstEvent,
    t0: moments.t0,
    t1: moments.t1,
    t4: moments.t4,
    events: report.events.map(({ number, cause, kind, moments: { t0 }, recovery: own }) => ({
      number,
      cause,
      kind,
      t0,
      recoveryTimeSeconds: own.recoveryTimeSeconds,
      writeOutageSeconds: own.writeOutageSeconds,
    })),
  } satisfies DrillResult)
}

function splitBrainWrites({ events }: Report): number | null {
  const measured = splitBrainOf(events)
  return 'value' in measured ? measured.value : null
}

function recoveryWords(report: Report): string {
  const note = worstNote('recovery_time_s', report)
  return `${worstText('recovery_time_s', report)}${note === null ? '' : ` (${note})`}`
}

export interface DrillSkipped extends Pick<Target, 'server' | 'resourceGroup'> {
  readonly reason: string
  /** When the timer fired. */
  readonly at: string
}

export const drillSkippedLine = ({ server, resourceGroup, reason, at }: DrillSkipped): string =>
  line(DRILL_SKIPPED, { server, resourceGroup, reason, at } satisfies DrillSkipped)

interface CampaignResult extends Pick<CampaignReport, 'campaignId' | 'server' | 'verdict' | 'headline' | 'planned'> {
  /** Drills whose figures count, and those of them that passed. */
  readonly measured: number
  readonly passed: number
  readonly recoveryTimeSeconds: {
    readonly min: number | null
    readonly median: number | null
    readonly max: number | null
  }
  readonly lostMax: number | null
}

/** A statistic that is only a bound is null here, as one that was not measured. */
export function campaignResultLine(report: CampaignReport): string {
  const { campaignId, server, verdict, headline, planned, counts, drills, figures } = report
  const figure = (id: string) => figures.find((one) => one.id === id)
  const exact = (id: string, statistic: 'min' | 'median' | 'max') => {
    const spread = figure(id)?.[statistic]
    return spread === undefined || spread.isLowerBound || spread.isUpperBound ? null : spread.value
  }
  const of = (statistic: 'min' | 'median' | 'max') => exact('recovery_time_s', statistic)
  return line(CAMPAIGN_RESULT, {
    campaignId,
    server,
    verdict,
    headline,
    planned,
    measured: counts.measured,
    passed: drills.filter((drill) => drill.verdict === 'PASS').length,
    recoveryTimeSeconds: { min: of('min'), median: of('median'), max: of('max') },
    lostMax: exact('lost_commits', 'max'),
  } satisfies CampaignResult)
}

const line = (word: string, fields: object): string => `${word} ${JSON.stringify(fields)}`
