import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test as oneByOne } from 'vitest'
import { holdFreePort } from '../../../infra/local/process/ports.ts'
import type { Child } from '../../../infra/local/process/processes.ts'
import { type Azurite, startAzurite } from '../../../infra/local/stack/azurite.ts'
import { appProbeBlob, decodeAppRecords } from '../../../loadgen-image/contract/app-probe.ts'
import { addUp } from '../../../loadgen-image/contract/counts.ts'
import {
  blobNames,
  type LoadSummary,
  type ReadyRecord,
  type SecondRecord,
} from '../../../loadgen-image/contract/glossary.ts'
import type { LoadPlan } from '../../../loadgen-image/contract/load-plan.ts'
import { anAppProbe } from '../../support/app-records.ts'
import { eventually } from '../../support/eventually.ts'
import { audit } from './audit.ts'
import { aPlan as aPlainPlan, BLOB_CONTAINER, DrillBlobs, ended, startGenerator, startLoad } from './container.ts'
import { type OpenDatabase, openDatabase } from './database.ts'

const PATIENCE_MS = 60_000

/** A container mostly waits. */
const test = oneByOne.concurrent

let open: OpenDatabase
let blobs: DrillBlobs
beforeAll(async () => {
  open = await openDatabase('async')
  blobs = new DrillBlobs(await openStorage())
}, 120_000)
afterAll(() => open?.close())

async function openStorage(): Promise<Azurite> {
  const { folder, processes } = open.database.bench
  return startAzurite(processes, { blob: await holdFreePort(folder) }, BLOB_CONTAINER)
}

let drills = 0
const aPlan = (changes: Partial<LoadPlan> = {}): LoadPlan => aPlainPlan({ drillId: `drill-${++drills}`, ...changes })

const start = (plan: LoadPlan, to = blobs): Promise<Child> => startLoad(open.database.bench, open.database, to, plan)

const totalsOf = (records: readonly SecondRecord[]) => addUp(records.map(({ counts }) => counts))

const seconds = (plan: LoadPlan, count: number, from = blobs) =>
  eventually(`${count} seconds are in Blob storage`, PATIENCE_MS, async () => {
    const records = await from.records(plan.drillId)
    return records.length >= count
  })

async function summaryAfter(child: Child, plan: LoadPlan, from = blobs): Promise<LoadSummary> {
  expect(await ended(child), child.log()).toBe(0)
  const summary = await from.summary(plan.drillId)
  if (summary === null) throw new Error(`no summary: ${child.log()}`)
  return summary
}

/** A shop that is away from its 20th order to its 30th, and wants a secret. */
async function openShop(): Promise<{ url: string; close: () => Promise<unknown> }> {
  let orders = 0
  const shop = createServer((request, response) => {
    request.resume()
    const isAway = ++orders > 20 && orders <= 30
    const isKnown = request.headers.authorization === 'Bearer secret-of-the-shop'
    response.writeHead(isAway ? 503 : isKnown ? 200 : 401).end()
  })
  await new Promise<void>((resolve) => shop.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(shop.address() as AddressInfo).port}/checkout`
  return { url, close: () => new Promise((resolve) => shop.close(resolve)) }
}

// The longest first: two run at a time.
test('30 s without Blob storage disturb no arrival and lose no record, no row of the CSV and no line of the log', async () => {
  const plan = aPlan({ durationSeconds: 40, targetTps: 200, staleLeaseSeconds: 120 })
  // An account of its own, because the other tests need theirs meanwhile.
  const azurite = await openStorage()
  const own = new DrillBlobs(azurite)
  await own.write(blobNames.lease(plan.drillId), { renewedAtMs: Date.now() })
  const child = await start(plan, own)
  await seconds(plan, 1, own)
  azurite.process.signal('SIGSTOP')
  const pausedAtMs = performance.now()
  await eventually('Blob storage was down for 30 s', PATIENCE_MS, () => performance.now() - pausedAtMs > 30_000)
  azurite.process.signal('SIGCONT')
  const summary = await summaryAfter(child, plan, own)
  const records = await own.records(plan.drillId)
  const bySecond = new Map(records.map((record) => [record.second, record]))
  expect(summary).toMatchObject({ ended: 'completed', recordsDropped: 0, records: bySecond.size })
  expect(totalsOf([...bySecond.values()])).toEqual(summary.totals)
  expect(summary.totals).toMatchObject({ intended: 8000, acknowledged: 8000, missed: 0 })
  const rows = (await csvRows(plan, own)).map((row) => Date.parse(`${row.split(',')[0]}Z`) / 1000)
  expect(rows).toEqual([...bySecond.keys()])
  const log = (await own.bytes(blobNames.log(plan.drillId, 0)))?.toString() ?? ''
  expect(log.match(/^.*ended: completed/gm)).toHaveLength(1)
})

test('a container probes an application beside its load, and records what became of each request', async () => {
  const shop = await openShop()
  const probe = anAppProbe({ url: shop.url, method: 'POST', everyMs: 50, headers: { authorization: 'token' } })
  const plan = aPlan({ probes: [probe] })
  const child = await startLoad(open.database.bench, open.database, blobs, plan, {
    APP_PROBE_LOOPBACK: 'true',
    APP_PROBE_SECRETS: JSON.stringify({ token: 'Bearer secret-of-the-shop' }),
  })
  const { totals, incarnation } = await summaryAfter(child, plan)
  await shop.close()
  expect(totals).toMatchObject({ intended: 300, acknowledged: 300 })
  const bytes = await blobs.bytes(appProbeBlob(plan.drillId, 0, incarnation, 0))
  const records = decodeAppRecords(bytes ?? Buffer.alloc(0))
  const sums = [0, 1, 2].map((kind) =>
    records.flatMap(({ seconds }) => seconds).reduce((sum, counts) => sum + (counts[kind] as number), 0),
  )
  expect(sums.reduce((a, b) => a + b, 0)).toBe(60)
  expect(sums[1]).toBe(10)
  expect(records.flatMap(({ windows }) => windows)).toMatchObject([
    { failed: 10, code: 'status-503', endedUnobserved: false },
  ])
  expect(records.at(-1)).toMatchObject({ isLast: true, open: null })
  const written = await Promise.all((await blobs.list(`drills/${plan.drillId}/`)).map((name) => blobs.bytes(name)))
  expect(Buffer.concat(written.flatMap((one) => one ?? [])).includes('secret-of-the-shop')).toBe(false)
})

test('a container whose probe names a secret that it was not given ends, and its summary says which', async () => {
  const plan = aPlan({ probes: [anAppProbe({ headers: { authorization: 'token' } })] })
  await blobs.write(blobNames.plan(plan.drillId), plan)
  const child = startGenerator(open.database.bench, open.database, blobs, { drillId: plan.drillId })
  await ended(child)
  expect(child.log()).toContain('the secret token of the application probe checkout was not passed on')
})

test('a container runs its plan, and its records, summary, CSV, log and rows agree', async () => {
  const plan = aPlan()
  const summary = await summaryAfter(await start(plan), plan)
  const records = await blobs.records(plan.drillId)
  const totals = totalsOf(records)
  expect(totals).toEqual({ intended: 300, acknowledged: 300, refused: 0, unknown: 0, missed: 0, weakAcks: 0 })
  expect(summary).toMatchObject({
    ended: 'completed',
    reason: null,
    totals,
    records: records.length,
    recordsDropped: 0,
    workers: 6,
    threads: 2,
    firstSecond: records[0]?.second,
    lastSecond: records.at(-1)?.second,
  })
  const ready = await blobs.json<ReadyRecord>(blobNames.ready(plan.drillId, 0))
  expect(ready).toMatchObject({ container: 0, workers: 6, timeline: 1, incarnation: summary.incarnation })
  const stored = await open.database.query<{ rows: string; keys: string; timelines: string }>(
    `SELECT count(*) AS rows, count(DISTINCT (worker, seq)) AS keys, array_agg(DISTINCT timeline)::text AS timelines
     FROM transactions WHERE drill_id = '${plan.drillId}'`,
  )
  expect(stored).toEqual([{ rows: '300', keys: '300', timelines: '{1}' }])
  expect(await csvRows(plan)).toHaveLength(records.length)
  expect((await blobs.bytes(blobNames.log(plan.drillId, 0)))?.toString()).toContain('ended: completed')
})

test('a restarted container sees the claim, writes nothing and exits with 0', async () => {
  const plan = aPlan({ durationSeconds: 1 })
  const summary = await summaryAfter(await start(plan), plan)
  const before = await blobs.list(blobNames.drillPrefix(plan.drillId))
  const again = startGenerator(open.database.bench, open.database, blobs, { drillId: plan.drillId })
  expect(await ended(again)).toBe(0)
  expect(again.log()).toContain('was claimed by an earlier start')
  expect(await blobs.list(blobNames.drillPrefix(plan.drillId))).toEqual(before)
  expect(await blobs.summary(plan.drillId)).toEqual(summary)
})

test('two containers share the arrivals and the workers of one plan exactly', async () => {
  const plan = aPlan({ containers: 2, targetTps: 75, workers: 5, durationSeconds: 2, threads: 1 })
  await blobs.write(blobNames.plan(plan.drillId), plan)
  const children = [0, 1].map((container) =>
    startGenerator(open.database.bench, open.database, blobs, { drillId: plan.drillId, container }),
  )
  for (const container of [0, 1])
    await eventually('both are ready', PATIENCE_MS, () => blobs.bytes(blobNames.ready(plan.drillId, container)))
  await blobs.write(blobNames.go(plan.drillId), { startAtMs: Date.now() + 500 })
  for (const child of children) expect(await ended(child), child.log()).toBe(0)
  const records = await blobs.records(plan.drillId)
  const intended = [0, 1].map((own) => totalsOf(records.filter(({ container }) => container === own)).intended)
  const workers = [0, 1].map((own) => [
    ...new Set(
      records.filter(({ container }) => container === own).flatMap(({ ledger }) => ledger.map(({ worker }) => worker)),
    ),
  ])
  expect(intended).toEqual([75, 75])
  expect(workers.map((list) => list.sort((a, b) => a - b))).toEqual([
    [0, 1, 2],
    [3, 4],
  ])
  expect(await audit(open.database, plan.drillId, records)).toMatchObject({ acknowledged: 150, lost: 0, unexpected: 0 })
})

test('kill -9 in the middle of a run: records up to the last second that ended and the CSV up to its last flush exist', async () => {
  const plan = aPlan({ durationSeconds: 60, targetTps: 50 })
  const child = await start(plan)
  await eventually('the CSV has its first rows', PATIENCE_MS, async () => (await csvRows(plan)).length > 0)
  const killedInSecond = Math.floor(Date.now() / 1000)
  child.signal('SIGKILL')
  await child.exited
  const records = await blobs.records(plan.drillId)
  const last = records.at(-1)?.second ?? 0
  // The second before may have been on its way; the one before that has arrived.
  expect(last).toBeGreaterThanOrEqual(killedInSecond - 2)
  expect(records.map(({ second }) => second)).toEqual(records.map((_, i) => last - records.length + 1 + i))
  expect(await audit(open.database, plan.drillId, records)).toMatchObject({ lost: 0, misjudged: 0 })
  expect(await blobs.summary(plan.drillId)).toBeNull()
})

async function csvRows(plan: LoadPlan, from = blobs): Promise<string[]> {
  const csv = (await from.bytes(blobNames.csv(plan.drillId, 0)))?.toString() ?? ''
  return csv.trim().split('\n').slice(1)
}

test.each([
  [
    'the stop blob',
    'aborted by a person',
    (plan: LoadPlan) => blobs.write(blobNames.stop(plan.drillId), { reason: 'aborted by a person' }),
  ],
  ['SIGTERM', 'SIGTERM', (_: LoadPlan, child: Child) => child.signal('SIGTERM')],
] as const)('%s ends the load: it drains, writes what is known, says why and exits with 0', async (_, reason, end) => {
  const plan = aPlan({ durationSeconds: 60 })
  const child = await start(plan)
  await seconds(plan, 2)
  await end(plan, child)
  const summary = await summaryAfter(child, plan)
  expect(summary).toMatchObject({ ended: 'stopped', reason })
  expect(summary.totals.acknowledged + summary.totals.missed).toBe(summary.totals.intended)
  expect(totalsOf(await blobs.records(plan.drillId))).toEqual(summary.totals)
})

test('a lease that is not renewed ends the load', async () => {
  const plan = aPlan({ durationSeconds: 60, staleLeaseSeconds: 4 })
  await blobs.write(blobNames.lease(plan.drillId), { renewedAtMs: Date.now() })
  const child = await start(plan)
  expect(await summaryAfter(child, plan)).toMatchObject({
    ended: 'stale-lease',
    reason: 'the drill did not renew its lease for 4 s',
  })
})

test('the hard deadline counts from the start of the process and ends a run that would go on', async () => {
  const plan = aPlan({ durationSeconds: 600, hardDeadlineSeconds: 8, drainSeconds: 600 })
  const child = await start(plan)
  const summary = await summaryAfter(child, plan)
  expect(summary).toMatchObject({ ended: 'hard-deadline', reason: '8 s after the process started' })
  const { intended, acknowledged, refused, unknown, missed } = summary.totals
  expect(acknowledged + refused + unknown + missed).toBe(intended)
})

test('the hard deadline also ends a container that never gets its go', async () => {
  const plan = aPlan({ hardDeadlineSeconds: 5 })
  await blobs.write(blobNames.plan(plan.drillId), plan)
  const child = startGenerator(open.database.bench, open.database, blobs, { drillId: plan.drillId })
  expect(await summaryAfter(child, plan)).toMatchObject({ ended: 'hard-deadline', records: 0 })
})

test('a database without the table: exit 0, and the summary says what to do', async () => {
  const plan = aPlan()
  await blobs.write(blobNames.plan(plan.drillId), plan)
  const database = { ...open.database, pooled: { ...open.database.direct, database: 'postgres' } }
  const child = startGenerator(open.database.bench, database, blobs, { drillId: plan.drillId })
  const summary = await summaryAfter(child, plan)
  expect(summary.ended).toBe('failed')
  expect(summary.reason).toContain('There is no table "transactions"')
})

test('a plan that is not valid: every problem on stderr, exit 2, and nothing is claimed', async () => {
  const plan = { ...aPlan(), workers: 0, targetTps: -1 }
  await blobs.write(blobNames.plan(plan.drillId), plan)
  const child = startGenerator(open.database.bench, open.database, blobs, { drillId: plan.drillId })
  expect(await ended(child)).toBe(2)
  expect(child.log()).toContain('targetTps: ')
  expect(child.log()).toContain('workers: ')
  expect(await blobs.list(blobNames.drillPrefix(plan.drillId))).toEqual([blobNames.plan(plan.drillId)])
})
