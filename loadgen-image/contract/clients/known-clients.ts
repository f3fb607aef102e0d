/**
 * What drivers and pools do by default around a lost connection, as their documentation or their source says, one row per client.
 * A setting without an entry was not found there: the load's own value holds, and the report says so.
 */
import type { BehaviourSetting, ClientBehaviour } from './behaviour.ts'

interface Documented<Value> {
  readonly value: Value
  /** Where it was read. */
  readonly source: string
  /** In the client's own words for it. */
  readonly says: string
}

export type KnownClient = {
  readonly [Setting in BehaviourSetting]?: Documented<ClientBehaviour[Setting]>
}

const LIBPQ = 'https://www.postgresql.org/docs/current/libpq-connect.html'
const LIBPQ_CODE = 'https://github.com/postgres/postgres/blob/master/src/interfaces/libpq/fe-connect.c'
const LINUX_TCP = 'https://docs.kernel.org/networking/ip-sysctl.html'
const NPGSQL = 'https://www.npgsql.org/doc/connection-string-parameters.html'
const NPGSQL_CODE = 'https://github.com/npgsql/npgsql/blob/main/src/Npgsql'
const PGJDBC = 'https://jdbc.postgresql.org/documentation/use/'
const HIKARI = 'https://github.com/brettwooldridge/HikariCP'
const HIKARI_POOL = `${HIKARI}/blob/dev/src/main/java/com/zaxxer/hikari/pool/HikariPool.java`
const JAVA = 'https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/net/doc-files/net-properties.html'
const NODE_POSTGRES = 'https://node-postgres.com/apis/client'
const NODE_POSTGRES_POOL = 'https://node-postgres.com/apis/pool'
const NODE_DNS = 'https://nodejs.org/api/dns.html'
const AZURE = 'https://learn.microsoft.com/en-us/azure/postgresql/flexible-server/concepts-connectivity'

const KNOWN_CLIENTS = {
  'libpq default': {
    connectTimeoutMs: {
      value: null,
      source: LIBPQ,
      says: 'connect_timeout: zero, negative, or not specified means wait indefinitely',
    },
    replyTimeoutMs: { value: null, source: LIBPQ, says: 'tcp_user_timeout: 0, the default of the system' },
    addressCacheMs: { value: 0, source: LIBPQ_CODE, says: 'getaddrinfo for each connection' },
    keepAliveMs: {
      value: 7_200_000,
      source: LINUX_TCP,
      says: 'keepalives is on with the default of the system, on Linux tcp_keepalive_time, 7200 s',
    },
    validation: { value: null, source: LIBPQ, says: 'no pool' },
  },
  'Npgsql default': {
    connectTimeoutMs: { value: 15_000, source: NPGSQL, says: 'Timeout: 15 s' },
    replyTimeoutMs: {
      value: 32_000,
      source: NPGSQL,
      says: 'Command Timeout: 30 s, and Cancellation Timeout: 2 s more before the connection is broken',
    },
    addressCacheMs: {
      value: 0,
      source: `${NPGSQL_CODE}/Internal/NpgsqlConnector.cs`,
      says: 'Dns.GetHostAddresses for each connection',
    },
    keepAliveMs: { value: null, source: NPGSQL, says: 'Tcp Keepalive: off' },
    validation: {
      value: null,
      source: `${NPGSQL_CODE}/PoolingDataSource.cs`,
      says: 'an idle connection is refused only when it is known to be broken, or too old',
    },
  },
  'pgjdbc with HikariCP': {
    connectTimeoutMs: { value: 10_000, source: PGJDBC, says: 'connectTimeout: 10 s' },
    replyTimeoutMs: { value: null, source: PGJDBC, says: 'socketTimeout: 0, none' },
    retry: {
      value: { firstDelayMs: 10, maxDelayMs: 5_000, multiplier: 2, jitter: false },
      source: HIKARI_POOL,
      says: 'PoolEntryCreator: 10 ms, doubled after each failure, at most 5 s',
    },
    addressCacheMs: {
      value: 30_000,
      source: JAVA,
      says: 'networkaddress.cache.ttl: 30 s without a security manager, for the whole process',
    },
    keepAliveMs: { value: null, source: PGJDBC, says: 'tcpKeepAlive: false' },
    validation: {
      value: { afterIdleMs: 500, timeoutMs: 5_000 },
      source: HIKARI,
      says: 'isValid() on a connection that was idle for more than 500 ms, validationTimeout: 5 s',
    },
  },
  'node-postgres pool': {
    connectTimeoutMs: { value: null, source: NODE_POSTGRES_POOL, says: 'connectionTimeoutMillis: 0, none' },
    replyTimeoutMs: { value: null, source: NODE_POSTGRES, says: 'query_timeout: none' },
    addressCacheMs: { value: 0, source: NODE_DNS, says: 'dns.lookup is getaddrinfo for each connection' },
    keepAliveMs: { value: null, source: NODE_POSTGRES, says: 'keepAlive: false' },
    validation: { value: null, source: NODE_POSTGRES_POOL, says: 'no option for it' },
  },
  'Azure guidance 5 s to 60 s': {
    retry: {
      value: { firstDelayMs: 5_000, maxDelayMs: 60_000, multiplier: 2, jitter: false },
      source: AZURE,
      says: '5 s before the first retry, then longer exponentially, up to 60 s; it names no factor and no jitter, so 2 and none are assumed',
    },
  },
} as const satisfies Readonly<Record<string, KnownClient>>

export type ClientName = keyof typeof KNOWN_CLIENTS

export const CLIENT_NAMES = Object.keys(KNOWN_CLIENTS) as [ClientName, ...ClientName[]]

export const knownClient = (name: ClientName): KnownClient => KNOWN_CLIENTS[name]

/** The settings of a client that its documentation gives. */
export const documentedSettings = (name: ClientName): Partial<ClientBehaviour> =>
  Object.fromEntries(Object.entries(knownClient(name)).map(([setting, { value }]) => [setting, value]))
