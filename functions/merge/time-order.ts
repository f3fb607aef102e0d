/**
 * The chunk blobs of a drill side by side, always the earliest second next. The merge accepts any order; this one keeps few
 * seconds open, and a piece of each blob in memory. Reading waits per piece and not per record: a promise for each of a
 * million records costs more than merging it.
 */

import type { WholeBlock } from '../../loadgen-image/contract/block.ts'
import { type PackedRecord, RecordDecoder } from '../../loadgen-image/contract/chunk.ts'

type RecordBlock = WholeBlock<PackedRecord>

/** When one blob cannot be read, or `take` throws, the other streams are destroyed. */
export async function readInTimeOrder(
  blobs: ReadonlyArray<AsyncIterable<Uint8Array>>,
  take: (record: RecordBlock) => void,
): Promise<void> {
  const lanes = blobs.map((pieces) => new Lane(pieces))
  try {
    for (let open = await filled(lanes); open.length > 0; open = await filled(open)) takeUntilOneIsEmpty(open, take)
  } finally {
    await Promise.allSettled(lanes.map((lane) => lane.end()))
  }
}

async function filled(lanes: readonly Lane[]): Promise<Lane[]> {
  await Promise.all(lanes.map((lane) => lane.fill()))
  return lanes.filter(({ head }) => head !== null)
}

function takeUntilOneIsEmpty(lanes: readonly Lane[], take: (record: RecordBlock) => void): void {
  for (let lane = earliest(lanes); lane.head !== null; lane = earliest(lanes)) {
    take(lane.head)
    lane.advance()
    if (lane.head === null) return
  }
}

const earliest = (lanes: readonly Lane[]): Lane =>
  lanes.reduce((least, lane) => ((lane.head?.value.second ?? 0) < (least.head?.value.second ?? 0) ? lane : least))

class Lane {
  readonly #pieces: AsyncIterator<Uint8Array>
  readonly #decoder = new RecordDecoder()
  #records: Iterator<RecordBlock> | null = null
  /** Null while the buffer is empty; stays null at the end of the blob. */
  head: RecordBlock | null = null

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]()
  }

  advance(): void {
    const next = this.#records?.next()
    this.head = next === undefined || next.done === true ? null : next.value
  }

  async fill(): Promise<void> {
    while (this.head === null) {
      const piece = await this.#pieces.next()
      if (piece.done === true) return
      this.#records = this.#decoder.records(piece.value)
      this.advance()
    }
  }

  async end(): Promise<void> {
    await this.#pieces.return?.()
  }
}
