/** Everything that a container writes to Blob storage: chunks second by second, CSV and log every few seconds, the summary last. */
import { setTimeout as sleep } from 'node:timers/promises'
import { encodeRecord } from '../contract/chunk.ts'
import { blobNames, type Counts, type LoadSummary, type SecondRecord } from '../contract/glossary.ts'
import type { LoadPlan } from '../contract/load-plan.ts'
import { AppendSpool } from './append-spool.ts'
import type { BlobStore } from './blob-store.ts'
import { ConsoleTable } from './console-table.ts'
import { CSV_HEADER, csvRow } from './csv.ts'
import { toConsole } from './log.ts'

const TEXT_EVERY_MS = 5000
const TEXT_MAX_BYTES = 8 * 1024 * 1024
const RETRY_MS = 500

export class DrillOutput {
  readonly #store: BlobStore
  readonly #plan: LoadPlan
  readonly #container: number
  readonly #chunks: AppendSpool
  readonly #csv: AppendSpool
  readonly #log: AppendSpool
  readonly #table = new ConsoleTable()
  #isInTrouble = false
  startAtMs = 0

  constructor(store: BlobStore, plan: LoadPlan, container: number, incarnation: string) {
    const { drillId } = plan
    this.#store = store
    this.#plan = plan
    this.#container = container
    const onTrouble = (error: unknown) => this.#onTrouble(error)
    const text = { store, everyMs: TEXT_EVERY_MS, maxBytes: TEXT_MAX_BYTES, onTrouble }
    this.#csv = new AppendSpool({ ...text, nameOf: () => blobNames.csv(drillId, container), contentType: 'text/csv' })
    this.#log = new AppendSpool({ ...text, nameOf: () => blobNames.log(drillId, container), contentType: 'text/plain' })
    this.#chunks = new AppendSpool({
      store,
      everyMs: 0,
      onTrouble,
      nameOf: (part) => blobNames.chunks(drillId, container, incarnation, part),
      contentType: 'application/octet-stream',
    })
    this.#csv.add(Buffer.from(CSV_HEADER))
  }

  get recordsDropped(): number {
    return this.#chunks.dropped
  }

  record(record: SecondRecord, totals: Counts): void {
    this.#chunks.add(encodeRecord(record))
    const running = { acknowledged: totals.acknowledged, failed: totals.refused + totals.unknown }
    this.#csv.add(Buffer.from(csvRow(record, running, this.startAtMs)))
    toConsole(this.#table.line(record, running))
    if (this.#chunks.waiting <= 1) this.#isInTrouble = false
  }

  log(line: string): void {
    this.#log.add(Buffer.from(`${line}\n`))
  }

  closeChunks(patienceMs: number): Promise<void> {
    return this.#chunks.close(patienceMs)
  }

  async finish(summary: LoadSummary, patienceMs: number): Promise<void> {
    const { drillId } = this.#plan
    const name = blobNames.summary(drillId, this.#container)
    await Promise.all([
      this.#csv.close(patienceMs),
      this.#log.close(patienceMs),
      this.#writeUntil(performance.now() + patienceMs, name, JSON.stringify(summary)),
    ])
  }

  async #writeUntil(deadlineMs: number, name: string, content: string): Promise<void> {
    while (performance.now() < deadlineMs) {
      try {
        return await this.#store.write(name, content, 'application/json')
      } catch (error) {
        this.#onTrouble(error)
        await sleep(RETRY_MS)
      }
    }
    process.stderr.write(`the summary could not be written; here it is: ${content}\n`)
  }

  /** Once per trouble, not once per attempt. */
  #onTrouble(error: unknown): void {
    if (this.#isInTrouble) return
    this.#isInTrouble = true
    toConsole(
      `Blob storage: ${error instanceof Error ? error.message : String(error)}; keeping what comes and trying again`,
    )
  }
}
