/**
 * The part of `@azure/functions-core` that `@azure/functions` 4.16.5 uses: the module that the Node.js worker of
 * Azure Functions puts in place at run time, and that no package on npm holds.
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

export interface RpcCookie {
  readonly name?: string
  readonly value?: string
  readonly domain?: NullableString
  readonly path?: NullableString
  readonly expires?: { readonly value: { readonly seconds: number } }
  readonly secure?: { readonly value: boolean }
  readonly httpOnly?: { readonly value: boolean }
  readonly sameSite?: 'none' | 'lax' | 'strict' | 'explicitNone'
  readonly maxAge?: { readonly value: number }
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
  readonly cookies?: readonly RpcCookie[]
}

export interface RpcData {
  readonly string?: string
  readonly json?: string
  readonly bytes?: Uint8Array
  readonly int?: number
  readonly double?: number
  readonly http?: RpcHttp
}

export interface RpcRequest {
  readonly invocationId: string
  readonly functionId: string
  readonly inputData: readonly { readonly name: string; readonly data: RpcData }[]
  readonly triggerMetadata: Readonly<Record<string, RpcData>>
}

export interface RpcResponse {
  readonly invocationId: string
  readonly returnValue?: RpcData | null
  readonly outputData?: readonly { readonly name: string; readonly data: RpcData }[]
}

export type InvocationState = 'preInvocationHooks' | 'invocation' | 'postInvocationHooks'

export interface CoreInvocationContext {
  readonly invocationId: string
  readonly request: RpcRequest
  readonly metadata: FunctionMetadata
  state: InvocationState | undefined
  log(level: string, category: string, message: string): void
}

export interface InvocationModel {
  getArguments(): Promise<{ context: unknown; inputs: unknown[] }>
  invokeFunction(context: unknown, inputs: unknown[], handler: FunctionCallback): Promise<unknown>
  getResponse(context: unknown, result: unknown): Promise<RpcResponse>
}

export interface ProgrammingModel {
  readonly name: string
  readonly version: string
  getInvocationModel(context: CoreInvocationContext): InvocationModel
  getCapabilities(capabilities: Record<string, string>): Promise<Record<string, string>>
}

export type HookCallback = (context: Record<string, unknown>) => unknown
