/**
 * The story of a drill, phase by phase:
 *
 *   reserve      no other drill uses the server
 *   start server a scheduled drill starts a stopped server, if the settings say so, and stops it at the end
 *   check        the checklist; a failed row ends the drill here
 *   provision    containers with a load generator each
 *   ready        all of them have connected all their workers; then the load starts at one instant
 *   warm-up, baseline, event, watch    the load, and the events during it (load.ts)
 *   collect, audit    what was sent, and what the database holds
 *   clean up     always; no container is left, and the server is as it was before a scaling or a switchover
 *   late metrics, report    the report is written at once, and again when the platform's metrics are in (closing.ts)
 *
 * An error ends the load and is recorded once; the drill still cleans up and reports. The orchestrator has no clock, no randomness
 * and no threshold: activities judge, and the history keeps their answers.
 */
import type { OrchestrationContext } from 'durable-functions'
import { SERVER_START_SECONDS } from '../model/load-plan.ts'
import { audit, cleanUp, collect, type DrillEnd, report, undo } from './closing.ts'
import { attempt, type DrillContext, pauseAfter, prepare } from './drill-context.ts'
import { Stop } from './drill-log.ts'
import { endLoad, runLoad } from './load.ts'
import { nowMs, type Step } from './waiting.ts'

const PROVISION_PAUSE_SECONDS = 5
/** Between two renewals of the lease, which is stale after 300 s. */
const HOLD_SECONDS = 60
const START_SERVER = 'start server'

/** What to do when the drill ends here; of a failed check its own row says it. */
const ADVICE = {
  held: 'Wait until that drill has ended, or abort it, then start this one again.',
  serverStart: 'Start the server, or find out why the platform does not start it, then start the drill again.',
  provision:
    "Do what the platform's answer asks for: other containers (containers, containerSize), more quota, or rights. Then start the drill again.",
  later:
    'Start the drill again later, with more time (timing.readyTimeoutSeconds) or with fewer or smaller containers.',
  dead: 'Do what the last words of the load generator ask for; its whole log is among the files of the drill.',
  notReady:
    'See the logs of the load generators among the files of the drill: they name the step that hangs (name, port, TLS, login). A longer timing.readyTimeoutSeconds helps only where they make progress.',
  clocks:
    'Start the drill again: other containers have other clocks. If it stays, the clock that the others are compared with is wrong.',
} as const

export function* drill(ctx: OrchestrationContext): Step<DrillEnd> {
  const context = prepare(ctx)
  try {
    yield* loadAndEvents(context)
    yield* collect(context)
    yield* audit(context)
  } finally {
    yield* cleanUp(context)
    yield* undo(context)
  }
  return yield* report(context)
}

/** Does not throw: an error is in the log, and the load generators were asked to stop. */
function* loadAndEvents(context: DrillContext): Step<void> {
  try {
    yield* reserve(context)
    yield* startServer(context)
    yield* check(context)
    const readyByMs = nowMs(context.ctx) + context.plan.timing.readyTimeoutSeconds * 1000
    yield* provision(context, readyByMs)
    yield* startTogether(context, readyByMs)
    yield* runLoad(context)
  } catch (error) {
    context.log.end(error)
    yield* endLoad(context)
  }
}

function* reserve({ drillId, run, log }: DrillContext): Step<void> {
  log.enter('reserve')
  const { reserved, abort, detail } = yield* run.reserve({ drillId })
  if (!reserved) throw new Stop('failed', detail, ADVICE.held)
  if (abort !== null) throw new Stop('aborted', abort)
}

const notReady = (detail: string): string => `the server was not ready within ${SERVER_START_SECONDS} s: ${detail}`

/** A scheduled drill may find its server stopped: it holds the lock meanwhile, so that no other drill waits for the same server. */
function* startServer({ ctx, plan, drillId, run, log, pauses }: DrillContext): Step<void> {
  if (plan.requestedBy !== 'timer') return
  const untilMs = nowMs(ctx) + SERVER_START_SECONDS * 1000
  for (let polls = 0; ; polls++) {
    const { isReady, refused, abort, detail } = yield* run.startServer({ drillId })
    if (abort !== null) throw new Stop('aborted', abort, '', START_SERVER)
    if (refused !== null) throw new Stop('failed', refused, ADVICE.serverStart, START_SERVER)
    if (polls === 0 || isReady) log.remark(START_SERVER, detail)
    if (isReady) return log.say(null)
    log.say(detail)
    if (nowMs(ctx) >= untilMs) throw new Stop('failed', notReady(detail), ADVICE.serverStart, START_SERVER)
    if (yield* pauses.seconds(pauseAfter(polls))) throw new Stop('aborted', pauses.reason, '', START_SERVER)
  }
}

function* check({ drillId, run, log, pauses }: DrillContext): Step<void> {
  log.enter('check')
  const { passed, abort, detail } = yield* run.check({ drillId })
  if (abort !== null || pauses.isAborted) throw new Stop('aborted', abort ?? pauses.reason)
  if (!passed) throw new Stop('failed', detail)
}

/** Requests again what the platform cannot do now, while there is time for the containers to get ready. */
function* provision(context: DrillContext, untilMs: number): Step<void> {
  const { ctx, plan, drillId, run, log } = context
  log.enter('provision')
  for (let polls = 0; ; polls++) {
    const { refused, waiting, afterSeconds, abort } = yield* run.provision({ drillId })
    if (abort !== null) throw new Stop('aborted', abort)
    if (refused !== null) throw new Stop('failed', refused, ADVICE.provision)
    if (waiting === null) return
    const nextMs = nowMs(ctx) + Math.max(PROVISION_PAUSE_SECONDS, pauseAfter(polls), afterSeconds ?? 0) * 1000
    if (nextMs >= untilMs)
      throw new Stop('failed', `${waiting}; not within ${plan.timing.readyTimeoutSeconds} s`, ADVICE.later)
    log.say(waiting)
    yield* holdUntil(context, nextMs)
  }
}

/** Containers that have started wait for the others, however long the platform wants to be left alone. */
function* holdUntil({ ctx, drillId, run, pauses }: DrillContext, untilMs: number): Step<void> {
  for (;;) {
    if (yield* pauses.until(Math.min(untilMs, nowMs(ctx) + HOLD_SECONDS * 1000)))
      throw new Stop('aborted', pauses.reason)
    if (nowMs(ctx) >= untilMs) return
    const held = yield* attempt(run.holdContainers({ drillId }))
    if (typeof held?.abort === 'string') throw new Stop('aborted', held.abort)
  }
}

function* startTogether({ ctx, plan, drillId, run, log, pauses }: DrillContext, untilMs: number): Step<void> {
  log.enter('ready')
  for (let polls = 0; ; polls++) {
    const { ready, wanted, dead, abort, detail } = yield* run.pollReady({ drillId })
    if (abort !== null) throw new Stop('aborted', abort)
    if (dead.length > 0) throw new Stop('failed', detail, ADVICE.dead)
    if (ready === wanted) break
    if (nowMs(ctx) >= untilMs)
      throw new Stop('failed', `${detail} after ${plan.timing.readyTimeoutSeconds} s`, ADVICE.notReady)
    log.say(detail)
    if (yield* pauses.seconds(pauseAfter(polls))) throw new Stop('aborted', pauses.reason)
  }
  const { startAtMs, detail } = yield* run.startLoad({ drillId })
  if (startAtMs === null) throw new Stop('failed', detail, ADVICE.clocks)
  log.loadStartAtMs = startAtMs
  log.show()
}
