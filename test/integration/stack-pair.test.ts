import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { PostgresPair } from '../../infra/local/cluster/servers/postgres-pair.ts'
import { oneServer } from '../../loadgen-image/connection/target.ts'
import { eventually } from '../support/eventually.ts'
import { openSql } from '../support/sql.ts'
import { timeouts } from '../support/timeouts.ts'
import { DATABASE, type OpenPair, openPair, PASSWORD, withPair } from '../support/with-stack.ts'

const patience = timeouts.pairStartsMs + 2 * timeouts.failoverMs

let opened: OpenPair
let pair: PostgresPair

beforeAll(async () => {
  opened = await openPair()
  pair = opened.pair
}, timeouts.pairStartsMs)

afterAll(() => opened?.close(), timeouts.processEndsMs)

beforeEach(async () => {
  if (!(await pair.isStandbyReady())) await pair.rebuildStandby()
  await makeTable(pair)
}, timeouts.pairStartsMs)

async function makeTable({ primary }: PostgresPair): Promise<void> {
  await primary.query('DROP TABLE IF EXISTS kept')
  await primary.query('CREATE TABLE kept (n int PRIMARY KEY)')
}

async function insert(pair: PostgresPair, first: number, last: number): Promise<void> {
  for (let n = first; n <= last; n++) await pair.primary.query('INSERT INTO kept VALUES ($1)', [n])
}

async function kept(pair: PostgresPair): Promise<number[]> {
  const rows = await pair.primary.query<{ n: number }>('SELECT n FROM kept ORDER BY n')
  return rows.map(({ n }) => n)
}

const numbers = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i)

test(
  'with synchronous replication no commit that was acknowledged is lost when the primary is killed under load',
  async () => {
    const acknowledged: number[] = []
    const { client } = await openSql({ ...login(pair.primary.port), user: 'postgres', database: 'postgres' })
    const load = (async () => {
      for (let n = 1; ; n++) {
        await client.query('INSERT INTO kept VALUES ($1)', [n])
        acknowledged.push(n)
      }
    })().catch(() => {})
    await eventually('the load runs', 10_000, () => acknowledged.length > 200)
    await pair.takeOver()
    await load
    const found = new Set(await kept(pair))
    expect(acknowledged.filter((n) => !found.has(n))).toEqual([])
  },
  patience,
)

test(
  'a standby that is asynchronous and held back loses the later commits',
  async () => {
    await withPair(async (pair) => {
      await makeTable(pair)
      await insert(pair, 1, 10)
      await pair.catchUp()
      await pair.holdStandbyBack()
      await insert(pair, 11, 20)
      await pair.takeOver()
      expect(await kept(pair)).toEqual(numbers(1, 10))
      await pair.rebuildStandby()
      expect(await pair.isStandbyReady()).toBe(true)
    }, 'async')
  },
  patience,
)

test(
  'a commit waits while the standby does not answer',
  async () => {
    pair.standby.pause()
    let isDone = false
    const commit = insert(pair, 1, 1).then(() => {
      isDone = true
    })
    await eventually('the commit waits', 10_000, () => waitsForStandby(pair))
    expect(isDone).toBe(false)
    pair.standby.resume()
    await commit
    expect(await kept(pair)).toEqual([1])
  },
  patience,
)

const login = (port: number) =>
  oneServer({ host: '127.0.0.1', port, user: DATABASE, database: DATABASE, password: PASSWORD })

async function waitsForStandby(pair: PostgresPair): Promise<boolean> {
  const rows = await pair.primary.query("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
  return rows.length > 0
}
