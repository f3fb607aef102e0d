/** Writes the chunk blobs of a long drill as files: `chunks-process.ts FOLDER CONTAINERS SECONDS TPS WORKERS`. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { encodeRecord } from '../../loadgen-image/contract/chunk.ts'
import type { LedgerRange, SecondRecord } from '../../loadgen-image/contract/glossary.ts'
import { shareStart } from '../../loadgen-image/schedule/schedule.ts'
import { type LongDrill, outageAt, templatesOf } from './long-drill.ts'

const [folder = '', ...numbers] = process.argv.slice(2)
const [containers = 1, seconds = 60, tps = 100, workers = 10] = numbers.map(Number)
const drill: LongDrill = { containers, seconds, tps, workers }

for (let container = 0; container < containers; container++) writeContainer(container)

function writeContainer(container: number): void {
  const file = openSync(join(folder, `${container}.bin`), 'w')
  const templates = templatesOf(drill, container)
  const next = new Map<number, number>()
  for (let i = 0; i < seconds; i++) {
    const record = outageAt(drill, templates[i % templates.length] as SecondRecord, i)
    writeSync(file, encodeRecord({ ...record, ledger: continued(record.ledger, next) }))
  }
  closeSync(file)
}

/** Each worker's keys go on where its last second ended. */
function continued(ledger: readonly LedgerRange[], next: Map<number, number>): LedgerRange[] {
  return ledger.map((range) => {
    const firstSeq = next.get(range.worker) ?? 1
    next.set(range.worker, firstSeq + range.count)
    const exceptions = range.exceptions.map(({ seq, outcome }) => ({ seq: firstSeq + seq - range.firstSeq, outcome }))
    return { ...range, firstSeq, exceptions }
  })
}

process.stdout.write(JSON.stringify({ firstWorker: shareStart(workers, containers, 0) }))
