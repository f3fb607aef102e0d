/**
 * Activities as typed steps: `yield* run.provision({ drillId })`. A wrong name or input does not compile, and no SDK is loaded while
 * an orchestration replays.
 *
 * Steps retry here and not by the engine's own policy: the engine waits once more after the last attempt and does not report the
 * number of the attempt, which the journal needs.
 *
 * Each attempt races a timer. An activity may never answer: its process hangs on a socket, or its message is lost. The host ends it
 * after its function timeout if it can; the drill must end, clean up and report in any case.
 */
import type { OrchestrationContext, Task } from 'durable-functions'
import type { createActivities } from '../activities/activities.ts'
import type { DrillLog } from './drill-log.ts'
import { messageOf } from './error-text.ts'
import { isAnsweredBy, nowMs, type Step, sleep } from './waiting.ts'

type Activities = ReturnType<typeof createActivities>
type StepName = keyof Activities

export type Steps = {
  readonly [K in StepName]: (input: Parameters<Activities[K]>[0]) => Step<Awaited<ReturnType<Activities[K]>>>
}

interface RetryPolicy {
  readonly attempts: number
  readonly firstDelaySeconds: number
  readonly maxDelaySeconds: number
  /** Polls repeat for minutes: the journal holds only those that failed. */
  readonly isPoll: boolean
  /** An attempt without an answer within this time hangs; the step does not wait longer. */
  readonly limitSeconds: number
}

/** A little more than the function timeout in host.json, so that the host's own error comes first. */
export const USUAL_LIMIT_SECONDS = 660
/** The load stops when the lease was not renewed for 300 s: two polls that hang must fit in. */
const POLL_LIMIT_SECONDS = 120
/** Three tries fit into the drill's time for cleaning up. */
const CLEANUP_LIMIT_SECONDS = 300
/** No poll renews the lease meanwhile. */
const MID_LOAD_LIMIT_SECONDS = 180
/** The limit of a step after the drill's deadline: a working step needs seconds, and the drill must end. */
const LATE_LIMIT_SECONDS = 60
/** Of one step in a whole drill. One hang may be a lost message; after the second the step is not retried. */
const MAX_HANGS = 2

const usual: RetryPolicy = {
  attempts: 4,
  firstDelaySeconds: 5,
  maxDelaySeconds: 30,
  isPoll: false,
  limitSeconds: USUAL_LIMIT_SECONDS,
}
const poll: RetryPolicy = {
  attempts: 3,
  firstDelaySeconds: 2,
  maxDelaySeconds: 5,
  isPoll: true,
  limitSeconds: POLL_LIMIT_SECONDS,
}
/** No retry here: the orchestrator, or the next drill, decides whether there is another attempt. */
const once: RetryPolicy = { ...usual, attempts: 1 }

const POLICIES: { readonly [K in StepName]?: RetryPolicy } = {
  cleanUp: { ...usual, limitSeconds: CLEANUP_LIMIT_SECONDS },
  campaignTurn: poll,
  deleteOldRows: once,
  causeEvent: { ...once, limitSeconds: MID_LOAD_LIMIT_SECONDS },
  holdContainers: poll,
  // After the load there is no lease to renew, so a longer limit costs nothing.
  pollHealth: { ...poll, limitSeconds: USUAL_LIMIT_SECONDS },
  pollLoad: poll,
  pollReady: poll,
  startServer: poll,
  undoEvents: { ...poll, limitSeconds: CLEANUP_LIMIT_SECONDS },
  startLoad: { ...usual, limitSeconds: MID_LOAD_LIMIT_SECONDS },
}

/** No answer in time. The activity may still run, so only an activity that may run twice is called again. */
class HangingError extends Error {
  override readonly name = 'HangingError'
}

interface StepsOptions {
  /** Of the drill: bounds every step in addition to the step's own limit. */
  readonly deadlineMs: number
  /** Collects the calls that were given up: the platform lets no orchestration end, or continue as new, before all have answered. */
  readonly hanging: Task[]
}

export function steps(ctx: OrchestrationContext, log: DrillLog, options: StepsOptions): Steps {
  return new Proxy({} as Steps, {
    get: (_target, name: string) => (input: unknown) =>
      callWithRetries({ ctx, log, ...options }, name as StepName, input),
  })
}

interface Caller extends StepsOptions {
  readonly ctx: OrchestrationContext
  readonly log: DrillLog
}

function* callWithRetries(caller: Caller, name: StepName, input: unknown): Step<unknown> {
  const { ctx, log, deadlineMs } = caller
  const policy = POLICIES[name] ?? usual
  for (let attempt = 1; ; attempt++) {
    const startedAt = ctx.df.currentUtcDateTime
    try {
      const result = yield* answerOf(caller, ctx.df.callActivity(name, input), policy.limitSeconds)
      if (!policy.isPoll) log.note(name, startedAt, attempt, 'ok', detailOf(result))
      return result
    } catch (error) {
      log.note(name, startedAt, attempt, 'failed', messageOf(error))
      const hangs = error instanceof HangingError ? log.countHang(name) : 0
      const isOver = nowMs(ctx) >= deadlineMs
      if (attempt >= policy.attempts || hangs >= MAX_HANGS || isOver)
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
    throw new HangingError(`no answer within ${Math.round((untilMs - now) / 1000)} s`)
  }
  if (task.isFaulted) throw task.result
  return task.result
}

const delayAfter = ({ firstDelaySeconds, maxDelaySeconds }: RetryPolicy, attempt: number): number =>
  Math.min(maxDelaySeconds, firstDelaySeconds * 2 ** (attempt - 1))

const detailOf = (result: unknown): string =>
  typeof result === 'object' && result !== null && 'detail' in result ? String(result.detail) : ''
