/**
 * The grammar of objectives: `name[phase] op value`, such as
 *
 *   recovery_time_s <= 120        baseline_tps >= 0.95 * target        p99_ms[after] <= 2 * p99_ms[baseline]
 *   events_proven == true         availability[whole] >= 99.9%        recovery_time_s[2] <= 60
 *
 * The value is a number in the figure's own unit, with or without that unit behind it; or true or false; or a factor times
 * the target rate or another figure of that unit. limits.ts knows what fits which figure.
 */
import { EVENT_KINDS } from '../model/planned-event.ts'
import { CRITERION_NAMES, type CriterionName, type FigureRef, figureOf } from './figures.ts'
import { constantFor, factorOf, OPERATORS, type Operator, whyDecided, whyNotComparable } from './limits.ts'

/** `factor * figure`; a plain number has no figure. */
export interface Limit<Ref extends FigureRef = FigureRef> {
  readonly factor: number
  readonly figure: Ref | 'target' | null
}

export interface ParsedCriterion<Ref extends FigureRef = FigureRef> {
  readonly text: string
  readonly figure: Ref
  readonly operator: Operator
  readonly limit: Limit<Ref>
}

export interface ParsedCriteria {
  readonly criteria: readonly ParsedCriterion[]
  /** One line each, with the expected form. */
  readonly problems: readonly string[]
}

/** How figures are written. Everything else of an objective is the same in every notation. */
export interface Notation<Ref extends FigureRef> {
  /** The pattern of a figure, as it stands before an operator. */
  readonly figure: string
  readonly form: string
  /** A text says what is wrong. */
  readonly read: (text: string) => Ref | string
}

export function parseCriteria(texts: readonly string[]): ParsedCriteria {
  const criteria: ParsedCriterion[] = []
  const problems: string[] = []
  for (const text of texts) {
    const parsed = parseCriterion(text, OF_DRILL)
    if (typeof parsed === 'string') problems.push(`criterion ${JSON.stringify(text)}: ${parsed}`)
    else criteria.push(parsed)
  }
  return { criteria, problems }
}

/** What is wrong with one criterion and what was expected; null when it can be read. */
export function problemOfCriterion(text: string): string | null {
  const parsed = parseCriterion(text, OF_DRILL)
  return typeof parsed === 'string' ? parsed : null
}

const REFERENCE = /^([a-z]\w*)\s*(?:\[\s*([\w-]*)\s*\])?$/

const OF_DRILL: Notation<FigureRef> = {
  figure: String.raw`[a-z]\w*(?:\s*\[[^\]]*\])?`,
  form: '`name[phase] op value` such as "recovery_time_s <= 120"',
  read: parseFigure,
}

export function parseCriterion<Ref extends FigureRef>(
  text: string,
  notation: Notation<Ref>,
): ParsedCriterion<Ref> | string {
  const parts = new RegExp(String.raw`^\s*(${notation.figure})\s*(<=|>=|==|!=|<|>)\s*(\S.*?)\s*$`).exec(text)
  if (parts === null) return `expected ${notation.form}, with one of ${OPERATORS.join(' ')}`
  const [, left, operator, right] = parts as unknown as [string, string, Operator, string]
  const figure = notation.read(left)
  if (typeof figure === 'string') return figure
  const limit = parseLimit(figure, right, notation)
  if (typeof limit === 'string') return limit
  const decided = limit.figure === null ? whyDecided(figure.name, operator, limit.factor) : null
  return decided ?? { text: text.trim(), figure, operator, limit }
}

/** A figure of a drill: a text says what is wrong with it. */
export function parseFigure(text: string): FigureRef | string {
  const [, name = '', phase = null] = REFERENCE.exec(text) ?? []
  if (!isCriterionName(name)) return `unknown figure; expected one of ${CRITERION_NAMES.join(', ')}`
  const { phases, isOfEvents, isOfApplications } = figureOf(name)
  if (isOfApplications === true)
    return isApplication(phase)
      ? { name, phase }
      : `expected the name of a probe in brackets: ${name}[checkout] names the probe "checkout"`
  if (isOfEvents === true)
    return isOfKnownEvents(phase) ? { name, phase } : `unknown events of ${name}; expected ${EVENTS}`
  if (phases === undefined) return phase === null ? { name, phase } : `${name} takes no phase`
  if (phase === null) return { name, phase: phases[0] as string }
  if (phases.includes(phase)) return { name, phase }
  return `unknown phase of ${name}; expected one of ${phases.join(', ')}`
}

/** In brackets, the number of an event or a kind; without brackets the worst of all events is meant. */
const isOfKnownEvents = (events: string | null): boolean =>
  events === null || /^[1-9]\d?$/.test(events) || EVENT_KINDS.some((kind) => kind === events)

const isApplication = (name: string | null): boolean => name !== null && /^[A-Za-z][\w-]{0,39}$/.test(name)

/** The applications that an objective names. */
export const applicationsIn = ({ figure, limit }: Pick<ParsedCriterion, 'figure' | 'limit'>): string[] =>
  [figure, limit.figure].flatMap((one) =>
    one !== null && one !== 'target' && figureOf(one.name).isOfApplications === true ? (one.phase ?? []) : [],
  )

const EVENTS = `the number of an event, from 1, or one of ${EVENT_KINDS.join(', ')}`

const isCriterionName = (name: string): name is CriterionName => (CRITERION_NAMES as readonly string[]).includes(name)

function parseLimit<Ref extends FigureRef>(of: Ref, text: string, notation: Notation<Ref>): Limit<Ref> | string {
  const constant = constantFor(of.name, text)
  if (typeof constant === 'string') return constant
  if (constant !== null) return { factor: constant, figure: null }
  const [first = '', second, ...more] = text.split('*').map((part) => part.trim())
  if (more.length > 0) return `expected one factor and one figure`
  if (second === undefined) return withFactor(of, 1, first, notation)
  const isReference = first === 'target' || typeof notation.read(first) !== 'string'
  return isReference
    ? withFactor(of, factorOf(second), first, notation)
    : withFactor(of, factorOf(first), second, notation)
}

function withFactor<Ref extends FigureRef>(
  of: Ref,
  factor: number | string,
  figureText: string,
  { read }: Notation<Ref>,
): Limit<Ref> | string {
  if (typeof factor === 'string') return factor
  const figure = figureText === 'target' ? figureText : read(figureText)
  if (typeof figure === 'string' && figure !== 'target') return figure
  const other = figure === 'target' ? figure : figure.name
  const why = whyNotComparable(of.name, other)
  if (why !== null) return why
  if (isDeepEqual(figure, of)) return `expected a number or another figure; ${figureText} is the figure itself`
  return { factor, figure }
}

const isDeepEqual = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)
