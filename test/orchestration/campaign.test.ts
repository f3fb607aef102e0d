/** Whole campaigns on the virtual clock: their drills, what stops them, and what does not. */

import { HttpRequest } from '@azure/functions'
import { expect, test } from 'vitest'
import { createActivities } from '../../functions/activities/activities.ts'
import { campaignTurn } from '../../functions/activities/campaign/turn.ts'
import type { Clients } from '../../functions/clients/clients.ts'
import { notePromotion } from '../../functions/clients/storage/last-promotion.ts'
import { readLock, releaseLock, takeLock } from '../../functions/clients/storage/server-lock.ts'
import { drillBlobs } from '../../functions/model/blob-paths.ts'
import { campaignBlobs } from '../../functions/model/campaign/blobs.ts'
import type { CampaignPoint } from '../../functions/model/campaign/campaign.ts'
import type { CampaignReport } from '../../functions/model/campaign/report.ts'
import type { CampaignProgress } from '../../functions/model/campaign/status.ts'
import { campaignsApi } from '../../functions/triggers/campaigns/campaigns-api.ts'
import { blobNames } from '../../loadgen-image/contract/glossary.ts'
import { requestsTo } from '../support/builders.ts'
import { casesOf } from '../support/depth.ts'
import { FakeOrchestrations } from '../support/fake-orchestrations.ts'
import { putEntry } from '../support/index-entries.ts'
import type { Call, Fake, Incident } from '../support/play.ts'
import { aCampaign, CAMPAIGN_ID, type CampaignPlay, playCampaign, putCampaign } from '../support/play-campaign.ts'
import { activitiesOf, aPlan, settings, target } from '../support/play-drill.ts'
import { createWorld, type World } from '../support/world/world.ts'

const MINUTE_MS = 60_000
const GAP_MS = 25 * MINUTE_MS
const reason = 'aborted by request'

const statesOf = ({ report }: CampaignPlay) => report?.drills.map(({ state }) => state)
const verdictsOf = ({ report }: CampaignPlay) => report?.drills.map(({ verdict }) => verdict)
const firstOf = (played: CampaignPlay, name: string, drillId: string): Pick<Call, 'atMs'> | undefined =>
  played.calls.find((call) => call.name === name && (call.input as { drillId?: string }).drillId === drillId)
const startsOf = (played: CampaignPlay): (number | undefined)[] =>
  [1, 2, 3].map((number) => firstOf(played, 'reserve', `${CAMPAIGN_ID}-${number}`)?.atMs)
const pointOf = ({ blobs }: World, number: number) =>
  blobs.peek<CampaignPoint>(campaignBlobs.point(CAMPAIGN_ID, number))
const figureOf = ({ report }: CampaignPlay, id: string) => report?.figures.find((figure) => figure.id === id)

const calm = await (async () => {
  const world = createWorld()
  return { world, played: await playCampaign(world, aCampaign(world)) }
})()
const [, SECOND_MS = 0] = startsOf(calm.played)

// ---- Undisturbed ----------------------------------------------------------------------------------------------------------

test('a campaign runs its drills one after the other, each with the gap before it, and reports what they measured', async () => {
  const { played, world } = calm
  const { status, report } = played
  expect(status).toBe('Completed')
  expect(report).toMatchObject({ verdict: 'PASS', reasons: [], planned: 3, gapMinutes: 25 })
  expect(report?.drills.map(({ drillId, state, verdict }) => [drillId, state, verdict])).toEqual(
    [1, 2, 3].map((number) => [`${CAMPAIGN_ID}-${number}`, 'measured', 'PASS']),
  )
  const ends = report?.drills.map(({ endedAt }) => Date.parse(endedAt ?? '') - Date.parse('2026-01-01T00:00:00.000Z'))
  const [first, second, third] = startsOf(played)
  expect(first).toBeLessThan(1_000)
  expect((second ?? 0) - (ends?.[0] ?? 0)).toBeGreaterThanOrEqual(GAP_MS)
  expect((third ?? 0) - (ends?.[1] ?? 0)).toBeGreaterThanOrEqual(GAP_MS)
  expect((third ?? 0) - (ends?.[1] ?? 0)).toBeLessThan(GAP_MS + MINUTE_MS)
  expect([world.server.posts, world.groups.alive.length, (await readLock(world.blobs, target))?.state]).toEqual([
    3,
    0,
    'free',
  ])
})

test('the report holds the figures of the reports of its drills', () => {
  const { world, played } = calm
  const measured = [1, 2, 3].map(
    (number) =>
      world.blobs.peek<{ recovery: { recoveryTimeSeconds: number } }>(
        drillBlobs.report(`${CAMPAIGN_ID}-${number}`, 'report.json'),
      )?.recovery.recoveryTimeSeconds ?? Number.NaN,
  )
  const [min, median, max] = [...measured].sort((a, b) => a - b)
  const figure = figureOf(played, 'recovery_time_s')
  expect(figure?.points.map(({ value }) => value)).toEqual(measured)
  expect([figure?.min.value, figure?.median.value, figure?.max.value]).toEqual([min, median, max])
  expect(figureOf(played, 'cpu_percent')).toBeUndefined()
})

test('its status says which drill runs, and what it waits for', () => {
  const shown = calm.played.customStatuses.map(({ value }) => value as CampaignProgress)
  expect(shown.filter(({ step }) => step === 'drill').map(({ drillId }) => drillId)).toEqual(
    [1, 2, 3].map((number) => `${CAMPAIGN_ID}-${number}`),
  )
  expect(shown.find(({ step }) => step === 'waiting')?.note).toMatch(/^drill 2 is due at 2026-01-01T00:2\d:/)
  expect(shown.at(-1)?.step).toBe('report')
})

test('one line of the log says how the campaign ended', () => {
  const lines = calm.played.logged.filter((line) => line.startsWith('campaign-result '))
  expect(lines.map((line) => JSON.parse(line.slice(line.indexOf(' '))))).toEqual([
    expect.objectContaining({
      campaignId: CAMPAIGN_ID,
      verdict: 'PASS',
      planned: 3,
      measured: 3,
      passed: 3,
      lostMax: 0,
    }),
  ])
})

test('the webhook is notified of its end once the report is written, and a webhook that fails changes nothing', async () => {
  const world = createWorld()
  const sent: unknown[] = []
  const webhook = { isConfigured: true, appUrl: null, send: async (body: object) => void sent.push(body) }
  const notifyCampaign = async (input: { readonly campaignId: string }) => {
    await createActivities({ ...world.clients, webhook }, settings).notifyCampaign(input)
    throw new Error('the webhook does not answer')
  }
  const { status, report } = await playCampaign(world, aCampaign(world, { drills: 2 }), {
    overrides: { notifyCampaign },
  })
  expect([status, report?.verdict]).toEqual(['Completed', 'PASS'])
  expect(sent[0]).toEqual({
    type: 'campaign.ended',
    id: `${CAMPAIGN_ID}.ended`,
    text: `PASS ${target.server}: ${report?.headline}`,
    campaignId: CAMPAIGN_ID,
    verdict: 'PASS',
    summary: report?.headline,
    server: target.server,
    resourceGroup: target.resourceGroup,
    links: {
      page: `/api/dashboard#/campaigns/${CAMPAIGN_ID}`,
      report: `/api/campaigns/${CAMPAIGN_ID}?format=html`,
    },
  })
})

test('its history does not grow with the gap or the number of drills', async () => {
  const historyOf = async (own: Readonly<Record<string, unknown>>) => {
    let longest = 0
    const world = createWorld()
    const { report } = await playCampaign(world, aCampaign(world, own), {
      onTurn: ({ instance }) => {
        if (instance.instanceId === CAMPAIGN_ID) longest = Math.max(longest, instance.history.length)
      },
    })
    return { longest, verdict: report?.verdict }
  }
  const short = await historyOf({ drills: 2, gapMinutes: 20 })
  const long = await historyOf({ drills: 3, gapMinutes: 300 })
  expect([short.verdict, long.verdict]).toEqual(['PASS', 'PASS'])
  expect(long.longest).toBeLessThanOrEqual(short.longest)
  expect(long.longest).toBeLessThan(150)
})

// ---- Restarts -----------------------------------------------------------------------------------------------------------

const TURNS = calm.played.calls.filter(({ name }) => name === 'campaignTurn').length
/** The turn that starts the second drill, the one after it, and some of the waits between. */
const starting = calm.played.calls
  .filter(({ name }) => name === 'campaignTurn')
  .findIndex(({ atMs }) => atMs >= SECOND_MS - 1_000)

const DEATHS: ReadonlyArray<readonly [what: string, step: string, nth: number]> = [
  ['the first drill is started', 'campaignTurn', 1],
  ['the first drill is noted', 'campaignTurn', 2],
  ['it waits', 'campaignTurn', Math.floor(starting / 2)],
  ['the second drill is started', 'campaignTurn', starting + 1],
  ['the second drill checks its server', 'check', 2],
  ['the second drill fails the server over', 'causeEvent', 2],
  ['the second drill reports', 'writeReport', 2],
  ['the second drill is noted', 'campaignTurn', starting + 2],
  ['the last drill is noted', 'campaignTurn', TURNS],
  ['the campaign reports', 'writeCampaignReport', 1],
]

for (const [what, step, nth] of DEATHS)
  test(`a host that dies when ${what} resumes the campaign, and no drill runs twice`, async () => {
    const world = createWorld()
    let count = 0
    const played = await playCampaign(world, aCampaign(world), {
      crash: ({ name }) => name === step && ++count === nth,
      restartAfterMs: 20_000,
    })
    expect([played.status, played.crashes, played.report?.verdict]).toEqual(['Completed', 1, 'PASS'])
    expect([world.server.posts, world.groups.alive.length]).toEqual([3, 0])
  })

test('a host that dies right after it wrote a record resumes the campaign', async () => {
  const at = Array.from({ length: 42 }, (_, i) => 1 + Math.floor((i * calm.played.records) / 42))
  for (const record of casesOf(at)) {
    const world = createWorld()
    const played = await playCampaign(world, aCampaign(world), { crashAfterRecords: [record] })
    expect([record, played.status, played.report?.verdict, world.server.posts]).toEqual([
      record,
      'Completed',
      'PASS',
      3,
    ])
  }
}, 300_000)

test('a host that is away for hours in the gap starts the next drill when it is back', async () => {
  const world = createWorld()
  const awayMs = 5 * 3_600_000
  const played = await playCampaign(world, aCampaign(world), {
    incidents: [{ atMs: SECOND_MS - 5 * MINUTE_MS, crash: true }],
    restartAfterMs: awayMs,
  })
  expect([played.report?.verdict, world.server.posts]).toEqual(['PASS', 3])
  expect((startsOf(played)[1] ?? 0) - (SECOND_MS - 5 * MINUTE_MS)).toBeGreaterThanOrEqual(awayMs)
})

test('storage that does not answer for ten minutes in the gap does not end the campaign', async () => {
  const world = createWorld()
  const fromMs = world.clock.nowMs + SECOND_MS - 12 * MINUTE_MS
  world.blobs.isAway = () => world.clock.nowMs >= fromMs && world.clock.nowMs < fromMs + 10 * MINUTE_MS
  const played = await playCampaign(world, aCampaign(world))
  expect([played.report?.verdict, world.server.posts]).toEqual(['PASS', 3])
})

test('storage that never answers again ends the campaign as an error, and not as a result', async () => {
  const world = createWorld()
  const fromMs = world.clock.nowMs + SECOND_MS - 12 * MINUTE_MS
  world.blobs.isAway = () => world.clock.nowMs >= fromMs
  const { status, error, report } = await playCampaign(world, aCampaign(world))
  expect([status, report]).toEqual(['Failed', null])
  expect(error).toContain('the blob storage does not answer')
})

// ---- Aborts ---------------------------------------------------------------------------------------------------------------

/** What DELETE /api/campaigns/{id} writes; the drill's own blobs when one is running. */
const abortAt = (world: World, atMs: number, drillId: string | null): Incident => ({
  atMs,
  run: () => {
    world.blobs.put(campaignBlobs.abort(CAMPAIGN_ID), JSON.stringify({ reason, at: '' }))
    if (drillId === null) return
    world.blobs.put(drillBlobs.abort(drillId), JSON.stringify({ reason, at: '' }))
    world.blobs.put(blobNames.stop(drillId), JSON.stringify({ reason }))
  },
})

/** DELETE /api/campaigns/{id} itself, while these orchestrations run; the event that it raises is lost. */
async function abortByApi(world: World, running: readonly string[]): Promise<number | undefined> {
  const service = new FakeOrchestrations(() => world.clock.now())
  for (const instanceId of running) await service.client.startNew('any', { instanceId })
  const api = campaignsApi(world.clients, { defaults: requestsTo(target, 20), retentionDays: 400 })
  const url = `http://app/api/campaigns/${CAMPAIGN_ID}`
  const request = new HttpRequest({ method: 'DELETE', url, params: { id: CAMPAIGN_ID } })
  return (await api.abort(request, service.client)).status
}

test('an abort through the API in the second drill ends that drill and the campaign', async () => {
  const world = createWorld()
  const atMs = SECOND_MS + 20_000
  const answers: Array<Promise<number | undefined>> = []
  const run = () => void answers.push(abortByApi(world, [CAMPAIGN_ID, `${CAMPAIGN_ID}-2`]))
  const played = await playCampaign(world, aCampaign(world), { incidents: [{ atMs, run }] })
  expect(await Promise.all(answers)).toEqual([202])
  expect([played.report?.verdict, statesOf(played)]).toEqual(['ABORTED', ['measured', 'aborted', 'not run']])
  expect(played.endedAtMs - atMs).toBeLessThan(2 * MINUTE_MS)
  expect([world.server.posts, world.groups.alive.length]).toEqual([1, 0])
})

test('an abort in the second drill ends that drill with a report, and the campaign with what is known', async () => {
  const world = createWorld()
  const atMs = SECOND_MS + 20_000
  const played = await playCampaign(world, aCampaign(world), {
    incidents: [abortAt(world, atMs, `${CAMPAIGN_ID}-2`)],
  })
  const { report } = played
  expect([report?.verdict, verdictsOf(played), statesOf(played)]).toEqual([
    'ABORTED',
    ['PASS', 'ABORTED', null],
    ['measured', 'aborted', 'not run'],
  ])
  expect(report?.reasons[0]).toBe(`Aborted: ${reason}.`)
  expect(report?.headline).toMatch(
    /^Campaign aborted: 2 of 3 drills of pg-under-test, 1 passed, 1 aborted: recovery time /,
  )
  expect(figureOf(played, 'recovery_time_s')).toMatchObject({ drills: 1 })
  expect(figureOf(played, 'recovery_time_s')?.points.map(({ kind }) => kind)).toEqual(['value', 'missing', 'missing'])
  expect(played.endedAtMs - atMs).toBeLessThan(2 * MINUTE_MS)
  expect([world.groups.alive.length, (await readLock(world.blobs, target))?.state]).toEqual([0, 'free'])
})

test('an abort in the gap starts no further drill, and ends the campaign within half a minute', async () => {
  const world = createWorld()
  const atMs = SECOND_MS - 10 * MINUTE_MS
  const played = await playCampaign(world, aCampaign(world), { incidents: [abortAt(world, atMs, null)] })
  expect([played.report?.verdict, statesOf(played)]).toEqual(['ABORTED', ['measured', 'not run', 'not run']])
  expect(played.endedAtMs - atMs).toBeLessThan(30_000)
  expect(world.server.posts).toBe(1)
})

test('an abort after the last drill has ended changes nothing', async () => {
  const world = createWorld()
  let count = 0
  const played = await playCampaign(world, aCampaign(world), {
    crash: ({ name }) => name === 'campaignTurn' && ++count === TURNS,
    restartAfterMs: 60_000,
    incidents: [abortAt(world, calm.played.endedAtMs + 1_000, null)],
  })
  expect([played.crashes, played.report?.verdict]).toEqual([1, 'PASS'])
})

test('an abort that arrives while a drill starts reaches that drill, in either order of the two writes', async () => {
  const world = createWorld()
  const { blobs, clock } = world
  putCampaign(world, aCampaign(world))
  const drillId = `${CAMPAIGN_ID}-1`
  const racing = Object.assign(Object.create(blobs) as Clients['blobs'], {
    ...methodsOf(blobs),
    writeOnce: async (name: string, value: unknown) => {
      if (name === blobNames.request(drillId))
        await blobs.writeOnce(campaignBlobs.abort(CAMPAIGN_ID), { reason, at: '' })
      return blobs.writeOnce(name, value)
    },
  })
  const step = await campaignTurn(
    { blobs: racing, table: world.table, clock: { now: () => clock.now(), sleep: async () => {} } },
    { campaignId: CAMPAIGN_ID, number: 1, lastError: null, failedTurns: 0 },
  )
  expect(step.next).toBe('drill')
  expect(blobs.peek(drillBlobs.abort(drillId))).toMatchObject({ reason })
  expect(blobs.peek(blobNames.stop(drillId))).toEqual({ reason })
})

/** Private fields are out of reach of an object that inherits them. */
function methodsOf(blobs: World['blobs']): Partial<Clients['blobs']> {
  return {
    readJson: (name) => blobs.readJson(name),
    readWithTag: (name) => blobs.readWithTag(name),
    replace: (name, value, tag) => blobs.replace(name, value, tag),
  }
}

test('a drill of the campaign that is aborted alone is a point without figures, and the next one runs', async () => {
  const world = createWorld()
  const drillId = `${CAMPAIGN_ID}-2`
  const played = await playCampaign(world, aCampaign(world), {
    incidents: [
      {
        atMs: SECOND_MS + 20_000,
        run: () => {
          world.blobs.put(drillBlobs.abort(drillId), JSON.stringify({ reason, at: '' }))
          world.blobs.put(blobNames.stop(drillId), JSON.stringify({ reason }))
        },
      },
    ],
  })
  expect([played.report?.verdict, statesOf(played)]).toEqual(['INCONCLUSIVE', ['measured', 'aborted', 'measured']])
})

// ---- Others on the same server ------------------------------------------------------------------------------------------

const OTHER = 'another-drill'

/** Another drill holds the server from before the second drill is due, and fails it over shortly before it ends. */
function otherDrill(world: World, fromMs: number, toMs: number): Incident[] {
  const startMs = world.clock.nowMs
  const other = aPlan({}, OTHER, startMs + fromMs)
  return [
    {
      atMs: fromMs,
      run: () => {
        world.clock.moveTo(startMs + fromMs)
        world.blobs.put(blobNames.request(OTHER), JSON.stringify({ plan: other, bodyHash: '' }))
        putEntry(world, other)
        void takeLock(world.blobs, target, OTHER, world.clock.now(), async () => true)
      },
    },
    {
      atMs: toMs,
      run: () => {
        world.clock.moveTo(startMs + toMs)
        void notePromotion(world.blobs, other, world.clock.nowMs)
        void releaseLock(world.blobs, target, OTHER, world.clock.now())
      },
    },
  ]
}

test("another drill in the gap does not break the campaign: its drill waits for the server and for the other's cool-down", async () => {
  const world = createWorld()
  const toMs = SECOND_MS + 40 * MINUTE_MS
  const played = await playCampaign(world, aCampaign(world), {
    incidents: otherDrill(world, SECOND_MS - 5 * MINUTE_MS, toMs),
  })
  expect([played.report?.verdict, world.server.posts]).toEqual(['PASS', 3])
  const [, second = 0] = startsOf(played)
  expect(second).toBeGreaterThanOrEqual(toMs + 20 * MINUTE_MS)
  expect(second).toBeLessThan(toMs + 21 * MINUTE_MS)
  const notes = played.customStatuses.map(({ value }) => (value as CampaignProgress).note)
  expect(notes).toContain(`drill ${OTHER} is running against pg-under-test`)
  expect(
    notes.some((note) => /^since the last promotion of pg-under-test: \d+ min; the cool-down is 20 min$/.test(note)),
  ).toBe(true)
})

test('a server that another drill holds for longer than any drill takes ends the campaign, which says so', async () => {
  const world = createWorld()
  const played = await playCampaign(world, aCampaign(world), {
    incidents: otherDrill(world, SECOND_MS - 5 * MINUTE_MS, SECOND_MS + 30 * 3_600_000),
  })
  expect([played.report?.verdict, statesOf(played)]).toEqual(['INCONCLUSIVE', ['measured', 'not started', 'not run']])
  expect(played.report?.reasons[0]).toBe(
    `Only 2 of 3 drills were run. Drill 2 did not start: pg-under-test was not free for 6 h: drill ${OTHER} is running against pg-under-test.`,
  )
  expect(played.endedAtMs - SECOND_MS).toBeLessThan(6.1 * 3_600_000)
})

test('a lock whose drill never started, or has ended, is taken over', async () => {
  for (const hasEnded of [false, true]) {
    const world = createWorld()
    const other = aPlan({}, OTHER, world.clock.nowMs)
    await takeLock(world.blobs, target, OTHER, world.clock.now(), async () => true)
    if (hasEnded) {
      world.blobs.put(blobNames.request(OTHER), JSON.stringify({ plan: other, bodyHash: '' }))
      putEntry(world, other, { endedAt: other.requestedAt })
    }
    const played = await playCampaign(world, aCampaign(world))
    expect(played.report?.verdict).toBe('PASS')
    expect(startsOf(played)[0]).toBeLessThan(3 * MINUTE_MS)
  }
})

// ---- Drills that prove nothing --------------------------------------------------------------------------------------------

/** What holds for one drill of the campaign, while its check runs. */
const during = (world: World, numbers: readonly number[]): boolean =>
  numbers.some((number) => {
    const drillId = `${CAMPAIGN_ID}-${number}`
    return world.blobs.has(blobNames.request(drillId)) && !world.blobs.has(campaignBlobs.point(CAMPAIGN_ID, number))
  })

/** A world in which PgBouncer, or the size of the server, is not as wanted in some drills. */
function worldWith(what: 'no session' | 'a small server', numbers: readonly number[]): World {
  const world: World = createWorld({
    session: (via) =>
      what === 'no session' && via === 'pgbouncer' && during(world, numbers)
        ? { reachable: false, error: 'ECONNREFUSED' }
        : {},
    server: {
      facts: {
        get vCores() {
          return what === 'a small server' && during(world, numbers) ? 2 : 4
        },
      },
    },
  })
  return world
}

test('a drill that a passing state stopped is a point without figures, and the next one runs', async () => {
  const world = worldWith('no session', [2])
  const played = await playCampaign(world, aCampaign(world, { criteria: ['recovery_time_s[max] <= 120'] }))
  expect([played.report?.verdict, statesOf(played)]).toEqual(['INCONCLUSIVE', ['measured', 'not started', 'measured']])
  expect(pointOf(world, 2)).toMatchObject({
    stoppedBy: { phase: 'check', checks: ['sql-pgbouncer'] },
    endsCampaign: null,
    why: 'it did not start: the checklist stopped it: sql-pgbouncer (ECONNREFUSED; wanted: a session)',
  })
  expect(figureOf(played, 'recovery_time_s')).toMatchObject({ drills: 2 })
  expect(played.report?.criteria[0]?.why).toMatch(/not measured in drill 2 \(not started\)$/)
})

test('the same passing state in two drills in a row ends the campaign', async () => {
  const world = worldWith('no session', [1, 2])
  const played = await playCampaign(world, aCampaign(world))
  expect([played.report?.verdict, statesOf(played)]).toEqual([
    'INCONCLUSIVE',
    ['not started', 'not started', 'not run'],
  ])
  expect(played.report?.reasons[0]).toMatch(
    /^Only 2 of 3 drills were run\. Drills 1 and 2 did not start for the same reason/,
  )
  expect(world.server.posts).toBe(0)
})

test('a check that stays failed until the set-up changes ends the campaign at once', async () => {
  const world = worldWith('a small server', [2])
  const played = await playCampaign(world, aCampaign(world))
  expect([played.report?.verdict, statesOf(played)]).toEqual(['INCONCLUSIVE', ['measured', 'not started', 'not run']])
  expect(played.report?.reasons[0]).toMatch(
    /^Only 2 of 3 drills were run\. The checklist stopped drill 2, and would stop the next one as well until the set-up changes: server-sku \(/,
  )
  expect(played.endedAtMs - SECOND_MS).toBeLessThan(2 * MINUTE_MS)
})

test('a drill whose orchestration fails is a point without figures, and the next one runs', async () => {
  const world = createWorld()
  const played = await playCampaign(world, aCampaign(world), {
    overrides: { writeReport: failingFor(world, `${CAMPAIGN_ID}-2`) },
  })
  expect([played.report?.verdict, statesOf(played)]).toEqual([
    'INCONCLUSIVE',
    ['measured', 'without a report', 'measured'],
  ])
  expect(pointOf(world, 2)?.why).toMatch(
    /^it ended without a report: the report of drill campaign-1-2 could not be written/,
  )
})

function failingFor(world: World, drillId: string): Fake {
  const { writeReport } = activitiesOf(world, {})
  return (input: { readonly drillId: string }, call: Call) => {
    if (input.drillId === drillId) throw new Error('the renderer is broken')
    return writeReport?.(input, call)
  }
}

test('a drill that misses its objective is measured, and fails the campaign', async () => {
  const world = createWorld()
  const request = { criteria: ['recovery_time_s <= 1', 'lost_commits == 0'] }
  const played = await playCampaign(world, aCampaign(world, { drills: 2, request }))
  expect([played.report?.verdict, statesOf(played), verdictsOf(played)]).toEqual([
    'FAIL',
    ['measured', 'measured'],
    ['FAIL', 'FAIL'],
  ])
  expect(played.report?.reasons).toEqual([
    'drills_passed == 2 was missed: 0 of 2 drills passed (drill 1 FAIL, drill 2 FAIL); exactly 2 wanted.',
  ])
})

test('an inconclusive drill has no figures that count', async () => {
  const world = createWorld()
  const request = { events: [] }
  const played = await playCampaign(world, aCampaign(world, { drills: 2, gapMinutes: 0, request }))
  expect([played.report?.verdict, statesOf(played)]).toEqual(['INCONCLUSIVE', ['inconclusive', 'inconclusive']])
  const figures: CampaignReport['figures'] = played.report?.figures ?? []
  expect(figures.map(({ drills, max }) => [drills, max.value, max.words])).toEqual(
    figures.map(() => [0, null, 'not measured']),
  )
})
