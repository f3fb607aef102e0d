/** The rows of the checklist that only a new size or a switchover needs, seen to pass, to fail and not to know. */
import { expect, test } from 'vitest'
import { BEFORE } from '../../../functions/checklist/before.ts'
import { judgeRows, obstacles } from '../../../functions/checklist/check.ts'
import { EVENT_CHECKS } from '../../../functions/checklist/events.ts'
import { isNeededBy } from '../../../functions/event-kinds/kinds.ts'
import type { Facts, ServerFacts } from '../../../functions/model/facts.ts'
import { someFacts } from '../../support/builders.ts'
import { GOOD_PARAMETERS, goodServer, parametersOf } from '../../support/good-facts.ts'
import { aPlan, playDrill } from '../../support/play-drill.ts'
import { createWorld } from '../../support/world/world.ts'

type Id = (typeof EVENT_CHECKS)[number]['id']

const REPLICA = 'pg-replica'
const BIG = 'Standard_E8ds_v5'
const switchover = { atSeconds: 15, kind: 'switchover', mode: 'planned', replica: REPLICA }
const scale = (sku: string) => ({ atSeconds: 15, kind: 'scale', sku })

const replica: ServerFacts = {
  ...goodServer,
  name: REPLICA,
  id: '/subscriptions/s/resourceGroups/rg/providers/Microsoft.DBforPostgreSQL/flexibleServers/pg-replica',
  location: 'norwayeast',
  fqdn: 'pg-replica.postgres.database.azure.com',
  replication: { role: 'GeoAsyncReplica', state: 'Active', sourceId: goodServer.id },
}
const endpoint = {
  name: 'orders',
  type: 'ReadWrite',
  members: [REPLICA],
  hosts: ['orders.reader.postgres.database.azure.com', 'orders.writer.postgres.database.azure.com'],
}
const good: NonNullable<Facts['switchover']> = {
  host: 'orders.writer.postgres.database.azure.com',
  replicas: [replica],
  replicaParameters: parametersOf(GOOD_PARAMETERS),
  endpoints: [endpoint],
}
const sizes = [
  { name: 'Standard_B2ms', tier: 'Burstable', vCores: 2, memoryGb: 8 },
  { name: 'Standard_E4ds_v5', tier: 'MemoryOptimized', vCores: 4, memoryGb: 32 },
  { name: BIG, tier: 'MemoryOptimized', vCores: 8, memoryGb: 64 },
]

interface Case {
  readonly switchover?: Partial<NonNullable<Facts['switchover']>>
  readonly sizes?: Facts['sizes']
  readonly sku?: string
}

function judge(id: Id, { switchover: changed, sizes: offered = sizes, sku = BIG }: Case = {}) {
  const event = id === 'scale-size' ? scale(sku) : switchover
  const plan = aPlan({ durationSeconds: 60, events: [event] })
  const facts = someFacts({ sizes: offered, switchover: { ...good, ...changed } })
  const rows = judgeRows(
    BEFORE.filter((row) => isNeededBy(plan.events, row.id)),
    'before',
    { plan, facts },
    [],
  )
  return { row: rows.find((one) => one.id === id), stops: obstacles(rows).map((one) => one.id) }
}

const withReplica = (own: Partial<ServerFacts>): Case => ({ switchover: { replicas: [{ ...replica, ...own }] } })
const replicating = (state: string | null) => withReplica({ replication: { ...replica.replication, state } })
const onReplica = (own: Readonly<Record<string, string>>): Case => ({
  switchover: { replicaParameters: parametersOf({ ...GOOD_PARAMETERS, ...own }) },
})

const FAILS: ReadonlyArray<readonly [Id, why: string, Case, seen: string | RegExp]> = [
  ['scale-size', 'is not offered', { sku: 'Standard_E64ds_v5' }, 'Standard_E64ds_v5 is not offered'],
  ['scale-size', 'is Burstable', { sku: 'Standard_B2ms' }, 'Standard_B2ms is Burstable'],
  ['scale-size', 'is that of today', { sku: 'Standard_E4ds_v5' }, 'Standard_E4ds_v5 is the size before it'],
  ['switchover-replica', 'does not exist', { switchover: { replicas: [] } }, 'no replica'],
  ['switchover-replica', 'has another name', withReplica({ name: 'other' }), 'the replicas other'],
  ['switchover-replica', 'is stopped', withReplica({ state: 'Stopped' }), 'pg-replica is Stopped'],
  ['switchover-replica', 'does not follow', replicating('Broken'), 'its replication is Broken'],
  [
    'switchover-symmetry',
    'is smaller and of another tier',
    withReplica({ sku: { name: 'Standard_D4ds_v5', tier: 'GeneralPurpose' } }),
    'tier GeneralPurpose, of the server MemoryOptimized; size Standard_D4ds_v5, of the server Standard_E4ds_v5',
  ],
  [
    'switchover-symmetry',
    'has less storage',
    withReplica({ storage: { sizeGb: 512, tier: null, iops: null, type: null, growsByItself: null } }),
    'storage 512 GB, of the server 1,024 GB',
  ],
  [
    'switchover-parameters',
    'differ',
    onReplica({ max_connections: '500', 'pgbouncer.pool_mode': 'session' }),
    'max_connections 500, of the server 2000; pgbouncer.pool_mode session, of the server transaction',
  ],
  ['switchover-pgbouncer', 'is off', onReplica({ 'pgbouncer.enabled': 'false' }), 'false'],
  ['switchover-endpoint', 'is missing', { switchover: { endpoints: [] } }, 'no virtual endpoint'],
  [
    'switchover-endpoint',
    'leaves the replica out',
    { switchover: { endpoints: [{ ...endpoint, members: ['pg-under-test'] }] } },
    'orders (pg-under-test)',
  ],
  [
    'switchover-name',
    'is that of the server',
    { switchover: { host: goodServer.fqdn as string } },
    /the own name of a server$/,
  ],
]

test.each(FAILS)('%s fails when it %s', (id, _why, changes, seen) => {
  const { row, stops } = judge(id, changes)
  expect(row?.verdict).toBe('fail')
  expect(row?.seen).toEqual(typeof seen === 'string' ? seen : expect.stringMatching(seen))
  expect(stops).toEqual([id])
  expect(row?.advice).not.toBe('')
})

const UNKNOWN: ReadonlyArray<readonly [Id, Case]> = [
  ['scale-size', { sizes: null }],
  ['switchover-replica', { switchover: { replicas: null } }],
  ['switchover-replica', replicating(null)],
  ['switchover-symmetry', { switchover: { replicas: null } }],
  ['switchover-symmetry', withReplica({ storage: null })],
  ['switchover-parameters', { switchover: { replicaParameters: null } }],
  ['switchover-pgbouncer', { switchover: { replicaParameters: null } }],
  [
    'switchover-standby',
    withReplica({ highAvailability: { mode: 'Disabled', state: 'NotEnabled', standbyZone: null } }),
  ],
  ['switchover-endpoint', { switchover: { endpoints: null } }],
  ['switchover-name', { switchover: { host: 'db.example.org' } }],
]

test.each(UNKNOWN)('%s neither passes nor stops the drill when %j', (id, changes) => {
  const { row, stops } = judge(id, changes)
  expect({ verdict: row?.verdict, stops }).toEqual({ verdict: 'unknown', stops: [] })
})

test.each(EVENT_CHECKS.map(({ id }) => id))('%s passes where everything is as it should be', (id) => {
  expect(judge(id).row?.verdict).toBe('pass')
})

test('parameters whose difference does not matter pass', () => {
  expect(judge('switchover-parameters', onReplica({ log_min_messages: 'debug1' })).row?.verdict).toBe('pass')
})

// ---- In a drill ---------------------------------------------------------------------------------------------------------

const inDrill = async (event: object, effects = {}) => {
  const world = createWorld({ server: { effects: { replica: { name: REPLICA, ...effects } } } })
  const { report } = await playDrill(world, aPlan({ durationSeconds: 60, events: [event] }))
  const ids: readonly string[] = EVENT_CHECKS.map(({ id }) => id)
  const rows = report?.checklist.filter(({ id }) => ids.includes(id)) ?? []
  return { posts: world.server.posts, verdicts: Object.fromEntries(rows.map(({ id, verdict }) => [id, verdict])) }
}

test('a switchover without a virtual endpoint is not asked for', async () => {
  const { posts, verdicts } = await inDrill(switchover, { hasEndpoint: false })
  expect({ posts, endpoint: verdicts['switchover-endpoint'] }).toEqual({ posts: 0, endpoint: 'fail' })
})

test('a drill reads and judges only what its events need', async () => {
  expect((await inDrill({ atSeconds: 15, kind: 'restart' })).verdicts).toEqual({})
  expect((await inDrill(scale(BIG))).verdicts).toEqual({ 'scale-size': 'pass' })
  expect((await inDrill(switchover)).verdicts).toEqual({
    'switchover-replica': 'pass',
    'switchover-symmetry': 'pass',
    'switchover-parameters': 'pass',
    'switchover-pgbouncer': 'pass',
    'switchover-standby': 'unknown',
    'switchover-endpoint': 'pass',
    'switchover-name': 'pass',
  })
})
