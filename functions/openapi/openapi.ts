/** The API's description (OpenAPI 3.1), built from the schemas that parse requests and check reports. */
import type { HttpResponseInit } from '@azure/functions'
import * as z from 'zod'
import type { Gate } from '../access/gate.ts'
import { campaignSchema } from '../request/campaign.ts'
import { requestSchema } from '../request/request.ts'
import { ROUTES, type RouteName } from '../triggers/routes.ts'
import { CAMPAIGN_ANSWERS } from './answers/campaigns.ts'
import { DRILL_ANSWERS } from './answers/drills.ts'
import { SERVER_ANSWERS } from './answers/servers.ts'
import { CAMPAIGN_PATHS } from './campaign-paths.ts'
import { CONTAINER_PATHS } from './container-paths.ts'
import { DRILL_PATHS } from './drill-paths.ts'
import { type Json, ref, refusal } from './parts.ts'
import { MESSAGES, WEBHOOKS } from './webhooks.ts'

/** A test compares this with what the app registers. */
export const PATHS = { ...DRILL_PATHS, ...CAMPAIGN_PATHS, ...CONTAINER_PATHS } as const

const problem = z.object({ field: z.string(), problem: z.string(), expected: z.string() }).meta({ id: 'FieldProblem' })

const ANSWERS = z.object({
  Problem: z.object({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    instance: z.string().exactOptional().describe('Where to look instead, such as the drill that holds the server'),
    problems: z.array(problem).exactOptional().describe('Every bad field'),
  }),
  ...DRILL_ANSWERS,
  ...CAMPAIGN_ANSWERS,
  ...SERVER_ANSWERS,
  ...MESSAGES,
})

/** Every shape is a component, written once. */
function schemas(): Json {
  const { $defs: shapes, properties: answers } = inComponents(z.toJSONSchema(ANSWERS))
  const campaignRequest = z.toJSONSchema(campaignSchema, { io: 'input' })
  return {
    ...withoutIds(answers as Json),
    ...withoutIds(shapes as Json),
    DrillRequest: z.toJSONSchema(requestSchema, { io: 'input' }),
    CampaignRequest: {
      ...campaignRequest,
      properties: { ...campaignRequest.properties, request: ref('DrillRequest') },
    },
  }
}

const inComponents = (schema: Json): Json =>
  JSON.parse(JSON.stringify(schema).replaceAll('#/$defs/', '#/components/schemas/'))

/** The name of a component says it, and a second base address would move the references inside. */
const withoutIds = (shapes: Json): Json =>
  Object.fromEntries(
    Object.entries(shapes as Readonly<Record<string, Json>>).map(([name, { id: _, ...shape }]) => [name, shape]),
  )

const SECURITY_SCHEMES = {
  keys: { functionKey: { type: 'apiKey', in: 'header', name: 'x-functions-key' } },
  entra: {
    entra: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'Microsoft Entra, with app roles' },
  },
} as const satisfies Readonly<Record<Gate['auth'], Json>>

export const openApi = (auth: Gate['auth']): Json => ({
  openapi: '3.1.0',
  info: {
    title: 'pg-failover-drill',
    version: '1',
    description: 'Failover drills under load for PostgreSQL.',
    license: { name: 'MIT', identifier: 'MIT' },
  },
  // Relative to this document, so it is right behind any gateway; paths begin with /api.
  servers: [{ url: '/', description: 'The app that serves this document' }],
  paths: guardedBy(auth),
  webhooks: WEBHOOKS,
  components: { schemas: schemas(), securitySchemes: SECURITY_SCHEMES[auth] },
  ...(auth === 'keys' && { security: [{ functionKey: [] }] }),
})

/** Each operation with what it needs of its caller, and how it is refused without. */
const guardedBy = (auth: Gate['auth']): Json =>
  Object.fromEntries(
    Object.entries<Readonly<Record<string, Json>>>(PATHS).map(([path, operations]) => [
      path,
      Object.fromEntries(
        Object.entries(operations).map(([method, operation]) => [
          method,
          auth === 'keys' ? withKey(operation) : withRole(operation),
        ]),
      ),
    ]),
  )

/** The Functions host refuses before the app is asked, and without a body. */
const withKey = (operation: Json): Json => ({
  ...operation,
  responses: {
    ...(operation.responses as Json),
    401: { description: 'No function key, or a wrong one; without a body' },
  },
})

function withRole(operation: Json): Json {
  const { needs } = ROUTES[operation.operationId as RouteName]
  const responses = { 401: refusal('No login'), 403: refusal(`Without the app role ${needs}, or sent by another site`) }
  return {
    ...operation,
    security: [{ entra: [needs] }],
    responses: { ...(operation.responses as Json), ...responses },
  }
}

/** Made when it is first asked for: the app starts without it. */
export function serveOpenApi(auth: Gate['auth']): () => Promise<HttpResponseInit> {
  let text: string | null = null
  return async () => {
    text ??= JSON.stringify(openApi(auth))
    return {
      status: 200,
      body: text,
      headers: { 'content-type': 'application/openapi+json; version=3.1', 'cache-control': 'public, max-age=300' },
    }
  }
}
