/** What the platform carried out because the drill asked for it: its events, and what undid them. */
import type { PlatformRequest } from '../../functions/model/planned-event.ts'
import { USUAL_SKU } from '../support/world/effects.ts'
import type { SentRequest } from '../support/world/server.ts'
import type { World } from '../support/world/world.ts'
import { HOME } from './kinds.ts'

export interface Caused {
  readonly request: PlatformRequest
  readonly token: string
  readonly acceptedAtMs: number
  readonly downAtMs: number
  readonly upAtMs: number
  /** Whether the drill heard that its request was accepted. */
  readonly isAnswered: boolean
}

const isUndo = (request: PlatformRequest): boolean =>
  (request.call === 'scale' && request.sku === USUAL_SKU) || (request.call === 'promote' && request.replica === HOME)

function allCaused({ server }: World): Caused[] {
  const isAnswered = (token: string) =>
    server.sent.some(({ answer }) => answer?.kind === 'accepted' && answer.pollerToken === token)
  const failovers = server.failovers.map(({ mode, token, acceptedAtMs, downAtMs, upAtMs }): Caused => {
    const request = { call: 'restart', failoverMode: mode } as const
    return { request, token, acceptedAtMs, downAtMs, upAtMs, isAnswered: isAnswered(token) }
  })
  const effects = server.effects.all.flatMap(({ request, cause, acceptedAtMs, downAtMs, upAtMs }, i): Caused[] => {
    const token = `effect-${i}`
    return cause === 'drill' ? [{ request, token, acceptedAtMs, downAtMs, upAtMs, isAnswered: isAnswered(token) }] : []
  })
  return [...failovers, ...effects].sort((a, b) => a.acceptedAtMs - b.acceptedAtMs)
}

/** For the events of the plan, in the order of acceptance. */
export const causedEvents = (world: World): Caused[] => allCaused(world).filter(({ request }) => !isUndo(request))

export const causedUndoes = (world: World): Caused[] => allCaused(world).filter(({ request }) => isUndo(request))

/** Requests for the events of the plan. */
export const sentForEvents = ({ server }: World): SentRequest[] => server.sent.filter(({ request }) => !isUndo(request))

/** A timeline rises in the end. */
export const isPromotedBy = ({ downAtMs, upAtMs }: Caused, { server }: World): boolean =>
  server.service.promotions.some(({ fromMs, toMs }) => fromMs === downAtMs && toMs === upAtMs)
