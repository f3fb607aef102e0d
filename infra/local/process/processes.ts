/**
 * Starts and stops every process of a stack. Each is recorded first, and has a process group of its own, so that a Ctrl-C in the
 * terminal reaches the stack alone. The stack stops them in reverse order.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { chownSync, closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { CannotRun } from './problem.ts'
import { identityOf } from './process-table.ts'
import type { RunUser } from './run-user.ts'
import { killTree, MARKER, type StackFolder, trySignal } from './stack-folder.ts'

export interface StartOptions {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** Null: the user who runs the stack. */
  readonly user?: RunUser | null
  readonly cwd?: string
  /** Tried in turn before SIGKILL. */
  readonly stopSignals?: readonly NodeJS.Signals[]
  /** Per signal. */
  readonly patienceMs?: number
  /** Sent when this process itself exits. PostgreSQL cleans up after SIGQUIT, not after SIGKILL. */
  readonly lastSignal?: NodeJS.Signals
}

interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export class Processes {
  readonly #folder: StackFolder
  readonly #children = new Map<Child, StartOptions>()
  #isClosed = false

  constructor(folder: StackFolder) {
    this.#folder = folder
  }

  get running(): readonly Child[] {
    return [...this.#children.keys()].filter((child) => child.exit === null)
  }

  start(options: StartOptions): Child {
    if (this.#isClosed) throw new Error(`${options.name} is not started: the stack is stopping`)
    const child = startChild(this.#folder, options)
    this.#children.set(child, options)
    void child.exited.then(() => this.#children.delete(child))
    return child
  }

  /** No process can be started afterwards. */
  async stopAll(): Promise<void> {
    this.#isClosed = true
    for (const child of this.running.toReversed()) await child.stop()
  }

  /** Synchronous: called from process 'exit'. */
  killAllNow(): void {
    this.#isClosed = true
    for (const child of this.running.toReversed())
      killTree(child.pid, this.#children.get(child)?.lastSignal ?? 'SIGKILL')
  }
}

function startChild(folder: StackFolder, options: StartOptions): Child {
  const logFile = join(folder.path, `${options.name}.log`)
  const spawned = spawnInto(logFile, folder.id, options)
  const { pid } = spawned
  if (pid === undefined)
    throw new CannotRun(`${options.command} could not be started. See whether it is installed and may be executed`)
  const identity = identityOf(pid)
  if (identity !== null) folder.record(options.name, identity)
  return new Child(spawned, pid, logFile, options)
}

function spawnInto(logFile: string, stackId: string, options: StartOptions): ChildProcess {
  // Children write to a file, not into a pipe: when this process dies, a write to its pipe would kill the child.
  const log = openSync(logFile, 'a', 0o600)
  try {
    if (options.user) chownSync(logFile, options.user.uid, options.user.gid)
    const child = spawn(options.command, [...options.args], {
      detached: true,
      stdio: ['ignore', log, log],
      cwd: options.cwd ?? '/',
      env: { ...(options.environment ?? baseEnvironment()), [MARKER]: stackId },
      ...(options.user ? { uid: options.user.uid, gid: options.user.gid } : {}),
    })
    // Without a listener a failed spawn ends this process; the missing pid reports it.
    child.on('error', () => {})
    return child
  } finally {
    closeSync(log)
  }
}

/**
 * The part of the caller's environment that a child gets: no credential, no proxy, no PG* variable, no language. The time zone is
 * that of Azure's machines, so that a schedule means the same here.
 */
export function baseEnvironment(): Record<string, string> {
  const wanted = ['PATH', 'HOME', 'TMPDIR', 'LD_LIBRARY_PATH']
  const entries = wanted.flatMap((name) =>
    process.env[name] === undefined ? [] : [[name, process.env[name]] as const],
  )
  return { ...Object.fromEntries(entries), LC_ALL: 'C', TZ: 'UTC' }
}

const PROXY = /^(http|https|all)_proxy$/i

/**
 * Removes the proxies of the caller's shell from this process, whose Azure SDK and fetch read the environment: a proxy would look
 * for 127.0.0.1 on its own machine. Packages are installed before that: apt may need the proxy.
 */
export function dropProxies(environment: NodeJS.ProcessEnv = process.env): void {
  for (const name of Object.keys(environment)) if (PROXY.test(name)) delete environment[name]
  // With NODE_USE_ENV_PROXY Node's fetch has read the proxy already; it reads the exceptions at each call.
  environment.NO_PROXY = '*'
  environment.no_proxy = '*'
}

/** Runs a short program to its end, recorded like all others, so that an interruption ends it too. Throws with its output. */
export async function runInStack(processes: Processes, options: StartOptions): Promise<void> {
  const child = processes.start(options)
  const { code, signal } = await child.exited
  if (code !== 0) throw new Error(`${options.name} ended with ${signal ?? `code ${code}`}: ${child.log(2000).trim()}`)
}

export class Child {
  readonly pid: number
  readonly exited: Promise<Exit>
  readonly #options: StartOptions
  readonly #logFile: string
  #exit: Exit | null = null

  constructor(spawned: ChildProcess, pid: number, logFile: string, options: StartOptions) {
    this.pid = pid
    this.#logFile = logFile
    this.#options = options
    this.exited = new Promise((resolve) =>
      spawned.once('exit', (code, signal) => {
        this.#exit = { code, signal }
        resolve(this.#exit)
      }),
    )
  }

  get name(): string {
    return this.#options.name
  }

  get exit(): Exit | null {
    return this.#exit
  }

  signal(signal: NodeJS.Signals): void {
    if (this.exit === null) trySignal(this.pid, signal)
  }

  signalTree(signal: NodeJS.Signals): void {
    if (this.exit === null) killTree(this.pid, signal)
  }

  /** SIGKILL to the process, its group and all its descendants. */
  async killTree(): Promise<void> {
    this.signalTree('SIGKILL')
    await this.exited
  }

  async stop(): Promise<void> {
    const { stopSignals = ['SIGTERM'], patienceMs = 5_000 } = this.#options
    for (const signal of stopSignals) {
      if (this.exit !== null) return
      this.signal(signal)
      if (await settlesWithin(this.exited, patienceMs)) return
    }
    await this.killTree()
  }

  /** The end of its output. */
  log(maxBytes = 4096): string {
    return readTail(this.#logFile, maxBytes)
  }
}

async function settlesWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms)
  })
  const settled = await Promise.race([promise.then(() => true as const), late])
  clearTimeout(timer)
  return settled
}

function readTail(path: string, maxBytes: number): string {
  const file = openSync(path, 'r')
  try {
    const { size } = fstatSync(file)
    const buffer = Buffer.alloc(Math.min(size, maxBytes))
    readSync(file, buffer, 0, buffer.length, size - buffer.length)
    return buffer.toString('utf8')
  } finally {
    closeSync(file)
  }
}
