/** Durable timers fire up to a second early, and those of less than a second at once: what waits for a moment knows that. */
import type { OrchestrationContext } from 'durable-functions'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Step } from '../../functions/orchestrators/waiting.ts'
import { isAnsweredBy, Pauses, sleepUntil } from '../../functions/orchestrators/waiting.ts'
import { play } from '../support/play.ts'
import { aPlan, playDrill } from '../support/play-drill.ts'
import { createWorld } from '../support/world/world.ts'

const START_AT = '2026-01-01T00:00:00.250Z'
const startMs = Date.parse(START_AT)

test('a wait ends when its moment has passed and less than a second later, at any moment', async () => {
  function* waits(ctx: OrchestrationContext): Step<void> {
    yield* sleepUntil(ctx, ctx.df.getInput() as number)
  }
  function* pauses(ctx: OrchestrationContext): Step<void> {
    yield* new Pauses(ctx).until(ctx.df.getInput() as number)
  }
  const moments = fc.integer({ min: 0, max: 20_000 })
  await fc.assert(
    fc.asyncProperty(moments, fc.constantFrom(waits, pauses), async (afterMs, orchestrator) => {
      const { endedAtMs, turns } = await play(orchestrator, startMs + afterMs, {}, { startAt: START_AT })
      expect(endedAtMs).toBeGreaterThanOrEqual(afterMs)
      expect(endedAtMs).toBeLessThan(afterMs + 1_000)
      expect(turns).toBeLessThanOrEqual(2)
    }),
  )
})

test('what answers after its limit on a host that was away is answered, not hanging', async () => {
  function* races(ctx: OrchestrationContext): Step<boolean> {
    return yield* isAnsweredBy(ctx, ctx.df.callSubOrchestrator('child', null, 'child'), startMs + 20_000)
  }
  function* child(ctx: OrchestrationContext): Step<void> {
    yield* sleepUntil(ctx, startMs + 10_000)
  }
  const options = { startAt: START_AT, orchestrators: { child } }
  expect((await play(races, null, {}, options)).output).toBe(true)
  const away = { incidents: [{ atMs: 5_000, crash: true } as const], restartAfterMs: 3_600_000 }
  expect((await play(races, null, {}, { ...options, ...away })).output).toBe(true)
})

test('a watch at every second looks about once in a second, also in the last one before an event', async () => {
  const world = createWorld()
  const plan = aPlan({ durationSeconds: 60, timing: { watchIntervalSeconds: 1 } })
  const { calls, report } = await playDrill(world, plan)
  const looks = calls.filter(({ name }) => name === 'pollLoad')
  expect(report?.events.length).toBeGreaterThan(0)
  expect(looks.length).toBeGreaterThan(50)
  expect(looks.length).toBeLessThanOrEqual(80)
})
