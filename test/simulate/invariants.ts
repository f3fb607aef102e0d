/** What must hold for every drill in every world. Each returns what is wrong, or nothing. */

import { readLock } from '../../functions/clients/storage/server-lock.ts'
import { drillBlobs } from '../../functions/model/blob-paths.ts'
import { overallDeadlineSeconds } from '../../functions/model/load-plan.ts'
import { type Report, reportSchema } from '../../functions/model/report.ts'
import { renderers } from '../../functions/render/formats.ts'
import { blobNames, type GoSignal, type LoadSummary } from '../../loadgen-image/contract/glossary.ts'
import { smallRenderers } from '../support/play-drill.ts'
import { START_AT_MS } from '../support/world/world.ts'
import { appViolations } from './app-invariants.ts'
import { baselineViolations } from './baseline-invariants.ts'
import { eventViolations, hasFewWorkers } from './event-invariants.ts'
import { leftBySweeper, metricsAreTrue, platformViolations } from './platform-invariants.ts'
import { requestViolations } from './request-invariants.ts'
import type { Scenario } from './scenario.ts'
import { otherDrill, type Simulated } from './simulation.ts'
import { staleViolations } from './stale-invariants.ts'
import type { TroubleName } from './troubles.ts'
import { type Truth, truthOf } from './truth.ts'
import { leftToUndo, undoViolations } from './undo-invariants.ts'
import { harmViolations, verdictViolations } from './verdict-invariants.ts'

export async function violations(simulated: Simulated, truth = truthOf(simulated)): Promise<string[]> {
  const found = await violationsAtTheEnd(simulated, truth)
  return [...found, ...(await leftBySweeper(simulated)), ...(await leftToUndo(simulated))]
}

async function violationsAtTheEnd(simulated: Simulated, truth: Truth): Promise<string[]> {
  const { world } = simulated
  world.blobs.isAway = () => false
  const { report } = simulated.played
  const always = [
    ...harmViolations(simulated, truth),
    ...ended(simulated),
    ...endedInTime(simulated),
    ...requestViolations(simulated),
    ...platformViolations(simulated),
    ...undoViolations(simulated, report),
    ...(await lockIsRight(simulated)),
    ...noOtherDrillStarted(simulated),
    ...boundedHistory(simulated),
    ...allFilesAreThere(simulated),
    ...noLoadAfterAbort(simulated),
  ]
  if (report === null) return [...always, 'no report was written']
  const parsed = reportSchema.safeParse(report)
  return [
    ...always,
    ...(parsed.success ? [] : [`the report breaks its own schema: ${parsed.error.message}`]),
    ...sumsAddUp(simulated, report),
    ...lossIsFound(simulated, report),
    ...verdictIsTrue(simulated, report),
    ...eventViolations(simulated, report, truth),
    ...verdictViolations(simulated, report, truth),
    ...baselineViolations(simulated, report, truth),
    ...appViolations(simulated, report, truth),
    ...staleViolations(simulated, report, truth),
    ...deathsAreReported(simulated, report),
    ...deadLoadIsNotWaitedFor(simulated, report),
    ...loadEndsWithDrill(simulated, report),
    ...metricsAreTrue(simulated, report),
  ]
}

/** It may fail only when the step that writes the report does not answer, and then it was written all the same. */
const ended = ({ played: { status, error }, scenario }: Simulated): string[] =>
  status === 'Completed' || (status === 'Failed' && scenario.hanging.includes('writeReport'))
    ? []
    : [`the orchestration ended as ${status}: ${error}`]

/** Past the deadline each of the last steps still gets a minute. */
const LAST_STEPS_SECONDS = 900

function endedInTime({ played: { calls }, scenario: { plan } }: Simulated): string[] {
  const lastSeconds = Math.max(...calls.filter(({ run }) => run === 1).map(({ atMs }) => atMs)) / 1000
  const allowed = overallDeadlineSeconds(plan) + LAST_STEPS_SECONDS
  return lastSeconds <= allowed ? [] : [`its last step began after ${lastSeconds} s, allowed are ${allowed} s`]
}

async function lockIsRight({ world, scenario, played }: Simulated): Promise<string[]> {
  const lock = await readLock(world.blobs, scenario.plan.target)
  const { isServerTaken, serverLostAtMs } = scenario
  if (isServerTaken || (serverLostAtMs !== null && serverLostAtMs < played.endedAtMs))
    return lock?.drillId === otherDrill.drillId && lock.state === 'held'
      ? []
      : [`the server was taken from another drill: ${JSON.stringify(lock)}`]
  return lock?.state === 'free' ? [] : [`the server is still reserved: ${JSON.stringify(lock)}`]
}

/** Until this drill has given the server back. */
function noOtherDrillStarted({ rival, played, scenario }: Simulated): string[] {
  const released = played.calls.find(({ name }) => name === 'release')
  const untilMs = scenario.isServerTaken || released === undefined ? Number.POSITIVE_INFINITY : released.atMs
  const early = rival.startedAtMs.filter((atMs) => atMs - START_AT_MS < untilMs)
  return early.length === 0 ? [] : [`another drill started on the same server at ${early.join(', ')}`]
}

function allFilesAreThere({ world, scenario: { plan, rendersAll } }: Simulated): string[] {
  const { names } = world.blobs
  const missing = (rendersAll ? ALL_FILES : SMALL_FILES).filter(
    (name) => !names.includes(drillBlobs.report(plan.drillId, name)),
  )
  return missing.length === 0 ? [] : [`files are missing: ${missing.join(', ')}`]
}

/**
 * Of a drill: two dozen polls before the load and as many after it, for 400 s of late metrics, some of which fail and are repeated
 * (800 events); and twelve safety checks, each with a watch, before each of two failovers that are withheld (about 300).
 */
const LONGEST_HISTORY = 1_100
/** Of a watch: a dozen looks, however long the load is. */
const LONGEST_WATCH = 200
const ALL_FILES = renderers.map(({ name }) => name)
const SMALL_FILES = smallRenderers.map(({ name }) => name)

/** Bounded by the plan's waits, not by its length. A look that hangs holds the next generation of a watch back. */
function boundedHistory({ played: { longestHistory, instances }, scenario: { hanging } }: Simulated): string[] {
  const watches = instances.filter(({ name }) => name === 'watch').map(({ history }) => history.length)
  const longestWatch = hanging.includes('pollLoad') ? 0 : Math.max(0, ...watches)
  return [
    ...(longestHistory < LONGEST_HISTORY ? [] : [`a history grew to ${longestHistory} events`]),
    ...(longestWatch < LONGEST_WATCH ? [] : [`the history of a watch grew to ${longestWatch} events`]),
  ]
}

const summaries = ({ world, scenario: { plan } }: Simulated): LoadSummary[] =>
  Array.from({ length: plan.load.containers }).flatMap(
    (_, k) => world.blobs.peek<LoadSummary>(blobNames.summary(plan.drillId, k)) ?? [],
  )

const isWhole = (simulated: Simulated): boolean =>
  summaries(simulated).filter(({ ended: how }) => how === 'completed').length ===
  simulated.scenario.plan.load.containers

function sumsAddUp(simulated: Simulated, { ledger }: Report): string[] {
  const { intended, acknowledged, refused, unknown, missed } = ledger
  const problems: string[] = []
  if (intended !== acknowledged + refused + unknown + missed)
    problems.push(`intended ${intended} is not ${acknowledged} + ${refused} + ${unknown} + ${missed}`)
  if (!isWhole(simulated)) return problems
  const summed = summaries(simulated).reduce((sum, { totals }) => sum + totals.intended, 0)
  if (summed !== intended) problems.push(`the summaries sum up to ${summed} intended, the report says ${intended}`)
  return problems
}

function lossIsFound(simulated: Simulated, { ledger }: Report): string[] {
  const { rows } = simulated.world
  if (ledger.lost === null || !isWhole(simulated)) return []
  const problems: string[] = []
  if (ledger.lost !== rows.lost.length)
    problems.push(`${rows.lost.length} commits were lost, the report says ${ledger.lost}`)
  const recovered = rows.stored.filter(({ outcome }) => outcome === 'unknown').length
  if (ledger.recovered !== recovered)
    problems.push(`${recovered} unknown ones were stored, the report says ${ledger.recovered}`)
  if (ledger.rowsFound !== rows.stored.length)
    problems.push(`${rows.stored.length} rows are stored, the report says ${ledger.rowsFound}`)
  return problems
}

/** PASS needs all of it to have happened; and where all of it happened without trouble, nothing but PASS is right. */
function verdictIsTrue(simulated: Simulated, report: Report): string[] {
  const reasons = report.reasons.join(' ')
  const isRequested = simulated.scenario.abortAtMs !== null
  const gaveUp = /load generators? died|no commit in the last/.test(reasons)
  const lost = simulated.world.rows.lost.length
  const problems =
    report.verdict === 'PASS' && !isWhole(simulated) ? ['PASS although a container did not offer its whole share'] : []
  if (report.verdict === 'ABORTED' && !isRequested && !gaveUp)
    problems.push(`ABORTED without an abort request: ${reasons}`)
  if (mustAbort(simulated, report) && report.verdict !== 'ABORTED')
    problems.push(`${report.verdict} although it was aborted`)
  if (mustPass(simulated) && report.verdict !== 'PASS')
    problems.push(`${report.verdict} although nothing was wrong: ${reasons}`)
  if (mustBeInconclusive(simulated) && report.verdict !== 'INCONCLUSIVE')
    problems.push(`${report.verdict} although nothing happened: ${reasons}`)
  if (mustFail(simulated, report) && report.verdict !== 'FAIL')
    problems.push(`${report.verdict} although ${lost} commits were lost`)
  return problems
}

/** The abort request came early enough to be seen, and nothing had ended the drill before. */
function mustAbort({ scenario, world }: Simulated, report: Report): boolean {
  const { abortAtMs, plan } = scenario
  const startAtMs = world.blobs.peek<GoSignal>(blobNames.go(plan.drillId))?.startAtMs
  if (abortAtMs === null || startAtMs === undefined || scenario.hanging.length > 0) return false
  const requestedAtMs = START_AT_MS + abortAtMs
  const endedBefore = report.journal.some(({ step, at }) => step === 'early end' && Date.parse(at) < requestedAtMs)
  const isSeen = requestedAtMs < startAtMs + plan.load.durationSeconds * 1000 - seenWithinMs(scenario)
  return !endedBefore && requestedAtMs > startAtMs && isSeen
}

/** Generators read the stop signal themselves. An abort request alone is found by the next observation that works. */
function seenWithinMs({ abortBy, plan, storageAwayMs, hostDiesAtMs }: Scenario): number {
  if (abortBy !== 'request') return 1_000
  if (storageAwayMs.length + hostDiesAtMs.length > 0) return Number.POSITIVE_INFINITY
  return plan.timing.watchIntervalSeconds * 1000 + 20_000
}

export const isInCooldown = ({ lastPromotionMinutesAgo, plan }: Scenario): boolean =>
  lastPromotionMinutesAgo !== null && lastPromotionMinutesAgo < plan.timing.cooldownMinutes

/** What the drill must live with, and still pass. */
const HARMLESS: readonly TroubleName[] = [
  'late timers',
  'early timers',
  'an overlooked container group',
  'a container that is created later',
  'a throttled failover operation',
  'throttled metrics',
  'clocks a little off',
]

function isCalm({ scenario }: Simulated): boolean {
  return (
    scenario.troubles.names.every((name) => HARMLESS.includes(name)) &&
    scenario.abortAtMs === null &&
    scenario.oldPrimaryLivesMs === null &&
    scenario.hanging.length === 0 &&
    !scenario.isServerTaken &&
    scenario.serverLostAtMs === null &&
    !isInCooldown(scenario) &&
    scenario.hostDiesAtMs.length === 0 &&
    scenario.platformAwayMs.length === 0 &&
    scenario.storageAwayMs.length === 0 &&
    scenario.posts.every((fate) => fate === 'accepted') &&
    scenario.courses.every(({ outageMs, rebuildMs }) => outageMs !== null && rebuildMs !== null) &&
    scenario.generators.every((one) => one.readyAfterMs !== null && !one.failsToStart && one.diesAtSecond === null)
  )
}

/** A few lost replies in one short window of a small load are more than the 5 % that sustained goodput may lack. */
const losesLittle = ({ losesEveryNthReply = 0 }: Scenario['generators'][number]): boolean =>
  losesEveryNthReply === 0 || losesEveryNthReply >= 100

/** From its time to its first look at the primary. */
const WATCH_BEGINS_SECONDS = 3

/** Every event leaves room for recovery and for its hold, well inside the objective; of a watch, those of others. */
function mustPass(simulated: Simulated): boolean {
  const { scenario, world } = simulated
  const { load, timing } = scenario.plan
  const courses = coursesOf(scenario)
  if (!isCalm(simulated) || courses.length === 0 || world.rows.lost.length > 0) return false
  if (!scenario.generators.every(losesLittle) || hasFewWorkers(scenario) || isSeenAsTwo(scenario)) return false
  const settle = timing.recoveryWindowSeconds + timing.recoveryHoldSeconds + 5
  const watch = scenario.plan.events.find(({ kind }) => kind === 'external')
  // What began before the watch is none of its events.
  if (watch !== undefined && scenario.hands.some(({ atSecond }) => atSecond < watch.atSeconds + WATCH_BEGINS_SECONDS))
    return false
  return courses.every(({ atSeconds, detectMs, outageMs }, i) => {
    const outage = (outageMs ?? 0) / 1000
    const room = (courses[i + 1]?.atSeconds ?? load.durationSeconds) - atSeconds
    return outage + 3 < scenario.recoveryObjectiveSeconds && detectMs / 1000 + outage + settle < room
  })
}

/** A scaling by others that stops commits twice is two events, and the first has no time to recover. */
const isSeenAsTwo = ({ hands, effects }: Scenario): boolean =>
  effects.scalePath === 'near zero' &&
  (effects.joinMs ?? 0) > 0 &&
  hands.some(({ request }) => request.call === 'scale')

interface Course {
  readonly atSeconds: number
  readonly detectMs: number
  readonly outageMs: number | null
}

function coursesOf({ plan: { events }, courses, effects, hands }: Scenario): Course[] {
  const { outageMs = 0, scaleMs, replica } = effects
  const ofRequest = (atSeconds: number, call: string, waitMs: number): Course => ({
    atSeconds,
    detectMs: call === 'scale' ? (scaleMs ?? 0) : 1_000,
    outageMs: outageMs + waitMs,
  })
  return events.flatMap((event, i): Course[] => {
    if (event.kind === 'external') return hands.map(({ atSecond, request }) => ofRequest(atSecond, request.call, 0))
    const failover = courses[Math.min(i, courses.length - 1)]
    if (event.kind === 'failover' && failover !== undefined) return [{ atSeconds: event.atSeconds, ...failover }]
    const waitMs = event.kind === 'switchover' && event.mode === 'planned' ? (replica?.lagMs ?? 0) : 0
    return [ofRequest(event.atSeconds, event.kind, waitMs)]
  })
}

/** A watch of a calm load in which others do nothing. */
const mustBeInconclusive = (simulated: Simulated): boolean =>
  isCalm(simulated) &&
  simulated.scenario.plan.events.some(({ kind }) => kind === 'external') &&
  simulated.scenario.hands.length === 0 &&
  simulated.scenario.generators.every(losesLittle) &&
  !hasFewWorkers(simulated.scenario)

/** Only what an agreed audit saw of whole ledgers must be said. */
const mustFail = (simulated: Simulated, { ledger }: Report): boolean =>
  isCalm(simulated) && simulated.world.rows.lost.length > 0 && ledger.lost !== null

/** A container without a summary died; the report must name it, regardless of what else ended the drill. */
function deathsAreReported({ world, scenario }: Simulated, report: Report): string[] {
  const { plan, generators, hanging, storageAwayMs } = scenario
  const isBlind = hanging.length + storageAwayMs.length > 0
  if (isBlind || !world.blobs.has(blobNames.go(plan.drillId))) return []
  const dead = generators.flatMap(({ diesAtSecond }, container) =>
    (diesAtSecond ?? null) !== null && !world.blobs.has(blobNames.summary(plan.drillId, container)) ? [container] : [],
  )
  const reasons = report.reasons.join(' ')
  const unreported = dead.filter(
    (container) => !new RegExp(`container ${container} (died|left no summary)`).test(reasons),
  )
  if (unreported.length === 0 || /(all \d+ load generators|the only load generator) died/.test(reasons)) return []
  return [`container ${unreported.join(', ')} died and the report does not say so: ${reasons}`]
}

/** Containers that are still starting are looked at every few seconds: an abort request of that time must keep the load from starting. */
function noLoadAfterAbort({ world, scenario }: Simulated): string[] {
  const { plan, abortAtMs, storageAwayMs, hostDiesAtMs, hanging, lateShare, loseShare } = scenario
  const isBlind = storageAwayMs.length + hostDiesAtMs.length + hanging.length + lateShare + loseShare > 0
  const goAtMs = world.blobs.lastModifiedMs(blobNames.go(plan.drillId))
  if (isBlind || abortAtMs === null || goAtMs === null) return []
  const afterMs = goAtMs - START_AT_MS - abortAtMs
  return afterMs < 12_000 ? [] : [`the load was started ${afterMs} ms after the drill had been aborted`]
}

/** Two looks and a few late answers after the last of them has died. */
function deadLoadIsNotWaitedFor({ world, scenario }: Simulated, report: Report): string[] {
  const { plan, generators, hanging, storageAwayMs, platformAwayMs, hostDiesAtMs } = scenario
  const isBlind = hanging.length + storageAwayMs.length + platformAwayMs.length + hostDiesAtMs.length > 0
  const startAtMs = world.blobs.peek<GoSignal>(blobNames.go(plan.drillId))?.startAtMs
  const lastDeath = Math.max(...generators.map(({ diesAtSecond }) => diesAtSecond ?? Number.POSITIVE_INFINITY))
  const collected = report.journal.find(({ step }) => step === 'collect' || step === 'noteContainers')
  if (isBlind || startAtMs === undefined || collected === undefined || !Number.isFinite(lastDeath)) return []
  const waited = (Date.parse(collected.at) - startAtMs) / 1000 - lastDeath
  const allowed = 2 * plan.timing.watchIntervalSeconds + 40
  return waited <= allowed ? [] : [`all containers were dead, and the drill watched them for another ${waited} s`]
}

/** An early end stops the generators by a signal; the clean-up need not kill them. */
function loadEndsWithDrill({ world, scenario }: Simulated, report: Report): string[] {
  const { plan, generators, storageAwayMs, platformAwayMs, hostDiesAtMs, hanging, lateShare, loseShare } = scenario
  const isBlind = [storageAwayMs, platformAwayMs, hostDiesAtMs, hanging].some(({ length }) => length > 0)
  const end = report.journal.find(({ step }) => step === 'early end')
  const startAtMs = world.blobs.peek<GoSignal>(blobNames.go(plan.drillId))?.startAtMs
  if (isBlind || lateShare + loseShare > 0 || end === undefined || startAtMs === undefined) return []
  const latestUs = (Math.max(startAtMs, Date.parse(end.at)) + 15_000) * 1000
  const wentOn = generators.flatMap(({ diesAtSecond, freezes = [] }, container) => {
    const summary = world.blobs.peek<LoadSummary>(blobNames.summary(plan.drillId, container))
    const isHeld = diesAtSecond != null || freezes.length > 0
    return !isHeld && (summary === null || summary.endedAtUs > latestUs) ? [container] : []
  })
  return wentOn.length === 0 ? [] : [`container ${wentOn.join(', ')} went on after the early end of the drill`]
}
