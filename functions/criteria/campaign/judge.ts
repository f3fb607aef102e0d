/**
 * Judges the objectives of a campaign. A drill that did not start, was aborted or proved nothing has no figures: an objective that it
 * could have missed is then unknown, and never met by the others alone.
 */
import { missing } from '../../event-figures/figures.ts'
import type { Measured } from '../../model/drill-index.ts'
import type { Criterion, Report, Verdict } from '../../model/report.ts'
import { round } from '../../units/statistics.ts'
import { counted } from '../../units/units.ts'
import { type CriterionUnit, type FigureRef, figureOf, measure, rangeOf, unitOf } from '../figures.ts'
import type { Limit } from '../grammar.ts'
import { compareIntervals, endsOf, exactly, type Interval, intervalOf, intervalWords, isExact } from '../intervals.ts'
import { byHowMuch, idOf, marginOf, seenWords, times, wantedWords, wantsMore } from '../judge.ts'
import type { Operator } from '../limits.ts'
import { type CampaignCriterion, type CampaignFigureRef, parseCampaignCriterion } from './grammar.ts'
import { type Statistic, statisticOf } from './statistics.ts'

/** One planned drill, as it is judged. */
export interface JudgedDrill {
  readonly number: number
  /** Null: it has no report. */
  readonly verdict: Verdict | null
  /** What stands beside it in every list. */
  readonly word: string
  /** Null: the drill has no figures that count. */
  readonly report: Report | null
  /** Why it has none, in a few words. */
  readonly why: string
}

export interface DrillMeasurement {
  readonly number: number
  readonly measured: Measured
}

export function judgeCampaignCriteria(
  texts: readonly string[],
  drills: readonly JudgedDrill[],
  targetTps: number,
): Criterion[] {
  return texts.map((text) => {
    const parsed = parseCampaignCriterion(text, drills.length)
    if (typeof parsed === 'string') return unreadable(text, parsed)
    return parsed.kind === 'figure' ? judgeFigure(parsed, drills, targetTps) : judgePassed(parsed, drills)
  })
}

/** A request with such a criterion is refused. One that reaches the report all the same is shown as unknown. */
const unreadable = (objective: string, why: string): Criterion => ({
  id: 'unreadable',
  objective,
  measured: null,
  isLowerBound: false,
  isUpperBound: false,
  unit: '',
  margin: null,
  verdict: 'unknown',
  why,
})

// ---- Figures of the drills --------------------------------------------------------------------------------------------

export const measureDrills = (figure: FigureRef, drills: readonly JudgedDrill[]): DrillMeasurement[] =>
  drills.map(({ number, report, why }) => ({
    number,
    measured: report === null ? missing(why) : measuredBy(figure, report),
  }))

/** A generator at its limit holds some figures back itself. */
function measuredBy(figure: FigureRef, report: Report): Measured {
  const measured = measure(figure, report)
  const spoiled = figureOf(figure.name).spoiledByGenerator
  const isSpoiled = spoiled === 'always' || (spoiled === 'as a bound' && measured.kind === 'at-least')
  return report.generator.wasTheLimit === true && isSpoiled && measured.kind !== 'missing'
    ? missing('the generator was the limit, not the server')
    : measured
}

const isKnown = ({ measured }: DrillMeasurement): boolean => measured.kind !== 'missing'

const intervalsOf = (figure: FigureRef, drills: readonly DrillMeasurement[]): Interval[] =>
  drills.map(({ measured }) => intervalOf(measured, rangeOf(figure.name)))

/** Over the drills that measured it; null: none did. */
export const spreadOf = (
  statistic: Statistic,
  figure: FigureRef,
  drills: readonly DrillMeasurement[],
): Interval | null => statisticOf(statistic, intervalsOf(figure, drills.filter(isKnown)))

// ---- Judging ----------------------------------------------------------------------------------------------------------

type FigureCriterion = Extract<CampaignCriterion, { kind: 'figure' }>

/** What is compared, and with what. */
interface Comparison {
  readonly figure: CampaignFigureRef
  readonly operator: Operator
  readonly unit: CriterionUnit
  readonly measurements: readonly DrillMeasurement[]
  readonly bound: Interval
}

function judgeFigure(criterion: FigureCriterion, drills: readonly JudgedDrill[], targetTps: number): Criterion {
  const { figure, operator, limit, text } = criterion
  const comparison: Comparison = {
    figure,
    operator,
    unit: unitOf(figure.name),
    measurements: measureDrills(figure, drills),
    bound: boundOf(limit, drills, targetTps),
  }
  const judged = figure.over === 'each' ? judgeEach(comparison) : judgeStatistic(comparison, figure.over)
  return { id: `${idOf(figure)}[${figure.over}]`, objective: text, unit: comparison.unit, ...judged }
}

const ANY: Interval = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY }

function boundOf(
  { factor, figure }: Limit<CampaignFigureRef>,
  drills: readonly JudgedDrill[],
  targetTps: number,
): Interval {
  if (figure === null) return exactly(factor)
  // A closed loop offers no rate: 0 would be a limit that every rate meets.
  if (figure === 'target') return targetTps > 0 ? exactly(round(factor * targetTps, 6)) : ANY
  if (figure.over === 'each') return ANY
  const interval = statisticOf(figure.over, intervalsOf(figure, measureDrills(figure, drills))) ?? ANY
  return { low: times(factor, interval.low), high: times(factor, interval.high) }
}

type Judged = Pick<Criterion, 'measured' | 'isLowerBound' | 'isUpperBound' | 'margin' | 'verdict' | 'why'>

function judgeStatistic(comparison: Comparison, statistic: Statistic): Judged {
  const { figure, operator, unit, measurements, bound } = comparison
  const ofAll = statisticOf(statistic, intervalsOf(figure, measurements)) ?? ANY
  const spread = spreadOf(statistic, figure, measurements)
  return {
    ...numbersOf(spread, operator, comparison),
    verdict: compareIntervals(ofAll, operator, bound),
    why: [
      spread === null ? null : `${intervalWords(spread, unit)}${whichDrill(spread, comparison)}`,
      wantedWords(operator, isExact(bound) ? bound : null, unit) +
        (spread !== null && Number.isFinite(spread.low) && isExact(spread) && isExact(bound)
          ? byHowMuch(spread.low, operator, bound.low, unit)
          : ''),
      missingWords(measurements),
    ]
      .filter((part) => part !== null && part !== '')
      .join('; '),
  }
}

function numbersOf(
  spread: Interval | null,
  operator: Operator,
  { bound, unit }: Pick<Comparison, 'bound' | 'unit'>,
): Pick<Criterion, 'measured' | 'isLowerBound' | 'isUpperBound' | 'margin'> {
  const { value, ...ends } = endsOf(spread, unit)
  const measured = value === null ? null : round(value, 6)
  const limit = isExact(bound) ? bound.low : null
  const margin = measured === null || limit === null ? null : marginOf(measured, operator, limit)
  return { measured, ...ends, margin }
}

/** The drill that the figure is of; none for a median between two drills, and when several are alike. */
function whichDrill(spread: Interval, { figure, measurements }: Comparison): string {
  const known = measurements.filter(isKnown)
  const same = known.filter((_, i) => intervalsOf(figure, known)[i]?.low === spread.low)
  if (known.length < 2) return ` in drill ${known[0]?.number}`
  const among =
    known.length === measurements.length ? `${known.length} drills` : `the ${known.length} drills that measured it`
  return same.length === 1 ? ` in drill ${same[0]?.number} of ${among}` : ` of ${among}`
}

function judgeEach(comparison: Comparison): Judged {
  const { figure, operator, unit, measurements, bound } = comparison
  const verdicts = intervalsOf(figure, measurements).map((interval) => compareIntervals(interval, operator, bound))
  const of = (verdict: Criterion['verdict']) => measurements.filter((_, i) => verdicts[i] === verdict)
  const [failed, unknown] = [of('fail'), of('unknown')]
  const verdict = failed.length > 0 ? 'fail' : unknown.length > 0 ? 'unknown' : 'pass'
  const known = measurements.filter(isKnown)
  const worst = spreadOf(wantsMore(operator) ? 'min' : 'max', figure, failed.length > 0 ? failed : known)
  const wanted = wantedWords(operator, isExact(bound) ? bound : null, unit)
  const seen =
    failed.length > 0
      ? `missed in ${failed.map(({ number, measured }) => `drill ${number} (${seenWords(measured, unit)})`).join(' and ')}`
      : worst === null
        ? null
        : `${intervalWords(worst, unit)} at worst of ${counted(known.length, 'drill')}`
  const why = [seen, wanted, missingWords(measurements)].filter((part) => part !== null && part !== '').join('; ')
  return { ...numbersOf(worst, operator, comparison), verdict, why }
}

function missingWords(measurements: readonly DrillMeasurement[]): string {
  const without = measurements.flatMap(({ number, measured }) =>
    measured.kind === 'missing' ? [`drill ${number} (${measured.why})`] : [],
  )
  return without.length === 0 ? '' : `not measured in ${without.join(', ')}`
}

// ---- Drills that passed ---------------------------------------------------------------------------------------------

function judgePassed(
  { text, operator, count }: Extract<CampaignCriterion, { kind: 'drills passed' }>,
  drills: readonly JudgedDrill[],
): Criterion {
  const passed = drills.filter(({ verdict }) => verdict === 'PASS').length
  const open = drills.filter(({ verdict }) => verdict !== 'PASS' && verdict !== 'FAIL').length
  const others = drills.flatMap(({ number, verdict, word }) => (verdict === 'PASS' ? [] : [`drill ${number} ${word}`]))
  return {
    id: 'drills_passed',
    objective: text,
    measured: passed,
    isLowerBound: false,
    isUpperBound: false,
    unit: 'count',
    margin: marginOf(passed, operator, count),
    verdict: compareIntervals({ low: passed, high: passed + open }, operator, exactly(count)),
    why: [
      `${passed} of ${drills.length} drills passed${others.length === 0 ? '' : ` (${others.join(', ')})`}`,
      wantedWords(operator, exactly(count), 'count'),
    ].join('; '),
  }
}
