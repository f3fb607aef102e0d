/** Azurite, in memory: the storage account of the local stack. */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { TableClient } from '@azure/data-tables'
import { BlobServiceClient } from '@azure/storage-blob'
import type { HeldPort } from '../process/ports.ts'
import { type Child, dropProxies, type Processes } from '../process/processes.ts'
import { waitFor } from '../process/wait.ts'

export interface Azurite {
  readonly process: Child
  /** With the emulator's public key, which opens this process alone. */
  readonly connectionString: string
  readonly container: string
  readonly table: string
  stop(): Promise<void>
}

const ACCOUNT = 'devstoreaccount1'
const KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=='

/** The app needs blobs and tables, and Azure's own Functions host queues too; Azurite starts one service or all three. */
export interface AzuritePorts {
  readonly blob: HeldPort
  readonly queue?: HeldPort
  readonly table?: HeldPort
}

interface AzuriteOptions {
  readonly table?: string
  /** The log of requests shows what the Durable extension costs; what a drill does alone would only fill the log. */
  readonly logsRequests?: boolean
}

export async function startAzurite(
  processes: Processes,
  ports: AzuritePorts,
  container: string,
  { table = 'drills', logsRequests = false }: AzuriteOptions = {},
): Promise<Azurite> {
  dropProxies()
  const services = Object.entries(ports) as Array<readonly [keyof AzuritePorts, HeldPort]>
  await Promise.all(services.map(([, port]) => port.release()))
  const child = processes.start({
    name: 'azurite',
    command: process.execPath,
    args: [
      entryPoint(services.length > 1 ? 'azurite' : 'blob/main'),
      ...services.flatMap(([service, { port }]) => [`--${service}Host=127.0.0.1`, `--${service}Port=${port}`]),
      '--inMemoryPersistence',
      ...(logsRequests ? [] : ['--silent']),
      '--disableTelemetry',
      // The SDK speaks newer API versions than Azurite knows; the operations used here are the same in both.
      '--skipApiVersionCheck',
    ],
    // After its first request it ignores SIGTERM. SIGKILL is safe, because its data is in memory.
    stopSignals: [],
  })
  const connectionString = connectionStringFor(services)
  const requireAlive = () => {
    if (child.exit !== null) throw new Error(`Azurite did not start: ${child.log(1000).trim()}`)
  }
  await waitFor('Azurite answers', { forMs: 60_000, everyMs: 50, giveUpIf: requireAlive }, () =>
    createPlaces(connectionString, container, ports.table === undefined ? null : table),
  )
  return { process: child, connectionString, container, table, stop: () => child.stop() }
}

const connectionStringFor = (services: ReadonlyArray<readonly [string, HeldPort]>): string =>
  [
    'DefaultEndpointsProtocol=http',
    `AccountName=${ACCOUNT}`,
    `AccountKey=${KEY}`,
    ...services.map(([name, { port }]) => `${capitalised(name)}Endpoint=http://127.0.0.1:${port}/${ACCOUNT}`),
  ].join(';')

const capitalised = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)

async function createPlaces(connectionString: string, container: string, table: string | null): Promise<true> {
  const service = BlobServiceClient.fromConnectionString(connectionString, { retryOptions: { maxTries: 1 } })
  await service.getContainerClient(container).createIfNotExists()
  const options = { allowInsecureConnection: true, retryOptions: { maxRetries: 0 } }
  // A table that exists is no error.
  if (table !== null) await TableClient.fromConnectionString(connectionString, table, options).createTable()
  return true
}

/** Run by node and not by npx, so that the recorded process is Azurite itself. */
function entryPoint(service: 'azurite' | 'blob/main'): string {
  const manifest = createRequire(import.meta.url).resolve('azurite/package.json')
  return join(dirname(manifest), `dist/src/${service}.js`)
}
