/** A clock for tests of the local Functions host, which jumps from event to event: hours pass in milliseconds. */
import type { Cancel, Clock } from '../../infra/local/functions-host/engine/clock.ts'

interface Appointment {
  readonly atMs: number
  readonly run: () => void
}

/** Stands still until `jump` moves it to the next appointment. */
export class VirtualClock implements Clock {
  #nowMs: number
  /** Latest first, so that the next one is popped from the end. */
  readonly #appointments: Appointment[] = []

  constructor(startAtMs: number) {
    this.#nowMs = startAtMs
  }

  nowMs(): number {
    return this.#nowMs
  }

  at(atMs: number, run: () => void): Cancel {
    const appointment = { atMs, run }
    const index = this.#appointments.findLastIndex((other) => other.atMs > atMs)
    this.#appointments.splice(index + 1, 0, appointment)
    return () => {
      const position = this.#appointments.indexOf(appointment)
      if (position >= 0) this.#appointments.splice(position, 1)
    }
  }

  get nextAtMs(): number | undefined {
    return this.#appointments.at(-1)?.atMs
  }

  /** Moves to the next appointment and runs it; false when there is none. */
  jump(): boolean {
    const next = this.#appointments.pop()
    if (next === undefined) return false
    this.#nowMs = Math.max(this.#nowMs, next.atMs)
    next.run()
    return true
  }
}
