/** What a drill leaves on the platform, and how it keeps to the pauses that the platform asks for. */
import type { AuditRecord } from '../../functions/activities/audit.ts'
import { sweep } from '../../functions/activities/upkeep/sweep.ts'
import { secondAuditFromMs } from '../../functions/analysis/ledger-audit.ts'
import { drillBlobs } from '../../functions/model/blob-paths.ts'
import type { Report } from '../../functions/model/report.ts'
import { EXPIRES_TAG } from '../../functions/platform/names.ts'
import { blobNames, type GoSignal } from '../../loadgen-image/contract/glossary.ts'
import type { Simulated } from './simulation.ts'

export const platformViolations = (simulated: Simulated): string[] => [
  ...nothingLeft(simulated),
  ...pausesAreKept(simulated),
  ...auditsAreApart(simulated),
]

/** A clean-up that cannot work leaves the rest to the sweeper, and the report must not deny it. */
function nothingLeft({
  world,
  limits,
  played: { report },
  scenario: { hanging, deleteFailsShare },
}: Simulated): string[] {
  const left = world.groups.alive
  const said = report?.cleanup.containersLeft
  const denied = said !== undefined && said !== null && said !== left.length
  const isExcused = (hanging.includes('cleanUp') && deleteFailsShare > 0) || limits.delete.hasRefused
  return [
    left.length > 0 && !isExcused ? `containers are left: ${left.map(({ name }) => name).join(', ')}` : null,
    denied ? `${left.length} containers are left, and the report says ${said}` : null,
  ].filter((why) => why !== null)
}

/** As the app's timer has it; a day after the last of them has expired is long enough for a platform that refuses. */
const SWEEP_EVERY_MS = 15 * 60_000
const SWEEPER_LIFE_MS = 86_400_000

/** Moves the world's clock: the last thing that may happen in it. */
export async function leftBySweeper({ world }: Simulated): Promise<string[]> {
  const { clock, groups, clients } = world
  const expiresMs = groups.alive.map(({ tags }) => Date.parse(tags[EXPIRES_TAG] ?? ''))
  const untilMs = Math.max(clock.nowMs, ...expiresMs) + SWEEPER_LIFE_MS
  while (groups.alive.length > 0 && clock.nowMs < untilMs) {
    clock.moveTo((Math.floor(clock.nowMs / SWEEP_EVERY_MS) + 1) * SWEEP_EVERY_MS)
    await sweep(clients)
  }
  return groups.alive.map(({ name }) => `${name} still runs at the end of the sweeper's life`)
}

/** An activity that the platform runs twice asks twice: that is no impatience of the drill. */
function pausesAreKept({ world, limits, scenario }: Simulated): string[] {
  const { plan, duplicateShare, loseShare, hostDiesAtMs, storageAwayMs, hanging, troubles } = scenario
  const isRepeated = duplicateShare + loseShare > 0 || hostDiesAtMs.length + storageAwayMs.length + hanging.length > 0
  if (isRepeated) return []
  const early = (what: string, times: readonly number[]) =>
    times.map((atMs) => `${what} was asked for at ${new Date(atMs).toISOString()}, in a pause that the platform wanted`)
  const { sent } = world.server
  const hasty = sent.flatMap(({ atMs }, i) => {
    const before = sent[i - 1]
    return before?.fate === 'throttled' && atMs - before.atMs < troubles.throttledSeconds * 1000 ? [atMs] : []
  })
  return [
    ...early('a container', limits.create.earlyMs),
    ...early('a failover', hasty),
    // Each failover has an operation of its own, and the pause belongs to one of them.
    ...(plan.events.length > 1 ? [] : early('the state of an operation', limits.operation.earlyMs)),
  ]
}

/**
 * Rows that are still on their way are found by the second pass alone. An audit that hung and was abandoned may write its pass
 * hours after the report has used another.
 */
function auditsAreApart({ world, scenario: { plan, hanging } }: Simulated): string[] {
  if (hanging.includes('audit')) return []
  const [first, second] = [1, 2].map((pass) => world.blobs.peek<AuditRecord>(drillBlobs.audit(plan.drillId, pass)))
  if (first?.kind !== 'made' || second?.kind !== 'made') return []
  const earliestMs = secondAuditFromMs(Date.parse(first.pass.endedAt), plan.timing.auditPauseSeconds)
  const earlyMs = earliestMs - Date.parse(second.pass.at)
  return earlyMs <= 0 ? [] : [`the second audit began ${earlyMs} ms before the pause after the first was over`]
}

/** After 400 s even the slowest metric of the load's last minute has arrived, unless the platform refuses to hand it out. */
export function metricsAreTrue({ world, limits, scenario }: Simulated, report: Report): string[] {
  const { plan, hanging, storageAwayMs, platformAwayMs, abortAtMs } = scenario
  const startAtMs = world.blobs.peek<GoSignal>(blobNames.go(plan.drillId))?.startAtMs
  const { complete, series } = report.metrics
  if (complete && series.length === 0) return ['the metrics are called complete, and there are none']
  const isBlind = hanging.length + storageAwayMs.length + platformAwayMs.length > 0 || abortAtMs !== null
  if (isBlind || startAtMs === undefined || plan.timing.lateMetricsSeconds < 400 || report.verdict === 'ABORTED')
    return []
  if (limits.metrics.hasRefused) return []
  const lastMinuteMs = Math.floor((startAtMs + plan.load.durationSeconds * 1000) / 60_000) * 60_000
  const newest = Math.max(...series.map(({ points }) => Date.parse(points.at(-1)?.at ?? '1970-01-01')))
  return complete && newest >= lastMinuteMs ? [] : ['the late metrics of the load are not in the report']
}
