/** The routes of the endpoint: every request that it answers, and the call that answers it. */
import { randomUUID } from 'node:crypto'
import { createServer as createTlsServer } from 'node:https'
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import type { Cluster } from '../cluster/cluster.ts'
import {
  type Addressed,
  ArmError,
  errorBody,
  KILL_PATH,
  locationId,
  type Place,
  type Places,
  resourceId,
  SPLIT_BRAIN_PATH,
} from './arm/arm.ts'
import { letWeatherFall, requirePlace, requireToken, requireVersion } from './arm/guard.ts'
import { type Operation, type Operations, operationStatus } from './arm/operations.ts'
import type { WeatherFall } from './arm/weather-fall.ts'
import type { Switches } from './control.ts'
import type { Groups } from './groups.ts'
import { type MetricsQuery, metricsDocument } from './metrics.ts'
import { type ActivityLog, healthDocument } from './platform-records.ts'
import { addRegistryRoutes, type Registry } from './registry.ts'
import type { ServerActions } from './server-actions.ts'
import type { ServerReads } from './servers.ts'

/** Of one server, and of its replica. */
export interface ServerServices {
  readonly place: Place
  readonly places: Places
  readonly cluster: Cluster
  readonly switches: Switches
  readonly reads: ServerReads
  readonly actions: ServerActions
}

export interface Services {
  readonly url: string
  /** Groups and operations live with the first. */
  readonly servers: readonly [ServerServices, ...ServerServices[]]
  readonly operations: Operations
  readonly registry: Registry
  readonly groups: Groups
  readonly weather: WeatherFall
  readonly activities: ActivityLog
}

export interface RouteOptions {
  readonly certificate: { readonly certificatePem: string; readonly privateKeyPem: string }
  /** The bearer token of all callers. A secret. */
  readonly token: string
  /** For tests, which add hooks before there are routes: they list requests and replace answers. */
  readonly addHooks?: (app: FastifyInstance) => void
}

/** The api-versions of the SDKs. The first is the one in the operation URLs. */
const VERSIONS = {
  'Microsoft.DBforPostgreSQL': ['2025-08-01'],
  'Microsoft.ContainerInstance': ['2023-05-01'],
  'Microsoft.Insights': ['2024-02-01'],
  'Microsoft.Insights/eventtypes': ['2015-04-01'],
  'Microsoft.ResourceHealth': ['2025-04-01'],
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
type Route = (method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE', url: string, handler: Handler) => void

export function createRoutes(services: Services, options: RouteOptions): FastifyInstance {
  const app = createApp(options)
  options.addHooks?.(app)
  letWeatherFall(app, services.weather)
  const routeOf =
    (provider: Provider): Route =>
    (method, url, handler) =>
      app.route({
        method,
        url,
        handler: (request, reply) => {
          const params = request.params as Params
          requireToken(request, options.token)
          requireVersion(request, VERSIONS[provider], provider)
          const [first, ...more] = services.servers
          requirePlace([first.places, ...more.map(({ places }) => places)], params)
          if (params.server !== undefined) namedServer(services, params)
          return handler({ params, query: request.query, body: request.body }, reply)
        },
      })
  addServerRoutes(routeOf('Microsoft.DBforPostgreSQL'), services)
  addGroupRoutes(routeOf('Microsoft.ContainerInstance'), services)
  addMetricsRoute(routeOf('Microsoft.Insights'), services)
  routeOf('Microsoft.Insights/eventtypes')(
    'GET',
    `${SUBSCRIPTION}/providers/Microsoft.Insights/eventtypes/management/values`,
    ({ query }) => services.activities.document((query as { readonly $filter?: string }).$filter),
  )
  routeOf('Microsoft.ResourceHealth')(
    'GET',
    `${SERVER}/providers/Microsoft.ResourceHealth/availabilityStatuses`,
    ({ params }) => {
      const { server, of } = namedServer(services, params)
      return healthDocument(server, of.cluster)
    },
  )
  addRegistryRoutes(app, { ...services, switches: services.servers[0].switches }, options.token)
  addLocalRoutes(app, services, options.token)
  return app
}

interface Named {
  readonly server: Addressed
  readonly of: ServerServices
}

/** The server that a path names. */
function namedServer({ servers }: Services, { server = '', group = '' }: Params): Named {
  const of = servers.find(({ reads }) => reads.has(server, group)) ?? servers[0]
  return { server: of.reads.find(server, group), of }
}

/** What Azure does not offer: the crash of the first server, and a failover of it that does not fence the old primary. */
function addLocalRoutes(app: FastifyInstance, { servers: [{ cluster }] }: Services, token: string): void {
  app.post(KILL_PATH, async (request, reply) => {
    requireToken(request, token)
    await cluster.kill()
    return reply.status(204).send()
  })
  app.post(SPLIT_BRAIN_PATH, async (request, reply) => {
    requireToken(request, token)
    cluster.splitBrain()
    return reply.status(204).send()
  })
}

function addMetricsRoute(route: Route, services: Services): void {
  route('GET', `${SERVER}/providers/Microsoft.Insights/metrics`, ({ params, query }) => {
    const { server, of } = namedServer(services, params)
    services.weather.readMetrics(of.cluster.samples())
    return metricsDocument(server, of.cluster, of.switches, query as MetricsQuery)
  })
}

function addServerRoutes(route: Route, services: Services): void {
  const { operations } = services
  const [{ reads: anyReads }] = services.servers
  const read = <T>(call: Call, of: (reads: ServerReads, server: Addressed) => T): T => {
    const { server, of: own } = namedServer(services, call.params)
    return of(own.reads, server)
  }
  const accept = (
    call: Call,
    reply: FastifyReply,
    [method, action]: readonly [method: string, action: string],
    begin: (actions: ServerActions, server: Addressed) => Operation,
  ) => {
    const { server, of } = namedServer(services, call.params)
    const operation = begin(of.actions, server)
    services.activities.note({ place: server.place, action, method, operation })
    return acceptOperation(services, reply, server, operation)
  }
  route('GET', SERVER, (call) => read(call, (reads, server) => reads.get(server)))
  route('GET', `${SERVER}/replicas`, (call) => read(call, (reads, server) => reads.replicas(server)))
  route('GET', `${SERVER}/virtualendpoints`, (call) => read(call, (reads, server) => reads.virtualEndpoints(server)))
  route('GET', `${SERVER}/virtualendpoints/:name`, (call) =>
    read(call, (reads, server) => reads.virtualEndpoint(server, call.params.name ?? '')),
  )
  route('GET', `${SERVER}/configurations`, (call) => read(call, (reads, server) => reads.parameters(server)))
  route('GET', `${SERVER}/configurations/:name`, (call) =>
    read(call, (reads, server) => reads.parameter(server, call.params.name ?? '')),
  )
  route('GET', `${SERVER}/capabilities`, (call) => read(call, (reads) => reads.capabilities()))
  route('GET', `${DATABASE_LOCATION}/capabilities`, () => anyReads.capabilities())
  route('PATCH', SERVER, (call, reply) =>
    accept(call, reply, ['PATCH', 'write'], (actions, server) => actions.patch(server, call.body)),
  )
  route('POST', `${SERVER}/restart`, (call, reply) =>
    accept(call, reply, ['POST', 'restart/action'], (actions, server) => actions.restart(server, call.body)),
  )
  for (const action of ['start', 'stop'] as const)
    route('POST', `${SERVER}/${action}`, (call, reply) =>
      accept(call, reply, ['POST', `${action}/action`], (actions, server) => actions.power(server, action)),
    )
  route('GET', `${DATABASE_LOCATION}/azureAsyncOperation/:id`, ({ params }) =>
    operationStatus(operations.get(params.id ?? ''), services.weather),
  )
  route('GET', `${DATABASE_LOCATION}/operationResults/:id`, ({ params }, reply) => {
    const { status } = operations.get(params.id ?? '')
    return reply.status(status === 'InProgress' ? 202 : 200).send()
  })
}

function acceptOperation(
  { url }: Services,
  reply: FastifyReply,
  { place }: Addressed,
  { id }: Operation,
): FastifyReply {
  const base = `${url}${locationId(place, 'Microsoft.DBforPostgreSQL')}`
  const version = `?api-version=${VERSIONS['Microsoft.DBforPostgreSQL'][0]}`
  return reply
    .status(202)
    .header('Azure-AsyncOperation', `${base}/azureAsyncOperation/${id}${version}`)
    .header('Location', `${base}/operationResults/${id}${version}`)
    .header('Retry-After', '10')
    .send()
}

function addGroupRoutes(route: Route, services: Services): void {
  const { groups, operations } = services
  const group = `${CONTAINERS}/:name`
  route('GET', CONTAINERS, () => groups.list())
  route('GET', group, ({ params }) => groups.get(params.name ?? ''))
  route('PUT', group, ({ params, body }, reply) => {
    const { status, document, operation } = groups.put(params.name ?? '', body)
    return pointToOperation(services, reply, operation).status(status).send(document)
  })
  route('DELETE', group, ({ params }, reply) => {
    const operation = groups.delete(params.name ?? '')
    if (operation === null) return reply.status(204).send()
    return pointToOperation(services, reply, operation).status(202).send()
  })
  route('GET', `${group}/containers/:container/logs`, ({ params, query }) =>
    groups.logs(params.name ?? '', params.container ?? '', tailOf(query)),
  )
  route('GET', `${CONTAINER_LOCATION}/usages`, () => groups.usages())
  route('GET', `${CONTAINER_LOCATION}/capabilities`, () => groups.capabilities())
  route('GET', `${GROUP}/Microsoft.ContainerInstance/locations/:location/operations/:id`, ({ params }) =>
    operationStatus(operations.get(params.id ?? ''), services.weather),
  )
}

function pointToOperation(
  { url, servers: [{ place }] }: Services,
  reply: FastifyReply,
  { id }: Operation,
): FastifyReply {
  const path = resourceId(place, 'Microsoft.ContainerInstance/locations', `${place.location}/operations/${id}`)
  const version = VERSIONS['Microsoft.ContainerInstance'][0]
  return reply.header('Azure-AsyncOperation', `${url}${path}?api-version=${version}`)
}

function tailOf(query: unknown): number | null {
  const { tail } = query as { readonly tail?: string }
  return tail === undefined ? null : Number(tail)
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
  app.addHook('onRequest', async (_request, reply) => void reply.header('x-ms-request-id', randomUUID()))
  // Some clients send a content type with an empty body.
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => parseJson(body, done))
  app.setErrorHandler((error, _request, reply) => {
    const { status, code, message, inner } = armErrorOf(error)
    return reply.status(status).send(errorBody(code, message, inner))
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
