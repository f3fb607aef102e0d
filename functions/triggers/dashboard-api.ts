/** The dashboard's page and its files. They contain no data and need no key and no role; every request for figures does. */
import type { HttpRequest, HttpResponseInit } from '@azure/functions'
import type { Gate } from '../access/gate.ts'
import type { Clients } from '../clients/clients.ts'
import { dailyRecords } from '../clients/storage/daily-records.ts'
import { SERVER_NAME } from '../platform/names.ts'
import { type Asset, dashboardAsset, dashboardPage } from '../web/dashboard.ts'
import { badQuery, json, notFound } from './responses.ts'

export const dashboardApi = (auth: Gate['auth']) => ({
  page: async (request: HttpRequest): Promise<HttpResponseInit> => answer(request, dashboardPage(auth)),

  async asset(request: HttpRequest): Promise<HttpResponseInit> {
    const name = request.params.asset ?? ''
    const found = await dashboardAsset(name)
    return found === null ? notFound(`file ${JSON.stringify(name)} of the dashboard`) : answer(request, found)
  },
})

function answer(request: HttpRequest, { body, contentType, headers }: Asset): HttpResponseInit {
  const isKnown = headers.etag !== undefined && request.headers.get('if-none-match') === headers.etag
  return isKnown
    ? { status: 304, headers }
    : { status: 200, body, headers: { ...headers, 'content-type': contentType } }
}

const NEWEST = 100

/** `GET /api/daily`: the outcome of every firing of the daily timers, or with `server` of one server's. */
export const dailyApi = ({ table }: Pick<Clients, 'table'>) => ({
  async read({ query }: HttpRequest): Promise<HttpResponseInit> {
    const server = query.get('server')
    if (server !== null && SERVER_NAME.problemOf(server) !== null)
      return badQuery('server', server, SERVER_NAME.expected)
    return json(200, { records: await dailyRecords(table, NEWEST, server) })
  },
})
