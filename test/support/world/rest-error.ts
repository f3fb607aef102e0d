/** What the Azure SDKs throw for an answer of Resource Manager that is no success. */
import { ASKED_PAUSE_HEADER } from '../../../functions/clients/azure/azure.ts'

/** The body is kept under `details`, and a long Retry-After under the name that the app's own pipeline gives it. */
export function restError(
  status: number,
  code: string,
  afterSeconds: number | null = null,
  message = `the platform said ${code}`,
): Error {
  const headers = new Map(afterSeconds === null ? [] : [[ASKED_PAUSE_HEADER, String(afterSeconds)]])
  return Object.assign(new Error(message), {
    name: 'RestError',
    statusCode: status,
    code,
    details: { error: { code, message } },
    response: { status, headers },
  })
}
