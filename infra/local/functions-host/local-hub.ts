/** The task hub on this host's own engine, with its journal in the state folder. */
import { DiskJournal } from './disk-journal.ts'
import { Management } from './durable/management.ts'
import type { TaskHub } from './durable/task-hub.ts'
import type { Mishaps } from './engine/activities.ts'
import { type Clock, VirtualClock } from './engine/clock.ts'
import { type App, Engine, type TurnTaken } from './engine/engine.ts'
import type { Answer, Asked } from './http/exchange.ts'
import { type Listener, listen } from './http/listen.ts'

export interface LocalHubOptions {
  readonly app: App
  /** Of the instances' journals. */
  readonly folder: string
  readonly clock: Clock
  readonly hubName: string
  readonly orchestratorNames: readonly string[]
  readonly maxConcurrentActivities: number
  readonly failureDetails: boolean
  readonly mishaps?: Mishaps
  readonly onTurn?: (taken: TurnTaken) => void
  readonly webhook: () => { readonly baseUrl: string; readonly systemKey: string }
  readonly bodyLimitBytes: number
  /** Functions of other kinds are being called: a virtual clock stands still meanwhile. */
  readonly isBusy: () => boolean
  readonly logError: (message: string) => void
}

/** The extension's path on its local port. */
const RPC_PATH = '/durabletask'

export class LocalHub implements TaskHub {
  readonly #options: LocalHubOptions
  readonly #engine: Engine
  readonly #management: Management
  #rpc: Listener | undefined
  #stopped = false

  constructor(options: LocalHubOptions) {
    const { app, clock, folder, maxConcurrentActivities, failureDetails, mishaps, onTurn } = options
    this.#options = options
    this.#engine = new Engine({
      app,
      clock,
      journal: new DiskJournal(folder),
      maxConcurrentActivities,
      failureDetails,
      ...(mishaps === undefined ? {} : { mishaps }),
      ...(onTurn === undefined ? {} : { onTurn }),
    })
    const { hubName, orchestratorNames, webhook } = options
    this.#management = new Management({
      engine: this.#engine,
      hubName,
      orchestratorNames,
      webhook,
      nowMs: () => clock.nowMs(),
    })
  }

  async start(): Promise<void> {
    const { bodyLimitBytes, logError, clock } = this.#options
    this.#rpc = await listen({
      port: 0,
      bodyLimitBytes,
      log: logError,
      answer: (asked) => this.#management.handle(asked.url.pathname.slice(RPC_PATH.length), asked),
    })
    this.#engine.recover()
    if (clock instanceof VirtualClock) void this.#drive(clock)
  }

  get rpcBaseUrl(): string {
    return `http://127.0.0.1:${this.#rpc?.port}${RPC_PATH}/`
  }

  manage(path: string, asked: Asked): Promise<Answer> {
    return this.#management.handle(path, asked)
  }

  async whenSettled(): Promise<void> {
    await this.#rpc?.close()
    await this.#engine.whenSettled()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#engine.stop()
    this.#rpc?.cut()
  }

  /** On a virtual clock, time goes on when nothing else does. */
  async #drive(clock: VirtualClock): Promise<void> {
    while (!this.#stopped) {
      await this.#engine.whenSettled()
      const busy = this.#options.isBusy() || !this.#engine.settled
      if (busy || !clock.jump()) await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }
}
