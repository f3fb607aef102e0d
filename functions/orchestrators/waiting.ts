/**
 * Waiting: the only place that asks for a durable timer.
 *
 * Azure Storage hides a timer's message for `FireAt` minus now in whole seconds, cut off: a timer fires up to a second early, and
 * one of less than a second fires at once. Its queues are polled, so a timer also fires seconds late. A wait therefore asks for
 * 999 ms more than it wants, and asks again as long as the moment has not passed.
 */
import type { OrchestrationContext, Task } from 'durable-functions'

// biome-ignore lint/suspicious/noExplicitAny: what a yield gives back depends on the task that was yielded
export type Step<R> = Generator<Task, R, any>

export const ABORT_EVENT = 'abort'

/** With it, the whole seconds that are left after the cut are never fewer than were asked for. */
const CUT_MS = 999

export const nowMs = (ctx: OrchestrationContext): number => ctx.df.currentUtcDateTime.getTime()

const timerAt = (ctx: OrchestrationContext, atMs: number) => ctx.df.createTimer(new Date(atMs + CUT_MS))

/** Returns when the moment has passed, never before. */
export function* sleepUntil(ctx: OrchestrationContext, atMs: number): Step<void> {
  while (nowMs(ctx) < atMs) yield timerAt(ctx, atMs)
}

export function* sleep(ctx: OrchestrationContext, seconds: number): Step<void> {
  yield* sleepUntil(ctx, nowMs(ctx) + seconds * 1000)
}

/** Queues are polled: a timer that is later than this fired on a host that had been away. */
const AWAY_MS = 30_000
/** For what becomes due together with its limit, when a host comes back. */
const GRACE_SECONDS = 60

/** The timer that lost is cancelled: left behind it would keep the orchestration running. */
export function* isAnsweredBy(
  ctx: OrchestrationContext,
  task: Task,
  atMs: number,
  graceSeconds = GRACE_SECONDS,
): Step<boolean> {
  const limit = timerAt(ctx, atMs)
  yield ctx.df.Task.any([task, limit])
  if (!limit.isCompleted) limit.cancel()
  // Not in a second Task.any: in Azure that would start the task again.
  if (!hasAnswered(task) && nowMs(ctx) >= atMs + AWAY_MS) yield* sleep(ctx, graceSeconds)
  return hasAnswered(task)
}

const hasAnswered = ({ isCompleted, isFaulted }: Task): boolean => isCompleted || isFaulted

/**
 * Waiting that an abort request cuts short.
 *
 * Each pause waits for the event again and cancels the timer that lost. A task that has already completed never wakes a second
 * Task.any, so the request is looked up before waiting. The event only saves time: activities also read the request from a blob,
 * which no restart and no lost event can undo.
 */
export class Pauses {
  readonly #ctx: OrchestrationContext
  readonly #waits: Task[] = []

  constructor(ctx: OrchestrationContext) {
    this.#ctx = ctx
  }

  /** True when the abort request came. */
  get isAborted(): boolean {
    return this.#waits.some(({ isCompleted }) => isCompleted)
  }

  get reason(): string {
    const request = this.#waits.find(({ isCompleted }) => isCompleted)?.result
    const given = typeof request === 'object' && request !== null && 'reason' in request ? request.reason : request
    return typeof given === 'string' && given !== '' ? given : 'asked for'
  }

  /** True when an abort request cut it short. */
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
