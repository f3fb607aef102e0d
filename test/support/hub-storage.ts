/**
 * What the Durable extension keeps in its storage account, and what it requests there: read from the tables of its hub and from the log
 * of requests that Azurite writes.
 */
import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Stack } from '../../infra/local/stack/stack.ts'

interface StorageRequest {
  /** To the second. */
  readonly atMs: number
  readonly method: string
  readonly path: string
}

const REQUEST = /\[(\d+)\/(\w+)\/(\d+):([\d:]+) ([+-]\d+)\] "([A-Z]+) \/devstoreaccount1\/(\S*) HTTP/g

/** Oldest first. */
export const requestsIn = ({ folder }: Pick<Stack, 'folder'>): StorageRequest[] =>
  [...readFileSync(join(folder, 'azurite.log'), 'utf8').matchAll(REQUEST)].map(
    ([, day, month, year, time, zone, method = '', path = '']) => ({
      atMs: Date.parse(`${day} ${month} ${year} ${time} ${zone}`),
      method,
      path,
    }),
  )

/** By the names that the extension gives to the queues, tables and blobs of its hub; the rest are the blobs of the drills. */
export function countsOf(requests: readonly StorageRequest[]) {
  const isQueue = ({ path }: StorageRequest) => /^pgfailoverdrill-(control-\d+|workitems)\b/.test(path)
  const isTable = ({ path }: StorageRequest) => /^(PgFailoverDrill[A-Z]|Tables|\$batch)/.test(path)
  const isDrillBlob = ({ path }: StorageRequest) => /^drills\b/.test(path)
  const count = (is: (request: StorageRequest) => boolean) => requests.filter(is).length
  const [queues, tables, drillBlobs] = [count(isQueue), count(isTable), count(isDrillBlob)]
  return {
    queues,
    tables,
    drillBlobs,
    hubBlobs: requests.length - queues - tables - drillBlobs,
    all: requests.length,
    // Each turn ends with one update of its instance.
    turns: count(({ method, path }) => method === 'PATCH' && path.startsWith(TABLES.instances)),
  }
}

const TABLES = { instances: 'PgFailoverDrillInstances', history: 'PgFailoverDrillHistory' } as const

interface InstanceRow {
  readonly PartitionKey: string
  readonly RuntimeStatus: string
  readonly CustomStatus?: string
}

export const instancesIn = (stack: Pick<Stack, 'storage'>): Promise<InstanceRow[]> =>
  rowsOf<InstanceRow>(stack, TABLES.instances, ['PartitionKey', 'RuntimeStatus', 'CustomStatus'])

interface HistoryRow {
  readonly PartitionKey: string
  readonly EventType: string
}

/**
 * The events of all instances. A generation overwrites the events of the one before it by their numbers, so an instance has as many
 * as its longest generation.
 */
export async function historyIn(stack: Pick<Stack, 'storage'>): Promise<HistoryRow[]> {
  const rows = await rowsOf<Partial<HistoryRow>>(stack, TABLES.history, ['PartitionKey', 'EventType'])
  // Each instance also has a row that is no event.
  return rows.filter((row): row is HistoryRow => row.EventType !== undefined)
}

async function rowsOf<Row>({ storage }: Pick<Stack, 'storage'>, table: string, columns: string[]): Promise<Row[]> {
  const part = (name: string) => new RegExp(`${name}=([^;]+)`).exec(storage.connectionString)?.[1] ?? ''
  const [account, url] = [part('AccountName'), `${part('TableEndpoint')}/${table}()`]
  const rows: Row[] = []
  for (let next = ''; ; ) {
    const date = new Date().toUTCString()
    const signed = `${date}\n/${account}${new URL(url).pathname}`
    const signature = createHmac('sha256', Buffer.from(part('AccountKey'), 'base64'))
      .update(signed)
      .digest('base64')
    const answer = await fetch(`${url}?$select=${columns.join(',')}${next}`, {
      headers: {
        authorization: `SharedKeyLite ${account}:${signature}`,
        'x-ms-date': date,
        'x-ms-version': '2019-02-02',
        accept: 'application/json;odata=nometadata',
      },
    })
    if (!answer.ok) throw new Error(`the table ${table} was not read: HTTP ${answer.status} ${await answer.text()}`)
    rows.push(...((await answer.json()) as { readonly value: readonly Row[] }).value)
    const [partition, row] = ['NextPartitionKey', 'NextRowKey'].map((key) =>
      answer.headers.get(`x-ms-continuation-${key}`),
    )
    if (partition === null) return rows
    next = `&NextPartitionKey=${encodeURIComponent(partition ?? '')}&NextRowKey=${encodeURIComponent(row ?? '')}`
  }
}
