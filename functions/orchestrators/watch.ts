/**
 * Watches a running load until a given time. A sub-orchestration of its own that continues as new, so that history and the
 * cost of a replay are the same after five hours as after five minutes.
 *
 * It waits for timers alone. An event would be lost when it arrives while the orchestration continues as new; the wish to
 * abort reaches it through the look, which reads it from a blob.
 */
import type { OrchestrationContext, Task } from 'durable-functions'
import type { Live } from '../model/status.ts'
import { Course } from './drill-log.ts'
import { messageOf } from './error-text.ts'
import { steps } from './steps.ts'
import { nowMs, type Step, sleepUntil } from './waiting.ts'

export interface WatchInput {
  readonly drillId: string
  readonly untilMs: number
  readonly intervalSeconds: number
  /** Also ends when every container has ended. */
  readonly endsWithLoad: boolean
  /** Looks that failed one after the other. */
  readonly blindLooks: number
}

export interface WatchEnd {
  readonly reason: 'time' | 'load ended' | 'aborted' | 'pointless'
  readonly detail: string
}

/** Looks before it continues as new: history holds this many and no more. */
const LOOKS_PER_GENERATION = 12
/** While a look hangs the platform would hold a new generation back, and nobody would watch: this one goes on for so long. */
const MOST_LOOKS = 60

export function* watch(ctx: OrchestrationContext): Step<WatchEnd | undefined> {
  let input = ctx.df.getInput() as WatchInput
  const hanging: Task[] = []
  const isHeldUp = () => hanging.some(({ isCompleted }) => !isCompleted)
  for (let looks = 0; looks < LOOKS_PER_GENERATION || (isHeldUp() && looks < MOST_LOOKS); looks++) {
    if (nowMs(ctx) >= input.untilMs) return { reason: 'time', detail: sightOf(input) }
    const seen = yield* lookOnce(ctx, input, hanging)
    if (seen.end !== null) return seen.end
    input = { ...input, blindLooks: seen.isBlind ? input.blindLooks + 1 : 0 }
    yield* sleepUntil(ctx, Math.min(input.untilMs, nowMs(ctx) + input.intervalSeconds * 1000))
  }
  ctx.df.continueAsNew(input)
  return undefined
}

/** A look that fails is no reason to stop a load that runs by itself: it is made again at the next tick. */
function* lookOnce(
  ctx: OrchestrationContext,
  input: WatchInput,
  hanging: Task[],
): Step<{ end: WatchEnd | null; isBlind: boolean }> {
  try {
    const look = yield* steps(ctx, new Course(ctx), { deadlineMs: Number.POSITIVE_INFINITY, hanging }).observe({
      drillId: input.drillId,
    })
    ctx.df.setCustomStatus(look.live satisfies Live)
    if (look.abort !== null) return { end: { reason: 'aborted', detail: look.abort }, isBlind: false }
    if (look.pointless !== null) return { end: { reason: 'pointless', detail: look.pointless }, isBlind: false }
    if (look.ended && input.endsWithLoad)
      return { end: { reason: 'load ended', detail: 'every container has ended' }, isBlind: false }
    return { end: null, isBlind: false }
  } catch (error) {
    ctx.df.setCustomStatus({ note: `the last look failed: ${messageOf(error)}` })
    return { end: null, isBlind: true }
  }
}

const sightOf = ({ blindLooks }: WatchInput): string =>
  blindLooks === 0 ? '' : `the last ${blindLooks} looks failed; the load went on by itself`
