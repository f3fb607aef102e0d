/** What every phase of a drill works with. */
import type { OrchestrationContext } from 'durable-functions'
import { overallDeadlineSeconds } from '../model/load-plan.ts'
import type { DrillPlan } from '../model/plan.ts'
import { DrillLog } from './drill-log.ts'
import { type Steps, steps } from './steps.ts'
import { nowMs, Pauses, type Step } from './waiting.ts'

export interface DrillContext {
  readonly ctx: OrchestrationContext
  readonly plan: DrillPlan
  readonly drillId: string
  readonly run: Steps
  readonly log: DrillLog
  readonly pauses: Pauses
  readonly deadlineMs: number
}

export function prepare(ctx: OrchestrationContext): DrillContext {
  const plan = ctx.df.getInput() as DrillPlan
  const log = new DrillLog(ctx)
  const deadlineMs = nowMs(ctx) + overallDeadlineSeconds(plan) * 1000
  const run = steps(ctx, log, { deadlineMs, hanging: [] })
  return { ctx, plan, drillId: plan.drillId, run, log, pauses: new Pauses(ctx), deadlineMs }
}

/** Null when the step failed: it has recorded its own error, which must not hide the first one. */
export function* attempt<R>(step: Step<R>): Step<R | null> {
  try {
    return yield* step
  } catch {
    return null
  }
}

export const FIRST_PAUSE_SECONDS = 2
const MAX_PAUSE_SECONDS = 20

/** What may take a minute or half an hour is polled often at first and seldom later. */
export const pauseAfter = (polls: number): number => Math.min(MAX_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 1.2 ** polls)
