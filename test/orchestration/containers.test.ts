/** Containers: how they fail to start, how they die, what their logs say, and that none is ever left. */
import { expect, test } from 'vitest'
import { createActivities } from '../../functions/activities/activities.ts'
import { groupName } from '../../functions/activities/records/containers.ts'
import type { GroupSpec } from '../../functions/clients/clients.ts'
import { Secret } from '../../functions/config/secret.ts'
import { expiresAt, loadPlanOf } from '../../functions/model/load-plan.ts'
import type { Report } from '../../functions/model/report.ts'
import { CONTAINER_TAG, DRILL_TAG, EXPIRES_TAG } from '../../functions/platform/names.ts'
import { dailyDrillId } from '../../functions/triggers/start.ts'
import { blobNames } from '../../loadgen-image/contract/glossary.ts'
import { parseDrillSettings } from '../../loadgen-image/drill-settings.ts'
import { aPlan, criteria, type DrillPlayOptions, playDrill, playRequest, settings } from '../support/play-drill.ts'
import { createWorld, START_AT_MS, type World, type WorldOptions } from '../support/world/world.ts'

const run = (world: WorldOptions = {}, request = {}, options: DrillPlayOptions = {}) =>
  playRequest(request, world, options)

const onlyContainer =
  <T extends object>(k: number, course: T) =>
  (container: number) =>
    container === k ? course : {}

const REFUSALS = [
  ['quota', 'ContainerGroupQuotaReached', 'Resource type container group exceeded the limit: asked 2, available 1'],
  ['capacity', 'ServiceUnavailable', 'The requested resource is not available in the location swedencentral'],
  ['image', 'InaccessibleImage', 'The image registry/loadgen is not accessible'],
  ['other', 'SubnetNotFound', 'The subnet does not exist'],
] as const

for (const [reason, code, message] of REFUSALS)
  test(`a refusal for ${reason} is reported with the platform's own numbers`, async () => {
    const refuse = (container: number) =>
      container === 1 ? ({ kind: 'refused', reason, code, message } as const) : null
    const { status, report, world } = await run({ groups: { refuse } })
    expect(status).toBe('Completed')
    expect(report?.verdict).toBe('INCONCLUSIVE')
    expect(report?.reasons.join()).toContain(
      `The platform started 1 of 2 containers of 2 vCPU and 4 GB and refused the rest (${reason}, ${code}): ${message}`,
    )
    expect(world.groups.alive).toEqual([])
    expect(world.server.posts).toBe(0)
  })

test('a container that never becomes ready ends the drill after its time, and is named by number', async () => {
  const { report, world, endedAtMs } = await run(
    { generator: onlyContainer(1, { readyAfterMs: null }) },
    { timing: { readyTimeoutSeconds: 60 } },
  )
  expect(report?.reasons.join()).toContain('1 of 2 ready after 60 s')
  expect(world.groups.alive).toEqual([])
  expect(endedAtMs).toBeLessThan(180_000)
})

test('a container that ends before it is ready is not waited for', async () => {
  const { report, world, endedAtMs } = await run({ generator: onlyContainer(0, { failsToStart: true }) })
  expect(report?.reasons.join()).toContain('container 0 ended before it was ready (exit code 137)')
  expect(endedAtMs).toBeLessThan(60_000)
  expect(world.groups.alive).toEqual([])
})

test('a container that cannot start is reported with its own words, and without a secret of them', async () => {
  const { report } = await run({
    generator: onlyContainer(0, { failsToStart: true }),
    groups: {
      logs: () =>
        'The load generator cannot start:\n  DRILL_CONTAINER: expected a whole number from 0 to 63\n  PGPASSWORD=QXZJVKW789\n',
    },
  })
  const reasons = report?.reasons.join() ?? ''
  expect(reasons).toContain('cannot start: DRILL_CONTAINER: expected a whole number from 0 to 63')
  expect(JSON.stringify(report)).not.toContain('QXZJVK')
})

test('a container that stands still to the end is not called dead: the platform shows it running', async () => {
  const freezes = [{ fromSecond: 20, toSecond: Number.POSITIVE_INFINITY }]
  const { report } = await run({ generator: onlyContainer(1, { freezes }) })
  const reasons = report?.reasons.join() ?? ''
  expect(reasons).toContain('container 1 had not ended after the load, and left no summary (Running)')
  expect(reasons).not.toContain('died')
})

test('a load that a container did not finish fails the drill, and an abort that arrived meanwhile aborts it', async () => {
  const freezes = [{ fromSecond: 20, toSecond: Number.POSITIVE_INFINITY }]
  const why = 'container 1 had not ended after the load, and left no summary (Running)'
  const ends = (report: Report | null) =>
    report?.journal.filter(({ step }) => step === 'early end').map(({ detail }) => detail)

  const failed = await run({ generator: onlyContainer(1, { freezes }) })
  expect(failed.report?.reasons[0]).toContain(`The drill itself failed: infrastructure: ${why}`)
  expect(ends(failed.report)).toEqual([`failed: infrastructure: ${why}`])

  const aborted = await run(
    { generator: onlyContainer(1, { freezes }) },
    {},
    { overrides: { noteContainers: async () => ({ early: why, abort: 'enough', detail: why }) } },
  )
  expect(ends(aborted.report)).toEqual(['aborted: enough'])
})

test('a repeated provision starts no container twice and does not move its expiry', async () => {
  const { world } = await run({}, {}, { duplicate: (name) => name === 'provision' })
  expect(world.groups.created).toEqual([groupName('drill-1', 0), groupName('drill-1', 1)])
})

test('logs are saved before a container is deleted', async () => {
  const { world } = await run({ groups: { logs: (container) => `the log of ${container}` } })
  const logs = [0, 1].map((container) => world.blobs.names.includes(blobNames.log('drill-1', container)))
  expect(logs).toEqual([true, true])
})

test('a log is read while its container runs: of one that has ended the platform keeps the end alone', async () => {
  const seconds = (fromMs: number, toMs: number) =>
    Array.from({ length: Math.max(0, Math.floor((toMs - fromMs) / 1_000)) }, (_, i) => `second ${i} of the load\n`)
  const world: World = createWorld({
    groups: {
      logs: () => {
        const lines = seconds(START_AT_MS, world.clock.nowMs)
        return world.groups.alive.every((group) => group.container === 'Terminated')
          ? lines.slice(-90).join('').slice(5)
          : lines.join('')
      },
    },
  })
  await playDrill(world, aPlan({ criteria, durationSeconds: 200 }))
  const saved = (await world.blobs.readText(blobNames.log('drill-1', 0)))?.split('\n') ?? []
  expect(saved.length).toBeGreaterThan(190)
  expect(saved.slice(0, 190)).toEqual(saved.slice(0, 190).map((_, i) => `second ${i} of the load`))
})

const SUBNET = '/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/v/subnets/load'

/** A subnet as the platform treats it: until its first group has started it refuses all others. */
function aSubnet(startsAfterMs: number) {
  const seen = { refused: 0, firstAtMs: null as number | null }
  const isLinked = () => seen.firstAtMs !== null && world.clock.nowMs >= seen.firstAtMs + startsAfterMs
  const refuse = () => {
    if (seen.firstAtMs === null) {
      seen.firstAtMs = world.clock.nowMs
      return null
    }
    if (isLinked()) return null
    seen.refused++
    return { kind: 'later', code: 'ServiceAssociationLinkNotReady', message: 'not ready', afterSeconds: null } as const
  }
  const provisioning = () => (isLinked() ? 'Succeeded' : 'Creating')
  const world: World = createWorld({ groups: { refuse, provisioning } })
  return { seen, world }
}

test('in a subnet without a link the first container goes alone, and the platform refuses none', async () => {
  const { seen, world } = aSubnet(20_000)
  const { report } = await playDrill(world, aPlan({ criteria }), { settings: { subnetId: SUBNET } })
  expect(report?.verdict).toBe('PASS')
  expect(seen.refused).toBe(0)
  const created = world.blobs.names.filter((name) => name.startsWith('subnets/'))
  expect(created).toHaveLength(1)
})

test('in a subnet in which a container has run all start together, and without a network too', async () => {
  const { world } = aSubnet(0)
  await playDrill(world, aPlan({ criteria }), { settings: { subnetId: SUBNET } })
  const second = await playDrill(world, aPlan({ criteria }, 'drill-2', world.clock.nowMs), {
    settings: { subnetId: SUBNET },
  })
  expect(second.calls.filter(({ name }) => name === 'provision')).toHaveLength(1)
  const open = await run()
  expect(open.calls.filter(({ name }) => name === 'provision')).toHaveLength(1)
})

test('names fit the platform: lower case, at most 63 letters, no two hyphens in a row, and different for different drills', () => {
  const alike = ['Drill_1', 'drill-1', 'drill_1', 'drill--1', 'drill_-1', `${'x'.repeat(37)}--y`]
  const daily = dailyDrillId(new Date(0), 'orders--eu')
  const ids = [...alike, daily, 'x'.repeat(64), `${'x'.repeat(63)}y`, '20260101-120000-abcdef']
  const names = ids.map((id) => groupName(id, 63))
  for (const name of names) expect(name).toMatch(/^(?=.{1,63}$)[a-z0-9]+(-[a-z0-9]+)*$/)
  expect(new Set(names).size).toBe(ids.length)
})

// ---- What a drill leaves, and the sweeper --------------------------------------------------------------------------------------------

const hour = 3_600_000

test('what a terminated orchestration left is deleted once it has expired, with its log', async () => {
  const world = createWorld({ generator: () => ({ readyAfterMs: null }) })
  const plan = aPlan({ criteria })
  const { status } = await playDrill(world, plan, { incidents: [{ atMs: 20_000, terminate: 'by hand' }] })
  expect(status).toBe('Terminated')
  const { sweep } = createActivities(world.clients, settings)
  expect(await sweep()).toEqual({ deleted: [], problems: [] })
  world.clock.moveTo(Date.parse(expiresAt(plan, START_AT_MS)) + 60_000)
  expect((await sweep()).deleted).toEqual([groupName('drill-1', 0), groupName('drill-1', 1)])
  world.clock.moveTo(world.clock.nowMs + 60_000)
  expect(world.groups.alive).toEqual([])
  expect(world.blobs.names).toContain(blobNames.log('drill-1', 0))
})

test('the sweeper touches nothing but what carries both tags and a time that is past', async () => {
  const world = createWorld()
  const past = new Date(START_AT_MS - hour).toISOString()
  const future = new Date(START_AT_MS + hour).toISOString()
  const spec = (name: string, tags: Record<string, string>) =>
    world.groups.plant({ name, tags, cpu: 1, memoryGb: 1, environment: {}, secureEnvironment: {} })
  spec('another-owner', {})
  spec('another-owner-expired', { [EXPIRES_TAG]: past })
  spec('ours-without-a-time', { [DRILL_TAG]: 'drill-9' })
  spec('ours-with-an-odd-time', { [DRILL_TAG]: 'drill-9', [EXPIRES_TAG]: 'soon' })
  spec('ours-with-an-empty-drill', { [DRILL_TAG]: '', [EXPIRES_TAG]: past })
  spec('ours-still-running', { [DRILL_TAG]: 'drill-9', [EXPIRES_TAG]: future })
  spec('ours-expired', { [DRILL_TAG]: 'drill-9', [EXPIRES_TAG]: past, [CONTAINER_TAG]: '0' })
  expect(await createActivities(world.clients, settings).sweep()).toEqual({ deleted: ['ours-expired'], problems: [] })
})

test('the sweeper goes on after a group that cannot be deleted, and reports it', async () => {
  const world = createWorld({ groups: { deleteFails: (name) => name === 'stuck' } })
  const tags = { [DRILL_TAG]: 'drill-9', [EXPIRES_TAG]: new Date(START_AT_MS - hour).toISOString() }
  for (const name of ['stuck', 'loose'])
    world.groups.plant({ name, tags, cpu: 1, memoryGb: 1, environment: {}, secureEnvironment: {} })
  const swept = await createActivities(world.clients, settings).sweep()
  expect(swept.deleted).toEqual(['loose'])
  expect(swept.problems).toEqual([expect.stringContaining('stuck')])
})

test('containers expire after the generator would have ended by itself', () => {
  const plan = aPlan()
  const expiresAfterSeconds = (Date.parse(expiresAt(plan, 0)) - 0) / 1000
  expect(expiresAfterSeconds).toBeGreaterThan(loadPlanOf(plan).hardDeadlineSeconds)
})

test('a container that another drill started is left alone by the clean-up', async () => {
  const world = createWorld()
  world.groups.plant({
    name: 'loadgen-drill-2-0',
    tags: { [DRILL_TAG]: 'drill-2', [CONTAINER_TAG]: '0' },
    cpu: 1,
    memoryGb: 1,
    environment: {},
    secureEnvironment: {},
  })
  const { report } = await playDrill(world, aPlan({ criteria }))
  expect(report?.cleanup.containersLeft).toBe(0)
  expect(world.groups.alive.map(({ name }) => name)).toEqual(['loadgen-drill-2-0'])
})

test('without a password a container gets the scope of its token and its identity, and no secret', async () => {
  const plan = aPlan()
  const world = createWorld()
  const specs: GroupSpec[] = []
  const groups: World['clients']['groups'] = {
    ...world.clients.groups,
    get: async () => null,
    create: async (spec) => {
      specs.push(spec)
      return { kind: 'created' }
    },
  }
  const scope = 'https://ossrdbms-aad.database.windows.net/.default'
  const database = {
    ...world.clients.database,
    loadTokenScope: () => scope,
    loadConnectionString: () => 'postgresql://id-load@server:6432/drill?sslmode=verify-full',
  }
  world.blobs.put(blobNames.request(plan.drillId), JSON.stringify({ plan, bodyHash: '' }))
  const byIdentity = {
    ...settings,
    blobs: { kind: 'url', url: 'https://account.blob.core.windows.net/drills' },
    generatorClientId: 'client-of-the-load',
  } as const
  await createActivities({ ...world.clients, groups, database }, byIdentity).provision({ drillId: plan.drillId })
  expect(specs.length).toBeGreaterThan(0)
  for (const { environment, secureEnvironment } of specs) {
    expect(environment).toMatchObject({ POSTGRES_TOKEN_SCOPE: scope, AZURE_CLIENT_ID: 'client-of-the-load' })
    expect(secureEnvironment).toEqual({ POSTGRES_CONNECTION_STRING: database.loadConnectionString() })
    expect('value' in parseDrillSettings({ ...environment, ...secureEnvironment })).toBe(true)
  }
})

// ---- Secrets ------------------------------------------------------------------------------------------------------------

const PROBED = {
  probes: [
    {
      name: 'checkout',
      url: 'https://shop.example.com/api/checkout',
      method: 'POST',
      headers: { authorization: 'checkout-token' },
      body: 'order',
    },
  ],
}

test("the secrets of a drill's probes reach its containers as one secure value, and no others do", async () => {
  const world = createWorld()
  const secrets = new Map(
    ['CHECKOUT_TOKEN', 'ORDER', 'OTHER'].map((name) => [`PROBE_SECRET_${name}`, new Secret(`MARKED-${name}-4711`)]),
  )
  const texts: string[] = []
  const played = await playDrill(world, aPlan({ criteria, ...PROBED }), {
    onTurn: (taken) => texts.push(JSON.stringify(taken)),
    settings: { probes: { secrets, allowLoopback: true } },
  })
  expect(played.report?.applications).toMatchObject([{ name: 'checkout', containers: 2 }])
  const all = [world.blobs.dump(), ...texts, JSON.stringify(played)].join('\n')
  expect(all).not.toContain('MARKED')
  expect(world.groups.secrets.join('\n')).toContain('MARKED-CHECKOUT_TOKEN-4711')
  expect(world.groups.secrets.join('\n')).not.toContain('MARKED-OTHER')
  const [spec] = world.groups.specs
  const parsed = parseDrillSettings({ ...spec?.environment, ...spec?.secureEnvironment })
  expect('value' in parsed && [...parsed.value.probeSecrets]).toEqual([
    ['checkout-token', 'MARKED-CHECKOUT_TOKEN-4711'],
    ['order', 'MARKED-ORDER-4711'],
  ])
  expect('value' in parsed && parsed.value.allowLoopbackProbes).toBe(true)
})

test('a secret that the app no longer holds ends the drill before a container starts', async () => {
  const world = createWorld()
  const { report } = await playDrill(world, aPlan({ criteria, ...PROBED }))
  expect(world.groups.created).toEqual([])
  expect(report?.verdict).toBe('INCONCLUSIVE')
  expect(JSON.stringify(report)).toContain('PROBE_SECRET_CHECKOUT_TOKEN')
})

test('no secret is found in any blob, status, journal or answer of a drill', async () => {
  const password = 'MARKED-password-4711'
  const key = 'MARKED-key-0815'
  const world = createWorld({ password, webhook: ['ok'] })
  const texts: string[] = []
  const played = await playDrill(world, aPlan({ criteria }), {
    onTurn: (taken) => texts.push(JSON.stringify(taken)),
    settings: {
      blobs: {
        kind: 'connectionString',
        connectionString: new Secret(`AccountKey=${key}`),
        container: 'drills',
      },
    },
  })
  const all = [world.blobs.dump(), ...texts, JSON.stringify(played), JSON.stringify(world.webhook.sent)].join('\n')
  expect(played.report?.verdict).toBe('PASS')
  expect(all.length).toBeGreaterThan(100_000)
  expect(all).not.toContain('MARKED')
  expect(world.groups.secrets).toEqual(
    expect.arrayContaining([expect.stringContaining(password), expect.stringContaining(key)]),
  )
})
