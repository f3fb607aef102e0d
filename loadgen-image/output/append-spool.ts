/**
 * Appends to a blob in the background while the load runs. While Blob storage is down, entries wait in memory, up to a bound,
 * and are tried again; the load never waits for them. Past the bound new entries are dropped and counted, so that the report
 * does not take the hole for silence. A block is tried again unchanged and at the same position in the blob, so a block that
 * arrived although its reply was lost is not appended twice.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { BlobStore } from './blob-store.ts'

export interface SpoolOptions {
  readonly store: Pick<BlobStore, 'createAppendBlob' | 'append'>
  /** The name of the n-th blob, from 0 on. */
  readonly nameOf: (part: number) => string
  readonly contentType: string
  /** Collect this long before a block is written. 0: each entry at once. */
  readonly everyMs: number
  readonly maxBytes?: number
  readonly maxBlocks?: number
  readonly onError: (error: unknown) => void
}

/** Azure allows 50,000 blocks in an append blob. */
const MAX_BLOCKS = 49_000
const MAX_BLOCK_BYTES = 4 * 1024 * 1024
const MAX_SPOOL_BYTES = 64 * 1024 * 1024
const FIRST_PAUSE_MS = 200
const MAX_PAUSE_MS = 5000

export class AppendSpool {
  readonly #options: Required<SpoolOptions>
  #entries: Buffer[] = []
  #bytes = 0
  #dropped = 0
  #block: { readonly bytes: Buffer; readonly entries: number } | null = null
  #part = 0
  #blocksInPart = 0
  #bytesInPart = 0
  #isCreated = false
  #arrived = Promise.withResolvers<void>()
  readonly #closing = new AbortController()
  readonly #givingUp = new AbortController()
  readonly #drained: Promise<void>

  constructor(options: SpoolOptions) {
    this.#options = { maxBytes: MAX_SPOOL_BYTES, maxBlocks: MAX_BLOCKS, ...options }
    this.#drained = this.#run()
  }

  /** Entries that never reached the blob. */
  get dropped(): number {
    return this.#dropped
  }

  get waiting(): number {
    return this.#entries.length
  }

  add(entry: Buffer): void {
    if (this.#bytes + entry.length > this.#options.maxBytes) {
      this.#dropped++
      return
    }
    this.#entries.push(entry)
    this.#bytes += entry.length
    this.#arrived.resolve()
  }

  /** Writes what is left, for at most this long, and drops what still waits then. */
  async close(timeoutMs: number): Promise<void> {
    this.#closing.abort()
    this.#arrived.resolve()
    const giveUp = setTimeout(() => this.#givingUp.abort(), timeoutMs)
    await this.#drained
    clearTimeout(giveUp)
    this.#dropped += this.#entries.length
    this.#entries = []
  }

  async #run(): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS
    while (await this.#hasWork()) {
      if (await this.#writeBlock()) pauseMs = FIRST_PAUSE_MS
      else {
        await pause(pauseMs, this.#givingUp.signal)
        pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)
      }
    }
  }

  /** Waits for an entry, and then for `everyMs` while more are collected. False: no more will come. */
  async #hasWork(): Promise<boolean> {
    const closing = this.#closing.signal
    if (this.#entries.length === 0 && !closing.aborted) {
      this.#arrived = Promise.withResolvers()
      await this.#arrived.promise
      await pause(this.#options.everyMs, closing)
    }
    return this.#entries.length > 0 && !this.#givingUp.signal.aborted
  }

  async #writeBlock(): Promise<boolean> {
    this.#block ??= this.#nextBlock()
    const { bytes, entries } = this.#block
    try {
      await this.#appendBlock(bytes)
    } catch (error) {
      this.#options.onError(error)
      return false
    }
    this.#block = null
    this.#blocksInPart++
    this.#bytesInPart += bytes.length
    this.#entries.splice(0, entries)
    this.#bytes -= bytes.length
    return true
  }

  async #appendBlock(bytes: Buffer): Promise<void> {
    const { store, nameOf, contentType } = this.#options
    const name = nameOf(this.#part)
    if (!this.#isCreated) await store.createAppendBlob(name, contentType)
    this.#isCreated = true
    await store.append(name, bytes, this.#bytesInPart)
  }

  #nextBlock() {
    if (this.#blocksInPart >= this.#options.maxBlocks) this.#nextPart()
    const entries = this.#entriesOfBlock()
    return { entries, bytes: Buffer.concat(this.#entries.slice(0, entries)) }
  }

  #nextPart(): void {
    this.#part++
    this.#blocksInPart = this.#bytesInPart = 0
    this.#isCreated = false
  }

  #entriesOfBlock(): number {
    let bytes = 0
    const beyond = this.#entries.findIndex((entry) => {
      bytes += entry.length
      return bytes > MAX_BLOCK_BYTES
    })
    return beyond < 0 ? this.#entries.length : Math.max(1, beyond)
  }
}

/** Ends early when the signal says so. */
export const pause = async (ms: number, signal: AbortSignal): Promise<void> => {
  if (ms > 0) await sleep(ms, undefined, { signal }).catch(() => {})
}
