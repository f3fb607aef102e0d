/** What every request passes before its handler: the weather, the bearer token, the api-version, the subscription. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { ArmError, errorBody, isSame, type Places } from './arm.ts'
import type { WeatherAnswer, WeatherFall } from './weather-fall.ts'

/** It answers before the handler, or instead of the handler's answer. */
export function letWeatherFall(app: FastifyInstance, weather: WeatherFall): void {
  const late = new WeakMap<FastifyRequest, Exclude<WeatherAnswer, { kind: 'answer' }>>()
  app.addHook('onRequest', async (request, reply) => {
    const answer = await weather.answerTo(request.method, request.url.split('?', 1)[0] ?? '')
    if (answer === null) return
    if (answer.kind !== 'answer') late.set(request, answer)
    else {
      if (answer.retryAfterSeconds !== undefined) reply.header('retry-after', String(answer.retryAfterSeconds))
      throw new ArmError(answer.status, answer.code, answer.message, answer.inner)
    }
  })
  app.addHook('onSend', async (request, reply, payload) => {
    const answer = late.get(request)
    if (answer === undefined) return payload
    if (answer.kind === 'answerAfter') {
      for (const header of ['azure-asyncoperation', 'location', 'retry-after']) reply.removeHeader(header)
      reply.status(answer.status).type('application/json')
      return JSON.stringify(errorBody(answer.code, answer.message))
    }
    reply.hijack()
    request.raw.socket.destroy()
    // The framework would send the answer after this hook, so the hook never ends.
    return new Promise(() => {})
  })
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

/** `all`: of every server; the containers lie with the first. */
export function requirePlace(all: readonly [Places, ...Places[]], params: Readonly<Record<string, string>>): void {
  const { subscription, group, location, server } = params
  const [{ home: place }] = all
  const places = all.flatMap(({ home, remote }) => (remote === null ? [home] : [home, remote]))
  if (subscription !== undefined && !isSame(subscription, place.subscriptionId))
    throw new ArmError(404, 'SubscriptionNotFound', `The subscription '${subscription}' could not be found.`)
  const groups = (server === undefined ? [place] : places).map(({ resourceGroup }) => resourceGroup)
  if (group !== undefined && !groups.some((one) => isSame(group, one)))
    throw new ArmError(404, 'ResourceGroupNotFound', `Resource group '${group}' could not be found.`)
  if (location !== undefined && !places.some((one) => isSame(location, one.location)))
    throw new ArmError(400, 'LocationNotAvailableForResourceType', `The location '${location}' is not served here.`)
}
