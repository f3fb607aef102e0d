/** The API of the function app, as far as the dashboard sees it, over drills that a test can change while the page looks. */
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from 'node:http'
import { enter } from '../../functions/access/gate.ts'
import type { CampaignStatus } from '../../functions/model/campaign/status.ts'
import type { ListedFigures } from '../../functions/model/drill-index.ts'
import { verdictWord } from '../../functions/model/early-end/stopped-by.ts'
import type { DailyRecord } from '../../functions/model/history/daily-record.ts'
import type { DrillStatus } from '../../functions/model/status.ts'
import { renderCampaign } from '../../functions/render/campaign/page.ts'
import { renderers } from '../../functions/render/formats.ts'
import type { ReportData } from '../../functions/render/text/report-data.ts'
import { trendEntry } from '../../functions/report-model/trend.ts'
import type { Offer } from '../../functions/request/offer.ts'
import { comparedDrill } from '../../functions/triggers/history/compare.ts'
import { etagOf, secured } from '../../functions/triggers/responses.ts'
import { dashboardAsset, dashboardPage } from '../../functions/web/dashboard.ts'
import { aDrillPlan } from '../support/builders.ts'
import { listening } from '../support/ports.ts'
import { principalHeader } from '../support/principal.ts'

export const KEY = 'correct-key'

export interface StoredDrill {
  status: DrillStatus
  data: ReportData | null
}

export interface FakeApi {
  readonly url: string
  /** Newest first. */
  drills: StoredDrill[]
  /** Newest first. */
  campaigns: CampaignStatus[]
  /** down: connections are cut. broken: the host answers 503. slow: every answer takes a second. */
  state: 'up' | 'down' | 'broken' | 'slow'
  /** With entra the platform's authentication is in front: its session is a cookie, and its own addresses begin with /.auth. */
  auth: 'keys' | 'entra'
  /** App roles of the account that signs in. */
  roles: readonly string[]
  /** Without a session the platform redirects to its login, as to another site; or it lets the app answer. */
  redirects: boolean
  /** What GET /api/daily answers beside all firings. */
  withoutDrill: DailyRecord[]
  /** The servers of the app. */
  servers: string[]
  /** What GET /api/defaults answers; null: an app without it, whose form begins empty. */
  offer: Offer | null
  /** What POST answers; null starts a drill. */
  refusal: { readonly status: number; readonly body: unknown } | null
  readonly requests: Array<{
    readonly method: string
    readonly url: string
    readonly body: string
    readonly key: string | null
  }>
  onStart: (body: unknown) => StoredDrill
  onAbort: (drill: StoredDrill) => void
  close(): Promise<void>
}

export async function startFakeApi(): Promise<FakeApi> {
  const server = createServer((request, response) => void serve(api, request, response))
  const port = await listening(server)
  const api: FakeApi = {
    url: `http://127.0.0.1:${port}/api/dashboard`,
    drills: [],
    campaigns: [],
    state: 'up',
    auth: 'keys',
    roles: ['Drill.Run'],
    redirects: false,
    withoutDrill: [],
    servers: [],
    offer: null,
    refusal: null,
    requests: [],
    onStart: () => {
      throw new Error('this test starts no drill')
    },
    onAbort: () => undefined,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return api
}

interface Reply {
  readonly status: number
  readonly type: string
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

async function serve(api: FakeApi, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await textOf(request)
  const url = new URL(request.url ?? '/', api.url)
  const key = (request.headers['x-functions-key'] as string | undefined) ?? null
  api.requests.push({ method: request.method ?? '', url: request.url ?? '', body, key })
  if (api.state === 'down') return void request.socket.destroy()
  if (api.state === 'slow') await new Promise((resolve) => setTimeout(resolve, 1000))
  const made = platformAnswer(api, request, url) ?? (await answer(api, request, url, body, key))
  const reply = unlessKnown(request, made)
  const { headers } = secured({ headers: { 'content-type': reply.type, ...reply.headers } })
  response.writeHead(reply.status, headers as OutgoingHttpHeaders)
  response.end(reply.body)
}

/** As the app: an answer in JSON has a validator, and a reader who has it gets no body. */
function unlessKnown({ headers }: IncomingMessage, reply: Reply): Reply {
  if (reply.status !== 200 || reply.type !== 'application/json') return reply
  const etag = etagOf(reply.body)
  return headers['if-none-match'] === etag
    ? { ...reply, status: 304, body: '' }
    : { ...reply, headers: { ...reply.headers, etag } }
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return text
}

const json = (status: number, value: unknown): Reply => ({
  status,
  type: 'application/json',
  body: JSON.stringify(value),
})
const notFound = (): Reply => json(404, { title: 'Not found', detail: 'There is no such thing.' })

const SESSION = 'AppServiceAuthSession'
const hasSession = ({ headers }: IncomingMessage): boolean => headers.cookie?.includes(`${SESSION}=yes`) === true

/** What the platform's authentication answers by itself; null lets the request through to the app. */
function platformAnswer({ auth, redirects }: FakeApi, request: IncomingMessage, url: URL): Reply | null {
  if (auth === 'keys') return null
  const to = (name: string, cookie: string): Reply => ({
    status: 302,
    type: 'text/plain',
    body: '',
    headers: { location: url.searchParams.get(name) ?? '/', 'set-cookie': `${SESSION}=${cookie}; Path=/; HttpOnly` },
  })
  if (url.pathname === '/.auth/login/aad') return to('post_login_redirect_uri', 'yes')
  if (url.pathname === '/.auth/logout') return to('post_logout_redirect_uri', 'no')
  // The platform takes a request that changes something and names no referrer for a forged one.
  if (request.method !== 'GET' && !request.headers.referer?.startsWith(url.origin))
    return { status: 403, type: 'text/html', body: 'Cross-site request forgery detected' }
  const isPage = url.pathname.startsWith('/api/dashboard')
  if (!redirects || isPage || hasSession(request)) return null
  return { status: 302, type: 'text/plain', body: '', headers: { location: 'https://login.example/authorize' } }
}

/** Behind the platform, which has put the claims of the session into its header. */
function refusedByGate({ roles }: FakeApi, request: IncomingMessage, url: URL): Reply | null {
  const headers = new Headers(request.headers as Record<string, string>)
  headers.delete('x-ms-client-principal')
  if (hasSession(request)) headers.set('x-ms-client-principal', principalHeader({ roles }))
  const method = request.method ?? 'GET'
  const entry = enter({ auth: 'entra', isGuarded: true }, method === 'GET' ? 'Drill.Read' : 'Drill.Run', {
    method,
    url: url.href,
    headers,
  })
  return 'refused' in entry ? json(entry.refused.status, entry.refused) : null
}

async function answer(
  api: FakeApi,
  request: IncomingMessage,
  url: URL,
  body: string,
  key: string | null,
): Promise<Reply> {
  const method = request.method ?? 'GET'
  const [, , first = '', id = '', part = '', name = ''] = url.pathname.split('/')
  if (first === 'dashboard') {
    const found = id === '' ? dashboardPage(api.auth) : await dashboardAsset(id)
    return found ? { status: 200, type: found.contentType, body: found.body, headers: found.headers } : notFound()
  }
  const refused = api.auth === 'entra' ? refusedByGate(api, request, url) : key === KEY ? null : json(401, {})
  if (refused !== null) return refused
  if (api.state === 'broken') return { status: 503, type: 'text/plain', body: 'Function host is not running.' }
  if (first === 'defaults') return api.offer === null ? notFound() : json(200, api.offer)
  if (first === 'daily') return json(200, { records: [], withoutDrill: api.withoutDrill, servers: api.servers })
  if (first === 'campaigns') return campaigns(api, method, url, id, body)
  if (id === 'compare') return compare(api, url)
  if (id === '') return method === 'POST' ? start(api, body) : list(api, url)
  const drill = api.drills.find(({ status }) => status.drillId === decodeURIComponent(id))
  if (!drill) return notFound()
  if (method === 'DELETE') {
    api.onAbort(drill)
    return json(202, {})
  }
  if (part === 'report') return file(drill, `report.${url.searchParams.get('format')}`)
  return part === 'files' ? file(drill, name) : json(200, drill.status)
}

function campaigns(api: FakeApi, method: string, url: URL, id: string, body: string): Reply {
  if (method === 'POST')
    return api.refusal
      ? json(api.refusal.status, api.refusal.body)
      : json(202, { campaignId: api.campaigns[0]?.campaignId, body })
  if (id === '') return json(200, { campaigns: api.campaigns, next: null })
  const campaign = api.campaigns.find(({ campaignId }) => campaignId === decodeURIComponent(id))
  if (campaign === undefined) return notFound()
  if (method === 'DELETE') return json(202, {})
  return url.searchParams.get('format') === 'html' && campaign.report !== null
    ? { status: 200, type: 'text/html', body: renderCampaign(campaign.report) }
    : json(200, campaign)
}

function list(api: FakeApi, url: URL): Reply {
  const limit = Number(url.searchParams.get('limit'))
  const from = Number(url.searchParams.get('after') ?? 0)
  const [server, verdict, kind, fromDay] = ['server', 'verdict', 'kind', 'from'].map((name) =>
    url.searchParams.get(name),
  )
  const fitting = api.drills.filter(
    ({ status }) =>
      (server == null || status.target.server === server) &&
      (verdict == null || (verdictWord(status) ?? 'none') === verdict) &&
      (kind == null || status.events.some((event) => event.kind === kind)) &&
      (fromDay == null || status.requestedAt >= fromDay),
  )
  const page = fitting.slice(from, from + limit)
  const next = fitting.length > from + limit ? `/api/drills?limit=${limit}&after=${from + limit}` : null
  return json(200, {
    drills: page.map(({ status, data }) => ({ ...status, history: [], report: listedOf(data) })),
    next,
    retentionDays: 400,
  })
}

/** Of the plan that the samples stand for only what the list compares by. */
const listedOf = (data: ReportData | null): ListedFigures | null => {
  if (data === null || data.report.stoppedBy !== null) return null
  const { figures, worst } = trendEntry(data.report, aDrillPlan())
  return { figures, worst, like: { words: data.report.likeDrills.what, settings: '' } }
}

function start(api: FakeApi, body: string): Reply {
  if (api.refusal) return json(api.refusal.status, api.refusal.body)
  const drill = api.onStart(JSON.parse(body))
  api.drills.unshift(drill)
  return json(202, { drillId: drill.status.drillId })
}

function compare(api: FakeApi, url: URL): Reply {
  const ids = (url.searchParams.get('ids') ?? '').split(',')
  const found = ids.flatMap((id) => api.drills.find(({ status }) => status.drillId === id)?.data ?? [])
  const drills = found.map(({ report, timeline }) => comparedDrill(report, timeline))
  return found.length < ids.length ? notFound() : json(200, { drills })
}

function file({ data }: StoredDrill, name: string): Reply {
  if (data && name === 'chart-data.json')
    return json(200, { timeline: data.timeline, clients: data.clients, curves: data.curves })
  const renderer = renderers.find((one) => one.name === name)
  return data && renderer ? { status: 200, type: renderer.contentType, body: renderer.render(data) } : notFound()
}
