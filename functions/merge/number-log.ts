/**
 * A growing row of small whole numbers: most take one byte, so hours of seconds fit in memory. It grows in blocks: hundreds of rows
 * that double now and then would leave twice their size behind.
 */
import { MAX_UINT_BYTES, toZigzag, writeUint } from '../../loadgen-image/contract/bytes.ts'

/** Most rows of a short drill fit into the first block. */
const FIRST_BLOCK_BYTES = 64
const BLOCK_BYTES = 4096

export class NumberLog {
  readonly #full: Uint8Array[] = []
  #block = new Uint8Array(FIRST_BLOCK_BYTES)
  #length = 0

  push(value: number): void {
    if (this.#length + MAX_UINT_BYTES > this.#block.length) this.#nextBlock()
    this.#length = writeUint(this.#block, this.#length, value)
  }

  pushSigned(value: number): void {
    this.push(toZigzag(value))
  }

  bytes(): Uint8Array {
    return Buffer.concat([...this.#full, this.#block.subarray(0, this.#length)])
  }

  #nextBlock(): void {
    this.#full.push(this.#block.subarray(0, this.#length))
    this.#block = new Uint8Array(BLOCK_BYTES)
    this.#length = 0
  }
}
