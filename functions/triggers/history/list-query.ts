/** The query of `GET /api/drills`: its filters, its page and its format. All that is wrong is answered at once. */
import type { HttpRequest } from '@azure/functions'
import { VERDICT_WORDS } from '../../model/early-end/stopped-by.ts'
import type { DrillFilter } from '../../model/history/filter.ts'
import { LISTED_KINDS, type ListedKind, NONE } from '../../model/history/rows.ts'
import { SERVER_NAME } from '../../platform/names.ts'
import type { Problem } from '../../request/request.ts'
import { problemsOfNames, readPaging } from '../asked.ts'
import { problemOfQuery } from '../responses.ts'

/** `none`: a drill without a verdict, which runs or ended without a report. */
export const LISTED_VERDICTS: readonly string[] = [...VERDICT_WORDS, NONE]
export const LIST_PATH = '/api/drills'
const FORMATS = ['json', 'csv'] as const
const FILTERS = ['server', 'verdict', 'kind', 'from', 'to'] as const
const KNOWN = [...FILTERS, 'limit', 'after', 'format'] as const

export interface ListQuery {
  readonly filter: DrillFilter
  readonly limit: number
  readonly after: string | null
  readonly format: (typeof FORMATS)[number]
  /** The filters as they stand in a link. */
  readonly scope: string
}

export function readListQuery({ query }: Pick<HttpRequest, 'query'>): ListQuery | { readonly problems: Problem[] } {
  const scope = FILTERS.flatMap((name) => {
    const value = query.get(name)
    return value === null ? [] : [`${name}=${encodeURIComponent(value)}`]
  }).join('&')
  const { limit, after, problems } = readPaging(query, { path: LIST_PATH, scope })
  const one = <T>(name: string, expected: string, read: (text: string) => T | null): T | null => {
    const text = query.get(name)
    const value = text === null ? null : read(text)
    if (text !== null && value === null) problems.push(problemOfQuery(name, text, expected))
    return value
  }
  const among = <T extends string>(name: string, values: readonly T[]) =>
    one(name, `one of ${values.join(', ')}`, (text) => values.find((value) => value === text) ?? null)
  const filter: DrillFilter = {
    server: one('server', SERVER_NAME.expected, (text) => (SERVER_NAME.problemOf(text) === null ? text : null)),
    verdict: among('verdict', LISTED_VERDICTS),
    kind: among<ListedKind>('kind', LISTED_KINDS),
    fromMs: one('from', TIME_FORM, (text) => instantOf(text, 0)),
    // A day is meant as a whole.
    toMs: one('to', TIME_FORM, (text) => instantOf(text, DAY_MS - 1)),
  }
  const format = among('format', FORMATS) ?? 'json'
  if (filter.fromMs !== null && filter.toMs !== null && filter.fromMs > filter.toMs)
    problems.push(problemOfQuery('from', query.get('from'), 'a time that is not after `to`'))
  problems.push(...problemsOfNames(query, KNOWN))
  return problems.length > 0 ? { problems } : { filter, limit, after, format, scope }
}

const DAY_MS = 86_400_000
const TIME_FORM = 'a day such as 2026-01-31, or a time in UTC such as 2026-01-31T02:00:00Z'
const TIME = /^(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?Z)?$/

/** `ofDayMs` is added to a day without a time. */
function instantOf(text: string, ofDayMs: number): number | null {
  const [, day = '', time] = TIME.exec(text) ?? []
  const ms = Date.parse(text)
  // The 31st of a shorter month would be read as a day of the next.
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== day) return null
  return time === undefined ? ms + ofDayMs : ms
}
