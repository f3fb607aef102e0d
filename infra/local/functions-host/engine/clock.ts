/** Time as a parameter: the real clock for a drill, and for tests a clock that jumps from event to event. */
export type Cancel = () => void

export interface Clock {
  nowMs(): number
  /** Runs once, at or after that instant. */
  at(atMs: number, run: () => void): Cancel
}

/** The longest delay that setTimeout takes; a longer one would fire at once. */
const MAX_DELAY_MS = 2 ** 31 - 1

export const realClock: Clock = {
  nowMs: () => Date.now(),
  at(atMs, run) {
    let timeout: NodeJS.Timeout
    // A timeout may come a millisecond early, and the replay would treat that timer as not due.
    const wait = () => {
      const leftMs = atMs - Date.now()
      if (leftMs <= 0) run()
      else timeout = setTimeout(wait, Math.min(leftMs, MAX_DELAY_MS))
    }
    timeout = setTimeout(wait, Math.min(Math.max(atMs - Date.now(), 0), MAX_DELAY_MS))
    return () => clearTimeout(timeout)
  },
}

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
