/**
 * The sub-orchestration that polls a running load until a given time. It continues as new, so that its history and the cost of a
 * replay are the same after five hours as after five minutes.
 *
 * It waits for timers only: an event that arrives while an orchestration continues as new is lost. Each poll reads the abort request
 * from a blob instead.
 */
import type { OrchestrationContext, Task } from 'durable-functions'
import type { Live } from '../model/status.ts'
import { DrillLog } from './drill-log.ts'
import { messageOf } from './error-text.ts'
import { steps } from './steps.ts'
import { nowMs, type Step, sleepUntil } from './waiting.ts'

export interface WatchInput {
  readonly drillId: string
  readonly untilMs: number
  readonly intervalSeconds: number
  /** Also ends when every container has ended. */
  readonly endsWithLoad: boolean
  /** Polls that failed in a row. */
  readonly failedPolls: number
}

export interface WatchEnd {
  readonly reason: 'time' | 'load ended' | 'aborted' | 'stopped'
  readonly detail: string
}

/** Polls before it continues as new: the history holds no more. */
const POLLS_PER_GENERATION = 12
/** While a poll hangs, the platform delays the next generation and the load is not watched: so this generation goes on. */
const MAX_POLLS = 60

export function* watch(ctx: OrchestrationContext): Step<WatchEnd | undefined> {
  let input = ctx.df.getInput() as WatchInput
  const hanging: Task[] = []
  const isHeldUp = () => hanging.some(({ isCompleted }) => !isCompleted)
  for (let polls = 0; polls < POLLS_PER_GENERATION || (isHeldUp() && polls < MAX_POLLS); polls++) {
    if (nowMs(ctx) >= input.untilMs) return { reason: 'time', detail: failuresOf(input) }
    const { end, hasFailed } = yield* pollOnce(ctx, input, hanging)
    if (end !== null) return end
    input = { ...input, failedPolls: hasFailed ? input.failedPolls + 1 : 0 }
    yield* sleepUntil(ctx, Math.min(input.untilMs, nowMs(ctx) + input.intervalSeconds * 1000))
  }
  ctx.df.continueAsNew(input)
  return undefined
}

/** A poll that fails does not stop the load, which runs without the orchestrator: the next tick polls again. */
function* pollOnce(
  ctx: OrchestrationContext,
  { drillId, endsWithLoad }: WatchInput,
  hanging: Task[],
): Step<{ readonly end: WatchEnd | null; readonly hasFailed: boolean }> {
  try {
    const run = steps(ctx, new DrillLog(ctx), { deadlineMs: Number.POSITIVE_INFINITY, hanging })
    const { live, abort, stopReason, ended } = yield* run.pollLoad({ drillId })
    ctx.df.setCustomStatus(live satisfies Live)
    return { end: endOf(abort, stopReason, ended && endsWithLoad), hasFailed: false }
  } catch (error) {
    ctx.df.setCustomStatus({ note: `the last poll failed: ${messageOf(error)}` })
    return { end: null, hasFailed: true }
  }
}

function endOf(abort: string | null, stopReason: string | null, isOver: boolean): WatchEnd | null {
  if (abort !== null) return { reason: 'aborted', detail: abort }
  if (stopReason !== null) return { reason: 'stopped', detail: stopReason }
  return isOver ? { reason: 'load ended', detail: 'every container has ended' } : null
}

const failuresOf = ({ failedPolls }: WatchInput): string =>
  failedPolls === 0 ? '' : `the last ${failedPolls} polls failed; the load went on`
