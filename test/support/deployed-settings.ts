/** The settings that Azure gives the deployed app, so that it can be loaded. */
export const DEPLOYED_SETTINGS = {
  AZURE_SUBSCRIPTION_ID: '11111111-1111-1111-1111-111111111111',
  DRILL_RESOURCE_GROUP: 'rg-drill',
  DRILL_LOCATION: 'swedencentral',
  DRILL_TASK_HUB: 'DrillDeployed',
  DRILL_BLOB_CONTAINER_URL: 'https://account.blob.example.com/drills',
  DRILL_TABLE_URL: 'https://account.table.example.com/drills',
  POSTGRES_SERVER: 'psql-drill',
  POSTGRES_DATABASE: 'drill',
  POSTGRES_USER: 'drilladmin',
  POSTGRES_PASSWORD: 'a-password',
  LOADGEN_IMAGE: `registry.example.com/loadgen@sha256:${'a'.repeat(64)}`,
}
