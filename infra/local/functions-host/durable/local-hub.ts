/** The task hub on this host's own engine, with its journal in the state folder. */
import type { FastifyInstance } from 'fastify'
import { realClock } from '../engine/clock.ts'
import { type App, Engine } from '../engine/engine.ts'
import { type ErrorLog, newServer, openPort, portOf } from '../http/server.ts'
import { DiskJournal } from '../state/disk-journal.ts'
import { CLIENT_PATH, serveClient } from './client-api.ts'

interface LocalHubOptions {
  readonly app: App
  /** Of the instances' journals. */
  readonly folder: string
  readonly maxConcurrentActivities: number
  readonly logError: ErrorLog
}

export class LocalHub {
  readonly #engine: Engine
  readonly #server: FastifyInstance

  constructor({ app, folder, maxConcurrentActivities, logError }: LocalHubOptions) {
    this.#engine = new Engine({ app, clock: realClock, journal: new DiskJournal(folder), maxConcurrentActivities })
    this.#server = newServer(logError)
    serveClient(this.#server, this.#engine, app)
  }

  /** Resumes the orchestrations of an earlier host; functions may be called from then on. */
  async start(): Promise<void> {
    await openPort(this.#server, 0)
    this.#engine.recover()
  }

  /** The address that durable-functions' client in the app calls; known once started. */
  get rpcBaseUrl(): string {
    return `http://127.0.0.1:${portOf(this.#server)}${CLIENT_PATH}/`
  }

  whenSettled(): Promise<void> {
    return this.#engine.whenSettled()
  }

  /** Drops all work under way; the next host resumes it. */
  async stop(): Promise<void> {
    this.#engine.stop()
    this.#server.server.closeAllConnections()
    await this.#server.close()
  }
}
