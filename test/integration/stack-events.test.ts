/** What the local platform does with its servers on request: restart, scaling, and failovers that swap the roles. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { ClusterState } from '../../infra/local/cluster/cluster.ts'
import { oneServer } from '../../loadgen-image/connection/target.ts'
import { longestGapMs, STREAM_TABLE, startCommits } from '../support/commit-stream.ts'
import { eventually } from '../support/eventually.ts'
import { withSql } from '../support/sql.ts'
import { timeouts } from '../support/timeouts.ts'
import { type OpenCluster, openCluster } from '../support/with-stack.ts'

const patience = timeouts.pairStartsMs + 3 * timeouts.failoverMs

let opened: OpenCluster
const cluster = () => opened.cluster

beforeAll(async () => {
  opened = await openCluster()
}, timeouts.pairStartsMs)

afterAll(() => opened?.close(), timeouts.processEndsMs)

const isHealthy = () => cluster().state().server === 'Ready' && cluster().state().highAvailability === 'Healthy'

beforeEach(async () => {
  await eventually('the server is healthy', timeouts.failoverMs, isHealthy)
  await query('DROP TABLE IF EXISTS kept')
  await query(STREAM_TABLE)
}, timeouts.failoverMs)

type Way = 'directPort' | 'pgbouncerPort'
const at = (way: Way) => oneServer({ ...cluster().facts, port: cluster().facts[way] })
const query = (sql: string, way: Way = 'directPort') =>
  withSql(at(way), async (client) => (await client.query(sql)).rows)

/** As a drill sees it, from outside. */
async function identity(way: Way = 'directPort') {
  const [row] = await query(
    `SELECT ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int AS timeline,
       pg_postmaster_start_time()::text AS "startedAt", inet_server_port() AS port`,
    way,
  )
  return row as { readonly timeline: number; readonly startedAt: string; readonly port: number }
}

/** The states during the work, in order and without repetition. */
async function statesDuring(work: () => Promise<void>): Promise<string[]> {
  const seen: string[] = []
  const look = () => {
    const words = inWords(cluster().state())
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

const inWords = ({ server, highAvailability, primaryZone }: ClusterState): string =>
  `${server} ${highAvailability} ${primaryZone}`

/** Under load: all that was acknowledged is there afterwards. */
async function losesNothing(work: () => Promise<void>): Promise<number> {
  const load = startCommits(at('pgbouncerPort'))
  await eventually('the load runs', 10_000, () => load.acknowledged.length > 50)
  await work()
  const before = load.acknowledged.length
  await eventually('the load goes on', 10_000, () => load.acknowledged.length > before + 20)
  await load.stop()
  const found = new Set((await query('SELECT n FROM kept')).map(({ n }) => n as number))
  expect(load.acknowledged.filter(({ n }) => !found.has(n))).toEqual([])
  return longestGapMs(load.acknowledged)
}

const processes = () => {
  const { pair, pgbouncer } = cluster()
  return [pair.primary, pair.standby, pgbouncer].map((part) => part.process?.pid)
}

test(
  'a restart starts primary, standby and PgBouncer again in their places: the same timeline, and nothing lost',
  async () => {
    const [before, running] = [await identity(), processes()]
    const { primaryZone: zone } = cluster().state()
    let states: string[] = []
    await losesNothing(async () => {
      states = await statesDuring(() => cluster().restart())
    })
    expect(states).toEqual([
      `Ready Healthy ${zone}`,
      ...[`Restarting Healthy ${zone}`, `Ready ReplicatingData ${zone}`],
      `Ready Healthy ${zone}`,
    ])
    for (const way of ['directPort', 'pgbouncerPort'] as const) {
      const after = await identity(way)
      expect(after).toEqual({ ...before, startedAt: expect.any(String) })
      expect(after.startedAt).not.toBe(before.startedAt)
    }
    expect(processes().filter((pid) => running.includes(pid))).toEqual([])
  },
  patience,
)

const skuNames = () => cluster().facts.skus.map(({ name }) => name)

test(
  'scaling switches to a standby that is scaled already, and back again: the timeline rises and the zones swap',
  async () => {
    const [before, { primaryZone: from, standbyZone: to }] = [await identity(), cluster().state()]
    const [own = '', other = ''] = skuNames()
    let states: string[] = []
    await losesNothing(async () => {
      states = await statesDuring(() => cluster().scale(other))
    })
    expect(states).toEqual([
      `Ready Healthy ${from}`,
      `Updating Healthy ${from}`,
      `Updating ReplicatingData ${from}`,
      `Updating FailingOver ${from}`,
      `Updating FailingOver ${to}`,
      `Updating CreatingStandby ${to}`,
      `Updating ReplicatingData ${to}`,
      `Ready Healthy ${to}`,
    ])
    expect(await identity()).toMatchObject({ timeline: before.timeline + 1 })
    expect(cluster().state().sku).toBe(other)
    await cluster().scale(own)
    expect(cluster().state()).toMatchObject({
      sku: own,
      primaryZone: from,
      server: 'Ready',
      highAvailability: 'Healthy',
    })
    expect(await identity()).toMatchObject({ timeline: before.timeline + 2, port: before.port })
  },
  patience,
)

test('the size that the server has already changes nothing', async () => {
  const before = await identity()
  await cluster().scale(cluster().state().sku)
  expect(await identity()).toEqual(before)
})

/** How often a standby was made from a copy: every process that the stack starts is on record. */
const copies = () => readFileSync(join(opened.folder.path, 'processes.jsonl'), 'utf8').split('-basebackup').length - 1

test.each(['plannedSwitchover', 'forcedSwitchover'] as const)(
  'a %s swaps the roles: the old primary becomes the standby without a copy, and nothing is lost',
  async (mode) => {
    const [{ timeline }, { standbyZone }, copiesBefore] = [await identity(), cluster().state(), copies()]
    await losesNothing(() => cluster().failover(mode))
    expect(await identity()).toMatchObject({ timeline: timeline + 1 })
    expect(cluster().state()).toMatchObject({ primaryZone: standbyZone, highAvailability: 'Healthy' })
    expect(await cluster().pair.isStandbyReady()).toBe(true)
    expect(copies()).toBe(copiesBefore)
  },
  patience,
)

test(
  'one action at a time: the others are refused as busy',
  async () => {
    const restart = cluster().restart()
    const [, other = ''] = skuNames()
    const busy = expect.objectContaining({ code: 'ServerIsBusy' })
    expect(() => cluster().restart()).toThrow(busy)
    expect(() => cluster().scale(other)).toThrow(busy)
    expect(() => cluster().failover('forced')).toThrow(expect.objectContaining({ code: 'ServerIsNotReady' }))
    expect(() => cluster().promote('forced')).toThrow(expect.objectContaining({ code: 'InvalidParameterValue' }))
    await restart
  },
  patience,
)

test(
  'a primary that is killed is noticed by the platform, which fails over',
  async () => {
    const { timeline } = await identity()
    await losesNothing(async () => {
      await cluster().kill()
      await eventually('the platform has noticed', timeouts.failoverMs, () => !isHealthy())
      await eventually('it is healthy again', timeouts.failoverMs, isHealthy)
    })
    expect(await identity()).toMatchObject({ timeline: timeline + 1 })
    expect(opened.events).toEqual(['the primary died: failing over'])
  },
  patience,
)
