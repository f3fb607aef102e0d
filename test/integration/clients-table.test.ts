/** The table client, and the list of drills by it, against a real Azurite. */
import { TableClient } from '@azure/data-tables'
import { HttpRequest, type HttpResponseInit } from '@azure/functions'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Table } from '../../functions/clients/clients.ts'
import { beginIndexEntry, drillsOfServer, writeIndexEntry } from '../../functions/clients/storage/drill-list.ts'
import { createTable } from '../../functions/clients/storage/table.ts'
import { type IndexEntry, startedEntry } from '../../functions/model/drill-index.ts'
import { queryOf } from '../../functions/model/history/filter.ts'
import type { TableRow } from '../../functions/model/history/rows.ts'
import { historyApi } from '../../functions/triggers/history/list.ts'
import { holdFreePort } from '../../infra/local/process/ports.ts'
import { Processes } from '../../infra/local/process/processes.ts'
import { createStackFolder, type StackFolder } from '../../infra/local/process/stack-folder.ts'
import { type Azurite, startAzurite } from '../../infra/local/stack/azurite.ts'
import { FakeOrchestrations } from '../support/fake-orchestrations.ts'
import { byHand, FIRST_MS, someFilter, somePast } from '../support/past-drills.ts'
import { aPlan, target } from '../support/play-drill.ts'

let folder: StackFolder
let processes: Processes
let azurite: Azurite
let table: Table
let client: TableClient
let number = 0

beforeAll(async () => {
  folder = createStackFolder()
  processes = new Processes(folder)
  const [blob, queue, tables] = [await holdFreePort(folder), await holdFreePort(folder), await holdFreePort(folder)]
  azurite = await startAzurite(processes, { blob, queue, table: tables }, 'drills')
})

afterAll(async () => {
  await processes.stopAll()
  folder.close({ keep: false })
})

async function newTable(): Promise<Table> {
  client = TableClient.fromConnectionString(azurite.connectionString, `test${number++}`, {
    allowInsecureConnection: true,
  })
  await client.createTable()
  return createTable(client)
}

beforeEach(async () => {
  table = await newTable()
})

const aRow = (key: string, value: unknown = { key }, columns: TableRow['columns'] = {}): TableRow => ({
  partition: 'p',
  key,
  columns,
  value,
})
const ALL = { partition: 'p', from: null, below: null, where: {} }

// ---- Rows ---------------------------------------------------------------------------------------------------------------

test('a row is inserted once, and put again and again', async () => {
  expect(await table.insert(aRow('a', 1))).toBe(true)
  expect(await table.insert(aRow('a', 2))).toBe(false)
  expect((await table.read('p', 'a'))?.value).toBe(1)
  await table.put(aRow('a', 3))
  await table.put(aRow('b', 4))
  expect([(await table.read('p', 'a'))?.value, (await table.read('p', 'b'))?.value]).toEqual([3, 4])
  expect(await table.read('p', 'c')).toBeNull()
})

test('a row is replaced only in the version that was read, and not when it is gone', async () => {
  await table.put(aRow('a', 1))
  const { etag = '' } = (await table.read('p', 'a')) ?? {}
  await table.put(aRow('a', 2))
  expect(await table.replace(aRow('a', 3), etag)).toBe(false)
  expect((await table.read('p', 'a'))?.value).toBe(2)
  expect(await table.replace(aRow('a', 4), (await table.read('p', 'a'))?.etag ?? '')).toBe(true)
  await table.delete('p', 'a')
  await table.delete('p', 'a')
  expect(await table.replace(aRow('a', 5), etag)).toBe(false)
})

test('a value comes back as it was: of any length, with any character', async () => {
  const value = { long: 'x'.repeat(90_000), words: `Ü“’\u0000\u001f${'😀'.repeat(20_000)}`, none: null, quote: "it's" }
  await table.put(aRow('a', value))
  expect((await table.read('p', 'a'))?.value).toEqual(value)
  expect((await table.page(ALL, 10, null)).rows.map((row) => row.value)).toEqual([value])
})

test('a query compares columns, also with quotes in their values, and a row without the column does not fit', async () => {
  await table.put(aRow('a', 'a', { server: "it's", kind: true }))
  await table.put(aRow('b', 'b', { server: 'other' }))
  const keysOf = async (where: TableRow['columns']) =>
    (await table.page({ ...ALL, where }, 10, null)).rows.map(({ key }) => key)
  expect(await keysOf({ server: "it's" })).toEqual(['a'])
  expect(await keysOf({ kind: true })).toEqual(['a'])
  expect(await keysOf({ server: "other' or PartitionKey eq 'p" })).toEqual([])
})

test('what is written to another service is an error that names the row and no address', async () => {
  await client.deleteTable()
  await expect(table.put(aRow('a'))).rejects.toThrow('writing row p/a failed')
  await expect(table.page(ALL, 1, null)).rejects.toThrow('reading rows of p failed')
})

// ---- The list of drills -------------------------------------------------------------------------------------------------

test('pages of a filtered list are what filtering by hand gives', async () => {
  await fc.assert(
    fc.asyncProperty(
      somePast,
      fc.array(someFilter, { minLength: 4, maxLength: 4 }),
      fc.integer({ min: 1, max: 9 }),
      async (drills, filters, limit) => {
        const own = await newTable()
        for (const drill of drills) await writeIndexEntry(own, drill)
        for (const filter of filters) {
          const found: IndexEntry[] = []
          let after: string | null = null
          do {
            const page: Awaited<ReturnType<typeof own.page<IndexEntry>>> = await own.page(
              queryOf(filter, FIRST_MS + 120_000),
              limit,
              after,
            )
            found.push(...page.rows.map(({ value }) => value))
            after = page.next
          } while (after !== null)
          expect(found).toEqual(byHand(drills, filter, FIRST_MS + 120_000))
        }
      },
    ),
    { numRuns: 12 },
  )
})

test('a look back at a server goes from newest to oldest over several pages', async () => {
  const plan = aPlan()
  const drills = Array.from({ length: 60 }, (_, i) => ({
    ...startedEntry({ ...plan, drillId: `past-${i}` }),
    requestedAt: new Date(FIRST_MS + i * 60_000).toISOString(),
  }))
  await Promise.all(drills.map((drill) => beginIndexEntry(table, drill)))
  const idsOf = async (look: Parameters<typeof drillsOfServer>[2], of = target) => {
    const ids: string[] = []
    for await (const { drillId } of drillsOfServer(table, of, look)) ids.push(drillId)
    return ids
  }
  const third = drills[57] as IndexEntry
  const newestFirst = drills.map(({ drillId }) => drillId).reverse()
  expect(await idsOf({})).toEqual(newestFirst)
  expect(await idsOf({ before: third })).toEqual(newestFirst.slice(3))
  expect(await idsOf({ since: third })).toEqual(newestFirst.slice(0, 2))
  expect(await idsOf({}, { ...target, resourceGroup: 'rg-other' })).toEqual([])
})

test('GET /api/drills pages, filters, and answers 304 until a drill is added', async () => {
  const plan = aPlan()
  const write = (name: string, minute: number, own: Partial<IndexEntry> = {}) =>
    writeIndexEntry(table, {
      ...startedEntry({ ...plan, drillId: name, requestedAt: new Date(FIRST_MS + minute * 60_000).toISOString() }),
      endedAt: new Date(FIRST_MS + minute * 60_000 + 1).toISOString(),
      verdict: 'PASS',
      headline: '=1+1',
      ...own,
    })
  for (let i = 0; i < 5; i++) await write(`past-${i}`, i, i % 2 === 0 ? { verdict: 'FAIL' } : {})
  const now = new Date(FIRST_MS + 3_600_000)
  const service = new FakeOrchestrations(() => now)
  const clock = { now: () => now, sleep: async () => {} }
  const api = historyApi({ table, clock }, { retentionDays: 400 })
  const get = (query: string, headers: Record<string, string> = {}): Promise<HttpResponseInit> =>
    api.list(new HttpRequest({ method: 'GET', url: `http://app/api/drills?${query}`, headers }), service.client)
  const pageOf = async (query: string) => {
    const { jsonBody } = await get(query)
    const { drills, next } = jsonBody as { drills: Array<{ drillId: string }>; next: string | null }
    return { ids: drills.map(({ drillId }) => drillId), next: next?.split('?')[1] ?? null }
  }
  const first = await pageOf('limit=2&verdict=FAIL')
  expect(first.ids).toEqual(['past-4', 'past-2'])
  expect(await pageOf(String(first.next))).toEqual({ ids: ['past-0'], next: null })
  expect((await get(String(first.next).replace('FAIL', 'PASS'))).status).toBe(400)
  expect((await pageOf('from=2026-01-05T00:01:00Z&to=2026-01-05T00:03:00Z')).ids).toEqual([
    'past-3',
    'past-2',
    'past-1',
  ])
  const { etag = '' } = (await get('limit=3')).headers as Record<string, string>
  expect((await get('limit=3', { 'if-none-match': etag })).status).toBe(304)
  await write('past-5', 5)
  expect((await get('limit=3', { 'if-none-match': etag })).status).toBe(200)
  const csv = String((await get('format=csv&verdict=FAIL')).body).split('\n')
  expect([csv.length, csv[1]?.split(',')[1], csv[1]?.endsWith("'=1+1")]).toEqual([5, 'past-4', true])
})
