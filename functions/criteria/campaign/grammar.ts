/**
 * The objectives of a campaign: those of a drill, with a statistic over the drills in a last pair of brackets.
 *
 *   recovery_time_s[max] <= 120        p99_ms[baseline][median] <= 20        recovery_time_s[max] <= 2 * recovery_time_s[median]
 *   lost_commits[each] == 0            drills_passed == 5
 *
 * [each] holds when every drill holds. `drills_passed` counts the drills whose own verdict is PASS.
 */
import { counted } from '../../units/units.ts'
import { type FigureRef, figureOf } from '../figures.ts'
import { type Notation, type ParsedCriterion, parseCriterion, parseFigure } from '../grammar.ts'
import { HOLDS } from '../judge.ts'
import { OPERATORS, type Operator } from '../limits.ts'
import { STATISTICS, type Statistic } from './statistics.ts'

const OVER_DRILLS = ['each', ...STATISTICS] as const

export interface CampaignFigureRef extends FigureRef {
  readonly over: Statistic | 'each'
}

export type CampaignCriterion =
  | ({ readonly kind: 'figure' } & ParsedCriterion<CampaignFigureRef>)
  | { readonly kind: 'drills passed'; readonly text: string; readonly operator: Operator; readonly count: number }

const BRACKETS = /^(.*?)\s*\[\s*([\w-]*)\s*\]$/
const WITH_STATISTIC = `${OVER_DRILLS.slice(0, -1).join('], [')}] or [${OVER_DRILLS.at(-1)}`

const OF_CAMPAIGN: Notation<CampaignFigureRef> = {
  figure: String.raw`[a-z]\w*(?:\s*\[[^\]]*\])*`,
  form: '`name[statistic] op value` such as "recovery_time_s[max] <= 120"',
  read: readFigure,
}

/** A text says what is wrong and what to write. `drills`: how many the campaign has. */
export function parseCampaignCriterion(text: string, drills: number): CampaignCriterion | string {
  const passed = parsePassed(text, drills)
  if (passed !== null) return passed
  const parsed = parseCriterion(text, OF_CAMPAIGN)
  if (typeof parsed === 'string') return parsed
  const { figure } = parsed.limit
  if (figure !== null && figure !== 'target' && figure.over === 'each')
    return `[each] has no one value to compare with; expected [${STATISTICS.join('], [')}] in the limit`
  return { kind: 'figure', ...parsed }
}

function readFigure(text: string): CampaignFigureRef | string {
  const [, rest, word] = BRACKETS.exec(text) ?? []
  const figure = parseFigure(rest ?? text)
  if (rest === undefined || word === undefined)
    return typeof figure === 'string' ? figure : `expected a statistic over the drills: ${text}[${WITH_STATISTIC}]`
  const over = OVER_DRILLS.find((one) => one === word)
  if (over === undefined) {
    const whole = parseFigure(text)
    return typeof whole === 'string'
      ? `unknown statistic over the drills; expected [${WITH_STATISTIC}]`
      : `expected a statistic over the drills behind it: ${text}[${WITH_STATISTIC}]`
  }
  if (typeof figure === 'string') return figure
  const { phases = [] } = figureOf(figure.name)
  // client_outage_s[max] is a figure of one drill: the longest of its clients.
  if (!rest.includes('[') && phases.includes(word))
    return `[${word}] may mean the clients of one drill; expected two pairs of brackets, such as ${figure.name}[${word}][${word}]`
  return { ...figure, over }
}

const PASSED = /^\s*drills_passed\s*(.*)$/
const COUNT = /^(<=|>=|==|!=|<|>)\s*(\d+)\s*$/

/** Null: the objective is about another figure. */
function parsePassed(text: string, drills: number): CampaignCriterion | string | null {
  const rest = PASSED.exec(text)?.[1]
  if (rest === undefined) return null
  const [, operator, digits] = COUNT.exec(rest) ?? []
  if (operator === undefined)
    return `drills_passed is a count; expected "drills_passed op count" such as "drills_passed == ${drills}", with one of ${OPERATORS.join(' ')}`
  const count = Number(digits)
  if (isDecided(operator as Operator, count, drills))
    return `it always holds or can never hold, because the campaign has ${counted(drills, 'drill')}; expected a count that can be met and missed`
  return { kind: 'drills passed', text: text.trim(), operator: operator as Operator, count }
}

function isDecided(operator: Operator, count: number, drills: number): boolean {
  const holds = Array.from({ length: drills + 1 }, (_, passed) => HOLDS[operator](passed, count))
  return holds.every((one) => one === holds[0])
}
