/**
 * Durable timers: every wait of an orchestrator is made here.
 *
 * Azure Storage hides a timer's message for `FireAt` minus now, rounded down to whole seconds: a timer fires up to a second early, and
 * one of less than a second fires at once. Its queues are polled, so a timer also fires seconds late. A wait therefore adds 999 ms,
 * and waits again if the moment has not passed.
 */
import type { OrchestrationContext, Task } from 'durable-functions'

// biome-ignore lint/suspicious/noExplicitAny: what a yield gives back depends on the task that was yielded
export type Step<R> = Generator<Task, R, any>

const ABORT_EVENT = 'abort'

/** With it, rounding down never leaves fewer seconds than requested. */
const ROUNDING_MS = 999

export const nowMs = (ctx: OrchestrationContext): number => ctx.df.currentUtcDateTime.getTime()

const timerAt = (ctx: OrchestrationContext, atMs: number) => ctx.df.createTimer(new Date(atMs + ROUNDING_MS))

/** Returns when the moment has passed, never before. */
export function* sleepUntil(ctx: OrchestrationContext, atMs: number): Step<void> {
  while (nowMs(ctx) < atMs) yield timerAt(ctx, atMs)
}

export function* sleep(ctx: OrchestrationContext, seconds: number): Step<void> {
  yield* sleepUntil(ctx, nowMs(ctx) + seconds * 1000)
}

/** A timer that fires later than this fired on a host that was stopped: queues are polled more often. */
const AWAY_MS = 30_000
/** When a host restarts, the answer and its limit may become due together: the answer gets this long. */
const GRACE_SECONDS = 60

/** Cancels the timer if the task was first: a pending timer keeps the orchestration running. */
export function* isAnsweredBy(
  ctx: OrchestrationContext,
  task: Task,
  atMs: number,
  graceSeconds = GRACE_SECONDS,
): Step<boolean> {
  const limit = timerAt(ctx, atMs)
  yield ctx.df.Task.any([task, limit])
  if (!limit.isCompleted) limit.cancel()
  // Not in a second Task.any: in Azure that starts the task again.
  if (!hasAnswered(task) && nowMs(ctx) >= atMs + AWAY_MS) yield* sleep(ctx, graceSeconds)
  return hasAnswered(task)
}

const hasAnswered = ({ isCompleted, isFaulted }: Task): boolean => isCompleted || isFaulted

/**
 * Timers that end early when an abort is requested.
 *
 * Each pause waits for the event again and cancels the timer if the event was first. A task that has already completed never wakes a
 * second Task.any, so the request is checked before waiting. The event only saves time: activities also read the request from a blob,
 * which survives a restart and a lost event.
 */
export class Pauses {
  readonly #ctx: OrchestrationContext
  readonly #waits: Task[] = []

  constructor(ctx: OrchestrationContext) {
    this.#ctx = ctx
  }

  /** True when the abort was requested. */
  get isAborted(): boolean {
    return this.#waits.some(({ isCompleted }) => isCompleted)
  }

  get reason(): string {
    const request = this.#waits.find(({ isCompleted }) => isCompleted)?.result
    const given = typeof request === 'object' && request !== null && 'reason' in request ? request.reason : request
    return typeof given === 'string' && given !== '' ? given : 'requested'
  }

  /** True when an abort request ended it early. */
  *seconds(seconds: number): Step<boolean> {
    return yield* this.until(nowMs(this.#ctx) + seconds * 1000)
  }

  *until(atMs: number): Step<boolean> {
    while (!this.isAborted && nowMs(this.#ctx) < atMs) {
      const timer = timerAt(this.#ctx, atMs)
      const request = this.#ctx.df.waitForExternalEvent(ABORT_EVENT)
      this.#waits.push(request)
      const winner: Task = yield this.#ctx.df.Task.any([timer, request])
      if (winner !== timer && !timer.isCompleted) timer.cancel()
    }
    return this.isAborted
  }
}
