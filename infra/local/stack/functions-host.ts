/**
 * The Functions host as a process of its own, so that it can die alone. It is started again with the same port and state, and
 * the running drills continue.
 */
import { randomBytes } from 'node:crypto'
import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { moduleBeside } from '../cluster/containers.ts'
import { buildDurableExtension } from '../functions-host/durable-extension/build.ts'
import { rootOf, unpack } from '../functions-host/worker/load-app.ts'
import type { HeldPort } from '../process/ports.ts'
import { CannotRun } from '../process/problem.ts'
import { baseEnvironment, type Child, dropProxies, type Processes, runInStack } from '../process/processes.ts'
import { findProgram } from '../process/programs.ts'
import { requireSpace, type StackFolder } from '../process/stack-folder.ts'
import { waitFor } from '../process/wait.ts'

/** The local host; the local host on Azure's Durable extension; Azure's own host. */
export type HostKind = 'local' | 'durable' | 'functions'

export interface HostOptions {
  readonly kind: HostKind
  readonly port: HeldPort
  /** An entry file, a folder or a zip; null: the sources beside this. */
  readonly app: string | null
  /** The function app's settings. */
  readonly settings: Readonly<Record<string, string>>
  readonly functionKey: string
  /** Connection string of the storage account that the Durable extension keeps its state in. */
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
const APP_ROOT = rootOf(import.meta.filename)
const HOST_ENTRY = moduleBeside('../functions-host/main')
const APP_ENTRY = moduleBeside('../../../functions/app')
const READY_MS = 60_000
/** After so many deaths another start is not expected to last. */
const MAX_DEATHS = 20

/** Azure's own host: `func` on PATH, or the file that FUNCTIONS_HOST names. */
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
  dropProxies()
  const url = `http://127.0.0.1:${await options.port.release()}`
  const keys: HostKeys = { master: randomBytes(18).toString('base64url'), host: options.functionKey }
  const start = await starterOf(folder, processes, options, keys)
  let isStopping = false
  let giveUp: (reason: Error) => void = () => {}
  const broken = new Promise<never>((_, reject) => {
    giveUp = reject
  })
  // Without a listener the rejection must not crash the process.
  broken.catch(() => {})

  const launch = async (): Promise<Child> => {
    const child = start()
    const requireAlive = () => {
      if (child.exit !== null) throw new Error(`the Functions host did not start: ${child.log(2000).trim()}`)
    }
    const patience = { forMs: READY_MS, everyMs: 100, giveUpIf: requireAlive, hint: () => child.log(2000) }
    await waitFor('the Functions host runs', patience, () => isReady(url, keys))
    return child
  }

  const keepAlive = async () => {
    for (let deaths = 0; ; deaths++) {
      await current.exited
      if (isStopping) return
      requireSpace(folder.path, 1, 'the state of the Functions host', 'set DRILL_STATE_DIR to a folder on another disk')
      if (deaths === MAX_DEATHS)
        throw new CannotRun(`The Functions host died ${deaths} times: ${current.log(2000).trim()}`)
      options.onEvent('the Functions host died: starting it again')
      // A death during the start counts too.
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

interface HostKeys {
  readonly master: string
  /** Opens every function of the app. */
  readonly host: string
}

/** Returns the function that starts the host's process: once at first, and after each death. */
async function starterOf(
  folder: StackFolder,
  processes: Processes,
  options: HostOptions,
  keys: HostKeys,
): Promise<() => Child> {
  if (options.kind === 'functions') return azureHost(folder, processes, options, keys)
  // Before the start: the build takes longer than READY_MS.
  if (options.kind === 'durable') await buildDurableExtension(options.onEvent)
  return localHost(folder, processes, options, keys)
}

function localHost(
  folder: StackFolder,
  processes: Processes,
  { kind, app, port, settings, storage }: HostOptions,
  keys: HostKeys,
): () => Child {
  const state = join(folder.path, 'functions-host')
  const keysFile = join(folder.path, 'functions-keys.json')
  writeFileSync(keysFile, JSON.stringify(keys), { mode: 0o600 })
  const args = ['--app', app ?? APP_ENTRY, '--state-dir', state, '--port', String(port.port), '--keys', keysFile]
  const onExtension = kind === 'durable'
  return () =>
    processes.start({
      name: 'functions-host',
      command: process.execPath,
      args: [HOST_ENTRY, ...args, ...(onExtension ? ['--durable-extension'] : [])],
      environment: { ...baseEnvironment(), ...settings, ...(onExtension ? { AzureWebJobsStorage: storage } : {}) },
      cwd: APP_ROOT,
      // The extension gives its partitions back before it ends.
      ...(onExtension ? { patienceMs: 20_000 } : {}),
    })
}

/** Azure's host loads the compiled app in its working directory. */
async function azureHost(
  folder: StackFolder,
  processes: Processes,
  { app, port, settings, storage }: HostOptions,
  keys: HostKeys,
): Promise<() => Child> {
  const command = requireAzureHost()
  const cwd = await compiledApp(folder, processes, app)
  const secrets = writeSecrets(folder, keys)
  return () =>
    processes.start({
      name: 'functions-host',
      command,
      args: ['start', '--port', String(port.port)],
      environment: {
        ...baseEnvironment(),
        ...settings,
        FUNCTIONS_WORKER_RUNTIME: 'node',
        AzureWebJobsStorage: storage,
        AzureWebJobsSecretStorageType: 'files',
        FUNCTIONS_SECRETS_PATH: secrets,
      },
      cwd,
      stopSignals: ['SIGINT', 'SIGTERM'],
    })
}

async function compiledApp(folder: StackFolder, processes: Processes, app: string | null): Promise<string> {
  if (app === null) {
    await buildApp(processes)
    return APP_ROOT
  }
  return statSync(app).isDirectory() ? app : unpack(app, join(folder.path, 'azure-app'))
}

/** As Azure's host reads its keys from files. Core Tools require no key. */
function writeSecrets(folder: StackFolder, { master, host }: HostKeys): string {
  const secrets = join(folder.path, 'functions-secrets')
  const key = (name: string, value: string) => ({ name, value, encrypted: false })
  mkdirSync(secrets, { recursive: true, mode: 0o700 })
  const keys = { masterKey: key('master', master), functionKeys: [key('default', host)], systemKeys: [] }
  writeFileSync(join(secrets, 'host.json'), JSON.stringify(keys), { mode: 0o600 })
  return secrets
}

async function buildApp(processes: Processes): Promise<void> {
  const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')
  await runInStack(processes, { name: 'build', command: process.execPath, args: [compiler], cwd: APP_ROOT })
}

/** Asks for the state, because Azure's host answers pings even when the app failed to load and every call gets 503. */
async function isReady(url: string, { master }: HostKeys): Promise<boolean> {
  const options = { headers: { 'x-functions-key': master }, signal: AbortSignal.timeout(2_000) }
  const answer = await fetch(`${url}/admin/host/status`, options)
  if (!answer.ok) throw new Error(`the Functions host answers ${answer.status}: ${(await answer.text()).slice(0, 200)}`)
  const { state } = (await answer.json()) as { readonly state?: string }
  if (state !== 'Running') throw new Error(`the Functions host is in state ${state}`)
  return true
}
