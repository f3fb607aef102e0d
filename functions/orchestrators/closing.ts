/** After the load, also after an early end: what was sent, what the database holds, no container left, the report. */
import { secondAuditFromMs } from '../analysis/ledger-audit.ts'
import { isUndone } from '../event-kinds/undo.ts'
import { deletionTurns } from '../model/load-plan.ts'
import type { Verdict } from '../model/report.ts'
import { attempt, type DrillContext, pauseAfter } from './drill-context.ts'
import { Stop } from './drill-log.ts'
import { nowMs, type Step, sleep, sleepUntil } from './waiting.ts'

export interface DrillEnd {
  readonly drillId: string
  readonly verdict: Verdict | null
  readonly headline: string | null
}

const MAX_CLEANUP_TRIES = 20
const CLEANUP_PAUSE_SECONDS = 15
/** Before the poll that confirms that no container is left. */
const SECOND_POLL_SECONDS = 3
/** A clean-up that hangs must leave time to report. */
const CLEANUP_SECONDS = 900
const LATE_CLEANUP_SECONDS = 180
/** Also past the deadline: a host that was stopped for hours has made only the first try. */
const MIN_CLEANUP_TRIES = 3

export function* collect({ drillId, run, log }: DrillContext): Step<void> {
  if (log.loadStartAtMs === null) return
  log.enter('collect')
  const noted = yield* attempt(run.noteContainers({ drillId }))
  if (noted !== null && noted.early !== null && log.earlyEnd === null) log.end(stopEarly(noted.early, noted.abort))
  yield* attempt(run.collect({ drillId }))
}

/** A load that ended early fails the drill, because part of its commits cannot be audited - unless an abort was requested. */
const stopEarly = (early: string, abort: string | null): Stop =>
  abort === null ? new Stop('failed', `infrastructure: ${early}`) : new Stop('aborted', abort)

/** Twice, with a pause after the end of the first pass: an audit is two passes that agree. */
export function* audit({ ctx, plan, drillId, run, log }: DrillContext): Step<void> {
  if (log.loadStartAtMs === null) return
  log.enter('audit')
  const first = yield* attempt(run.audit({ drillId, pass: 1 }))
  const endedAtMs = first?.endedAtMs ?? nowMs(ctx)
  yield* sleepUntil(ctx, secondAuditFromMs(endedAtMs, plan.timing.auditPauseSeconds))
  yield* attempt(run.audit({ drillId, pass: 2 }))
}

/** Deletion takes the platform a while, and the report says 0 only after a poll saw 0. */
export function* cleanUp({ ctx, drillId, run, log, deadlineMs }: DrillContext): Step<void> {
  log.enter('clean up')
  const now = nowMs(ctx)
  const untilMs = Math.max(now + LATE_CLEANUP_SECONDS * 1000, Math.min(now + CLEANUP_SECONDS * 1000, deadlineMs))
  const isTimeLeft = () => nowMs(ctx) < untilMs
  for (let tries = 0; tries < MIN_CLEANUP_TRIES || (tries < MAX_CLEANUP_TRIES && isTimeLeft()); tries++) {
    const cleaned = yield* attempt(run.cleanUp({ drillId }))
    if (cleaned?.isClean === true) return
    yield* sleep(ctx, cleaned?.left === 0 ? SECOND_POLL_SECONDS : CLEANUP_PAUSE_SECONDS)
  }
  log.remark('clean up', 'containers are left; the sweeper deletes them once their expires-at is past')
}

const MAX_UNDO_PAUSE_SECONDS = 120

/**
 * After the containers, which cost money while they exist. Until the platform has accepted and carried out what undoes the events: it
 * refuses while it is busy. What is left then is finished by the sweeping timer.
 */
export function* undo({ ctx, plan, drillId, run, log, deadlineMs }: DrillContext): Step<void> {
  if (!plan.events.some(isUndone)) return
  log.enter('clean up')
  const isPatient = log.earlyEnd === null
  const now = nowMs(ctx)
  const { eventTimeoutSeconds, healthyTimeoutSeconds } = plan.timing
  const untilMs = Math.max(
    now + LATE_CLEANUP_SECONDS * 1000,
    Math.min(now + (eventTimeoutSeconds + healthyTimeoutSeconds) * 1000, deadlineMs),
  )
  for (let polls = 0; ; polls++) {
    const undone = yield* attempt(run.undoEvents({ drillId, isPatient }))
    log.say(undone?.detail ?? null)
    if (undone?.settled === true) return log.remark('undo', undone.detail)
    if (nowMs(ctx) >= untilMs) return log.remark('undo', `${undone?.detail ?? 'it failed'}; left to the sweeping timer`)
    yield* sleep(ctx, Math.min(MAX_UNDO_PAUSE_SECONDS, Math.max(pauseAfter(polls), undone?.afterSeconds ?? 0)))
  }
}

export function* report(context: DrillContext): Step<DrillEnd> {
  const { ctx, plan, drillId, run, log } = context
  log.enter('report')
  const gathered = yield* attempt(run.gatherMetrics({ drillId }))
  const metricsMs = nowMs(ctx) + askedMs(gathered)
  const isLate = yield* isSomethingLate(context, askedMs(gathered) > 0)
  if (isLate) {
    yield* attempt(writeReport(context, 'first'))
    yield* lateMetrics(context, metricsMs)
  }
  log.enter('report')
  if (log.loadStartAtMs !== null) yield* deleteOldRows(context, isLate)
  if (plan.requestedBy === 'timer') yield* attempt(run.stopServer({ drillId }))
  yield* attempt(run.release({ drillId }))
  const written = yield* attempt(writeReport(context, 'final'))
  yield* attempt(run.notify({ drillId }))
  if (written === null) throw new Error(`the report of drill ${drillId} could not be written; its evidence is kept`)
  return { drillId, verdict: written.verdict, headline: written.headline }
}

/**
 * While the server is still reserved: the deletions must not meet the load of the next drill. A long load gets time for as many rows as
 * it wrote itself, so that deletion keeps up; the report does not wait for that.
 */
function* deleteOldRows(context: DrillContext, hasReport: boolean): Step<void> {
  const { ctx, plan, drillId, run, pauses, deadlineMs } = context
  for (let turn = 1; ; turn++) {
    const deleted = yield* attempt(run.deleteOldRows({ drillId }))
    const isOver = turn >= deletionTurns(plan.load) || pauses.isAborted || nowMs(ctx) >= deadlineMs
    if (deleted === null || deleted.isComplete || isOver) return
    if (turn === 1 && !hasReport) yield* attempt(writeReport(context, 'first'))
  }
}

/** Metrics are context: a pause longer than this is not worth a server that stays reserved. */
const MAX_METRICS_PAUSE_SECONDS = 900

const askedMs = (gathered: { readonly afterSeconds: number | null } | null): number => {
  const seconds = gathered?.afterSeconds ?? 0
  return seconds > MAX_METRICS_PAUSE_SECONDS ? 0 : seconds * 1000
}

/** With a copy of the journal: an input must not change after it was scheduled. */
const writeReport = ({ drillId, run, log }: DrillContext, edition: 'first' | 'final') =>
  run.writeReport({ drillId, edition, earlyEnd: log.earlyEnd, journal: [...log.journal] })

/** Skipped after an abort, and without a load there is nothing to wait for. */
function* isSomethingLate({ plan, drillId, run, log }: DrillContext, areMetricsPaused: boolean): Step<boolean> {
  if (log.loadStartAtMs === null || log.earlyEnd?.kind === 'aborted') return false
  if (plan.timing.lateMetricsSeconds > 0 || areMetricsPaused) return true
  return (yield* attempt(run.pollHealth({ drillId })))?.settled === false
}

const timeOf = (atMs: number): string => `${new Date(atMs).toISOString().slice(11, 19)} UTC`
const metricsUntil = (untilMs: number): string => `for the platform's metrics, until ${timeOf(untilMs)}`
const followedUntil = (untilMs: number): string =>
  `until no failover of this drill is under way or can still begin, at most until ${timeOf(untilMs)}`

/** Until the standby is back and the platform's metrics have arrived: both take minutes. */
function* lateMetrics(context: DrillContext, notBeforeMs: number): Step<void> {
  const { ctx, plan, drillId, run, log, pauses, deadlineMs } = context
  log.enter('late metrics')
  const startMs = nowMs(ctx)
  const metricsMs = Math.max(notBeforeMs, startMs + plan.timing.lateMetricsSeconds * 1000)
  const healthyMs = Math.min(deadlineMs, startMs + plan.timing.healthyTimeoutSeconds * 1000)
  let isAborted = pauses.isAborted
  for (let polls = 0; !isAborted; polls++) {
    const health = yield* attempt(run.pollHealth({ drillId }))
    if (typeof health?.abort === 'string') break
    const now = nowMs(ctx)
    const isSettled = health?.settled === true || now >= healthyMs
    if ((isSettled && now >= metricsMs) || now >= deadlineMs) break
    const awaited = [
      ...(isSettled ? [] : [followedUntil(healthyMs)]),
      ...(now < metricsMs ? [metricsUntil(metricsMs)] : []),
    ]
    log.say(`waits ${awaited.join(', and ')}`)
    isAborted = yield* pauses.seconds(pauseAfter(polls))
  }
  const pauseMs = askedMs(yield* attempt(run.gatherMetrics({ drillId })))
  // Once more: two pauses in a row mean that the platform hands out none.
  if (pauseMs === 0 || isAborted || nowMs(ctx) + pauseMs >= deadlineMs) return
  log.say(`waits ${metricsUntil(nowMs(ctx) + pauseMs)}`)
  if (!(yield* pauses.seconds(pauseMs / 1000))) yield* attempt(run.gatherMetrics({ drillId }))
}
