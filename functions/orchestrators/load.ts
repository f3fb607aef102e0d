/** The load of a drill: watched from its start to its end, with the events at their times. */
import { drainSeconds } from '../model/load-plan.ts'
import { watchId } from '../model/status.ts'
import { attempt, type DrillContext, FIRST_PAUSE_SECONDS } from './drill-context.ts'
import { Stop } from './drill-log.ts'
import { messageOf } from './error-text.ts'
import { type Steps, USUAL_LIMIT_SECONDS } from './steps.ts'
import { isAnsweredBy, nowMs, type Step, sleep } from './waiting.ts'
import type { WatchEnd, WatchInput } from './watch.ts'

/** A refused event is requested again this often, with this pause between; a lost answer is awaited until the load ends. */
const EVENT_ATTEMPTS = 6
const EVENT_PAUSE_SECONDS = 15
/** In a whole drill: a load without evidence within two minutes is not awaited longer, and history stays short. */
const MAX_WITHHELD_TRIES = 12
const WITHHELD_PAUSE_SECONDS = 10
/** After its host was stopped, a watch first waits for a poll of its own that may have been lost. */
const AWAY_GRACE_SECONDS = 300
/** After the last arrival and the drain, containers write their summaries. */
const SUMMARY_SECONDS = 30
const STOP_SECONDS = 60

export function* runLoad(context: DrillContext): Step<void> {
  const { plan, log } = context
  log.enter('warm-up')
  yield* watchUntil(context, plan.timing.warmupSeconds)
  log.enter('baseline')
  for (const [index, { atSeconds }] of plan.events.entries()) {
    yield* watchUntil(context, atSeconds)
    log.enter('event')
    yield* causeEvent(context, index)
    log.enter('watch')
  }
  yield* watchUntil(context, plan.load.durationSeconds + drainSeconds(plan) + SUMMARY_SECONDS, 'endsWithLoad')
}

/** Seconds count from the start of the load. */
function* watchUntil(context: DrillContext, second: number, mode: 'timed' | 'endsWithLoad' = 'timed'): Step<void> {
  const end = yield* watchLoad(context, (context.log.loadStartAtMs ?? 0) + second * 1000, mode === 'endsWithLoad')
  if (end.reason === 'time' && mode === 'endsWithLoad')
    context.log.remark('watch', 'not every container had written its summary when the load was over')
}

/** Every replay numbers the watches alike, so a restart finds each watch by its id. */
function* watchLoad(context: DrillContext, untilMs: number, endsWithLoad: boolean): Step<WatchEnd> {
  const { ctx, log, drillId, plan } = context
  const startedAt = ctx.df.currentUtcDateTime
  if (startedAt.getTime() > context.deadlineMs) throw new Stop('failed', 'the overall deadline of the drill has passed')
  const { watchIntervalSeconds } = plan.timing
  const input: WatchInput = { drillId, untilMs, intervalSeconds: watchIntervalSeconds, endsWithLoad, failedPolls: 0 }
  const end = yield* endOfWatch(context, input)
  log.note('watch', startedAt, 1, 'ok', describe(end))
  if (end.reason === 'aborted' || end.reason === 'stopped') throw new Stop('aborted', end.detail)
  return end
}

/** A watch that hangs ends the drill: while it hangs, the lease is not renewed and aborts are not seen. */
function* endOfWatch({ ctx, drillId, log }: DrillContext, input: WatchInput): Step<WatchEnd> {
  const watching = ctx.df.callSubOrchestrator('watch', input, watchId(drillId, log.watches++))
  const latestMs = Math.max(input.untilMs, nowMs(ctx)) + USUAL_LIMIT_SECONDS * 1000
  if (!(yield* isAnsweredBy(ctx, watching, latestMs, AWAY_GRACE_SECONDS)))
    throw new Stop('failed', 'the watch over the load hangs')
  if (watching.isFaulted) throw new Error(`watch failed: ${messageOf(watching.result)}`, { cause: watching.result })
  return watching.result as WatchEnd
}

const describe = ({ reason, detail }: WatchEnd): string => {
  const words = reason === 'time' ? 'as long as planned' : reason
  return detail === '' ? words : `${words}: ${detail}`
}

/** The activity prevents a second event and judges whether this one may be caused; here only its answer is followed. */
function* causeEvent(context: DrillContext, index: number): Step<void> {
  const { ctx, plan, drillId, run, log } = context
  const loadEndMs = (log.loadStartAtMs ?? 0) + plan.load.durationSeconds * 1000
  for (let attempt = 0; attempt < EVENT_ATTEMPTS; ) {
    const { next, detail, afterSeconds = 0 } = yield* askForEvent(run, { drillId, index, attempt })
    if (next === 'watch') return
    if (next === 'abort') throw new Stop('aborted', detail)
    if (next === 'end') throw new Stop('failed', `before event ${index}: ${detail}`)
    if (next === 'give up') return log.skip('causeEvent', detail)
    if (next === 'try again') attempt++
    if (next === 'wait' && ++log.withheldTries > MAX_WITHHELD_TRIES)
      return log.skip(
        'causeEvent',
        `event ${index} was given up after ${MAX_WITHHELD_TRIES} tries without evidence: ${detail}`,
      )
    if (nowMs(ctx) >= loadEndMs) return log.skip('causeEvent', `no load is left for event ${index}: ${detail}`)
    log.say(detail)
    const pauseSeconds = next === 'wait' ? WITHHELD_PAUSE_SECONDS : Math.max(EVENT_PAUSE_SECONDS, afterSeconds)
    yield* watchLoad(context, Math.min(loadEndMs, nowMs(ctx) + pauseSeconds * 1000), false)
  }
  log.skip('causeEvent', `event ${index} was given up after ${EVENT_ATTEMPTS} attempts`)
}

/** An activity that fails may have sent the request: the same attempt runs again, and then observes. */
function* askForEvent(
  run: Steps,
  input: Parameters<Steps['causeEvent']>[0],
): Step<{ readonly next: string; readonly detail: string; readonly afterSeconds?: number }> {
  try {
    return yield* run.causeEvent(input)
  } catch (error) {
    return { next: 'look again', detail: messageOf(error) }
  }
}

/** An early end must not leave load on a server that another drill may already use. */
export function* endLoad(context: DrillContext): Step<void> {
  const { ctx, drillId, run, log } = context
  const reason = log.earlyEnd?.why ?? 'the drill has ended'
  yield* attempt(run.stopLoad({ drillId, reason }))
  if (log.loadStartAtMs === null) return
  const untilMs = nowMs(ctx) + (drainSeconds(context.plan) + STOP_SECONDS) * 1000
  while (nowMs(ctx) < untilMs) {
    const poll = yield* attempt(run.pollLoad({ drillId }))
    if (poll?.ended) return
    yield* sleep(ctx, FIRST_PAUSE_SECONDS)
  }
}
