/**
 * The step probe on real servers, through causes of known length, one after the other in one run: a port that is closed, a PgBouncer
 * that is paused, a server that is read-only, a table that is locked, a name that changes late. Each is found by both ways where it lies.
 */
import { connect, createServer, type Server, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import type { WayInterval } from '../../../functions/reachability/course.ts'
import { reachabilityOf } from '../../../functions/reachability/reachability.ts'
import { withLocalClient } from '../../../infra/local/cluster/servers/postgres.ts'
import { type OpenClient, openClient } from '../../../loadgen-image/connection/log-in.ts'
import type { ServerTarget } from '../../../loadgen-image/connection/target.ts'
import {
  decodeProbeRecords,
  encodeProbeRecord,
  type ProbeRecord,
  type Way,
} from '../../../loadgen-image/contract/step-probe.ts'
import { StepProbe } from '../../../loadgen-image/probe/step-probe.ts'
import { eventually } from '../../support/eventually.ts'
import { freePort } from '../../support/ports.ts'
import { atConsole, placeOf } from '../../support/sql.ts'
import { PASSWORD } from '../../support/with-stack.ts'
import { switchTlsOn, type TestDatabase, TLS, withDatabase } from './database.ts'

const [OLD, NEW] = ['127.0.0.1', '127.0.0.2']
const nowUs = () => Math.round((performance.timeOrigin + performance.now()) * 1000)
const pass = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** A port in front of a server, at one address at a time. */
class Door {
  readonly #sockets = new Set<Socket>()
  readonly #port: number
  readonly #serverPort: number
  #listener: Server | null = null

  constructor(port: number, serverPort: number) {
    this.#port = port
    this.#serverPort = serverPort
  }

  async open(host: string): Promise<void> {
    this.#listener = createServer({ noDelay: true }, (client) => {
      const server = connect({ host: OLD, port: this.#serverPort, noDelay: true })
      for (const [socket, other] of [[client, server] as const, [server, client] as const]) {
        this.#sockets.add(socket)
        socket.pipe(other)
        socket.on('error', () => other.destroy())
        socket.on('close', () => other.destroy())
      }
    })
    await new Promise<void>((resolve) => this.#listener?.listen({ host, port: this.#port }, resolve))
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#listener?.close(() => resolve()))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }
}

interface Cause {
  readonly state: WayInterval['state']
  readonly ways: readonly Way[]
  readonly fromUs: number
  readonly toUs: number
}

const BOTH: readonly Way[] = ['direct', 'pgbouncer']

/** At least so long, and then until 40 ms before an attempt is due: what is left of the tolerance is for its login. */
const passUntilDue = (ms: number, startUs: number) =>
  pass(ms + ((160 - (((nowUs() - startUs) / 1000 + ms) % 100)) % 100))

/** Causes in a row, with a healthy time before and after each. */
async function provoke(
  database: TestDatabase,
  doors: readonly Door[],
  startUs: number,
  rename: () => void,
): Promise<Cause[]> {
  const causes: Cause[] = []
  const cause = async (
    state: Cause['state'],
    ways: readonly Way[],
    ms: number,
    begin: () => Promise<unknown>,
    end: () => Promise<unknown>,
  ) => {
    await passUntilDue(1_300, startUs)
    await begin()
    const fromUs = nowUs()
    await passUntilDue(ms, startUs)
    await end()
    causes.push({ state, ways, fromUs, toUs: nowUs() })
  }
  const all = (what: (door: Door) => Promise<void>) => Promise.all(doors.map(what))
  const admin = { user: 'pgbouncer_admin', password: PASSWORD, database: 'pgbouncer' }
  const order = (sql: string) => withLocalClient(database.pgbouncer.port, admin, (client) => client.query(sql))
  const own = await openClient(database.direct, { timeoutMs: 5_000 })
  const readOnly = async (value: string) => {
    await database.pair.primary.query(`ALTER SYSTEM SET default_transaction_read_only = ${value}`)
    await database.pair.primary.query('SELECT pg_reload_conf()')
    const shown = () =>
      own.client.query<{ is: string }>(`SELECT current_setting('default_transaction_read_only') AS is`)
    await eventually(`sessions are read-only: ${value}`, 5_000, async () => (await shown()).rows[0]?.is === value, 5)
  }
  await cause(
    'refused',
    BOTH,
    2_000,
    () => all((door) => door.close()),
    () => all((door) => door.open(OLD)),
  )
  await cause(
    'no reply',
    ['pgbouncer'],
    3_000,
    () => order('PAUSE'),
    () => order('RESUME'),
  )
  // PgBouncer 1.26 sets this parameter as its first server had it, so that its clients go on writing.
  const readOnlyWays: Way[] = ['direct']
  const lookThroughPool = async () => {
    const pooled = await openClient(database.pooled, { timeoutMs: 5_000 })
    const { rows } = await pooled.client.query<{ is: string }>(
      `SELECT current_setting('default_transaction_read_only') AS is`,
    )
    if (rows[0]?.is === 'on') readOnlyWays.push('pgbouncer')
    await pooled.close()
  }
  await cause(
    'read-only',
    readOnlyWays,
    2_000,
    () => readOnly('on'),
    async () => {
      await lookThroughPool()
      await readOnly('off')
    },
  )
  let lock: OpenClient | null = null
  const waiting = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT%'`
  const unlock = async () => {
    const [seen] = await database.query<{ n: number }>(waiting)
    expect(seen?.n, 'sessions of the probe that hang in the server').toBeLessThanOrEqual(2 * BOTH.length)
    await lock?.close()
  }
  await cause(
    'no reply',
    BOTH,
    2_500,
    async () => {
      lock = await openClient(database.direct, { timeoutMs: 5_000 })
      await lock.client.query('BEGIN; LOCK TABLE drill_probe')
    },
    unlock,
  )
  const move = () =>
    all(async (door) => {
      await door.close()
      await door.open(NEW)
    })
  await cause('refused', BOTH, 4_000, move, async () => rename())
  await own.close()
  await pass(1_300)
  return causes
}

test('each step is found by each way within 150 ms of the truth', { timeout: 60_000 }, () =>
  withDatabase(async (database) => {
    await switchTlsOn(database)
    const [directPort, pooledPort] = [await freePort(), await freePort()]
    const doors = [
      new Door(directPort, placeOf(database.direct).port),
      new Door(pooledPort, placeOf(database.pooled).port),
    ]
    await Promise.all(doors.map((door) => door.open(OLD)))
    const at = (target: ServerTarget, port: number): ServerTarget => ({
      ...target,
      places: [{ host: 'server.test', address: null, port }],
    })
    let address = OLD
    const records: ProbeRecord[] = []
    const probe = new StepProbe({
      drillId: 'steps',
      container: 0,
      incarnation: 'one',
      direct: { ...at(database.direct, directPort), tls: TLS },
      pgbouncer: at(database.pooled, pooledPort),
      nowUs,
      resolve: async () => [address],
      onRecord: (record) => records.push(record),
    })
    await probe.prepare()
    const startUs = nowUs()
    probe.start(startUs / 1000)
    const causes = await provoke(database, doors, startUs, () => {
      address = NEW
    })
    probe.stop()
    await eventually('every socket of the probe is closed', 3_000, () => Promise.resolve(probe.openSockets === 0))
    await eventually('neither server has a session of the probe', 3_000, async () => {
      // Only the probe's sessions straight to the server are encrypted.
      const [server] = await database.query<{ n: number }>('SELECT count(*)::int AS n FROM pg_stat_ssl WHERE ssl')
      const { rows } = await atConsole(database.pooled, (console) => console.query('SHOW CLIENTS'))
      return server?.n === 0 && rows.every((client) => client.database === 'pgbouncer')
    })
    await Promise.all(doors.map((door) => door.close()))

    const blob = Buffer.concat(records.map(encodeProbeRecord))
    const seen = reachabilityOf([...decodeProbeRecords(blob)], [])
    for (const way of BOTH) {
      const intervals = seen.ways.find((one) => one.way === way)?.intervals ?? []
      const own = causes.filter(({ ways }) => ways.includes(way))
      const long = intervals.filter(({ state, fromUs, toUs }) => state !== 'wrote' && toUs - fromUs > 150_000)
      const apart = own.map(({ fromUs, toUs }, i) => [
        Math.round(((long[i]?.fromUs ?? 0) - fromUs) / 1000),
        Math.round(((long[i]?.toUs ?? 0) - toUs) / 1000),
      ])
      const what = `${way} ${JSON.stringify([apart, intervals, records.flatMap(({ stalls }) => stalls)])}`
      expect(
        long.map(({ state }) => state),
        what,
      ).toEqual(own.map(({ state }) => state))
      for (const ms of apart.flat()) expect(Math.abs(ms), what).toBeLessThanOrEqual(150)
    }
    const logins = records.flatMap(({ attempts }) => attempts.filter((one) => one.isNew && one.loggedInAtUs !== null))
    expect(new Set(logins.map(({ way }) => way)).size).toBe(2)
    for (const { way, acceptedAtUs, encryptedAtUs, loggedInAtUs } of logins) {
      const times = [acceptedAtUs, encryptedAtUs ?? acceptedAtUs, loggedInAtUs] as number[]
      expect([encryptedAtUs !== null, times]).toEqual([way === 'direct', times.toSorted((a, b) => a - b)])
    }
    const [renamed] = seen.nameChanges
    expect(seen.nameChanges).toMatchObject([{ before: [OLD], after: [NEW] }])
    expect(Math.abs((renamed?.atUs ?? 0) - (causes.at(-1)?.toUs ?? 0))).toBeLessThanOrEqual(150_000)
    expect(await database.query('SELECT count(*)::int AS n FROM transactions')).toEqual([{ n: 0 }])
    const [rows] = await database.query<{ n: number }>(
      `SELECT count(*)::int AS n FROM drill_probe WHERE drill_id = 'steps'`,
    )
    expect(rows?.n).toBeGreaterThan(100)
  }),
)
