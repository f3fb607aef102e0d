/** What orchestrations may rely on: each test is a fact about durable-functions 3.5.0 under its host. */
import { InvocationContext } from '@azure/functions'
import * as df from 'durable-functions'
import { createOrchestrator } from 'durable-functions/lib/src/util/testingUtils.js'
import { expect, test } from 'vitest'
import { VirtualClock } from '../../infra/local/functions-host/engine/clock.ts'
import { Engine } from '../../infra/local/functions-host/engine/engine.ts'
import { newInstance, withMessage, withTurn } from '../../infra/local/functions-host/engine/instance.ts'
import { MemoryJournal } from '../../infra/local/functions-host/engine/journal.ts'
import { eventRaised, terminated } from '../../infra/local/functions-host/engine/messages.ts'
import type { OrchestratorFunction } from '../../infra/local/functions-host/engine/turn.ts'
import { EventType } from '../../infra/local/functions-host/engine/wire.ts'
import { type Fakes, type PlayOptions, play } from '../support/play.ts'

type Context = df.OrchestrationContext
const SECOND_MS = 1_000
const inMs = (context: Context, ms: number) => new Date(context.df.currentUtcDateTime.getTime() + ms)
const boom = () => {
  throw new Error('boom')
}

test('an activity gets its input and gives its output, both through JSON', async () => {
  function* one(context: Context): Generator<df.Task, unknown, unknown> {
    return yield context.df.callActivity('echo', { at: new Date(0), gone: undefined, list: [1, null] })
  }
  const { output, calls, status } = await play(one, null, { echo: (input) => ({ input, gone: undefined }) })
  expect({ output, calls, status }).toEqual({
    status: 'Completed',
    output: { input: { at: '1970-01-01T00:00:00.000Z', list: [1, null] } },
    calls: [
      { name: 'echo', input: { at: '1970-01-01T00:00:00.000Z', list: [1, null] }, instanceId: 'play', atMs: 0, run: 1 },
    ],
  })
})

test.each([
  ['text', 'text'],
  ['"quoted"', '"quoted"'],
  ['', ''],
  [0, 0],
  [false, false],
  [null, null],
  [undefined, null],
  [[], []],
])('the input %j arrives as %j in an activity, a child and a new generation', async (given, seen) => {
  function* child(context: Context): Generator<df.Task, unknown, unknown> {
    return context.df.getInput()
  }
  function* parent(context: Context): Generator<df.Task, unknown, unknown> {
    const input = context.df.getInput<{ again: unknown } | 'first'>()
    if (input === 'first') return context.df.continueAsNew({ again: given })
    const activity = yield context.df.callActivity('echo', given)
    const sub = yield context.df.callSubOrchestrator('child', given)
    return { activity, sub, input }
  }
  const { output } = await play(parent, 'first', { echo: (input) => input }, { orchestrators: { child } })
  expect(output).toEqual({ activity: seen, sub: seen, input: given === undefined ? {} : { again: given } })
})

test("a string goes through continueAsNew as JSON text, because the extension takes the library's JSON text for it", async () => {
  function* twice(context: Context): Generator<df.Task, unknown, unknown> {
    const input = context.df.getInput<string>()
    if (input === 'first') return context.df.continueAsNew('second')
    return input
  }
  expect((await play(twice, 'first', {})).output).toBe('"second"')
})

test.each([false, true])(
  'a failed activity throws what the host says of it (structured details: %s)',
  async (failureDetails) => {
    function* failing(context: Context): Generator<df.Task, unknown, unknown> {
      try {
        return yield context.df.callActivity('boom')
      } catch (error) {
        return { structured: error instanceof df.TaskFailedError, says: (error as Error).message.includes('boom') }
      }
    }
    const { output } = await play(failing, null, { boom }, { failureDetails })
    expect(output).toEqual({ structured: failureDetails, says: true })
  },
)

test('an orchestrator that throws fails, and its message is the output', async () => {
  function* failing(context: Context): Generator<df.Task, unknown, unknown> {
    yield context.df.callActivity('nothing')
    throw new Error('no quota')
  }
  const { status, error, output } = await play(failing, null, { nothing: () => null })
  expect({ status, error, output }).toEqual({
    status: 'Failed',
    error: "Orchestrator function 'failing' failed: no quota",
    output: null,
  })
})

test('finally runs when a step fails', async () => {
  function* guarded(context: Context): Generator<df.Task, unknown, unknown> {
    try {
      yield context.df.callActivity('boom')
    } finally {
      yield context.df.callActivity('cleanUp')
    }
    return 'not reached'
  }
  const { status, calls } = await play(guarded, null, { boom, cleanUp: () => null })
  expect({ status, names: calls.map((call) => call.name) }).toEqual({ status: 'Failed', names: ['boom', 'cleanUp'] })
})

test('retries back off, and one more back-off follows the last attempt', async () => {
  function* retrying(context: Context): Generator<df.Task, unknown, unknown> {
    const options = new df.RetryOptions(10 * SECOND_MS, 3)
    options.backoffCoefficient = 2
    try {
      return yield context.df.callActivityWithRetry('boom', options)
    } catch {
      return 'gave up'
    }
  }
  const { output, calls, endedAtMs } = await play(retrying, null, { boom })
  expect({ output, at: calls.map((call) => call.atMs), endedAtMs }).toEqual({
    output: 'gave up',
    at: [0, 10_000, 30_000],
    endedAtMs: 70_000,
  })
})

test('a retry that succeeds gives its output', async () => {
  let attempts = 0
  function* retrying(context: Context): Generator<df.Task, unknown, unknown> {
    const output = yield context.df.callActivityWithRetry('flaky', new df.RetryOptions(SECOND_MS, 5))
    return [output, yield context.df.callActivity('after')]
  }
  const flaky = () => {
    attempts += 1
    return attempts < 3 ? boom() : attempts
  }
  const { output, endedAtMs } = await play(retrying, null, { flaky, after: () => 'after' })
  expect({ output, endedAtMs }).toEqual({ output: [3, 'after'], endedAtMs: 2_000 })
})

test('the longest retry interval is a cap', async () => {
  function* retrying(context: Context): Generator<df.Task, unknown, unknown> {
    const options = new df.RetryOptions(10 * SECOND_MS, 4)
    options.backoffCoefficient = 10
    options.maxRetryIntervalInMilliseconds = 20 * SECOND_MS
    try {
      return yield context.df.callActivityWithRetry('boom', options)
    } catch {
      return null
    }
  }
  const { calls } = await play(retrying, null, { boom })
  expect(calls.map((call) => call.atMs)).toEqual([0, 10_000, 30_000, 50_000])
})

test('a retry that runs out of its total time is refused, because in Azure it would hang', async () => {
  function* retrying(context: Context): Generator<df.Task, unknown, unknown> {
    const options = new df.RetryOptions(10 * SECOND_MS, 10)
    options.retryTimeoutInMilliseconds = 15 * SECOND_MS
    return yield context.df.callActivityWithRetry('boom', options)
  }
  const { status, error } = await play(retrying, null, { boom })
  expect({ status, error }).toEqual({ status: 'Failed', error: expect.stringContaining('retryTimeoutInMilliseconds') })
})

test('a sub-orchestration has an id of its own, knows its parent, and gives its output', async () => {
  function* child(context: Context): Generator<df.Task, unknown, unknown> {
    yield context.df.createTimer(inMs(context, 5_000))
    const id = context.df.instanceId.replace(/^[0-9a-f-]{36}/, 'execution')
    return [id, context.df.parentInstanceId, context.df.getInput()]
  }
  function* parent(context: Context): Generator<df.Task, unknown, unknown> {
    const chosen = yield context.df.callSubOrchestrator('child', 'kid', 'my-child')
    const given = yield context.df.callSubOrchestrator('child', { n: 1 })
    return { chosen, given }
  }
  const { output, endedAtMs } = await play(parent, null, {}, { orchestrators: { child } })
  expect({ output, endedAtMs }).toEqual({
    output: { chosen: ['my-child', 'play', 'kid'], given: ['execution:1', 'play', { n: 1 }] },
    endedAtMs: 10_000,
  })
})

test('a failed sub-orchestration throws in its parent', async () => {
  function* child(context: Context): Generator<df.Task, unknown, unknown> {
    return yield context.df.callActivity('boom')
  }
  function* parent(context: Context): Generator<df.Task, unknown, unknown> {
    try {
      return yield context.df.callSubOrchestrator('child')
    } catch (error) {
      return (
        (error as Error).message.includes("Orchestrator function 'child' failed") &&
        (error as Error).message.includes('boom')
      )
    }
  }
  expect((await play(parent, null, { boom }, { orchestrators: { child } })).output).toBe(true)
})

test('currentUtcDateTime stands still within a turn and rises from turn to turn', async () => {
  function* clock(context: Context): Generator<df.Task, unknown, unknown> {
    const seen = [context.df.currentUtcDateTime.toISOString()]
    yield context.df.callActivity('slow')
    seen.push(context.df.currentUtcDateTime.toISOString())
    yield context.df.createTimer(inMs(context, 60_000))
    seen.push(context.df.currentUtcDateTime.toISOString())
    return seen
  }
  const { output } = await play(clock, null, { slow: (_, call) => call.takes(1_500) })
  expect(output).toEqual(['2026-01-01T00:00:00.000Z', '2026-01-01T00:00:01.500Z', '2026-01-01T00:01:01.500Z'])
})

test('a poll loop with a deadline ends at its deadline', async () => {
  function* polling(context: Context): Generator<df.Task, unknown, unknown> {
    const deadline = inMs(context, 60_000)
    let polls = 0
    while (context.df.currentUtcDateTime < deadline) {
      polls += 1
      yield context.df.callActivity('poll')
      yield context.df.createTimer(inMs(context, 15_000))
    }
    return polls
  }
  const { output, endedAtMs } = await play(polling, null, { poll: (_, call) => call.takes(100) })
  expect({ output, endedAtMs }).toEqual({ output: 4, endedAtMs: 60_400 })
})

test('a timer of ten days fires on time, by way of shorter ones', async () => {
  function* patient(context: Context): Generator<df.Task, unknown, unknown> {
    yield context.df.createTimer(inMs(context, 10 * 86_400_000))
    return yield context.df.callActivity('after')
  }
  const { output, endedAtMs } = await play(patient, null, { after: () => 'after' })
  expect({ output, endedAtMs }).toEqual({ output: 'after', endedAtMs: 10 * 86_400_000 })
})

test('Task.all gives the outputs in the order of the calls', async () => {
  function* all(context: Context): Generator<df.Task, unknown, unknown> {
    return yield context.df.Task.all(['a', 'b', 'c'].map((name) => context.df.callActivity('work', name)))
  }
  const work = (name: string, call: { takes(ms: number): void }) => {
    call.takes(name === 'a' ? 3_000 : 1_000)
    return name
  }
  const { output, calls, endedAtMs } = await play(all, null, { work })
  expect({ output, at: calls.map((call) => call.atMs), endedAtMs }).toEqual({
    output: ['a', 'b', 'c'],
    at: [0, 0, 0],
    endedAtMs: 3_000,
  })
})

test('Task.all throws the first error at once, and the next step waits until every task has ended', async () => {
  let now = ''
  function* all(context: Context): Generator<df.Task, unknown, unknown> {
    try {
      yield context.df.Task.all([context.df.callActivity('boom'), context.df.callActivity('slow')])
    } catch {
      now = context.df.currentUtcDateTime.toISOString()
      yield context.df.callActivity('after')
    }
    return now
  }
  const slow = (_: unknown, call: { takes(ms: number): void }) => call.takes(9_000)
  const { output, calls } = await play(all, null, { boom, slow, after: () => null })
  expect({ output, at: calls.map(({ name, atMs }) => [name, atMs]) }).toEqual({
    output: '2026-01-01T00:00:00.000Z',
    at: [
      ['boom', 0],
      ['slow', 0],
      ['after', 9_000],
    ],
  })
})

test('a Task.all that fails while another of its tasks retries is refused, because Azure would mix up the answers', async () => {
  function* all(context: Context): Generator<df.Task, unknown, unknown> {
    const retry = new df.RetryOptions(SECOND_MS, 5)
    try {
      yield context.df.Task.all([context.df.callActivity('boom'), context.df.callActivityWithRetry('flaky', retry)])
    } catch {
      return yield context.df.callActivity('after')
    }
    return 'not reached'
  }
  const flaky = (_: unknown, call: { takes(ms: number): void }) => {
    call.takes(500)
    boom()
  }
  const { status, error } = await play(all, null, { boom, flaky, after: () => null })
  expect({ status, error }).toEqual({ status: 'Failed', error: expect.stringContaining('disagree on task') })
})

test('Task.any gives the winning task and never throws', async () => {
  function* any(context: Context): Generator<df.Task, unknown, df.Task> {
    const failing = context.df.callActivity('boom')
    const winner = yield context.df.Task.any([failing, context.df.callActivity('slow')])
    return [winner === failing, winner.isFaulted]
  }
  const slow = (_: unknown, call: { takes(ms: number): void }) => call.takes(5_000)
  const { output, endedAtMs } = await play(any, null, { boom, slow })
  // It completes only when the loser has ended as well.
  expect({ output, endedAtMs }).toEqual({ output: [true, true], endedAtMs: 5_000 })
})

test('a task that is yielded again inside a new Task.any is refused, because Azure would start it twice', async () => {
  function* any(context: Context): Generator<df.Task, unknown, df.Task> {
    const timer = context.df.createTimer(inMs(context, 60_000))
    yield context.df.Task.any([timer, context.df.callActivity('quick')])
    yield context.df.Task.any([timer, context.df.callActivity('quick')])
    timer.cancel()
    return 'done'
  }
  const { status, error } = await play(any, null, { quick: () => null })
  expect({ status, error }).toEqual({ status: 'Failed', error: expect.stringContaining('yielded again') })
})

test.each([
  ['cancelled', true, 2_000],
  ['left alone', false, 60_000],
])('a timer that lost and is %s lets the orchestration complete at the right time', async (_how, cancel, endedAtMs) => {
  function* racing(context: Context): Generator<df.Task, unknown, df.Task> {
    const timer = context.df.createTimer(inMs(context, 60_000))
    const winner = yield context.df.Task.any([context.df.waitForExternalEvent('go'), timer])
    if (cancel) timer.cancel()
    return winner.result
  }
  const played = await play(racing, null, {}, { incidents: [{ atMs: 2_000, event: 'go', data: { n: 1 } }] })
  expect({ output: played.output, endedAtMs: played.endedAtMs }).toEqual({ output: { n: 1 }, endedAtMs })
})

test('cancelling a timer that has fired throws', async () => {
  function* late(context: Context): Generator<df.Task, unknown, unknown> {
    const timer = context.df.createTimer(inMs(context, 1_000))
    yield timer
    timer.cancel()
    return 'not reached'
  }
  const { error } = await play(late, null, {})
  expect(error).toContain('Cannot cancel a completed task')
})

test.each(['all', 'any'] as const)('Task.%s of nothing throws', async (kind) => {
  function* empty(context: Context): Generator<df.Task, unknown, unknown> {
    return yield context.df.Task[kind]([])
  }
  expect((await play(empty, null, {})).error).toContain('at least one Task')
})

test('an event that arrives early waits for its reader, in order', async () => {
  function* reader(context: Context): Generator<df.Task, unknown, unknown> {
    yield context.df.callActivity('slow')
    return [yield context.df.waitForExternalEvent('e'), yield context.df.waitForExternalEvent('e')]
  }
  const { output } = await play(
    reader,
    null,
    { slow: (_, call) => call.takes(10_000) },
    {
      incidents: [
        { atMs: 1, event: 'e', data: 'first' },
        { atMs: 2, event: 'e', data: 'second' },
        { atMs: 3, event: 'other', data: 'ignored' },
      ],
    },
  )
  expect(output).toEqual(['first', 'second'])
})

test('the last waiter for a name is served first', async () => {
  function* readers(context: Context): Generator<df.Task, unknown, unknown> {
    return yield context.df.Task.all([context.df.waitForExternalEvent('e'), context.df.waitForExternalEvent('e')])
  }
  const { output } = await play(
    readers,
    null,
    {},
    {
      incidents: [
        { atMs: 1, event: 'e', data: 'first' },
        { atMs: 2, event: 'e', data: 'second' },
      ],
    },
  )
  expect(output).toEqual(['second', 'first'])
})

test('an event without data gives undefined', async () => {
  function* reader(context: Context): Generator<df.Task, unknown, unknown> {
    return { data: yield context.df.waitForExternalEvent('e') }
  }
  expect((await play(reader, null, {}, { incidents: [{ atMs: 5, event: 'e' }] })).output).toEqual({})
})

test('continueAsNew begins with an empty history and drops the events that nobody had read', async () => {
  function* loop(context: Context): Generator<df.Task, unknown, unknown> {
    const round = context.df.getInput<number>()
    if (round === 0) {
      yield context.df.createTimer(inMs(context, 10_000))
      return context.df.continueAsNew(1)
    }
    const timer = context.df.createTimer(inMs(context, 30_000))
    const event = context.df.waitForExternalEvent('e')
    const winner = yield context.df.Task.any([event, timer])
    return winner === timer ? 'the event is gone' : 'the event was kept'
  }
  const { output, longestHistory } = await play(loop, 0, {}, { incidents: [{ atMs: 1_000, event: 'e' }] })
  expect({ output, longestHistory }).toEqual({ output: 'the event is gone', longestHistory: 8 })
})

test('an event that arrives while the last turn of a generation is taken goes to the next one', () => {
  const start = { instanceId: 'i', executionId: 'e', name: 'loop', version: null, input: null, parent: null }
  const at = '2026-01-01T00:00:00.000Z'
  const answer = { EventType: EventType.TaskCompleted, EventId: -1, Timestamp: at, TaskScheduledId: 7, Result: '1' }
  const before = [eventRaised('e', '1'), answer].reduce(withMessage, newInstance(start, at))
  const turn = {
    consumed: 1,
    events: [],
    status: 'ContinuedAsNew',
    customStatus: null,
    output: null,
    at,
    nextInput: '2',
  } as const
  const after = withTurn(before, turn)
  expect({
    generation: after.generation,
    input: after.input,
    inbox: after.inbox.map((event) => event.EventType),
  }).toEqual({
    generation: 1,
    input: '2',
    inbox: [EventType.ExecutionStarted, EventType.EventRaised],
  })
})

test('a new generation begins when all that the old one started has answered, as in DurableTask.Core', async () => {
  function* loop(context: Context): Generator<df.Task, unknown, unknown> {
    const isNew = context.df.getInput() === 2
    const work = context.df.callActivity('name', isNew ? 'new' : 'old')
    if (isNew) return yield work
    yield context.df.Task.any([work, context.df.createTimer(inMs(context, 1_000))])
    return context.df.continueAsNew(2)
  }
  const name = (input: string, call: { takes(ms: number): void }) => {
    call.takes(5_000)
    return input
  }
  // The race is lost at 1 s; the old work is done at 5 s, and only then the new work begins.
  const { output, endedAtMs } = await play(loop, 1, { name })
  expect({ output, endedAtMs }).toEqual({ output: 'new', endedAtMs: 10_000 })
})

test('a waiter that lost a race does not keep a later one from its event', async () => {
  function* racing(context: Context): Generator<df.Task, unknown, unknown> {
    yield context.df.Task.any([context.df.waitForExternalEvent('e'), context.df.createTimer(inMs(context, 1_000))])
    const data = yield context.df.waitForExternalEvent('e')
    return [data, yield context.df.callActivity('after')]
  }
  const { output } = await play(
    racing,
    null,
    { after: () => 'after' },
    { incidents: [{ atMs: 5_000, event: 'e', data: 1 }] },
  )
  expect(output).toEqual([1, 'after'])
})

test('an activity of an orchestration that was ended does not answer the next one under the same id', async () => {
  const clock = new VirtualClock(0)
  const released: (() => void)[] = []
  const waits = createOrchestrator(function* (context) {
    return yield context.df.callActivity('work', context.df.getInput())
  }) as OrchestratorFunction
  const engine = new Engine({
    clock,
    journal: new MemoryJournal(),
    app: {
      orchestrator: () => waits,
      hasActivity: () => true,
      runActivity: ({ input }) => new Promise((resolve) => released.push(() => resolve(input))),
      newContext: () => new InvocationContext({ logHandler: () => undefined }),
    },
  })
  const start = (input: string) => engine.start({ instanceId: 'i', name: 'waits', version: null, input, parent: null })
  const turns = () => new Promise(setImmediate)
  start('"old"')
  await turns()
  engine.send('i', terminated('enough'))
  await turns()
  start('"new"')
  await turns()
  released[0]?.()
  await turns()
  expect(engine.get('i')?.status).toBe('Running')
  released[1]?.()
  await turns()
  expect(engine.get('i')).toMatchObject({ status: 'Completed', output: '"new"' })
})

test('a custom status is seen from turn to turn and survives continueAsNew', async () => {
  function* speaking(context: Context): Generator<df.Task, unknown, unknown> {
    if (context.df.getInput() === 2) {
      yield context.df.createTimer(inMs(context, 1_000))
      return 'done'
    }
    context.df.setCustomStatus({ phase: 'one' })
    yield context.df.createTimer(inMs(context, 1_000))
    context.df.setCustomStatus({ phase: 'two' })
    yield context.df.createTimer(inMs(context, 1_000))
    return context.df.continueAsNew(2)
  }
  const { customStatuses } = await play(speaking, 1, {})
  expect(customStatuses.slice(0, 2)).toEqual([
    { atMs: 0, value: { phase: 'one' } },
    { atMs: 1_000, value: { phase: 'two' } },
  ])
})

test.each([
  [8_701, 'Completed'],
  [8_702, 'Failed'],
])('a custom status of %i characters and two quotes leaves the instance %s', async (length, wanted) => {
  function* speaking(context: Context): Generator<df.Task, unknown, unknown> {
    context.df.setCustomStatus('x'.repeat(length))
    return null
  }
  const { status, error } = await play(speaking, null, {})
  expect({ status, why: error?.includes('must not exceed 16 KB') ?? false }).toEqual({
    status: wanted,
    why: wanted === 'Failed',
  })
})

test('terminate ends an instance at once, without finally, while its activity goes on', async () => {
  const done: string[] = []
  function* guarded(context: Context): Generator<df.Task, unknown, unknown> {
    try {
      yield context.df.callActivity('slow')
    } finally {
      yield context.df.callActivity('cleanUp')
    }
    return 'not reached'
  }
  const slow = (_: unknown, call: { takes(ms: number): void }) => {
    call.takes(9_000)
    done.push('slow')
  }
  const { status, error, endedAtMs } = await play(
    guarded,
    null,
    { slow, cleanUp: () => done.push('cleanUp') },
    {
      incidents: [{ atMs: 1_000, terminate: 'pressed twice' }],
    },
  )
  expect({ status, error, endedAtMs, done }).toEqual({
    status: 'Terminated',
    error: 'pressed twice',
    endedAtMs: 1_000,
    done: ['slow'],
  })
})

test('a suspended instance holds what arrives and goes on when it is resumed', async () => {
  function* steps(context: Context): Generator<df.Task, unknown, unknown> {
    yield context.df.callActivity('slow')
    yield context.df.callActivity('next')
    return context.df.currentUtcDateTime.toISOString()
  }
  const fakes: Fakes = { slow: (_, call) => call.takes(2_000), next: () => null }
  const { output, calls } = await play(steps, null, fakes, {
    incidents: [
      { atMs: 1_000, suspend: 'wait' },
      { atMs: 60_000, resume: 'go' },
    ],
  })
  expect({ output, at: calls.map((call) => call.atMs) }).toEqual({
    output: '2026-01-01T00:01:00.000Z',
    at: [0, 60_000],
  })
})

test('newGuid gives the same value in every replay', async () => {
  const seen = new Set<string>()
  function* guids(context: Context): Generator<df.Task, unknown, unknown> {
    const guid = context.df.newGuid('x')
    seen.add(guid)
    yield context.df.callActivity('nothing')
    yield context.df.callActivity('nothing')
    return guid
  }
  const { output } = await play(guids, null, { nothing: () => null })
  expect([...seen]).toEqual([output])
})

const NOT_DETERMINISTIC: readonly [string, (context: Context, turn: number) => df.Task][] = [
  ['another activity', (context, turn) => context.df.callActivity(turn === 1 ? 'a' : 'b')],
  [
    'another kind of task',
    (context, turn) => (turn === 1 ? context.df.callActivity('a') : context.df.createTimer(inMs(context, 1))),
  ],
  ['another input', (context, turn) => context.df.callActivity('a', turn)],
  ['another due time', (context, turn) => context.df.createTimer(inMs(context, turn * 1_000))],
  [
    'an event in place of a task',
    (context, turn) => (turn === 1 ? context.df.callActivity('a') : context.df.waitForExternalEvent('e')),
  ],
]
test.each(NOT_DETERMINISTIC)('an orchestrator whose replay asks for %s fails and says why', async (_what, ask) => {
  let turn = 0
  function* moody(context: Context): Generator<df.Task, unknown, unknown> {
    turn += 1
    yield ask(context, turn)
    return yield context.df.callActivity('a', 'last')
  }
  const { status, error } = await play(moody, null, { a: () => null, b: () => null })
  expect({ status, error }).toEqual({
    status: 'Failed',
    error: expect.stringContaining('Non-Deterministic workflow detected'),
  })
})

test.each([
  ['activity', "The function 'missing' doesn't exist, is disabled, or is not an activity function."],
  ['child', "The function 'missing' doesn't exist, is disabled, or is not an orchestrator function."],
])('a missing %s fails the orchestration and is named', async (kind, message) => {
  function* lost(context: Context): Generator<df.Task, unknown, unknown> {
    return yield kind === 'activity' ? context.df.callActivity('missing') : context.df.callSubOrchestrator('missing')
  }
  expect((await play(lost, null, {})).error).toContain(message)
})

test('entities and callHttp are refused in plain words', async () => {
  function* entity(context: Context): Generator<df.Task, unknown, unknown> {
    return yield context.df.callEntity(new df.EntityId('counter', 'one'), 'get')
  }
  expect((await play(entity, null, {})).error).toContain('not supported by the local Functions host')
})

function* threeSteps(context: Context): Generator<df.Task, unknown, unknown> {
  const outputs = []
  for (const step of ['one', 'two', 'three']) outputs.push(yield context.df.callActivity('work', step))
  yield context.df.createTimer(inMs(context, 5_000))
  return outputs
}
const work = (input: string, call: { takes(ms: number): void }) => {
  call.takes(1_000)
  return `${input} done`
}
const OUTPUT = ['one done', 'two done', 'three done']

const UNRELIABLE: readonly [string, PlayOptions, readonly (readonly [unknown, number])[]][] = [
  [
    'nothing',
    {},
    [
      ['one', 1],
      ['two', 1],
      ['three', 1],
    ],
  ],
  [
    'a message twice',
    { duplicate: (_, input) => input === 'two' },
    [
      ['one', 1],
      ['two', 1],
      ['two', 2],
      ['three', 1],
    ],
  ],
  [
    'an answer',
    { lose: (_, input, run) => input === 'two' && run === 1 },
    [
      ['one', 1],
      ['two', 1],
      ['two', 2],
      ['three', 1],
    ],
  ],
  [
    'the host',
    { crash: (call) => call.input === 'two' && call.atMs < 2_000 },
    [
      ['one', 1],
      ['two', 1],
      ['two', 1],
      ['three', 1],
    ],
  ],
  [
    'the host in mid-work',
    { incidents: [{ atMs: 1_500, crash: true }] },
    [
      ['one', 1],
      ['two', 1],
      ['two', 1],
      ['three', 1],
    ],
  ],
  [
    'the host during a timer',
    { incidents: [{ atMs: 5_000, crash: true }] },
    [
      ['one', 1],
      ['two', 1],
      ['three', 1],
    ],
  ],
]
test.each(UNRELIABLE)(
  'losing %s changes how often activities run, and not the result',
  async (_what, options, wanted) => {
    const { output, calls } = await play(threeSteps, null, { work }, options)
    expect({ output, runs: calls.map((call) => [call.input, call.run]) }).toEqual({ output: OUTPUT, runs: wanted })
  },
)

test('a crash at any instant is survived', async () => {
  for (let atMs = 0; atMs <= 9_000; atMs += 250) {
    const { output, crashes } = await play(threeSteps, null, { work }, { incidents: [{ atMs, crash: true }] })
    expect({ atMs, output, crashes }).toEqual({ atMs, output: OUTPUT, crashes: atMs <= 8_000 ? 1 : 0 })
  }
})

test('a host that is killed after any of its records goes on from there', async () => {
  function* child(context: Context): Generator<df.Task, unknown, unknown> {
    return [
      yield context.df.callActivity('work', 'child'),
      yield context.df.callActivityWithRetry('boom', new df.RetryOptions(SECOND_MS, 2)),
    ]
  }
  function* parent(context: Context): Generator<df.Task, unknown, unknown> {
    if (context.df.getInput() === 1) return context.df.continueAsNew(2)
    const calls = ['a', 'b'].map((input) => context.df.callActivity('work', input))
    const all = yield context.df.Task.all([...calls, context.df.createTimer(inMs(context, 500))])
    try {
      yield context.df.callSubOrchestrator('child')
    } catch {
      return [all, yield context.df.waitForExternalEvent('go')]
    }
    return 'not reached'
  }
  const options = { orchestrators: { child }, incidents: [{ atMs: 30_000, event: 'go', data: 'go' }] }
  const wanted = [['a done', 'b done', null], 'go']
  const undisturbed = await play(parent, 1, { work, boom }, options)
  expect(undisturbed.output).toEqual(wanted)
  for (let record = 1; record <= undisturbed.records; record += 1) {
    const crashAfterRecords = [record, record + 3]
    const { output, crashes } = await play(parent, 1, { work, boom }, { ...options, crashAfterRecords })
    expect({ record, output, crashed: crashes > 0 }).toEqual({ record, output: wanted, crashed: true })
  }
})

test('a parent hears of its child even when the host dies in between', async () => {
  function* child(context: Context): Generator<df.Task, unknown, unknown> {
    return yield context.df.callActivity('work', 'child')
  }
  function* parent(context: Context): Generator<df.Task, unknown, unknown> {
    return yield context.df.callSubOrchestrator('child')
  }
  for (let atMs = 0; atMs <= 1_250; atMs += 125) {
    const { output } = await play(
      parent,
      null,
      { work },
      { orchestrators: { child }, incidents: [{ atMs, crash: true }] },
    )
    expect({ atMs, output }).toEqual({ atMs, output: 'child done' })
  }
})

test('history stays short over five hours of a loop that continues as new', async () => {
  function* watch(context: Context): Generator<df.Task, unknown, unknown> {
    const { round, untilMs } = context.df.getInput<{ round: number; untilMs: number }>()
    for (let beat = 0; beat < 20; beat += 1) {
      yield context.df.callActivity('look', { round, beat })
      if (context.df.currentUtcDateTime.getTime() >= untilMs) return round
      yield context.df.createTimer(inMs(context, 15_000))
    }
    return context.df.continueAsNew({ round: round + 1, untilMs })
  }
  const untilMs = Date.parse('2026-01-01T05:00:00Z')
  const { output, longestHistory, endedAtMs } = await play(watch, { round: 0, untilMs }, { look: () => 'ok' })
  expect({ output, longestHistory, endedAtMs }).toEqual({
    output: 60,
    longestHistory: expect.any(Number),
    endedAtMs: 5 * 3_600_000,
  })
  expect(longestHistory).toBeLessThan(200)
})

test('an orchestration that can never go on is reported, not waited for', async () => {
  function* stuck(context: Context): Generator<df.Task, unknown, unknown> {
    return yield context.df.waitForExternalEvent('never')
  }
  await expect(play(stuck, null, {})).rejects.toThrow('waits indefinitely')
})
