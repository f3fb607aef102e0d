/**
 * The story of a drill, phase by phase:
 *
 *   reserve      no other drill uses the server
 *   check        the checklist; a failed row ends the drill here
 *   provision    containers with a load generator each
 *   ready        all of them have connected all their workers; then the load starts at one instant
 *   warm-up, baseline, fail over, watch    the load, and the failovers during it (load.ts)
 *   collect, audit    what was sent, and what the database holds
 *   clean up     always; no container is left
 *   late metrics, report    the report is written at once, and again when the platform's metrics are in (closing.ts)
 *
 * An error ends the load and is recorded once; the drill still cleans up and reports. The orchestrator has no clock, no randomness
 * and no threshold: activities judge, and the history keeps their answers.
 */
import type { OrchestrationContext } from 'durable-functions'
import { audit, cleanUp, collect, type DrillEnd, report } from './closing.ts'
import { type DrillContext, pauseAfter, prepare } from './drill-context.ts'
import { Stop } from './drill-log.ts'
import { endLoad, runLoad } from './load.ts'
import { nowMs, type Step } from './waiting.ts'

const PROVISION_PAUSE_SECONDS = 5

export function* drill(ctx: OrchestrationContext): Step<DrillEnd> {
  const context = prepare(ctx)
  try {
    yield* loadAndFailOver(context)
    yield* collect(context)
    yield* audit(context)
  } finally {
    yield* cleanUp(context)
  }
  return yield* report(context)
}

/** Does not throw: an error is in the log, and the load generators were asked to stop. */
function* loadAndFailOver(context: DrillContext): Step<void> {
  try {
    yield* reserve(context)
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
  if (!reserved) throw new Stop('failed', detail)
  if (abort !== null) throw new Stop('aborted', abort)
}

function* check({ drillId, run, log, pauses }: DrillContext): Step<void> {
  log.enter('check')
  const { passed, abort, detail } = yield* run.check({ drillId })
  if (abort !== null || pauses.isAborted) throw new Stop('aborted', abort ?? pauses.reason)
  if (!passed) throw new Stop('failed', detail)
}

/** Requests again what the platform cannot do now, while there is time for the containers to get ready. */
function* provision({ ctx, plan, drillId, run, log, pauses }: DrillContext, untilMs: number): Step<void> {
  log.enter('provision')
  for (let polls = 0; ; polls++) {
    const { refused, waiting, afterSeconds, abort } = yield* run.provision({ drillId })
    if (abort !== null) throw new Stop('aborted', abort)
    if (refused !== null) throw new Stop('failed', `infrastructure: ${refused}`)
    if (waiting === null) return
    const nextMs = nowMs(ctx) + Math.max(PROVISION_PAUSE_SECONDS, pauseAfter(polls), afterSeconds ?? 0) * 1000
    if (nextMs >= untilMs)
      throw new Stop('failed', `infrastructure: ${waiting}; not within ${plan.timing.readyTimeoutSeconds} s`)
    if (yield* pauses.until(nextMs)) throw new Stop('aborted', pauses.reason)
  }
}

function* startTogether({ ctx, plan, drillId, run, log, pauses }: DrillContext, untilMs: number): Step<void> {
  log.enter('ready')
  for (let polls = 0; ; polls++) {
    const { ready, wanted, dead, abort, detail } = yield* run.pollReady({ drillId })
    if (abort !== null) throw new Stop('aborted', abort)
    if (dead.length > 0) throw new Stop('failed', `infrastructure: ${detail}`)
    if (ready === wanted) break
    if (nowMs(ctx) >= untilMs)
      throw new Stop('failed', `infrastructure: ${detail} after ${plan.timing.readyTimeoutSeconds} s`)
    if (yield* pauses.seconds(pauseAfter(polls))) throw new Stop('aborted', pauses.reason)
  }
  const { startAtMs, detail } = yield* run.startLoad({ drillId })
  if (startAtMs === null) throw new Stop('failed', `clocks: ${detail}`)
  log.loadStartAtMs = startAtMs
  log.show()
}
