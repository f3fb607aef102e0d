/** The checks of every request, before its handler: the bearer token, the api-version, the subscription. */
import type { FastifyRequest } from 'fastify'
import { ArmError, type Place } from './arm.ts'

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
