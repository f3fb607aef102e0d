/** Answers are compressed where the caller takes it: a report of five hours has half a megabyte, a tenth of it compressed. */
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { HttpRequest, HttpResponseInit } from '@azure/functions'

const compress = promisify(gzip)

/** Below one packet nothing is gained. */
const MIN_BYTES = 1_400
/** Archives and pieces of files are compressed already, or are read byte by byte. */
const TEXT = /^(text\/|application\/(json|problem\+json|openapi\+json|xml|javascript)\b)/

export async function compressed(
  request: Pick<HttpRequest, 'headers'>,
  answer: HttpResponseInit,
): Promise<HttpResponseInit> {
  const headers = (answer.headers ?? {}) as Readonly<Record<string, string>>
  const text = answer.jsonBody === undefined ? answer.body : JSON.stringify(answer.jsonBody)
  if (typeof text !== 'string' || !TEXT.test(headers['content-type'] ?? '')) return answer
  const vary = headers.vary === undefined ? 'Accept-Encoding' : `${headers.vary}, Accept-Encoding`
  if (!takesGzip(request.headers.get('accept-encoding')) || Buffer.byteLength(text) < MIN_BYTES)
    return { ...answer, headers: { ...headers, vary } }
  // The same content in other bytes: a strong validator would promise the same bytes.
  const etag = headers.etag === undefined ? {} : { etag: `W/${headers.etag}` }
  const { jsonBody: _, ...rest } = answer
  return { ...rest, body: await compress(text), headers: { ...headers, ...etag, vary, 'content-encoding': 'gzip' } }
}

/** `gzip;q=0` refuses it, also beside `*`. */
export function takesGzip(accepted: string | null): boolean {
  const qualities = new Map(
    (accepted ?? '').split(',').map((part) => {
      const [coding = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase())
      const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2)
      return [coding, quality === undefined ? 1 : Number(quality) || 0] as const
    }),
  )
  return (qualities.get('gzip') ?? qualities.get('*') ?? 0) > 0
}
