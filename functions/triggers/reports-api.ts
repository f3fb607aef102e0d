/** The results of finished drills: `/api/drills/{id}/report`, `/files/{name}` and `/evidence`. */
import { ReadableStream } from 'node:stream/web'
import type { HttpRequest, HttpResponseInit } from '@azure/functions'
import { blobNames } from '../../loadgen-image/contract/glossary.ts'
import { isDrillId } from '../../loadgen-image/contract/load-plan.ts'
import { EVIDENCE_FILE, evidenceZip, findEvidence } from '../archive/evidence-zip.ts'
import { pieceOf } from '../archive/sums.ts'
import type { Clients } from '../clients/clients.ts'
import { drillBlobs } from '../model/blob-paths.ts'
import { withFilesBelow } from '../render/html/elements/file-links.ts'
import { hasEnded, type Orchestrations, readState } from './orchestrations.ts'
import { badQuery, cached, etagOf, json, notFound, problem } from './responses.ts'
import { drillUrl, idOf } from './routes.ts'

interface Format {
  readonly file: string
  readonly type: string
}

const FORMATS = {
  html: { file: 'report.html', type: 'text/html' },
  json: { file: 'report.json', type: 'application/json' },
  md: { file: 'report.md', type: 'text/markdown' },
  csv: { file: 'timeline.csv', type: 'text/csv' },
  junit: { file: 'junit.xml', type: 'application/xml' },
} as const satisfies Readonly<Record<string, Format>>
type FormatName = keyof typeof FORMATS

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  json: 'application/json; charset=utf-8',
  md: 'text/markdown; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  junit: 'application/xml; charset=utf-8',
  xml: 'application/xml; charset=utf-8',
  txt: 'text/plain; charset=utf-8',
}

/** Files of the containers have names of their own: `container-0.log.txt`, `container-0.loadtest_results.csv`. */
const OF_A_CONTAINER = /^container-(\d{1,2})\.(log\.txt|loadtest_results\.csv|summary\.json)$/
const FILE_NAME = /^[\w-]+(?:\.[\w-]+)*$/

type Storage = Pick<Clients, 'blobs'>

export const reportsApi = (storage: Storage) => ({
  report: (request: HttpRequest, client: Orchestrations) => report(storage, request, client),
  file: (request: HttpRequest) => file(storage, request),
  evidence: (request: HttpRequest) => evidenceInParts(storage, request),
})

async function report({ blobs }: Storage, request: HttpRequest, client: Orchestrations): Promise<HttpResponseInit> {
  const drillId = idOf(request)
  const wanted = request.query.get('format')
  if (wanted !== null && !Object.hasOwn(FORMATS, wanted))
    return badQuery('format', wanted, `one of ${Object.keys(FORMATS).join(', ')}`)
  const format = (wanted as FormatName | null) ?? acceptable(request.headers.get('accept'))
  if (format === null) return notAcceptable(FORMATS)
  const content = isDrillId(drillId) ? await blobs.readText(drillBlobs.report(drillId, FORMATS[format].file)) : null
  if (content === null) return whyNoReport({ blobs }, client, drillId)
  const shown = format === 'html' ? withFilesBelow(content) : content
  return cached(request, shown, TYPES[format] as string, etagOf(shown))
}

async function whyNoReport({ blobs }: Storage, client: Orchestrations, drillId: string): Promise<HttpResponseInit> {
  const isKnown = isDrillId(drillId) && (await blobs.readText(blobNames.request(drillId))) !== null
  if (!isKnown) return notFound(`drill ${drillId}`)
  const state = await readState(client, drillId)
  if (state !== null && hasEnded(state))
    return notFound(`report of drill ${drillId}: it ended as ${state.runtimeStatus} before it could write one`)
  const instance = drillUrl(drillId)
  const detail = `Drill ${drillId} has not finished. ${instance} shows its progress.`
  return problem({ status: 409, title: 'Not finished yet', detail, instance }, { 'retry-after': '15' })
}

async function file({ blobs }: Storage, request: HttpRequest): Promise<HttpResponseInit> {
  const drillId = idOf(request)
  const name = request.params.name ?? ''
  if (name === EVIDENCE_FILE && isDrillId(drillId)) return evidence(blobs, request, drillId)
  const blob = isDrillId(drillId) ? blobOf(drillId, name) : null
  const content = blob === null ? null : await blobs.readText(blob)
  if (content === null) return notFound(`file ${JSON.stringify(name)} of drill ${drillId}`)
  const type = TYPES[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream'
  return cached(request, content, type, etagOf(content))
}

/**
 * Above it the answer would need too much of the app's memory: the library collects a body before it sends it. With its streams
 * (enableHttpStream) it writes on while a slow reader takes nothing, so memory holds the body all the same.
 */
const MAX_EVIDENCE_BYTES = 512 * 1024 * 1024

/** Compressed while it is read from storage. */
async function evidence(blobs: Clients['blobs'], request: HttpRequest, drillId: string): Promise<HttpResponseInit> {
  const wanted = request.query.get('chunks') ?? 'false'
  if (wanted !== 'true' && wanted !== 'false') return badQuery('chunks', wanted, 'true or false')
  const found = await findEvidence(blobs, drillId, wanted === 'true')
  if (found === null) return notFound(`file ${JSON.stringify(EVIDENCE_FILE)} of drill ${drillId}`)
  const size = found.files.reduce((sum, { bytes }) => sum + bytes, 0)
  if (size > MAX_EVIDENCE_BYTES) return tooLarge(drillId, size)
  return {
    status: 200,
    body: ReadableStream.from(evidenceZip(blobs, found)),
    headers: {
      'content-type': 'application/zip',
      'content-disposition': `attachment; filename="${drillId}-${EVIDENCE_FILE}"`,
    },
  }
}

const tooLarge = (drillId: string, bytes: number): HttpResponseInit =>
  problem({
    status: 413,
    title: 'Too large',
    detail:
      `The files of drill ${drillId} have ${Math.ceil(bytes / 1_048_576)} MB, and an answer takes ` +
      `${MAX_EVIDENCE_BYTES / 1_048_576} MB at most. Without chunks=true they are smaller. The command "npm run drill -- download ${drillId}" fetches all of them piece by ` +
      `piece, from ${drillUrl(drillId)}/evidence.`,
    instance: `${drillUrl(drillId)}/evidence`,
  })

// ---- Piece by piece -----------------------------------------------------------------------------------------------------

const MAX_PIECE_BYTES = 16 * 1024 * 1024
/** As the files of a drill are named: no root, no parent folder. */
const FILE_PATH = /^[\w-][\w.-]*(\/[\w-][\w.-]*)*$/

/** The files of the archive, or the next bytes of one: what it is made of by a reader who has no limit. */
async function evidenceInParts({ blobs }: Storage, request: HttpRequest): Promise<HttpResponseInit> {
  const drillId = idOf(request)
  const [path, from] = [request.query.get('path'), request.query.get('from') ?? '0']
  if (!/^\d{1,15}$/.test(from)) return badQuery('from', from, 'a number of bytes')
  if (path === null) {
    const found = isDrillId(drillId) ? await findEvidence(blobs, drillId, true) : null
    return found === null ? notFound(`evidence of drill ${drillId}`) : json(200, { files: found.files })
  }
  const isNamed = isDrillId(drillId) && FILE_PATH.test(path)
  const piece = isNamed ? await pieceOf(blobs, drillId, path, Number(from), MAX_PIECE_BYTES) : null
  if (piece === null) return notFound(`file ${JSON.stringify(path)} in the evidence of drill ${drillId}`)
  return { status: 200, body: piece, headers: { 'content-type': 'application/octet-stream' } }
}

function blobOf(drillId: string, name: string): string | null {
  const [, container, own] = OF_A_CONTAINER.exec(name) ?? []
  if (own === 'log.txt') return blobNames.log(drillId, Number(container))
  if (own === 'loadtest_results.csv') return blobNames.csv(drillId, Number(container))
  if (own === 'summary.json') return blobNames.summary(drillId, Number(container))
  return FILE_NAME.test(name) ? drillBlobs.report(drillId, name) : null
}

// ---- Negotiation ------------------------------------------------------------------------------------------------------

export const acceptable = (accept: string | null): FormatName | null => bestOf(accept, FORMATS)

/** The best format that the client accepts; a browser gets HTML, and a client that accepts everything gets JSON. */
export function bestOf<Name extends string>(
  accept: string | null,
  formats: Readonly<Record<Name | 'json', Pick<Format, 'type'>>>,
): Name | 'json' | null {
  if (accept === null || accept.trim() === '') return 'json'
  const ranges = accept
    .split(',')
    .map(parseRange)
    .filter(({ quality }) => quality > 0)
  ranges.sort((a, b) => b.quality - a.quality || specificity(b.type) - specificity(a.type))
  for (const { type } of ranges) {
    if (type === '*/*') return 'json'
    const found = (Object.keys(formats) as Name[]).find((name) => matches(type, formats[name].type))
    if (found !== undefined) return found
  }
  return null
}

function parseRange(text: string): { readonly type: string; readonly quality: number } {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase())
  const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2)
  return { type, quality: quality === undefined ? 1 : Number(quality) || 0 }
}

const specificity = (type: string): number => (type === '*/*' ? 0 : type.endsWith('/*') ? 1 : 2)
const matches = (range: string, type: string): boolean =>
  range === type || (range.endsWith('/*') && type.startsWith(range.slice(0, -1)))

export const notAcceptable = (formats: Readonly<Record<string, Pick<Format, 'type'>>>): HttpResponseInit =>
  problem({
    status: 406,
    title: 'Not acceptable',
    detail: `A report is available as ${Object.values(formats)
      .map(({ type }) => type)
      .join(', ')}.`,
  })
