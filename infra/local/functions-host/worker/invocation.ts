/**
 * One call of one function, as the worker makes it: the library's own programming model turns the host's data into
 * the handler's arguments and the handler's answer into the host's data; hooks run around it.
 */
import { randomUUID } from 'node:crypto'
import type { InvocationContext } from '@azure/functions'
import type { RegisteredFunction, Registrations } from './core-module.ts'
import type { CoreInvocationContext, InvocationModel, RpcData, RpcRequest, RpcResponse } from './core-types.ts'

export type InvocationLog = (functionName: string, invocationId: string, level: string, message: string) => void

export interface Inputs {
  readonly trigger: RpcData
  /** Data of further input bindings, by the binding's name. */
  readonly extra?: Readonly<Record<string, RpcData>>
  readonly triggerMetadata?: Readonly<Record<string, RpcData>>
  readonly invocationId?: string
}

export interface Invocation {
  readonly response: RpcResponse
  readonly context: InvocationContext
}

export async function invoke(
  app: Registrations,
  called: RegisteredFunction,
  inputs: Inputs,
  log: InvocationLog,
): Promise<Invocation> {
  const model = app.programmingModel
  if (model === undefined) throw new Error(`the app never used @azure/functions, so ${called.metadata.name} cannot run`)
  const core = coreContext(called, inputs, log)
  const invocation = model.getInvocationModel(core)
  const given = await invocation.getArguments()
  const context = given.context as InvocationContext
  const { result } = await callWithHooks(app, called, core, invocation, context, given.inputs)
  return { response: await invocation.getResponse(context, result), context }
}

function coreContext({ metadata }: RegisteredFunction, inputs: Inputs, log: InvocationLog): CoreInvocationContext {
  const invocationId = inputs.invocationId ?? randomUUID()
  const trigger = triggerName(metadata.bindings)
  const request: RpcRequest = {
    invocationId,
    functionId: metadata.name,
    triggerMetadata: inputs.triggerMetadata ?? {},
    inputData: [
      { name: trigger, data: inputs.trigger },
      ...Object.entries(inputs.extra ?? {}).map(([name, data]) => ({ name, data })),
    ],
  }
  return {
    invocationId,
    request,
    metadata,
    state: undefined,
    log: (level, _category, message) => log(metadata.name, invocationId, level, message),
  }
}

export function triggerName(bindings: RegisteredFunction['metadata']['bindings']): string {
  const found = Object.entries(bindings).find(([, binding]) => /trigger$/i.test(binding.type))
  if (found === undefined) throw new Error('a function without a trigger was registered')
  return found[0]
}

async function callWithHooks(
  app: Registrations,
  called: RegisteredFunction,
  core: CoreInvocationContext,
  invocation: InvocationModel,
  context: InvocationContext,
  inputs: unknown[],
): Promise<{ result: unknown }> {
  const shared = { hookData: {}, appHookData: app.appHookData, invocationContext: context }
  const before = { ...shared, functionCallback: called.callback, inputs }
  await runHooks(app, core, 'preInvocation', before)
  const after: { result: unknown; error: unknown } & Record<string, unknown> = {
    ...shared,
    inputs: before.inputs,
    result: null,
    error: null,
  }
  core.state = 'invocation'
  try {
    after.result = await invocation.invokeFunction(context, before.inputs, before.functionCallback)
  } catch (error) {
    after.error = error ?? new Error('the function threw nothing')
  }
  await runHooks(app, core, 'postInvocation', after)
  if (after.error !== null) throw after.error
  return after
}

async function runHooks(
  app: Registrations,
  core: CoreInvocationContext,
  name: 'preInvocation' | 'postInvocation',
  context: Record<string, unknown>,
): Promise<void> {
  core.state = `${name}Hooks`
  for (const hook of app.hooks.get(name) ?? []) await hook(context)
  core.state = undefined
}
