/**
 * What orchestrators may rely on: each row lets something happen and states the result that the Durable extension showed. Both engines
 * are held to every row; where the local engine differs on purpose, DIFFERENCES has its result and the reason.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { EngineHost, Status } from './engines.ts'

export interface Row {
  readonly habit: string
  readonly observe: (host: EngineHost) => Promise<unknown>
  readonly seen: unknown
}

export interface Difference {
  /** What the local engine shows. */
  readonly seen: unknown
  readonly why: string
}

const completed = (output: unknown) => ({ runtimeStatus: 'Completed', output })
const failed = (output: string) => ({ runtimeStatus: 'Failed', output })

// ---- Observations -----------------------------------------------------------------------------------------------------

const run =
  (orchestrator: string, input?: unknown, withinMs?: number) =>
  async (host: EngineHost): Promise<unknown> =>
    endOf(await host.end(await host.begin(orchestrator, input), withinMs))

/** The final status, or the status so far. */
const endOf = ({ runtimeStatus, output }: Status) => ({ runtimeStatus, output: withoutDetails(output) })

/** The message of a failure, without stacks and serialized exceptions, which differ with the sources of each engine. */
function withoutDetails(output: unknown): unknown {
  if (typeof output === 'string') return output.split(/ \n| on task \d/)[0]
  if (typeof output !== 'object' || output === null || Array.isArray(output)) return output
  return Object.fromEntries(Object.entries(output).map(([name, value]) => [name, withoutDetails(value)]))
}

/** `act` happens while the instance runs. */
const during =
  (orchestrator: string, input: unknown, act: (host: EngineHost, id: string) => Promise<unknown>) =>
  async (host: EngineHost): Promise<unknown> => {
    const id = await host.begin(orchestrator, input)
    await host.reaches(id, 'Running')
    const seen = await act(host, id)
    return { ...(seen === undefined ? {} : { seen }), ...endOf(await host.end(id)) }
  }

/** A turn begins a little before the storage reads its clock. */
const CLOCKS_APART_MS = 200

/** Every timer may be late. Only an engine that fires early shows a short one, and it cuts a second at most. */
const shortestOf = (ms: number, count: number) => async (host: EngineHost) => {
  const { output } = await host.end(await host.begin('timers', { ms, count }))
  const shortestMs = Math.min(...(output as number[]))
  return { isEarly: shortestMs < ms, isCutByASecondAtMost: shortestMs >= ms - 1_000 - CLOCKS_APART_MS }
}

/**
 * How long the instance lasted, by its own times: a load on the machine makes waits longer, and no wait shorter. Each timer in it may be
 * cut by a second, and so may the difference of two times.
 */
const lastsAtLeast = (seconds: number, orchestrator: string, input?: unknown) => async (host: EngineHost) => {
  const end = await host.end(await host.begin(orchestrator, input))
  const lastedMs = Date.parse(end.lastUpdatedTime) - Date.parse(end.createdTime)
  return { ...endOf(end), isLongEnough: lastedMs >= seconds * 1000 }
}

const raiseApart = async (host: EngineHost, id: string, ...data: readonly unknown[]): Promise<void> => {
  for (const one of data) {
    await host.client('raiseEvent', id, 'go', one)
    await sleep(2_000)
  }
}

const errorOf = (called: { readonly error?: string }): string =>
  (called.error ?? 'no error').split(',"ExceptionMessage')[0] ?? ''

// ---- The rows ---------------------------------------------------------------------------------------------------------

const TIMERS: readonly Row[] = [
  {
    habit: 'a timer of less than a second fires at once',
    observe: shortestOf(900, 6),
    seen: { isEarly: true, isCutByASecondAtMost: true },
  },
  {
    habit: 'a timer is cut to whole seconds',
    observe: shortestOf(2_900, 4),
    seen: { isEarly: true, isCutByASecondAtMost: true },
  },
  { habit: 'a timer whose time has passed fires', observe: run('past-timer'), seen: completed('fired') },
  {
    habit: 'a timer that lost a race and was cancelled does not delay the end',
    observe: run('lost-timer', 'cancel'),
    seen: completed('done'),
  },
  {
    habit: 'a timer that lost a race and was left alone delays the end',
    observe: lastsAtLeast(6, 'lost-timer', 'leave'),
    seen: { ...completed('done'), isLongEnough: true },
  },
  {
    habit: 'cancelling a timer that has fired throws',
    observe: run('cancel-late'),
    seen: failed("Orchestrator function 'cancel-late' failed: Cannot cancel a completed task."),
  },
]

const activityFailed = (activity: string, message: string) =>
  completed({ name: 'Error', message: `Activity function '${activity}' failed:  ${message}` })

const ACTIVITIES: readonly Row[] = [
  {
    habit: 'the message of an activity that failed',
    observe: run('call', { activity: 'fail', input: 'no quota' }),
    seen: activityFailed('fail', 'no quota'),
  },
  {
    habit: 'the message of an activity that failed in two lines',
    observe: run('call', { activity: 'fail', input: 'one\ntwo' }),
    seen: activityFailed('fail', 'one\ntwo'),
  },
  {
    habit: 'the message of an activity that threw a text',
    observe: run('call', { activity: 'throw-text' }),
    seen: activityFailed('throw-text', 'only a text'),
  },
  {
    habit: 'the output of an orchestrator that an activity failed',
    observe: run('call-unguarded', 'no quota'),
    seen: failed("Orchestrator function 'call-unguarded' failed: Activity function 'fail' failed:  no quota"),
  },
  {
    habit: 'the output of an orchestrator that threw',
    observe: run('fails', 'one\ntwo'),
    seen: failed("Orchestrator function 'fails' failed: one\ntwo"),
  },
  {
    habit: 'an activity that does not exist is waited for',
    observe: run('call', { activity: 'nowhere' }, 10_000),
    seen: { runtimeStatus: 'Running', output: null },
  },
  {
    habit: 'an orchestrator that does not exist is accepted',
    observe: async (host) =>
      errorOf((await host.client('startNew', 'nowhere', { instanceId: randomUUID() })) as { error?: string }),
    seen: 'no error',
  },
  {
    habit: 'an activity that lost a race delays the end, and not the next step',
    observe: async (host) => {
      const id = await host.begin('lost-activity')
      const end = endOf(await host.end(id))
      return { ...end, order: host.notes().flatMap((line) => (line.startsWith(id) ? [line.slice(id.length + 1)] : [])) }
    },
    seen: { ...completed('done'), order: ['loser begins', 'next begins', 'next ends', 'loser ends'] },
  },
]

const CHILDREN: readonly Row[] = [
  { habit: 'a child has the id that was asked for', observe: run('parent', { id: true }), seen: completed('as asked') },
  { habit: 'a child has an id of the execution otherwise', observe: run('parent', {}), seen: completed('EXECUTION:0') },
  {
    habit: 'a child that fails',
    observe: run('parent', { input: { fails: 'no quota' } }),
    seen: completed({ name: 'Error', message: "Orchestrator function 'child' failed: no quota" }),
  },
  {
    habit: 'twenty generations',
    observe: run('generations', { left: 20, of: 20 }),
    seen: completed('20 generations'),
  },
  {
    habit: 'the custom status of an earlier generation is kept until the next turn sets none',
    observe: async (host) =>
      (await host.end(await host.begin('generations', { left: 2, of: 2, status: 'old' }))).customStatus,
    seen: null,
  },
  {
    habit: 'an activity left behind delays the new generation, and the instance is created with it',
    observe: async (host) => {
      const { output, createdTime } = await host.end(await host.begin('leaves-behind', {}))
      const { sinceMs, waitedMs } = output as { readonly sinceMs: number; readonly waitedMs: number }
      return { isLongEnough: waitedMs >= 4_500, isCreatedWithIt: Date.parse(createdTime) - sinceMs >= 3_500 }
    },
    seen: { isLongEnough: true, isCreatedWithIt: true },
  },
  {
    habit: 'an event that the old generation has not read is dropped',
    observe: during('unread', true, async (host, id) => {
      await host.client('raiseEvent', id, 'early', 1)
      await sleep(2_000)
      await host.client('raiseEvent', id, 'begin', 1)
    }),
    seen: completed('gone'),
  },
]

/** Each goes through an activity and back, to a child, and to a new generation. */
const VALUES: readonly unknown[] = [
  'text',
  '"quoted"',
  '',
  '0',
  'null',
  '2026-01-01T00:00:00.100Z',
  { at: '2026-01-01T00:00:00.400Z', big: 2 ** 53, deep: [{ a: [null, 1.5, true] }], text: 'ü€🙂' },
  0,
  false,
  null,
  [],
]

const PAYLOADS: readonly Row[] = VALUES.flatMap((given) => [
  {
    habit: `${JSON.stringify(given)} arrives in an activity, and comes back`,
    observe: run('call', { activity: 'echo', input: given }),
    // The binding of an activity takes text.
    seen: completed({ result: given === false ? 'False' : given }),
  },
  {
    habit: `${JSON.stringify(given)} arrives in a child`,
    observe: run('inputs-to-child', { given }),
    seen: completed(given),
  },
  {
    habit: `${JSON.stringify(given)} arrives in a new generation`,
    observe: run('input-of-generation', { given }),
    // The library makes JSON text of a text, and the extension takes it for the text itself.
    seen: completed(typeof given === 'string' ? JSON.stringify(given) : given),
  },
])

const INSTANCES: readonly Row[] = [
  { habit: 'a custom status of less than 17 KB fits', observe: run('status', 8_701), seen: completed('done') },
  {
    habit: 'a custom status of 17 KB fails its orchestrator',
    observe: run('status', 8_702),
    seen: failed(
      "Orchestrator function 'status' failed: The UTF-16 size of the JSON-serialized payload must not exceed 16 KB. The current payload size is 17 KB.",
    ),
  },
  {
    habit: 'an id that is in use is refused',
    observe: during('waits', null, async (host, id) => {
      const seen = errorOf((await host.client('startNew', 'waits', { instanceId: id })) as { error?: string })
      await host.client('raiseEvent', id, 'go', 1)
      return seen
    }),
    seen: {
      seen: 'The operation failed with an unexpected status code: 409. Details: {"Message":"An Orchestration instance with the status Running already exists."}',
      ...completed(1),
    },
  },
  {
    habit: 'an id that has ended is started again',
    observe: async (host) => {
      const id = await host.begin('echo-input', 1)
      await host.end(id)
      await host.begin('echo-input', 2, id)
      return (await host.reaches(id, 'Completed', ({ output }) => output === 2)).output
    },
    seen: 2,
  },
  {
    habit: 'an instance that does not exist is named',
    observe: async (host) =>
      Promise.all([
        host.client('getStatus', 'unknown'),
        host.client('raiseEvent', 'unknown', 'go', 1),
        host.client('terminate', 'unknown', 'enough'),
      ]),
    seen: [
      {
        error:
          'DurableClient error: Durable Functions extension replied with HTTP 404 response. ' +
          'This usually means we could not find any data associated with the instanceId provided: unknown.',
      },
      { error: "No instance with ID 'unknown' found." },
      { error: "No instance with ID 'unknown' found." },
    ],
  },
  {
    habit: 'an instance that has ended accepts messages and does not change',
    observe: async (host) => {
      const id = await host.begin('echo-input', 1)
      await host.end(id)
      const called = [await host.client('raiseEvent', id, 'go', 1), await host.client('terminate', id, 'enough')]
      return { called, ...endOf(await host.end(id)) }
    },
    seen: { called: [{ result: null }, { result: null }], ...completed(1) },
  },
  {
    habit: 'the times of a status are whole seconds',
    observe: async (host) => {
      const { createdTime, lastUpdatedTime } = await host.end(await host.begin('echo-input', 1))
      return [createdTime, lastUpdatedTime].map((time) => new Date(time).getUTCMilliseconds())
    },
    seen: [0, 0],
  },
  {
    habit: 'terminate ends an instance with its reason',
    observe: during('waits', null, async (host, id) => host.client('terminate', id, 'enough')),
    seen: { seen: { result: null }, runtimeStatus: 'Terminated', output: 'enough' },
  },
  {
    habit: 'terminate does not reach the children',
    observe: during('long-child', null, async (host, id) => {
      await host.reaches(`${id}-child`, 'Running')
      await host.client('terminate', id, 'enough')
      await host.end(id)
      const { runtimeStatus } = await host.status(`${id}-child`)
      await host.client('terminate', `${id}-child`, 'enough')
      return runtimeStatus
    }),
    seen: { seen: 'Running', runtimeStatus: 'Terminated', output: 'enough' },
  },
]

const EVENTS: readonly Row[] = [
  {
    habit: 'events that come before their reader wait for it in order',
    observe: during('early-events', null, async (host, id) => {
      await raiseApart(host, id, 'first', 'second')
      await host.client('raiseEvent', id, 'begin', 1)
    }),
    seen: completed(['first', 'second']),
  },
  {
    habit: 'a waiter that lost a race does not take the event of a later one',
    observe: during('lost-waiter', null, async (host, id) => {
      await host.reaches(id, 'Running', ({ customStatus }) => customStatus === 'waits again')
      await host.client('raiseEvent', id, 'go', 'late')
    }),
    seen: completed(['late', 'after']),
  },
  {
    habit: 'an event without data is refused',
    observe: during('waits', null, async (host, id) => {
      const seen = errorOf((await host.client('raiseEvent', id, 'go')) as { error?: string })
      await host.client('terminate', id, 'enough')
      return seen
    }),
    seen: {
      seen: 'The operation failed with an unexpected status code: 400. Details: {"Message":"Invalid JSON content"',
      runtimeStatus: 'Terminated',
      output: 'enough',
    },
  },
]

export const ROWS: readonly Row[] = [...TIMERS, ...ACTIVITIES, ...CHILDREN, ...PAYLOADS, ...INSTANCES, ...EVENTS]

// ---- Where the local engine differs on purpose ------------------------------------------------------------------------

export const DIFFERENCES: Readonly<Record<string, Difference>> = {
  'an activity that does not exist is waited for': {
    seen: failed(
      "Orchestrator function 'call' failed: The function 'nowhere' doesn't exist, is disabled, or is not an activity function.",
    ),
    why: 'a misspelt name is an error of the code; the local engine reports it in the turn it happens, and Azure waits',
  },
  'an orchestrator that does not exist is accepted': {
    seen: 'The operation failed with an unexpected status code: 400. Details: {"Message":"One or more of the arguments submitted is incorrect"',
    why: 'as above: Azure accepts the start and runs nothing',
  },
  'false arrives in an activity, and comes back': {
    seen: completed({ result: false }),
    why: 'the text comes from the binding of the program that hosts the extension; it was not observed on the Functions host, and the app passes objects',
  },
}
