/** The phases that every figure of the report is split by. */

import { US_PER_SECOND } from '../../loadgen-image/contract/glossary.ts'
import type { LoadWindow } from '../measurement/window.ts'
import type { MergedSecond } from '../merge/merged.ts'
import type { PhaseName } from '../model/chart-data.ts'
import type { EventTimes } from './event-times.ts'

export interface Phase {
  readonly name: PhaseName
  readonly fromUs: number
  readonly toUs: number
}

/** Without gaps, from the start of the load to its end. */
export function phasesOf(window: LoadWindow, warmupSeconds: number, events: readonly EventTimes[]): Phase[] {
  const warmUpEndUs = window.startUs + warmupSeconds * US_PER_SECOND
  const baselineEndUs = firstCauseUs(events)
  const spans = events.flatMap(spansOf)
  const edges = [window.startUs, warmUpEndUs, baselineEndUs, ...spans.flatMap(({ fromUs, toUs }) => [fromUs, toUs])]
  const cuts = [...new Set(edges.filter((atUs) => atUs >= window.startUs && atUs < window.endUs))].sort((a, b) => a - b)
  const phases: { name: PhaseName; fromUs: number; toUs: number }[] = []
  for (const [i, fromUs] of cuts.entries()) {
    const calm = fromUs < warmUpEndUs ? 'warm-up' : fromUs < baselineEndUs ? 'baseline' : 'after'
    const inside = spans.filter((span) => span.fromUs <= fromUs && span.toUs > fromUs).map(({ name }) => name)
    const name = BY_DISTURBANCE.find((one) => inside.includes(one)) ?? calm
    const toUs = cuts[i + 1] ?? window.endUs
    const last = phases.at(-1)
    if (last?.name === name) last.toUs = toUs
    else phases.push({ name, fromUs, toUs })
  }
  return phases
}

/** An outage without a known cause interrupts the baseline; a request or a promotion ends it. */
const firstCauseUs = (events: readonly EventTimes[]): number =>
  events.reduce(
    (first, { span, t1Us }) => (span.kind === 'outage' ? first : Math.min(first, span.beginUs, t1Us ?? span.beginUs)),
    Number.POSITIVE_INFINITY,
  )

function spansOf({ t1Us, t2Us, t4Us, endUs, span, outages, isOutageWatched }: EventTimes): Phase[] {
  const outage = isOutageWatched ? 'outage' : 'unwatched'
  const outFromUs = t1Us ?? span.earlierOutage?.fromUs ?? null
  return [
    ...(span.evidence === null
      ? []
      : [{ name: 'trigger' as const, fromUs: span.beginUs, toUs: outFromUs ?? t2Us ?? span.beginUs }]),
    ...(outFromUs === null ? [] : [{ name: outage, fromUs: outFromUs, toUs: t2Us ?? endUs } as const]),
    ...(t2Us === null ? [] : [{ name: 'recovery' as const, fromUs: t2Us, toUs: t4Us ?? endUs }]),
    ...outages.map(({ fromUs, toUs }) => ({ name: outage, fromUs, toUs: toUs ?? endUs }) as const),
  ]
}

/** A second belongs to the most disturbed phase that it touches, so that baseline and after stay clean. */
const BY_DISTURBANCE: readonly PhaseName[] = [
  'unwatched',
  'outage',
  'recovery',
  'trigger',
  'warm-up',
  'after',
  'baseline',
]

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
