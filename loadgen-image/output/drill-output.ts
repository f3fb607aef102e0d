/** What a container writes to Blob storage: chunks second by second, the step probe's records, CSV and log every few seconds, the summary last. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type AppProbeRecord, appProbeBlob, encodeAppRecord } from '../contract/app-probe.ts'
import { encodeRecord } from '../contract/chunk.ts'
import { blobNames, type Counts, type LoadSummary, type SecondRecord } from '../contract/glossary.ts'
import { errorText } from '../contract/redact.ts'
import { encodeProbeRecord, type ProbeRecord } from '../contract/step-probe.ts'
import { AppendSpool } from './append-spool.ts'
import type { BlobStore } from './blob-store.ts'
import { ConsoleTable } from './console-table.ts'
import { CSV_HEADER, csvRow } from './csv.ts'
import { screen } from './screen.ts'

const TEXT_EVERY_MS = 5000
const MAX_TEXT_BYTES = 8 * 1024 * 1024
const RETRY_MS = 500

export class DrillOutput {
  readonly #store: BlobStore
  readonly #summaryName: string
  readonly #chunks: AppendSpool
  readonly #stepProbe: AppendSpool
  readonly #csv: AppendSpool
  readonly #log: AppendSpool
  readonly #probes: AppendSpool
  readonly #table = new ConsoleTable()
  #isFailing = false
  startAtMs = 0

  constructor(store: BlobStore, drillId: string, container: number, incarnation: string) {
    this.#store = store
    this.#summaryName = blobNames.summary(drillId, container)
    const onError = (error: unknown) => this.#onError(error)
    const text = { store, everyMs: TEXT_EVERY_MS, maxBytes: MAX_TEXT_BYTES, onError }
    this.#csv = new AppendSpool({ ...text, nameOf: () => blobNames.csv(drillId, container), contentType: 'text/csv' })
    this.#log = new AppendSpool({ ...text, nameOf: () => blobNames.log(drillId, container), contentType: 'text/plain' })
    this.#chunks = new AppendSpool({
      store,
      everyMs: 0,
      onError,
      nameOf: (part) => blobNames.chunks(drillId, container, incarnation, part),
      contentType: 'application/octet-stream',
    })
    this.#probes = new AppendSpool({
      store,
      everyMs: 1000,
      onError,
      nameOf: (part) => appProbeBlob(drillId, container, incarnation, part),
      contentType: 'application/x-ndjson',
    })
    this.#stepProbe = new AppendSpool({
      store,
      everyMs: 0,
      onError,
      nameOf: (part) => blobNames.stepProbe(drillId, container, incarnation, part),
      contentType: 'application/octet-stream',
    })
    this.#csv.add(Buffer.from(CSV_HEADER))
  }

  get recordsDropped(): number {
    return this.#chunks.dropped
  }

  record(record: SecondRecord, totals: Counts): void {
    this.#chunks.add(encodeRecord(record))
    this.#csv.add(Buffer.from(csvRow(record, totals, this.startAtMs)))
    screen.line(this.#table.line(record, totals))
    if (this.#chunks.waiting <= 1) this.#isFailing = false
  }

  appRecord(record: AppProbeRecord): void {
    this.#probes.add(encodeAppRecord(record))
  }

  stepProbe(record: ProbeRecord): void {
    this.#stepProbe.add(encodeProbeRecord(record))
  }

  /** To the console and to the blob of the log. */
  log(line: string): void {
    screen.line(line)
    this.#log.add(Buffer.from(`${new Date().toISOString()} ${line}\n`))
  }

  async closeChunks(timeoutMs: number): Promise<void> {
    await Promise.all([this.#chunks, this.#probes, this.#stepProbe].map((spool) => spool.close(timeoutMs)))
  }

  async finish(summary: LoadSummary, timeoutMs: number): Promise<void> {
    await Promise.all([
      this.#csv.close(timeoutMs),
      this.#log.close(timeoutMs),
      this.#writeSummary(performance.now() + timeoutMs, JSON.stringify(summary)),
    ])
  }

  async #writeSummary(deadlineMs: number, content: string): Promise<void> {
    while (performance.now() < deadlineMs) {
      try {
        return await this.#store.write(this.#summaryName, content, 'application/json')
      } catch (error) {
        this.#onError(error)
        await sleep(RETRY_MS)
      }
    }
    process.stderr.write(`the summary could not be written; here it is: ${content}\n`)
  }

  /** Once per time of failures, not once per attempt. */
  #onError(error: unknown): void {
    if (this.#isFailing) return
    this.#isFailing = true
    screen.line(`Blob storage: ${errorText(error)}; records are kept in memory, and writing is tried again`)
  }
}
