/** The API's description (OpenAPI 3.1), built from the schemas that parse requests and check reports. */
import type { HttpResponseInit } from '@azure/functions'
import * as z from 'zod'
import type { Gate } from '../access/gate.ts'
import { campaignReportSchema } from '../model/campaign/report.ts'
import { PLANNED_KINDS } from '../model/planned-event.ts'
import { reportSchema } from '../model/report.ts'
import { campaignSchema } from '../request/campaign.ts'
import { requestSchema } from '../request/request.ts'
import { ROUTES, type RouteName } from '../triggers/routes.ts'
import { CAMPAIGN_PATHS } from './campaign-paths.ts'
import { CONTAINER_PATHS, CONTAINER_SHAPES } from './container-paths.ts'
import { DRILL_PATHS } from './drill-paths.ts'
import { type Json, nullable, object, ref, refusal, string } from './parts.ts'

/** A test compares this with what the app registers. */
export const PATHS = { ...DRILL_PATHS, ...CAMPAIGN_PATHS, ...CONTAINER_PATHS } as const

const problem = { field: string, problem: string, expected: string }
const problemDetails = { type: string, title: string, status: { type: 'integer' }, detail: string }
const links = object({ self: string, report: nullable(string), files: { type: 'array', items: string } })

const serverParts = { resourceGroup: string, server: string, database: string }
const target: Json = {
  type: 'object',
  properties: {
    ...serverParts,
    subscriptionId: { ...string, description: "Where it is not the subscription of the app's load generators" },
  },
  required: Object.keys(serverParts),
}
/** A server that a request can name. */
const offered: Json = {
  type: 'object',
  properties: {
    ...(target.properties as Json),
    name: { ...string, description: 'The field `target` of a request' },
    schedule: { ...nullable(string), description: 'Of its daily drill, six-field NCRONTAB in UTC; null: it has none' },
  },
  required: ['name', ...Object.keys(serverParts), 'schedule'],
}

const status = {
  drillId: string,
  state: { enum: ['waiting', 'running', 'finished', 'failed'] },
  verdict: nullable({ enum: ['PASS', 'FAIL', 'INCONCLUSIVE', 'ABORTED'] }),
  headline: nullable(string),
  stoppedBy: nullable(ref('StoppedBy')),
  target,
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
  request: {
    ...nullable(ref('DrillRequest')),
    description: 'Posted again, it runs the same drill. null in a list, and until the drill has ended',
  },
  links,
} as const

const listed: Json = {
  type: 'object',
  description:
    'figures: each the worst of all events of the drill, null when it was not measured. worst: recovery time and write outage ' +
    'with the number of the event that they are of, also where they are lower bounds. like: load and events, the same in drills ' +
    'that can be compared',
}

const retentionDays: Json = {
  type: 'integer',
  description: 'So many days after its request a drill is removed from the list, and its results from storage',
}

const campaign = {
  campaignId: string,
  state: status.state,
  verdict: status.verdict,
  headline: nullable(string),
  target: status.target,
  requestedAt: string,
  drills: { type: 'integer' },
  gapMinutes: { type: 'number' },
  what: string,
  endedAt: nullable(string),
  progress: nullable(
    object({
      step: { enum: ['waiting', 'drill', 'report'] },
      number: { type: 'integer' },
      drillId: nullable(string),
      note: string,
    }),
  ),
  points: { type: 'array', description: 'One of each drill that has ended', items: { type: 'object' } },
  report: nullable(ref('CampaignReport')),
  error: nullable(string),
  links: object({ self: string, report: nullable(string), drills: { type: 'array', items: string } }),
} as const

/** Shapes that a report's schema defines once become components beside it. */
function shapesOf(schema: z.ZodType): { readonly shapes: Json; readonly whole: Json } {
  const text = JSON.stringify(z.toJSONSchema(schema)).replaceAll('#/$defs/', '#/components/schemas/')
  const { $defs: shapes = {}, ...whole } = JSON.parse(text)
  return { shapes, whole }
}

const drillReport = shapesOf(reportSchema)
const campaignReport = shapesOf(campaignReportSchema)

/** The drill's request inside is described once. */
const campaignRequest = z.toJSONSchema(campaignSchema, { io: 'input' })

const SCHEMAS: Json = {
  Problem: {
    ...object(problemDetails),
    properties: { ...problemDetails, instance: string, problems: { type: 'array', items: object(problem) } },
  },
  DrillRequest: z.toJSONSchema(requestSchema, { io: 'input' }),
  Report: drillReport.whole,
  ...drillReport.shapes,
  Started: object({ drillId: string, links }),
  DrillStatus: object(status),
  DrillPage: object({
    drills: { type: 'array', items: object({ ...status, report: nullable(listed) }) },
    next: nullable(string),
    retentionDays,
  }),
  CampaignRequest: {
    ...campaignRequest,
    properties: { ...campaignRequest.properties, request: ref('DrillRequest') },
  },
  CampaignReport: campaignReport.whole,
  ...campaignReport.shapes,
  StartedCampaign: object({ campaignId: string, links: campaign.links }),
  CampaignStatus: object(campaign),
  CampaignPage: object({
    campaigns: { type: 'array', items: object(campaign) },
    next: nullable(string),
    retentionDays,
  }),
  ...CONTAINER_SHAPES,
  EvidenceFiles: object({
    files: { type: 'array', items: object({ path: string, bytes: { type: 'integer' } }) },
  }),
  Comparison: object({ drills: { type: 'array', items: { type: 'object' } } }),
  Defaults: object({
    target: { ...offered, description: 'The server that the rest of the answer is about' },
    targets: { type: 'array', description: 'All servers of the app', items: offered },
    limits: object({ maxDurationSeconds: { type: 'number' }, cooldownMinutes: { type: 'number' } }),
    defaults: { ...ref('DrillRequest'), description: 'Every field of an empty request' },
    presets: {
      type: 'array',
      description: 'The first one is what the start form of the dashboard begins with',
      items: object({
        id: { enum: ['quick', 'planned', 'standard', 'five-hours', 'watch'] },
        title: string,
        about: string,
        request: { ...ref('DrillRequest'), description: 'As it would be posted' },
        plannedSeconds: { type: 'number' },
        failing: {
          type: 'array',
          description: 'Checks that fail now; forced: the request overrides it',
          items: object({
            ...{ id: string, title: string, seen: string, wanted: string, why: string, advice: string },
            forced: { type: 'boolean' },
          }),
        },
      }),
    },
    checks: object({
      at: string,
      notJudgedWhy: nullable(string),
      notSeen: { type: 'array', description: 'Ids that could not be seen now', items: string },
    }),
    runningDrill: nullable(string),
  }),
  DailyRecords: object({
    records: { type: 'array', items: ref('DailyRecord') },
    withoutDrill: {
      type: 'array',
      items: ref('DailyRecord'),
      description: 'The newest firing of each server that has a schedule, where that firing started no drill',
    },
  }),
  DailyRecord: object({
    at: string,
    target,
    outcome: { enum: ['started', 'skipped', 'stopped', 'failed'] },
    why: string,
    drillId: nullable(string),
    requestHash: string,
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
