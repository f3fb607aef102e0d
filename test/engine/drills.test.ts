/** Whole drills on the Durable extension of Azure: its queues, its timers, and what becomes of a drill when its processes die. */
import { spawn } from 'node:child_process'
import { openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ContainerClient } from '@azure/storage-blob'
import { describe, expect, type TestContext, test } from 'vitest'
import { createBlobs } from '../../functions/clients/storage/blobs.ts'
import { drillBlobs } from '../../functions/model/blob-paths.ts'
import type { CampaignStatus } from '../../functions/model/campaign/status.ts'
import { STALE_LEASE_SECONDS } from '../../functions/model/load-plan.ts'
import type { StoredRequest } from '../../functions/model/plan.ts'
import { type JournalEntry, type Report, reportSchema } from '../../functions/model/report.ts'
import { type DrillStatus, PHASES, type Phase, watchId } from '../../functions/model/status.ts'
import { drillIdOfKey, sha256 } from '../../functions/triggers/start.ts'
import { parseDrillOptions, requestBody } from '../../infra/local/cli/drill-body.ts'
import { createDrillApi, type DrillApi } from '../../infra/local/cli/drill-client.ts'
import type { DrillOptions } from '../../infra/local/cli/drill-options.ts'
import { descendantsOf, identityOf } from '../../infra/local/process/process-table.ts'
import { trySignal } from '../../infra/local/process/stack-folder.ts'
import type { HostKind } from '../../infra/local/stack/functions-host.ts'
import { PLACE, type Stack } from '../../infra/local/stack/stack.ts'
import { blobNames } from '../../loadgen-image/contract/glossary.ts'
import { SMALL } from '../support/drill-run.ts'
import { eventually } from '../support/eventually.ts'
import { countsOf, historyIn, instancesIn, requestsIn } from '../support/hub-storage.ts'
import { processesOf } from '../support/leaks.ts'
import { aPlan } from '../support/play-drill.ts'
import { timeouts } from '../support/timeouts.ts'
import { openStack, type StackInTest } from '../support/with-stack.ts'
import { WHY_SKIPPED } from './engines.ts'

const RESTART = { method: 'POST', path: /\/restart$/ }
/** A restart ends sooner than a failover. The platform has one call for both. */
const RESTARTED = { atSeconds: 5, kind: 'restart' }
const FORCED = { atSeconds: 12, kind: 'failover', mode: 'forced' }

const requestOf = (events: readonly object[], durationSeconds: number) => ({
  targetTps: 120,
  workers: 8,
  durationSeconds,
  events,
  // The speed of a shared machine is no objective.
  criteria: ['recovery_time_s <= 120', 'lost_commits == 0', 'containers_left == 0'],
  timing: {
    warmupSeconds: 4,
    minBaselineSeconds: 3,
    auditPauseSeconds: 2,
    watchIntervalSeconds: 1,
    lateMetricsSeconds: 8,
    healthyTimeoutSeconds: 90,
    cooldownMinutes: 0,
  },
  force: ['server-sku', 'storage-iops'],
})

/** The drill of the command, with a small load. */
const OF_COMMAND = { ...requestBody(parseDrillOptions(SMALL) as DrillOptions), criteria: requestOf([], 30).criteria }

interface Site {
  readonly stack: StackInTest
  readonly api: DrillApi
}

/** The tests run at the same time, so each ends its own site: of the runner only the test's context knows which test it is. */
async function openSite({ onTestFinished }: TestContext, host: HostKind = 'durable'): Promise<Site> {
  const stack = await openStack({ host, platformPauseMs: 500 })
  onTestFinished(async () => {
    await stack.stop()
    expect(processesOf(stackIdOf(stack))).toEqual([])
  })
  return { stack, api: createDrillApi(stack.apiUrl, stack.functionKey) }
}

const stackIdOf = ({ folder }: Stack): string => folder.slice(-10)

/** A host that is being restarted answers nothing for some seconds. What a drill that has ended did not reach, it never reaches. */
async function reaches({ api }: Site, drillId: string, what: string, is: (status: DrillStatus) => boolean) {
  const seen = await eventually(
    `drill ${drillId} ${what}`,
    timeouts.drillMs,
    async () => {
      const status = await api.status(drillId)
      return is(status) || hasEnded(status) ? status : null
    },
    200,
  )
  if (!is(seen)) throw new Error(`drill ${drillId} ended, and it was not seen that it ${what}: ${JSON.stringify(seen)}`)
  return seen
}

const hasEnded = ({ state }: DrillStatus): boolean => state === 'finished' || state === 'failed'

/** Or a later one: a phase may be shorter than the time between two looks. */
const reachesPhase = (site: Site, drillId: string, phase: Phase) =>
  reaches(
    site,
    drillId,
    `is in the phase ${phase}`,
    ({ progress }) => progress !== null && PHASES.indexOf(progress.phase) >= PHASES.indexOf(phase),
  )

async function reportOf(site: Site, drillId: string): Promise<Report> {
  const last = await reaches(site, drillId, 'ends', hasEnded)
  expect([last.state, last.error]).toEqual(['finished', null])
  const file = await site.api.file(drillId, 'report.json')
  return reportSchema.parse(JSON.parse(new TextDecoder().decode(file ?? new Uint8Array())))
}

const drilled = async (site: Site, body: object): Promise<Report> => reportOf(site, await site.api.start(body))

const failoversAskedFrom = ({ stack }: Site): number =>
  stack.azure.requests.filter(({ method, path }) => method === RESTART.method && RESTART.path.test(path)).length

/** A machine that is too busy to send on time, or lets a generator stand still, measures nothing, and then the report says so. */
function expectGood({ verdict, generator, events, ledger, cleanup, reasons }: Report): void {
  expect(ledger, reasons.join('\n')).toMatchObject({ lost: 0, duplicates: 0, unexpected: 0, unresolved: 0 })
  expect(cleanup.containersLeft).toBe(0)
  const isUnwatched = events.some(({ watched, notMeasuredWhy }) => !watched || notMeasuredWhy !== null)
  expect(verdict, reasons.join('\n')).toBe(generator.wasTheLimit || isUnwatched ? 'INCONCLUSIVE' : 'PASS')
}

const timelinesOf = ({ events }: Report) =>
  events.map(({ mode, proof }) => [mode, proof.before?.timeline, proof.after?.timeline])

/** Steps whose detail may differ between two drills on one host, each with its reason. Of the others only the figures may. */
const UNSTEADY_DETAILS: Readonly<Record<string, string>> = {
  noteContainers: 'a busy machine sends late',
  gatherMetrics: 'whether the newest points are in is a matter of the moment',
  writeReport: 'the headline is the result, which a busy machine changes',
}

/** A step that polls is repeated as often as time passes, and counts once. */
const stepsOf = ({ drillId, journal }: Report): string[] =>
  journal
    .map((entry) => `${entry.phase}: ${entry.step} ${entry.result}${steadyDetail(entry, drillId)}`)
    .filter((text, index, all) => text !== all[index - 1])

const steadyDetail = ({ step, detail }: JournalEntry, drillId: string): string =>
  step in UNSTEADY_DETAILS ? '' : `: ${withoutFigures(detail.replaceAll(drillId, 'DRILL'))}`

const withoutFigures = (text: string): string =>
  text.replaceAll(/[\da-f]{8}-[\da-f-]{27}/g, 'ID').replaceAll(/\d[\d.,:TZ-]*/g, '#')

function secondsIn(phase: Phase, { journal }: Report): number {
  const starts = journal.filter((entry) => entry.phase === phase).map(({ at }) => Date.parse(at))
  return (Math.max(...starts) - Math.min(...starts)) / 1000
}

/** So a timer fires at once, and the polls of an hour fit into a minute. No request may have so short an interval. */
const HASTY_SECONDS = 0.001
const HASTY_LOAD_SECONDS = 50
/** Hundreds on a machine of its own, one each second on a busy one. */
const MIN_HASTY_POLLS = 35
/** A dozen polls of nine events each, and the start of the generation. */
const MAX_WATCH_HISTORY = 120
const MAX_STATUS_BYTES = 16 * 1024
/** One for the answer, one for the timer, and one for the next generation of a dozen. */
const MAX_TURNS_PER_POLL = 2.5
const MAX_OTHER_TURNS = 100
/** A poll that is lost is awaited for two minutes. */
const MAX_SILENCE_SECONDS = STALE_LEASE_SECONDS / 10

/** Finds the request already written, as the API does after a host died between writing it and starting the drill. */
async function startHasty({ stack }: Site): Promise<string> {
  const [key, body] = [
    'hasty',
    JSON.stringify({
      ...requestOf([FORCED], HASTY_LOAD_SECONDS),
      containers: 1,
    }),
  ]
  const drillId = drillIdOfKey(key)
  const { target: _, ...plan } = aPlan(JSON.parse(body), drillId, Date.now())
  const request: StoredRequest = {
    plan: {
      ...plan,
      target: { resourceGroup: PLACE.resourceGroup, server: PLACE.server, database: stack.cluster.facts.database },
      timing: { ...plan.timing, watchIntervalSeconds: HASTY_SECONDS },
    },
    bodyHash: sha256(body),
  }
  const blobs = createBlobs(new ContainerClient(stack.storage.connectionString, stack.storage.container))
  await blobs.writeJson(blobNames.request(drillId), request)
  const answer = await fetch(`${stack.apiUrl}/drills`, {
    method: 'POST',
    headers: { 'x-functions-key': stack.functionKey, 'idempotency-key': key, 'content-type': 'application/json' },
    body,
  })
  expect(answer.status, await answer.text()).toBe(202)
  return drillId
}

/** The seconds of the load that the live figures showed one after the other, until the drill ended, and those of their charts. */
async function liveSecondsOf(site: Site, drillId: string) {
  const shown: number[] = []
  const look = async () => {
    const { state, progress, history } = await site.api.status(drillId)
    const second = progress?.live?.loadSecond ?? null
    if (second !== null && second !== shown.at(-1)) shown.push(second)
    return state === 'waiting' || state === 'running' ? null : history.map((point) => point.second)
  }
  // Seldom, because each look takes time from the polls.
  const charted = await eventually(`drill ${drillId} ends`, timeouts.drillMs, look, 2_000)
  return { shown, charted }
}

/** Each watch is one instance, and each of its generations replays the same few events. */
async function expectSmall({ stack }: Site, ids: readonly string[]): Promise<void> {
  const instances = await instancesIn(stack)
  expect(instances.map(({ PartitionKey }) => PartitionKey).sort()).toEqual(ids)
  for (const { PartitionKey, RuntimeStatus, CustomStatus = '' } of instances)
    expect([PartitionKey, RuntimeStatus, CustomStatus.length * 2 < MAX_STATUS_BYTES]).toEqual([
      PartitionKey,
      'Completed',
      true,
    ])
  const history = await historyIn(stack)
  const events = ids.slice(1).map((id) => history.filter(({ PartitionKey }) => PartitionKey === id).length)
  expect(Math.max(...events)).toBeLessThan(MAX_WATCH_HISTORY)
}

const longestStep = (figures: readonly number[]): number =>
  Math.max(...figures.slice(1).map((figure, index) => figure - (figures[index] ?? 0)))

/** Each poll first renews the lease and at last writes the live figures. */
function pollsOf({ stack }: Site, drillId: string) {
  const inContainer = (name: string) => `${stack.storage.container}/${name}`
  const [go, lease, live] = [blobNames.go, blobNames.lease, drillBlobs.live].map((name) => inContainer(name(drillId)))
  const writes = requestsIn(stack)
    .filter(({ method }) => method === 'PUT')
    .map(({ atMs, path }) => ({ atMs, name: path.split('?')[0] }))
  const ofLoad = writes
    .slice(writes.findIndex(({ name }) => name === go))
    .filter(({ name }) => name === lease || name === live)
  const leases = ofLoad.filter(({ name }) => name === lease)
  return {
    polls: leases.length,
    unfinished: ofLoad.filter(({ name }, index) => name === lease && ofLoad[index + 1]?.name !== live).length,
    longestGapSeconds: longestStep(leases.map(({ atMs }) => atMs / 1000)),
  }
}

/** SIGKILL to the .NET process, the only child of the host; the host ends with it, and the stack starts both again. */
async function killEngine({ process: host }: Stack['host']): Promise<void> {
  const [engine] = descendantsOf(host.pid)
  if (engine === undefined) throw new Error('the host has no .NET process')
  process.kill(engine, 'SIGKILL')
  await host.exited
}

interface SecondHost {
  log(): string
  stop(): Promise<void>
}

/** A second host with the same hub and the same settings, as a second instance of the app in Azure. */
async function startSecondHost({ onTestFinished }: TestContext, stack: Stack): Promise<SecondHost> {
  const { pid } = stack.host.process
  const read = (file: string) => readFileSync(`/proc/${pid}/${file}`, 'utf8').split('\0').slice(0, -1)
  const [command = '', ...args] = read('cmdline')
  const replace = (flag: string, value: string) => args.splice(args.indexOf(flag) + 1, 1, value)
  replace('--port', '0')
  replace('--state-dir', join(stack.folder, 'second-host'))
  const environment = read('environ').map((line) => line.split(/=(.*)/s).slice(0, 2))
  const logFile = join(stack.folder, 'second-host.log')
  const output = openSync(logFile, 'a')
  const host = spawn(command, args, { env: Object.fromEntries(environment), stdio: ['ignore', output, output] })
  const exited = new Promise((resolve) => host.once('exit', resolve))
  // With its .NET process, which would outlive the stack by a moment.
  const stop = async () => {
    if (host.pid === undefined || host.exitCode !== null || host.signalCode !== null) return
    const engines = descendantsOf(host.pid)
    for (const one of [...engines, host.pid]) trySignal(one, 'SIGKILL')
    await exited
    await eventually('its engine is gone', timeouts.processEndsMs, () =>
      engines.every((one) => identityOf(one) === null),
    )
  }
  onTestFinished(stop)
  const log = () => readFileSync(logFile, 'utf8')
  await eventually('the second host runs', timeouts.stackStartsMs, () => log().includes('"ready":true'))
  return { log, stop }
}

function runDrills(): void {
  // The longest first: two run at a time.
  test('killed in the baseline, and again after the load, the engine resumes the drill', {
    timeout: 2 * timeouts.drillMs,
  }, async (context) => {
    const site = await openSite(context)
    // Long enough for a message that died with the engine, which the queue hides for a minute, and for a host that starts slowly.
    const drillId = await site.api.start(requestOf([{ atSeconds: 14, kind: 'failover', mode: 'forced' }], 130))
    for (const phase of ['baseline', 'collect'] as const) {
      await reachesPhase(site, drillId, phase)
      await killEngine(site.stack.host)
    }
    const report = await reportOf(site, drillId)
    expect(failoversAskedFrom(site)).toBe(1)
    expect(timelinesOf(report)).toEqual([['forced', 1, 2]])
    expectGood(report)
  })

  test("two hosts share the work of the command's drill, which has one failover, audits as far apart as planned, and the journal of the local host", {
    timeout: 2 * timeouts.drillMs,
  }, async (context) => {
    const site = await openSite(context)
    const second = await startSecondHost(context, site.stack)
    const report = await drilled(site, OF_COMMAND)
    expect(failoversAskedFrom(site)).toBe(1)
    expect(timelinesOf(report)).toEqual([['forced', 1, 2]])
    expectGood(report)
    const worked = [site.stack.host.process.log(1_000_000), second.log()].map((log) => log.includes("Executing '"))
    expect(worked).toEqual([true, true])
    const audits = report.journal.filter(({ step }) => step === 'audit')
    const endOfFirstMs = Date.parse(audits[0]?.at ?? '') + 1000 * (audits[0]?.seconds ?? 0)
    expect(Date.parse(audits[1]?.at ?? '') - endOfFirstMs).toBeGreaterThanOrEqual(2_000)
    await second.stop()
    await site.stack.stop()
    const local = await drilled(await openSite(context, 'local'), OF_COMMAND)
    expectGood(local)
    expect(stepsOf(report)).toEqual(stepsOf(local))
  })

  test('a watch that polls without a pause stays as small as at its start, and loses no poll', {
    timeout: timeouts.drillMs,
  }, async (context) => {
    const site = await openSite(context)
    const drillId = await startHasty(site)
    const { shown, charted } = await liveSecondsOf(site, drillId)
    const report = await reportOf(site, drillId)
    expect(failoversAskedFrom(site)).toBe(1)
    expect(timelinesOf(report)).toEqual([['forced', 1, 2]])
    expectGood(report)
    const watches = report.journal.filter(({ step }) => step === 'watch').map(({ result, detail }) => [result, detail])
    expect(watches).toEqual([
      ['ok', 'as long as planned'],
      ['ok', 'as long as planned'],
      ['ok', 'load ended: every container has ended'],
    ])
    const { polls, unfinished, longestGapSeconds } = pollsOf(site, drillId)
    expect(polls).toBeGreaterThan(MIN_HASTY_POLLS)
    expect(unfinished).toBe(0)
    expect(longestGapSeconds).toBeLessThan(MAX_SILENCE_SECONDS)
    expect(longestStep(shown)).toBeLessThan(MAX_SILENCE_SECONDS)
    expect(shown.at(-1)).toBeGreaterThanOrEqual(HASTY_LOAD_SECONDS)
    expect(longestStep(charted)).toBe(1)
    expect(charted.at(-1)).toBeGreaterThanOrEqual(HASTY_LOAD_SECONDS - 1)
    expect(countsOf(requestsIn(site.stack)).turns).toBeLessThan(MAX_TURNS_PER_POLL * polls + MAX_OTHER_TURNS)
    await expectSmall(site, [drillId, ...watches.map((_, index) => watchId(drillId, index))])
  })

  test('an aborted drill stops its load, requests no failover and reports; the next one measures both of its failovers', {
    timeout: 2 * timeouts.drillMs,
  }, async (context) => {
    const site = await openSite(context)
    const drillId = await site.api.start(requestOf([{ atSeconds: 25, kind: 'failover', mode: 'forced' }], 40))
    await reachesPhase(site, drillId, 'baseline')
    await site.api.abort(drillId)
    const { verdict, cleanup } = await reportOf(site, drillId)
    expect([verdict, cleanup.containersLeft, failoversAskedFrom(site)]).toEqual(['ABORTED', 0, 0])
    const second = { atSeconds: 36, kind: 'failover', mode: 'planned' }
    const report = await drilled(site, requestOf([FORCED, second], 60))
    expect(failoversAskedFrom(site)).toBe(2)
    expect(timelinesOf(report)).toEqual([
      ['forced', 1, 2],
      ['planned', 2, 3],
    ])
    expectGood(report)
  })

  test('killed in the failover, the engine causes no second one, and a true report follows without waiting for a limit', {
    timeout: timeouts.drillMs,
  }, async (context) => {
    const site = await openSite(context)
    // The platform fails over and never answers: the activity is under way when its process dies.
    site.stack.azure.failNext(RESTART, { kind: 'hang' })
    const drillId = await site.api.start(requestOf([FORCED], 100))
    await eventually('the failover is requested', timeouts.drillMs, () => failoversAskedFrom(site) === 1)
    await killEngine(site.stack.host)
    const report = await reportOf(site, drillId)
    expect(secondsIn('late metrics', report)).toBeLessThan(report.timing.healthyTimeoutSeconds ?? 0)
    expect(failoversAskedFrom(site)).toBe(1)
    expect(report.ledger).toMatchObject({ lost: 0, duplicates: 0, unexpected: 0, unresolved: 0 })
    // Without the platform's answer nothing shows that this drill was the cause.
    expect(report.eventsProof).toMatchObject({ proven: false, before: { timeline: 1 }, after: { timeline: 2 } })
    expect([report.verdict, report.events.length]).toEqual(['INCONCLUSIVE', 1])
  })

  test('a campaign whose engine is killed in the gap runs each of its drills once, and its history stays short', {
    timeout: 2 * timeouts.drillMs,
  }, async (context) => {
    const site = await openSite(context)
    const { timing, ...request } = requestOf([RESTARTED], 18)
    // How fast a busy machine recovers is no matter of this test.
    const criteria = ['lost_commits == 0', 'containers_left == 0']
    const short = { ...request, criteria, timing: { ...timing, warmupSeconds: 1, lateMetricsSeconds: 0 } }
    const id = await site.api.startCampaign({ drills: 2, gapMinutes: 0.1, request: short })
    // The gap is between any two drills, and an aborted one is short.
    await reachesPhase(site, `${id}-1`, 'ready')
    await site.api.abort(`${id}-1`)
    const reaches = (what: string, is: (status: CampaignStatus) => boolean) =>
      eventually(
        `campaign ${id} ${what}`,
        2 * timeouts.drillMs,
        async () => {
          const status = await site.api.campaign(id)
          return is(status) ? status : null
        },
        200,
      )
    // Several times, so that the turn which says so is over: a message that dies with the engine is hidden for a minute.
    let looks = 0
    const isWaiting = ({ progress }: CampaignStatus) => progress?.step === 'waiting' && progress.number === 2
    await reaches('waits for its second drill', (status) => isWaiting(status) && ++looks > 5)
    await killEngine(site.stack.host)
    const { report, error } = await reaches('ends', ({ state }) => state === 'finished' || state === 'failed')
    expect([error, failoversAskedFrom(site)]).toEqual([null, 1])
    expect(report?.drills.map(({ drillId, verdict }) => [drillId, verdict])).toEqual([
      [`${id}-1`, 'ABORTED'],
      [`${id}-2`, expect.any(String)],
    ])
    expectGood(await reportOf(site, `${id}-2`))
    const own = (await historyIn(site.stack)).filter(({ PartitionKey }) => PartitionKey === id)
    expect(own.length).toBeLessThan(MAX_WATCH_HISTORY)
  })
}

// Most of a drill is waiting, and what its figures may show of a busy machine is allowed: see expectGood.
describe.concurrent('on the Durable extension', () => {
  if (WHY_SKIPPED === null) runDrills()
  else test('whole drills', ({ skip }) => skip(WHY_SKIPPED ?? ''))
})
