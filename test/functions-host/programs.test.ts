/** Random orchestrations under random faults: their results depend on neither the times nor the faults. */
import type * as df from 'durable-functions'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { runs } from '../support/depth.ts'
import { type PlayOptions, play } from '../support/play.ts'

type Context = df.OrchestrationContext
type Steps = Generator<df.Task, unknown[], unknown>

type Program = readonly Instruction[]
type Instruction =
  | { readonly kind: 'activity'; readonly tookMs: number }
  | { readonly kind: 'timer'; readonly ms: number }
  | { readonly kind: 'failing' }
  | { readonly kind: 'race'; readonly ms: number; readonly tookMs: number }
  | { readonly kind: 'child'; readonly program: Program }

const durationMs = fc.integer({ min: 0, max: 5_000 })
const { program } = fc.letrec<{ program: Program; instruction: Instruction }>((tie) => ({
  program: fc.array(tie('instruction'), { maxLength: 6, depthIdentifier: 'program' }),
  instruction: fc.oneof(
    { depthSize: 'small', depthIdentifier: 'program', withCrossShrink: true },
    fc.record({ kind: fc.constant('activity' as const), tookMs: durationMs }),
    fc.record({ kind: fc.constant('timer' as const), ms: durationMs }),
    fc.record({ kind: fc.constant('failing' as const) }),
    fc.record({ kind: fc.constant('race' as const), ms: fc.constant(60_000), tookMs: durationMs }),
    fc.record({ kind: fc.constant('child' as const), program: tie('program') }),
  ),
}))

function* interpreter(context: Context): Generator<df.Task, unknown, unknown> {
  const { left, results } = context.df.getInput<{ left: Program; results: unknown[] }>()
  // Every third instruction continues as new, so that generations are crossed as well.
  const now = left.slice(0, 3)
  for (const instruction of now) results.push(...(yield* perform(context, instruction)))
  if (left.length > now.length) return context.df.continueAsNew({ left: left.slice(now.length), results })
  return results
}

function* perform(context: Context, instruction: Instruction): Steps {
  const after = (ms: number) => new Date(context.df.currentUtcDateTime.getTime() + ms)
  switch (instruction.kind) {
    case 'activity':
      return [yield context.df.callActivity('work', instruction.tookMs)]
    case 'timer':
      yield context.df.createTimer(after(instruction.ms))
      return ['slept']
    case 'failing':
      try {
        return [yield context.df.callActivity('boom')]
      } catch {
        return ['failed']
      }
    case 'race': {
      const timer = context.df.createTimer(after(instruction.ms))
      const work = context.df.callActivity('work', instruction.tookMs)
      const winner = yield context.df.Task.any([timer, work])
      timer.cancel()
      return [winner === work]
    }
    case 'child':
      return [yield context.df.callSubOrchestrator('interpreter', { left: instruction.program, results: [] })]
  }
}

const resultOf = (instruction: Instruction): unknown => {
  switch (instruction.kind) {
    case 'activity':
      return instruction.tookMs
    case 'timer':
      return 'slept'
    case 'failing':
      return 'failed'
    case 'race':
      return true
    case 'child':
      return instruction.program.map(resultOf)
  }
}

const fakes = {
  work: (tookMs: number, call: { takes(ms: number): void }) => {
    call.takes(tookMs)
    return tookMs
  },
  boom: () => {
    throw new Error('boom')
  },
}

const run = (left: Program, options: PlayOptions = {}) =>
  play(interpreter, { left, results: [] }, fakes, { redeliverAfterMs: 10_000, ...options })

test('a program returns what its instructions say', async () => {
  await fc.assert(
    fc.asyncProperty(program, async (left) => {
      const { status, output, error } = await run(left)
      expect({ status, output, error }).toEqual({ status: 'Completed', output: left.map(resultOf), error: null })
    }),
    { numRuns: runs(60) },
  )
})

test('killed hosts, lost answers and duplicate messages do not change the result', async () => {
  const disturbance = fc.record({
    crashAtMs: fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 3 }),
    crashAfterRecords: fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 3 }),
    duplicateEvery: fc.integer({ min: 2, max: 5 }),
    loseEvery: fc.integer({ min: 3, max: 6 }),
  })
  await fc.assert(
    fc.asyncProperty(
      program,
      disturbance,
      async (left, { crashAtMs, crashAfterRecords, duplicateEvery, loseEvery }) => {
        let activities = 0
        const { status, output, error } = await run(left, {
          incidents: crashAtMs.map((atMs) => ({ atMs, crash: true })),
          crashAfterRecords,
          duplicate: () => {
            activities += 1
            return activities % duplicateEvery === 0
          },
          lose: (_name, _input, number) => number === 1 && activities % loseEvery === 0,
        })
        expect({ status, output, error }).toEqual({ status: 'Completed', output: left.map(resultOf), error: null })
      },
    ),
    { numRuns: runs(80) },
  )
})
