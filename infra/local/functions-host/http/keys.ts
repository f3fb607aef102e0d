/** The access keys of a host, and which of them a request must show in `x-functions-key` or `?code=`. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'

export interface Keys {
  /** Opens every function and the host's own routes. */
  readonly master: string
  /** Opens every function. */
  readonly host: string
}

export function showsOneOf(accepted: readonly string[], { headers, query }: FastifyRequest): boolean {
  const shown = headers['x-functions-key'] ?? (query as { readonly code?: unknown }).code
  return typeof shown === 'string' && accepted.some((key) => timingSafeEqual(digest(key), digest(shown)))
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
