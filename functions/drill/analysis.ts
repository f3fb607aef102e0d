/** Everything that is computed from what a drill gathered, before it is put into words: times, phases, baseline, outages. */

import type { LoadPlan } from '../../loadgen-image/contract.ts'
import { cohortOf } from '../../loadgen-image/contract-cohort.ts'
import { US_PER_SECOND } from '../../loadgen-image/contract-time.ts'
import { type AuditResult, agreeOn } from './audit-agreement.ts'
import { type Baseline, baselineOf } from './baseline.ts'
import type { ClientRow } from './chart-data.ts'
import { clientRows } from './client-outages.ts'
import { type EventContext, type FailoverTimes, failoverTimes } from './failover-events.ts'
import { type LoadWindow, loadWindow, secondsInside, secondsTouching } from './load-window.ts'
import type { Merged, MergedSecond } from './merged.ts'
import { LEAST_OUTAGE_US, type Outage, outagesOf, shortestOutageUs } from './outages.ts'
import type { DrillOutcome, FailoverEvidence } from './outcome.ts'
import { type Phase, type PhaseName, phaseOfSecond, phasesOf, secondsByPhase } from './phases.ts'
import type { LoadSettings } from './plan.ts'
import { Goodput } from './sustained.ts'
import { type FailoverSpan, failoverSpans, type TimelineChange, unexplainedChanges } from './timeline-changes.ts'

export interface LoadAnalysis {
  readonly merged: Merged
  readonly load: LoadSettings
  readonly window: LoadWindow
  readonly baseline: Baseline | null
  readonly outages: ReadonlyArray<Outage & { readonly event: number | null }>
  readonly failovers: readonly FailoverTimes[]
  /** One list per failover, the longest outage first. */
  readonly clients: ReadonlyArray<readonly ClientRow[]>
  readonly phases: readonly Phase[]
  readonly secondsByPhase: ReadonlyMap<PhaseName, readonly MergedSecond[]>
  /** All seconds but the warm-up. */
  readonly measured: readonly MergedSecond[]
  readonly unexplained: readonly TimelineChange[]
  readonly controlClock: ControlClock
  readonly audit: AuditResult
}

/** The drill's own clock against the database's: t0 and t6 are read from it. */
export interface ControlClock {
  readonly offsetUs: number
  readonly errorMs: number | null
}

/** Null when no load was recorded. */
export function analyse(outcome: DrillOutcome, merged: Merged | null): LoadAnalysis | null {
  if (merged === null) return null
  const load: LoadSettings = outcome.loadPlan ?? outcome.plan.load
  const window = loadWindow(merged, load, outcome.loadStartAtMs)
  if (window === null) return null
  const controlClock = controlClockOf(outcome)
  const spans = failoverSpans(merged, outcome.failovers, {
    loadStartUs: window.startUs,
    loadEndUs: window.endUs,
    controlOffsetUs: controlClock.offsetUs,
  })
  const baseline = baselineOf(baselineSeconds(merged, window, outcome, spans), load)
  const outages = outagesOf(merged, window, shortestOutageUs(baseline))
  const failovers = timesOf(outcome, { merged, window, outages, baseline, load, spans, controlClock })
  const phases = phasesOf(window, outcome.plan.timing.warmupSeconds, failovers)
  const byPhase = secondsByPhase(phases, merged.seconds)
  const cohort = cohortNames(load)
  return {
    merged,
    load,
    window,
    baseline,
    outages: withFailovers(outages, failovers),
    failovers,
    clients: failovers.map((times) => clientRows(times, merged, cohort)),
    phases,
    secondsByPhase: byPhase,
    measured: merged.seconds.filter((second) => phaseOfSecond(phases, second) !== 'warm-up'),
    unexplained: unexplainedChanges(merged, spans),
    controlClock,
    audit: auditOf(outcome, merged),
  }
}

export const cohortNames =
  ({ cohorts }: Pick<LoadPlan, 'cohorts'>) =>
  (worker: number): string =>
    cohortOf(cohorts, worker).name

function controlClockOf({ facts }: DrillOutcome): ControlClock {
  const session = facts?.sessions.find(({ clockOffsetMs }) => clockOffsetMs !== null)
  return { offsetUs: Math.round((session?.clockOffsetMs ?? 0) * 1000), errorMs: session?.clockErrorMs ?? null }
}

/** Whole seconds between the warm-up and the first sign of a failover, without those of an outage before it. */
function baselineSeconds(
  merged: Merged,
  window: LoadWindow,
  { plan }: DrillOutcome,
  spans: readonly FailoverSpan[],
): readonly MergedSecond[] {
  const fromUs = window.startUs + plan.timing.warmupSeconds * US_PER_SECOND
  const firstChangeUs =
    merged.timelines.length > 1 ? Math.min(...merged.timelines.slice(1).map((t) => t.firstAtUs)) : window.endUs
  const toUs = Math.min(window.endUs, firstChangeUs, spans[0]?.orderUs ?? window.endUs)
  const troubled = new Set(
    outagesOf(merged, window, LEAST_OUTAGE_US).flatMap((outage) =>
      secondsTouching(merged.seconds, outage.fromUs, outage.toUs ?? window.endUs),
    ),
  )
  return secondsInside(merged.seconds, fromUs, toUs).filter((second) => !troubled.has(second))
}

interface TimesContext extends Pick<EventContext, 'merged' | 'window' | 'outages'> {
  readonly baseline: Baseline | null
  readonly load: LoadSettings
  readonly spans: readonly FailoverSpan[]
  readonly controlClock: ControlClock
}

function timesOf({ plan, failovers }: DrillOutcome, context: TimesContext): FailoverTimes[] {
  const { merged, window, outages, baseline, load, spans, controlClock } = context
  const events: EventContext = {
    merged,
    window,
    outages,
    goodput: baseline === null ? null : new Goodput(merged.seconds, baseline, load.targetTps > 0),
    rule: { windowSeconds: plan.timing.recoveryWindowSeconds, holdSeconds: plan.timing.recoveryHoldSeconds },
    controlOffsetUs: controlClock.offsetUs,
  }
  return spans.map((span, i) => failoverTimes(span, failovers[i] as FailoverEvidence, events))
}

/** Every outage with the failover that explains it; a failover's own one is listed even when it is shorter than the threshold. */
function withFailovers(outages: readonly Outage[], failovers: readonly FailoverTimes[]) {
  const listed = outages.map((outage) => ({ ...outage, event: explainedBy(outage, failovers) }))
  const short = failovers.flatMap(({ t1Us, t2Us, span }) =>
    t1Us === null ||
    t2Us === null ||
    t2Us <= t1Us ||
    outages.some(({ fromUs, toUs }) => fromUs < t2Us && (toUs ?? t2Us) > t1Us)
      ? []
      : [{ fromUs: t1Us, toUs: t2Us, event: span.index + 1 }],
  )
  return [...listed, ...short].sort((a, b) => a.fromUs - b.fromUs)
}

/** It began before the service was sustained again, and ended after the failover was asked for. */
function explainedBy({ fromUs, toUs }: Outage, failovers: readonly FailoverTimes[]): number | null {
  const explaining = failovers.find(({ t1Us, t2Us, t4Us, span }) => {
    if (t1Us === null || (toUs ?? Number.POSITIVE_INFINITY) <= Math.min(span.orderUs, t1Us)) return false
    return fromUs < (t4Us ?? (t2Us === null ? Number.POSITIVE_INFINITY : t2Us + 1))
  })
  return explaining === undefined ? null : explaining.span.index + 1
}

function auditOf({ audits, auditProblem, plan }: DrillOutcome, merged: Merged): AuditResult {
  if (auditProblem !== null) return { kind: 'none', why: auditProblem }
  const agreed = agreeOn(audits, plan.timing.auditPauseSeconds)
  if (agreed.kind !== 'agreed') return agreed
  const newest = Math.max(0, ...merged.timelines.map(({ timeline }) => timeline))
  const { timeline } = agreed.pass
  if (timeline === null || timeline >= newest) return agreed
  const why = `the audited server is on timeline ${timeline}, but clients had commits on timeline ${newest}`
  return { kind: 'unresolved', pass: agreed.pass, why }
}
