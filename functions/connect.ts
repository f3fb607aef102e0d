/**
 * Creates the clients from the configuration. Only this file distinguishes Azure from the local stack: by the endpoint, its certificate
 * authority, and the credential.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { DefaultAzureCredential, type TokenCredential } from '@azure/identity'
import { type AzureAccess, exemptThisMachine, SHORT_RETRIES, shortPatience } from './clients/azure/azure.ts'
import { createContainerGroups } from './clients/azure/container-group.ts'
import { createFlexibleServers } from './clients/azure/flexible-server.ts'
import { createPlatformMetrics } from './clients/azure/metrics.ts'
import { createImageRegistry } from './clients/azure/registry.ts'
import type { Clients, Clock } from './clients/clients.ts'
import { createDatabase } from './clients/postgres/database.ts'
import { connectContainer, createBlobs } from './clients/storage/blobs.ts'
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
    database: createDatabase(config.postgres, access.credential, clock),
    metrics: createPlatformMetrics(access),
    registry: createImageRegistry(access, config.loadGenerator.image),
    webhook: createWebhook(config.webhook, clock),
  }
}

function accessOf({ azure, subscriptionId, postgres }: Config): AzureAccess {
  return {
    credential:
      azure.localToken === null
        ? ownIdentity(azure.identityClientId, postgres.cloud.authorityHost)
        : fixedToken(azure.localToken),
    subscriptionId,
    endpoint: azure.resourceManagerEndpoint,
    ca: azure.caFile === null ? null : readAuthority(azure.caFile),
    requestTimeoutMs: 60_000,
  }
}

/** In Azure the app's managed identity; on a developer's machine the logged-in user. */
const ownIdentity = (clientId: string | null, authorityHost: string): TokenCredential =>
  new DefaultAzureCredential({
    authorityHost,
    retryOptions: SHORT_RETRIES,
    additionalPolicies: [shortPatience],
    ...(clientId !== null && { managedIdentityClientId: clientId }),
  })

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
