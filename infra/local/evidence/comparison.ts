/** Where the files of a drill differ from what its raw files give, in words. */
import type { Report } from '../../../functions/model/report.ts'
import type { Renderer } from '../../../functions/render/formats.ts'
import { summaryOf } from '../../../functions/render/summary.ts'

const MAX_PER_FILE = 8
const MAX_SHOWN = 120

export interface FigureRow {
  readonly name: string
  readonly given: string
  readonly computed: string
}

/** Verdict and headline figures, as report.json has them and as they were computed. */
export function figureRows(given: Report, computed: Report): FigureRow[] {
  const [one, other] = [summaryOf(given), summaryOf(computed)]
  const names = Object.keys(one.figures) as Array<keyof typeof one.figures>
  return [
    { name: 'verdict', given: one.verdict, computed: other.verdict },
    ...names.map((name) => ({ name, given: one.figures[name].words, computed: other.figures[name].words })),
  ]
}

/** `computed` is what the raw files give. */
export function fileDifferences(
  { name }: Pick<Renderer, 'name'>,
  given: string | null,
  computed: string,
  source: string,
): string[] {
  if (given === computed) return []
  if (given === null) return [`${name} is missing`]
  const found = name.endsWith('.json')
    ? jsonDifferences(name, given, computed, source)
    : name === 'report.html'
      ? pageDifferences(given, computed, source)
      : []
  return found.length > 0 ? cut(name, found) : [lineDifference(name, given, computed, source)]
}

const cut = (name: string, lines: readonly string[]): string[] =>
  lines.length <= MAX_PER_FILE
    ? [...lines]
    : [...lines.slice(0, MAX_PER_FILE), `${name}: ${lines.length - MAX_PER_FILE} more values differ`]

function jsonDifferences(name: string, given: string, computed: string, source: string): string[] {
  let parsed: unknown
  try {
    parsed = JSON.parse(given)
  } catch {
    return [`${name} is not JSON`]
  }
  return [...valueDifferences('', parsed, JSON.parse(computed))].map(
    ([path, one, other]) => `${name}: ${path} is ${shown(one)}; ${source} give ${shown(other)}`,
  )
}

type Difference = readonly [path: string, given: unknown, computed: unknown]

function* valueDifferences(path: string, given: unknown, computed: unknown): Generator<Difference> {
  if (isObject(given) && isObject(computed) && Array.isArray(given) === Array.isArray(computed)) {
    for (const key of new Set([...Object.keys(computed), ...Object.keys(given)])) {
      const at = Array.isArray(computed) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`
      yield* valueDifferences(at, given[key], computed[key])
    }
  } else if (!Object.is(given, computed)) yield [path, given, computed]
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

function shown(value: unknown): string {
  const text = value === undefined ? 'absent' : (JSON.stringify(value) ?? 'absent')
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text
}

/** The first screen of the page: what a reader takes away. */
function pageDifferences(given: string, computed: string, source: string): string[] {
  const [one, other] = [firstScreen(given), firstScreen(computed)]
  return [...other].flatMap(([term, value]) =>
    one.get(term) === value
      ? []
      : [`report.html: "${term}" reads ${shown(one.get(term))}; ${source} give ${shown(value)}`],
  )
}

function firstScreen(page: string): Map<string, string> {
  const plain = (markup: string) =>
    markup
      .replace(/<[^>]*>/g, ' ')
      .replace(/\s+/g, ' ')
      .trim()
  const [, headline = ''] = /<h1[^>]*>([\s\S]*?)<\/h1>/.exec(page) ?? []
  const [, verdict = ''] = /<p class="verdict">([\s\S]*?)<\/p>/.exec(page) ?? []
  const figures = [...page.matchAll(/<div class="figure"[^>]*><dt>([\s\S]*?)<\/dt><dd[^>]*>([\s\S]*?)<\/dd>/g)]
  return new Map([
    ['verdict', plain(verdict)],
    ['headline', plain(headline)],
    ...figures.map(([, term = '', value = '']) => [plain(term), plain(value)] as const),
  ])
}

function lineDifference(name: string, given: string, computed: string, source: string): string {
  const [one, other] = [given.split('\n'), computed.split('\n')]
  const at = other.findIndex((line, i) => line !== one[i])
  const line = at < 0 ? other.length : at
  return `${name}: line ${line + 1} is ${around(one[line], other[line])}; ${source} give ${around(other[line], one[line])}`
}

/** The part of a long line that differs. */
function around(line: string | undefined, other: string | undefined): string {
  if (line === undefined) return 'absent'
  let same = 0
  while (same < line.length && line[same] === other?.[same]) same++
  const from = Math.max(0, same - 30)
  return shown(line.slice(from, from + MAX_SHOWN))
}
