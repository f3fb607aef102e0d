/**
 * The HTTP management API of the Durable extension (`/runtime/webhooks/durabletask`), which durable-functions' own
 * client calls. Status codes and messages are those of the extension's HttpApiHandler as far as they are public.
 * Entities are not hosted here, and their routes say so.
 */
import { type Engine, InstanceRefusedError } from '../engine/engine.ts'
import type { Instance } from '../engine/instance.ts'
import { eventRaised, resumed, suspended, terminated } from '../engine/messages.ts'
import { type HistoryEvent, hasEnded } from '../engine/wire.ts'
import { type Answer, type Asked, empty, json } from '../http/exchange.ts'
import { ArgumentError, checkedId, checkName, jsonProblem, newId, problem } from './arguments.ts'
import { managementUrls } from './client-binding.ts'
import { listInstances, type Query, readQuery } from './query.ts'
import { statusOf } from './status.ts'

export interface ManagementOptions {
  readonly engine: Engine
  readonly hubName: string
  readonly orchestratorNames: readonly string[]
  readonly webhook: () => { readonly baseUrl: string; readonly systemKey: string }
  readonly nowMs: () => number
}

interface Target {
  readonly asked: Asked
  readonly instanceId: string
  readonly instance: Instance
}

export class Management {
  readonly #options: ManagementOptions

  constructor(options: ManagementOptions) {
    this.#options = options
  }

  /** `path` is what follows the webhook's address, percent-encoded. */
  async handle(path: string, asked: Asked): Promise<Answer> {
    try {
      return await this.#route(
        path
          .split('/')
          .filter((part) => part !== '')
          .map(decodeURIComponent),
        asked,
      )
    } catch (error) {
      const { name, message } = error as Error
      if (error instanceof ArgumentError)
        return problem(400, 'One or more of the arguments submitted is incorrect', name, message)
      if (error instanceof InstanceRefusedError) return json(409, { Message: message })
      return problem(500, 'Something went wrong while processing your request', name, message)
    }
  }

  async #route([first = '', ...rest]: readonly string[], asked: Asked): Promise<Answer> {
    const hub = asked.url.searchParams.get('taskHub') ?? ''
    if (hub !== '' && hub.toLowerCase() !== this.#options.hubName.toLowerCase()) return empty(404)
    switch (first.toLowerCase()) {
      case 'orchestrators':
        return asked.method === 'POST' && rest.length <= 2 ? this.#start(asked, rest[0] ?? '', rest[1]) : empty(404)
      case 'instances':
        return this.#instances(asked, rest)
      case 'entities':
        return json(501, {
          Message: 'The local Functions host has no durable entities; use an orchestration or a blob.',
        })
      default:
        return empty(404)
    }
  }

  async #instances(asked: Asked, [instanceId, operation, eventName]: readonly string[]): Promise<Answer> {
    if (instanceId === undefined) return this.#all(asked)
    if (operation?.toLowerCase() === 'restart' && asked.method === 'POST') return this.#restart(asked, instanceId)
    const instance = this.#options.engine.get(instanceId)
    if (instance === undefined) return empty(404)
    const target = { asked, instanceId, instance }
    if (operation === undefined) return this.#one(target)
    if (asked.method !== 'POST') return empty(404)
    return this.#operate(target, operation.toLowerCase(), eventName)
  }

  #one({ asked, instance }: Target): Answer {
    if (asked.method === 'GET') return this.#status(asked, instance)
    if (asked.method === 'DELETE') return json(200, { instancesDeleted: this.#purge([instance]) })
    return empty(404)
  }

  #operate(target: Target, operation: string, eventName: string | undefined): Answer {
    const reason = target.asked.url.searchParams.get('reason') ?? ''
    switch (operation) {
      case 'terminate':
        return this.#tell(target, terminated(reason))
      case 'suspend':
        return this.#tell(target, suspended(reason))
      case 'resume':
        return this.#tell(target, resumed(reason))
      case 'raiseevent':
        return eventName === undefined ? empty(404) : this.#raise(target, eventName)
      case 'rewind':
        return this.#rewind(target)
      default:
        return empty(404)
    }
  }

  #tell({ instanceId }: Target, message: HistoryEvent): Answer {
    return this.#options.engine.send(instanceId, message) ? empty(202) : empty(410)
  }

  #raise(target: Target, eventName: string): Answer {
    const { asked, instance } = target
    if (hasEnded(instance.status)) return empty(410)
    const [mediaType = ''] = (asked.headers['content-type'] ?? '').split(';')
    if (mediaType.trim().toLowerCase() !== 'application/json')
      return json(400, { Message: 'Only application/json request content is supported' })
    const data = asked.body.toString('utf8')
    const invalid = jsonProblem(data)
    return invalid ?? this.#tell(target, eventRaised(eventName, data))
  }

  #rewind({ instanceId, instance }: Target): Answer {
    if (instance.status === 'Failed') {
      this.#options.engine.rewind(instanceId)
      return empty(202)
    }
    if (hasEnded(instance.status)) return empty(410)
    return json(412, 'The rewind operation is only supported on failed orchestration instances.')
  }

  async #start(asked: Asked, name: string, givenId: string | undefined): Promise<Answer> {
    const text = asked.body.toString('utf8')
    const invalid = text === '' ? undefined : jsonProblem(text)
    if (invalid !== undefined) return invalid
    const instanceId = checkedId(givenId)
    checkName(name, this.#options.orchestratorNames)
    this.#options.engine.start({
      instanceId,
      name,
      version: asked.url.searchParams.get('version'),
      input: text === '' ? null : text,
      parent: null,
    })
    return this.#started(asked, instanceId)
  }

  #restart(asked: Asked, instanceId: string): Answer {
    const { engine } = this.#options
    const instance = engine.get(instanceId)
    if (instance === undefined)
      return json(400, { Message: 'InstanceId does not match a valid orchestration instance.' })
    const anew = asked.url.searchParams.get('restartWithNewInstanceId')?.toLowerCase() !== 'false'
    const { name, version, input } = instance
    const nextId = anew ? newId() : instanceId
    engine.start({ instanceId: nextId, name, version, input, parent: null })
    return this.#accepted(nextId)
  }

  async #started(asked: Asked, instanceId: string): Promise<Answer> {
    const timeoutMs = 1000 * Number(asked.url.searchParams.get('timeout') ?? Number.NaN)
    const intervalMs = 1000 * Number(asked.url.searchParams.get('pollingInterval') ?? Number.NaN)
    if (Number.isNaN(timeoutMs) || Number.isNaN(intervalMs)) return this.#accepted(instanceId)
    const ended = await this.#waitFor(instanceId, timeoutMs)
    if (ended === undefined) return this.#accepted(instanceId)
    return ended.status === 'Completed' ? json(200, JSON.parse(ended.output ?? 'null')) : this.#status(asked, ended)
  }

  async #waitFor(instanceId: string, timeoutMs: number): Promise<Instance | undefined> {
    const untilMs = performance.now() + timeoutMs
    for (;;) {
      const instance = this.#options.engine.get(instanceId)
      if (instance !== undefined && hasEnded(instance.status)) return instance
      if (performance.now() >= untilMs) return undefined
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  #accepted(instanceId: string): Answer {
    const links = managementUrls({ ...this.#options.webhook(), hubName: this.#options.hubName }, instanceId)
    return json(202, links, { location: links.statusQueryGetUri ?? '', 'retry-after': '10' })
  }

  #status(asked: Asked, instance: Instance): Answer {
    const shown = statusOf(instance, readQuery(asked.url).show)
    if (!hasEnded(instance.status)) return json(202, shown, { location: asked.url.href, 'retry-after': '5' })
    const asError = asked.url.searchParams.get('returnInternalServerErrorOnFailure')?.toLowerCase() === 'true'
    return json(instance.status === 'Failed' && asError ? 500 : 200, shown)
  }

  #all(asked: Asked): Answer {
    const query = readQuery(asked.url)
    if (asked.method === 'GET') return this.#page(query, asked.headers['x-ms-continuation-token'])
    if (asked.method !== 'DELETE') return empty(404)
    if (query.createdFromMs === undefined) return json(400, "Please provide value for 'createdTimeFrom' parameter.")
    const { items } = listInstances(this.#options.engine.list(), { ...query, pageSize: Number.POSITIVE_INFINITY }, '')
    const instancesDeleted = this.#purge(items)
    return instancesDeleted === 0 ? empty(404) : json(200, { instancesDeleted })
  }

  #page(query: Query, token = ''): Answer {
    const { items, next } = listInstances(this.#options.engine.list(), query, token)
    const shown = items.map((instance) => statusOf(instance, { ...query.show, showHistory: false }))
    return json(200, shown, next === undefined ? {} : { 'x-ms-continuation-token': next })
  }

  /** Only what has ended can be purged. */
  #purge(instances: readonly Instance[]): number {
    const ended = instances.filter((instance) => hasEnded(instance.status))
    for (const { instanceId } of ended) this.#options.engine.purge(instanceId)
    return ended.length
  }
}
