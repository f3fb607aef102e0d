/**
 * The example of a probed application: a small shop that writes an order for every POST /checkout, with four connections of a `pg`
 * pool. Its mistake is a common one, and on purpose: it takes its connections out of the pool once and hands them out without
 * validation. Connections that broke fail every request, until none of them has succeeded for eight seconds and all are replaced;
 * so the shop is back later than the database. `pool.query` for each order would not have the mistake.
 *
 *   DATABASE_URL   where the orders are written        PORT   on 127.0.0.1
 */
import { createServer, type ServerResponse } from 'node:http'
import pg from 'pg'

const CONNECTIONS = 4
const REPLACED_AFTER_MS = 8_000
/** After a try that the database refused. */
const AGAIN_AFTER_MS = 1_000
const ORDER = 'INSERT INTO example_orders DEFAULT VALUES'
const TABLE =
  'CREATE TABLE IF NOT EXISTS example_orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())'

const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL ?? '',
  max: CONNECTIONS,
  connectionTimeoutMillis: 1_000,
  query_timeout: 1_500,
  // An order does not wait for the disk: what is shown here is the outage of the shop, not the speed of this machine's disk.
  options: '-c synchronous_commit=off',
})
pool.on('error', () => {})

let connections: Array<Promise<pg.PoolClient>> = []
let replaceAtMs = 0
let orders = 0

async function connect(): Promise<pg.PoolClient> {
  const client = await pool.connect()
  client.on('error', () => {})
  return client
}

function replaceAll(): void {
  for (const old of connections)
    old.then(
      (client) => client.release(true),
      () => {},
    )
  connections = Array.from({ length: CONNECTIONS }, connect)
  for (const one of connections) one.catch(() => {})
  replaceAtMs = performance.now() + AGAIN_AFTER_MS
}

async function order(): Promise<void> {
  if (performance.now() > replaceAtMs) replaceAll()
  const client = await (connections[orders++ % CONNECTIONS] as Promise<pg.PoolClient>)
  await client.query(ORDER)
  replaceAtMs = performance.now() + REPLACED_AFTER_MS
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ text }))
}

async function checkout(response: ServerResponse): Promise<void> {
  try {
    await order()
    answer(response, 200, 'ordered')
  } catch {
    answer(response, 503, 'the order could not be stored')
  }
}

const server = createServer((request, response) => {
  request.resume()
  if (request.method === 'POST' && request.url === '/checkout') void checkout(response)
  else answer(response, 404, 'POST /checkout orders')
})

await pool.query(TABLE)
replaceAll()
server.listen({ host: '127.0.0.1', port: Number(process.env.PORT) })
