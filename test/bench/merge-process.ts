/** Merges chunk files to a finished report with every file that a drill leaves: `merge-process.ts FOLDER CONTAINERS SECONDS TPS WORKERS`. */
import { createReadStream, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type ChunkStore, mergedLoads } from '../../functions/activities/records/merged-load.ts'
import { renderers } from '../../functions/render/formats.ts'
import { assemble } from '../../functions/report-model/build.ts'
import { blobNames } from '../../loadgen-image/contract/glossary.ts'
import { aDrillPlan, anEvent, anOutcome, aPlan, someLoad, someTiming } from '../support/builders.ts'
import { LONG_START_SECOND } from './long-drill.ts'

const MB = 1024 * 1024
const [folder = '', ...numbers] = process.argv.slice(2)
const [containers = 1, seconds = 60, tps = 100, workers = 10] = numbers.map(Number)

const startedAtMs = performance.now()
const own = { containers, durationSeconds: seconds, targetTps: tps, workers }
const load = someLoad(own)
const loadStartAtMs = LONG_START_SECOND * 1000
const failoverAtSeconds = Math.floor(seconds / 2) - 1

const timing = someTiming({ warmupSeconds: 60 })
const plan = aDrillPlan({ load, timing, events: [{ atSeconds: failoverAtSeconds, kind: 'failover', mode: 'forced' }] })

const clock = { offsetMs: 0, errorMs: 0.5 }
const small = new Map<string, unknown>([
  [blobNames.go(plan.drillId), { startAtMs: loadStartAtMs }],
  ...Array.from(
    { length: containers },
    (_, k) => [blobNames.ready(plan.drillId, k), { container: k, incarnation: `i${k}`, clock }] as const,
  ),
])
/** Chunks, clocks and the start; no container has left a summary, so every figure comes from the chunks. */
const store: ChunkStore = {
  list: async () =>
    readdirSync(folder).map((name) => ({ name, size: statSync(join(folder, name)).size, lastModified: '' })),
  readStream: async (name) => createReadStream(join(folder, name)),
  readJson: async <T>(name: string) => (small.get(name) ?? null) as T | null,
}

const { merged, summaries } = await mergedLoads(store)(plan)
const mergedAtMs = performance.now()
const acceptedAt = new Date(loadStartAtMs + failoverAtSeconds * 1000).toISOString()
const outcome = anOutcome({
  plan,
  loadPlan: aPlan(own),
  loadStartAtMs,
  events: [anEvent({ acceptedAt })],
  summaries,
})
const { report, charts } = assemble(outcome, merged)
const files = renderers.map(({ name, render }) => [name, Buffer.byteLength(render({ report, ...charts }))] as const)

process.stdout.write(
  JSON.stringify({
    records: merged.incarnations.reduce((sum, { records }) => sum + records, 0),
    seconds: (performance.now() - startedAtMs) / 1000,
    readSeconds: (mergedAtMs - startedAtMs) / 1000,
    peakMb: process.resourceUsage().maxRSS / 1024,
    chunkMb: (await store.list('')).reduce((sum, { size }) => sum + size, 0) / MB,
    files: Object.fromEntries(files),
    recoverySeconds: report.recovery.writeOutageSeconds,
    acknowledged: report.ledger.acknowledged,
  }),
)
