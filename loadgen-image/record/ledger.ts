/**
 * A worker's ledger: which of its keys had which outcome. A worker has one transaction in flight, so outcomes become known in the
 * order of the keys, and a second of thousands of commits is one range with a few exceptions.
 */
import type { LedgerException, LedgerRange, Outcome } from '../contract/glossary.ts'

export class WorkerLedger {
  readonly worker: number
  #known = 0
  #reported = 0
  #exceptions: LedgerException[] = []

  constructor(worker: number) {
    this.worker = worker
  }

  /** The outcome of the oldest key that had none. */
  settle(outcome: Outcome): void {
    this.#known++
    if (outcome !== 'acknowledged') this.#exceptions.push({ seq: this.#known, outcome })
  }

  /** What became known since the last call; null when nothing did. */
  take(): LedgerRange | null {
    if (this.#known === this.#reported) return null
    const range: LedgerRange = {
      worker: this.worker,
      firstSeq: this.#reported + 1,
      count: this.#known - this.#reported,
      exceptions: this.#exceptions,
    }
    this.#reported = this.#known
    this.#exceptions = []
    return range
  }
}
