/** HTTP requests and answers in the form that the host and the worker exchange them. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { NullableString, RpcHttp, RpcResponse } from '../worker/core-types.ts'

type Fields = Readonly<Record<string, string | readonly string[] | undefined>>

/** The host knows one value per name: a repeated parameter arrives as `a,b`. */
const joined = (fields: Fields, by: string): Record<string, NullableString> =>
  Object.fromEntries(Object.entries(fields).map(([name, value = '']) => [name, { value: [value].flat().join(by) }]))

export const toRpcRequest = ({ method, protocol, host, url, raw, query, params, body }: FastifyRequest): RpcHttp => ({
  method,
  url: `${protocol}://${host}${url}`,
  nullableHeaders: joined(raw.headers, ', '),
  nullableQuery: joined(query as Fields, ','),
  nullableParams: joined(params as Fields, ''),
  ...(body instanceof Buffer && body.length > 0 ? { body: { bytes: body } } : {}),
})

export function sendRpcResponse({ returnValue }: RpcResponse, reply: FastifyReply): FastifyReply {
  // A handler that returns nothing has answered without content.
  if (returnValue === null || returnValue === undefined) return reply.code(204).send()
  const { statusCode = '200', headers = {}, body } = returnValue.http ?? {}
  reply.code(Number(statusCode)).headers(headers)
  const content = body?.bytes ?? body?.string
  return content === undefined ? reply.send() : reply.send(Buffer.from(content as string))
}
