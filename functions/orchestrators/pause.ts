/**
 * Waiting that a wish to abort cuts short.
 *
 * Each pause waits for the event anew and cancels the timer that lost: a timer left behind would keep the orchestration
 * running. A task that has already completed never wakes a second Task.any, so the wish is looked up before waiting.
 * The event only saves time: activities also read the wish from a blob, which no restart and no lost event can undo.
 */
import type { OrchestrationContext, Task } from 'durable-functions'
import type { Step } from './steps.ts'

export const ABORT_EVENT = 'abort'

export class Pauses {
  readonly #ctx: OrchestrationContext
  readonly #waits: Task[] = []

  constructor(ctx: OrchestrationContext) {
    this.#ctx = ctx
  }

  /** True when the wish to abort came. */
  get isAborted(): boolean {
    return this.#waits.some(({ isCompleted }) => isCompleted)
  }

  get reason(): string {
    const wish = this.#waits.find(({ isCompleted }) => isCompleted)?.result
    const told = typeof wish === 'object' && wish !== null && 'reason' in wish ? wish.reason : wish
    return typeof told === 'string' && told !== '' ? told : 'asked for'
  }

  *seconds(seconds: number): Step<boolean> {
    return yield* this.until(this.#ctx.df.currentUtcDateTime.getTime() + seconds * 1000)
  }

  *until(atMs: number): Step<boolean> {
    if (this.isAborted) return true
    if (atMs <= this.#ctx.df.currentUtcDateTime.getTime()) return false
    const timer = this.#ctx.df.createTimer(new Date(atMs))
    const wish = this.#ctx.df.waitForExternalEvent(ABORT_EVENT)
    this.#waits.push(wish)
    const winner: Task = yield this.#ctx.df.Task.any([timer, wish])
    if (winner === timer) return false
    if (!timer.isCompleted) timer.cancel()
    return true
  }
}
