/** A fastify server on 127.0.0.1 as the parts of the host use it: bodies arrive as bytes, and errors show nothing but their code. */
import type { AddressInfo } from 'node:net'
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify'

export type ErrorLog = (message: string) => void

/** Inputs of orchestrations have no limit of their own. */
const MAX_BODY_BYTES = 1_073_741_824
/** An instance id may have 256 characters, each of which may be percent-encoded. */
const MAX_PARAMETER_LENGTH = 1_024

export function newServer(logError: ErrorLog, bodyLimit = MAX_BODY_BYTES): FastifyInstance {
  const server = Fastify({
    bodyLimit,
    exposeHeadRoutes: false,
    // An address that cannot be decoded, or a parameter that is too long.
    frameworkErrors: ({ statusCode = 400 }, _request, reply: FastifyReply) => reply.code(statusCode).send(),
    routerOptions: { caseSensitive: false, ignoreTrailingSlash: true, maxParamLength: MAX_PARAMETER_LENGTH },
  })
  server.removeAllContentTypeParsers()
  // Azure passes on any content type, and fastify refuses one that it cannot parse. `request.raw` keeps the real one.
  server.addHook('onRequest', async (request) => {
    request.headers = { 'content-type': 'application/octet-stream' }
  })
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  server.setNotFoundHandler((_request, reply) => reply.code(404).send())
  server.setErrorHandler((error: FastifyError, { method, url }, reply) => {
    const { statusCode = 500 } = error
    // Without the query, which may hold a key.
    if (statusCode >= 500) logError(`${method} ${url.split('?')[0]} failed: ${error.stack}`)
    return reply.code(statusCode).send()
  })
  return server
}

export async function openPort(server: FastifyInstance, port: number): Promise<void> {
  await server.listen({ host: '127.0.0.1', port }).catch((cause: NodeJS.ErrnoException) => {
    const why =
      cause.code === 'EADDRINUSE'
        ? `port ${port} on 127.0.0.1 is taken by another program; stop it or choose another port`
        : `listening on 127.0.0.1:${port} failed: ${cause.message}`
    throw new Error(why, { cause })
  })
}

export const portOf = ({ server }: FastifyInstance): number => (server.address() as AddressInfo).port
