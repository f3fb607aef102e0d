/** What all containers together did in one second, while records still come in. */
import type { PackedRecord } from '../../loadgen-image/contract/chunk.ts'
import { addCounts, noCounts } from '../../loadgen-image/contract/counts.ts'
import type { ErrorCount } from '../../loadgen-image/contract/glossary.ts'
import { TENTHS } from '../../loadgen-image/contract/glossary.ts'
import { compareText } from '../units/text.ts'
import type { ClockShift } from './clocks.ts'
import type { SendLag } from './histograms.ts'
import type { MergedSecond } from './merged.ts'

/** Shared by all seconds without errors, which are nearly all of a long drill. */
const NO_ERRORS: MergedSecond['errors'] = {}

export class SecondSums {
  readonly counts = noCounts()
  readonly tenths: number[] = new Array(TENTHS).fill(0)
  #sendLagP99Us: number | null = null
  #errors: Map<string, number> | null = null
  #connectionsOpen = 0
  #connectionsWanted = 0
  #waiting = 0
  #lastMissedAtUs: number | null = null
  #eventLoopDelayP99Us = 0
  #recorded = 0

  add(record: PackedRecord, shift: ClockShift, { p99Us }: SendLag): void {
    addCounts(this.counts, record.counts)
    if (p99Us !== null) this.#sendLagP99Us = Math.max(p99Us, this.#sendLagP99Us ?? 0)
    for (const error of record.errors) this.#addError(error)
    this.#connectionsOpen += record.connections.open
    this.#connectionsWanted += record.connections.wanted
    this.#waiting += record.waiting
    const missedAtUs = shift.maybe(record.lastMissedAtUs)
    if (missedAtUs !== null) this.#lastMissedAtUs = Math.max(missedAtUs, this.#lastMissedAtUs ?? missedAtUs)
    this.#eventLoopDelayP99Us = Math.max(this.#eventLoopDelayP99Us, record.health.eventLoopDelayP99Us)
    this.#recorded++
  }

  #addError({ code, count }: ErrorCount): void {
    this.#errors ??= new Map()
    this.#errors.set(code, (this.#errors.get(code) ?? 0) + count)
  }

  finish(): Omit<MergedSecond, 'second' | 'response' | 'service' | 'missing'> {
    return {
      counts: this.counts,
      tenths: this.tenths,
      sendLagP99Us: this.#sendLagP99Us,
      errors:
        this.#errors === null ? NO_ERRORS : Object.fromEntries([...this.#errors].sort(([a], [b]) => compareText(a, b))),
      connectionsOpen: this.#connectionsOpen,
      connectionsWanted: this.#connectionsWanted,
      waiting: this.#waiting,
      lastMissedAtUs: this.#lastMissedAtUs,
      eventLoopDelayP99Us: this.#eventLoopDelayP99Us,
      recorded: this.#recorded,
    }
  }
}
