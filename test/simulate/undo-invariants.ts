/** A size or a primary that the drill changed is changed back, by the drill or by the timer that sweeps; what is left is reported. */
import { finishUndo } from '../../functions/activities/upkeep/finish-undo.ts'
import { serverBlobs } from '../../functions/model/blob-paths.ts'
import type { Report } from '../../functions/model/report.ts'
import { USUAL_SKU } from '../support/world/effects.ts'
import { causedEvents, causedUndoes, sentForEvents } from './caused.ts'
import type { Simulated } from './simulation.ts'

const recordsLeft = ({ world }: Simulated): readonly string[] =>
  world.blobs.names.filter((name) => name.includes(serverBlobs.undoFolder))

/** What is changed now, and the plan wants changed back. A request that arrives later than any may is not waited for. */
function changedNow({ world, scenario }: Simulated): string[] {
  const { effects, nowMs } = world.server
  if (sentForEvents(world).some(({ fate }) => fate.endsWith('arrives late'))) return []
  const [event] = scenario.plan.events
  const sku = effects.skuAt('home', nowMs)
  if (event?.kind === 'scale' && sku === event.sku && sku !== USUAL_SKU) return [`the server is still a ${sku}`]
  return event?.kind === 'switchover' && event.returnHome && effects.siteAt(nowMs) === 'remote'
    ? [`${event.replica} is still the primary`]
    : []
}

/** Never undone without a record, never undone twice, and nothing is undone that was not done. */
export function undoViolations(simulated: Simulated, report: Report | null): string[] {
  const { world, scenario } = simulated
  const undoes = causedUndoes(world)
  const done = causedEvents(world).length
  const left = recordsLeft(simulated)
  const isSaid =
    report?.journal.some(({ step, detail }) => step === 'undo' && detail.includes('sweeping timer')) === true
  // Its step was abandoned, or its host was gone: then the journal names that step.
  const isExcused = scenario.hanging.length > 0 || report === null
  return [
    undoes.length > done && !world.server.sent.some(({ fate }) => fate.endsWith('arrives late'))
      ? `${undoes.length} changes were undone, and ${done} were made`
      : null,
    left.length > 0 && !isSaid && !isExcused
      ? `the drill left ${left.join(', ')}, and its journal does not say so`
      : null,
    ...(left.length === 0 ? changedNow(simulated).map((what) => `${what}, and no record is left of it`) : []),
  ].filter((why) => why !== null)
}

const SWEEP_EVERY_MS = 15 * 60_000
const SWEEPER_LIFE_MS = 2 * 86_400_000

/** Moves the world's clock. What never ends can never be undone, nor can a dead server be changed, nor a replica be promoted that never follows; a server that another drill holds is left alone. */
export async function leftToUndo(simulated: Simulated): Promise<string[]> {
  const { world, scenario } = simulated
  const { clock, clients } = world
  const { replica, scaleMs } = scenario.effects
  const isDead = world.server.service.interruptions.some(({ toMs }) => toMs === Number.POSITIVE_INFINITY)
  if (
    replica?.readyMs === null ||
    scaleMs === null ||
    scenario.isServerTaken ||
    scenario.serverLostAtMs !== null ||
    isDead
  )
    return []
  const untilMs = clock.nowMs + SWEEPER_LIFE_MS
  while (recordsLeft(simulated).length > 0 && clock.nowMs < untilMs) {
    clock.moveTo((Math.floor(clock.nowMs / SWEEP_EVERY_MS) + 1) * SWEEP_EVERY_MS)
    await finishUndo(clients, [], scenario.eventSilenceSeconds)
  }
  return [
    ...recordsLeft(simulated).map((name) => `${name} is left at the end of the sweeper's life`),
    ...changedNow(simulated),
  ]
}
