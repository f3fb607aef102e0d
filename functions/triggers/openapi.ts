/** The API's description (OpenAPI 3.1), built from the schemas that parse requests and check reports. */
import type { HttpRequest, HttpResponseInit } from '@azure/functions'
import * as z from 'zod'
import { DRILL_ID } from '../../loadgen-image/contract/load-plan.ts'
import type { Gate } from '../access/gate.ts'
import { PLANNED_KINDS } from '../model/planned-event.ts'
import { reportSchema } from '../model/report.ts'
import { requestSchema } from '../request/request.ts'
import { ROUTES, type RouteName } from './routes.ts'

type Json = Readonly<Record<string, unknown>>

const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` })
const content = (type: string, schema: Json): Json => ({ [type]: { schema } })
const ok = (description: string, schema: Json): Json => ({ description, content: content('application/json', schema) })
const refusal = (description: string): Json => ({
  description,
  content: content('application/problem+json', ref('Problem')),
})
const text = (type: string): Json => content(type, { type: 'string' })

const drillId: Json = {
  name: 'id',
  in: 'path',
  required: true,
  schema: { type: 'string', pattern: DRILL_ID.source },
}
const query = (name: string, description: string, schema: Json): Json => ({ name, in: 'query', description, schema })
const header = (name: string, description: string): Json => ({
  name,
  in: 'header',
  description,
  schema: { type: 'string' },
})

const unavailable = { 503: refusal('A service that the app depends on did not answer') }

/** By path, then by method; a test compares this with what the app registers. */
export const PATHS = {
  '/api/drills': {
    post: {
      operationId: 'startDrill',
      summary: 'Start a drill',
      parameters: [header('Idempotency-Key', 'The same key with the same body is the same drill')],
      requestBody: { required: false, content: content('application/json', ref('DrillRequest')) },
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
      ],
      responses: { 200: ok('A page', ref('DrillPage')), 400: refusal('Bad paging'), ...unavailable },
    },
  },
  '/api/drills/{id}': {
    get: {
      operationId: 'readDrill',
      summary: 'Phase, elapsed time and live figures',
      parameters: [drillId],
      responses: { 200: ok('The drill', ref('DrillStatus')), 404: refusal('No such drill'), ...unavailable },
    },
    delete: {
      operationId: 'abortDrill',
      summary: 'Stop the load, clean up, report',
      parameters: [drillId, query('reason', 'Goes into the report', { type: 'string', maxLength: 200 })],
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
      parameters: [drillId, query('format', 'Wins over Accept', { enum: ['html', 'json', 'md', 'csv'] })],
      responses: {
        200: {
          description: 'The report',
          headers: { ETag: { schema: { type: 'string' } } },
          content: {
            ...content('application/json', ref('Report')),
            ...text('text/html'),
            ...text('text/markdown'),
            ...text('text/csv'),
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
      parameters: [drillId, { name: 'name', in: 'path', required: true, schema: { type: 'string' } }],
      responses: {
        200: { description: 'The file', content: { '*/*': { schema: { type: 'string' } } } },
        304: { description: 'Not modified' },
        404: refusal('No such drill or file'),
        ...unavailable,
      },
    },
  },
  '/api/drills/compare': {
    get: {
      operationId: 'compareDrills',
      summary: 'Reports side by side',
      parameters: [query('ids', '2 to 10 ids, separated by commas', { type: 'string' })],
      responses: {
        200: ok('In the requested order', ref('Comparison')),
        400: refusal('Bad ids'),
        404: refusal('No report for one of them'),
        ...unavailable,
      },
    },
  },
  '/api/daily': {
    get: {
      operationId: 'readDaily',
      summary: 'The outcome of every firing of the daily timer, newest first',
      responses: { 200: ok('Records', ref('DailyRecords')), ...unavailable },
    },
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Json>>>>

const string: Json = { type: 'string' }
const nullable = (schema: Json): Json => ({ anyOf: [schema, { type: 'null' }] })
const object = (properties: Readonly<Record<string, Json>>): Json => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
})

const problem = { field: string, problem: string, expected: string }
const problemDetails = { type: string, title: string, status: { type: 'integer' }, detail: string }
const links = object({ self: string, report: nullable(string), files: { type: 'array', items: string } })

const status = {
  drillId: string,
  state: { enum: ['waiting', 'running', 'finished', 'failed'] },
  verdict: nullable({ enum: ['PASS', 'FAIL', 'INCONCLUSIVE', 'ABORTED'] }),
  headline: nullable(string),
  target: object({ resourceGroup: string, server: string, database: string }),
  events: {
    type: 'array',
    description: 'as planned: the field `events` of a request, with its defaults',
    items: object({ atSeconds: { type: 'number' }, kind: { enum: PLANNED_KINDS } }),
  },
  requestedAt: string,
  endedAt: nullable(string),
  elapsedSeconds: { type: 'number' },
  plannedSeconds: { type: 'number' },
  progress: nullable({ type: 'object' }),
  history: { type: 'array', items: { type: 'object' } },
  error: nullable(string),
  links,
} as const

const listed: Json = {
  type: 'object',
  description:
    'figures: each the worst of all events of the drill, null when it was not measured. worst: recovery time and write outage ' +
    'with the number of the event that they are of, also where they are lower bounds. like: load and events, the same in drills ' +
    'that can be compared',
}

/** Shapes that the report's schema defines once become components beside it. */
const { $defs: reportShapes, ...reportJson } = JSON.parse(
  JSON.stringify(z.toJSONSchema(reportSchema)).replaceAll('#/$defs/', '#/components/schemas/'),
)

const SCHEMAS: Json = {
  Problem: {
    ...object(problemDetails),
    properties: { ...problemDetails, instance: string, problems: { type: 'array', items: object(problem) } },
  },
  DrillRequest: z.toJSONSchema(requestSchema, { io: 'input' }),
  Report: reportJson,
  ...reportShapes,
  Started: object({ drillId: string, links }),
  DrillStatus: object(status),
  DrillPage: object({
    drills: { type: 'array', items: object({ ...status, report: nullable(listed) }) },
    next: nullable(string),
  }),
  Comparison: object({ drills: { type: 'array', items: { type: 'object' } } }),
  DailyRecords: object({
    records: {
      type: 'array',
      items: object({
        at: string,
        outcome: { enum: ['started', 'skipped', 'stopped', 'failed'] },
        why: string,
        drillId: nullable(string),
        requestHash: string,
      }),
    },
  }),
}

const SECURITY_SCHEMES = {
  keys: { functionKey: { type: 'apiKey', in: 'header', name: 'x-functions-key' } },
  entra: {
    entra: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'Microsoft Entra, with app roles' },
  },
} as const satisfies Readonly<Record<Gate['auth'], Json>>

export const openApi = (auth: Gate['auth']): Json => ({
  openapi: '3.1.0',
  info: { title: 'pg-failover-drill', version: '1', description: 'Failover drills under load for PostgreSQL.' },
  paths: auth === 'keys' ? PATHS : withRoles(PATHS),
  components: { schemas: SCHEMAS, securitySchemes: SECURITY_SCHEMES[auth] },
  ...(auth === 'keys' && { security: [{ functionKey: [] }] }),
})

/** Each operation with the role that it needs, and how it is refused without. */
const withRoles = (paths: Readonly<Record<string, Readonly<Record<string, Json>>>>): Json =>
  Object.fromEntries(
    Object.entries(paths).map(([path, operations]) => [
      path,
      Object.fromEntries(Object.entries(operations).map(([method, operation]) => [method, withRole(operation)])),
    ]),
  )

function withRole(operation: Json): Json {
  const { needs } = ROUTES[operation.operationId as RouteName]
  const responses = { 401: refusal('No login'), 403: refusal(`Without the app role ${needs}, or sent by another site`) }
  return {
    ...operation,
    security: [{ entra: [needs] }],
    responses: { ...(operation.responses as Json), ...responses },
  }
}

export const serveOpenApi = (auth: Gate['auth']) => async (): Promise<HttpResponseInit> => ({
  status: 200,
  body: JSON.stringify(openApi(auth)),
  headers: { 'content-type': 'application/openapi+json; version=3.1', 'cache-control': 'public, max-age=300' },
})

/** Addresses in answers are relative to the host, so they are right behind any gateway. */
export const drillUrl = (drillId: string): string => `/api/drills/${drillId}`
export const idOf = (request: HttpRequest): string => request.params.id ?? ''
