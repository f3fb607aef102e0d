/** The checks of every request, before its handler: an injected fault, the bearer token, the api-version, the subscription. */
import { randomUUID } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ArmError, type Place } from './arm.ts'
import type { Fault, Faults, SeenRequest } from './control.ts'

export interface Gate {
  readonly token: string
  readonly faults: Faults
  readonly requests: SeenRequest[]
}

const pathOf = (request: FastifyRequest): string => request.url.split('?', 1)[0] ?? ''

/** Gives every answer an id and injects faults: before the handler, or right before the answer is sent. */
export function injectFaults(app: FastifyInstance, { faults, requests }: Gate): void {
  const late = new WeakMap<FastifyRequest, Fault>()
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-ms-request-id', randomUUID())
    const fault = faults.take(request.method, pathOf(request))
    if (fault?.kind === 'answer' && fault.retryAfterSeconds !== undefined)
      reply.header('retry-after', String(fault.retryAfterSeconds))
    if (fault?.kind === 'answer') throw new ArmError(fault.status, fault.code, fault.message)
    if (fault?.kind === 'reset') return cut(request, reply, requests)
    if (fault !== null) late.set(request, fault)
  })
  app.addHook('onSend', async (request, reply) => {
    const fault = late.get(request)
    if (fault === undefined) return
    if (fault.kind === 'resetAfter') cut(request, reply, requests)
    else hang(request, reply, requests)
    // The framework would send the answer after this hook, so the hook never ends.
    await new Promise(() => {})
  })
  app.addHook('onResponse', async (request, reply) => {
    requests.push({ method: request.method, path: pathOf(request), status: reply.statusCode })
  })
}

function cut(request: FastifyRequest, reply: FastifyReply, requests: SeenRequest[]): void {
  hang(request, reply, requests)
  request.raw.socket.destroy()
}

/** The connection stays open without an answer until the client closes it. */
function hang(request: FastifyRequest, reply: FastifyReply, requests: SeenRequest[]): void {
  reply.hijack()
  requests.push({ method: request.method, path: pathOf(request), status: null })
}

export function requireToken(request: FastifyRequest, token: string): void {
  const given = request.headers.authorization
  if (given === undefined)
    throw new ArmError(401, 'AuthenticationFailed', "Authentication failed. The 'Authorization' header is missing.")
  if (given !== `Bearer ${token}`) throw new ArmError(401, 'InvalidAuthenticationToken', 'The access token is invalid.')
}

export function requireVersion(request: FastifyRequest, supported: readonly string[], type: string): void {
  const given = (request.query as { readonly 'api-version'?: string })['api-version']
  if (given === undefined)
    throw new ArmError(
      400,
      'MissingApiVersionParameter',
      'The api-version query parameter (?api-version=) is required for all requests.',
    )
  if (!supported.includes(given))
    throw new ArmError(
      400,
      'InvalidResourceType',
      `The resource type '${type}' does not support api-version '${given}'. The supported api-versions are '${supported.join(', ')}'.`,
    )
}

const isSame = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase()

export function requirePlace(place: Place, params: Readonly<Record<string, string>>): void {
  const { subscription, group, location } = params
  if (subscription !== undefined && !isSame(subscription, place.subscriptionId))
    throw new ArmError(404, 'SubscriptionNotFound', `The subscription '${subscription}' could not be found.`)
  if (group !== undefined && !isSame(group, place.resourceGroup))
    throw new ArmError(404, 'ResourceGroupNotFound', `Resource group '${group}' could not be found.`)
  if (location !== undefined && !isSame(location, place.location))
    throw new ArmError(400, 'LocationNotAvailableForResourceType', `The location '${location}' is not served here.`)
}
