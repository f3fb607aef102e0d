/**
 * Activities as typed steps: `yield* run.provision({ drillId })`. A wrong name or input does not compile, and no SDK is
 * loaded while an orchestration replays.
 *
 * Retries are made here and not by the engine's own policy, because the engine waits once more after the last attempt and
 * cannot say which attempt it was: the journal must.
 */
import type { OrchestrationContext, Task } from 'durable-functions'
import type { createActivities } from '../activities/activities.ts'
import type { Course } from './course.ts'

export type Activities = ReturnType<typeof createActivities>
export type StepName = keyof Activities

// biome-ignore lint/suspicious/noExplicitAny: what a yield gives back depends on the task that was yielded
export type Step<R> = Generator<Task, R, any>

export type Steps = {
  readonly [K in StepName]: (input: Parameters<Activities[K]>[0]) => Step<Awaited<ReturnType<Activities[K]>>>
}

export interface RetryPolicy {
  readonly attempts: number
  readonly firstDelaySeconds: number
  readonly maxDelaySeconds: number
  /** Looks are repeated for minutes: the journal holds only those that failed. */
  readonly isLook: boolean
}

const usual: RetryPolicy = { attempts: 4, firstDelaySeconds: 5, maxDelaySeconds: 30, isLook: false }
const look: RetryPolicy = { attempts: 3, firstDelaySeconds: 2, maxDelaySeconds: 5, isLook: true }
/** Not one retry here: the orchestration, or the next drill, decides whether there is another attempt. */
const once: RetryPolicy = { ...usual, attempts: 1 }

const POLICIES: { readonly [K in StepName]?: RetryPolicy } = {
  deleteOldRows: once,
  failOver: once,
  lookReady: look,
  lookHealth: look,
  observe: look,
}

export function steps(ctx: OrchestrationContext, course: Course): Steps {
  return new Proxy({} as Steps, {
    get: (_target, name: string) => (input: unknown) => callWithRetries(ctx, course, name as StepName, input),
  })
}

function* callWithRetries(ctx: OrchestrationContext, course: Course, name: StepName, input: unknown): Step<unknown> {
  const policy = POLICIES[name] ?? usual
  for (let attempt = 1; ; attempt++) {
    const startedAt = ctx.df.currentUtcDateTime
    try {
      const result: unknown = yield ctx.df.callActivity(name, input)
      if (!policy.isLook) course.note(name, startedAt, attempt, 'ok', detailOf(result))
      return result
    } catch (error) {
      course.note(name, startedAt, attempt, 'failed', messageOf(error))
      if (attempt >= policy.attempts) throw new Error(`${name} failed: ${messageOf(error)}`, { cause: error })
      yield ctx.df.createTimer(delayed(ctx, policy, attempt))
    }
  }
}

function delayed(
  ctx: OrchestrationContext,
  { firstDelaySeconds, maxDelaySeconds }: RetryPolicy,
  attempt: number,
): Date {
  const seconds = Math.min(maxDelaySeconds, firstDelaySeconds * 2 ** (attempt - 1))
  return new Date(ctx.df.currentUtcDateTime.getTime() + seconds * 1000)
}

const detailOf = (result: unknown): string =>
  typeof result === 'object' && result !== null && 'detail' in result ? String(result.detail) : ''

/** The host wraps an activity's error in lines of its own and a stack; what the activity said is enough for a journal. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  const [, told] = /^\s*Exception: (.+)$/m.exec(text) ?? []
  return (told ?? text.split('\n', 1)[0] ?? '').trim().slice(0, 500) || 'without a message'
}
