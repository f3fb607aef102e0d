/** Events beside failovers: exactly one request each, for every fate of it, followed until it is done. */
import { expect, test } from 'vitest'
import { createActivities } from '../../functions/activities/activities.ts'
import { eventEvidence } from '../../functions/activities/events/progress.ts'
import { serverBlobs } from '../../functions/model/blob-paths.ts'
import type { RequestState } from '../../functions/model/evidence.ts'
import { aPlan, criteria, type DrillPlayOptions, playDrill, settings, target } from '../support/play-drill.ts'
import type { EffectOptions } from '../support/world/effects.ts'
import type { PostFate } from '../support/world/server.ts'
import { createWorld, type WorldOptions } from '../support/world/world.ts'

/** Long enough for the silence after which a lost request is taken for lost. */
const LOAD = { criteria, targetTps: 16, workers: 2, containers: 1, durationSeconds: 340 }
const REPLICA = 'pg-replica'
const BIG = 'Standard_E8ds_v5'

const EVENTS = {
  restart: { atSeconds: 15, kind: 'restart' },
  scale: { atSeconds: 15, kind: 'scale', sku: BIG },
  planned: { atSeconds: 15, kind: 'switchover', mode: 'planned', replica: REPLICA },
  forced: { atSeconds: 15, kind: 'switchover', mode: 'forced', replica: REPLICA },
} as const
type Name = keyof typeof EVENTS

interface Options extends DrillPlayOptions {
  readonly posts?: readonly PostFate[]
  readonly effects?: EffectOptions
  readonly returnHome?: boolean
  readonly world?: WorldOptions
}

async function run(name: Name, { posts = ['accepted'], effects, returnHome, world: more, ...options }: Options = {}) {
  const world = createWorld({
    posts,
    server: { effects: { replica: { name: REPLICA, ...effects?.replica }, ...effects } },
    ...more,
  })
  const plan = aPlan({ ...LOAD, events: [{ ...EVENTS[name], ...(returnHome && { returnHome }) }] })
  const played = await playDrill(world, plan, options)
  const [evidence] = await eventEvidence(world.clients, plan)
  if (evidence === undefined) throw new Error('there is no evidence')
  const [own, ...back] = [...Map.groupBy(world.server.effects.all, ({ request }) => JSON.stringify(request)).values()]
  return { ...played, world, plan, evidence, effects: own?.length ?? 0, undoes: back.flat() }
}

/** What is left of the records by which a change would be undone. */
const recordsLeft = (names: readonly string[]) => names.filter((name) => name.includes(serverBlobs.undoFolder))

/** How often the event is requested, how often it takes place, and what is known of the request. */
const FATES: ReadonlyArray<
  readonly [when: string, posts: readonly PostFate[], sent: number, effects: number, state: RequestState]
> = [
  ['the request is accepted', ['accepted'], 1, 1, 'accepted'],
  ['the connection is reset after it arrived', ['reset after arrival', 'accepted'], 1, 1, 'ambiguous'],
  ['the connection is reset before it arrived', ['reset before arrival', 'accepted'], 1, 0, 'ambiguous'],
  ['it is answered with 503 and carried out', ['unavailable after arrival', 'accepted'], 1, 1, 'ambiguous'],
  ['it times out and is lost', ['timeout before arrival', 'accepted'], 1, 0, 'ambiguous'],
  ['the server is busy once', ['busy', 'accepted'], 2, 1, 'accepted'],
  ['the server is not ready twice', ['not ready', 'not ready', 'accepted'], 3, 1, 'accepted'],
  ['the app may not ask for it', ['forbidden', 'accepted'], 1, 0, 'refused'],
  ['the host dies after it arrived', ['host dies after arrival', 'accepted'], 1, 1, 'ambiguous'],
  ['the host dies before it was sent', ['host dies before arrival', 'accepted'], 2, 1, 'accepted'],
]

for (const name of ['restart', 'scale', 'forced', 'planned'] as const)
  for (const [when, posts, sent, effects, state] of FATES)
    test(`${name}: when ${when}, it takes place ${effects} times of ${sent} requests`, async () => {
      const played = await run(name, { posts })
      const asked = played.world.server.sent.filter(({ request }) => request.call !== 'scale' || request.sku === BIG)
      expect({
        status: played.status,
        sent: asked.length,
        effects: played.effects,
        state: played.evidence.request,
        sku: played.world.server.effects.skuAt('home', played.world.clock.nowMs),
        records: recordsLeft(played.world.blobs.names),
        left: played.world.groups.alive.length,
      }).toEqual({ status: 'Completed', sent, effects, state, sku: 'Standard_E4ds_v5', records: [], left: 0 })
    })

test.each(['restart', 'scale', 'planned'] as const)(
  '%s: two executions of the step at once send one request',
  async (name) => {
    const world = createWorld({ server: { effects: { replica: { name: REPLICA } } } })
    const { causeEvent } = createActivities(world.clients, settings)
    const steps: string[] = []
    const twice = async (input: Parameters<typeof causeEvent>[0]) => {
      const both = await Promise.all([causeEvent(input), causeEvent(input)])
      steps.push(...both.map(({ detail }) => detail))
      return both.find(({ next }) => next === 'watch') ?? both[0]
    }
    await playDrill(world, aPlan({ ...LOAD, events: [EVENTS[name]] }), { overrides: { causeEvent: twice } })
    expect(world.server.sent.filter(({ request }) => request.call !== 'scale' || request.sku === BIG)).toHaveLength(1)
    expect(steps).toContain('another execution of this step is sending the request')
  },
)

const coolDownOf = (names: { peek<T>(name: string): T | null }) =>
  names.peek<{ at: string }>(serverBlobs.lastPromotion(target))

test('a restart starts no cool-down, and has no T6: its standby is not rebuilt', async () => {
  const { world, evidence } = await run('restart')
  expect(coolDownOf(world.blobs)).toBeNull()
  expect(evidence).toMatchObject({ operation: 'succeeded', healthyAt: null, after: { timeline: 1 } })
})

test('scaling by a server that takes over starts a cool-down, and has the T6 of its standby', async () => {
  const { world, evidence } = await run('scale')
  const [effect] = world.server.effects.all
  expect(coolDownOf(world.blobs)).not.toBeNull()
  expect(evidence.after).toMatchObject({ sku: BIG, timeline: 2, address: '10.0.0.2' })
  expect(Date.parse(evidence.healthyAt ?? '')).toBeGreaterThan(effect?.upAtMs ?? 0)
})

test('scaling in place has no T6, and is seen by the size, on the same timeline', async () => {
  const { evidence } = await run('scale', { effects: { scalePath: 'in place' } })
  expect(evidence).toMatchObject({ healthyAt: null, operation: 'succeeded', after: { sku: BIG, timeline: 1 } })
})

test('a switchover shows the server behind the name, and waits for no standby, which does not go with it', async () => {
  const { evidence, world } = await run('planned')
  expect(evidence.before?.serverId).toMatch(/\/pg-under-test$/)
  expect(evidence.after).toMatchObject({ timeline: 2, address: '10.1.0.1', haState: 'NotEnabled' })
  expect(evidence.after?.serverId).toMatch(/\/pg-replica$/)
  expect(evidence).toMatchObject({ operation: 'succeeded', healthyAt: null, undo: null })
  expect(world.server.effects.siteAt(world.clock.nowMs)).toBe('remote')
})

test('a forced switchover loses what the replica did not have, and a planned one waits for it', async () => {
  const replica = { name: REPLICA, lagMs: 5_000 }
  const forced = await run('forced', { effects: { replica } })
  const planned = await run('planned', { effects: { replica } })
  expect(forced.world.rows.lost.length).toBeGreaterThan(40)
  expect(forced.report?.ledger.lost).toBe(forced.world.rows.lost.length)
  expect(planned.report?.ledger.lost).toBe(0)
})
