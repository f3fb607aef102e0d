/**
 * Activities as typed steps: `yield* run.provision({ drillId })`. A wrong name or input does not compile, and no SDK is
 * loaded while an orchestration replays.
 *
 * Retries are made here and not by the engine's own policy, because the engine waits once more after the last attempt and
 * cannot say which attempt it was: the journal must.
 *
 * Each attempt races a timer. An activity may never answer: its process waits for ever for a socket, its message is lost. The
 * host ends it after its function timeout, if it can; a drill must end, clean up and report even if nobody does.
 */

import type { OrchestrationContext, Task } from 'durable-functions'
import type { createActivities } from '../activities/activities.ts'
import type { Course } from './drill-log.ts'
import { messageOf } from './error-text.ts'
import { isAnsweredBy, nowMs, type Step, sleep } from './waiting.ts'

export type Activities = ReturnType<typeof createActivities>
export type StepName = keyof Activities

export type Steps = {
  readonly [K in StepName]: (input: Parameters<Activities[K]>[0]) => Step<Awaited<ReturnType<Activities[K]>>>
}

export interface RetryPolicy {
  readonly attempts: number
  readonly firstDelaySeconds: number
  readonly maxDelaySeconds: number
  /** Looks are repeated for minutes: the journal holds only those that failed. */
  readonly isLook: boolean
  /** An attempt without an answer for so long hangs, and is not waited for any more. */
  readonly limitSeconds: number
}

/** A little more than the function timeout in host.json, so that the host's own word on it comes first. */
export const USUAL_LIMIT_SECONDS = 660
/** The load stops when the lease has not been renewed for 300 s: two passes that hang must fit in. */
const LOOK_LIMIT_SECONDS = 120
/** Three tries of it fit into the time that the drill has for cleaning up. */
const CLEANUP_LIMIT_SECONDS = 300
/** The lease is not renewed meanwhile. */
const MID_LOAD_LIMIT_SECONDS = 180
/** Past the drill's deadline a step gets no more than this: what works does so in seconds, and the drill must come to its end. */
const LATE_LIMIT_SECONDS = 60
/** In all of a drill. One message may be lost; what hangs twice hangs for a reason, and is from then on asked once. */
const MOST_HANGS = 2

const usual: RetryPolicy = {
  attempts: 4,
  firstDelaySeconds: 5,
  maxDelaySeconds: 30,
  isLook: false,
  limitSeconds: USUAL_LIMIT_SECONDS,
}
const look: RetryPolicy = {
  attempts: 3,
  firstDelaySeconds: 2,
  maxDelaySeconds: 5,
  isLook: true,
  limitSeconds: LOOK_LIMIT_SECONDS,
}
/** Not one retry here: the orchestration, or the next drill, decides whether there is another attempt. */
const once: RetryPolicy = { ...usual, attempts: 1 }

const POLICIES: { readonly [K in StepName]?: RetryPolicy } = {
  cleanUp: { ...usual, limitSeconds: CLEANUP_LIMIT_SECONDS },
  deleteOldRows: once,
  failOver: { ...once, limitSeconds: MID_LOAD_LIMIT_SECONDS },
  go: { ...usual, limitSeconds: MID_LOAD_LIMIT_SECONDS },
  lookReady: look,
  // After the load: no lease to renew, and hardly a timer that fires for nothing.
  lookHealth: { ...look, limitSeconds: USUAL_LIMIT_SECONDS },
  observe: look,
}

/** No answer in time. The activity may still be at work: whoever asks again must ask something that may run twice. */
export class HangingError extends Error {
  override readonly name = 'HangingError'
}

export interface StepsOptions {
  /** Steps race this as well as their own limit. */
  readonly deadlineMs: number
  /**
   * Collects what was given up: the platform does not let an orchestration end, or continue as new, before everything that
   * it started has answered.
   */
  readonly hanging: Task[]
}

export function steps(ctx: OrchestrationContext, course: Course, options: StepsOptions): Steps {
  return new Proxy({} as Steps, {
    get: (_target, name: string) => (input: unknown) =>
      callWithRetries({ ctx, course, ...options }, name as StepName, input),
  })
}

interface Caller extends StepsOptions {
  readonly ctx: OrchestrationContext
  readonly course: Course
}

function* callWithRetries(caller: Caller, name: StepName, input: unknown): Step<unknown> {
  const { ctx, course, deadlineMs } = caller
  const policy = POLICIES[name] ?? usual
  for (let attempt = 1; ; attempt++) {
    const startedAt = ctx.df.currentUtcDateTime
    try {
      const result = yield* answerOf(caller, ctx.df.callActivity(name, input), policy.limitSeconds)
      if (!policy.isLook) course.note(name, startedAt, attempt, 'ok', detailOf(result))
      return result
    } catch (error) {
      course.note(name, startedAt, attempt, 'failed', messageOf(error))
      const hangs = error instanceof HangingError ? course.countHang(name) : 0
      const isOver = nowMs(ctx) >= deadlineMs
      if (attempt >= policy.attempts || hangs >= MOST_HANGS || isOver)
        throw new Error(`${name} failed: ${messageOf(error)}`, { cause: error })
      yield* sleep(ctx, delayAfter(policy, attempt))
    }
  }
}

function* answerOf({ ctx, hanging, deadlineMs }: Caller, task: Task, limitSeconds: number): Step<unknown> {
  const now = nowMs(ctx)
  const untilMs = Math.max(now + LATE_LIMIT_SECONDS * 1000, Math.min(now + limitSeconds * 1000, deadlineMs))
  if (!(yield* isAnsweredBy(ctx, task, untilMs))) {
    hanging.push(task)
    throw new HangingError(`it did not answer in ${Math.round((untilMs - now) / 1000)} s and hangs`)
  }
  if (task.isFaulted) throw task.result
  return task.result
}

const delayAfter = ({ firstDelaySeconds, maxDelaySeconds }: RetryPolicy, attempt: number): number =>
  Math.min(maxDelaySeconds, firstDelaySeconds * 2 ** (attempt - 1))

const detailOf = (result: unknown): string =>
  typeof result === 'object' && result !== null && 'detail' in result ? String(result.detail) : ''
