/** The dashboard's page and its files. They contain no data and need no key and no role; every request for figures does. */
import type { HttpRequest, HttpResponseInit } from '@azure/functions'
import type { Gate } from '../access/gate.ts'
import type { Clients } from '../clients/clients.ts'
import { dailyRecords, newestDailyRecord } from '../clients/storage/daily-records.ts'
import type { DailyAnswer, DailyRecord } from '../model/history/daily-record.ts'
import { SERVER_NAME } from '../platform/names.ts'
import type { RequestDefaults } from '../request/request.ts'
import { type Asset, dashboardAsset, dashboardPage } from '../web/dashboard.ts'
import { problemsOfNames } from './asked.ts'
import { badQuery, badRequest, cachedJson, isKnown, notFound, problem } from './responses.ts'

export const dashboardApi = (auth: Gate['auth']) => ({
  page: async (request: HttpRequest): Promise<HttpResponseInit> => answer(request, dashboardPage(auth)),

  async asset(request: HttpRequest): Promise<HttpResponseInit> {
    const name = request.params.asset ?? ''
    const found = await dashboardAsset(name)
    return found === null ? notFound(`file ${JSON.stringify(name)} of the dashboard`) : answer(request, found)
  },
})

function answer(request: HttpRequest, { body, contentType, headers }: Asset): HttpResponseInit {
  const { etag } = headers
  return etag !== undefined && isKnown(request.headers.get('if-none-match'), etag)
    ? { status: 304, headers }
    : { status: 200, body, headers: { ...headers, 'content-type': contentType } }
}

const NEWEST = 100

/**
 * `GET /api/daily`: the newest firings of the daily timers with their outcomes, or with `server` of one server's; beside them what the
 * servers with a schedule wait for: a server without one starts no drill anyway.
 */
export const dailyApi = ({ table }: Pick<Clients, 'table'>, { targets }: Pick<RequestDefaults, 'targets'>) => ({
  async read(request: HttpRequest): Promise<HttpResponseInit> {
    const unknown = problemsOfNames(request.query, ['server'])
    if (unknown.length > 0) return problem(badRequest(unknown))
    const server = request.query.get('server')
    if (server !== null && SERVER_NAME.problemOf(server) !== null)
      return badQuery('server', server, SERVER_NAME.expected)
    const scheduled = targets.filter(({ schedule }) => schedule != null)
    const [records, ...newest] = await Promise.all([
      dailyRecords(table, NEWEST, server),
      ...scheduled.map(({ target }) => newestDailyRecord(table, target)),
    ])
    const withoutDrill = newest.filter((one): one is DailyRecord => one !== null && one.outcome !== 'started')
    const servers = targets.map(({ target }) => target.server)
    return cachedJson(request, { records, withoutDrill, servers } satisfies DailyAnswer)
  },
})
