/** What an error of an Azure SDK says, taken apart: the SDKs differ in where they put the code. */

import { withoutSecrets } from '../../loadgen-image/contract-redact.ts'

export interface AzureErrorParts {
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

export function azureErrorParts(error: unknown): AzureErrorParts {
  const loose = isObject(error) ? error : {}
  const body = bodyOf(loose)
  const status = loose.statusCode
  return {
    status: typeof status === 'number' ? status : null,
    code: text(body.code) ?? text(loose.code) ?? text(loose.name) ?? 'Unknown',
    message: withoutSecrets(text(body.message) ?? text(loose.message) ?? String(error)),
  }
}

export const isNotFound = (error: unknown): boolean => azureErrorParts(error).status === 404
