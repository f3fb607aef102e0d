/**
 * The example of a probed application: a small shop that writes an order for every request, with four connections of a `pg` pool.
 *
 *   POST /checkout             makes a common mistake, on purpose: it takes its connections out of the pool once and hands them out
 *                              without validation. Connections that broke fail every request, until none of them has succeeded for
 *                              eight seconds and all are replaced; so it is back later than the database.
 *   POST /checkout-validated   lets the pool drop a connection that breaks, and asks it for one for each order
 *
 * It says in the header `failure-reason` that a connection had broken before it was handed out.
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

/** Said where it is known, and nothing else: the word has a meaning in reports. */
const DEAD_CONNECTION = { 'failure-reason': 'dead-connection' }

class DeadConnection extends Error {}

function aPool(): pg.Pool {
  const pool = new pg.Pool({
    connectionString: process.env.DATABASE_URL ?? '',
    max: CONNECTIONS,
    connectionTimeoutMillis: 1_000,
    query_timeout: 1_500,
    // An order does not wait for the disk: what is shown here is the outage of the shop, not the speed of this machine's disk.
    options: '-c synchronous_commit=off',
  })
  pool.on('error', () => {})
  return pool
}

// ---- Without validation -----------------------------------------------------------------------------------------------

interface Held {
  readonly client: pg.PoolClient
  isBroken: boolean
}

const pool = aPool()
let connections: Array<Promise<Held>> = []
let replaceAtMs = 0
let orders = 0

async function connect(): Promise<Held> {
  const client = await pool.connect()
  const held: Held = { client, isBroken: false }
  const broke = () => {
    held.isBroken = true
  }
  client.on('error', broke).on('end', broke)
  return held
}

function replaceAll(): void {
  for (const old of connections)
    old.then(
      ({ client }) => client.release(true),
      () => {},
    )
  connections = Array.from({ length: CONNECTIONS }, connect)
  for (const one of connections) one.catch(() => {})
  replaceAtMs = performance.now() + AGAIN_AFTER_MS
}

async function orderWithoutValidation(): Promise<void> {
  if (performance.now() > replaceAtMs) replaceAll()
  const held = await (connections[orders++ % CONNECTIONS] as Promise<Held>)
  const wasBroken = held.isBroken
  try {
    await held.client.query(ORDER)
  } catch (error) {
    throw wasBroken ? new DeadConnection() : error
  }
  replaceAtMs = performance.now() + REPLACED_AFTER_MS
}

// ---- With a pool that drops what breaks -----------------------------------------------------------------------------------

const validated = aPool()
const orderValidated = async (): Promise<void> => {
  await validated.query(ORDER)
}

// ---- The shop -------------------------------------------------------------------------------------------------------------

const ORDERS: Readonly<Record<string, () => Promise<void>>> = {
  '/checkout': orderWithoutValidation,
  '/checkout-validated': orderValidated,
}

function answer(response: ServerResponse, status: number, text: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify({ text }))
}

async function take(order: () => Promise<void>, response: ServerResponse): Promise<void> {
  try {
    await order()
    answer(response, 200, 'ordered')
  } catch (error) {
    answer(response, 503, 'the order could not be stored', error instanceof DeadConnection ? DEAD_CONNECTION : {})
  }
}

const server = createServer((request, response) => {
  request.resume()
  const order = request.method === 'POST' ? ORDERS[request.url ?? ''] : undefined
  if (order !== undefined) void take(order, response)
  else answer(response, 404, `POST ${Object.keys(ORDERS).join(' or ')} orders`)
})

await pool.query(TABLE)
replaceAll()
server.listen({ host: '127.0.0.1', port: Number(process.env.PORT) })
