/**
 * A Functions host on this machine. It loads the app that is deployed to Azure, through `@azure/functions` and `durable-functions` as
 * they are, serves its routes and timers, and runs its orchestrators with durable-functions' own replay. It knows what the app uses;
 * an app that asks for more gets an error.
 */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { LocalHub } from './durable/local-hub.ts'
import type { DurableExtension } from './durable-extension/build.ts'
import { ExtensionHub } from './durable-extension/extension-hub.ts'
import { realClock } from './engine/clock.ts'
import { type HostJson, readHostJson } from './host-json.ts'
import { newServer, openPort, portOf } from './http/server.ts'
import { type Keys, serveFunctions } from './http/site.ts'
import { parseSchedule, Timers } from './timers/timers.ts'
import { setCoreLog } from './worker/core-module.ts'
import { type AppFunctions, sortFunctions } from './worker/functions.ts'
import { type LoadedApp, loadApp } from './worker/load-app.ts'
import { Runner } from './worker/runner.ts'

export interface HostOptions {
  /** The app's entry file, its folder, or its zip. */
  readonly app: string
  /** Holds the state that must survive this process. One host per folder. */
  readonly stateDir: string
  /** 0 takes a free one. */
  readonly port: number
  readonly keys: Keys
  /** With it, the extension that runs in Azure carries the orchestrations, on the storage that AzureWebJobsStorage names. */
  readonly durableExtension?: DurableExtension
  readonly onFatal?: (why: string) => void
  readonly log: (line: HostLogLine) => void
}

export interface HostLogLine {
  readonly at: string
  readonly level: string
  /** Empty for the host's own lines. */
  readonly functionName: string
  readonly message: string
}

export interface Host {
  readonly url: string
  /** Takes no more requests, waits that long for the work under way, and drops the rest for the next start. */
  stop(graceMs?: number): Promise<void>
}

/** The default limit of Azure's host. */
const MAX_BODY_BYTES = 104_857_600
const GRACE_MS = 5_000

export async function startHost(options: HostOptions): Promise<Host> {
  const app = await loadApp(options.app, join(options.stateDir, 'unpacked'))
  return new RunningHost(options, app, await readHostJson(app.root)).start()
}

class RunningHost implements Host {
  readonly #options: HostOptions
  readonly #app: LoadedApp
  readonly #functions: AppFunctions
  readonly #runner: Runner
  readonly #hub: LocalHub | ExtensionHub
  readonly #timers: Timers
  readonly #server: FastifyInstance
  #isStopped = false

  constructor(options: HostOptions, app: LoadedApp, hostJson: HostJson) {
    this.#options = options
    this.#app = app
    this.#functions = sortFunctions(app.registrations, hostJson.routePrefix)
    this.#runner = new Runner({
      ...hostJson,
      registrations: app.registrations,
      functions: this.#functions,
      rpcBaseUrl: () => this.#hub.rpcBaseUrl,
      log: (functionName, level, message) => this.#log(level, message, functionName),
    })
    this.#hub = this.#newHub(hostJson.maxConcurrentActivities)
    this.#timers = new Timers(realClock, join(options.stateDir, 'timers'))
    this.#server = newServer(this.#logError, MAX_BODY_BYTES)
    serveFunctions(this.#server, this.#functions, this.#runner, options.keys)
  }

  get url(): string {
    return `http://127.0.0.1:${portOf(this.#server)}`
  }

  async start(): Promise<Host> {
    setCoreLog((level, message) => this.#log(level, message))
    // Until the instances of an earlier host are back, an answer would say that they do not exist.
    const ready = Promise.withResolvers<void>()
    this.#server.addHook('onRequest', () => ready.promise)
    await openPort(this.#server, this.#options.port)
    await this.#hub.start()
    ready.resolve()
    for (const timer of this.#functions.timers)
      this.#timers.start({
        name: timer.name,
        schedule: parseSchedule(timer.schedule),
        // The runner has logged a failure; the timer fires again at its next occurrence.
        fire: (info) => this.#runner.callTimer(timer, info).catch(() => undefined),
      })
    this.#log('information', `${this.#app.entryFile} is served on ${this.url}`)
    return this
  }

  async stop(graceMs = GRACE_MS): Promise<void> {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#timers.stop()
    const settled = Promise.all([this.#server.close(), this.#hub.whenSettled()])
    await Promise.race([settled, sleep(graceMs, null, { ref: false })])
    await this.#hub.stop()
    this.#server.server.closeAllConnections()
  }

  #newHub(maxConcurrentActivities: number): LocalHub | ExtensionHub {
    const { durableExtension: extension, stateDir, onFatal } = this.#options
    if (extension === undefined)
      return new LocalHub({
        app: this.#runner.app,
        folder: join(stateDir, 'instances'),
        maxConcurrentActivities,
        logError: this.#logError,
      })
    return new ExtensionHub({
      extension,
      hostJson: join(this.#app.root, 'host.json'),
      orchestrators: [...this.#functions.orchestrators.keys()],
      activities: [...this.#functions.activities.keys()],
      call: (name, data, instanceId) => this.#runner.call(name, data, instanceId),
      log: (level, message) => this.#log(level, message),
      onDeath: (why) => onFatal?.(why),
    })
  }

  readonly #logError = (message: string): void => this.#log('error', message)

  #log(level: string, message: string, functionName = ''): void {
    this.#options.log({ at: new Date().toISOString(), level, functionName, message })
  }
}
