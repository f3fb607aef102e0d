import { DefaultAzureCredential, ManagedIdentityCredential } from '@azure/identity'
import { expect, test } from 'vitest'
import { readConfig } from '../../../functions/config/config.ts'
import { connect, ownIdentity } from '../../../functions/connect.ts'
import { DEPLOYED_SETTINGS } from '../../support/deployed-settings.ts'

const AZURE = {
  ...DEPLOYED_SETTINGS,
  AZURE_CLIENT_ID: '11111111-2222-3333-4444-666666666666',
  POSTGRES_PASSWORD: 'p@ss',
}

test('the settings of a deployment connect without asking anybody, and the load goes to the server in Azure over TLS', async () => {
  const { database, webhook } = connect(readConfig(AZURE))
  const target = { resourceGroup: 'rg-data', server: 'psql-drill', database: 'drill' }
  expect(database.loadConnectionString(target)).toBe(
    'postgresql://drilladmin:p%40ss@psql-drill.postgres.database.azure.com:6432/drill?sslmode=verify-full',
  )
  expect(database.directPort(target)).toBe(5432)
  expect(webhook.isConfigured).toBe(false)
})

test('a host of its own belongs to the configured server alone', async () => {
  const { database } = connect(readConfig({ ...AZURE, POSTGRES_HOST: 'pg.internal' }))
  const hostFor = async (server: string) =>
    new URL(database.loadConnectionString({ resourceGroup: 'rg', server, database: 'drill' })).hostname
  expect([await hostFor('psql-drill'), await hostFor('pg-other')]).toEqual([
    'pg.internal',
    'pg-other.postgres.database.azure.com',
  ])
})

test.each([
  ['http://169.254.130.2:8081/msi/token', ManagedIdentityCredential],
  ['', DefaultAzureCredential],
])('with the identity endpoint "%s" of the platform the app asks one kind of credential', (endpoint, kind) => {
  const { azure } = readConfig({ ...AZURE, IDENTITY_ENDPOINT: endpoint })
  expect(ownIdentity(azure, azure.identityClientId, azure.cloud.authorityHost)).toBeInstanceOf(kind)
})
