/** The operations on drills. */
import { VERDICT_WORDS } from '../model/early-end/stopped-by.ts'
import { LISTED_KINDS } from '../model/history/rows.ts'
import { REQUEST_EXAMPLES } from '../request/examples.ts'
import {
  bytes,
  content,
  header,
  IF_NONE_MATCH,
  idInPath,
  type Json,
  ok,
  query,
  ref,
  refusal,
  required,
  text,
  unavailable,
} from './parts.ts'

const ETAG = { ETag: { schema: { type: 'string' } } }
const TIME = { type: 'string', examples: ['2026-01-31', '2026-01-31T02:00:00Z'] }

/** By path, then by method. */
export const DRILL_PATHS = {
  '/api/drills': {
    post: {
      operationId: 'startDrill',
      summary: 'Start a drill',
      parameters: [
        header(
          'Idempotency-Key',
          'The same key with the same body is the same drill. With a key such as 20260102-030405-0a1b2c its id is the key',
        ),
      ],
      requestBody: {
        required: false,
        content: { 'application/json': { schema: ref('DrillRequest'), examples: REQUEST_EXAMPLES } },
      },
      responses: {
        202: {
          ...ok('Started, or known under this key', ref('Started')),
          headers: { Location: { schema: { type: 'string' } } },
        },
        400: refusal('Bad fields, all of them named'),
        409: refusal('A drill is running against this server, or the key was used for another request'),
        413: refusal('Body too large'),
        415: refusal('Body is not JSON'),
        ...unavailable,
      },
    },
    get: {
      operationId: 'listDrills',
      summary: 'Drills, newest first',
      parameters: [
        query('limit', 'Drills per page', { type: 'integer', minimum: 1, maximum: 100, default: 20 }),
        query('after', 'From the next link of the page before', { type: 'string' }),
        query('server', 'Drills of this server alone. A page with a filter may have fewer rows and still a next page', {
          type: 'string',
        }),
        query('verdict', 'Drills with this verdict alone; none: it runs, or ended without a report', {
          type: 'string',
          enum: [...VERDICT_WORDS, 'none'],
        }),
        query('kind', 'Drills with an event of this kind alone; none: without an event', {
          type: 'string',
          enum: LISTED_KINDS,
        }),
        query('from', 'Requested at this time (UTC) or later; a day counts from its start', TIME),
        query('to', 'Requested at this time (UTC) or earlier; a day counts to its end', TIME),
        query(
          'format',
          'csv: the history, 10,000 drills at most unless `limit` says fewer; the Link header has the rest',
          {
            type: 'string',
            enum: ['json', 'csv'],
            default: 'json',
          },
        ),
        IF_NONE_MATCH,
      ],
      responses: {
        200: {
          description: 'A page, or the history',
          headers: { ...ETAG, Link: { schema: { type: 'string' }, description: 'The next page, rel="next"' } },
          content: { ...content('application/json', ref('DrillPage')), ...text('text/csv') },
        },
        304: { description: 'Not modified' },
        400: refusal('Bad or unknown fields of the query, all of them named'),
        ...unavailable,
      },
    },
  },
  '/api/drills/{id}': {
    get: {
      operationId: 'readDrill',
      summary: 'Phase, elapsed time and live figures',
      parameters: [idInPath, IF_NONE_MATCH],
      responses: {
        200: { ...ok('The drill', ref('DrillStatus')), headers: ETAG },
        304: { description: 'Not modified' },
        404: refusal('No such drill, or its results have expired'),
        ...unavailable,
      },
    },
    delete: {
      operationId: 'abortDrill',
      summary: 'Stop the load, clean up, report',
      parameters: [idInPath, query('reason', 'Goes into the report', { type: 'string', maxLength: 200 })],
      responses: {
        202: ok('The drill is ending', ref('Started')),
        404: refusal('No such drill'),
        409: refusal('It has already ended'),
        ...unavailable,
      },
    },
  },
  '/api/drills/{id}/report': {
    get: {
      operationId: 'readReport',
      summary: 'The report, by format or by Accept',
      parameters: [
        idInPath,
        query('format', 'Wins over Accept', { type: 'string', enum: ['html', 'json', 'md', 'csv', 'junit'] }),
        IF_NONE_MATCH,
      ],
      responses: {
        200: {
          description: 'The report',
          headers: ETAG,
          content: {
            ...content('application/json', ref('Report')),
            ...text('text/html'),
            ...text('text/markdown'),
            ...text('text/csv'),
            ...text('application/xml'),
          },
        },
        304: { description: 'Not modified' },
        400: refusal('Unknown format'),
        404: refusal('No such drill, or it ended without a report'),
        406: refusal('None of the accepted types'),
        409: refusal('Not finished yet; see Retry-After'),
        ...unavailable,
      },
    },
  },
  '/api/drills/{id}/files/{name}': {
    get: {
      operationId: 'readFile',
      summary: 'One of the files of a drill',
      parameters: [
        idInPath,
        { name: 'name', in: 'path', required: true, schema: { type: 'string' } },
        query('chunks', 'Of evidence.zip: with the records of the load', { type: 'boolean', default: false }),
        IF_NONE_MATCH,
      ],
      responses: {
        200: { description: 'The file', headers: ETAG, content: content('*/*', bytes) },
        304: { description: 'Not modified' },
        400: refusal('chunks is neither true nor false'),
        413: refusal('evidence.zip would be larger than an answer can be: see /api/drills/{id}/evidence'),
        404: refusal('No such drill or file'),
        ...unavailable,
      },
    },
  },
  '/api/drills/{id}/evidence': {
    get: {
      operationId: 'readEvidence',
      summary:
        'The files of evidence.zip, or with path the next 16 MB of one: for a drill whose archive no answer could hold',
      parameters: [
        idInPath,
        query('path', 'One of the files', { type: 'string' }),
        query('from', 'Of that file: the first byte', { type: 'integer', minimum: 0, default: 0 }),
      ],
      responses: {
        200: {
          description: 'Every file with its length; or with path the bytes, none at the end of the file',
          content: {
            ...content('application/json', ref('EvidenceFiles')),
            ...content('application/octet-stream', bytes),
          },
        },
        400: refusal('from is no number of bytes'),
        404: refusal('No such drill, file or report'),
        ...unavailable,
      },
    },
  },
  '/api/drills/compare': {
    get: {
      operationId: 'compareDrills',
      summary: 'Reports side by side',
      parameters: [required(query('ids', '2 to 10 ids, separated by commas', { type: 'string' }))],
      responses: {
        200: ok('In the requested order', ref('Comparison')),
        400: refusal('Bad ids'),
        404: refusal('No report for one of them'),
        ...unavailable,
      },
    },
  },
  '/api/defaults': {
    get: {
      operationId: 'readDefaults',
      summary: 'What the app would run: its defaults and limits, presets, and the checks that would fail now, with why',
      parameters: [
        query('target', 'Of this server, by its name in `targets`; without it of the first', { type: 'string' }),
      ],
      responses: {
        200: ok('Read only, and answered within 15 s', ref('Defaults')),
        400: refusal('No such target, or an unknown field'),
        ...unavailable,
      },
    },
  },
  '/api/daily': {
    get: {
      operationId: 'readDaily',
      summary: 'The outcome of every firing of the daily timers, newest first',
      parameters: [query('server', 'Of this server alone', { type: 'string' })],
      responses: {
        200: ok('Records', ref('DailyRecords')),
        400: refusal('No name of a server, or an unknown field'),
        ...unavailable,
      },
    },
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Json>>>>
