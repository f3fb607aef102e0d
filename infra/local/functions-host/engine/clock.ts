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
