/** Runs an app's functions: gives each trigger's data the form that the library expects, and reads its answers. */
import { randomUUID } from 'node:crypto'
import { InvocationContext } from '@azure/functions'
import type { ActivityTask } from '../engine/activities.ts'
import type { App } from '../engine/engine.ts'
import type { OrchestratorFunction } from '../engine/turn.ts'
import type { TimerInfo } from '../timers/timers.ts'
import type { RegisteredFunction, Registrations } from '../worker/core-module.ts'
import type { RpcData } from '../worker/core-types.ts'
import { type Inputs, type Invocation, type InvocationLog, invoke } from '../worker/invocation.ts'
import type { Answer, Asked } from './exchange.ts'
import { fromRpcResponse, toRpcRequest } from './function-http.ts'
import type { AppFunctions, HttpFunction, TimerFunction } from './functions.ts'
import type { RouteValues } from './route.ts'
import { proxy, streamMetadata } from './stream-proxy.ts'

export interface RunnerOptions {
  readonly registrations: Registrations
  readonly functions: AppFunctions
  readonly functionTimeoutMs: number
  /** JSON text for `durableClient` bindings. */
  readonly durableClient: () => string
  readonly log: InvocationLog
}

export class Runner {
  readonly #options: RunnerOptions
  #underWay = 0

  constructor(options: RunnerOptions) {
    this.#options = options
  }

  /** Calls of HTTP and timer functions that have not ended; the engine counts its own. */
  get underWay(): number {
    return this.#underWay
  }

  async callHttp({ registered }: HttpFunction, asked: Asked, values: RouteValues): Promise<Answer> {
    const trigger = { http: toRpcRequest(asked, values) }
    const { httpUri } = this.#options.registrations
    if (httpUri !== undefined) return this.#callStreamed(registered, httpUri, asked, values)
    const { response } = await this.#counted(() => this.#invoke(registered, { trigger }))
    return fromRpcResponse(response)
  }

  /** The answer comes by the library's port, while the call is still going on; a call that fails never sends one. */
  #callStreamed(registered: RegisteredFunction, httpUri: string, asked: Asked, values: RouteValues): Promise<Answer> {
    const invocationId = randomUUID()
    const failed = new AbortController()
    const inputs = { trigger: { http: {} }, triggerMetadata: streamMetadata(asked, values), invocationId }
    const answered = proxy(httpUri, asked, invocationId, failed.signal)
    return new Promise((resolve, reject) => {
      answered.then(resolve, reject)
      this.#counted(() => this.#invoke(registered, inputs)).catch((error: unknown) => {
        reject(error)
        failed.abort()
      })
    })
  }

  async callTimer({ registered }: TimerFunction, info: TimerInfo): Promise<void> {
    await this.#counted(() => this.#invoke(registered, { trigger: { json: JSON.stringify(info) } }))
  }

  /** The app as the engine sees it. */
  get app(): App {
    const { orchestrators, activities } = this.#options.functions
    return {
      orchestrator: (name) => this.#orchestrator(orchestrators.get(name)),
      hasActivity: (name) => activities.has(name),
      runActivity: (task) => this.#runActivity(activities.get(task.name), task),
      newContext: (functionName, invocationId) => new InvocationContext({ functionName, invocationId }),
    }
  }

  /** An orchestrator or an activity as the extension calls it: the trigger's data is text, the answer JSON text. */
  async callText(name: string, data: string | null, instanceId: string | null): Promise<string> {
    const { orchestrators, activities } = this.#options.functions
    const registered = orchestrators.get(name) ?? activities.get(name)
    if (registered === undefined) throw new Error(`there is no function ${name}`)
    const { response } = await this.#invoke(registered, {
      trigger: data === null ? {} : { string: data },
      triggerMetadata: instanceId === null ? {} : { instanceId: { string: instanceId } },
    })
    return JSON.stringify(fromRpc(response.returnValue))
  }

  #orchestrator(registered: RegisteredFunction | undefined): OrchestratorFunction | undefined {
    if (registered === undefined) return undefined
    return async (trigger, context) => {
      // The history is not enumerable, so it is named here for its way through JSON.
      const data = { json: JSON.stringify({ ...trigger, history: trigger.history }) }
      const { response, context: used } = await this.#invoke(registered, { trigger: data })
      // The engine compares its own view of the open tasks with what the library left on its context.
      Object.assign(context, { df: (used as unknown as { df: unknown }).df })
      return fromRpc(response.returnValue)
    }
  }

  async #runActivity(
    registered: RegisteredFunction | undefined,
    { name, input, instanceId }: ActivityTask,
  ): Promise<unknown> {
    if (registered === undefined) throw new Error(`there is no activity ${name}`)
    const { response } = await this.#invoke(registered, {
      trigger: { json: JSON.stringify(input ?? null) },
      triggerMetadata: { instanceId: { string: instanceId } },
    })
    return fromRpc(response.returnValue)
  }

  async #invoke(registered: RegisteredFunction, inputs: Inputs): Promise<Invocation> {
    const { registrations, log, functionTimeoutMs } = this.#options
    const { name } = registered.metadata
    const invocationId = inputs.invocationId ?? randomUUID()
    const extra = this.#extraInputs(registered)
    const running = invoke(registrations, registered, { ...inputs, invocationId, extra }, log)
    try {
      return await withinTime(running, functionTimeoutMs, name, invocationId)
    } catch (error) {
      log(name, invocationId, 'error', messageOfFailure(error))
      throw error
    }
  }

  #extraInputs({ metadata }: RegisteredFunction): Record<string, RpcData> {
    const durable = Object.entries(metadata.bindings).filter(([, { type }]) => type === 'durableClient')
    return Object.fromEntries(durable.map(([name]) => [name, { json: this.#options.durableClient() }]))
  }

  async #counted<T>(run: () => Promise<T>): Promise<T> {
    this.#underWay += 1
    try {
      return await run()
    } finally {
      this.#underWay -= 1
    }
  }
}

function fromRpc(data: RpcData | null | undefined): unknown {
  if (data === null || data === undefined) return null
  if (data.json !== undefined) return JSON.parse(data.json)
  if (data.bytes !== undefined) return Buffer.from(data.bytes).toString('base64')
  return data.string ?? data.int ?? data.double ?? null
}

const OUT_OF_PROC_DATA = '\n\n$OutOfProcData$:'

/** An orchestrator's failure carries its whole state behind a marker; a log needs only what is in front of it. */
function messageOfFailure(error: unknown): string {
  const { stack, message } = error as Error
  return (stack ?? message ?? String(error)).split(OUT_OF_PROC_DATA)[0] ?? ''
}

/** The real host ends the worker's process when this happens; here only the wait for it ends. */
async function withinTime<T>(running: Promise<T>, limitMs: number, name: string, invocationId: string): Promise<T> {
  if (!Number.isFinite(limitMs)) return running
  let timeout: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timeout = setTimeout(
      () =>
        reject(
          new Error(`Timeout value of ${limitMs / 1000} s exceeded by function '${name}' (Id: '${invocationId}').`),
        ),
      limitMs,
    )
    timeout.unref()
  })
  try {
    return await Promise.race([running, late])
  } finally {
    clearTimeout(timeout)
  }
}
