/**
 * `GET /api/drills`: a page of the list, or the history as CSV. A page is one read of one partition of the table, however many drills
 * there are; a drill that runs also needs the orchestration service.
 */
import type { HttpRequest, HttpResponseInit } from '@azure/functions'
import type { Clients } from '../../clients/clients.ts'
import type { IndexEntry } from '../../model/drill-index.ts'
import { queryOf } from '../../model/history/filter.ts'
import { keptSinceMs } from '../../model/history/keys.ts'
import type { DrillsPage } from '../../model/status.ts'
import { renderHistoryCsv } from '../../render/history-csv.ts'
import { linkHeader, nextLink } from '../asked.ts'
import type { Orchestrations } from '../orchestrations.ts'
import { badRequest, cached, cachedJson, etagOf, problem } from '../responses.ts'
import { listedStatus } from '../status.ts'
import { LIST_PATH, type ListQuery, readListQuery } from './list-query.ts'

type Sources = Pick<Clients, 'table' | 'clock'>

export const historyApi = (sources: Sources, { retentionDays }: { readonly retentionDays: number }) => ({
  list: (request: HttpRequest, client: Orchestrations) => list(sources, retentionDays, request, client),
})

async function list(
  sources: Sources,
  retentionDays: number,
  request: HttpRequest,
  client: Orchestrations,
): Promise<HttpResponseInit> {
  const asked = readListQuery(request)
  if ('problems' in asked) return problem(badRequest(asked.problems))
  const now = sources.clock.now()
  const rows = entriesOf(sources, asked, keptSinceMs(now, retentionDays))
  if (asked.format === 'csv') return history(request, asked, rows)
  const { entries, next: place } = await rows(asked.limit, MAX_CALLS, asked.after)
  const drills = await Promise.all(entries.map((entry) => listedStatus(now, client, entry)))
  const next = nextLink({ path: LIST_PATH, limit: asked.limit, scope: asked.scope, next: place })
  return cachedJson(request, { drills, next, retentionDays } satisfies DrillsPage, linkHeader(next))
}

/** Under a filter the service may return few rows or none, and a place to go on from. */
const MAX_CALLS = 5

interface Entries {
  readonly entries: readonly IndexEntry[]
  readonly next: string | null
}

type ReadEntries = (wanted: number, maxCalls: number, after: string | null) => Promise<Entries>

/** At most 1,000 rows a call, which is what the service allows. */
const MAX_ROWS = 1_000

function entriesOf({ table }: Sources, { filter }: ListQuery, keptSince: number): ReadEntries {
  const query = queryOf(filter, keptSince)
  return async (wanted, maxCalls, after) => {
    const entries: IndexEntry[] = []
    let next = after
    for (let call = 0; call < maxCalls && entries.length < wanted && (call === 0 || next !== null); call++) {
      const page = await table.page<IndexEntry>(query, Math.min(MAX_ROWS, wanted - entries.length), next)
      entries.push(...page.rows.map(({ value }) => value))
      next = page.next
    }
    return { entries, next }
  }
}

// ---- CSV ----------------------------------------------------------------------------------------------------------------

/** A row has some 300 bytes; more than this is a next page. */
const MAX_HISTORY = 10_000
const MAX_HISTORY_CALLS = 40

async function history(request: HttpRequest, asked: ListQuery, rows: ReadEntries): Promise<HttpResponseInit> {
  const limit = request.query.has('limit') ? asked.limit : null
  const { entries, next: place } = await rows(limit ?? MAX_HISTORY, MAX_HISTORY_CALLS, asked.after)
  const csv = renderHistoryCsv(entries)
  const next = nextLink({ path: LIST_PATH, limit, scope: asked.scope, next: place })
  const answer = cached(request, csv, 'text/csv; charset=utf-8', etagOf(csv))
  const own = { 'content-disposition': 'attachment; filename="drills.csv"' }
  return {
    ...answer,
    headers: { ...answer.headers, ...own, ...linkHeader(next === null ? null : `${next}&format=csv`) },
  }
}
