/**
 * The chunk blobs of a drill side by side, always the earliest second next. The merge does not need this order; but read like
 * this, the seconds that it works on are few, and of each blob only a piece is in memory. What waits is a piece, never a
 * record: a promise for each of a million records costs more than the merge of it.
 */

import { RecordDecoder } from '../../loadgen-image/contract/chunk.ts'
import type { SecondRecord } from '../../loadgen-image/contract/glossary.ts'

/** When one blob cannot be read, or `take` throws, the others are let go. */
export async function readInTimeOrder(
  blobs: ReadonlyArray<AsyncIterable<Uint8Array>>,
  take: (record: SecondRecord) => void,
): Promise<void> {
  const lanes = blobs.map((pieces) => new Lane(pieces))
  try {
    for (let open = await filled(lanes); open.length > 0; open = await filled(open)) takeUntilOneIsDry(open, take)
  } finally {
    await Promise.allSettled(lanes.map((lane) => lane.end()))
  }
}

async function filled(lanes: readonly Lane[]): Promise<Lane[]> {
  await Promise.all(lanes.map((lane) => lane.fill()))
  return lanes.filter(({ head }) => head !== null)
}

function takeUntilOneIsDry(lanes: readonly Lane[], take: (record: SecondRecord) => void): void {
  for (let lane = earliest(lanes); lane.head !== null; lane = earliest(lanes)) {
    take(lane.head)
    lane.advance()
    if (lane.head === null) return
  }
}

const earliest = (lanes: readonly Lane[]): Lane =>
  lanes.reduce((least, lane) => ((lane.head?.second ?? 0) < (least.head?.second ?? 0) ? lane : least))

class Lane {
  readonly #pieces: AsyncIterator<Uint8Array>
  readonly #decoder = new RecordDecoder()
  #records: Iterator<SecondRecord> | null = null
  /** Null: dry, until it is filled; for ever at the end of the blob. */
  head: SecondRecord | null = null

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
