/** `/api/campaigns`: start, list, status with the report, abort. */
import type { HttpRequest, HttpResponseInit } from '@azure/functions'
import { blobNames } from '../../../loadgen-image/contract/glossary.ts'
import type { Clients } from '../../clients/clients.ts'
import { readPoint, requestCampaignAbort } from '../../clients/storage/campaigns.ts'
import { campaignBlobs } from '../../model/campaign/blobs.ts'
import { type CampaignPlan, campaignDrillId } from '../../model/campaign/campaign.ts'
import type { CampaignsPage } from '../../model/campaign/status.ts'
import { parseCampaign } from '../../request/campaign.ts'
import type { RequestDefaults } from '../../request/request.ts'
import { abortDrill } from '../abort.ts'
import { keyTaken, linkHeader, nextLink, problemsOfNames, readBody, readPaging, reasonOf } from '../asked.ts'
import type { Orchestrations } from '../orchestrations.ts'
import { bestOf, notAcceptable } from '../reports-api.ts'
import { badQuery, badRequest, cached, cachedJson, etagOf, json, notFound, problem } from '../responses.ts'
import { campaignUrl, idOf } from '../routes.ts'
import { sha256 } from '../start.ts'
import { campaignIdOfKey, newCampaignId, startCampaign } from './start.ts'
import { listCampaigns, readCampaignStatus, storedCampaign } from './status.ts'

interface ApiContext {
  readonly clients: Pick<Clients, 'blobs' | 'table' | 'clock'>
  readonly defaults: RequestDefaults
  readonly retentionDays: number
}

export function campaignsApi(clients: ApiContext['clients'], settings: Omit<ApiContext, 'clients'>) {
  const context: ApiContext = { clients, ...settings }
  return {
    start: (request: HttpRequest, client: Orchestrations) => start(context, request, client),
    list: (request: HttpRequest, client: Orchestrations) => list(context, request, client),
    read: (request: HttpRequest, client: Orchestrations) => read(context, request, client),
    abort: (request: HttpRequest, client: Orchestrations) => abort(context, request, client),
  }
}

async function start(
  { clients, defaults }: ApiContext,
  request: HttpRequest,
  client: Orchestrations,
): Promise<HttpResponseInit> {
  const asked = await readBody(request)
  if ('status' in asked) return problem(asked)
  const now = clients.clock.now()
  const campaignId = asked.key === null ? newCampaignId(now) : campaignIdOfKey(asked.key)
  const parsed = parseCampaign(asked.body, { campaignId, requestedAt: now.toISOString(), defaults })
  if (!parsed.ok) return problem(badRequest(parsed.problems))
  if (!(await startCampaign(clients, client, parsed.campaign, sha256(asked.text.trim())))) return keyTaken()
  return accepted(campaignId, { 'retry-after': '5' })
}

function accepted(campaignId: string, headers: Readonly<Record<string, string>> = {}): HttpResponseInit {
  const location = campaignUrl(campaignId)
  return json(202, { campaignId, links: { self: location, report: null, drills: [] } }, { location, ...headers })
}

const LIST = { path: '/api/campaigns', scope: '' }

async function list(
  { clients, retentionDays }: ApiContext,
  request: HttpRequest,
  client: Orchestrations,
): Promise<HttpResponseInit> {
  const { limit, after, problems } = readPaging(request.query, LIST)
  const all = [...problems, ...problemsOfNames(request.query, ['limit', 'after'])]
  if (all.length > 0) return problem(badRequest(all))
  const { campaigns, next: place } = await listCampaigns(clients, client, { limit, after, retentionDays })
  const next = nextLink({ ...LIST, limit, next: place })
  return cachedJson(request, { campaigns, next, retentionDays } satisfies CampaignsPage, linkHeader(next))
}

// ---- Status and report --------------------------------------------------------------------------------------------------

const FORMATS = {
  html: { file: 'report.html', type: 'text/html' },
  json: { file: 'report.json', type: 'application/json' },
  md: { file: 'report.md', type: 'text/markdown' },
  junit: { file: 'junit.xml', type: 'application/xml' },
} as const
type FormatName = keyof typeof FORMATS

async function read({ clients }: ApiContext, request: HttpRequest, client: Orchestrations): Promise<HttpResponseInit> {
  const campaignId = idOf(request)
  const wanted = request.query.get('format')
  if (wanted !== null && !Object.hasOwn(FORMATS, wanted))
    return badQuery('format', wanted, `one of ${Object.keys(FORMATS).join(', ')}`)
  const format = (wanted as FormatName | null) ?? bestOf(request.headers.get('accept'), FORMATS)
  if (format === null) return notAcceptable(FORMATS)
  const campaign = await storedCampaign(clients, campaignId)
  if (campaign === null) return notFound(`campaign ${campaignId}`)
  if (format === 'json')
    return cachedJson(request, await readCampaignStatus(clients, client, campaign), { vary: 'Accept' })
  const page = await clients.blobs.readText(campaignBlobs.report(campaignId, FORMATS[format].file))
  if (page !== null) return cached(request, page, `${FORMATS[format].type}; charset=utf-8`, etagOf(page))
  return whyNoPage(clients, client, campaign)
}

async function whyNoPage(
  clients: ApiContext['clients'],
  client: Orchestrations,
  campaign: CampaignPlan,
): Promise<HttpResponseInit> {
  const { campaignId } = campaign
  const { state, error } = await readCampaignStatus(clients, client, campaign)
  if (state === 'failed') return notFound(`report of campaign ${campaignId}: ${error ?? 'its orchestration is gone'}`)
  const instance = campaignUrl(campaignId)
  const detail = `Campaign ${campaignId} has not finished. ${instance} shows its progress.`
  return problem({ status: 409, title: 'Not finished yet', detail, instance }, { 'retry-after': '60' })
}

// ---- Abort --------------------------------------------------------------------------------------------------------------

/**
 * First the campaign's own abort request, so that no further drill starts; then that of the drill whose request is written and that has
 * not ended. A drill that starts meanwhile reads the campaign's request after it has written its own.
 */
async function abort({ clients }: ApiContext, request: HttpRequest, client: Orchestrations): Promise<HttpResponseInit> {
  const campaignId = idOf(request)
  const campaign = await storedCampaign(clients, campaignId)
  if (campaign === null) return notFound(`campaign ${campaignId}`)
  const { state } = await readCampaignStatus(clients, client, campaign)
  if (state === 'finished' || state === 'failed') return alreadyEnded(campaignId)
  const reason = reasonOf(request)
  await requestCampaignAbort(clients.blobs, campaignId, { reason, at: clients.clock.now().toISOString() })
  const drillId = await runningDrill(clients, campaign)
  if (drillId !== null) await abortDrill(clients, client, drillId, reason)
  return accepted(campaignId)
}

async function runningDrill({ blobs }: ApiContext['clients'], campaign: CampaignPlan): Promise<string | null> {
  for (let number = 1; number <= campaign.drills; number++) {
    if ((await readPoint(blobs, campaign.campaignId, number)) !== null) continue
    const drillId = campaignDrillId(campaign.campaignId, number)
    return (await blobs.readText(blobNames.request(drillId))) === null ? null : drillId
  }
  return null
}

const alreadyEnded = (campaignId: string): HttpResponseInit =>
  problem({
    status: 409,
    title: 'The campaign has ended',
    detail: `There is nothing left to abort in campaign ${campaignId}.`,
    instance: campaignUrl(campaignId),
  })
