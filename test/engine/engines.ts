/** Both engines behind one interface: a host process with the app of the contract, and durable-functions' own client inside it. */
import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { buildDurableExtension, findDotnet } from '../../infra/local/functions-host/durable-extension/build.ts'
import type { Keys } from '../../infra/local/functions-host/http/site.ts'
import { holdFreePort } from '../../infra/local/process/ports.ts'
import { baseEnvironment, type Child } from '../../infra/local/process/processes.ts'
import { waitFor } from '../../infra/local/process/wait.ts'
import { type Azurite, startAzurite } from '../../infra/local/stack/azurite.ts'
import { ROOT } from '../support/command.ts'
import { eventually } from '../support/eventually.ts'
import { timeouts } from '../support/timeouts.ts'
import type { Bench } from '../support/with-stack.ts'

export type EngineKind = 'local' | 'durable'

const dotnet = await findDotnet()
/** The reason that the tests on the real engine do not run on this machine, or null. */
export const WHY_SKIPPED =
  dotnet === null
    ? 'there is no .NET SDK 10 on this machine, and the Durable extension of Azure needs it (test/engine)'
    : null

const CONTRACT_APP = resolve(import.meta.dirname, 'contract-app/app.ts')

export interface Status {
  readonly runtimeStatus: string
  readonly output: unknown
  readonly customStatus: unknown
  readonly createdTime: string
  readonly lastUpdatedTime: string
}

/** The result of a call of the client, or the message of its error. */
export type Called = { readonly result: unknown } | { readonly error: string }

const ENDED = ['Completed', 'Failed', 'Terminated', 'Canceled']
const END_MS = 90_000

/** A host process on one of the engines. */
export class EngineHost {
  readonly #launch: () => Promise<Child>
  readonly #url: string
  readonly #notesFile: string
  #child: Child

  constructor(launch: () => Promise<Child>, child: Child, { port, notes }: HostFacts) {
    this.#launch = launch
    this.#child = child
    this.#url = `http://127.0.0.1:${port}`
    this.#notesFile = notes
  }

  async client(call: string, ...args: unknown[]): Promise<Called> {
    const answer = await fetch(`${this.#url}/api/durable/${call}`, { method: 'POST', body: JSON.stringify(args) })
    return (await answer.json()) as Called
  }

  async begin(orchestrator: string, input: unknown = null, instanceId: string = randomUUID()): Promise<string> {
    const started = await this.client('startNew', orchestrator, { instanceId, input })
    if ('error' in started) throw new Error(started.error)
    return instanceId
  }

  async status(instanceId: string): Promise<Status> {
    const called = await this.client('getStatus', instanceId)
    if ('error' in called) throw new Error(called.error)
    return called.result as Status
  }

  /** The status once it has ended, or when the time is over. */
  end(instanceId: string, withinMs = END_MS): Promise<Status> {
    const hasEnded = ({ runtimeStatus }: Status) => ENDED.includes(runtimeStatus)
    return this.#until(`${instanceId} ends`, instanceId, hasEnded, withinMs).catch(() => this.status(instanceId))
  }

  reaches(instanceId: string, wanted: string, when: (seen: Status) => boolean = () => true): Promise<Status> {
    const isThere = (seen: Status) => seen.runtimeStatus === wanted && when(seen)
    return this.#until(`${instanceId} is ${wanted}`, instanceId, isThere, END_MS)
  }

  notes(): string[] {
    return existsSync(this.#notesFile) ? readFileSync(this.#notesFile, 'utf8').split('\n').slice(0, -1) : []
  }

  /** Kills the host with SIGKILL and starts another one with the same state. */
  async killAndRestart(): Promise<void> {
    this.#child.signal('SIGKILL')
    await this.#child.exited
    this.#child = await this.#launch()
  }

  #until(what: string, id: string, is: (seen: Status) => boolean, withinMs: number): Promise<Status> {
    const look = async () => {
      const seen = await this.status(id)
      return is(seen) ? seen : null
    }
    return eventually(what, withinMs, look, 100)
  }
}

export async function startEngineHost(bench: Bench, kind: EngineKind): Promise<EngineHost> {
  const { folder } = bench
  const storage = kind === 'durable' ? (await startStorage(bench)).connectionString : null
  // Built before the host starts: a build takes longer than a host may take to start.
  if (kind === 'durable') await buildDurableExtension(console.log)
  const port = await (await holdFreePort(folder)).release()
  const facts = { port, notes: join(folder.path, `notes-${kind}.txt`), storage }
  const launch = () => launchHost(bench, kind, facts)
  return new EngineHost(launch, await launch(), facts)
}

async function startStorage({ folder, processes }: Bench): Promise<Azurite> {
  const [blob, queue, table] = [await holdFreePort(folder), await holdFreePort(folder), await holdFreePort(folder)]
  return startAzurite(processes, { blob, queue, table }, 'contract')
}

interface HostFacts {
  readonly port: number
  readonly notes: string
  readonly storage: string | null
}

const KEYS: Keys = { master: 'the-master-key', host: 'the-function-key' }

async function launchHost({ folder, processes }: Bench, kind: EngineKind, facts: HostFacts): Promise<Child> {
  const keys = join(folder.path, 'keys.json')
  writeFileSync(keys, JSON.stringify(KEYS))
  const child = processes.start({
    name: `host-${kind}`,
    command: process.execPath,
    args: [
      join(ROOT, 'infra/local/functions-host/main.ts'),
      ...['--app', CONTRACT_APP, '--state-dir', join(folder.path, `state-${kind}`)],
      ...['--port', String(facts.port), '--keys', keys],
      ...(facts.storage === null ? [] : ['--durable-extension']),
    ],
    environment: {
      ...baseEnvironment(),
      CONTRACT_NOTES: facts.notes,
      ...(facts.storage === null ? {} : { AzureWebJobsStorage: facts.storage }),
    },
    patienceMs: 20_000,
  })
  const requireAlive = () => {
    if (child.exit !== null) throw new Error(`the host ended: ${child.log(4_000)}`)
  }
  await waitFor(
    'the host answers',
    { forMs: timeouts.stackStartsMs, giveUpIf: requireAlive },
    async () => (await fetch(`http://127.0.0.1:${facts.port}/admin/host/status?code=${KEYS.master}`)).ok,
  )
  return child
}
