/**
 * A Functions host on this machine. It loads the app that is deployed to Azure, through `@azure/functions` and
 * `durable-functions` as they are, serves its routes and timers, and drives its orchestrators with durable-functions'
 * own replay. What it knows of the real host is in the files around it; where the two are said to differ, the file
 * that differs says so.
 */

import { join } from 'node:path'
import { clientBinding } from './durable/client-binding.ts'
import type { TaskHub } from './durable/task-hub.ts'
import type { DurableExtension } from './durable-extension/build.ts'
import { ExtensionHub } from './durable-extension/extension-hub.ts'
import type { Mishaps } from './engine/activities.ts'
import { type Clock, realClock, VirtualClock } from './engine/clock.ts'
import type { TurnTaken } from './engine/engine.ts'
import { type HostJson, readHostJson } from './host-json.ts'
import { type AppFunctions, sortFunctions, type TimerFunction } from './http/functions.ts'
import { fillKeys, type Keys } from './http/keys.ts'
import { type Listener, listen } from './http/listen.ts'
import { Runner } from './http/runner.ts'
import { Site, WEBHOOK } from './http/site.ts'
import { LocalHub } from './local-hub.ts'
import { parseSchedule } from './timers/schedule.ts'
import { openStateFolder } from './timers/state-folder.ts'
import { type Timer, type TimerInfo, Timers } from './timers/timers.ts'
import { setCoreLog } from './worker/core-module.ts'
import { type LoadedApp, loadApp } from './worker/load-app.ts'

export interface HostOptions {
  /** The app's entry file, its folder, or its zip. */
  readonly app: string
  /** Where everything that must survive this process is kept. One host per folder. */
  readonly stateDir: string
  /** 0, the default, takes a free one. */
  readonly port?: number
  readonly keys?: Partial<Keys>
  /** On a virtual clock time jumps whenever nothing is under way, and timer functions fire by hand only. */
  readonly clock?: Clock
  readonly settings?: Readonly<Record<string, string | undefined>>
  readonly mishaps?: Mishaps
  /** The structured errors of newer Durable extensions. */
  readonly failureDetails?: boolean
  /** The extension that runs in Azure carries the orchestrations, on the storage that AzureWebJobsStorage names. */
  readonly durableExtension?: DurableExtension
  readonly onFatal?: (why: string) => void
  readonly log?: HostLog
  readonly onTurn?: (taken: TurnTaken) => void
}

export type HostLog = (line: HostLogLine) => void

export interface HostLogLine {
  readonly at: string
  readonly level: string
  /** Empty for the host's own lines. */
  readonly functionName: string
  readonly invocationId: string
  readonly message: string
}

export interface Host {
  readonly url: string
  readonly port: number
  readonly keys: Keys
  /** Stops taking requests, lets what is under way end for that long, and drops the rest for the next start. */
  stop(graceMs?: number): Promise<void>
}

/** The host's default limit; Azure reads the same setting. */
const BODY_LIMIT_BYTES = 104_857_600
const GRACE_MS = 5_000

export async function startHost(options: HostOptions): Promise<Host> {
  const state = openStateFolder(options.stateDir)
  try {
    const app = await loadApp(options.app, state.unpacked)
    const running = new RunningHost(options, app, await readHostJson(app.root), state)
    return await running.start()
  } catch (error) {
    state.release()
    throw error
  }
}

class RunningHost implements Host {
  readonly keys: Keys
  readonly #options: HostOptions
  readonly #clock: Clock
  readonly #settings: Readonly<Record<string, string | undefined>>
  readonly #functions: AppFunctions
  readonly #runner: Runner
  readonly #hub: TaskHub
  readonly #timers: Timers
  readonly #app: LoadedApp
  readonly #state: ReturnType<typeof openStateFolder>
  readonly #hubName: string
  /** Nobody is answered before the instances of an earlier host are back: they would seem not to exist. */
  readonly #ready = Promise.withResolvers<void>()
  #site: Listener | undefined
  #stopped = false

  constructor(options: HostOptions, app: LoadedApp, hostJson: HostJson, state: ReturnType<typeof openStateFolder>) {
    this.#options = options
    this.#app = app
    this.#state = state
    this.#hubName = hostJson.hubName
    this.#clock = options.clock ?? realClock
    this.#settings = options.settings ?? process.env
    this.keys = fillKeys(options.keys)
    this.#functions = sortFunctions(app.registrations, hostJson.routePrefix)
    this.#runner = this.#newRunner(hostJson.functionTimeoutMs)
    this.#hub =
      options.durableExtension === undefined
        ? this.#newLocalHub(hostJson.maxConcurrentActivities)
        : this.#newExtensionHub(options.durableExtension)
    this.#timers = new Timers({
      clock: this.#clock,
      folder: state.timers,
      fire: (name, info) => this.#runTimer(name, info),
    })
  }

  get port(): number {
    return this.#site?.port ?? 0
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  async start(): Promise<Host> {
    setCoreLog((level, _category, message) => this.#log(level, message))
    const site = this.#newSite()
    this.#site = await listen({
      port: this.#options.port ?? 0,
      bodyLimitBytes: this.#bodyLimitBytes,
      log: (message) => this.#log('error', message),
      answer: (asked) => this.#ready.promise.then(() => site.answer(asked)),
    })
    // durable-functions rewrites its addresses to port 7071 when this is not set, as it is not outside of Azure.
    process.env.WEBSITE_HOSTNAME ??= `127.0.0.1:${this.port}`
    await this.#runHooks('appStart')
    await this.#hub.start()
    this.#ready.resolve()
    if (!(this.#clock instanceof VirtualClock)) this.#startTimers()
    this.#log('information', `${this.#app.entryFile} is served on ${this.url}`)
    return this
  }

  async stop(graceMs = GRACE_MS): Promise<void> {
    if (this.#stopped) return
    this.#stopped = true
    this.#timers.stop()
    const settling = Promise.all([this.#site?.close(), this.#hub.whenSettled()])
    await Promise.race([settling, unreferencedDelay(graceMs)])
    await this.#hub.stop()
    this.#site?.cut()
    await this.#runHooks('appTerminate')
    this.#state.release()
  }

  #newRunner(functionTimeoutMs: number): Runner {
    return new Runner({
      registrations: this.#app.registrations,
      functions: this.#functions,
      functionTimeoutMs,
      durableClient: () =>
        clientBinding({
          ...this.#webhook(),
          hubName: this.#hubName,
          rpcBaseUrl: this.#hub.rpcBaseUrl,
        }),
      log: (functionName, invocationId, level, message) => this.#log(level, message, functionName, invocationId),
    })
  }

  #newLocalHub(maxConcurrentActivities: number): TaskHub {
    const { mishaps, onTurn, failureDetails } = this.#options
    return new LocalHub({
      app: this.#runner.app,
      folder: this.#state.instances,
      clock: this.#clock,
      hubName: this.#hubName,
      orchestratorNames: [...this.#functions.orchestrators.keys()],
      maxConcurrentActivities,
      failureDetails: failureDetails ?? false,
      ...(mishaps === undefined ? {} : { mishaps }),
      ...(onTurn === undefined ? {} : { onTurn }),
      webhook: () => this.#webhook(),
      bodyLimitBytes: this.#bodyLimitBytes,
      isBusy: () => this.#runner.underWay > 0,
      logError: (message) => this.#log('error', message),
    })
  }

  #newExtensionHub(extension: DurableExtension): TaskHub {
    const { orchestrators, activities } = this.#functions
    return new ExtensionHub({
      extension,
      hostJson: join(this.#app.root, 'host.json'),
      orchestrators: [...orchestrators.keys()],
      activities: [...activities.keys()],
      call: (name, data, instanceId) => this.#runner.callText(name, data, instanceId),
      webhook: () => `${this.#webhook().baseUrl}?code=${this.keys.system}`,
      settings: this.#settings,
      log: (level, message) => this.#log(level, message),
      onDeath: (why) => this.#options.onFatal?.(why),
    })
  }

  get #bodyLimitBytes(): number {
    return Number(this.#settings.FUNCTIONS_REQUEST_BODY_SIZE_LIMIT ?? BODY_LIMIT_BYTES)
  }

  #newSite(): Site {
    return new Site({
      keys: this.keys,
      functions: this.#functions,
      runner: this.#runner,
      manage: (path, asked) => this.#hub.manage(path, asked),
      fireTimer: (name) => this.#fireByHand(name),
      startedAtMs: performance.now(),
    })
  }

  #webhook() {
    return { baseUrl: this.url + WEBHOOK, systemKey: this.keys.system }
  }

  #startTimers(): void {
    for (const timer of this.#functions.timers) {
      try {
        this.#timers.start(this.#scheduled(timer))
      } catch (error) {
        // As in Azure: a function whose setting is missing is out of work, and the others are not.
        this.#log('error', `timer function ${timer.name} does not run: ${(error as Error).message}`)
      }
    }
  }

  #scheduled({ name, schedule, runOnStartup, useMonitor }: TimerFunction): Timer {
    return { name, schedule: parseSchedule(schedule, this.#settings), runOnStartup, useMonitor }
  }

  #fireByHand(name: string): boolean {
    const timer = this.#functions.timers.find((one) => one.name === name)
    if (timer === undefined) return false
    const info: TimerInfo = { Schedule: { AdjustForDST: true }, ScheduleStatus: null, IsPastDue: false }
    void this.#runTimer(name, info)
    return true
  }

  async #runTimer(name: string, info: TimerInfo): Promise<void> {
    const timer = this.#functions.timers.find((one) => one.name === name) as TimerFunction
    // Its failure is in the log already; the next occurrence is a new chance.
    await this.#runner.callTimer(timer, info).catch(() => undefined)
  }

  async #runHooks(name: 'appStart' | 'appTerminate'): Promise<void> {
    const { hooks, appHookData } = this.#app.registrations
    for (const hook of hooks.get(name) ?? [])
      await hook({ hookData: {}, appHookData, functionAppDirectory: this.#app.root })
  }

  #log(level: string, message: string, functionName = '', invocationId = ''): void {
    this.#options.log?.({ at: new Date().toISOString(), level, functionName, invocationId, message })
  }
}

const unreferencedDelay = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms).unref()
  })
