/** Small orchestrators, each of which shows one habit of the engine that runs it. Their outputs hold no time and no id. */
import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import * as df from 'durable-functions'
import { provideDurableRoute } from '../../support/durable-route.ts'

type Context = df.OrchestrationContext
const nowMs = (context: Context) => context.df.currentUtcDateTime.getTime()
const after = (context: Context, ms: number) => new Date(nowMs(context) + ms)

provideDurableRoute()

df.app.activity('echo', { handler: (input: unknown) => input })
df.app.activity('nap', {
  handler: async ({ ms, says = null }: { readonly ms: number; readonly says?: unknown }) => {
    await sleep(ms)
    return says
  },
})
df.app.activity('fail', {
  handler: (message: string) => {
    throw new Error(message)
  },
})
df.app.activity('throw-text', {
  handler: () => {
    throw 'only a text'
  },
})
/** Writes its begin and its end to a file, for a test in another process. */
df.app.activity('noted-nap', {
  handler: async ({ ms, note }: { readonly ms: number; readonly note: string }) => {
    const notes = process.env.CONTRACT_NOTES
    if (notes) appendFileSync(notes, `${note} begins\n`)
    await sleep(ms)
    if (notes) appendFileSync(notes, `${note} ends\n`)
    return note
  },
})
// ---- Timers -----------------------------------------------------------------------------------------------------------

/** The real duration of each of `count` timers of one length. */
df.app.orchestration('timers', function* (context) {
  const { ms, count } = context.df.getInput<{ ms: number; count: number }>()
  const took: number[] = []
  for (let round = 0; round < count; round += 1) {
    const begunMs = nowMs(context)
    yield context.df.createTimer(after(context, ms))
    took.push(nowMs(context) - begunMs)
  }
  return took
})
/** The race is decided at once; the test sees whether the loser delays the end. */
df.app.orchestration('lost-timer', function* (context) {
  const isCancelled = context.df.getInput() === 'cancel'
  const timer = context.df.createTimer(after(context, isCancelled ? 600_000 : 8_000))
  yield context.df.Task.any([context.df.callActivity('echo', 1), timer])
  if (isCancelled) timer.cancel()
  context.df.setCustomStatus('race over')
  return 'done'
})
df.app.orchestration('past-timer', function* (context) {
  yield context.df.createTimer(after(context, -5_000))
  return 'fired'
})
df.app.orchestration('cancel-late', function* (context) {
  const timer = context.df.createTimer(after(context, 0))
  yield timer
  timer.cancel()
  return 'cancelled'
})

// ---- Activities -------------------------------------------------------------------------------------------------------

df.app.orchestration('call', function* (context) {
  const { activity, input } = context.df.getInput<{ activity: string; input: unknown }>()
  try {
    return { result: yield context.df.callActivity(activity, input) }
  } catch (error) {
    return { name: (error as Error).name, message: (error as Error).message }
  }
})
df.app.orchestration('call-unguarded', function* (context) {
  return yield context.df.callActivity('fail', context.df.getInput())
})
df.app.orchestration('fails', function* (context) {
  throw new Error(context.df.getInput<string>())
})
df.app.orchestration('lost-activity', function* (context) {
  const key = context.df.instanceId
  const slow = context.df.callActivity('noted-nap', { ms: 6_000, note: `${key} loser` })
  yield context.df.Task.any([context.df.callActivity('echo', 'quick'), slow])
  yield context.df.callActivity('noted-nap', { ms: 0, note: `${key} next` })
  return 'done'
})
// ---- Children and generations -----------------------------------------------------------------------------------------

df.app.orchestration('child', function* (context) {
  const input = context.df.getInput<{ fails?: string; ms?: number } | null>()
  if (input?.ms !== undefined) yield context.df.createTimer(after(context, input.ms))
  if (input?.fails !== undefined) throw new Error(input.fails)
  return context.df.instanceId
})
df.app.orchestration('parent', function* (context) {
  const { id = false, input = null } = context.df.getInput<{ id?: boolean; input?: unknown }>()
  const asked = id ? `${context.df.instanceId}-kid` : undefined
  try {
    const childId = (yield context.df.callSubOrchestrator('child', input, asked as string)) as string
    return childId === asked ? 'as asked' : childId.replace(/^[0-9a-f-]{32,36}/, 'EXECUTION')
  } catch (error) {
    return { name: (error as Error).name, message: (error as Error).message }
  }
})
df.app.orchestration('generations', function* (context) {
  const { left, of, status } = context.df.getInput<{ left: number; of: number; status?: string }>()
  if (left === of && status !== undefined) context.df.setCustomStatus(status)
  if (left === 0) return `${of} generations`
  yield context.df.callActivity('echo', left)
  return context.df.continueAsNew({ left: left - 1, of, ...(status === undefined ? {} : { status }) })
})
/** The old generation has an activity under way when it continues as new. */
df.app.orchestration('leaves-behind', function* (context) {
  const { sinceMs } = context.df.getInput<{ sinceMs?: number }>()
  if (sinceMs !== undefined) return { sinceMs, waitedMs: nowMs(context) - sinceMs }
  const begunMs = nowMs(context)
  yield context.df.Task.any([context.df.callActivity('nap', { ms: 5_000 }), context.df.callActivity('echo', 1)])
  return context.df.continueAsNew({ sinceMs: begunMs })
})
/** An event that the old generation has not read when the next begins. */
df.app.orchestration('unread', function* (context) {
  if (context.df.getInput<boolean>()) {
    yield context.df.waitForExternalEvent('begin')
    return context.df.continueAsNew(false)
  }
  const timer = context.df.createTimer(after(context, 4_000))
  const event = context.df.waitForExternalEvent('early')
  const winner = yield context.df.Task.any([event, timer])
  if (winner === event) timer.cancel()
  return winner === event ? 'kept' : 'gone'
})
df.app.orchestration('echo-input', function* (context) {
  return context.df.getInput() ?? null
})
df.app.orchestration('inputs-to-child', function* (context) {
  return yield context.df.callSubOrchestrator('echo-input', context.df.getInput<{ given?: unknown }>().given)
})
/** A new generation whose whole input is the text. */
df.app.orchestration('input-of-generation', function* (context) {
  const input = context.df.getInput<{ given: unknown } | string>()
  if (typeof input === 'object' && input !== null && 'given' in input) return context.df.continueAsNew(input.given)
  return input
})

// ---- Status and events ------------------------------------------------------------------------------------------------

df.app.orchestration('status', function* (context) {
  context.df.setCustomStatus('x'.repeat(context.df.getInput<number>()))
  yield context.df.callActivity('echo', 1)
  return 'done'
})
df.app.orchestration('waits', function* (context) {
  return yield context.df.waitForExternalEvent('go')
})
df.app.orchestration('early-events', function* (context) {
  yield context.df.waitForExternalEvent('begin')
  return [yield context.df.waitForExternalEvent('go'), yield context.df.waitForExternalEvent('go')]
})
df.app.orchestration('lost-waiter', function* (context) {
  yield context.df.Task.any([context.df.waitForExternalEvent('go'), context.df.createTimer(after(context, 1_000))])
  context.df.setCustomStatus('waits again')
  const data = yield context.df.waitForExternalEvent('go')
  return [data, yield context.df.callActivity('echo', 'after')]
})
df.app.orchestration('long-child', function* (context) {
  return yield context.df.callSubOrchestrator('child', { ms: 60_000 }, `${context.df.instanceId}-child`)
})
df.app.orchestration('interrupted', function* (context) {
  const note = (what: string) => `${context.df.instanceId} ${what}`
  yield context.df.callActivity('noted-nap', { ms: 0, note: note('first') })
  yield context.df.callActivity('noted-nap', { ms: 6_000, note: note('second') })
  return ['first', 'second']
})
