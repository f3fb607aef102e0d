/**
 * A worker's outage windows: from its last acknowledgement before errors to its first one after them. Errors are failed
 * transactions, a lost connection, and failed attempts to connect. A worker has a window without errors when it waited a second or
 * more for a reply in a time in which its thread got none. A run may have many windows, and the last one may never close.
 */
import type { OutageWindow } from '../contract/glossary.ts'

export type OutageSign = 'refused' | 'unknown' | 'connect' | 'lost'

interface OpenWindow {
  lastGoodAtUs: number | null
  timelineBefore: number | null
  refused: number
  unknown: number
  connectFailures: number
  code: string
}

export class WorkerOutages {
  readonly worker: number
  readonly cohort: string
  #lastGoodAtUs: number | null = null
  #timeline: number | null = null
  #open: OpenWindow | null = null

  constructor(worker: number, cohort: string) {
    this.worker = worker
    this.cohort = cohort
  }

  get lastGoodAtUs(): number | null {
    return this.#lastGoodAtUs
  }

  /**
   * Returns the window that this acknowledgement closes. A reply without a timeline (null) changes nothing.
   * `hasWaited`: this worker waited for it while no worker of the thread got a reply. `cameSinceUs`: the earliest moment at which
   * it can have come, before the one at which it was read when the thread stood still meanwhile.
   */
  good(atUs: number, timeline: number | null, hasWaited = false, cameSinceUs = atUs): OutageWindow | null {
    if (hasWaited && this.#lastGoodAtUs !== null) this.#open ??= this.#opened('')
    const closed = this.#open === null ? null : this.#close(this.#open, atUs, timeline ?? this.#timeline)
    this.#open = null
    this.#lastGoodAtUs = cameSinceUs
    if (timeline !== null) this.#timeline = timeline
    return closed
  }

  bad(sign: OutageSign, code: string): void {
    this.#open ??= this.#opened(code)
    if (sign === 'refused') this.#open.refused++
    else if (sign === 'unknown') this.#open.unknown++
    else if (sign === 'connect') this.#open.connectFailures++
  }

  #opened(code: string): OpenWindow {
    const { lastGoodAtUs } = this
    return { lastGoodAtUs, timelineBefore: this.#timeline, refused: 0, unknown: 0, connectFailures: 0, code }
  }

  /** The window that nothing closed while the load ran. */
  unclosed(): OutageWindow | null {
    return this.#open === null ? null : this.#close(this.#open, null, null)
  }

  #close(window: OpenWindow, firstGoodAtUs: number | null, timelineAfter: number | null): OutageWindow {
    return { worker: this.worker, cohort: this.cohort, ...window, firstGoodAtUs, timelineAfter }
  }
}
