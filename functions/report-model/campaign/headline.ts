/** The one sentence at the top of a campaign's report. */
import type { PointState } from '../../model/campaign/campaign.ts'
import type { CampaignDrill, CampaignFigure } from '../../model/campaign/report.ts'
import type { Verdict } from '../../model/report.ts'
import { lowerFirst } from '../../units/text.ts'
import { count, counted } from '../../units/units.ts'

interface Parts {
  readonly server: string
  readonly verdict: Verdict
  readonly drills: readonly CampaignDrill[]
  readonly counts: Readonly<Record<PointState, number>>
  readonly figures: readonly CampaignFigure[]
}

/** 5 drills of pg-orders, all passed: recovery time 2.81 s to 3.40 s, median 2.96 s; no commit lost. */
export function campaignHeadline(parts: Parts): string {
  const { server, verdict, drills, counts } = parts
  const run = drills.length - counts['not run']
  const how = run === drills.length ? counted(run, 'drill') : `${run} of ${counted(drills.length, 'drill')}`
  const aborted = verdict === 'ABORTED' ? 'Campaign aborted: ' : ''
  const facts = [recovery(parts), lost(parts)].filter((part) => part !== null)
  const what = facts.length === 0 ? 'no drill has figures that count' : facts.join('; ')
  return `${aborted}${how} of ${server}${endings(parts)}: ${what}.`
}

function endings({ drills, counts }: Parts): string {
  const of = (verdict: Verdict) =>
    drills.filter((drill) => drill.state === 'measured' && drill.verdict === verdict).length
  if (of('PASS') === drills.length) return ', all passed'
  const words: ReadonlyArray<readonly [number: number, word: string]> = [
    [of('PASS'), 'passed'],
    [of('FAIL'), 'failed'],
    [counts.inconclusive, 'inconclusive'],
    [counts.aborted, 'aborted'],
    [counts['not started'], 'not started'],
    [counts['without a report'], 'without a report'],
  ]
  return words.map(([number, word]) => (number === 0 ? '' : `, ${number} ${word}`)).join('')
}

const figureOf = ({ figures }: Parts, id: string): CampaignFigure | undefined => figures.find((one) => one.id === id)

function recovery(parts: Parts): string | null {
  const figure = figureOf(parts, 'recovery_time_s')
  if (figure === undefined || figure.drills === 0) return null
  const { label, min, median, max, drills, points } = figure
  const name = lowerFirst(label)
  const never = points.filter(({ kind }) => kind === 'never').length
  if (never === drills) return `no recovery while the load ran${ofDrills(figure, parts)}`
  if (never > 0)
    return `${name} ${min.words} at best, no recovery in ${counted(never, 'drill')}${ofDrills(figure, parts)}`
  if (drills === 1) return `${name} ${max.words} in the one drill that measured it`
  return `${name} ${min.words} to ${max.words}, median ${median.words}${ofDrills(figure, parts)}`
}

function lost(parts: Parts): string | null {
  const figure = figureOf(parts, 'lost_commits')
  if (figure === undefined || parts.counts.measured === 0) return null
  const { value } = figure.max
  if (value === null) return 'losses not measured'
  const what = value === 0 ? 'no commit lost' : `up to ${counted(value, 'commit')} lost in a drill`
  return `${what}${ofDrills(figure, parts)}`
}

/** Where not every planned drill measured it. */
const ofDrills = ({ drills }: CampaignFigure, parts: Parts): string =>
  drills === parts.drills.length ? '' : ` (${count(drills)} of ${counted(parts.drills.length, 'drill')})`
