/**
 * The task hub on the Durable extension itself, the one that runs in Azure: a .NET process that keeps its state in a storage
 * account and calls this process for every turn and every activity. Neither outlives the other, as the Functions host and
 * its worker do not.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import type { TaskHub } from '../durable/task-hub.ts'
import { type Answer, type Asked, empty, json } from '../http/exchange.ts'
import { type Listener, listen } from '../http/listen.ts'
import type { DurableExtension } from './build.ts'

export interface ExtensionHubOptions {
  readonly extension: DurableExtension
  /** Of the app: the extension reads its own part. */
  readonly hostJson: string
  readonly orchestrators: readonly string[]
  readonly activities: readonly string[]
  readonly call: CallFunction
  /** Of the management API, with its key. */
  readonly webhook: () => string
  /** AzureWebJobsStorage is among them. */
  readonly settings: Readonly<Record<string, string | undefined>>
  readonly log: (level: string, message: string) => void
  /** The process ended though nothing stopped it. */
  readonly onDeath: (why: string) => void
}

/** `data` is the trigger's, as text; what comes back is JSON text. */
export type CallFunction = (name: string, data: string | null, instanceId: string | null) => Promise<string>

type Program = ChildProcessByStdio<Writable, Readable, Readable>

const READY_MS = 60_000
/** Leases of partitions are given back when it ends in order; one that does not is killed. */
const STOP_MS = 10_000
/** Inputs and histories have no limit of their own in the extension. */
const CALL_LIMIT_BYTES = 1_073_741_824

export class ExtensionHub implements TaskHub {
  readonly #options: ExtensionHubOptions
  #program: Program | undefined
  #calls: Listener | undefined
  #underWay = 0
  #rpcBaseUrl = ''
  #stopped = false

  constructor(options: ExtensionHubOptions) {
    this.#options = options
  }

  get rpcBaseUrl(): string {
    return this.#rpcBaseUrl
  }

  async start(): Promise<void> {
    const { log } = this.#options
    this.#calls = await listen({
      port: 0,
      bodyLimitBytes: CALL_LIMIT_BYTES,
      log: (message) => log('error', message),
      answer: (asked) => this.#answer(asked),
    })
    const program = this.#launch(this.#calls.port)
    this.#program = program
    this.#rpcBaseUrl = await rpcBaseUrlOf(program, log)
    program.once('exit', (code, signal) => {
      if (!this.#stopped) this.#options.onDeath(`the Durable extension ended with ${signal ?? code}`)
    })
  }

  #launch(port: number): Program {
    const { extension, settings, hostJson, webhook, orchestrators, activities, log } = this.#options
    const program = spawn(extension.dotnet, [extension.assembly], {
      stdio: ['pipe', 'pipe', 'pipe'],
      // The worker's language is what makes the extension leave functions to another process.
      env: { ...process.env, ...settings, FUNCTIONS_WORKER_RUNTIME: 'node', DOTNET_gcServer: '0' },
    })
    // A write to a process that has died is reported by its exit.
    program.stdin.on('error', () => undefined)
    createInterface({ input: program.stderr }).on('line', (line) => logLine(line, log))
    const start = { hostJson, calls: `http://127.0.0.1:${port}/`, webHook: webhook(), orchestrators, activities }
    program.stdin.write(`${JSON.stringify(start)}\n`)
    return program
  }

  /** POST /orchestrators/NAME or /activities/NAME: one call of one function. */
  async #answer({ url, body }: Asked): Promise<Answer> {
    const name = decodeURIComponent(url.pathname.split('/')[2] ?? '')
    const { data, instanceId } = JSON.parse(body.toString('utf8')) as { data: string | null; instanceId?: string }
    this.#underWay += 1
    try {
      return { status: 200, body: await this.#options.call(name, data, instanceId ?? null) }
    } catch (error) {
      const { message, stack } = error instanceof Error ? error : { message: String(error), stack: '' }
      return json(500, { message, stack: stack ?? '' })
    } finally {
      this.#underWay -= 1
    }
  }

  /** The extension's own answers, by way of its local API. */
  async manage(path: string, { method, url, headers, body }: Asked): Promise<Answer> {
    const to = new URL(`${this.#rpcBaseUrl}${path.replace(/^\/+/, '')}`)
    for (const [name, value] of url.searchParams) if (name !== 'code') to.searchParams.append(name, value)
    const hasBody = method !== 'GET' && method !== 'HEAD'
    const answer = await fetch(to, {
      method,
      headers: passedOn(headers),
      ...(hasBody ? { body: new Uint8Array(body) } : {}),
    })
    const type = answer.headers.get('content-type')
    return {
      ...empty(answer.status, type === null ? {} : { 'content-type': type }),
      body: new Uint8Array(await answer.arrayBuffer()),
    }
  }

  async whenSettled(): Promise<void> {
    while (this.#underWay > 0 && !this.#stopped) await new Promise((resolve) => setTimeout(resolve, 50))
  }

  async stop(): Promise<void> {
    this.#stopped = true
    const program = this.#program
    if (program !== undefined && program.exitCode === null && program.signalCode === null) {
      const exited = once(program, 'exit')
      const killer = setTimeout(() => program.kill('SIGKILL'), STOP_MS)
      program.stdin.write('stop\n')
      await exited
      clearTimeout(killer)
    }
    this.#calls?.cut()
  }
}

const passedOn = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name === 'content-type' || name.startsWith('x-ms-')))

const READY = '{"rpcBaseUrl":'

/** The address of the local API, once it is open. What else comes on standard output is that API's own log. */
async function rpcBaseUrlOf(program: Program, log: ExtensionHubOptions['log']): Promise<string> {
  const ready = Promise.withResolvers<string>()
  createInterface({ input: program.stdout }).on('line', (line) => {
    if (line.startsWith(READY)) ready.resolve((JSON.parse(line) as { readonly rpcBaseUrl: string }).rpcBaseUrl)
    else log('information', line)
  })
  program.once('exit', (code, signal) =>
    ready.reject(new Error(`the Durable extension did not start: it ended with ${signal ?? code}; see the log`)),
  )
  const late = setTimeout(() => program.kill('SIGKILL'), READY_MS)
  try {
    return await ready.promise
  } finally {
    clearTimeout(late)
  }
}

interface LoggedEvent {
  readonly LogLevel: string
  readonly Category: string
  readonly Message: string
  readonly Exception?: string
}

/** One JSON object per event; a crash of the runtime itself prints lines of its own. */
function logLine(line: string, log: ExtensionHubOptions['log']): void {
  const { LogLevel, Category, Message, Exception } = eventOf(line)
  log(LogLevel.toLowerCase(), [`${Category}: ${Message}`, Exception].filter(Boolean).join('\n'))
}

const eventOf = (line: string): LoggedEvent =>
  line.startsWith('{') ? (JSON.parse(line) as LoggedEvent) : { LogLevel: 'Error', Category: 'dotnet', Message: line }
