/** The null server as a process of its own, for tests and benchmarks. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { oneServer, type ServerTarget } from '../../loadgen-image/connection/target.ts'

const FILE = fileURLToPath(new URL('./null-server.ts', import.meta.url))

export interface NullServer {
  readonly target: ServerTarget
  readonly pid: number
  /** No answers until the thaw, which gives all that are owed. */
  freeze(): void
  thaw(): void
  kill(): Promise<void>
}

export async function withNullServer<T>(latencyMs: number, use: (server: NullServer) => Promise<T>): Promise<T> {
  const child = spawn(process.execPath, [FILE, String(latencyMs)], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    return await use(serverOf(child, await portOf(child)))
  } finally {
    await killed(child)
  }
}

async function portOf(child: ChildProcess): Promise<number> {
  const exited = once(child, 'exit').then(() => {
    throw new Error('the null server did not start')
  })
  const [line] = (await Promise.race([once(child.stdout as NodeJS.ReadableStream, 'data'), exited])) as [Buffer]
  exited.catch(() => {})
  return Number(line.toString())
}

function serverOf(child: ChildProcess, port: number): NullServer {
  return {
    target: oneServer({ host: '127.0.0.1', port, database: 'null', user: 'null', password: '' }),
    pid: child.pid as number,
    freeze: () => child.kill('SIGUSR2'),
    thaw: () => child.kill('SIGUSR2'),
    kill: () => killed(child),
  }
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}
