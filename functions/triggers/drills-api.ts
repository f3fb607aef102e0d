/** `/api/drills`: start, list, status, abort. */
import type { HttpRequest, HttpResponseInit } from '@azure/functions'
import { blobNames, type StopSignal } from '../../loadgen-image/contract/glossary.ts'
import { isDrillId } from '../../loadgen-image/contract/load-plan.ts'
import { saysJson } from '../access/cross-site.ts'
import type { Clients } from '../clients/clients.ts'
import { drillBlobs } from '../model/blob-paths.ts'
import type { DrillPlan, StoredRequest } from '../model/plan.ts'
import { parseRequest, type RequestDefaults } from '../request/request.ts'
import { drillUrl, idOf } from './openapi.ts'
import { hasEnded, type Orchestrations, readState } from './orchestrations.ts'
import { badQuery, badRequest, json, notFound, type ProblemDetails, problem } from './responses.ts'
import { drillIdOfKey, newDrillId, sha256, startDrill } from './start.ts'
import { listDrills, readStatus } from './status.ts'

/** A request is a few hundred bytes; more is a mistake. */
const MAX_BODY_BYTES = 64 * 1024
const KEY = /^[\x21-\x7e]{1,200}$/
const MAX_PAGE = 100
const PAGE = 20

interface ApiContext {
  readonly clients: Pick<Clients, 'blobs' | 'clock'>
  readonly defaults: RequestDefaults
}

export function drillsApi(clients: ApiContext['clients'], { defaults }: Pick<ApiContext, 'defaults'>) {
  const context: ApiContext = { clients, defaults }
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
  const read = await readBody(request)
  if ('status' in read) return problem(read)
  const key = request.headers.get('idempotency-key')
  if (key !== null && !KEY.test(key)) return problem(badKey(key))
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

async function list({ clients }: ApiContext, request: HttpRequest, client: Orchestrations): Promise<HttpResponseInit> {
  const limit = Number(request.query.get('limit') ?? PAGE)
  const after = request.query.get('after')
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE)
    return badQuery('limit', request.query.get('limit'), `a whole number from 1 to ${MAX_PAGE}`)
  if (after !== null && !/^[\w-]{1,100}$/.test(after))
    return badQuery('after', after, 'the value of `after` in the `next` link of an earlier page')
  const page = await listDrills(clients, client, { limit, after })
  const next = page.nextAfter === null ? null : `/api/drills?limit=${limit}&after=${page.nextAfter}`
  return json(200, { drills: page.drills, next }, next === null ? {} : { link: `<${next}>; rel="next"` })
}

async function read({ clients }: ApiContext, request: HttpRequest, client: Orchestrations): Promise<HttpResponseInit> {
  const status = await readStatus(clients, client, idOf(request))
  return status === null ? notFound(`drill ${idOf(request)}`) : json(200, status)
}

/** Writes the abort request as a blob first: the event only wakes an orchestration that waits, and may be lost. */
async function abort({ clients }: ApiContext, request: HttpRequest, client: Orchestrations): Promise<HttpResponseInit> {
  const { blobs, clock } = clients
  const drillId = idOf(request)
  const stored = isDrillId(drillId) ? await blobs.readJson<StoredRequest>(blobNames.request(drillId)) : null
  if (stored === null) return notFound(`drill ${drillId}`)
  const state = await readState(client, drillId)
  if (state !== null && hasEnded(state)) return alreadyEnded(drillId)
  const reason = reasonOf(request)
  await blobs.writeOnce(drillBlobs.abort(drillId), { reason, at: clock.now().toISOString() })
  await blobs.writeOnce(blobNames.stop(drillId), { reason } satisfies StopSignal)
  if (state !== null) await client.raiseEvent(drillId, 'abort', { reason }).catch(() => undefined)
  return json(
    202,
    { drillId, links: { self: drillUrl(drillId), report: null, files: [] } },
    { location: drillUrl(drillId) },
  )
}

const reasonOf = (request: HttpRequest): string => {
  const given = request.query.get('reason')?.trim().slice(0, 200)
  return given ? `aborted by request: ${given}` : 'aborted by request'
}

// ---- The body ---------------------------------------------------------------------------------------------------------

async function readBody(request: HttpRequest): Promise<{ text: string; body: unknown } | ProblemDetails> {
  const announced = Number(request.headers.get('content-length') ?? 0)
  if (announced > MAX_BODY_BYTES) return tooLarge
  const text = await request.text()
  if (Buffer.byteLength(text) > MAX_BODY_BYTES) return tooLarge
  // An empty body requests the defaults, and needs no type.
  if (text.trim() === '') return { text: '{}', body: {} }
  if (!saysJson(request.headers)) return notJson(request.headers.get('content-type'))
  try {
    return { text, body: JSON.parse(text) }
  } catch (error) {
    return badRequest([{ field: '', problem: `this is no JSON${placeIn(error)}`, expected: 'JSON' }])
  }
}

/** A parser's message repeats its input: only the place is reported. */
function placeIn(error: unknown): string {
  const [, line, column] = /line (\d+) column (\d+)/.exec(error instanceof Error ? error.message : '') ?? []
  return line === undefined ? '' : ` from line ${line}, column ${column} on`
}

const tooLarge: ProblemDetails = {
  status: 413,
  title: 'Request too large',
  detail: `A request has at most ${MAX_BODY_BYTES} bytes.`,
}

const notJson = (type: string | null): ProblemDetails => ({
  status: 415,
  title: 'Unsupported media type',
  detail: `The body must be application/json, and its content type is ${type === null ? 'missing' : 'another one'}.`,
})

// ---- Refusals ---------------------------------------------------------------------------------------------------------

const badKey = (key: string): ProblemDetails =>
  badRequest([
    { field: 'Idempotency-Key', problem: `got ${key.length} characters`, expected: '1 to 200 printable characters' },
  ])

function busy({ target }: DrillPlan, holder: string): HttpResponseInit {
  const instance = drillUrl(holder)
  const detail = `Drill ${holder} is running against ${target.server}. Wait for its end, or abort it with DELETE ${instance}.`
  return problem(
    { status: 409, title: 'A drill is already running', detail, instance },
    { link: `<${instance}>; rel="related"`, 'retry-after': '60' },
  )
}

const keyTaken = (): HttpResponseInit =>
  problem({
    status: 409,
    title: 'Idempotency-Key was used for another request',
    detail: 'A key stands for one request. Repeat that request exactly, or choose another key.',
  })

const alreadyEnded = (drillId: string): HttpResponseInit =>
  problem({
    status: 409,
    title: 'The drill has ended',
    detail: `There is nothing left to abort in drill ${drillId}.`,
    instance: drillUrl(drillId),
  })
