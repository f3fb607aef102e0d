/** The parts of an Azure SDK's error: the SDKs differ in where they put the code. */

import { withoutSecrets } from '../../../loadgen-image/contract/redact.ts'
import { ASKED_PAUSE_HEADER, askedPauseSeconds } from './azure.ts'

interface AzureErrorParts {
  /** HTTP status; null when no answer came. */
  readonly status: number | null
  readonly code: string
  readonly message: string
}

type Loose = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Loose => typeof value === 'object' && value !== null
const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)

/** Resource Manager puts `{"error": {"code", "message"}}` into the body; the SDKs keep it under `details`, parsed or not. */
function bodyOf(error: Loose): Loose {
  const details = isObject(error.details) ? error.details : {}
  return isObject(details.error) ? details.error : details
}

/** With the reasons that it wraps: the outer message may be no more than that there were several. */
export function azureErrorParts(error: unknown): AzureErrorParts {
  const loose = isObject(error) ? error : {}
  const body = bodyOf(loose)
  const status = loose.statusCode
  const message = text(body.message) ?? text(loose.message) ?? String(error)
  const reasons = reasonsIn(body).filter((reason) => !message.includes(reason.message))
  const wrapped = reasons.map(({ code, message: why }) => `${code === null ? '' : `${code}: `}${why}`).join('; ')
  return {
    status: typeof status === 'number' ? status : null,
    code: text(body.code) ?? text(loose.code) ?? text(loose.name) ?? 'Unknown',
    message: withoutSecrets(wrapped === '' ? message : `${message} (${wrapped})`),
  }
}

const innerOf = (body: Loose): Loose[] =>
  [body.innererror, body.error, ...(Array.isArray(body.details) ? body.details : [])].filter(isObject)

/** The innermost. */
function reasonsIn(body: Loose): { readonly code: string | null; readonly message: string }[] {
  return innerOf(body).flatMap((inner) => {
    const deeper = reasonsIn(inner)
    const message = text(inner.message)
    return deeper.length > 0 || message === null ? deeper : [{ code: text(inner.code), message }]
  })
}

/** The code of the error and of all that it wraps: MultipleErrorsOccurred has the reason only inside. */
export function allCodes(error: unknown): string[] {
  const loose = isObject(error) ? error : {}
  return [...new Set([azureErrorParts(error).code, ...codesIn(bodyOf(loose))])]
}

function codesIn(body: Loose): string[] {
  return [text(body.code), ...innerOf(body).flatMap(codesIn)].filter((code) => code !== null)
}

/** The pause in seconds that the platform asks for, also in the cause of an error; null: none. */
export function askedPauseOf(error: unknown): number | null {
  const response = isObject(error) && isObject(error.response) ? error.response : {}
  const headers = response.headers as { get?: (name: string) => string | undefined } | undefined
  if (typeof headers?.get !== 'function')
    return isObject(error) && error.cause !== undefined ? askedPauseOf(error.cause) : null
  const hidden = headers.get(ASKED_PAUSE_HEADER)
  return hidden === undefined ? askedPauseSeconds((name) => headers.get?.(name), Date.now()) : Number(hidden)
}

export const isNotFound = (error: unknown): boolean => azureErrorParts(error).status === 404
