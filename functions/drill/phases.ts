/** The phases that every figure of the report is split by. */
import { US_PER_SECOND } from '../../loadgen-image/contract-time.ts'
import type { FailoverTimes } from './failover-events.ts'
import type { LoadWindow } from './load-window.ts'
import type { MergedSecond } from './merged.ts'

/**
 * warm-up: discarded. baseline: up to the first trigger. trigger: t0 to t1. outage: t1 to t2. recovery: t2 to t4.
 * after: from t4 to the next trigger or to the end of the load.
 */
export const PHASE_NAMES = ['warm-up', 'baseline', 'trigger', 'outage', 'recovery', 'after'] as const
export type PhaseName = (typeof PHASE_NAMES)[number]

export interface Phase {
  readonly name: PhaseName
  readonly fromUs: number
  readonly toUs: number
}

/** Without gaps, from the start of the load to its end. */
export function phasesOf(window: LoadWindow, warmupSeconds: number, failovers: readonly FailoverTimes[]): Phase[] {
  const starts: { readonly name: PhaseName; readonly atUs: number | null }[] = [
    { name: 'warm-up', atUs: window.startUs },
    { name: 'baseline', atUs: window.startUs + warmupSeconds * US_PER_SECOND },
    ...failovers.flatMap(({ t0Us, t1Us, t2Us, t4Us }) => [
      { name: 'trigger' as const, atUs: t0Us },
      { name: 'outage' as const, atUs: t1Us },
      { name: 'recovery' as const, atUs: t2Us },
      { name: 'after' as const, atUs: t4Us },
    ]),
  ]
  const begun = starts.filter((start): start is { name: PhaseName; atUs: number } => start.atUs !== null)
  return begun.flatMap(({ name }, i) => {
    // A service that fails before it is asked to has its outage before its trigger: the phases keep their order.
    const fromUs = Math.max(...begun.slice(0, i + 1).map((earlier) => earlier.atUs))
    const toUs = Math.min(window.endUs, Math.max(fromUs, begun[i + 1]?.atUs ?? window.endUs))
    return toUs > fromUs ? [{ name, fromUs, toUs }] : []
  })
}

/** A second belongs to the most disturbed phase that it touches, so that baseline and after stay clean. */
const BY_DISTURBANCE: readonly PhaseName[] = ['outage', 'recovery', 'trigger', 'warm-up', 'after', 'baseline']

export function phaseOfSecond(phases: readonly Phase[], { second }: Pick<MergedSecond, 'second'>): PhaseName {
  const fromUs = second * US_PER_SECOND
  const touched = phases.filter((phase) => phase.fromUs < fromUs + US_PER_SECOND && phase.toUs > fromUs)
  const names = new Set(touched.map(({ name }) => name))
  return BY_DISTURBANCE.find((name) => names.has(name)) ?? outside(phases, fromUs)
}

/** Replies that drain after the end belong to the last phase. */
const outside = (phases: readonly Phase[], atUs: number): PhaseName =>
  (atUs < (phases[0]?.fromUs ?? 0) ? phases[0] : phases.at(-1))?.name ?? 'warm-up'

export function secondsByPhase(
  phases: readonly Phase[],
  seconds: readonly MergedSecond[],
): Map<PhaseName, MergedSecond[]> {
  const byPhase = new Map<PhaseName, MergedSecond[]>()
  for (const second of seconds) {
    const name = phaseOfSecond(phases, second)
    const own = byPhase.get(name)
    if (own === undefined) byPhase.set(name, [second])
    else own.push(second)
  }
  return byPhase
}
