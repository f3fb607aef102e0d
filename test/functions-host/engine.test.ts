/**
 * The engine on a virtual clock: times, generations, determinism, and recovery from a crash. What clients and orchestrators see is tested in
 * test/engine, on the real engine too.
 */
import * as df from 'durable-functions'
import { expect, test } from 'vitest'
import { Engine } from '../../infra/local/functions-host/engine/engine.ts'
import { newInstance, withMessage, withTurn } from '../../infra/local/functions-host/engine/instance.ts'
import { activityCompleted, eventRaised, terminated } from '../../infra/local/functions-host/engine/messages.ts'
import { EventType } from '../../infra/local/functions-host/engine/wire.ts'
import { MemoryJournal, type PlayOptions, play } from '../support/play.ts'
import { replayerOf } from '../support/replayer.ts'
import { VirtualClock } from '../support/virtual-clock.ts'

type Context = df.OrchestrationContext
const inMs = (context: Context, ms: number) => new Date(context.df.currentUtcDateTime.getTime() + ms)
const AT = '2026-01-01T00:00:00.000Z'
const START = { instanceId: 'i', executionId: 'e', name: 'loop', input: null, parent: null }
const boom = () => {
  throw new Error('boom')
}

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

test('a task that is yielded again inside a second Task.any is refused, because Azure would start it twice', async () => {
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

test('an event that arrives while the last turn of a generation is taken goes to the next one', () => {
  const before = [eventRaised('e', '1'), activityCompleted(7, '1')].reduce(withMessage, newInstance(START, AT))
  const turn = {
    consumed: 1,
    events: [],
    status: 'ContinuedAsNew',
    customStatus: null,
    output: null,
    at: AT,
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

const works = replayerOf(function* (context) {
  return yield context.df.callActivity('work', context.df.getInput())
})

/** An engine without a play, whose activities end when the test releases them. */
function anEngine(orchestrator = works) {
  const released: (() => void)[] = []
  const journal = new MemoryJournal()
  const engine = new Engine({
    clock: new VirtualClock(0),
    journal,
    maxConcurrentActivities: 10,
    app: {
      orchestrator: () => orchestrator,
      hasActivity: () => true,
      runActivity: ({ input }) => new Promise((resolve) => released.push(() => resolve(input))),
    },
  })
  const start = (input: string) => engine.start({ instanceId: 'i', name: 'works', input, parent: null })
  return { engine, journal, released, start }
}
const turns = () => new Promise(setImmediate)

test('a turn that is under way when its host stops is not recorded', async () => {
  const gate = Promise.withResolvers<void>()
  const { engine, journal, start } = anEngine((trigger) => gate.promise.then(() => works(trigger)))
  start('1')
  await turns()
  engine.stop()
  gate.resolve()
  await turns()
  expect(journal.count).toBe(1)
})

test('an activity of an orchestration that was ended does not answer the next one under the same id', async () => {
  const { engine, released, start } = anEngine()
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
/** In turns of its own for each replay, and with a generator that is kept between them. */
const REPLAYS = ['each turn', 'each generation'] as const

const EACH_WAY = REPLAYS.flatMap((replays) => NOT_DETERMINISTIC.map(([what, ask]) => [what, replays, ask] as const))

test.each(EACH_WAY)(
  'an orchestrator whose replay asks for %s fails and says why, when %s is replayed',
  async (_what, replays, ask) => {
    let turn = 0
    function* moody(context: Context): Generator<df.Task, unknown, unknown> {
      turn += 1
      yield ask(context, turn)
      return yield context.df.callActivity('a', 'last')
    }
    const { status, error } = await play(moody, null, { a: () => null, b: () => null }, { replays })
    expect({ status, error }).toEqual({
      status: 'Failed',
      error: expect.stringContaining('Non-Deterministic workflow detected'),
    })
  },
)

/** What it comes to is of its nth run; the run after a crash begins again in both ways. */
const ENDS: readonly [string, (context: Context, run: number) => unknown][] = [
  ['another output', (_context, run) => run],
  ['another status', (context, run) => context.df.setCustomStatus(run)],
  ['another error', (_context, run) => boomOf(run)],
  [
    'an end and then an error',
    (_context, run) => {
      if (run === 2) boomOf(run)
    },
  ],
  ['another last task', (context, run) => context.df.callActivity(run === 1 ? 'a' : 'b')],
  ['another next input', (context, run) => context.df.continueAsNew(run)],
]

const boomOf = (run: number): never => {
  throw new Error(`boom ${run}`)
}

test.each(ENDS)('an orchestrator that is kept and comes to %s in its replay fails', async (_what, end) => {
  let run = 0
  function* moody(context: Context): Generator<df.Task, unknown, unknown> {
    const own = ++run
    yield context.df.callActivity('a', 'first')
    const task = end(context, own)
    return task instanceof Object ? yield task as df.Task : task
  }
  const { status, error } = await play(
    moody,
    null,
    { a: () => null, b: () => null },
    { replays: 'each generation', maxTurns: 50 },
  )
  expect({ status, error }).toEqual({
    status: 'Failed',
    error: expect.stringContaining('Non-Deterministic workflow detected'),
  })
})

test('an orchestrator that is kept takes up its generator, and begins again at its end, after a crash and as new', async () => {
  let runs = 0
  function* counted(context: Context): Generator<df.Task, unknown, unknown> {
    runs += 1
    for (let i = 0; i < 4; i++) yield context.df.callActivity('a', i)
    if (context.df.getInput() === 'again') context.df.continueAsNew('done')
    return 'done'
  }
  const fakes = { a: () => null }
  const runsOf = async (input: string, options: PlayOptions) => {
    runs = 0
    const { output, crashes } = await play(counted, input, fakes, options)
    return { output, crashes, runs }
  }
  expect(await runsOf('', {})).toEqual({ output: 'done', crashes: 0, runs: 5 })
  const replays = 'each generation'
  expect(await runsOf('', { replays })).toEqual({ output: 'done', crashes: 0, runs: 2 })
  expect(await runsOf('again', { replays })).toEqual({ output: 'done', crashes: 0, runs: 4 })
  expect(await runsOf('', { replays, crashAfterRecords: [5] })).toEqual({ output: 'done', crashes: 1, runs: 3 })
})

test('a missing child fails the orchestration and is named', async () => {
  function* lost(context: Context): Generator<df.Task, unknown, unknown> {
    return yield context.df.callSubOrchestrator('missing')
  }
  expect((await play(lost, null, {})).error).toContain(
    "The function 'missing' doesn't exist, is disabled, or is not an orchestrator function.",
  )
})

const RETRY = new df.RetryOptions(1_000, 3)
const UNSUPPORTED: readonly [string, (context: Context) => df.Task][] = [
  ['action type 1', (context) => context.df.callActivityWithRetry('a', RETRY)],
  ['action type 3', (context) => context.df.callSubOrchestratorWithRetry('a', RETRY, null)],
  ['action type 7', (context) => context.df.callEntity(new df.EntityId('counter', 'one'), 'get')],
  ['action type 12', (context) => context.df.Task.all([context.df.callActivity('a')])],
  ['a timer of more than six days', (context) => context.df.createTimer(inMs(context, 7 * 86_400_000))],
]
test.each(UNSUPPORTED)('%s, which the app does not use, is refused in plain words', async (what, ask) => {
  function* unusual(context: Context): Generator<df.Task, unknown, unknown> {
    return yield ask(context)
  }
  expect((await play(unusual, null, { a: () => null })).error).toContain(
    `${what} is not supported by the local Functions host`,
  )
})

test('an orchestration that waits for something that cannot come is an error of its play', async () => {
  function* stuck(context: Context): Generator<df.Task, unknown, unknown> {
    return yield context.df.waitForExternalEvent('never')
  }
  await expect(play(stuck, null, {})).rejects.toThrow('waits indefinitely')
})
