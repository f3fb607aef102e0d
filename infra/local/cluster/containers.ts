/**
 * A container group on this machine: the load generator's entry point as a child process, with exactly the environment that
 * the group was created with and the image brings. Limits of CPU and memory are not enforced.
 */
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { HEAP_ENVIRONMENT } from '../../../loadgen-image/heap.ts'
import type { Child, Processes } from '../process/processes.ts'
import type { ContainerSpec, LocalContainer } from './cluster.ts'

/** As much as Azure keeps of a running container's output. */
const LOG_BYTES = 4 * 1_048_576

export function startContainer(processes: Processes, entry: string, spec: ContainerSpec): LocalContainer {
  const child = processes.start({
    name: `container-${spec.name}`,
    command: process.execPath,
    args: [entry],
    environment: { ...HEAP_ENVIRONMENT, ...spec.environment },
    // SIGTERM lets the generator drain and write what it knows; Azure gives it 30 s as well.
    stopSignals: ['SIGTERM'],
    patienceMs: 30_000,
  })
  return containerOf(spec.name, child)
}

/** With the ending that this file has: .ts in the sources, .js when compiled. */
export const moduleBeside = (path: string): string =>
  fileURLToPath(new URL(`${path}${extname(import.meta.url)}`, import.meta.url))

/** What the image runs. */
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
      // A container that a signal ended has 128 and more, as a container runtime reports it.
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
