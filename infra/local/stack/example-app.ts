/** The example application of --with-app as a process of the stack: it writes to the primary by the address that every client uses. */
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ClusterFacts } from '../cluster/cluster.ts'
import type { HeldPort } from '../process/ports.ts'
import { baseEnvironment, type Processes } from '../process/processes.ts'
import { waitFor } from '../process/wait.ts'

export interface ExampleApp {
  readonly url: string
  stop(): Promise<void>
}

const PROGRAM = fileURLToPath(new URL(`../example-app/main${extname(import.meta.url)}`, import.meta.url))

const PATHS = ['/checkout', '/checkout-validated']

export async function startExampleApp(processes: Processes, held: HeldPort, facts: ClusterFacts): Promise<ExampleApp> {
  const { host, directPort, user, password, database } = facts
  const port = await held.release()
  const child = processes.start({
    name: 'example-app',
    command: process.execPath,
    args: [PROGRAM],
    environment: {
      ...baseEnvironment(),
      PORT: String(port),
      DATABASE_URL: `postgres://${user}:${encodeURIComponent(password)}@${host}:${directPort}/${database}`,
    },
    stopSignals: ['SIGTERM'],
  })
  const requireAlive = () => {
    if (child.exit !== null) throw new Error(`the example application did not start: ${child.log(1000).trim()}`)
  }
  const url = `http://127.0.0.1:${port}`
  await waitFor('the example application answers', { forMs: 30_000, everyMs: 50, giveUpIf: requireAlive }, async () => {
    const answers = await Promise.all(PATHS.map((path) => fetch(`${url}${path}`, { method: 'POST' })))
    return answers.every(({ status }) => status === 200)
  })
  return { url, stop: () => child.stop() }
}
