/**
 * What the list of drills costs the app with 50 and with 20,000 drills of twelve servers, over the real client and Azurite: its CPU, and
 * its calls to storage. The time is shown too, and not judged: Azurite looks through the whole table for each query, where Azure Table
 * storage reads a range of keys.
 */
import type { TableClient } from '@azure/data-tables'
import { HttpRequest, type HttpResponseInit } from '@azure/functions'
import { earlierDrills } from '../../functions/activities/write-report.ts'
import type { Clients, Table } from '../../functions/clients/clients.ts'
import { connectContainer, createBlobs } from '../../functions/clients/storage/blobs.ts'
import { rowsOfRecord } from '../../functions/clients/storage/daily-records.ts'
import { connectTable, createTable, entityOf } from '../../functions/clients/storage/table.ts'
import { Secret } from '../../functions/config/secret.ts'
import { likenessOf } from '../../functions/event-kinds/likeness.ts'
import { drillBlobs } from '../../functions/model/blob-paths.ts'
import { type IndexEntry, startedEntry } from '../../functions/model/drill-index.ts'
import type { DailyRecord } from '../../functions/model/history/daily-record.ts'
import { rowOfAll, rowOfOpen, rowOfServer, type TableRow } from '../../functions/model/history/rows.ts'
import type { DrillPlan } from '../../functions/model/plan.ts'
import type { RequestDefaults } from '../../functions/request/request.ts'
import { dailyDrill } from '../../functions/triggers/daily-drill.ts'
import { dailyApi } from '../../functions/triggers/dashboard-api.ts'
import { closeDeadDrills } from '../../functions/triggers/dead-drills.ts'
import { historyApi } from '../../functions/triggers/history/list.ts'
import { reportsApi } from '../../functions/triggers/reports-api.ts'
import { holdFreePort } from '../../infra/local/process/ports.ts'
import { Processes } from '../../infra/local/process/processes.ts'
import { createStackFolder } from '../../infra/local/process/stack-folder.ts'
import { type Azurite, startAzurite } from '../../infra/local/stack/azurite.ts'
import { blobNames } from '../../loadgen-image/contract/glossary.ts'
import { requestsTo } from '../support/builders.ts'
import { NO_WORST } from '../support/events.ts'
import { FakeOrchestrations } from '../support/fake-orchestrations.ts'
import { target as anyTarget, aPlan } from '../support/play-drill.ts'
import { atMost, type BenchResult, information, spreadOf } from './spread.ts'

const SIZES = [50, 20_000] as const
const SERVERS = 12
const RUNS = 25
const END_MS = Date.UTC(2026, 0, 1)
const STEP_MS = 900_000

export async function benchList(): Promise<BenchResult> {
  const folder = createStackFolder()
  const processes = new Processes(folder)
  try {
    const [blob, queue, table] = [await holdFreePort(folder), await holdFreePort(folder), await holdFreePort(folder)]
    const azurite = await startAzurite(processes, { blob, queue, table }, 'drills')
    const costs = []
    for (const size of SIZES) costs.push(await costsAt(azurite, size))
    return resultOf(costs)
  } finally {
    await processes.stopAll()
    folder.close({ keep: false })
  }
}

interface Cost {
  readonly cpuMs: number
  readonly timeMs: number
  readonly calls: number
}
type Costs = Readonly<Record<string, Cost>>

function resultOf([few, many]: readonly Costs[]): BenchResult {
  const lines = Object.entries(few ?? {}).flatMap(([name, one]) => {
    const other = many?.[name] as Cost
    const text = (read: (cost: Cost) => string) => `${read(one)} with ${SIZES[0]}, ${read(other)} with ${SIZES[1]}`
    return [
      atMost(
        `${name}: CPU ratio`,
        other.cpuMs / one.cpuMs,
        2,
        text(({ cpuMs }) => `${cpuMs.toFixed(2)} ms`),
      ),
      atMost(
        `${name}: storage calls ratio`,
        other.calls / one.calls,
        2,
        text(({ calls }) => String(calls)),
      ),
      information(
        `${name}: time, in which Azurite compares all rows`,
        text(({ timeMs }) => `${timeMs.toFixed(1)} ms`),
      ),
    ]
  })
  return { lines, figures: { few, many } }
}

async function costsAt({ connectionString }: Azurite, size: number): Promise<Costs> {
  const place = { kind: 'connectionString', connectionString: new Secret(connectionString) } as const
  const client = connectTable({ ...place, table: `drills${size}` }, {} as never)
  await client.createTable()
  const plans = Array.from({ length: size }, (_, i) => planOf(i))
  await fill(client, plans)
  let calls = 0
  const count = <T extends object>(of: T): T =>
    new Proxy(of, {
      get: (all, name) => {
        calls++
        return all[name as keyof T]
      },
    })
  const table: Table = count(createTable(client))
  const blobs = count(createBlobs(connectContainer({ ...place, container: 'drills' }, {} as never)))
  const now = new Date(END_MS + STEP_MS)
  const clients = { table, blobs, clock: { now: () => now, sleep: async () => {} } } satisfies Partial<Clients>
  const operations = await operationsOn(clients, plans)
  const costs: Record<string, Cost> = {}
  for (const [name, operation] of Object.entries(operations)) {
    const runs: Cost[] = []
    for (let run = 0; run < RUNS; run++) {
      calls = 0
      const [cpu, begun] = [process.cpuUsage(), performance.now()]
      await operation()
      const { user, system } = process.cpuUsage(cpu)
      runs.push({ cpuMs: (user + system) / 1000, timeMs: performance.now() - begun, calls })
    }
    const middle = (read: (cost: Cost) => number) => spreadOf(runs.map(read)).median
    costs[name] = { cpuMs: middle((r) => r.cpuMs), timeMs: middle((r) => r.timeMs), calls: middle((r) => r.calls) }
  }
  return costs
}

type Sources = Pick<Clients, 'table' | 'blobs' | 'clock'>

async function operationsOn(
  clients: Sources,
  plans: readonly DrillPlan[],
): Promise<Record<string, () => Promise<unknown>>> {
  const service = new FakeOrchestrations(() => clients.clock.now())
  const newest = plans[0] as DrillPlan
  const open = plans.slice(0, 2)
  for (const plan of open) {
    await clients.table.insert(rowOfOpen(plan))
    await service.client.startNew('drill', { instanceId: plan.drillId, input: plan })
  }
  for (const plan of plans.slice(0, SERVERS * 3))
    await clients.blobs.writeJson(blobNames.request(plan.drillId), { plan, bodyHash: 'other' })
  await clients.blobs.write(drillBlobs.report(newest.drillId, 'report.json'), 'x'.repeat(100_000))
  const { list } = historyApi(clients, { retentionDays: 4_000 })
  const { report } = reportsApi(clients)
  const get = (path: string, id = '', headers: Record<string, string> = {}) =>
    new HttpRequest({ method: 'GET', url: `http://app/api/${path}`, params: { id }, headers })
  const daily = dailyDrill(clients, {
    name: newest.target.server,
    request: {},
    source: 'DAILY_DRILL_REQUEST',
    stopAfterFailures: 3,
    defaults: requestsTo(newest.target),
  })
  const scheduled = plans.slice(0, SERVERS).map(({ target }) => ({ target, schedule: '0 0 2 * * *' }))
  const { read } = dailyApi(clients, { targets: scheduled as unknown as RequestDefaults['targets'] })
  const known = async (answer: Promise<HttpResponseInit>) => {
    const { etag = '' } = (await answer).headers as Record<string, string>
    return { 'if-none-match': etag }
  }
  const [ofList, ofDaily] = [await known(list(get('drills?limit=20'), service.client)), await known(read(get('daily')))]
  return {
    'list page': () => list(get('drills'), service.client),
    // As many rows as a server has of 50 drills, so that both pages hold the same.
    'filtered page': () => list(get('drills?server=pg-3&verdict=FAIL&kind=failover&limit=4'), service.client),
    // What an open page asks for, here while nothing changes: it has no other way to notice that.
    dashboard: () =>
      Promise.all([list(get('drills?limit=20', '', ofList), service.client), read(get('daily', '', ofDaily))]),
    history: () => list(get('drills?format=csv&limit=50'), service.client),
    trend: () => earlierDrills(clients.table, newest),
    report: () => report(get('drills/x/report?format=json', newest.drillId), service.client),
    watchdog: () => closeDeadDrills(clients, service.client, async () => undefined),
    'daily stop rule': () => daily({ isPastDue: false }, service.client, { log: () => {} }),
  }
}

// ---- Drills of the past ---------------------------------------------------------------------------------------------------

const shape = aPlan()

/** Newest first, the servers in turn. */
const planOf = (number: number): DrillPlan => ({
  ...shape,
  drillId: `past-${number}`,
  requestedAt: new Date(END_MS - number * STEP_MS).toISOString(),
  requestedBy: 'timer',
  target: { ...anyTarget, server: `pg-${number % SERVERS}` },
})

function entryOf(plan: DrillPlan): IndexEntry {
  const { requestedAt: startedAt, drillId } = plan
  const figures = { recoveryTimeSeconds: 3, writeOutageSeconds: 2, lost: 0, baselineTps: 8000, availability: 0.999 }
  const judged = { verdict: 'FAIL', headline: 'Forced failover: no commit for 2.17 s.' } as const
  const trend = { drillId, like: likenessOf(plan), startedAt, ...judged, figures, worst: NO_WORST }
  return { ...startedEntry(plan), ...judged, endedAt: startedAt, trend }
}

const recordOf = ({ drillId, requestedAt: at, target }: DrillPlan): DailyRecord => ({
  ...{ at, target, drillId, outcome: 'started', why: 'on schedule', requestHash: '' },
})

/** What one transaction of the service takes. */
const MAX_ROWS = 100

async function fill(client: TableClient, plans: readonly DrillPlan[]): Promise<void> {
  const rows = plans.flatMap((plan): TableRow[] => {
    const entry = entryOf(plan)
    return [rowOfServer(entry), rowOfAll(entry), ...rowsOfRecord(recordOf(plan))]
  })
  for (const own of Map.groupBy(rows, ({ partition }) => partition).values())
    for (let from = 0; from < own.length; from += MAX_ROWS)
      await client.submitTransaction(own.slice(from, from + MAX_ROWS).map((row) => ['create', entityOf(row)]))
}
