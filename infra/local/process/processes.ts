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

export interface Child {
  readonly name: string
  readonly pid: number
  readonly exited: Promise<Exit>
  readonly exit: Exit | null
  signal(signal: NodeJS.Signals): void
  signalTree(signal: NodeJS.Signals): void
  /** SIGKILL to the process, its group and all its descendants. */
  killTree(): Promise<void>
  stop(): Promise<void>
  /** The end of its output. */
  log(maxBytes?: number): string
}

export interface Processes {
  start(options: StartOptions): Child
  /** No process can be started afterwards. */
  stopAll(): Promise<void>
  /** Synchronous: called from process 'exit'. */
  killAllNow(): void
  readonly running: readonly Child[]
}

export function createProcesses(folder: StackFolder): Processes {
  const children = new Map<Child, StartOptions>()
  let closed = false
  const live = () => [...children.keys()].filter((child) => child.exit === null)
  return {
    get running() {
      return live()
    },
    start: (options) => {
      if (closed) throw new Error(`${options.name} is not started: the stack is stopping`)
      const child = startChild(folder, options)
      children.set(child, options)
      void child.exited.then(() => children.delete(child))
      return child
    },
    stopAll: async () => {
      closed = true
      for (const child of live().reverse()) await child.stop()
    },
    killAllNow: () => {
      closed = true
      for (const child of live().reverse()) killTree(child.pid, children.get(child)?.lastSignal ?? 'SIGKILL')
    },
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
  return childOf(spawned, pid, logFile, options)
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

function childOf(spawned: ChildProcess, pid: number, logFile: string, options: StartOptions): Child {
  let exit: Exit | null = null
  const exited = new Promise<Exit>((resolve) =>
    spawned.once('exit', (code, signal) => {
      exit = { code, signal }
      resolve(exit)
    }),
  )
  const kill = async () => {
    if (exit === null) killTree(pid, 'SIGKILL')
    await exited
  }
  return {
    name: options.name,
    pid,
    exited,
    get exit() {
      return exit
    },
    signal: (signal) => {
      if (exit === null) trySignal(pid, signal)
    },
    signalTree: (signal) => {
      if (exit === null) killTree(pid, signal)
    },
    killTree: kill,
    stop: async () => {
      for (const signal of options.stopSignals ?? ['SIGTERM']) {
        if (exit !== null) return
        trySignal(pid, signal)
        if (await settlesWithin(exited, options.patienceMs ?? 5_000)) return
      }
      await kill()
    },
    log: (maxBytes = 4096) => readTail(logFile, maxBytes),
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
