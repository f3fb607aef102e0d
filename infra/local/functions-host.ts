/**
 * The Functions host as a process of its own, so that it can die alone: the platform starts it again with the same port and
 * the same state, and the drills that were running go on.
 */
import { existsSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { moduleBeside } from './containers.ts'
import type { HeldPort } from './ports.ts'
import { CannotRun } from './problem.ts'
import { baseEnvironment, type Child, type Processes } from './processes.ts'
import { findProgram } from './programs.ts'
import { runInStack } from './run-program.ts'
import type { StackFolder } from './stack-folder.ts'
import { waitFor } from './wait.ts'

export type HostKind = 'local' | 'functions'

export interface HostOptions {
  readonly kind: HostKind
  readonly port: HeldPort
  /** An entry file, a folder or a zip; null: the sources beside this. */
  readonly app: string | null
  /** The function app's settings. */
  readonly settings: Readonly<Record<string, string>>
  readonly functionKey: string
  /** Connection string of the storage account that Azure's host keeps its own state in. */
  readonly storage: string
  readonly onEvent: (text: string) => void
}

export interface FunctionsHost {
  readonly url: string
  readonly process: Child
  /** Rejects when the host cannot be kept alive. */
  readonly broken: Promise<never>
  stop(): Promise<void>
}

/** The app's root is where host.json lies: above the sources, and above dist/ when compiled. */
const APP_ROOT = folderAbove(import.meta.dirname, 'host.json')
const HOST_ENTRY = moduleBeside('./host/main')
const APP_ENTRY = moduleBeside('../../functions/app')
const READY_MS = 60_000
/** A host that dies this often will not live the next time either. */
const MAX_DEATHS = 20

/** Azure's own host, for who has it: `func` on PATH, or the file that FUNCTIONS_HOST names. */
export function requireAzureHost(): string {
  const program = findProgram(['func'], process.env.FUNCTIONS_HOST)
  if (program !== null) return program
  throw new CannotRun(
    'Azure Functions Core Tools (func) are missing on this machine, and --host functions needs them. Install them with\n' +
      '  npm install -g azure-functions-core-tools@4\n' +
      'or name the program with FUNCTIONS_HOST; without --host functions the local host runs the same app',
  )
}

export async function startFunctionsHost(
  folder: StackFolder,
  processes: Processes,
  options: HostOptions,
): Promise<FunctionsHost> {
  const url = `http://127.0.0.1:${await options.port.release()}`
  let isStopping = false
  let giveUp: (reason: Error) => void = () => {}
  const broken = new Promise<never>((_, reject) => {
    giveUp = reject
  })
  // Whoever waits for it hears of it; that nobody does is no crash.
  broken.catch(() => {})

  const launch = async (): Promise<Child> => {
    const child =
      options.kind === 'local' ? startLocalHost(folder, processes, options) : startAzureHost(processes, options)
    const requireAlive = () => {
      if (child.exit !== null) throw new Error(`the Functions host did not start: ${child.log(2000).trim()}`)
    }
    const patience = { forMs: READY_MS, everyMs: 100, giveUpIf: requireAlive, hint: () => child.log(2000) }
    await waitFor('the Functions host answers', patience, () => isReady(url))
    return child
  }

  const keepAlive = async () => {
    for (let deaths = 0; ; deaths++) {
      await current.exited
      if (isStopping) return
      if (deaths === MAX_DEATHS)
        throw new CannotRun(`The Functions host died ${deaths} times: ${current.log(2000).trim()}`)
      options.onEvent('the Functions host died: starting it again')
      // One that dies while it starts counts as one more death.
      current = await launch().catch(() => current)
    }
  }

  let current = await launch()
  keepAlive().catch(giveUp)
  return {
    url,
    broken,
    get process() {
      return current
    },
    stop: async () => {
      isStopping = true
      await current.stop()
    },
  }
}

function startLocalHost(
  folder: StackFolder,
  processes: Processes,
  { app, port, settings, functionKey }: HostOptions,
): Child {
  const state = join(folder.path, 'functions-host')
  const keys = join(folder.path, 'functions-keys.json')
  writeFileSync(keys, JSON.stringify({ host: functionKey }), { mode: 0o600 })
  return processes.start({
    name: 'functions-host',
    command: process.execPath,
    args: [HOST_ENTRY, '--app', app ?? APP_ENTRY, '--state-dir', state, '--port', String(port.port), '--keys', keys],
    environment: { ...baseEnvironment(), ...settings },
    cwd: APP_ROOT,
  })
}

/** Azure's host loads the compiled app, dist/. */
export async function buildApp(processes: Processes): Promise<void> {
  const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')
  await runInStack(processes, { name: 'build', command: process.execPath, args: [compiler], cwd: APP_ROOT })
}

function startAzureHost(processes: Processes, { port, settings, storage }: HostOptions): Child {
  return processes.start({
    name: 'functions-host',
    command: requireAzureHost(),
    args: ['start', '--port', String(port.port)],
    environment: {
      ...baseEnvironment(),
      ...settings,
      FUNCTIONS_WORKER_RUNTIME: 'node',
      AzureWebJobsStorage: storage,
    },
    cwd: APP_ROOT,
    stopSignals: ['SIGINT', 'SIGTERM'],
  })
}

/** It listens, and it has loaded the app. */
async function isReady(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/admin/host/ping`, { signal: AbortSignal.timeout(2_000) })
  await answer.arrayBuffer()
  return answer.ok
}

function folderAbove(start: string, file: string): string {
  for (let at = start; ; at = dirname(at)) if (existsSync(join(at, file)) || at === dirname(at)) return at
}
