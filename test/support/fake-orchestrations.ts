/** The orchestration service as triggers see it: instances by id, and the refusals of the real one. */
import type { Orchestrations, Purges, Terminations } from '../../functions/triggers/orchestrations.ts'

export interface FakeInstance {
  runtimeStatus: string
  readonly input: unknown
  customStatus: unknown
  output: unknown
  readonly events: Array<{ readonly name: string; readonly data: unknown }>
}

export class FakeOrchestrations {
  readonly instances = new Map<string, FakeInstance>()
  readonly #now: () => Date
  /** Fails every call while it says so. */
  isAway: () => boolean = () => false
  startFails = false
  /** Filters of the purges that were asked for. */
  readonly purges: unknown[] = []

  constructor(now: () => Date) {
    this.#now = now
  }

  /** Only the calls that triggers make; anything else would be undefined and fail the test. */
  get client(): Orchestrations & Terminations & Purges {
    return {
      startNew: (_name: string, options: { instanceId?: string; input?: unknown }) => this.#start(options),
      getStatus: (id: string) => this.#status(id),
      raiseEvent: (id: string, name: string, data: unknown) => this.#raise(id, name, data),
      terminate: (id: string, reason: string) => this.#terminate(id, reason),
      purgeInstanceHistoryBy: async (filter: unknown) => ({ instancesDeleted: this.purges.push(filter) }),
    } as unknown as Orchestrations & Terminations & Purges
  }

  /** The instance ends by itself, or by another's hand. */
  end(id: string, runtimeStatus: string): void {
    const instance = this.instances.get(id)
    if (instance === undefined) throw new Error(`no instance ${id}`)
    instance.runtimeStatus = runtimeStatus
  }

  async #start({ instanceId = '', input }: { instanceId?: string; input?: unknown }): Promise<string> {
    this.#reach()
    if (this.startFails) throw new Error('DurableClient error: 500')
    const known = this.instances.get(instanceId)
    if (known !== undefined && ['Pending', 'Running', 'Suspended'].includes(known.runtimeStatus))
      throw new Error(`An Orchestration instance with the status ${known.runtimeStatus} already exists.`)
    this.instances.set(instanceId, { runtimeStatus: 'Running', input, customStatus: null, output: null, events: [] })
    return instanceId
  }

  async #status(id: string): Promise<unknown> {
    this.#reach()
    const instance = this.instances.get(id)
    if (instance === undefined)
      throw new Error('DurableClient error: Durable Functions extension replied with HTTP 404 response.')
    const { runtimeStatus, customStatus, output } = instance
    return {
      instanceId: id,
      runtimeStatus,
      customStatus,
      output,
      createdTime: this.#now(),
      lastUpdatedTime: this.#now(),
    }
  }

  async #raise(id: string, name: string, data: unknown): Promise<void> {
    this.#reach()
    const instance = this.instances.get(id)
    if (instance === undefined) throw new Error(`No instance with ID '${id}' found.`)
    instance.events.push({ name, data })
  }

  async #terminate(id: string, reason: string): Promise<void> {
    this.#reach()
    const instance = this.instances.get(id)
    if (instance === undefined) throw new Error(`No instance with ID '${id}' found.`)
    instance.runtimeStatus = 'Terminated'
    instance.output = reason
  }

  #reach(): void {
    if (this.isAway()) throw new Error('connect ECONNREFUSED http://127.0.0.1:9999/runtime/webhooks?code=system-key')
  }
}
