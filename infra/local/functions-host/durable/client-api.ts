/**
 * The calls of durable-functions' client that the app makes: start, status, raise an event, terminate, purge. Status codes and messages are
 * those of the extension's HttpApiHandler.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { App, Engine } from '../engine/engine.ts'
import type { Instance } from '../engine/instance.ts'
import { eventRaised, missingFunction, terminated } from '../engine/messages.ts'
import { type HistoryEvent, hasEnded } from '../engine/wire.ts'

/** The extension's path on its local port. */
export const CLIENT_PATH = '/durabletask'

type OfInstance = FastifyRequest<{ Params: { id: string } }>

export function serveClient(server: FastifyInstance, engine: Engine, app: App): void {
  const path = (rest: string): string => CLIENT_PATH + rest
  server.post<{ Params: { name: string; id: string } }>(path('/orchestrators/:name/:id'), ({ params, body }, reply) =>
    start(engine, app, params, textOf(body), reply),
  )
  server.get(path('/instances/:id'), ({ params }: OfInstance, reply) => {
    const instance = engine.get(params.id)
    if (instance === undefined) return reply.code(404).send()
    return reply.code(hasEnded(instance.status) ? 200 : 202).send(statusOf(instance))
  })
  server.post<{ Params: { id: string; event: string } }>(
    path('/instances/:id/raiseEvent/:event'),
    ({ params: { id, event }, body }, reply) => {
      const data = textOf(body)
      const problem = jsonProblem(data)
      return problem === null ? deliver(engine, id, eventRaised(event, data), reply) : reply.code(400).send(problem)
    },
  )
  server.post<{ Params: { id: string }; Querystring: { reason?: string } }>(
    path('/instances/:id/terminate'),
    ({ params, query }, reply) => deliver(engine, params.id, terminated(query.reason ?? ''), reply),
  )
  server.delete<{ Querystring: PurgeQuery }>(path('/instances/'), ({ query }, reply) => purge(engine, query, reply))
}

interface PurgeQuery {
  readonly createdTimeFrom?: string
  readonly createdTimeTo?: string
  readonly runtimeStatus?: string
}

function purge(engine: Engine, query: PurgeQuery, reply: FastifyReply): FastifyReply {
  const [fromMs, toMs] = [Date.parse(query.createdTimeFrom ?? ''), Date.parse(query.createdTimeTo ?? '')]
  const statuses = query.runtimeStatus?.split(',')
  const instancesDeleted = engine.purge(({ createdAt, status }) => {
    const ms = Date.parse(createdAt)
    return !(ms < fromMs) && !(ms > toMs) && (statuses?.includes(status) ?? true)
  })
  return instancesDeleted === 0 ? reply.code(404).send() : reply.send({ instancesDeleted })
}

const textOf = (body: unknown): string => (body instanceof Buffer ? body.toString('utf8') : '')

function start(
  engine: Engine,
  app: App,
  { name, id }: { readonly name: string; readonly id: string },
  input: string,
  reply: FastifyReply,
): FastifyReply {
  if (app.orchestrator(name) === undefined)
    return reply.code(400).send({
      Message: 'One or more of the arguments submitted is incorrect',
      ExceptionMessage: missingFunction(name, 'orchestrator'),
    })
  const refusal = engine.start({ instanceId: id, name, input: input === '' ? null : input, parent: null })
  return refusal === null ? reply.code(202).send({ id }) : reply.code(409).send({ Message: refusal })
}

function deliver(engine: Engine, id: string, message: HistoryEvent, reply: FastifyReply): FastifyReply {
  if (engine.get(id) === undefined) return reply.code(404).send()
  return reply.code(engine.send(id, message) ? 202 : 410).send()
}

function jsonProblem(text: string): object | null {
  try {
    JSON.parse(text)
    return null
  } catch (error) {
    return { Message: 'Invalid JSON content', ExceptionMessage: (error as Error).message }
  }
}

const statusOf = (instance: Instance): Record<string, unknown> => ({
  name: instance.name,
  instanceId: instance.instanceId,
  runtimeStatus: instance.status,
  input: parsed(instance.input),
  customStatus: parsed(instance.customStatus),
  output: parsed(instance.output),
  createdTime: wholeSeconds(instance.createdAt),
  lastUpdatedTime: wholeSeconds(instance.updatedAt),
})

const parsed = (text: string | null): unknown => (text === null ? null : JSON.parse(text))
const wholeSeconds = (iso: string): string => `${iso.slice(0, 19)}Z`
