/**
 * Creates the clients from the configuration. Only this file distinguishes Azure from the local stack: by the endpoint, its certificate
 * authority, and the credential.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { DefaultAzureCredential, ManagedIdentityCredential, type TokenCredential } from '@azure/identity'
import { type AzureAccess, exemptThisMachine, SHORT_RETRIES, shortPatience } from './clients/azure/azure.ts'
import { createContainerGroups } from './clients/azure/container-group.ts'
import { createFlexibleServers } from './clients/azure/flexible-server.ts'
import { createPlatformMetrics } from './clients/azure/metrics.ts'
import { createPlatformLogs } from './clients/azure/platform-log.ts'
import { createImageRegistry } from './clients/azure/registry.ts'
import type { Clients, Clock } from './clients/clients.ts'
import { createDatabases } from './clients/postgres/databases.ts'
import { connectContainer, createBlobs } from './clients/storage/blobs.ts'
import { connectTable, createTable } from './clients/storage/table.ts'
import { createWebhook } from './clients/webhook.ts'
import type { Config } from './config/config.ts'
import type { Secret } from './config/secret.ts'

export function connect(config: Config): Clients {
  exemptThisMachine()
  const clock = systemClock
  const access = accessOf(config)
  return {
    clock,
    servers: createFlexibleServers(access, clock),
    groups: createContainerGroups(access, { ...config.drill, ...config.loadGenerator }),
    blobs: createBlobs(connectContainer(config.blobs, access)),
    table: createTable(connectTable(config.table, access)),
    database: createDatabases(config.targets, { app: access.credential, load: loadCredential(config) }, clock),
    metrics: createPlatformMetrics(access),
    platformLogs: createPlatformLogs(access),
    registry: createImageRegistry(access, config.loadGenerator.image),
    webhook: createWebhook(config.webhook, clock),
  }
}

function accessOf(config: Config): AzureAccess {
  const { azure, subscriptionId } = config
  return {
    credential: credentialOf(config, azure.identityClientId),
    subscriptionId,
    endpoint: azure.resourceManagerEndpoint,
    ca: azure.caFile === null ? null : readAuthority(azure.caFile),
    requestTimeoutMs: 60_000,
  }
}

/** What the load will meet is checked in its own session, so the app also has the load generators' identity. */
const loadCredential = (config: Config): TokenCredential => credentialOf(config, config.loadGenerator.identityClientId)

const credentialOf = ({ azure }: Config, clientId: string | null): TokenCredential =>
  azure.localToken === null ? ownIdentity(azure, clientId, azure.cloud.authorityHost) : fixedToken(azure.localToken)

/**
 * In Azure one managed identity and nothing else: a chain of credentials is slower, and its error names all that it tried. On a
 * developer's machine the login of the operator.
 */
export function ownIdentity(
  { hasIdentityEndpoint }: Pick<Config['azure'], 'hasIdentityEndpoint'>,
  clientId: string | null,
  authorityHost: string,
): TokenCredential {
  const options = { authorityHost, retryOptions: SHORT_RETRIES, additionalPolicies: [shortPatience] }
  if (hasIdentityEndpoint) return new ManagedIdentityCredential({ ...options, ...(clientId !== null && { clientId }) })
  return new DefaultAzureCredential({ ...options, ...(clientId !== null && { managedIdentityClientId: clientId }) })
}

const HOUR_MS = 3_600_000

const fixedToken = (token: Secret): TokenCredential => ({
  getToken: async () => ({ token: token.reveal(), expiresOnTimestamp: Date.now() + HOUR_MS }),
})

function readAuthority(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new Error(`the certificate authority ${file} cannot be read; check AZURE_RESOURCE_MANAGER_CA_FILE`, { cause })
  }
}

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => new Date(),
  sleep: (ms) => sleep(ms),
}
