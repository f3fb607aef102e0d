/** The routes of a host: the app's functions, and the status that the stack waits for. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { AppFunctions, HttpFunction } from '../worker/functions.ts'
import type { Runner } from '../worker/runner.ts'
import { sendRpcResponse, toRpcRequest } from './rpc-http.ts'

/** A request shows one of them in `x-functions-key` or `?code=`. */
export interface Keys {
  /** Opens every function and the host's own routes. */
  readonly master: string
  /** Opens every function. */
  readonly host: string
}

export function serveFunctions(server: FastifyInstance, functions: AppFunctions, runner: Runner, keys: Keys): void {
  server.get('/admin/host/status', (request, reply) =>
    showsOneOf([keys.master], request) ? reply.send({ state: 'Running' }) : reply.code(401).send(),
  )
  for (const called of functions.http) serveFunction(server, called, runner, keys)
}

function serveFunction(server: FastifyInstance, called: HttpFunction, runner: Runner, keys: Keys): void {
  server.route({
    method: [...called.methods],
    url: urlOf(called),
    handler: async (request, reply) => {
      if (called.needsKey && !showsOneOf([keys.master, keys.host], request)) return reply.code(401).send()
      // The runner has logged a failure; the caller gets nothing of it, as in Azure.
      const response = await runner.callHttp(called, toRpcRequest(request)).catch(() => null)
      return response === null ? reply.code(500).send() : sendRpcResponse(response, reply)
    },
  })
}

/** A template of Azure (`drills/{id}/files/{name}`) as fastify writes it. */
function urlOf({ name, route }: HttpFunction): string {
  if (!route.split('/').every((segment) => /^(\{\w+\}|[\w.-]+)$/.test(segment)))
    throw new Error(
      `the route "${route}" of function ${name} must consist of plain segments and parameters such as {id}`,
    )
  return `/${route.replaceAll(/\{(\w+)\}/g, ':$1')}`
}

function showsOneOf(accepted: readonly string[], { headers, query }: FastifyRequest): boolean {
  const shown = headers['x-functions-key'] ?? (query as { readonly code?: unknown }).code
  return typeof shown === 'string' && accepted.some((key) => timingSafeEqual(digest(key), digest(shown)))
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
