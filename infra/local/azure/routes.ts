/** Paths to calls: every request that the endpoint answers, one line each. */
import { createServer as createTlsServer } from 'node:https'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Cluster } from '../cluster/cluster.ts'
import { ArmError, errorBody, resourceNotFound } from './arm-error.ts'
import type { World } from './control.ts'
import type { GroupCalls } from './groups.ts'
import {
  FLEXIBLE_SERVERS,
  type Gate,
  locationId,
  type Place,
  requirePlace,
  requireToken,
  requireVersion,
  resourceId,
  strikeWithFaults,
} from './guard.ts'
import { type MetricsQuery, metricsDocument } from './metrics.ts'
import { type Operation, type Operations, operationStatus } from './operations.ts'
import type { Registry } from './registry.ts'
import { addRegistryRoutes } from './registry.ts'
import type { ServerCalls } from './servers.ts'

export interface Services {
  readonly url: string
  readonly place: Place
  readonly cluster: Cluster
  readonly world: World
  readonly operations: Operations
  readonly registry: Registry
  readonly groups: GroupCalls
  readonly servers: ServerCalls
}

export interface RouteOptions extends Gate {
  readonly certificate: { readonly certificatePem: string; readonly privateKeyPem: string }
}

/** The versions that the SDKs speak, and the one that the platform writes into its own operation URLs. */
const VERSIONS = {
  'Microsoft.DBforPostgreSQL': ['2025-08-01'],
  'Microsoft.ContainerInstance': ['2023-05-01'],
  'Microsoft.Insights': ['2024-02-01'],
} as const
type Provider = keyof typeof VERSIONS

const SUBSCRIPTION = '/subscriptions/:subscription'
const GROUP = `${SUBSCRIPTION}/resourceGroups/:group/providers`
const SERVER = `${GROUP}/Microsoft.DBforPostgreSQL/flexibleServers/:server`
const CONTAINERS = `${GROUP}/Microsoft.ContainerInstance/containerGroups`
const DATABASE_LOCATION = `${SUBSCRIPTION}/providers/Microsoft.DBforPostgreSQL/locations/:location`
const CONTAINER_LOCATION = `${SUBSCRIPTION}/providers/Microsoft.ContainerInstance/locations/:location`

type Params = Readonly<Record<string, string>>
interface Call {
  readonly params: Params
  readonly query: unknown
  readonly body: unknown
}
type Handler = (call: Call, reply: FastifyReply) => unknown
type Guard = (handler: Handler) => (request: FastifyRequest, reply: FastifyReply) => unknown

export function createRoutes(services: Services, options: RouteOptions): FastifyInstance {
  const app = createApp(options)
  strikeWithFaults(app, options)
  const guard =
    (provider: Provider): Guard =>
    (handler) =>
    (request, reply) => {
      const params = request.params as Params
      requireToken(request, options.token)
      requireVersion(request, VERSIONS[provider], provider)
      requirePlace(services.place, params)
      if (params.server !== undefined) requireServer(services.place, params.server)
      return handler({ params, query: request.query, body: request.body }, reply)
    }
  addServerRoutes(app, services, guard('Microsoft.DBforPostgreSQL'))
  addGroupRoutes(app, services, guard('Microsoft.ContainerInstance'))
  addMetricsRoute(app, services, guard('Microsoft.Insights'))
  addRegistryRoutes(app, services, options.token)
  return app
}

function addMetricsRoute(app: FastifyInstance, { place, cluster, world }: Services, guard: Guard): void {
  app.get(
    `${SERVER}/providers/Microsoft.Insights/metrics`,
    guard(({ query }) => metricsDocument(place, cluster, world, query as MetricsQuery)),
  )
}

function addServerRoutes(app: FastifyInstance, services: Services, guard: Guard): void {
  const { servers, operations } = services
  app.get(
    SERVER,
    guard(() => servers.get()),
  )
  app.get(
    `${SERVER}/configurations`,
    guard(() => servers.parameters()),
  )
  app.get(
    `${SERVER}/configurations/:name`,
    guard(({ params }) => servers.parameter(params.name ?? '')),
  )
  app.get(
    `${SERVER}/capabilities`,
    guard(() => servers.capabilities()),
  )
  app.get(
    `${DATABASE_LOCATION}/capabilities`,
    guard(() => servers.capabilities()),
  )
  app.post(
    `${SERVER}/restart`,
    guard(({ body }, reply) => acceptRestart(services, reply, servers.restart(body))),
  )
  app.get(
    `${DATABASE_LOCATION}/azureAsyncOperation/:id`,
    guard(({ params }) => operationStatus(operations.get(params.id ?? ''))),
  )
  app.get(
    `${DATABASE_LOCATION}/operationResults/:id`,
    guard(({ params }, reply) => {
      const { status } = operations.get(params.id ?? '')
      return reply.status(status === 'InProgress' ? 202 : 200).send()
    }),
  )
}

function acceptRestart({ url, place }: Services, reply: FastifyReply, { id }: Operation): FastifyReply {
  const base = `${url}${locationId(place, 'Microsoft.DBforPostgreSQL')}`
  const version = `?api-version=${VERSIONS['Microsoft.DBforPostgreSQL'][0]}`
  return reply
    .status(202)
    .header('Azure-AsyncOperation', `${base}/azureAsyncOperation/${id}${version}`)
    .header('Location', `${base}/operationResults/${id}${version}`)
    .header('Retry-After', '10')
    .send()
}

function addGroupRoutes(app: FastifyInstance, services: Services, guard: Guard): void {
  const { groups, operations } = services
  const GROUP_OF_NAME = `${CONTAINERS}/:name`
  app.get(
    CONTAINERS,
    guard(() => groups.list()),
  )
  app.get(
    GROUP_OF_NAME,
    guard(({ params }) => groups.get(params.name ?? '')),
  )
  app.put(
    GROUP_OF_NAME,
    guard(({ params, body }, reply) => {
      const { status, document, operation } = groups.put(params.name ?? '', body)
      return pointToOperation(services, reply, operation).status(status).send(document)
    }),
  )
  app.delete(
    GROUP_OF_NAME,
    guard(({ params }, reply) => {
      const operation = groups.delete(params.name ?? '')
      if (operation === null) return reply.status(204).send()
      return pointToOperation(services, reply, operation).status(202).send()
    }),
  )
  app.get(
    `${GROUP_OF_NAME}/containers/:container/logs`,
    guard(({ params, query }) => groups.logs(params.name ?? '', params.container ?? '', tailOf(query))),
  )
  app.get(
    `${CONTAINER_LOCATION}/usages`,
    guard(() => groups.usages()),
  )
  app.get(
    `${CONTAINER_LOCATION}/capabilities`,
    guard(() => groups.capabilities()),
  )
  app.get(
    `${GROUP}/Microsoft.ContainerInstance/locations/:location/operations/:id`,
    guard(({ params }) => operationStatus(operations.get(params.id ?? ''))),
  )
}

function pointToOperation({ url, place }: Services, reply: FastifyReply, { id }: Operation): FastifyReply {
  const path = resourceId(place, 'Microsoft.ContainerInstance/locations', `${place.location}/operations/${id}`)
  const version = VERSIONS['Microsoft.ContainerInstance'][0]
  return reply.header('Azure-AsyncOperation', `${url}${path}?api-version=${version}`)
}

function tailOf(query: unknown): number | null {
  const { tail } = query as { readonly tail?: string }
  return tail === undefined ? null : Number(tail)
}

function requireServer(place: Place, server: string): void {
  if (server.toLowerCase() !== place.server.toLowerCase())
    throw resourceNotFound(FLEXIBLE_SERVERS, server, place.resourceGroup)
}

function createApp({ certificate }: RouteOptions): FastifyInstance {
  const app = Fastify({
    serverFactory: (handler) =>
      createTlsServer({ cert: certificate.certificatePem, key: certificate.privateKeyPem }, handler),
    forceCloseConnections: true,
    // Resource Manager's paths are not case-sensitive, and the metrics SDK begins them with two slashes.
    routerOptions: { caseSensitive: false, ignoreDuplicateSlashes: true, maxParamLength: 300 },
  })
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
    done(null, body),
  )
  // Some clients name a content type also where they send nothing.
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => parseJson(body, done))
  app.setErrorHandler((error, _request, reply) => {
    const { status, code, message } = armErrorOf(error)
    return reply.status(status).send(errorBody(code, message))
  })
  app.setNotFoundHandler((request, reply) =>
    reply
      .status(404)
      .send(errorBody('NotFound', `No ${request.method} of '${request.url.split('?', 1)[0]}' is served here.`)),
  )
  return app
}

function parseJson(body: string | Buffer, done: (error: Error | null, value?: unknown) => void): void {
  try {
    done(null, body.length === 0 ? undefined : JSON.parse(body.toString()))
  } catch (cause) {
    done(new ArmError(400, 'InvalidRequestContent', `The request content was invalid: ${String(cause)}.`))
  }
}

function armErrorOf(error: unknown): ArmError {
  if (error instanceof ArmError) return error
  const { statusCode = 500, message = String(error) } = error as {
    readonly statusCode?: number
    readonly message?: string
  }
  return new ArmError(statusCode, statusCode < 500 ? 'InvalidRequestContent' : 'InternalServerError', message)
}
