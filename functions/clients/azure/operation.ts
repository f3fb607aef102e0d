/** Long-running operations of Resource Manager: whether a request was accepted, the words of an operation, and how it failed. */
import type { OperationState } from '../../model/event-answer.ts'
import type { RawResponse } from './azure.ts'

/**
 * Notes the acceptance of a request from the wire. After it the SDK polls once: an error of that poll (403, 404, 429) says nothing
 * about the request, and what was accepted exists and bills.
 */
export class Acceptance {
  readonly #method: 'PUT' | 'POST' | 'DELETE'
  isSeen = false

  constructor(method: 'PUT' | 'POST' | 'DELETE') {
    this.#method = method
  }

  readonly onResponse = ({ request, status }: Pick<RawResponse, 'status'> & { request: { method: string } }): void => {
    if (request.method === this.#method && status >= 200 && status < 300) this.isSeen = true
  }
}

export interface OperationDocument {
  readonly status: string | null
  readonly endedAt: string | null
  readonly code: string | null
  readonly message: string | null
}

export function operationDocumentOf({ bodyAsText }: RawResponse): OperationDocument {
  const document = jsonObject(bodyAsText)
  const error = typeof document.error === 'object' && document.error !== null ? document.error : {}
  const text = (holder: object, key: string): string | null => {
    const value: unknown = Object.getOwnPropertyDescriptor(holder, key)?.value
    return typeof value === 'string' && value !== '' ? value : null
  }
  return {
    status: text(document, 'status'),
    endedAt: text(document, 'endTime'),
    code: text(error, 'code'),
    message: text(error, 'message'),
  }
}

function jsonObject(text: string | null | undefined): { readonly error?: unknown } {
  try {
    const document: unknown = JSON.parse(text ?? '')
    return typeof document === 'object' && document !== null ? document : {}
  } catch {
    return {}
  }
}

/** The states that Resource Manager and its providers report for an operation that goes on. */
const GOES_ON = new Set(
  'accepted canceling cancelling creating deleting inprogress notstarted pending provisioning queued running scheduled started updating'.split(
    ' ',
  ),
)

/** The poller throws for an operation that failed or was cancelled. An unknown state counts as an end, and is its own reason. */
export function operationState(polled: string, { status, endedAt, code, message }: OperationDocument): OperationState {
  if (polled === 'succeeded') return { kind: 'succeeded', endedAt }
  const word = status ?? polled
  if (GOES_ON.has(word.replace(/[\s_-]/g, '').toLowerCase())) return { kind: 'running' }
  return {
    kind: 'failed',
    code: code ?? word,
    message: message ?? `the platform reports the state "${word}" of the operation`,
  }
}

/** Only the message distinguishes a failed operation from a failed request: "... has failed. Code. Message". */
const OPERATION_FAILED = /^The long-running operation has failed(?:\. ([A-Za-z]+)\. ([\s\S]*))?/
const OPERATION_CANCELED = 'Operation was canceled'

export function failureOf(error: unknown): OperationState | null {
  const message = error instanceof Error ? error.message : ''
  if (message === OPERATION_CANCELED) return { kind: 'failed', code: 'OperationCanceled', message }
  const found = OPERATION_FAILED.exec(message)
  if (found === null) return null
  return { kind: 'failed', code: found[1] ?? 'OperationFailed', message: found[2] ?? found[0] }
}
