/** Azurite's blob service, in memory: the storage account of the local stack. */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { BlobServiceClient } from '@azure/storage-blob'
import type { HeldPort } from '../process/ports.ts'
import { type Child, dropProxies, type Processes } from '../process/processes.ts'
import { waitFor } from '../process/wait.ts'

export interface Azurite {
  readonly process: Child
  /** With the emulator's public key, which opens this process alone. */
  readonly connectionString: string
  readonly container: string
  stop(): Promise<void>
}

const ACCOUNT = 'devstoreaccount1'
const KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=='

/** Azure's own Functions host keeps its state in queues and tables. */
export interface AzuritePorts {
  readonly blob: HeldPort
  readonly queue?: HeldPort
  readonly table?: HeldPort
}

export async function startAzurite(processes: Processes, ports: AzuritePorts, container: string): Promise<Azurite> {
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
      // The log of requests shows what the Durable extension costs; the blobs of a drill alone would only fill the log.
      ...(services.length > 1 ? [] : ['--silent']),
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
    createContainer(connectionString, container),
  )
  return { process: child, connectionString, container, stop: () => child.stop() }
}

const connectionStringFor = (services: ReadonlyArray<readonly [string, HeldPort]>): string =>
  [
    'DefaultEndpointsProtocol=http',
    `AccountName=${ACCOUNT}`,
    `AccountKey=${KEY}`,
    ...services.map(([name, { port }]) => `${capitalised(name)}Endpoint=http://127.0.0.1:${port}/${ACCOUNT}`),
  ].join(';')

const capitalised = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)

async function createContainer(connectionString: string, container: string): Promise<true> {
  const service = BlobServiceClient.fromConnectionString(connectionString, { retryOptions: { maxTries: 1 } })
  await service.getContainerClient(container).createIfNotExists()
  return true
}

/** Run by node and not by npx, so that the recorded process is Azurite itself. */
function entryPoint(service: 'azurite' | 'blob/main'): string {
  const manifest = createRequire(import.meta.url).resolve('azurite/package.json')
  return join(dirname(manifest), `dist/src/${service}.js`)
}
