/**
 * The part of `@azure/functions-core` that `@azure/functions` 4.16.5 and this app use: the module that the Node.js worker of Azure
 * Functions provides at run time, and that no package on npm holds.
 */
export interface Binding {
  readonly type: string
  readonly direction: 'in' | 'out' | 'inout'
  readonly [option: string]: unknown
}

export interface FunctionMetadata {
  readonly name: string
  readonly bindings: Readonly<Record<string, Binding>>
}

export type FunctionCallback = (...args: unknown[]) => unknown

export interface NullableString {
  readonly value: string
}

export interface RpcHttp {
  readonly method?: string
  readonly url?: string
  readonly nullableHeaders?: Readonly<Record<string, NullableString>>
  readonly nullableParams?: Readonly<Record<string, NullableString>>
  readonly nullableQuery?: Readonly<Record<string, NullableString>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: RpcData | null
  readonly statusCode?: string
}

export interface RpcData {
  readonly string?: string
  readonly json?: string
  readonly bytes?: Uint8Array
  readonly int?: number
  readonly double?: number
  readonly http?: RpcHttp
}

interface RpcRequest {
  readonly invocationId: string
  readonly functionId: string
  readonly inputData: readonly { readonly name: string; readonly data: RpcData }[]
  readonly triggerMetadata: Readonly<Record<string, RpcData>>
}

export interface RpcResponse {
  readonly returnValue?: RpcData | null
}

export interface CoreInvocationContext {
  readonly invocationId: string
  readonly request: RpcRequest
  readonly metadata: FunctionMetadata
  log(level: string, category: string, message: string): void
}

interface InvocationModel {
  getArguments(): Promise<{ context: unknown; inputs: unknown[] }>
  invokeFunction(context: unknown, inputs: unknown[], handler: FunctionCallback): Promise<unknown>
  getResponse(context: unknown, result: unknown): Promise<RpcResponse>
}

export interface ProgrammingModel {
  getInvocationModel(context: CoreInvocationContext): InvocationModel
}
