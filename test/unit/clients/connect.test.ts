import { expect, test } from 'vitest'
import { readConfig } from '../../../functions/config/config.ts'
import { connect } from '../../../functions/connect.ts'

const AZURE = {
  AZURE_SUBSCRIPTION_ID: '11111111-2222-3333-4444-555555555555',
  AZURE_CLIENT_ID: '11111111-2222-3333-4444-666666666666',
  DRILL_RESOURCE_GROUP: 'rg-drill',
  DRILL_LOCATION: 'swedencentral',
  POSTGRES_SERVER: 'pg-drill',
  POSTGRES_DATABASE: 'drill',
  POSTGRES_USER: 'drill_admin',
  POSTGRES_PASSWORD: 'p@ss',
  LOADGEN_IMAGE: `registry.azurecr.io/loadgen@sha256:${'0'.repeat(64)}`,
  DRILL_BLOB_CONTAINER_URL: 'https://account.blob.core.windows.net/drills',
}

test('the settings of a deployment connect without asking anybody, and the load goes to the server in Azure over TLS', async () => {
  const { database, webhook } = connect(readConfig(AZURE))
  const target = { resourceGroup: 'rg-data', server: 'pg-drill', database: 'drill' }
  expect(await database.loadConnectionString(target)).toBe(
    'postgresql://drill_admin:p%40ss@pg-drill.postgres.database.azure.com:6432/drill?sslmode=verify-full',
  )
  expect(database.directPort()).toBe(5432)
  expect(webhook.isConfigured).toBe(false)
})

test('a host of its own belongs to the configured server alone', async () => {
  const { database } = connect(readConfig({ ...AZURE, POSTGRES_HOST: 'pg.internal' }))
  const hostFor = async (server: string) =>
    new URL(await database.loadConnectionString({ resourceGroup: 'rg', server, database: 'drill' })).hostname
  expect([await hostFor('pg-drill'), await hostFor('pg-other')]).toEqual([
    'pg.internal',
    'pg-other.postgres.database.azure.com',
  ])
})
