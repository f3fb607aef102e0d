/**
 * Table storage. A row's value is JSON; the columns beside it are what queries filter by. A text of a row may have 32,768 characters,
 * so longer JSON is stored in pieces.
 */
import { odata, TableClient, type TableEntity, type TableEntityResult } from '@azure/data-tables'
import type { TableConfig } from '../../config/config.ts'
import type { TableQuery, TableRow } from '../../model/history/rows.ts'
import { type AzureAccess, shortPatience } from '../azure/azure.ts'
import { azureErrorParts, isNotFound } from '../azure/azure-errors.ts'
import type { StoredRow, Table, TablePage } from '../clients.ts'

const PIPELINE = {
  retryOptions: { maxRetries: 3, retryDelayInMs: 500, maxRetryDelayInMs: 2_000 },
  additionalPolicies: [shortPatience],
}
/** Of one call with its retries. */
const ANSWER_WITHIN_MS = 60_000
const within = () => ({ abortSignal: AbortSignal.timeout(ANSWER_WITHIN_MS) })

export const connectTable = (config: TableConfig, { credential }: Pick<AzureAccess, 'credential'>): TableClient =>
  config.kind === 'url'
    ? new TableClient(config.endpoint, config.table, credential, PIPELINE)
    : TableClient.fromConnectionString(config.connectionString.reveal(), config.table, {
        ...PIPELINE,
        // Azurite speaks plain HTTP, on this machine alone.
        allowInsecureConnection: true,
      })

export function createTable(client: TableClient): Table {
  return {
    page: (query, limit, after) => readPage(client, query, limit, after),
    read: (partition, key) => readRow(client, partition, key),
    insert: (row) => unless(409, `inserting ${nameOf(row)}`, () => client.createEntity(entityOf(row), within())),
    put: async (row) => {
      await failing(`writing ${nameOf(row)}`, () => client.upsertEntity(entityOf(row), 'Replace', within()))
    },
    replace: (row, etag) =>
      unless(412, `replacing ${nameOf(row)}`, () =>
        client.updateEntity(entityOf(row), 'Replace', { etag, ...within() }),
      ),
    delete: async (partition, key) => {
      await unless(404, `deleting ${nameOf({ partition, key })}`, () => client.deleteEntity(partition, key, within()))
    },
  }
}

const nameOf = ({ partition, key }: Pick<TableRow, 'partition' | 'key'>): string => `row ${partition}/${key}`

async function failing<T>(what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (cause) {
    throw new Error(`${what} failed`, { cause })
  }
}

/** False when the service refuses with this status: the row is there, has changed, or is gone. */
async function unless(status: number, what: string, call: () => Promise<unknown>): Promise<boolean> {
  try {
    await call()
    return true
  } catch (cause) {
    const found = azureErrorParts(cause).status
    // A row that is gone cannot have the expected version.
    if (found === status || (status === 412 && found === 404)) return false
    throw new Error(`${what} failed`, { cause })
  }
}

// ---- Read -----------------------------------------------------------------------------------------------------------

async function readPage<T>(
  client: TableClient,
  query: TableQuery,
  limit: number,
  after: string | null,
): Promise<TablePage<T>> {
  const pages = client.listEntities<TableEntity>({ queryOptions: { filter: conditionOf(query) }, ...within() }).byPage({
    maxPageSize: limit,
    ...(after !== null && { continuationToken: after }),
  })
  const { value: page } = await failing(`reading rows of ${query.partition}`, () => pages.next())
  const rows = (page ?? []) as Array<TableEntityResult<TableEntity>>
  return {
    rows: rows.map((entity) => rowOf<T>(entity)),
    next: (page as { readonly continuationToken?: string } | undefined)?.continuationToken ?? null,
  }
}

/** Column names are of the code; values may come from a request. */
function conditionOf({ partition, from, below, where }: TableQuery): string {
  const conditions = [
    odata`PartitionKey eq ${partition}`,
    ...(from === null ? [] : [odata`RowKey ge ${from}`]),
    ...(below === null ? [] : [odata`RowKey lt ${below}`]),
    ...Object.entries(where).map(([name, value]) => `${name}${odata` eq ${value}`}`),
  ]
  return conditions.join(' and ')
}

async function readRow<T>(client: TableClient, partition: string, key: string): Promise<StoredRow<T> | null> {
  try {
    return rowOf<T>(await client.getEntity<TableEntity>(partition, key, within()))
  } catch (cause) {
    if (isNotFound(cause)) return null
    throw new Error(`reading ${nameOf({ partition, key })} failed`, { cause })
  }
}

// ---- Rows -----------------------------------------------------------------------------------------------------------

const PIECE = 30_000
const pieceName = (number: number): string => `json${number}`

/** So that no piece ends within a character. */
const asciiOf = (json: string): string =>
  json.replaceAll(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)

export function entityOf({ partition, key, columns, value }: TableRow): TableEntity {
  const text = asciiOf(JSON.stringify(value))
  const pieces: Record<string, string> = {}
  for (let from = 0; from < text.length; from += PIECE) pieces[pieceName(from / PIECE)] = text.slice(from, from + PIECE)
  return { partitionKey: partition, rowKey: key, ...columns, ...pieces }
}

function rowOf<T>(entity: TableEntityResult<TableEntity>): StoredRow<T> {
  const { partitionKey = '', rowKey = '' } = entity
  let text = ''
  for (let number = 0; pieceName(number) in entity; number++) text += String(entity[pieceName(number)])
  try {
    return { key: rowKey, value: JSON.parse(text) as T, etag: entity.etag }
  } catch (cause) {
    throw new Error(
      `${nameOf({ partition: partitionKey, key: rowKey })} is not JSON; something else than this app wrote it`,
      { cause },
    )
  }
}
