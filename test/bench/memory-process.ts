/**
 * Hours of arrivals through everything that could grow (arrivals, recorder, assembly, encoding, CSV) on a simulated clock:
 * RSS after each hour, with garbage collected first. `node --expose-gc memory-process.ts HOURS`.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { encodeRecord } from '../../loadgen-image/contract/chunk.ts'
import { noCounts } from '../../loadgen-image/contract/counts.ts'
import { limitHeapGrowth } from '../../loadgen-image/heap.ts'
import { ConsoleTable } from '../../loadgen-image/output/console-table.ts'
import { csvRow } from '../../loadgen-image/output/csv.ts'
import { Recorder } from '../../loadgen-image/record/recorder.ts'
import { Assembly } from '../../loadgen-image/run/assembly.ts'
import { Arrivals } from '../../loadgen-image/schedule/arrivals.ts'
import { seededRandom } from '../../loadgen-image/schedule/random.ts'
import { workersOfThread } from '../../loadgen-image/schedule/workers.ts'
import { benchPlan } from './load-child.ts'

const TPS = 2000
const WORKERS = 200
const START_US = 1_800_000_000_000_000
const HOUR_SECONDS = 3600
const MB = 1024 * 1024

limitHeapGrowth()
const hours = Number(process.argv[2] ?? 1)
/** Of an hour more than is played: the end of a load compiles code of its own, and is not what this measures. */
const durationSeconds = (hours + 1) * HOUR_SECONDS
const plan = benchPlan({ targetTps: TPS, workers: WORKERS, durationSeconds, onDeadline: 'shed' })
const lane = { container: 0, containers: 1, thread: 0, threads: 1 }
const arrivals = new Arrivals(plan, lane, START_US)
const table = new ConsoleTable()
const random = seededRandom(1)
let bytes = 0

const assembly = new Assembly({
  container: 0,
  incarnation: 'memory',
  workers: WORKERS,
  threads: 1,
  startAtUs: START_US,
  takeUsage: () => ({ cpuUs: 0, rssBytes: 0 }),
})
const recorder = new Recorder({
  workers: workersOfThread(plan, 0, 1, 0),
  open: WORKERS,
  startAtUs: START_US,
  keepsLedger: true,
  backlog: { settleUntil: (atUs) => ({ intended: arrivals.becameDue(atUs), waiting: arrivals.waiting }) },
  emit: (part) => {
    for (const record of assembly.add(0, part, { eventLoopDelayP99Us: 0, eventLoopDelayMaxUs: 0 })) {
      bytes +=
        encodeRecord(record).length + csvRow(record, noCounts(), 0).length + table.line(record, noCounts()).length
    }
  },
})

/** A service time in microseconds, and now and then a failure. */
function oneArrival(n: number): void {
  const dueAtUs = arrivals.take()
  const sentAtUs = dueAtUs + 50 * random()
  const atUs = sentAtUs + 1000 - 1500 * Math.log(1 - random())
  const worker = n % WORKERS
  recorder.sent(dueAtUs, sentAtUs)
  if (n % 9973 === 0) recorder.failed(worker, 'unknown', { code: '57P01', message: 'shut down' }, atUs)
  else {
    const timeline = 1 + Math.floor(n / 50_000_000)
    recorder.acknowledged(worker, { dueAtUs, sentAtUs, atUs, timeline, isWeak: false })
  }
}

const rssMb: number[] = []
for (let hour = 0; hour < hours; hour++) {
  for (let minute = 0; minute < 60; minute++) {
    const from = (60 * hour + minute) * 60 * TPS
    for (let n = from; n < from + 60 * TPS; n++) oneArrival(n)
    // As in a real run, the event loop turns: what it frees between two events is part of the picture.
    await nextTurn()
  }
  globalThis.gc?.()
  rssMb.push(process.memoryUsage.rss() / MB)
}
process.stdout.write(JSON.stringify({ rssMb, chunkMb: bytes / MB, arrivals: hours * TPS * HOUR_SECONDS }))
