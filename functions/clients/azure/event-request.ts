/**
 * The request that begins an event, and the reading of its long-running operation.
 *
 * A second request can mean a second event. So nothing here sends twice: the pipeline does not retry, and every end is one
 * of three values: after a 2xx it is `accepted`, even if the poll that the SDK sends next fails; after a 4xx, or an error from before
 * the request left, it is `refused`; otherwise it is `ambiguous`.
 */
import { PostgreSQLManagementFlexibleServerClient } from '@azure/arm-postgresql-flexible'
import type { EventAnswer, OperationState } from '../../model/event-answer.ts'
import type { Target } from '../../model/plan.ts'
import type { FailoverMode, PlatformRequest } from '../../model/planned-event.ts'
import type { ServerPlace } from '../../platform/names.ts'
import type { Clock } from '../clients.ts'
import { type AzureAccess, answerTimeout, managementOptions, type PipelinePolicy, type RawResponse } from './azure.ts'
import { askedPauseOf, azureErrorParts } from './azure-errors.ts'
import { failureOf, type OperationDocument, operationDocumentOf, operationState } from './operation.ts'
import type { Sizes } from './sizes.ts'

const MODES = {
  forced: 'ForcedFailover',
  planned: 'PlannedFailover',
  forcedSwitchover: 'ForcedSwitchover',
  plannedSwitchover: 'PlannedSwitchover',
} as const satisfies Record<FailoverMode, string>

const OPTIONS = { planned: 'Planned', forced: 'Forced' } as const

interface Caller {
  readonly access: AzureAccess
  readonly clock: Clock
  readonly sizes: Pick<Sizes, 'tierOf'>
  readonly placeOfReplica: (target: Target, name: string) => Promise<ServerPlace>
}

/** What was sent and answered, also if the SDK ends in an error. */
interface CallTrace {
  /** When the request left, by the app's clock; null while it has not. */
  sentAt: string | null
  accepted: RawResponse | null
  acceptedAt: string
}

export async function requestEvent(caller: Caller, target: Target, request: PlatformRequest): Promise<EventAnswer> {
  const { access, clock } = caller
  const trace: CallTrace = { sentAt: null, accepted: null, acceptedAt: '' }
  const onResponse = (response: RawResponse) => noteAcceptance(trace, clock, response)
  try {
    const call = await callOf(caller, target, request)
    await call(clientThatTraces(access, clock, trace), { onResponse })
  } catch (error) {
    if (trace.accepted === null) return answerOfError(error, trace.sentAt)
  }
  return accepted(trace)
}

type Call = (client: PostgreSQLManagementFlexibleServerClient, options: CallOptions) => Promise<unknown>
interface CallOptions {
  readonly onResponse: (response: RawResponse) => void
}

/** One request each. What must be read for it is read before, by another client. */
async function callOf({ sizes, placeOfReplica }: Caller, target: Target, request: PlatformRequest): Promise<Call> {
  const { resourceGroup, server } = target
  switch (request.call) {
    case 'restart': {
      const parameters = restartParameters(request.failoverMode)
      return ({ servers }, options) => servers.beginRestart(resourceGroup, server, { parameters, ...options })
    }
    case 'scale': {
      const tier = await sizes.tierOf(target, request.sku)
      const sku = { name: request.sku, ...(tier !== null && { tier }) }
      return ({ servers }, options) => servers.beginUpdate(resourceGroup, server, { sku }, options)
    }
    case 'promote': {
      const promoteOption = OPTIONS[request.option]
      const place = await placeOfReplica(target, request.replica)
      const replica = { role: 'Primary', promoteMode: 'Switchover', promoteOption }
      return ({ servers }, options) => servers.beginUpdate(place.resourceGroup, place.server, { replica }, options)
    }
  }
}

const restartParameters = (mode: FailoverMode | null) =>
  mode === null ? { restartWithFailover: false } : { restartWithFailover: true, failoverMode: MODES[mode] }

/** The methods of the calls that begin an event; the polls behind them are GET. */
const BEGINS = new Set(['POST', 'PATCH'])

function clientThatTraces(
  access: AzureAccess,
  clock: Clock,
  trace: CallTrace,
): PostgreSQLManagementFlexibleServerClient {
  const policy: PipelinePolicy = {
    name: 'eventCallTrace',
    sendRequest: (request, next) => {
      if (BEGINS.has(request.method)) trace.sentAt = clock.now().toISOString()
      return next(request)
    },
  }
  return new PostgreSQLManagementFlexibleServerClient(access.credential, access.subscriptionId, {
    ...managementOptions(access),
    // With the default, one 503 or one reset makes three requests.
    retryOptions: { maxRetries: 0 },
    // `perRetry` comes after authentication: a token that cannot be obtained leaves `sentAt` null.
    additionalPolicies: [answerTimeout(access), { policy, position: 'perRetry' }],
  })
}

function noteAcceptance(trace: CallTrace, clock: Clock, response: RawResponse): void {
  if (!BEGINS.has(response.request.method) || response.status < 200 || response.status > 299) return
  trace.accepted = response
  trace.acceptedAt = clock.now().toISOString()
}

function accepted({ accepted: response, sentAt, acceptedAt }: CallTrace): EventAnswer {
  if (response === null || sentAt === null)
    return { kind: 'ambiguous', why: 'the answer was neither an acceptance nor an error', sentAt }
  const requestId = response.headers.get('x-ms-request-id') ?? response.headers.get('x-ms-correlation-request-id')
  return { kind: 'accepted', pollerToken: pollerTokenOf(response), requestId: requestId ?? null, sentAt, acceptedAt }
}

/** The poller's own serialised form, so that `resumeFrom` takes it. Built here because the SDK only hands it out after a poll. */
function pollerTokenOf({ headers }: RawResponse): string {
  const operation = headers.get('azure-asyncoperation')
  const location = headers.get('location')
  if (operation !== undefined)
    return stateToken('running', {
      metadata: { mode: 'OperationLocation' },
      operationLocation: operation,
      resourceLocation: location,
    })
  if (location !== undefined)
    return stateToken('running', { metadata: { mode: 'ResourceLocation' }, operationLocation: location })
  // Nothing to follow: the operation had ended when the platform answered.
  return stateToken('succeeded', {})
}

const stateToken = (status: string, config: object): string => JSON.stringify({ state: { status, config } })

/** With these the request never left this machine, or never reached a listener: it had no effect. */
const NOT_DELIVERED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
])

/** What an error of the request means; `sentAt` null: it never left. */
export function answerOfError(error: unknown, sentAt: string | null): EventAnswer {
  const { status, code, message } = azureErrorParts(error)
  if (sentAt === null || NOT_DELIVERED.has(code)) return { kind: 'refused', status: 0, code, message, sentAt }
  const afterSeconds = askedPauseOf(error)
  if (status !== null && isRefusal(status))
    return { kind: 'refused', status, code, message, sentAt, ...(afterSeconds !== null && { afterSeconds }) }
  return { kind: 'ambiguous', why: `${status === null ? 'no answer' : `HTTP ${status}`}: ${code}: ${message}`, sentAt }
}

/** 408: the server stopped waiting, which does not prove that it did nothing. */
const isRefusal = (status: number): boolean => status >= 400 && status < 500 && status !== 408

// ---- The operation --------------------------------------------------------------------------------------------------

export async function readOperation(
  access: AzureAccess,
  { resourceGroup, server }: Target,
  pollerToken: string,
): Promise<OperationState> {
  let seen: OperationDocument = { status: null, endedAt: null, code: null, message: null }
  const client = new PostgreSQLManagementFlexibleServerClient(
    access.credential,
    access.subscriptionId,
    managementOptions(access),
  )
  try {
    const poller = await client.servers.beginRestart(resourceGroup, server, {
      resumeFrom: pollerToken,
      onResponse: (response) => {
        const document = operationDocumentOf(response)
        // After the operation the poller also reads the server, which is no document of the operation.
        if (document.status !== null) seen = document
      },
    })
    return operationState(poller.getOperationState().status, seen)
  } catch (cause) {
    const failure = failureOf(cause)
    if (failure !== null) return failure
    throw new Error(`reading the operation of server ${server} failed; the operation itself goes on`, { cause })
  }
}
