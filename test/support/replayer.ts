/**
 * The orchestrator as the engine calls it, by durable-functions itself. `replayerOf` replays it from its beginning in each turn, as in
 * Azure: the cost of a drill grows with the square of its turns. `keeperOf` keeps its generator from turn to turn and replays it where a
 * generation ends, and after a crash: what the orchestrator does not do a second time shows there as well.
 */
import { InvocationContext } from '@azure/functions'
import type { OrchestrationHandler } from 'durable-functions'
import { createOrchestrator } from 'durable-functions/lib/src/util/testingUtils.js'
import type { OrchestratorFunction } from '../../infra/local/functions-host/engine/turn.ts'
import {
  type OrchestrationTrigger,
  type OrchestratorState,
  type PlayedEvent,
  SCHEMA_V3,
} from '../../infra/local/functions-host/engine/wire.ts'

/** In a context of its own for each replay. */
export function replayerOf(handler: OrchestrationHandler): OrchestratorFunction {
  const replay = createOrchestrator(handler)
  return async (trigger) => {
    const context = new InvocationContext({ functionName: handler.name, logHandler: () => undefined })
    return { state: await replay(trigger, context), context }
  }
}

/** Of the library: it resumes the generator for each event that answers what was yielded, and it collects all actions. */
interface Executor {
  readonly generator: unknown
  execute(
    context: InvocationContext,
    events: readonly PlayedEvent[],
    schema: number,
    begin: () => unknown,
  ): Promise<OrchestratorState>
}

type Replay = Awaited<ReturnType<OrchestratorFunction>>

interface Kept {
  readonly context: InvocationContext
  /** The events that it has read, and the last of them. */
  read: number
  last: PlayedEvent | undefined
}

export function keeperOf(handler: OrchestrationHandler): OrchestratorFunction {
  const replay = replayerOf(handler)
  const byInstance = new Map<string, Kept>()
  return async (trigger) => {
    const { instanceId, history } = trigger
    const kept = byInstance.get(instanceId)
    // Another generation has another history, and a host that has read the journal again has copies of its events.
    if (kept === undefined || history[kept.read - 1] !== kept.last) {
      const begun = await replay(trigger)
      byInstance.set(instanceId, { context: begun.context, read: history.length, last: history.at(-1) })
      return begun
    }
    const [state, error] = await settled(goOn(kept, trigger))
    if (state?.isDone === false) return { state, context: kept.context }
    return sameAgain(error ?? state, replay(trigger))
  }
}

function goOn(kept: Kept, { history }: OrchestrationTrigger): Promise<OrchestratorState> {
  const { context } = kept
  const { taskOrchestratorExecutor: executor } = (
    context as unknown as { readonly df: { readonly taskOrchestratorExecutor: Executor } }
  ).df
  const events = history.slice(kept.read)
  kept.read = history.length
  kept.last = history.at(-1)
  return executor.execute(context, events, SCHEMA_V3, () => executor.generator)
}

/** The end that the replay comes to, if it is the end that the kept orchestrator came to. */
async function sameAgain(kept: unknown, replay: Promise<Replay>): Promise<Replay> {
  const [replayed, error] = await settled(replay)
  const [first, second] = [inWords(kept), inWords(error ?? replayed?.state)]
  if (first !== second) throw nonDeterministic(first, second)
  if (replayed === undefined) throw error
  return replayed
}

const settled = <T>(promise: Promise<T>): Promise<readonly [T | undefined, unknown]> =>
  promise.then(
    (value) => [value, undefined] as const,
    (error: unknown) => [undefined, error] as const,
  )

/** The library's error holds the state of the orchestrator that threw. */
const inWords = (end: unknown): string => JSON.stringify(end instanceof Error ? end.message : end)

const SHOWN = 300

function nonDeterministic(first: string, second: string): Error {
  const at = [...first].findIndex((letter, i) => letter !== second[i])
  const from = Math.max(0, (at < 0 ? first.length : at) - SHOWN / 2)
  const part = (end: string) => end.slice(from, from + SHOWN)
  return new Error(
    `Non-Deterministic workflow detected: the orchestrator came to ...${part(first)}..., ` +
      `and its replay over the same history to ...${part(second)}...`,
  )
}
