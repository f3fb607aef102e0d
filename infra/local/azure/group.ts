/** One container group: its only container as a process, and what became of it so far. */
import { isDeepStrictEqual } from 'node:util'
import type { Cluster, LocalContainer } from '../cluster/cluster.ts'
import type { GroupEvent, GroupView } from './group-document.ts'
import type { GroupRequest } from './group-request.ts'

export interface Group {
  readonly name: string
  readonly request: GroupRequest
  isSameAs(request: GroupRequest): boolean
  start(): Promise<void>
  restart(): Promise<void>
  /** The process is gone when this resolves, and none comes after it. */
  stop(): Promise<void>
  logs(): string
  view(): GroupView
}

export interface GroupOptions {
  readonly name: string
  readonly request: GroupRequest
  /** Accepted, and then the container never starts. */
  readonly isStuck: boolean
}

export function createGroup(cluster: Cluster, { name, request, isStuck }: GroupOptions): Group {
  const events: GroupEvent[] = []
  const note = (event: GroupEvent['name'], message: string) => events.push({ at: new Date(), name: event, message })
  let container: LocalContainer | null = null
  let previous: LocalContainer | null = null
  let restartCount = 0
  let isDeleting = false
  let failure: string | null = null
  let starting: Promise<void> = Promise.resolve()

  const run = async () => {
    const environment = { ...request.environment, ...request.secureEnvironment }
    try {
      container = await cluster.startContainer({ name, environment })
      note('Started', 'Started container')
    } catch (cause) {
      failure = cause instanceof Error ? cause.message : String(cause)
      note('Failed', `Error: ${failure}`)
    }
  }
  const start = async () => {
    note('Pulling', `pulling image "${request.image}"`)
    if (isStuck) return
    note('Pulled', `Successfully pulled image "${request.image}"`)
    starting = run()
    await starting
  }
  const restart = async () => {
    await container?.stop()
    if (isDeleting) return
    note('Killing', 'Killing container, to restart it')
    previous = container
    restartCount++
    starting = run()
    await starting
  }
  const stop = async () => {
    isDeleting = true
    // A process that is just being started would otherwise outlive its group.
    await starting
    await container?.stop()
  }

  return {
    name,
    request,
    isSameAs: (other) => isDeepStrictEqual(other, request),
    start,
    restart,
    stop,
    logs: () => (container === null ? '' : logOf(container)),
    view: () => ({ name, request, container, previous, restartCount, isDeleting, failure, events }),
  }
}

/** Azure keeps this much of the log of a container that has ended. */
const ENDED_LOG_BYTES = 16 * 1024
const ENDED_LOG_LINES = 1000

function logOf(container: LocalContainer): string {
  const whole = container.logs()
  if (container.state === 'Running') return whole
  return whole.split('\n').slice(-ENDED_LOG_LINES).join('\n').slice(-ENDED_LOG_BYTES)
}
