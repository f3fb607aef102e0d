/** Merges chunk files to a finished report with every file that a drill leaves: `merge-process.ts FOLDER CONTAINERS SECONDS TPS WORKERS`. */
import { createReadStream, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { assemble } from '../../functions/drill/assemble.ts'
import { Merge } from '../../functions/drill/merge.ts'
import { renderers } from '../../functions/report/formats.ts'
import { decodeRecordStream } from '../../loadgen-image/contract-chunk.ts'
import { aDrillPlan, aFailover, anOutcome, aPlan, someLoad, someTiming } from '../support/builders.ts'
import { LONG_START_SECOND } from './long-drill.ts'

const MB = 1024 * 1024
const [folder = '', ...numbers] = process.argv.slice(2)
const [containers = 1, seconds = 60, tps = 100, workers = 10] = numbers.map(Number)

const startedAtMs = performance.now()
const own = { containers, durationSeconds: seconds, targetTps: tps, workers }
const load = someLoad(own)
const loadStartAtMs = LONG_START_SECOND * 1000
const failoverAtSeconds = Math.floor(seconds / 2) - 1

let chunkBytes = 0
let records = 0
const merge = new Merge({
  clocks: Array.from({ length: containers }, (_, container) => ({
    container,
    incarnation: `i${container}`,
    clock: { offsetMs: 0, errorMs: 0.5 },
  })),
  baseline: { first: LONG_START_SECOND + 60, last: LONG_START_SECOND + failoverAtSeconds - 1 },
})
for (const name of readdirSync(folder)) {
  const file = join(folder, name)
  chunkBytes += statSync(file).size
  for await (const record of decodeRecordStream(createReadStream(file, { highWaterMark: MB }))) {
    merge.add(record)
    records++
  }
}
const mergedAtMs = performance.now()
const merged = merge.finish({ plan: load, loadStartAtMs, summaries: [] })
const acceptedAt = new Date(loadStartAtMs + failoverAtSeconds * 1000).toISOString()
const outcome = anOutcome({
  plan: aDrillPlan({
    load,
    timing: someTiming({ warmupSeconds: 60 }),
    failovers: [{ atSeconds: failoverAtSeconds, mode: 'forced' }],
  }),
  loadPlan: aPlan(own),
  loadStartAtMs,
  failovers: [aFailover({ acceptedAt })],
  summaries: [],
})
const { report, charts } = assemble(outcome, merged)
const files = renderers.map(({ name, render }) => [name, Buffer.byteLength(render({ report, ...charts }))] as const)

process.stdout.write(
  JSON.stringify({
    records,
    seconds: (performance.now() - startedAtMs) / 1000,
    readSeconds: (mergedAtMs - startedAtMs) / 1000,
    peakMb: process.resourceUsage().maxRSS / 1024,
    chunkMb: chunkBytes / MB,
    files: Object.fromEntries(files),
    recoverySeconds: report.recovery.writeOutageSeconds,
    acknowledged: report.ledger.acknowledged,
  }),
)
