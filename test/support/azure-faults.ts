/** Faults of the local Azure endpoint: tests change the answers of single requests, and see which requests came. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ArmError } from '../../infra/local/azure/arm/arm.ts'

interface RequestMatch {
  readonly method: string
  /** Of the path without its query. */
  readonly path: RegExp
}

export type Fault =
  /** This answer replaces the handling. */
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly code: string
      readonly message: string
      readonly retryAfterSeconds?: number
    }
  /** This document replaces the handling, with status 200. */
  | { readonly kind: 'body'; readonly body: object }
  /** The connection is reset before the handling. */
  | { readonly kind: 'reset' }
  /** The connection is reset after the handling, instead of an answer. */
  | { readonly kind: 'resetAfter' }
  /** The request is handled, and the answer is never sent. */
  | { readonly kind: 'hang' }

interface SeenRequest {
  readonly method: string
  readonly path: string
  /** Null while unanswered, and indefinitely after a reset or a hang. */
  readonly status: number | null
  /** As it was parsed; absent: none. */
  readonly body?: unknown
}

const pathOf = (request: FastifyRequest): string => request.url.split('?', 1)[0] ?? ''

export class AzureFaults {
  /** All requests, oldest first. */
  readonly requests: SeenRequest[] = []
  readonly #waiting: Array<{ match: RequestMatch; fault: Fault; times: number }> = []

  failNext(match: RequestMatch, fault: Fault, times = 1): void {
    this.#waiting.push({ match, fault, times })
  }

  /** The fault for this request, if any. */
  #take(method: string, path: string): Fault | null {
    const found = this.#waiting.find(
      ({ match, times }) => times > 0 && match.method === method && match.path.test(path),
    )
    if (found === undefined) return null
    found.times--
    return found.fault
  }

  /** Faults act before the handler, or right before the answer is sent. */
  readonly addHooks = (app: FastifyInstance): void => {
    const late = new WeakMap<FastifyRequest, Fault>()
    app.addHook('onRequest', async (request, reply) => {
      const fault = this.#take(request.method, pathOf(request))
      if (fault?.kind === 'answer' && fault.retryAfterSeconds !== undefined)
        reply.header('retry-after', String(fault.retryAfterSeconds))
      if (fault?.kind === 'answer') throw new ArmError(fault.status, fault.code, fault.message)
      if (fault?.kind === 'body') return reply.send(fault.body)
      if (fault?.kind === 'reset') return this.#cut(request, reply)
      if (fault !== null) late.set(request, fault)
    })
    app.addHook('onSend', async (request, reply) => {
      const fault = late.get(request)
      if (fault === undefined) return
      if (fault.kind === 'resetAfter') this.#cut(request, reply)
      else this.#hang(request, reply)
      // The framework would send the answer after this hook, so the hook never ends.
      await new Promise(() => {})
    })
    app.addHook('onResponse', async (request, reply) => {
      this.requests.push({
        method: request.method,
        path: pathOf(request),
        status: reply.statusCode,
        ...(request.body !== undefined && { body: request.body }),
      })
    })
  }

  #cut(request: FastifyRequest, reply: FastifyReply): void {
    this.#hang(request, reply)
    request.raw.socket.destroy()
  }

  /** The connection stays open without an answer until the client closes it. */
  #hang(request: FastifyRequest, reply: FastifyReply): void {
    reply.hijack()
    this.requests.push({ method: request.method, path: pathOf(request), status: null })
  }
}
