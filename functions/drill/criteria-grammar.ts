/**
 * The grammar of objectives: `name[phase] op value`, such as
 *
 *   recovery_time_s <= 120        baseline_tps >= 0.95 * target        p99_ms[after] <= 2 * p99_ms[baseline]
 *   failover_proven == true       availability[whole] >= 99.9%
 *
 * The value is a number, a percentage, true or false, or a factor times the target rate or another figure.
 */
import { CRITERION_NAMES, type CriterionName, phasesOf } from './criteria-names.ts'

export const OPERATORS = ['<=', '>=', '==', '!=', '<', '>'] as const
export type Operator = (typeof OPERATORS)[number]

export interface FigureRef {
  readonly name: CriterionName
  readonly phase: string | null
}

/** `factor * figure`; a plain number has no figure. */
export interface Limit {
  readonly factor: number
  readonly figure: FigureRef | 'target' | null
}

export interface ParsedCriterion {
  readonly text: string
  readonly figure: FigureRef
  readonly operator: Operator
  readonly limit: Limit
}

export interface ParsedCriteria {
  readonly criteria: readonly ParsedCriterion[]
  /** One line each, with what was expected. */
  readonly problems: readonly string[]
}

export function parseCriteria(texts: readonly string[]): ParsedCriteria {
  const criteria: ParsedCriterion[] = []
  const problems: string[] = []
  for (const text of texts) {
    const parsed = parseCriterion(text)
    if (typeof parsed === 'string') problems.push(`criterion ${JSON.stringify(text)}: ${parsed}`)
    else criteria.push(parsed)
  }
  return { criteria, problems }
}

/** What is wrong with one criterion and what was expected; null when it can be read. */
export function problemOfCriterion(text: string): string | null {
  const parsed = parseCriterion(text)
  return typeof parsed === 'string' ? parsed : null
}

const FIGURE = String.raw`[a-z]\w*(?:\s*\[[^\]]*\])?`
const CRITERION = new RegExp(String.raw`^\s*(${FIGURE})\s*(<=|>=|==|!=|<|>)\s*(\S.*?)\s*$`)
const REFERENCE = /^([a-z]\w*)\s*(?:\[\s*([\w-]*)\s*\])?$/
const NUMBER = /^-?\d+(?:\.\d+)?$/
const EXAMPLE = '`name[phase] op value` such as "recovery_time_s <= 120"'

function parseCriterion(text: string): ParsedCriterion | string {
  const parts = CRITERION.exec(text)
  if (parts === null) return `expected ${EXAMPLE}, with one of ${OPERATORS.join(' ')}`
  const [, left, operator, right] = parts as unknown as [string, string, Operator, string]
  const figure = parseFigure(left)
  if (typeof figure === 'string') return figure
  const limit = parseLimit(right)
  return typeof limit === 'string' ? limit : { text: text.trim(), figure, operator, limit }
}

function parseFigure(text: string): FigureRef | string {
  const [, name = '', phase = null] = REFERENCE.exec(text) ?? []
  if (!isCriterionName(name))
    return `unknown figure ${JSON.stringify(text)}; expected one of ${CRITERION_NAMES.join(', ')}`
  const phases = phasesOf(name)
  if (phases === null) return phase === null ? { name, phase } : `${name} takes no phase`
  if (phase === null) return { name, phase: phases[0] as string }
  if (phases.includes(phase)) return { name, phase }
  return `unknown phase ${JSON.stringify(phase)} of ${name}; expected one of ${phases.join(', ')}`
}

const isCriterionName = (name: string): name is CriterionName => (CRITERION_NAMES as readonly string[]).includes(name)

function parseLimit(text: string): Limit | string {
  const constant = parseConstant(text)
  if (constant !== null) return { factor: constant, figure: null }
  const [first = '', second, ...more] = text.split('*').map((part) => part.trim())
  if (more.length > 0) return `expected one factor and one figure, got ${JSON.stringify(text)}`
  if (second === undefined) return withFactor(1, first)
  const factor = parseConstant(first)
  return factor === null ? withFactor(parseConstant(second), first) : withFactor(factor, second)
}

function withFactor(factor: number | null, figureText: string): Limit | string {
  if (factor === null)
    return `expected a number, or a factor such as "0.95 * target", got ${JSON.stringify(figureText)}`
  if (figureText === 'target') return { factor, figure: 'target' }
  const figure = parseFigure(figureText)
  return typeof figure === 'string' ? figure : { factor, figure }
}

function parseConstant(text: string): number | null {
  if (text === 'true' || text === 'false') return text === 'true' ? 1 : 0
  if (text.endsWith('%')) {
    const share = parseConstant(text.slice(0, -1).trim())
    return share === null ? null : share / 100
  }
  return NUMBER.test(text) ? Number(text) : null
}
