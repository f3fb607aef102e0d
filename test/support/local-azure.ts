/** The Azure endpoint in front of a fake cluster, and the app's real clients connected to it, as the local stack connects them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { AzureAccess } from '../../functions/clients/azure/azure.ts'
import type { Clients } from '../../functions/clients/clients.ts'
import { type Config, readConfig } from '../../functions/config/config.ts'
import type { Environment } from '../../functions/config/settings.ts'
import { connect } from '../../functions/connect.ts'
import type { Target } from '../../functions/model/plan.ts'
import type { Weather } from '../../infra/local/azure/arm/weather.ts'
import { type AzureEndpoint, startAzureEndpoint } from '../../infra/local/azure/endpoint.ts'
import { createServerCertificate } from '../../infra/local/stack/certificates.ts'
import { AzureFaults } from './azure-faults.ts'
import { createFakeCluster, type FakeCluster } from './fake-cluster.ts'
import { freePort } from './ports.ts'

export const SUBSCRIPTION = '11111111-2222-3333-4444-555555555555'
const TOKEN = 'MARKED-SECRET-token'
export const PLACE = {
  subscriptionId: SUBSCRIPTION,
  resourceGroup: 'rg-drill',
  location: 'swedencentral',
  server: 'pg-drill',
} as const
export const REPLICA_PLACE = {
  resourceGroup: 'rg-drill-dr',
  server: 'pg-drill-replica',
  location: 'norwayeast',
} as const
export const TARGET: Target = { resourceGroup: 'rg-drill', server: 'pg-drill', database: 'drill' }

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: unknown
}

export interface LocalAzure {
  readonly cluster: FakeCluster
  readonly endpoint: AzureEndpoint
  readonly faults: AzureFaults
  readonly clients: Clients
  readonly config: Config
  readonly access: AzureAccess
  /** One plain request with token and api-version, unless they are given otherwise. */
  ask(method: string, path: string, options?: AskOptions): Promise<Answer>
}

interface AskOptions {
  readonly body?: unknown
  readonly token?: string | null
  readonly apiVersion?: string | null
}

const certificate = createServerCertificate()

/** Without a weather metrics are published at once. There is a replica in another region. */
export async function startLocalAzure(settings: Environment = {}, weather?: Weather): Promise<LocalAzure> {
  const folder = mkdtempSync(join(tmpdir(), 'azure-'))
  const { caPem, certificatePem, privateKeyPem } = await certificate
  const caFile = join(folder, 'ca.pem')
  writeFileSync(caFile, caPem)
  const entryFile = join(folder, 'main.js')
  writeFileSync(entryFile, 'the load generator')
  const cluster = createFakeCluster(true)
  const port = await freePort()
  const faults = new AzureFaults()
  const endpoint = await startAzureEndpoint({
    cluster,
    place: PLACE,
    replica: REPLICA_PLACE,
    certificate: { certificatePem, privateKeyPem },
    port,
    token: TOKEN,
    entryFile,
    ...(weather === undefined ? { metricsDelayMs: 0 } : { weather }),
    addHooks: faults.addHooks,
  })
  onTestFinished(async () => {
    await endpoint.stop()
    rmSync(folder, { recursive: true })
  })
  const config = readConfig({ ...environmentOf(endpoint, caFile), ...settings })
  return {
    cluster,
    endpoint,
    faults,
    config,
    clients: connect(config),
    access: {
      credential: { getToken: async () => ({ token: TOKEN, expiresOnTimestamp: Date.now() + 3_600_000 }) },
      subscriptionId: SUBSCRIPTION,
      endpoint: endpoint.url,
      ca: caPem,
      requestTimeoutMs: 60_000,
    },
    ask: (method, path, options = {}) => ask(endpoint.url, caPem, method, path, options),
  }
}

const environmentOf = ({ url, image }: AzureEndpoint, caFile: string): Environment => ({
  AZURE_SUBSCRIPTION_ID: SUBSCRIPTION,
  DRILL_RESOURCE_GROUP: PLACE.resourceGroup,
  DRILL_LOCATION: PLACE.location,
  POSTGRES_SERVER: PLACE.server,
  POSTGRES_DATABASE: 'drill',
  POSTGRES_USER: 'drill_admin',
  POSTGRES_PASSWORD: 'MARKED-SECRET',
  POSTGRES_HOST: '127.0.0.1',
  POSTGRES_TLS: 'disable',
  DRILL_BLOB_CONNECTION_STRING: 'UseDevelopmentStorage=true',
  DRILL_BLOB_CONTAINER: 'drills',
  DRILL_TABLE: 'drills',
  LOADGEN_IMAGE: image,
  AZURE_RESOURCE_MANAGER_ENDPOINT: url,
  AZURE_RESOURCE_MANAGER_CA_FILE: caFile,
  AZURE_LOCAL_TOKEN: TOKEN,
})

const API_VERSIONS: ReadonlyArray<readonly [part: string, version: string]> = [
  ['Microsoft.Insights/eventtypes', '2015-04-01'],
  ['Microsoft.ResourceHealth', '2025-04-01'],
  ['Microsoft.Insights', '2024-02-01'],
  ['Microsoft.ContainerInstance', '2023-05-01'],
  ['Microsoft.DBforPostgreSQL', '2025-08-01'],
]

function ask(base: string, ca: string, method: string, path: string, options: AskOptions): Promise<Answer> {
  const url = new URL(path, base)
  const version = options.apiVersion ?? API_VERSIONS.find(([part]) => path.includes(part))?.[1] ?? '2025-08-01'
  if (options.apiVersion !== null && !url.searchParams.has('api-version')) url.searchParams.set('api-version', version)
  const token = options.token === undefined ? TOKEN : options.token
  const headers = {
    'content-type': 'application/json',
    ...(token !== null && { authorization: `Bearer ${token}` }),
  }
  return new Promise((resolve, reject) => {
    const sent = httpsRequest(url, { method, ca, headers }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('end', () => {
        const text = Buffer.concat(parts).toString()
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text === '' ? null : parse(text) })
      })
    })
    sent.on('error', reject)
    sent.end(options.body === undefined ? undefined : JSON.stringify(options.body))
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
