/**
 * A container group on this machine: the load generator's entry point as a child process, with exactly the environment of the group
 * and of the image. Limits of CPU and memory are not enforced.
 */
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { HEAP_ENVIRONMENT } from '../../../loadgen-image/heap.ts'
import type { Child, Processes } from '../process/processes.ts'
import type { ContainerSpec, LocalContainer } from './cluster.ts'

/** The part of a running container's output that Azure keeps. */
const LOG_BYTES = 4 * 1_048_576

export function startContainer(processes: Processes, entry: string, spec: ContainerSpec): LocalContainer {
  const child = processes.start({
    name: `container-${spec.name}`,
    command: process.execPath,
    args: [entry],
    environment: { ...HEAP_ENVIRONMENT, ...spec.environment },
    // After SIGTERM the generator waits for replies and writes its records; Azure gives it 30 s too.
    stopSignals: ['SIGTERM'],
    patienceMs: 30_000,
  })
  return containerOf(spec.name, child)
}

/** With the extension of this file: .ts in the sources, .js when compiled. */
export const moduleBeside = (path: string): string =>
  fileURLToPath(new URL(`${path}${extname(import.meta.url)}`, import.meta.url))

/** The program of the image. */
export const LOADGEN_ENTRY = moduleBeside('../../../loadgen-image/main')

function containerOf(name: string, child: Child): LocalContainer {
  const startedAt = new Date()
  let finishedAt: Date | null = null
  void child.exited.then(() => {
    finishedAt = new Date()
  })
  return {
    name,
    get state() {
      return child.exit === null ? ('Running' as const) : ('Terminated' as const)
    },
    get exitCode() {
      // After a signal a container runtime reports 128 plus its number: 137 is SIGKILL.
      return child.exit === null ? null : (child.exit.code ?? 137)
    },
    startedAt,
    get finishedAt() {
      return finishedAt
    },
    logs: () => child.log(LOG_BYTES),
    stop: () => child.stop(),
  }
}
