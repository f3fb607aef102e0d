/** Collects what the stale-primary watch saw, until it is written. Acknowledged writes in a row become one entry. */
import type {
  WatchEnd,
  WatchFailure,
  WatchOpen,
  WatchReading,
  WatchRefusal,
  WatchSession,
} from '../contract/step-probe.ts'

interface Acknowledged {
  readonly seq: number
  readonly timeline: number
  readonly sentAtUs: number
  readonly acknowledgedAtUs: number
}

interface Row {
  readonly session: number
  readonly timeline: number
  readonly firstSeq: number
  readonly sentAtUs: number[]
  readonly acknowledgedAtUs: number[]
}

export class WatchLog {
  problem = ''
  #opened: WatchSession[] = []
  #writes: Row[] = []
  #failures: WatchFailure[] = []
  #ends: WatchEnd[] = []
  #refusal: WatchRefusal | null = null

  opened(session: WatchSession): void {
    this.#opened.push(session)
  }

  acknowledged(session: number, { seq, timeline, sentAtUs, acknowledgedAtUs }: Acknowledged): void {
    const last = this.#writes.findLast((one) => one.session === session)
    if (last?.timeline === timeline && last.firstSeq + last.sentAtUs.length === seq) {
      last.sentAtUs.push(sentAtUs)
      last.acknowledgedAtUs.push(acknowledgedAtUs)
    } else
      this.#writes.push({
        session,
        timeline,
        firstSeq: seq,
        sentAtUs: [sentAtUs],
        acknowledgedAtUs: [acknowledgedAtUs],
      })
  }

  failure(failure: WatchFailure): void {
    this.#failures.push(failure)
  }

  end(end: WatchEnd): void {
    this.#ends.push(end)
  }

  refusal(refusal: WatchRefusal): void {
    this.#refusal = refusal
  }

  take(open: readonly WatchOpen[]): WatchReading {
    const taken: WatchReading = {
      problem: this.problem,
      opened: this.#opened,
      writes: this.#writes,
      failures: this.#failures,
      open,
      ends: this.#ends,
      refusals: this.#refusal === null ? [] : [this.#refusal],
    }
    this.#opened = []
    this.#writes = []
    this.#failures = []
    this.#ends = []
    this.#refusal = null
    return taken
  }
}
