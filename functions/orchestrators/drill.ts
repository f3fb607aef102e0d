/**
 * The story of a drill, phase by phase:
 *
 *   reserve      the server is this drill's alone
 *   check        the checklist; a failed row ends the drill here
 *   provision    containers with a load generator each
 *   ready        all of them have connected all their workers; then the load starts at one instant
 *   warm-up, baseline, fail over, watch    the load, and the failovers inside it
 *   collect, audit    what was sent, and what the database holds
 *   clean up     always; no container is left
 *   late metrics, report    the report is written at once, and again when the platform's metrics are in
 *
 * Whatever goes wrong ends the load, is recorded once, and does not keep the drill from cleaning up and reporting. No clock,
 * no randomness and no threshold here: activities judge, and their answers lie in the history.
 */
import type { OrchestrationContext } from 'durable-functions'
import { secondAuditFromMs } from '../analysis/ledger-audit.ts'
import { drainSeconds, overallDeadlineSeconds } from '../model/load-plan.ts'
import type { DrillPlan } from '../model/plan.ts'
import type { Verdict } from '../model/report.ts'
import { watchId } from '../model/status.ts'
import { Course, Stop } from './drill-log.ts'
import { messageOf } from './error-text.ts'
import { type Steps, steps, USUAL_LIMIT_SECONDS } from './steps.ts'
import { isAnsweredBy, nowMs, Pauses, type Step, sleep, sleepUntil } from './waiting.ts'
import type { WatchEnd, WatchInput } from './watch.ts'

export interface DrillEnd {
  readonly drillId: string
  readonly verdict: Verdict | null
  readonly headline: string | null
}

interface Stage {
  readonly ctx: OrchestrationContext
  readonly plan: DrillPlan
  readonly drillId: string
  readonly run: Steps
  readonly course: Course
  readonly pauses: Pauses
  readonly deadlineMs: number
}

/** A refused failover is asked for again this often, and this far apart; a lost one is looked at for as long as it takes. */
const FAILOVER_ATTEMPTS = 6
const FAILOVER_PAUSE_SECONDS = 15
/** In all of a drill: a load that does not prove itself in two minutes is not waited for, and history stays short. */
const WITHHELD_LOOKS = 12
const WITHHELD_PAUSE_SECONDS = 10
/** What may take a minute or half an hour is looked at often at first and seldom later. */
const FIRST_LOOK_SECONDS = 2
const LATER_LOOK_SECONDS = 20
/** After its host was away, a watch first waits for a look of its own that may have been lost. */
const AWAY_GRACE_SECONDS = 300
const PROVISION_PAUSE_SECONDS = 5
/** After the last arrival and the drain, containers write their summaries. */
const SUMMARY_SECONDS = 30
const STOP_SECONDS = 60
const CLEANUP_TRIES = 20
const CLEANUP_PAUSE_SECONDS = 15
/** That none is left is looked at once more. */
const SECOND_LOOK_SECONDS = 3
/** A clean-up that hangs must leave time to report. */
const CLEANUP_SECONDS = 900
const LATE_CLEANUP_SECONDS = 180
/** Whatever the clock says: a host that was away for hours has seen only the first of them. */
const LEAST_CLEANUP_TRIES = 3

export function* drill(ctx: OrchestrationContext): Step<DrillEnd> {
  const stage = setTheStage(ctx)
  try {
    yield* loadAndFailOver(stage)
    yield* collect(stage)
    yield* audit(stage)
  } finally {
    yield* cleanUp(stage)
  }
  return yield* report(stage)
}

/** Ends without an error: what went wrong is in the course, and the load has been told to stop. */
function* loadAndFailOver(stage: Stage): Step<void> {
  try {
    yield* reserve(stage)
    yield* check(stage)
    const readyByMs = nowMs(stage.ctx) + stage.plan.timing.readyTimeoutSeconds * 1000
    yield* provision(stage, readyByMs)
    yield* startTogether(stage, readyByMs)
    yield* runTheLoad(stage)
  } catch (error) {
    stage.course.end(error)
    yield* endTheLoad(stage)
  }
}

function setTheStage(ctx: OrchestrationContext): Stage {
  const plan = ctx.df.getInput() as DrillPlan
  const course = new Course(ctx)
  const deadlineMs = nowMs(ctx) + overallDeadlineSeconds(plan) * 1000
  const run = steps(ctx, course, { deadlineMs, hanging: [] })
  return { ctx, plan, drillId: plan.drillId, run, course, pauses: new Pauses(ctx), deadlineMs }
}

// ---- Before the load --------------------------------------------------------------------------------------------------

function* reserve({ drillId, run, course }: Stage): Step<void> {
  course.enter('reserve')
  const { reserved, abort, detail } = yield* run.reserve({ drillId })
  if (!reserved) throw new Stop('failed', detail)
  if (abort !== null) throw new Stop('aborted', abort)
}

function* check({ drillId, run, course, pauses }: Stage): Step<void> {
  course.enter('check')
  const { passed, abort, detail } = yield* run.check({ drillId })
  if (abort !== null || pauses.isAborted) throw new Stop('aborted', abort ?? pauses.reason)
  if (!passed) throw new Stop('failed', detail)
}

/** What the platform cannot do now is asked for again while there is time for containers to get ready. */
function* provision({ ctx, plan, drillId, run, course, pauses }: Stage, untilMs: number): Step<void> {
  course.enter('provision')
  for (let looks = 0; ; looks++) {
    const { refused, waiting, afterSeconds, abort } = yield* run.provision({ drillId })
    if (abort !== null) throw new Stop('aborted', abort)
    if (refused !== null) throw new Stop('failed', `infrastructure: ${refused}`)
    if (waiting === null) return
    const nextMs = nowMs(ctx) + Math.max(PROVISION_PAUSE_SECONDS, pauseAfter(looks), afterSeconds ?? 0) * 1000
    if (nextMs >= untilMs)
      throw new Stop('failed', `infrastructure: ${waiting}; it did not in ${plan.timing.readyTimeoutSeconds} s`)
    if (yield* pauses.until(nextMs)) throw new Stop('aborted', pauses.reason)
  }
}

function* startTogether({ ctx, plan, drillId, run, course, pauses }: Stage, untilMs: number): Step<void> {
  course.enter('ready')
  for (let looks = 0; ; looks++) {
    const { ready, wanted, dead, abort, detail } = yield* run.lookReady({ drillId })
    if (abort !== null) throw new Stop('aborted', abort)
    if (dead.length > 0) throw new Stop('failed', `infrastructure: ${detail}`)
    if (ready === wanted) break
    if (nowMs(ctx) >= untilMs)
      throw new Stop('failed', `infrastructure: ${detail} after ${plan.timing.readyTimeoutSeconds} s`)
    if (yield* pauses.seconds(pauseAfter(looks))) throw new Stop('aborted', pauses.reason)
  }
  const { startAtMs, detail } = yield* run.go({ drillId })
  if (startAtMs === null) throw new Stop('failed', `clocks: ${detail}`)
  course.loadStartAtMs = startAtMs
  course.show()
}

// ---- The load ---------------------------------------------------------------------------------------------------------

function* runTheLoad(stage: Stage): Step<void> {
  const { plan, course } = stage
  course.enter('warm-up')
  yield* watchUntil(stage, plan.timing.warmupSeconds)
  course.enter('baseline')
  for (const [index, { atSeconds }] of plan.failovers.entries()) {
    yield* watchUntil(stage, atSeconds)
    course.enter('fail over')
    yield* failOver(stage, index)
    course.enter('watch')
  }
  yield* watchUntil(stage, plan.load.durationSeconds + drainSeconds(plan) + SUMMARY_SECONDS, 'endsWithLoad')
}

/** Seconds count from the start of the load. */
function* watchUntil(stage: Stage, second: number, mode: 'timed' | 'endsWithLoad' = 'timed'): Step<void> {
  const end = yield* watchLoad(stage, (stage.course.loadStartAtMs ?? 0) + second * 1000, mode === 'endsWithLoad')
  if (end.reason === 'time' && mode === 'endsWithLoad')
    stage.course.remark('watch', 'not every container had written its summary when the load was over')
}

/** Replays number the watches alike, so each has an id of its own that a restart finds again. */
function* watchLoad(stage: Stage, untilMs: number, endsWithLoad: boolean): Step<WatchEnd> {
  const { ctx, course, drillId, plan } = stage
  const startedAt = ctx.df.currentUtcDateTime
  if (startedAt.getTime() > stage.deadlineMs) throw new Stop('failed', 'the overall deadline of the drill has passed')
  const { watchIntervalSeconds } = plan.timing
  const input: WatchInput = { drillId, untilMs, intervalSeconds: watchIntervalSeconds, endsWithLoad, blindLooks: 0 }
  const end = yield* endOfWatch(stage, input)
  course.note('watch', startedAt, 1, 'ok', wordsOf(end))
  if (end.reason === 'aborted' || end.reason === 'pointless') throw new Stop('aborted', end.detail)
  return end
}

/** A watch that hangs renews no lease and hears no wish to abort: without it there is no drill. */
function* endOfWatch({ ctx, drillId, course }: Stage, input: WatchInput): Step<WatchEnd> {
  const watching = ctx.df.callSubOrchestrator('watch', input, watchId(drillId, course.watches++))
  const latestMs = Math.max(input.untilMs, nowMs(ctx)) + USUAL_LIMIT_SECONDS * 1000
  if (!(yield* isAnsweredBy(ctx, watching, latestMs, AWAY_GRACE_SECONDS)))
    throw new Stop('failed', 'the watch over the load hangs')
  if (watching.isFaulted) throw new Error(`watch failed: ${messageOf(watching.result)}`, { cause: watching.result })
  return watching.result as WatchEnd
}

const wordsOf = ({ reason, detail }: WatchEnd): string => {
  const words = reason === 'time' ? 'as long as planned' : reason
  return detail === '' ? words : `${words}: ${detail}`
}

/** The activity guards against a second failover, and judges whether it may be caused; here only its answer is obeyed. */
function* failOver(stage: Stage, index: number): Step<void> {
  const { ctx, plan, drillId, run, course } = stage
  const loadEndMs = (course.loadStartAtMs ?? 0) + plan.load.durationSeconds * 1000
  for (let attempt = 0; attempt < FAILOVER_ATTEMPTS; ) {
    const { next, detail, afterSeconds = 0 } = yield* askForFailover(run, { drillId, index, attempt })
    if (next === 'watch') return
    if (next === 'abort') throw new Stop('aborted', detail)
    if (next === 'end') throw new Stop('failed', `before failover ${index}: ${detail}`)
    if (next === 'give up') return course.skip('failOver', detail)
    if (next === 'try again') attempt++
    if (next === 'wait' && ++course.withheldLooks > WITHHELD_LOOKS)
      return course.skip(
        'failOver',
        `failover ${index} was given up after ${WITHHELD_LOOKS} looks without evidence: ${detail}`,
      )
    if (nowMs(ctx) >= loadEndMs) return course.skip('failOver', `no load is left for failover ${index}: ${detail}`)
    const pauseSeconds = next === 'wait' ? WITHHELD_PAUSE_SECONDS : Math.max(FAILOVER_PAUSE_SECONDS, afterSeconds)
    yield* watchLoad(stage, Math.min(loadEndMs, nowMs(ctx) + pauseSeconds * 1000), false)
  }
  course.skip('failOver', `failover ${index} was given up after ${FAILOVER_ATTEMPTS} attempts`)
}

/** When the activity itself fails, nobody knows whether it sent: the same attempt is asked again, and observes. */
function* askForFailover(
  run: Steps,
  input: Parameters<Steps['failOver']>[0],
): Step<{ readonly next: string; readonly detail: string; readonly afterSeconds?: number }> {
  try {
    return yield* run.failOver(input)
  } catch (error) {
    return { next: 'look again', detail: messageOf(error) }
  }
}

// ---- After the load, whatever happened --------------------------------------------------------------------------------

/** An early end must not leave load on a server that somebody else may already be using. */
function* endTheLoad(stage: Stage): Step<void> {
  const { ctx, drillId, run, course } = stage
  const reason = course.earlyEnd?.why ?? 'the drill has ended'
  yield* attempt(run.stopLoad({ drillId, reason }))
  if (course.loadStartAtMs === null) return
  const untilMs = nowMs(ctx) + (drainSeconds(stage.plan) + STOP_SECONDS) * 1000
  while (nowMs(ctx) < untilMs) {
    const look = yield* attempt(run.observe({ drillId }))
    if (look?.ended) return
    yield* sleep(ctx, FIRST_LOOK_SECONDS)
  }
}

function* collect({ drillId, run, course }: Stage): Step<void> {
  if (course.loadStartAtMs === null) return
  course.enter('collect')
  const noted = yield* attempt(run.noteContainers({ drillId }))
  if (noted !== null && noted.early !== null && course.earlyEnd === null)
    course.end(whyTooLittle(noted.early, noted.abort))
  yield* attempt(run.collect({ drillId }))
}

/**
 * Less load than was asked for, and commits that nobody can check: the drill was not the one that was planned. Unless
 * somebody wished it, and the load had stopped before the wish was seen here.
 */
const whyTooLittle = (early: string, abort: string | null): Stop =>
  abort === null ? new Stop('failed', `infrastructure: ${early}`) : new Stop('aborted', abort)

/** Twice, with a pause between the end of the first and the begin of the second: two passes that agree make an audit. */
function* audit({ ctx, plan, drillId, run, course }: Stage): Step<void> {
  if (course.loadStartAtMs === null) return
  course.enter('audit')
  const first = yield* attempt(run.audit({ drillId, pass: 1 }))
  const endedAtMs = first?.endedAtMs ?? nowMs(ctx)
  yield* sleepUntil(ctx, secondAuditFromMs(endedAtMs, plan.timing.auditPauseSeconds))
  yield* attempt(run.audit({ drillId, pass: 2 }))
}

/** Deleting takes the platform a while, and the report may only say 0 when it was seen. */
function* cleanUp({ ctx, drillId, run, course, deadlineMs }: Stage): Step<void> {
  course.enter('clean up')
  const now = nowMs(ctx)
  const untilMs = Math.max(now + LATE_CLEANUP_SECONDS * 1000, Math.min(now + CLEANUP_SECONDS * 1000, deadlineMs))
  const isTimeLeft = () => nowMs(ctx) < untilMs
  for (let tries = 0; tries < LEAST_CLEANUP_TRIES || (tries < CLEANUP_TRIES && isTimeLeft()); tries++) {
    const cleaned = yield* attempt(run.cleanUp({ drillId }))
    if (cleaned?.isClean === true) return
    yield* sleep(ctx, cleaned?.left === 0 ? SECOND_LOOK_SECONDS : CLEANUP_PAUSE_SECONDS)
  }
  course.remark('clean up', 'containers are left; the sweeper deletes them once their expires-at is past')
}

function* report(stage: Stage): Step<DrillEnd> {
  const { drillId, run, course } = stage
  course.enter('report')
  yield* attempt(run.gatherMetrics({ drillId }))
  if (yield* isSomethingLate(stage)) {
    yield* attempt(writeReport(stage, 'first'))
    yield* lateMetrics(stage)
  }
  course.enter('report')
  // While the server is still reserved: the deletions must not meet the load of the next drill.
  if (course.loadStartAtMs !== null) yield* attempt(run.deleteOldRows({ drillId }))
  yield* attempt(run.release({ drillId }))
  const written = yield* attempt(writeReport(stage, 'final'))
  yield* attempt(run.notify({ drillId }))
  if (written === null) throw new Error(`the report of drill ${drillId} could not be written; its evidence is kept`)
  return { drillId, verdict: written.verdict, headline: written.headline }
}

/** The journal as it is now: an input must not change after it was scheduled. */
const writeReport = ({ drillId, run, course }: Stage, edition: 'first' | 'final') =>
  run.writeReport({ drillId, edition, earlyEnd: course.earlyEnd, journal: [...course.journal] })

/** A drill without a load has nothing to wait for, and who aborted one does not want to. */
function* isSomethingLate({ plan, drillId, run, course }: Stage): Step<boolean> {
  if (course.loadStartAtMs === null || course.earlyEnd?.kind === 'aborted') return false
  if (plan.timing.lateMetricsSeconds > 0) return true
  return (yield* attempt(run.lookHealth({ drillId })))?.settled === false
}

/** Until the standby is back and the platform's metrics have come in: both are minutes late. */
function* lateMetrics({ ctx, plan, drillId, run, course, pauses, deadlineMs }: Stage): Step<void> {
  course.enter('late metrics')
  const startMs = nowMs(ctx)
  const metricsMs = startMs + plan.timing.lateMetricsSeconds * 1000
  const healthyMs = Math.min(deadlineMs, startMs + plan.timing.healthyTimeoutSeconds * 1000)
  let isAborted = pauses.isAborted
  for (let looks = 0; !isAborted; looks++) {
    const look = yield* attempt(run.lookHealth({ drillId }))
    if (typeof look?.abort === 'string') break
    const now = nowMs(ctx)
    const isSettled = look?.settled === true || now >= healthyMs
    if ((isSettled && now >= metricsMs) || now >= deadlineMs) break
    isAborted = yield* pauses.seconds(pauseAfter(looks))
  }
  yield* attempt(run.gatherMetrics({ drillId }))
}

const pauseAfter = (looks: number): number => Math.min(LATER_LOOK_SECONDS, FIRST_LOOK_SECONDS * 1.2 ** looks)

/** Attempted, recorded by the step itself, and never hiding the first error. */
function* attempt<R>(step: Step<R>): Step<R | null> {
  try {
    return yield* step
  } catch {
    return null
  }
}
