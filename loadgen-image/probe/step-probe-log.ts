/** Collects what the step probe saw, until it is written. Quick writes in a kept session become one entry. */
import type { NameReading, ProbeAttempt, ProbeRecord, ProbeStall, SteadyWrites } from '../contract/step-probe.ts'
import { PROBE_EVERY_US } from '../contract/step-probe.ts'

/** A slower write is recorded on its own: the service was slow at that moment. */
const QUICK_US = 50_000

type Entries = Pick<ProbeRecord, 'steady' | 'attempts' | 'names' | 'stalls'>

export class ProbeLog {
  #steady: SteadyWrites[] = []
  #attempts: ProbeAttempt[] = []
  #names: NameReading[] = []
  #stalls: ProbeStall[] = []

  attempt(attempt: ProbeAttempt): void {
    const { isNew, reached, begunAtUs, endedAtUs } = attempt
    if (!isNew && reached === 'wrote' && endedAtUs - begunAtUs <= QUICK_US) this.#steadyWrite(attempt)
    else this.#attempts.push(attempt)
  }

  name(reading: NameReading): void {
    this.#names.push(reading)
  }

  stall(stall: ProbeStall): void {
    this.#stalls.push(stall)
  }

  take(): Entries {
    const taken = { steady: this.#steady, attempts: this.#attempts, names: this.#names, stalls: this.#stalls }
    this.#steady = []
    this.#attempts = []
    this.#names = []
    this.#stalls = []
    return taken
  }

  #steadyWrite({ way, begunAtUs, endedAtUs }: ProbeAttempt): void {
    const index = this.#steady.findLastIndex((one) => one.way === way)
    const last = this.#steady[index]
    if (last !== undefined && begunAtUs - last.toUs <= 2 * PROBE_EVERY_US)
      this.#steady[index] = { ...last, toUs: endedAtUs, writes: last.writes + 1 }
    else this.#steady.push({ way, fromUs: begunAtUs, toUs: endedAtUs, writes: 1 })
  }
}
