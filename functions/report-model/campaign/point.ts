/** What one drill of a campaign is worth, and whether what stopped it would stop the next drill as well. */
import { PASSING_CHECKS } from '../../checklist/before.ts'
import type { CampaignPoint } from '../../model/campaign/campaign.ts'
import { stoppingChecks, verdictWord } from '../../model/early-end/stopped-by.ts'
import type { CheckResult, Report } from '../../model/report.ts'
import { lowerFirst } from '../../units/text.ts'

export interface EndedDrill {
  readonly number: number
  readonly drillId: string
  readonly endedAt: string
  readonly report: Report | null
  /** Why its orchestration failed; null: it did not. */
  readonly error: string | null
  /** The drill before, if there was one. */
  readonly previous: CampaignPoint | null
}

export function pointOf(drill: EndedDrill): CampaignPoint {
  const { number, drillId, endedAt, report, previous } = drill
  const stops = report === null ? [] : stoppingChecks(report)
  const point = {
    number,
    drillId,
    endedAt,
    ...worthOf(drill, stops),
    verdict: report?.verdict ?? null,
    headline: report?.headline ?? null,
    stoppedBy: report?.stoppedBy ?? null,
  }
  return { ...point, endsCampaign: whyNextIsStopped(point, previous, stops) }
}

const MAX_WHY = 300

/** `why` completes "drill 3: ...". */
function worthOf({ report, error }: EndedDrill, stops: readonly CheckResult[]): Pick<CampaignPoint, 'state' | 'why'> {
  if (report === null)
    return { state: 'without a report', why: `it ended without a report${error === null ? '' : `: ${error}`}` }
  const [first = ''] = report.reasons
  const reason = lowerFirst(first).replace(/\.$/, '').slice(0, MAX_WHY)
  if (report.verdict === 'ABORTED') return { state: 'aborted', why: `it was ${reason}` }
  if (stops.length > 0)
    return { state: 'not started', why: `it did not start: the checklist stopped it: ${checksOf(stops)}` }
  if (verdictWord(report) === 'NOT STARTED') return { state: 'not started', why: `it did not start: ${reason}` }
  if (report.verdict === 'INCONCLUSIVE') return { state: 'inconclusive', why: `it was inconclusive: ${reason}` }
  return { state: 'measured', why: null }
}

const checksOf = (stops: readonly CheckResult[]): string =>
  stops.map(({ id, seen, wanted }) => `${id} (${seen}; wanted: ${wanted})`).join(', ')

type Ended = Omit<CampaignPoint, 'endsCampaign'>

/** A drill that put load on the server stops no other, and neither does one that an operator aborted. */
function whyNextIsStopped(point: Ended, previous: CampaignPoint | null, stops: readonly CheckResult[]): string | null {
  if (!didNotStart(point)) return null
  const lasting = stops.filter(({ id }) => !PASSING_CHECKS.some((passing) => passing === id))
  if (lasting.length > 0)
    return `The checklist stopped drill ${point.number}, and would stop the next one as well until the set-up changes: ${checksOf(lasting)}.`
  if (previous === null || !didNotStart(previous) || !isSameReason(previous, point)) return null
  return `Drills ${previous.number} and ${point.number} did not start for the same reason, so no further one was tried: ${point.why}.`
}

const didNotStart = ({ state }: Pick<CampaignPoint, 'state'>): boolean =>
  state === 'not started' || state === 'without a report'

const isSameReason = (one: Ended, other: Ended): boolean =>
  one.state === other.state && reasonOf(one) === reasonOf(other)

/** Words differ from time to time: what counts is where it ended, and by which checks. */
const reasonOf = ({ stoppedBy }: Ended): string =>
  stoppedBy === null ? '' : [stoppedBy.phase, ...stoppedBy.checks].join()
