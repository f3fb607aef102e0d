/**
 * Puts `@azure/functions-core` in place as the real worker does, by answering `require` for that one name, and keeps
 * what an app registers through it. The library asks for the module once per process and keeps it, so there is one
 * module here too, and what it is told goes to whichever app is being loaded at that moment.
 */
import Module from 'node:module'
import type { FunctionCallback, FunctionMetadata, HookCallback, ProgrammingModel } from './core-types.ts'

export interface RegisteredFunction {
  readonly metadata: FunctionMetadata
  readonly callback: FunctionCallback
}

export interface Registrations {
  readonly functions: Map<string, RegisteredFunction>
  readonly hooks: Map<string, HookCallback[]>
  readonly appHookData: Record<string, unknown>
  programmingModel: ProgrammingModel | undefined
  /** Where the library takes streamed requests, when the app has asked for streams. */
  httpUri: string | undefined
}

export type CoreLog = (level: string, category: string, message: string) => void

const CORE_MODULE = '@azure/functions-core'
/** What the app is told it runs on: recent enough for everything that the library offers (streams 4.28, log hooks 4.34). */
const HOST_VERSION = '4.1045.0'
const WORKER_VERSION = '3.12.0'

/** The rule of the host, which leaves out functions of any other name. */
const FUNCTION_NAME = /^[a-z][a-z0-9_-]{0,126}$/i

let loading: Registrations | undefined
let programmingModel: ProgrammingModel | undefined
let log: CoreLog = () => undefined

export const newRegistrations = (): Registrations => ({
  functions: new Map(),
  hooks: new Map(),
  appHookData: {},
  programmingModel: undefined,
  httpUri: undefined,
})

/** Everything that is registered while `load` runs belongs to `registrations`. */
export async function register(registrations: Registrations, load: () => Promise<unknown>): Promise<void> {
  provideCoreModule()
  loading = registrations
  try {
    await load()
    registrations.programmingModel = programmingModel
    registrations.httpUri = (await programmingModel?.getCapabilities({}))?.HttpUri
  } finally {
    loading = undefined
  }
}

export function setCoreLog(to: CoreLog): void {
  log = to
}

const coreModule = {
  version: WORKER_VERSION,
  hostVersion: HOST_VERSION,
  registerFunction(metadata: FunctionMetadata, callback: FunctionCallback) {
    const { functions } = duringStartup('function')
    if (!FUNCTION_NAME.test(metadata.name))
      throw new Error(`"${metadata.name}" is no function name: a letter, then up to 126 letters, digits, _ and -`)
    if (functions.has(metadata.name))
      throw new Error(`A function with name "${metadata.name}" has already been registered.`)
    functions.set(metadata.name, { metadata, callback })
    return new Disposable(() => functions.delete(metadata.name))
  },
  registerHook(name: string, callback: HookCallback) {
    const { hooks } = duringStartup('hook')
    const callbacks = hooks.get(name) ?? []
    hooks.set(name, callbacks)
    callbacks.push(callback)
    return new Disposable(() => callbacks.splice(callbacks.indexOf(callback), 1))
  },
  setProgrammingModel(model: ProgrammingModel) {
    programmingModel = model
  },
  getProgrammingModel: () => programmingModel,
  log: (level: string, category: string, message: string) => log(level, category, message),
  get Disposable() {
    return Disposable
  },
}

function duringStartup(what: string): Registrations {
  if (loading === undefined) throw new Error(`A ${what} can only be registered during app startup.`)
  return loading
}

class Disposable {
  readonly #dispose: () => unknown

  constructor(dispose: () => unknown) {
    this.#dispose = dispose
  }

  dispose(): void {
    this.#dispose()
  }
}

let provided = false

function provideCoreModule(): void {
  if (provided) return
  provided = true
  const { require: original } = Module.prototype
  Module.prototype.require = Object.assign(function (this: Module, id: string) {
    return id === CORE_MODULE ? coreModule : original.call(this, id)
  }, original) as typeof original
}
