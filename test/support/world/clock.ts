/** The one clock of a simulated world: it stands still until a test or an activity moves it. */
export class WorldClock {
  #nowMs: number
  constructor(startAtMs: number) {
    this.#nowMs = startAtMs
  }
  get nowMs(): number {
    return this.#nowMs
  }
  now(): Date {
    return new Date(this.#nowMs)
  }
  moveTo(atMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, atMs)
  }
}
