/** The story of a drill, with the deployed orchestrators and activities in a made-up world. */
import { expect, test } from 'vitest'
import { readLock } from '../../functions/clients/storage/server-lock.ts'
import { drillBlobs } from '../../functions/model/blob-paths.ts'
import type { Report } from '../../functions/model/report.ts'
import { type DrillProgress, PHASES } from '../../functions/model/status.ts'
import { renderers } from '../../functions/render/formats.ts'
import { renderMarkdown } from '../../functions/render/markdown.ts'
import { blobNames } from '../../loadgen-image/contract/glossary.ts'
import { aPlan, criteria, type DrillPlay, playDrill, playRequest as run } from '../support/play-drill.ts'
import { createWorld, usualCourse } from '../support/world/world.ts'

const phasesOf = ({ customStatuses }: DrillPlay) => [
  ...new Set(customStatuses.map(({ value }) => (value as DrillProgress).phase)),
]
const steps = ({ calls }: DrillPlay) => [...new Set(calls.map(({ name }) => name))]

test('a forced failover under load is measured, audited, cleaned up and reported', async () => {
  const played = await run()
  const { status, report, world } = played
  expect(status).toBe('Completed')
  expect(report).toMatchObject({
    verdict: 'PASS',
    eventsProof: { proven: true },
    ledger: { intended: 1600, lost: 0, unresolved: 0, duplicates: 0, unexpected: 0 },
    cleanup: { containersLeft: 0 },
    throughput: { offeredTps: 40, baselineTps: 40 },
  })
  expect(world.groups.alive).toEqual([])
  expect(await readLock(world.blobs, aPlan().target)).toMatchObject({ drillId: 'drill-1', state: 'free' })
  // This drill awaits no late metrics.
  expect(phasesOf(played)).toEqual(PHASES.filter((phase) => phase !== 'late metrics'))
})

test('all files are written, and the data to render them again', async () => {
  const { world } = await run({}, {}, { renderers })
  const prefix = drillBlobs.reportPrefix('drill-1')
  const files = world.blobs.names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length))
  expect(files).toEqual([
    'applications.csv',
    'chart-data.json',
    'checklist.json',
    'clients.csv',
    'errors.csv',
    'journal.json',
    'junit.xml',
    'ledger.json',
    'loadtest_results.csv',
    'metrics.json',
    'probes.csv',
    'report.html',
    'report.json',
    'report.md',
    'stale_writes.csv',
    'summary.json',
    'timeline.csv',
  ])
})

test('a drill without step probes reports as with them, and says that the ways and the old primary are not measured', async () => {
  const [probed, unprobed] = [await run(), await run({}, { generator: () => ({ hasStepProbe: false }) })]
  const withoutWays = ({ report }: typeof probed) => {
    const { stepProbe, advice, events, journal, headline, criteria, caveats, evidence, ...rest } = report as Report
    return {
      ...rest,
      criteria: criteria.filter(({ id }) => id !== 'split_brain_writes'),
      caveats: caveats.filter((caveat) => !caveat.includes('old primary')),
      headline: headline.replace(' Not measured: writes on the old primary after T2.', ''),
      events: events.map(({ ways, nameChange, stalePrimary, ...event }) => event),
    }
  }
  expect(withoutWays(unprobed)).toEqual(withoutWays(probed))
  expect(probed.report?.stepProbe).toEqual({ measured: true, why: '' })
  expect(probed.report?.events[0]?.ways).toHaveLength(2)
  const why = 'the load generators left no record of a step probe'
  expect(unprobed.report?.events[0]?.stalePrimary.state).toBe('not measured')
  expect(unprobed.report).toMatchObject({ stepProbe: { measured: false, why }, advice: [], events: [{ ways: [] }] })
  expect(renderMarkdown(unprobed.report as Report)).toContain(`The ways to the server are not measured: ${why}.`)
})

test('the load starts at one instant, a whole second, that all containers know beforehand', async () => {
  const { world } = await run()
  const { startAtMs } = world.blobs.peek<{ startAtMs: number }>(blobNames.go('drill-1')) as { startAtMs: number }
  const writtenAtMs = world.blobs.lastModifiedMs(blobNames.go('drill-1')) as number
  expect(startAtMs % 1000).toBe(0)
  expect(startAtMs - writtenAtMs).toBeGreaterThanOrEqual(5_000)
})

test('a drill without a failover proves nothing, and says so', async () => {
  const { report, world } = await run({ events: [] })
  expect(report?.verdict).toBe('INCONCLUSIVE')
  expect(world.server.posts).toBe(0)
})

test('two failovers of one drill are two intents, each measured', async () => {
  const { report, world } = await run({
    durationSeconds: 80,
    events: [
      { atSeconds: 15, kind: 'failover', mode: 'planned' },
      { atSeconds: 50, kind: 'failover', mode: 'forced' },
    ],
  })
  expect(world.server.failovers.map(({ mode }) => mode)).toEqual(['planned', 'forced'])
  expect(report?.events.map(({ mode, proof }) => ({ mode, proven: proof.proven }))).toEqual([
    { mode: 'planned', proven: true },
    { mode: 'forced', proven: true },
  ])
})

test('a failed check ends the drill before anything is paid for, with what was seen and wanted', async () => {
  const played = await run({}, { server: { facts: { state: 'Stopped' } } })
  expect(steps(played)).toEqual([
    'reserve',
    'check',
    'stopLoad',
    'cleanUp',
    'gatherMetrics',
    'release',
    'writeReport',
    'notify',
  ])
  expect(played.world.groups.created).toEqual([])
  const failed = played.report?.checklist.filter(({ verdict }) => verdict === 'fail')
  expect(failed).toMatchObject([{ id: 'server-ready', seen: 'Stopped', wanted: 'Ready', forced: false }])
  expect(played.report?.verdict).toBe('INCONCLUSIVE')
})

test('a check that is forced by name is recorded and does not stop the drill', async () => {
  const { report } = await run({ force: ['server-sku'] }, { server: { facts: { vCores: 2 } } })
  expect(report?.checklist.find(({ id }) => id === 'server-sku')).toMatchObject({ verdict: 'fail', forced: true })
  expect(report?.eventsProof.proven).toBe(true)
})

test('checks that could not be made stop nothing and are not passed', async () => {
  const { report } = await run({}, { server: { facts: { storage: null, vCores: null } } })
  const unknown = report?.checklist.filter(({ when, verdict }) => when === 'before' && verdict === 'unknown')
  expect(unknown?.map(({ id }) => id)).toEqual(['server-sku', 'storage-iops', 'disk-space'])
  expect(report?.verdict).toBe('PASS')
})

test('t6 is the moment at which high availability is healthy again, even when that is after the load', async () => {
  const { report, world } = await run({}, { courses: [{ ...usualCourse, rebuildMs: 90_000 }] })
  const healthyAtMs = world.server.failovers[0]?.healthyAtMs as number
  const lateMs = Date.parse(report?.moments.t6 as string) - healthyAtMs
  expect(lateMs).toBeGreaterThanOrEqual(0)
  expect(lateMs).toBeLessThan(30_000)
})

// ---- What fails half-way ------------------------------------------------------------------------------------------------

const boom = (): never => {
  throw new Error('boom')
}

for (const step of ['reserve', 'check', 'provision', 'pollReady', 'startLoad'])
  test(`when ${step} fails for good, nothing is failed over, nothing is left, and the report says why`, async () => {
    const { status, report, world } = await run({}, {}, { overrides: { [step]: boom } })
    expect(status).toBe('Completed')
    expect(report?.verdict).toBe('INCONCLUSIVE')
    expect(JSON.stringify(report?.journal)).toContain(`${step} failed: boom`)
    expect(world.server.posts).toBe(0)
    expect(world.groups.alive).toEqual([])
  })

for (const step of [
  'pollLoad',
  'noteContainers',
  'collect',
  'audit',
  'gatherMetrics',
  'pollHealth',
  'stopLoad',
  'release',
  'notify',
])
  test(`when ${step} fails for good, the load goes on, and what was measured is reported`, async () => {
    const { status, report, world } = await run({}, {}, { overrides: { [step]: boom } })
    expect(status).toBe('Completed')
    expect(report).toMatchObject({ eventsProof: { proven: true }, ledger: { intended: 1600 } })
    expect(report?.verdict).toBe(step === 'audit' ? 'INCONCLUSIVE' : 'PASS')
    expect(world.server.posts).toBe(1)
    expect(world.groups.alive).toEqual([])
  })

test('when the report cannot be written the drill fails, with its server released and its containers gone', async () => {
  const { status, error, world } = await run({}, {}, { overrides: { writeReport: boom } })
  expect(status).toBe('Failed')
  expect(error).toContain('the report of drill drill-1 could not be written')
  expect(world.groups.alive).toEqual([])
  expect(await readLock(world.blobs, aPlan().target)).toMatchObject({ state: 'free' })
})

test('a step that fails twice and then succeeds is repeated, and the journal counts its attempts', async () => {
  let tries = 0
  const world = createWorld()
  const list = world.clients.groups.list.bind(world.clients.groups)
  world.groups.list = async () => {
    if (tries++ < 4) throw new Error('503 from the platform')
    return list()
  }
  const { report } = await playDrill(world, aPlan({ criteria }))
  const cleanUps = report?.journal.filter(({ step }) => step === 'cleanUp')
  expect(cleanUps?.slice(0, 3).map(({ attempt, result, detail }) => [attempt, result, detail])).toEqual([
    [1, 'failed', '503 from the platform'],
    [2, 'failed', '503 from the platform'],
    [3, 'ok', 'no container is left'],
  ])
  expect(report?.cleanup.containersLeft).toBe(0)
})
