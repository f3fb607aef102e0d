/** What must hold for every drill in every world. Each returns what is wrong, or nothing. */

import type { FailoverIntent } from '../../functions/activities/failover.ts'
import { readLock } from '../../functions/clients/server-lock.ts'
import { drillBlobs } from '../../functions/drill/blob-paths.ts'
import { type Report, reportSchema } from '../../functions/drill/report.ts'
import { blobNames, type GoSignal, type LoadSummary } from '../../loadgen-image/contract.ts'
import { START_AT_MS } from '../support/world/world.ts'
import type { Simulated } from './simulation.ts'

export async function violations(simulated: Simulated): Promise<string[]> {
  const { world, scenario } = simulated
  world.blobs.isAway = () => false
  const { report } = simulated.played
  const lock = await readLock(world.blobs, scenario.plan.target)
  const always = [
    ...ended(simulated),
    ...oneFailoverPerIntent(simulated),
    ...nothingLeft(simulated),
    ...(lock?.state === 'free' ? [] : [`the server is still reserved: ${JSON.stringify(lock)}`]),
    ...boundedHistory(simulated),
  ]
  if (report === null) return [...always, 'no report was written']
  const parsed = reportSchema.safeParse(report)
  return [
    ...always,
    ...(parsed.success ? [] : [`the report breaks its own schema: ${parsed.error.message}`]),
    ...sumsAddUp(simulated, report),
    ...lossIsFound(simulated, report),
    ...verdictIsTrue(simulated, report),
    ...outageIsMeasured(simulated, report),
  ]
}

const ended = ({ played: { status, error } }: Simulated): string[] =>
  status === 'Completed' ? [] : [`the orchestration ended as ${status}: ${error}`]

/** Requests that arrived between this intent and the next one were made for it. */
function oneFailoverPerIntent({ world, scenario: { plan } }: Simulated): string[] {
  const intents = plan.failovers.flatMap(
    (_, index) => world.blobs.peek<FailoverIntent>(drillBlobs.failoverIntent(plan.drillId, index)) ?? [],
  )
  const starts = intents.map(({ writtenAt }) => Date.parse(writtenAt))
  const counts = starts.map(
    (from, i) =>
      world.server.failovers.filter(
        ({ acceptedAtMs }) => acceptedAtMs >= from && acceptedAtMs < (starts[i + 1] ?? Number.POSITIVE_INFINITY),
      ).length,
  )
  const stray = world.server.failovers.length - counts.reduce((sum, count) => sum + count, 0)
  return [
    ...counts.flatMap((count, i) => (count > 1 ? [`intent ${i} caused ${count} failovers`] : [])),
    ...(stray > 0 ? [`${stray} failovers without an intent`] : []),
  ]
}

function nothingLeft({ world, played: { report } }: Simulated): string[] {
  const left = world.groups.alive
  if (left.length > 0) return [`containers are left: ${left.map(({ name }) => name).join(', ')}`]
  const told = report?.cleanup.containersLeft
  return told === 0 || told === undefined ? [] : [`the report says that ${told} containers are left`]
}

const LONGEST_HISTORY = 500

/** The drill itself and every watch: bounded by the plan's waits, not by its length. */
const boundedHistory = ({ played: { longestHistory } }: Simulated): string[] =>
  longestHistory < LONGEST_HISTORY ? [] : [`a history grew to ${longestHistory} events`]

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
  const told = summaries(simulated).reduce((sum, { totals }) => sum + totals.intended, 0)
  if (told !== intended) problems.push(`the containers told ${told} intended, the report says ${intended}`)
  return problems
}

function lossIsFound(simulated: Simulated, { ledger }: Report): string[] {
  const { rows } = simulated.world
  if (ledger.lost === null || !isWhole(simulated)) return []
  const problems: string[] = []
  if (ledger.lost !== rows.lost.length)
    problems.push(`${rows.lost.length} commits were lost, the report says ${ledger.lost}`)
  const recovered = rows.stored.filter(({ acknowledged }) => !acknowledged).length
  if (ledger.recovered !== recovered)
    problems.push(`${recovered} unknown ones were stored, the report says ${ledger.recovered}`)
  if (ledger.rowsFound !== rows.stored.length)
    problems.push(`${rows.stored.length} rows are stored, the report says ${ledger.rowsFound}`)
  return problems
}

/** PASS needs all of it to have happened; and where all of it happened without trouble, nothing but PASS is right. */
function verdictIsTrue(simulated: Simulated, report: Report): string[] {
  const reasons = report.reasons.join(' ')
  const wished = simulated.scenario.abortAtMs !== null
  const gaveUp = /load generators died|no commit in the last/.test(reasons)
  const lost = simulated.world.rows.lost.length
  const problems = report.verdict === 'PASS' ? whyNotPass(simulated, report) : []
  if (report.verdict === 'ABORTED' && !wished && !gaveUp) problems.push(`ABORTED although nobody wished it: ${reasons}`)
  if (mustAbort(simulated, report) && report.verdict !== 'ABORTED')
    problems.push(`${report.verdict} although it was aborted`)
  if (mustPass(simulated) && report.verdict !== 'PASS')
    problems.push(`${report.verdict} although nothing was wrong: ${reasons}`)
  if (mustFail(simulated, report) && report.verdict !== 'FAIL')
    problems.push(`${report.verdict} although ${lost} commits were lost`)
  return problems
}

function whyNotPass(simulated: Simulated, report: Report): string[] {
  const { world, scenario } = simulated
  const loadEndMs = Date.parse(report.phases.at(-1)?.toAt ?? '') || 0
  const { failovers } = world.server
  return [
    world.rows.lost.length > 0 ? `PASS although ${world.rows.lost.length} commits were lost` : null,
    failovers.length === 0 ? 'PASS without a failover' : null,
    failovers.some(({ upAtMs }) => upAtMs > loadEndMs) ? 'PASS although service did not come back' : null,
    isWhole(simulated) ? null : 'PASS although a container did not offer its whole share',
    longestOutageSeconds(simulated) > scenario.recoveryObjectiveSeconds + 2
      ? `PASS with an outage of ${longestOutageSeconds(simulated)} s`
      : null,
  ].filter((why) => why !== null)
}

/** The wish came in the middle of the load, and nothing had ended the drill before. */
function mustAbort({ scenario, world }: Simulated, report: Report): boolean {
  const { abortAtMs, plan } = scenario
  const startAtMs = world.blobs.peek<GoSignal>(blobNames.go(plan.drillId))?.startAtMs
  if (abortAtMs === null || startAtMs === undefined) return false
  const wishAtMs = START_AT_MS + abortAtMs
  const endedBefore = report.journal.some(({ step, at }) => step === 'early end' && Date.parse(at) < wishAtMs)
  return !endedBefore && wishAtMs > startAtMs && wishAtMs < startAtMs + plan.load.durationSeconds * 1000 - 1_000
}

const longestOutageSeconds = ({ world }: Simulated): number =>
  Math.max(0, ...world.server.failovers.map(({ downAtMs, upAtMs }) => (upAtMs - downAtMs) / 1000))

function isCalm({ scenario }: Simulated): boolean {
  return (
    scenario.abortAtMs === null &&
    scenario.hostDiesAtMs.length === 0 &&
    scenario.platformAwayMs.length === 0 &&
    scenario.storageAwayMs.length === 0 &&
    scenario.posts.every((fate) => fate === 'accepted') &&
    scenario.courses.every(({ outageMs, rebuildMs }) => outageMs !== null && rebuildMs !== null) &&
    scenario.generators.every((one) => one.readyAfterMs !== null && !one.failsToStart && one.diesAtSecond === null)
  )
}

/** Every failover leaves room for recovery and for its hold, well inside the objective. */
function mustPass(simulated: Simulated): boolean {
  const { scenario, world } = simulated
  const { failovers, load, timing } = scenario.plan
  if (!isCalm(simulated) || failovers.length === 0 || world.rows.lost.length > 0) return false
  const settle = timing.recoveryWindowSeconds + timing.recoveryHoldSeconds + 5
  return failovers.every(({ atSeconds }, i) => {
    const { detectMs, outageMs } = scenario.courses[Math.min(i, scenario.courses.length - 1)] ?? {
      detectMs: 0,
      outageMs: 0,
    }
    const outage = (outageMs ?? 0) / 1000
    const room = (failovers[i + 1]?.atSeconds ?? load.durationSeconds) - atSeconds
    return outage + 3 < scenario.recoveryObjectiveSeconds && detectMs / 1000 + outage + settle < room
  })
}

/** Only what an agreed audit saw of whole ledgers must be said. */
const mustFail = (simulated: Simulated, { ledger }: Report): boolean =>
  isCalm(simulated) && simulated.world.rows.lost.length > 0 && ledger.lost !== null

/** Last acknowledgement before to first one after: the world's own rows say when that was. */
function outageIsMeasured(simulated: Simulated, report: Report): string[] {
  const { world } = simulated
  const first = world.server.failovers[0]
  const measured = report.recovery.writeOutageSeconds
  if (first === undefined || measured === null || !isWhole(simulated) || world.server.failovers.length > 1) return []
  const acks = world.rows.everAcknowledged.map(({ atMs }) => atMs)
  const before = Math.max(...acks.filter((atMs) => atMs < first.downAtMs))
  const after = Math.min(...acks.filter((atMs) => atMs >= first.upAtMs))
  const truth = (after - before) / 1000
  return Math.abs(truth - measured) <= 0.02 ? [] : [`the outage lasted ${truth} s, the report says ${measured} s`]
}
