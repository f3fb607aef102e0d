/** An HTTP request read whole, and an answer before it is written. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

export interface Asked {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string | Uint8Array | Readable
}

export class TooLargeError extends Error {
  override readonly name = 'TooLargeError'
}

export async function readRequest(request: IncomingMessage, limitBytes: number): Promise<Asked> {
  const host = request.headers.host ?? '127.0.0.1'
  return {
    method: request.method ?? 'GET',
    url: new URL(request.url ?? '/', `http://${host}`),
    headers: joinedHeaders(request),
    body: await readBody(request, limitBytes),
  }
}

const joinedHeaders = (request: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  )

async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) throw new TooLargeError()
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > limitBytes) throw new TooLargeError()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

export async function writeAnswer(
  response: ServerResponse,
  { status, headers = {}, body = '' }: Answer,
): Promise<void> {
  const written = headers as Record<string, string | string[]>
  const bodiless = status === 204 || status === 304
  if (body instanceof Readable && !bodiless) {
    response.writeHead(status, written)
    return pipeline(body, response)
  }
  const bytes = body instanceof Readable ? Buffer.alloc(0) : Buffer.from(body as string)
  response.writeHead(status, { ...written, ...(bodiless ? {} : { 'content-length': bytes.length }) })
  response.end(bodiless || response.req.method === 'HEAD' ? undefined : bytes)
}

export const empty = (status: number, headers: Record<string, string> = {}): Answer => ({ status, headers })

export const json = (status: number, value: unknown, headers: Record<string, string> = {}): Answer => ({
  status,
  headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
  body: JSON.stringify(value),
})

export const keyOf = ({ headers, url }: Asked): string | undefined =>
  headers['x-functions-key'] ?? url.searchParams.get('code') ?? undefined
