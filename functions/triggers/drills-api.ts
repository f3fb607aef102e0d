/** `/api/drills`: start, status, abort. The list is in history/list.ts. */
import type { HttpRequest, HttpResponseInit } from '@azure/functions'
import { blobNames } from '../../loadgen-image/contract/glossary.ts'
import { isDrillId } from '../../loadgen-image/contract/load-plan.ts'
import type { Clients } from '../clients/clients.ts'
import type { DrillPlan, StoredRequest } from '../model/plan.ts'
import { parseRequest, type RequestDefaults } from '../request/request.ts'
import { newDrillId } from '../units/drill-id.ts'
import { abortDrill } from './abort.ts'
import { keyTaken, readBody, reasonOf } from './asked.ts'
import type { Orchestrations } from './orchestrations.ts'
import { badRequest, cachedJson, json, notFound, problem } from './responses.ts'
import { drillUrl, idOf } from './routes.ts'
import { drillIdOfKey, sha256, startDrill } from './start.ts'
import { readStatus } from './status.ts'

interface ApiContext {
  readonly clients: Pick<Clients, 'blobs' | 'table' | 'clock'>
  readonly defaults: RequestDefaults
}

export function drillsApi(clients: ApiContext['clients'], { defaults }: Pick<ApiContext, 'defaults'>) {
  const context: ApiContext = { clients, defaults }
  return {
    start: (request: HttpRequest, client: Orchestrations) => start(context, request, client),
    read: (request: HttpRequest, client: Orchestrations) => read(context, request, client),
    abort: (request: HttpRequest, client: Orchestrations) => abort(context, request, client),
  }
}

async function start(
  { clients, defaults }: ApiContext,
  request: HttpRequest,
  client: Orchestrations,
): Promise<HttpResponseInit> {
  const read = await readBody(request)
  if ('status' in read) return problem(read)
  const { key } = read
  const now = clients.clock.now()
  const drillId = key === null ? newDrillId(now) : drillIdOfKey(key)
  const context = { drillId, requestedAt: now.toISOString(), requestedBy: 'http', defaults } as const
  const parsed = parseRequest(read.body, context)
  if (!parsed.ok) return problem(badRequest(parsed.problems))
  return answerStart(parsed.plan, await startDrill(clients, client, parsed.plan, sha256(read.text.trim())))
}

function answerStart(plan: DrillPlan, answer: Awaited<ReturnType<typeof startDrill>>): HttpResponseInit {
  if (answer.kind === 'busy') return busy(plan, answer.holder.drillId)
  if (answer.kind === 'other request') return keyTaken()
  const location = drillUrl(plan.drillId)
  const body = { drillId: plan.drillId, links: { self: location, report: null, files: [] } }
  return json(202, body, { location, 'retry-after': '5' })
}

async function read(
  { clients, defaults }: ApiContext,
  request: HttpRequest,
  client: Orchestrations,
): Promise<HttpResponseInit> {
  const status = await readStatus(clients, client, idOf(request), defaults)
  return status === null ? notFound(`drill ${idOf(request)}`) : cachedJson(request, status)
}

async function abort({ clients }: ApiContext, request: HttpRequest, client: Orchestrations): Promise<HttpResponseInit> {
  const drillId = idOf(request)
  const stored = isDrillId(drillId) ? await clients.blobs.readJson<StoredRequest>(blobNames.request(drillId)) : null
  if (stored === null) return notFound(`drill ${drillId}`)
  if (!(await abortDrill(clients, client, drillId, reasonOf(request)))) return alreadyEnded(drillId)
  return json(
    202,
    { drillId, links: { self: drillUrl(drillId), report: null, files: [] } },
    { location: drillUrl(drillId) },
  )
}

// ---- Refusals ---------------------------------------------------------------------------------------------------------

function busy({ target }: DrillPlan, holder: string): HttpResponseInit {
  const instance = drillUrl(holder)
  const detail = `Drill ${holder} is running against ${target.server}. Wait for its end, or abort it with DELETE ${instance}.`
  return problem(
    { status: 409, title: 'A drill is already running', detail, instance },
    { link: `<${instance}>; rel="related"`, 'retry-after': '60' },
  )
}

const alreadyEnded = (drillId: string): HttpResponseInit =>
  problem({
    status: 409,
    title: 'The drill has ended',
    detail: `There is nothing left to abort in drill ${drillId}.`,
    instance: drillUrl(drillId),
  })
