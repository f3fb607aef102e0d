/** No failover is asked for unless the load proves that it can measure it; the report says what was missing. */
import { expect, test } from 'vitest'
import { eventEvidence } from '../../functions/activities/events/progress.ts'
import type { BlobInfo, Blobs } from '../../functions/clients/clients.ts'
import { blobNames, type GoSignal, type ReadyRecord } from '../../loadgen-image/contract/glossary.ts'
import { aPlan, type DrillPlayOptions, playDrill } from '../support/play-drill.ts'
import { createWorld, type World, type WorldOptions } from '../support/world/world.ts'

const drillId = 'drill-1'

interface Trouble {
  /** Storage shows no more of these containers' records from this second of the load on, and all of them later. */
  readonly still?: { readonly containers: readonly number[]; readonly from: number; readonly to: number }
  /** Container clock minus the app's, in the ready record of container 1. */
  readonly clockOffsetMs?: number
}

async function run(trouble: Trouble, request = {}, worldOptions: WorldOptions = {}, options: DrillPlayOptions = {}) {
  const world = createWorld(worldOptions)
  const plan = aPlan({ criteria: ['recovery_time_s <= 10'], durationSeconds: 60, ...request })
  const troubled: World = { ...world, clients: { ...world.clients, blobs: troubledBlobs(world, trouble) } }
  const played = await playDrill(troubled, plan, options)
  const [evidence] = await eventEvidence(world.clients, plan)
  const startAtMs = world.blobs.peek<GoSignal>(blobNames.go(drillId))?.startAtMs ?? null
  const sentAt = world.server.sent.map(({ atMs }) => (atMs - (startAtMs ?? 0)) / 1000)
  return {
    ...played,
    evidence,
    startAtMs,
    sentAt,
    left: world.groups.alive.length,
    journal: JSON.stringify(played.report?.journal),
  }
}

function troubledBlobs(world: World, { still, clockOffsetMs }: Trouble): Blobs {
  const { blobs, clock } = world
  const seen = new Map<string, BlobInfo>()
  const isStill = (name: string): boolean => {
    const startAtMs = blobs.peek<GoSignal>(blobNames.go(drillId))?.startAtMs ?? Number.NaN
    const second = (clock.nowMs - startAtMs) / 1000
    const isTheirs = still?.containers.some((k) => name.startsWith(`${blobNames.chunksPrefix(drillId)}${k}/chunks/`))
    return isTheirs === true && still !== undefined && second >= still.from && second < still.to
  }
  return new Proxy(blobs, {
    get(target, key) {
      if (key === 'list')
        return async (prefix: string) => {
          const now = await target.list(prefix)
          return now.flatMap((blob) => {
            if (isStill(blob.name)) return seen.get(blob.name) ?? []
            seen.set(blob.name, blob)
            return blob
          })
        }
      if (key === 'readJson')
        return async (name: string) => {
          const value = await target.readJson(name)
          if (name !== blobNames.ready(drillId, 1) || value === null || clockOffsetMs === undefined) return value
          return { ...(value as ReadyRecord), clock: { offsetMs: clockOffsetMs, errorMs: 0.5 } }
        }
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

test.each([
  ['every container', [0, 1]],
  ['one of several containers', [1]],
] as const)('when the records of %s stand still, nothing is sent, and the report says why', async (_, containers) => {
  const { sentAt, evidence, report, journal, left } = await run({ still: { containers, from: 6, to: 1_000 } })
  expect(sentAt).toEqual([])
  expect(evidence).toMatchObject({
    request: 'withheld',
    sentAt: null,
    acceptedAt: null,
    detail: expect.stringMatching(/no load is left for event 0/),
  })
  expect(journal).toMatch(/newest record of container [01] in storage is|no load is left for event 0/)
  expect(report?.verdict).toBe('INCONCLUSIVE')
  expect(left).toBe(0)
})

test('when storage catches up in time, the failover is asked for then', async () => {
  const { sentAt, evidence, report } = await run({ still: { containers: [0, 1], from: 6, to: 27 } })
  expect(sentAt).toHaveLength(1)
  expect(sentAt[0]).toBeGreaterThanOrEqual(27)
  expect(sentAt[0]).toBeLessThan(38)
  expect(evidence).toMatchObject({ request: 'accepted', detail: null })
  expect(report?.verdict).toBe('PASS')
})

test('a load that proves nothing for two minutes is not waited for any longer', async () => {
  const still = { containers: [0, 1], from: 6, to: 10_000 }
  const { sentAt, evidence, journal } = await run({ still }, { durationSeconds: 600, targetTps: 8 })
  expect(sentAt).toEqual([])
  expect(evidence).toMatchObject({ request: 'withheld', detail: expect.stringMatching(/newest record of container 0/) })
  expect(journal).toContain('12 tries without evidence')
})

test.each([-90_000, -3_000, 7_200_000])(
  'with a container clock off by %i ms no load is started at all',
  async (clockOffsetMs) => {
    const { sentAt, evidence, startAtMs, report, left } = await run({ clockOffsetMs })
    expect({ sentAt, startAtMs, left }).toEqual({ sentAt: [], startAtMs: null, left: 0 })
    expect(evidence).toMatchObject({ request: 'not reached' })
    const offset = `${Math.abs(clockOffsetMs / 1000).toFixed(1)} s ${clockOffsetMs > 0 ? 'ahead' : 'behind'}`
    expect(report?.headline).toContain(`Not started: the clock of container 1 is ${offset}`)
    expect(report?.stoppedBy?.phase).toBe('ready')
    expect(report?.verdict).toBe('INCONCLUSIVE')
  },
)

test('a refused failover is not asked for again when too little load is left after it', async () => {
  const { sentAt, evidence } = await run({}, { durationSeconds: 30 }, { posts: ['busy', 'accepted'] })
  expect(sentAt).toHaveLength(1)
  expect(sentAt[0]).toBeLessThan(20)
  expect(evidence).toMatchObject({
    request: 'refused',
    detail: expect.stringMatching(/^409 ServerIsBusy: .*; no load is left for event 0/),
  })
})

test('a server that failed over by itself while the failover was withheld is not failed over once more', async () => {
  const world = createWorld()
  const plan = aPlan({ criteria: ['recovery_time_s <= 10'], durationSeconds: 90 })
  const trouble = { still: { containers: [0, 1], from: 6, to: 34 } }
  const troubled: World = { ...world, clients: { ...world.clients, blobs: troubledBlobs(world, trouble) } }
  await playDrill(troubled, plan, { incidents: [{ atMs: 32_000, run: () => world.server.failOverByHand() }] })
  expect(world.server.posts).toBe(0)
  const [evidence] = await eventEvidence(world.clients, plan)
  expect(evidence).toMatchObject({ request: 'withheld', detail: expect.stringContaining('not requested, because of:') })
})
