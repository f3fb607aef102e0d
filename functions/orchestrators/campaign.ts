/**
 * The story of a campaign: the drills of one request, one after the other, and their report.
 *
 * Each turn asks one activity what is next: a drill, a wait, or the report. A drill is an orchestration of its own, under the id that
 * its number gives it. The campaign continues as new after each drill and after some waits, so that its history stays short. It waits
 * for timers only: an event that arrives while an orchestration continues as new is lost. Each turn reads the abort request from a
 * blob instead.
 */
import type { OrchestrationContext, Task } from 'durable-functions'
import type { NextStep } from '../activities/campaign/turn.ts'
import type { CampaignTurn } from '../model/campaign/campaign.ts'
import type { CampaignProgress } from '../model/campaign/status.ts'
import { overallDeadlineSeconds } from '../model/load-plan.ts'
import type { DrillPlan } from '../model/plan.ts'
import type { Verdict } from '../model/report.ts'
import { attempt } from './drill-context.ts'
import { DrillLog } from './drill-log.ts'
import { messageOf } from './error-text.ts'
import { type Steps, steps } from './steps.ts'
import { isAnsweredBy, nowMs, type Step, sleep } from './waiting.ts'

interface CampaignEnd {
  readonly campaignId: string
  readonly verdict: Verdict
  readonly headline: string
}

/** The history holds no more. */
const TURNS_PER_GENERATION = 12
/** Storage that does not answer for an hour ends the campaign. */
const MAX_FAILED_TURNS = 60
const FAILED_TURN_SECONDS = 60
/** After its deadline a drill is closed by a timer, which needs two looks. */
const DRILL_GRACE_SECONDS = 3_600

export function* campaign(ctx: OrchestrationContext): Step<CampaignEnd | undefined> {
  let turn = ctx.df.getInput() as CampaignTurn
  const run = steps(ctx, new DrillLog(ctx), { deadlineMs: Number.POSITIVE_INFINITY, hanging: [] })
  for (let turns = 0; turns < TURNS_PER_GENERATION; turns++) {
    const { next, failure } = yield* nextStep(run, turn)
    if (next === null) {
      turn = { ...turn, failedTurns: turn.failedTurns + 1 }
      if (turn.failedTurns >= MAX_FAILED_TURNS) return yield* report(ctx, run, turn, failure)
      yield* sleep(ctx, FAILED_TURN_SECONDS)
      continue
    }
    turn = { ...turn, failedTurns: 0 }
    if (next.next === 'report') return yield* report(ctx, run, turn, null)
    if (next.next === 'drill') {
      const lastError = yield* drillOf(ctx, turn, next.plan)
      turn = { ...turn, number: turn.number + 1, lastError }
      break
    }
    show(ctx, { step: 'waiting', number: turn.number, drillId: null, note: next.detail })
    yield* sleep(ctx, next.seconds)
  }
  ctx.df.continueAsNew(turn)
  return undefined
}

/** A turn that fails changes nothing: storage may be away, and the next turn says the same. */
function* nextStep(
  run: Steps,
  turn: CampaignTurn,
): Step<{ readonly next: NextStep | null; readonly failure: string | null }> {
  try {
    return { next: yield* run.campaignTurn(turn), failure: null }
  } catch (error) {
    return { next: null, failure: messageOf(error) }
  }
}

/** Why the drill's orchestration ended without a report; null: it reported. */
function* drillOf(ctx: OrchestrationContext, { number }: CampaignTurn, plan: DrillPlan): Step<string | null> {
  const { drillId } = plan
  show(ctx, { step: 'drill', number, drillId, note: `drill ${drillId} is running` })
  const untilMs = nowMs(ctx) + (overallDeadlineSeconds(plan) + DRILL_GRACE_SECONDS) * 1000
  const running: Task = ctx.df.callSubOrchestrator('drill', plan, drillId)
  if (!(yield* isAnsweredBy(ctx, running, untilMs))) return 'it did not end by its deadline'
  return running.isFaulted ? messageOf(running.result) : null
}

function* report(
  ctx: OrchestrationContext,
  run: Steps,
  { campaignId, number }: CampaignTurn,
  error: string | null,
): Step<CampaignEnd> {
  show(ctx, { step: 'report', number, drillId: null, note: 'the report is being written' })
  const { verdict, headline } = yield* run.writeCampaignReport({ campaignId, error })
  yield* attempt(run.notifyCampaign({ campaignId }))
  return { campaignId, verdict, headline }
}

const show = (ctx: OrchestrationContext, progress: CampaignProgress): void => ctx.df.setCustomStatus(progress)
