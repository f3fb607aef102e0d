import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { ClusterState } from '../../infra/local/cluster/cluster.ts'
import type { LocalCluster } from '../../infra/local/cluster/local-cluster.ts'
import { withClient } from '../../loadgen-image/connection/log-in.ts'
import { oneServer } from '../../loadgen-image/connection/target.ts'
import { eventually } from '../support/eventually.ts'
import { timeouts } from '../support/timeouts.ts'
import { type OpenCluster, openCluster } from '../support/with-stack.ts'

const patience = timeouts.pairStartsMs + 3 * timeouts.failoverMs

let opened: OpenCluster
let cluster: LocalCluster

beforeAll(async () => {
  opened = await openCluster()
  cluster = opened.cluster
}, timeouts.pairStartsMs)

afterAll(() => opened?.close(), timeouts.processEndsMs)

const isHealthy = () => inWords(cluster.state()).startsWith('Ready Healthy')

beforeEach(() => eventually('the cluster is healthy', timeouts.failoverMs, isHealthy), timeouts.failoverMs)

/** Through one of the two constant ports. */
const timelineThrough = ({ facts }: LocalCluster, port: number): Promise<number> =>
  withClient(oneServer({ ...facts, port }), { timeoutMs: 2_000 }, async (client) => {
    const { rows } = await client.query<{ name: string }>('SELECT pg_walfile_name(pg_current_wal_lsn()) AS name')
    return Number.parseInt(rows[0]?.name.slice(0, 8) ?? '', 16)
  })

/** The states during the work, in order and without repetition. */
async function statesDuring(cluster: LocalCluster, work: () => Promise<void>): Promise<string[]> {
  const seen: string[] = []
  const look = () => {
    const words = inWords(cluster.state())
    if (seen.at(-1) !== words) seen.push(words)
  }
  look()
  const timer = setInterval(look, 1)
  try {
    await work()
  } finally {
    clearInterval(timer)
  }
  look()
  return seen
}

const inWords = ({ server, highAvailability, primaryZone, standbyZone }: ClusterState): string =>
  `${server} ${highAvailability} ${primaryZone}${standbyZone}`

const timelines = (): Promise<number[]> => {
  const { pgbouncerPort, directPort } = cluster.facts
  return Promise.all([pgbouncerPort, directPort].map((port) => timelineThrough(cluster, port)))
}

test(
  'forced and planned failovers go through the states of the platform, and both ports lead to the new primary',
  async () => {
    const { primaryZone, standbyZone } = cluster.state()
    const [before, after] = [`${primaryZone}${standbyZone}`, `${standbyZone}${primaryZone}`]
    const [timeline = 0] = await timelines()
    const forced = await statesDuring(cluster, () => cluster.failover('forced'))
    expect(forced.filter((words) => !words.startsWith('Restarting CreatingStandby'))).toEqual([
      `Ready Healthy ${before}`,
      `Restarting FailingOver ${before}`,
      `Ready CreatingStandby ${after}`,
      `Ready ReplicatingData ${after}`,
      `Ready Healthy ${after}`,
    ])
    expect(await timelines()).toEqual([timeline + 1, timeline + 1])

    const planned = await statesDuring(cluster, () => cluster.failover('planned'))
    expect([planned.at(0), planned.at(-1)]).toEqual([`Ready Healthy ${after}`, `Ready Healthy ${before}`])
    expect(await timelines()).toEqual([timeline + 2, timeline + 2])
  },
  patience,
)

test(
  'a second failover is refused while the first one runs',
  async () => {
    const first = cluster.failover('planned')
    expect(() => cluster.failover('forced')).toThrow(expect.objectContaining({ code: 'ServerIsNotReady' }))
    await eventually('it is writable again', timeouts.failoverMs, () => cluster.state().server === 'Ready')
    expect(() => cluster.failover('forced')).toThrow(expect.objectContaining({ code: 'HighAvailabilityNotHealthy' }))
    await first
  },
  patience,
)

test(
  'the cluster restarts what dies: PgBouncer at its port, the standby as a new one, the primary by failing over',
  async () => {
    const [timeline = 0] = await timelines()
    const { standbyZone } = cluster.state()
    const kill = (pid: number | undefined) => process.kill(pid ?? 0, 'SIGKILL')

    kill(cluster.pgbouncer.process?.pid)
    await eventually('PgBouncer is back', timeouts.failoverMs, timelines)

    kill(cluster.pair.standby.process?.pid)
    await eventually('the loss is noticed', timeouts.failoverMs, () => !isHealthy())
    await eventually('a new standby streams', timeouts.failoverMs, isHealthy)

    kill(cluster.pair.primary.process?.pid)
    await eventually(
      'the standby has taken over',
      timeouts.failoverMs,
      () => cluster.state().primaryZone === standbyZone && isHealthy(),
    )
    expect(await timelines()).toEqual([timeline + 1, timeline + 1])
    expect(opened.events).toEqual([
      'PgBouncer died: starting it again',
      'the standby died: building a new one',
      'the primary died: failing over',
    ])
  },
  patience,
)

const WANTED = {
  fsync: 'on',
  synchronous_commit: 'on',
  'pgbouncer.enabled': 'true',
  'pgbouncer.pool_mode': 'transaction',
  'pgbouncer.max_client_conn': '5000',
  'pgbouncer.default_pool_size': '50',
}

test(
  'parameters and metrics come from the running processes',
  async () => {
    const parameters = await cluster.parameters()
    const settingOf = (name: string) => parameters.find((one) => one.name === name)?.value
    expect(Object.fromEntries(Object.keys(WANTED).map((name) => [name, settingOf(name)]))).toEqual(WANTED)

    await cluster.failover('forced')
    const sample = await eventually('a whole sample', 30_000, () =>
      cluster.samples().findLast(({ values }) => values.is_db_alive === 1 && values.cpu_percent !== undefined),
    )
    expect(sample.values.memory_percent).toBeGreaterThan(0)
    expect(sample.values.storage_used).toBeGreaterThan(1_000_000)
    expect(cluster.samples().every(({ values }) => (values.cpu_percent ?? 0) >= 0)).toBe(true)
  },
  patience,
)
