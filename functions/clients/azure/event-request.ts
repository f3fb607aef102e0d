/**
 * The request that begins an event, and the reading of its long-running operation.
 *
 * A second POST can mean a second event. So nothing here sends twice: the pipeline does not retry, and every end is one
 * of three values: after a 2xx it is `accepted`, even if the poll that the SDK sends next fails; after a 4xx, or an error from before
 * the request left, it is `refused`; otherwise it is `ambiguous`.
 */
import { PostgreSQLManagementFlexibleServerClient } from '@azure/arm-postgresql-flexible'
import type { EventAnswer, OperationState } from '../../model/event-answer.ts'
import type { Target } from '../../model/plan.ts'
import type { FailoverMode, PlatformRequest } from '../../model/planned-event.ts'
import type { Clock } from '../clients.ts'
import { type AzureAccess, answerTimeout, managementOptions, type PipelinePolicy, type RawResponse } from './azure.ts'
import { askedPauseOf, azureErrorParts } from './azure-errors.ts'
import { failureOf, type OperationDocument, operationDocumentOf, operationState } from './operation.ts'

const MODES = {
  forced: 'ForcedFailover',
  planned: 'PlannedFailover',
  forcedSwitchover: 'ForcedSwitchover',
  plannedSwitchover: 'PlannedSwitchover',
} as const satisfies Record<FailoverMode, string>

/** What was sent and answered, also if the SDK ends in an error. */
interface PostTrace {
  /** When the request left, by the app's clock; null while it has not. */
  sentAt: string | null
  accepted: RawResponse | null
  acceptedAt: string
}

export async function requestEvent(
  access: AzureAccess,
  clock: Clock,
  { resourceGroup, server }: Target,
  request: PlatformRequest,
): Promise<EventAnswer> {
  if (request.call !== 'restart')
    return {
      kind: 'refused',
      status: 0,
      code: 'NotSupported',
      message: `${request.call} is not supported`,
      sentAt: null,
    }
  const { failoverMode } = request
  const trace: PostTrace = { sentAt: null, accepted: null, acceptedAt: '' }
  try {
    await clientThatTraces(access, clock, trace).servers.beginRestart(resourceGroup, server, {
      parameters:
        failoverMode === null
          ? { restartWithFailover: false }
          : { restartWithFailover: true, failoverMode: MODES[failoverMode] },
      onResponse: (response) => noteAcceptance(trace, clock, response),
    })
  } catch (error) {
    if (trace.accepted === null) return answerOfError(error, trace.sentAt)
  }
  return accepted(trace)
}

function clientThatTraces(
  access: AzureAccess,
  clock: Clock,
  trace: PostTrace,
): PostgreSQLManagementFlexibleServerClient {
  const policy: PipelinePolicy = {
    name: 'eventPostTrace',
    sendRequest: (request, next) => {
      if (request.method === 'POST') trace.sentAt = clock.now().toISOString()
      return next(request)
    },
  }
  return new PostgreSQLManagementFlexibleServerClient(access.credential, access.subscriptionId, {
    ...managementOptions(access),
    // With the default, one 503 or one reset makes three POSTs.
    retryOptions: { maxRetries: 0 },
    // `perRetry` comes after authentication: a token that cannot be obtained leaves `sentAt` null.
    additionalPolicies: [answerTimeout(access), { policy, position: 'perRetry' }],
  })
}

function noteAcceptance(trace: PostTrace, clock: Clock, response: RawResponse): void {
  if (response.request.method !== 'POST' || response.status < 200 || response.status > 299) return
  trace.accepted = response
  trace.acceptedAt = clock.now().toISOString()
}

function accepted({ accepted: response, sentAt, acceptedAt }: PostTrace): EventAnswer {
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

/** What an error of the POST means; `sentAt` null: it never left. */
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
