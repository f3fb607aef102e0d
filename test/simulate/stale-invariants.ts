/** What must hold of the stale-primary watch: every write that it calls split brain is one, and every one that it saw is found. */
import type { DrillEvent, Report } from '../../functions/model/report.ts'
import { blobNames } from '../../loadgen-image/contract/glossary.ts'
import type { WatchRow } from '../support/world/rows.ts'
import type { World } from '../support/world/world.ts'
import type { Simulated } from './simulation.ts'
import type { Truth } from './truth.ts'

/** Acknowledged by an old primary after the new one had come up. */
export const splitBrainRows = ({ rows }: World): WatchRow[] =>
  rows.watch.filter(({ stale, sentMs }) => stale !== null && sentMs > stale.toMs)

const keyOf = ({ container, session, seq }: Pick<WatchRow, 'container' | 'session' | 'seq'>): string =>
  `${container}/${session}/${seq}`

export function staleViolations(simulated: Simulated, report: Report, truth: Truth): string[] {
  const isMissed = report.criteria.some(({ id, verdict }) => id === 'split_brain_writes' && verdict === 'fail')
  const claimed = report.events.filter(({ stalePrimary }) => stalePrimary.state === 'split brain')
  const isRight = claimed.length > 0 === isMissed && (!isMissed || ['FAIL', 'ABORTED'].includes(report.verdict))
  return [
    ...report.events.flatMap((event) => [...claimsAreTrue(simulated, event), ...allAreFound(simulated, event, truth)]),
    ...(isRight ? [] : [`${report.verdict} with split brain in ${claimed.length} events: ${report.reasons.join(' ')}`]),
    ...(isMissed && !report.reasons.some((one) => one.includes('Split brain: ')) ? ['split brain is no reason'] : []),
  ]
}

function claimsAreTrue({ world }: Simulated, { number, stalePrimary }: DrillEvent): string[] {
  const { state, rows, writes, absent, newTimeline } = stalePrimary
  const real = new Set(splitBrainRows(world).map(keyOf))
  const invented = rows.filter((row) => !real.has(keyOf(row)) || row.onNewPrimary === true)
  const isCounted =
    state === 'split brain' ? writes === rows.length && (absent ?? writes) === writes : rows.length === 0
  return [
    ...invented.map((row) => `event ${number}: write ${keyOf(row)} is no split brain`),
    ...(isCounted ? [] : [`event ${number}: ${state} with ${writes} writes, ${rows.length} rows, ${absent} absent`]),
    ...((newTimeline === null) === (state === 'no new timeline')
      ? []
      : [`event ${number}: ${state} of ${newTimeline}`]),
  ]
}

/** The clocks of two containers agree within 1 ms, and those of a process within another. */
const CLOCK_MS = 3

/** Of containers whose records are whole. */
function allAreFound({ world, scenario }: Simulated, event: DrillEvent, truth: Truth): string[] {
  const { newTimeline, rows } = event.stalePrimary
  const t2 = event.moments.t2
  const promotion = truth.promotions.find(({ timeline }) => timeline === newTimeline)
  if (promotion === undefined || t2 === null || scenario.storageAwayMs.length > 0) return []
  const found = new Set(rows.map(keyOf))
  const t2Ms = truth.fromReport(t2)
  return splitBrainRows(world)
    .filter(({ stale, sentMs, container }) => {
      const isWhole = world.blobs.has(blobNames.summary(scenario.plan.drillId, container))
      return isWhole && stale === promotion.interruption && sentMs > t2Ms + CLOCK_MS
    })
    .filter((row) => !found.has(keyOf(row)))
    .map((row) => `event ${event.number}: the old primary took write ${keyOf(row)}, and the report does not say so`)
}
