/**
 * Provides `@azure/functions-core` as the real worker does, by answering `require` for that one name, and keeps the functions that an
 * app registers through it. The library loads the module once per process, so there is one module here too; its registrations go to
 * the app that is being loaded at that moment.
 */
import Module from 'node:module'
import type { FunctionCallback, FunctionMetadata, ProgrammingModel } from './core-types.ts'

export interface RegisteredFunction {
  readonly metadata: FunctionMetadata
  readonly callback: FunctionCallback
}

export interface Registrations {
  readonly functions: Map<string, RegisteredFunction>
  programmingModel: ProgrammingModel | undefined
}

type CoreLog = (level: string, message: string) => void

const CORE_MODULE = '@azure/functions-core'

let loading: Registrations | undefined
let programmingModel: ProgrammingModel | undefined
let log: CoreLog = () => undefined

/** The functions that are registered while `load` runs. */
export async function register(load: () => Promise<unknown>): Promise<Registrations> {
  provideCoreModule()
  const registrations: Registrations = { functions: new Map(), programmingModel: undefined }
  loading = registrations
  try {
    await load()
  } finally {
    loading = undefined
  }
  return { ...registrations, programmingModel }
}

export function setCoreLog(to: CoreLog): void {
  log = to
}

const coreModule = {
  registerFunction(metadata: FunctionMetadata, callback: FunctionCallback) {
    if (loading === undefined) throw new Error('A function can only be registered during app startup.')
    const { functions } = loading
    if (functions.has(metadata.name))
      throw new Error(`A function with name "${metadata.name}" has already been registered.`)
    functions.set(metadata.name, { metadata, callback })
  },
  setProgrammingModel(model: ProgrammingModel) {
    programmingModel = model
  },
  log: (level: string, _category: string, message: string) => log(level, message),
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
