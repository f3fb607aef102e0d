/**
 * With `app.setup({ enableHttpStream: true })` bodies do not travel inside the invocation: the library opens a port of
 * its own, and the host passes request and response through it, matched by the invocation's id.
 */
import { request } from 'node:http'
import type { RpcData } from '../worker/core-types.ts'
import type { Answer, Asked } from './exchange.ts'
import type { RouteValues } from './route.ts'

export function proxy(httpUri: string, asked: Asked, invocationId: string, signal: AbortSignal): Promise<Answer> {
  const target = new URL(asked.url.pathname + asked.url.search, httpUri)
  const headers = {
    ...asked.headers,
    'x-ms-invocation-id': invocationId,
    'x-forwarded-host': asked.url.host,
    'x-forwarded-proto': 'http',
  }
  return new Promise((resolve, reject) => {
    const sent = request(target, { method: asked.method, headers, signal }, (response) => {
      const {
        'x-ms-invocation-id': _id,
        'transfer-encoding': _encoding,
        connection: _connection,
        ...kept
      } = response.headers
      resolve({ status: response.statusCode ?? 500, headers: kept as Record<string, string>, body: response })
    })
    sent.once('error', reject)
    sent.end(asked.body)
  })
}

/** In this mode the library takes headers and route values from here. */
export function streamMetadata({ headers }: Asked, values: RouteValues): Record<string, RpcData> {
  const parameters = Object.entries(values).map(([name, value]): [string, RpcData] => [name, { string: value }])
  return { Headers: { json: JSON.stringify(headers) }, ...Object.fromEntries(parameters) }
}
