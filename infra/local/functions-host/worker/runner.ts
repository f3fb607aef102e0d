/**
 * Calls the functions of an app as the worker of Azure does: the library's own programming model turns the host's data into the
 * handler's arguments, and the handler's result into the host's data.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { InvocationContext } from '@azure/functions'
import type { App } from '../engine/engine.ts'
import type { OrchestratorFunction } from '../engine/turn.ts'
import type { TimerInfo } from '../timers/timers.ts'
import type { RegisteredFunction, Registrations } from './core-module.ts'
import type { CoreInvocationContext, RpcData, RpcHttp, RpcResponse } from './core-types.ts'
import { type AppFunctions, type HttpFunction, type TimerFunction, triggerName } from './functions.ts'

interface RunnerOptions {
  readonly registrations: Registrations
  readonly functions: AppFunctions
  readonly functionTimeoutMs: number
  readonly hubName: string
  /** The address for durable-functions' client. */
  readonly rpcBaseUrl: () => string
  readonly log: FunctionLog
}

type FunctionLog = (functionName: string, level: string, message: string) => void

interface Invocation {
  readonly response: RpcResponse
  readonly context: InvocationContext
}

export class Runner {
  readonly #options: RunnerOptions

  constructor(options: RunnerOptions) {
    this.#options = options
  }

  async callHttp({ registered }: HttpFunction, http: RpcHttp): Promise<RpcResponse> {
    return (await this.#invoke(registered, { http })).response
  }

  async callTimer({ registered }: TimerFunction, info: TimerInfo): Promise<void> {
    await this.#invoke(registered, { json: JSON.stringify(info) })
  }

  /** The app as the engine sees it. */
  get app(): App {
    const { orchestrators, activities } = this.#options.functions
    return {
      orchestrator: (name) => this.#orchestrator(orchestrators.get(name)),
      hasActivity: (name) => activities.has(name),
      runActivity: ({ name, input, instanceId }) => this.call(name, input, instanceId),
    }
  }

  /** An orchestrator or an activity, with the trigger's data as text. The answer is JSON text. */
  async call(name: string, data: string | null, instanceId: string | null): Promise<string> {
    const { orchestrators, activities } = this.#options.functions
    const registered = orchestrators.get(name) ?? activities.get(name)
    if (registered === undefined) throw new Error(`there is no function ${name}`)
    const { response } = await this.#invoke(registered, data === null ? {} : { string: data }, instanceId)
    return JSON.stringify(fromRpc(response.returnValue))
  }

  #orchestrator(registered: RegisteredFunction | undefined): OrchestratorFunction | undefined {
    if (registered === undefined) return undefined
    return async (trigger) => {
      // The history is not enumerable, so it is named here for its way through JSON.
      const data = { json: JSON.stringify({ ...trigger, history: trigger.history }) }
      const { response, context } = await this.#invoke(registered, data)
      return { state: fromRpc(response.returnValue), context }
    }
  }

  async #invoke(
    registered: RegisteredFunction,
    trigger: RpcData,
    instanceId: string | null = null,
  ): Promise<Invocation> {
    const { log, functionTimeoutMs } = this.#options
    const { name } = registered.metadata
    const core = this.#coreContext(registered, trigger, instanceId)
    try {
      return await withinTime(this.#run(registered, core), functionTimeoutMs, name, core.invocationId)
    } catch (error) {
      log(name, 'error', messageOfFailure(error))
      throw error
    }
  }

  async #run({ metadata, callback }: RegisteredFunction, core: CoreInvocationContext): Promise<Invocation> {
    const model = this.#options.registrations.programmingModel
    if (model === undefined) throw new Error(`the app never used @azure/functions, so ${metadata.name} cannot run`)
    const invocation = model.getInvocationModel(core)
    const { context, inputs } = await invocation.getArguments()
    const result = await invocation.invokeFunction(context, inputs, callback)
    return { response: await invocation.getResponse(context, result), context: context as InvocationContext }
  }

  #coreContext(registered: RegisteredFunction, trigger: RpcData, instanceId: string | null): CoreInvocationContext {
    const { metadata } = registered
    const invocationId = randomUUID()
    return {
      invocationId,
      metadata,
      request: {
        invocationId,
        functionId: metadata.name,
        triggerMetadata: instanceId === null ? {} : { instanceId: { string: instanceId } },
        inputData: [{ name: triggerName(registered), data: trigger }, ...this.#clientInputs(registered)],
      },
      log: (level, _category, message) => this.#options.log(metadata.name, level, message),
    }
  }

  /** What a `durableClient` binding gives to a function. The library needs the other addresses only without `rpcBaseUrl`. */
  #clientInputs({ metadata }: RegisteredFunction): { name: string; data: RpcData }[] {
    const { hubName: taskHubName, rpcBaseUrl } = this.#options
    const client = { taskHubName, creationUrls: {}, managementUrls: {}, rpcBaseUrl: rpcBaseUrl() }
    return Object.entries(metadata.bindings)
      .filter(([, { type }]) => type === 'durableClient')
      .map(([name]) => ({ name, data: { json: JSON.stringify(client) } }))
  }
}

function fromRpc(data: RpcData | null | undefined): unknown {
  if (data === null || data === undefined) return null
  if (data.json !== undefined) return JSON.parse(data.json)
  return data.string ?? data.int ?? data.double ?? null
}

const OUT_OF_PROC_DATA = '\n\n$OutOfProcData$:'

/** An orchestrator's failure carries its whole state behind a marker; the log gets the part in front of it. */
function messageOfFailure(error: unknown): string {
  const { stack, message } = error as Error
  return (stack ?? message ?? String(error)).split(OUT_OF_PROC_DATA)[0] ?? ''
}

/** The real host ends the worker's process at the limit; this one only stops waiting. */
async function withinTime<T>(running: Promise<T>, limitMs: number, name: string, invocationId: string): Promise<T> {
  const isOver = new AbortController()
  const late = sleep(limitMs, null, { ref: false, signal: isOver.signal }).then(() => {
    throw new Error(`Timeout value of ${limitMs / 1000} s exceeded by function '${name}' (Id: '${invocationId}').`)
  })
  try {
    return await Promise.race([running, late])
  } finally {
    isOver.abort()
  }
}
