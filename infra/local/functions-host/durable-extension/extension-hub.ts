/**
 * The task hub on the Durable extension itself, the one that runs in Azure: a .NET process that keeps its state in a storage account
 * and calls this process for every turn and every activity. When one of the two dies, the other ends too, as with Azure's host and
 * its worker.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { newServer, openPort, portOf } from '../http/server.ts'
import type { DurableExtension } from './build.ts'

interface ExtensionHubOptions {
  readonly extension: DurableExtension
  /** Of the app: the extension reads its own part. */
  readonly hostJson: string
  readonly orchestrators: readonly string[]
  readonly activities: readonly string[]
  /** Calls a function. `data` is the trigger's, as text; the result is JSON text. */
  readonly call: (name: string, data: string | null, instanceId: string | null) => Promise<string>
  readonly log: (level: string, message: string) => void
  /** The process ended, and `stop` was not called. */
  readonly onDeath: (why: string) => void
}

type Program = ChildProcessByStdio<Writable, Readable, Readable>

const PROGRAM_ENVIRONMENT = {
  // With this language the extension leaves the functions to another process.
  FUNCTIONS_WORKER_RUNTIME: 'node',
  DOTNET_gcServer: '0',
  // The local API is a web server of its own, and not under host.json: without this it logs six lines for each request.
  Logging__LogLevel__Default: 'Warning',
}

const READY_MS = 60_000
/** Stopped in order, the program releases its leases of partitions; after this time it is killed. */
const STOP_MS = 10_000

/** Has the methods of LocalHub. */
export class ExtensionHub {
  readonly #options: ExtensionHubOptions
  readonly #calls: FastifyInstance
  #program: Program | undefined
  #underWay = 0
  #rpcBaseUrl = ''
  #stopped = false

  constructor(options: ExtensionHubOptions) {
    this.#options = options
    this.#calls = newServer((message) => options.log('error', message))
    this.#calls.post<{ Params: { name: string } }>('/functions/:name', ({ params, body }, reply) =>
      this.#answer(params.name, String(body), reply),
    )
  }

  get rpcBaseUrl(): string {
    return this.#rpcBaseUrl
  }

  async start(): Promise<void> {
    const { log } = this.#options
    await openPort(this.#calls, 0)
    const program = this.#launch(portOf(this.#calls))
    this.#program = program
    this.#rpcBaseUrl = await rpcBaseUrlOf(program, log)
    program.once('exit', (code, signal) => {
      if (!this.#stopped) this.#options.onDeath(`the Durable extension ended with ${signal ?? code}`)
    })
  }

  #launch(port: number): Program {
    const { extension, hostJson, orchestrators, activities, log } = this.#options
    const program = spawn(extension.dotnet, [extension.assembly], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...PROGRAM_ENVIRONMENT },
    })
    // A write to a process that has died is reported by its exit.
    program.stdin.on('error', () => undefined)
    createInterface({ input: program.stderr }).on('line', (line) => logLine(line, log))
    const start = { hostJson, calls: `http://127.0.0.1:${port}/`, orchestrators, activities }
    program.stdin.write(`${JSON.stringify(start)}\n`)
    return program
  }

  /** One call of one function. */
  async #answer(name: string, body: string, reply: FastifyReply): Promise<FastifyReply> {
    const { data, instanceId } = JSON.parse(body) as { data: string | null; instanceId?: string }
    this.#underWay += 1
    try {
      return reply.send(await this.#options.call(name, data, instanceId ?? null))
    } catch (error) {
      const { message, stack } = error instanceof Error ? error : { message: String(error), stack: '' }
      return reply.code(500).send({ message, stack: stack ?? '' })
    } finally {
      this.#underWay -= 1
    }
  }

  async whenSettled(): Promise<void> {
    while (this.#underWay > 0 && !this.#stopped) await sleep(50)
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
    this.#calls.server.closeAllConnections()
    await this.#calls.close()
  }
}

const READY = '{"rpcBaseUrl":'

/** The address of the local API, once it is open. The other lines of standard output are that API's own log. */
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
