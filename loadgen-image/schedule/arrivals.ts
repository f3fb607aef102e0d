/**
 * The arrivals of one thread as three numbers and two cursors. One cursor moves along the arrivals that have become due, the other
 * along those that were sent or missed; the arrivals between them wait. So an outage of any length costs no memory, and no arrival
 * is counted twice.
 */
import type { LoadPlan } from '../contract/load-plan.ts'
import { ArrivalCursor, type Share } from './schedule.ts'

const US_PER_MS = 1000

export class Arrivals {
  readonly #next: ArrivalCursor
  readonly #became: ArrivalCursor
  readonly #startAtUs: number
  readonly #deadlineUs: number
  #stopAtUs = Number.POSITIVE_INFINITY
  #waiting = 0
  /** When the oldest arrival that was neither sent nor missed is due; Infinity when none is left. */
  nextDueAtUs: number

  constructor(plan: LoadPlan, share: Share, startAtUs: number) {
    this.#next = new ArrivalCursor(plan, share)
    this.#became = new ArrivalCursor(plan, share)
    this.#startAtUs = startAtUs
    this.#deadlineUs = plan.onDeadline === 'shed' ? plan.deadlineMs * US_PER_MS : Number.POSITIVE_INFINITY
    this.nextDueAtUs = startAtUs + this.#next.dueUs
  }

  /** Takes the oldest arrival, and returns when it was due. */
  take(): number {
    const dueAtUs = this.nextDueAtUs
    this.#next.advance()
    this.#waiting--
    this.#locate()
    return dueAtUs
  }

  /** Every arrival whose deadline has passed is missed, at its deadline. */
  shed(nowUs: number, missed: (atUs: number) => void): void {
    while (this.nextDueAtUs + this.#deadlineUs <= nowUs) missed(this.take() + this.#deadlineUs)
  }

  /** How many became due since the last call. */
  becameDue(untilUs: number): number {
    let count = 0
    // An arrival due at the moment of the stop itself counts as due, because it may have been sent. Its epoch time is compared, as
    // `take` does: that time is rounded, and a comparison of the unrounded distance to the start would disagree with it.
    const isDue = (dueUs: number) => {
      const dueAtUs = this.#startAtUs + dueUs
      return dueAtUs <= this.#stopAtUs && (dueAtUs < untilUs || this.#stopAtUs <= untilUs)
    }
    while (this.#became.dueUs < Number.POSITIVE_INFINITY && isDue(this.#became.dueUs)) {
      this.#became.advance()
      count++
    }
    this.#waiting += count
    return count
  }

  /**
   * Correct only right after `becameDue`. An arrival that was taken before its second was counted makes the balance negative until
   * then: none waits, and a record cannot hold a negative number.
   */
  get waiting(): number {
    return Math.max(0, this.#waiting)
  }

  /** Nothing becomes due any more after this moment. */
  stop(nowUs: number): void {
    this.#stopAtUs = Math.min(this.#stopAtUs, nowUs)
    this.#locate()
  }

  /** Every arrival that waits is missed now. */
  giveUp(nowUs: number, missed: (atUs: number) => void): void {
    this.stop(nowUs)
    while (this.nextDueAtUs < Number.POSITIVE_INFINITY) {
      this.take()
      missed(nowUs)
    }
  }

  #locate(): void {
    const dueAtUs = this.#startAtUs + this.#next.dueUs
    this.nextDueAtUs = dueAtUs <= this.#stopAtUs ? dueAtUs : Number.POSITIVE_INFINITY
  }
}
