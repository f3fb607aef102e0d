/** What the platform records by itself: the app's client against the local endpoint, whose answers have the official shapes. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { type LocalAzure, PLACE, SUBSCRIPTION, startLocalAzure, TARGET } from '../support/local-azure.ts'
import { shapeProblems } from '../support/shape.ts'

const SERVER = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${PLACE.resourceGroup}/providers/Microsoft.DBforPostgreSQL/flexibleServers/${PLACE.server}`
const VALUES = `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Insights/eventtypes/management/values`
const HEALTH = `${SERVER}/providers/Microsoft.ResourceHealth/availabilityStatuses`
const FROM = '2020-01-01T00:00:00Z'
const TO = '2100-01-01T00:00:00Z'
const FILTER = `eventTimestamp ge '${FROM}' and eventTimestamp le '${TO}' and resourceUri eq '${SERVER}'`

const exampleOf = (file: string) =>
  JSON.parse(readFileSync(join(import.meta.dirname, '../support/azure-rest-examples', file), 'utf8')).responses[200]
    .body

async function withEvents(): Promise<LocalAzure> {
  const azure = await startLocalAzure()
  const { servers } = azure.clients
  const { pollerToken } = (await servers.begin(TARGET, { call: 'restart', failoverMode: null })) as {
    pollerToken: string
  }
  azure.cluster.finish()
  await eventually(
    'the restart ends',
    5_000,
    async () => (await servers.operationState(TARGET, pollerToken)).kind !== 'running',
  )
  const at = (second: number) => Date.parse('2026-03-01T10:00:00Z') + second * 1000
  for (const [second, is_db_alive] of [
    [0, 1],
    [10, 1],
    [20, 0],
    [30, 0],
    [40, 1],
  ] as const)
    azure.cluster.recorded.push({ atMs: at(second), values: { is_db_alive } })
  return azure
}

test('the activity log has the official shape, newest first', async () => {
  const azure = await withEvents()
  const { status, body } = await azure.ask('GET', `${VALUES}?$filter=${encodeURIComponent(FILTER)}`)
  expect(status).toBe(200)
  const options = { absent: ['$.nextLink', '$.value[].claims'], extra: ['$.value[].resourceId'] }
  expect(shapeProblems(body, exampleOf('monitor/GetActivityLogsFiltered.json'), options)).toEqual([])
  expect((body as { value: { status: { value: string } }[] }).value.map((one) => one.status.value)).toEqual([
    'Succeeded',
    'Accepted',
  ])
  expect((await azure.ask('GET', VALUES)).status).toBe(400)
})

test('the resource health has the official shape, newest first', async () => {
  const azure = await withEvents()
  const { status, body } = await azure.ask('GET', HEALTH)
  expect(status).toBe(200)
  const example = { value: [exampleOf('resourcehealth/AvailabilityStatus_GetByResource.json')] }
  // Not of a state that is over, and the actions only on request.
  const absent = ['rootCauseAttributionTime', 'resolutionETA', 'recommendedActions'].map(
    (key) => `$.value[].properties.${key}`,
  )
  expect(shapeProblems(body, example, { absent })).toEqual([])
})

test('the app reads both, in the order of time', async () => {
  const { clients } = await withEvents()
  const restart = 'Microsoft.DBforPostgreSQL/flexibleServers/restart/action'
  expect((await clients.platformLogs.activities(SERVER, FROM, TO)).map(({ what }) => what)).toEqual([
    `${restart}: Accepted, by a-user-of-this-machine`,
    `${restart}: Succeeded, by a-user-of-this-machine`,
  ])
  expect(await clients.platformLogs.activities(SERVER, FROM, '2020-01-02T00:00:00Z')).toEqual([])
  expect(await clients.platformLogs.activities(`${SERVER}-replica`, FROM, TO)).toEqual([])
  expect(await clients.platformLogs.health(SERVER)).toEqual([
    { at: '2026-03-01T10:00:00.000Z', what: 'Available: The server answers.' },
    { at: '2026-03-01T10:00:20.000Z', what: 'Unavailable (Unplanned): The server does not answer.' },
    { at: '2026-03-01T10:00:40.000Z', what: 'Available: The server answers.' },
  ])
})

test.each([
  ['the activity log', /eventtypes/, (azure: LocalAzure) => azure.clients.platformLogs.activities(SERVER, FROM, TO)],
  ['the resource health', /ResourceHealth/, (azure: LocalAzure) => azure.clients.platformLogs.health(SERVER)],
] as const)('a refusal of %s is an error with the code and the words of the platform', async (_, path, read) => {
  const azure = await startLocalAzure()
  const message = 'The client does not have authorization to perform the action.'
  azure.faults.failNext({ method: 'GET', path }, { kind: 'answer', status: 403, code: 'AuthorizationFailed', message })
  await expect(read(azure)).rejects.toMatchObject({
    message: expect.stringMatching(/the app's identity needs Microsoft\.\w+\/\w+/),
    cause: { code: 'AuthorizationFailed', message },
  })
})
