/** All numbers of a drill, computed from its evidence: times, phases, baseline, outages, audit. `report-model` puts them into words. */

import { maxReplyTimeoutMs } from '../../loadgen-image/contract/clients/behaviour.ts'
import { cohortOf } from '../../loadgen-image/contract/cohort.ts'
import { US_PER_SECOND } from '../../loadgen-image/contract/glossary.ts'
import type { LoadPlan, LoadSettings } from '../../loadgen-image/contract/load-plan.ts'
import { type Baseline, baselineOf } from '../measurement/baseline.ts'
import { judgeGenerator } from '../measurement/generator-limit.ts'
import { TOLERANCE_US, type Watch, watchOf } from '../measurement/generator-watch.ts'
import { type Latency, latencyOf, percentilesOf } from '../measurement/latency.ts'
import { MIN_OUTAGE_US, minOutageUs, type Outage, outagesOf } from '../measurement/outages.ts'
import { asIfWell, Goodput } from '../measurement/sustained-recovery.ts'
import { availabilityOf, throughputOf } from '../measurement/throughput.ts'
import { type LoadWindow, loadWindow, secondsInside } from '../measurement/window.ts'
import { clockErrorMs } from '../merge/clocks.ts'
import type { Merged, MergedSecond } from '../merge/merged.ts'
import type { ClientRow, PhaseName } from '../model/chart-data.ts'
import type { DrillOutcome, EventEvidence } from '../model/evidence.ts'
import type { GeneratorVerdict, Report } from '../model/report.ts'
import { type Reachability, reachabilityOf } from '../reachability/reachability.ts'
import { type StaleWatch, staleWatchOf } from '../stale-primary/sessions.ts'
import { type ApplicationAnalysis, applicationsOf } from './applications.ts'
import { attribute, type EventSpan } from './attribution.ts'
import { clientRows, loneClientsOf, loneRows } from './client-outages.ts'
import type { TimesContext } from './event-times.ts'
import { type Event, eventsOf } from './events.ts'
import { type AuditResult, agreeOn } from './ledger-audit.ts'
import { lostSecondsPerEvent } from './lost-commits.ts'
import { type Phase, phaseOfSecond, phasesOf, secondsByPhase } from './phases.ts'

/** A drill in numbers, with the evidence that they were computed from. */
export interface Analysis {
  /** Without events that the drill did not reach. */
  readonly evidence: DrillOutcome
  /** Null when no load was recorded. */
  readonly load: LoadAnalysis | null
}

export interface LoadAnalysis extends Pick<Report, 'throughput' | 'availability' | 'latencyMs' | 'loneClients'> {
  readonly merged: Merged
  readonly settings: LoadSettings
  readonly window: LoadWindow
  readonly watch: Watch
  readonly baseline: Baseline | null
  readonly events: readonly Event[]
  /** One row per client and event, the longest outage of an event first; at last those of clients that were out alone. */
  readonly clients: readonly ClientRow[]
  readonly phases: readonly Phase[]
  readonly latency: PhaseLatency
  readonly controlClock: ControlClock
  readonly audit: AuditResult
  /** By number of the event that lost commits; null when the ledger was not audited. */
  readonly lostSeconds: ReadonlyMap<number, number> | null
  readonly generator: GeneratorVerdict
  readonly applications: readonly ApplicationAnalysis[]
  readonly reachability: Reachability
  readonly staleWatch: StaleWatch
}

/** By phase, and over all seconds but the warm-up. Null where there were none. */
type PhaseLatency = Readonly<Record<keyof Report['latencyMs'], Latency | null>>

/** The drill's own clock against the database's: t0 and t6 are read from it. */
interface ControlClock {
  readonly offsetUs: number
  readonly errorMs: number | null
}

export function analyse(gathered: DrillOutcome, merged: Merged | null): Analysis {
  const events = gathered.events.filter(({ request }) => request !== 'not reached')
  const evidence: DrillOutcome = { ...gathered, events }
  return { evidence, load: merged === null ? null : analyseLoad(evidence, merged) }
}

function analyseLoad(evidence: DrillOutcome, merged: Merged): LoadAnalysis | null {
  const settings: LoadSettings = evidence.loadPlan ?? evidence.plan.load
  const window = loadWindow(merged, settings, evidence.loadStartAtMs)
  if (window === null) return null
  const view = new LoadView(evidence, merged, settings, window)
  const settled = view.settle()
  const { baseline, events } = settled
  const cohort = (worker: number) => cohortOf(settings.cohorts, worker)
  const inEvents = events.flatMap((event) => clientRows(event, merged, view.watch, cohort))
  const clients = [...inEvents, ...loneRows(merged, view.watch, inEvents, window.endUs, cohort)]
  const audit = auditOf(evidence, merged)
  const reachability = reachabilityOf(evidence.stepProbes, merged.incarnations)
  return {
    ...settled,
    ...serviceFigures(evidence, { merged, settings, window, ...settled }),
    merged,
    settings,
    window,
    watch: view.watch,
    clients,
    loneClients: loneClientsOf(clients),
    controlClock: view.controlClock,
    audit,
    applications: applicationsOf(evidence.plan.probes, merged.applications, {
      containers: settings.containers,
      window,
      events,
      holdSeconds: evidence.plan.timing.recoveryHoldSeconds,
      reachability,
    }),
    lostSeconds: audit.kind === 'agreed' ? lostSecondsPerEvent(audit.pass, events, merged.seconds) : null,
    generator: judgeGenerator({
      incarnations: merged.incarnations,
      baseline,
      cpuPerContainer: evidence.plan.containerSize.cpu,
      replyTimeoutMs: maxReplyTimeoutMs(settings),
    }),
    reachability,
    staleWatch: staleWatchOf(evidence.stepProbes, merged.incarnations),
  }
}

const measuredSeconds = (phases: readonly Phase[], { seconds }: Merged): readonly MergedSecond[] =>
  seconds.filter((second) => phaseOfSecond(phases, second) !== 'warm-up')

type ServiceParts = Pick<LoadAnalysis, 'merged' | 'settings' | 'window' | 'baseline' | 'events' | 'phases'>

function serviceFigures(
  { plan }: DrillOutcome,
  { merged, settings, window, baseline, events, phases }: ServiceParts,
): Pick<LoadAnalysis, 'throughput' | 'availability' | 'latency' | 'latencyMs'> {
  const { deadlineMs } = settings
  const measured = measuredSeconds(phases, merged)
  const byPhase = secondsByPhase(phases, merged.seconds)
  const latencyIn = (phase: PhaseName) => latencyOf(byPhase.get(phase) ?? [], deadlineMs)
  const latency: PhaseLatency = {
    baseline: baseline?.latency ?? null,
    outage: latencyIn('outage'),
    recovery: latencyIn('recovery'),
    after: latencyIn('after'),
    whole: latencyOf(measured, deadlineMs),
  }
  const outages = events.flatMap((event) => event.outages)
  const beginsUs = events.map(({ t0Us, t1Us, span }) => t0Us ?? t1Us ?? span.beginUs)
  return {
    throughput: throughputOf(measured, baseline, window, plan.timing.warmupSeconds),
    availability: availabilityOf(measured, { baseline, whole: latency.whole, window, outages, beginsUs, deadlineMs }),
    latency,
    latencyMs: {
      baseline: inMs(latency.baseline),
      outage: inMs(latency.outage),
      recovery: inMs(latency.recovery),
      after: inMs(latency.after),
      whole: inMs(latency.whole),
    },
  }
}

const inMs = (latency: Latency | null): Report['latencyMs']['whole'] =>
  latency && { response: percentilesOf(latency.response), service: percentilesOf(latency.service) }

export const cohortNames =
  ({ cohorts }: Pick<LoadPlan, 'cohorts'>) =>
  (worker: number): string =>
    cohortOf(cohorts, worker).name

interface Settled {
  readonly baseline: Baseline | null
  readonly events: readonly Event[]
  readonly phases: readonly Phase[]
}

/**
 * Events are measured against the baseline, and the baseline is what lies outside of events: a first baseline that leaves
 * room behind every outage finds the events, and the final one is the seconds that their phases leave.
 */
class LoadView {
  readonly watch: Watch
  readonly controlClock: ControlClock
  readonly #outcome: DrillOutcome
  readonly #merged: Merged
  readonly #load: LoadSettings
  readonly #window: LoadWindow
  readonly #boundUs: number

  constructor(outcome: DrillOutcome, merged: Merged, load: LoadSettings, window: LoadWindow) {
    this.#outcome = outcome
    this.#merged = merged
    this.#load = load
    this.#window = window
    this.watch = watchOf(merged)
    this.controlClock = controlClockOf(outcome)
    this.#boundUs = clockBoundUs(merged, this.controlClock)
  }

  settle(): Settled {
    const outages = this.#outages(MIN_OUTAGE_US, null)
    const spans = this.#spans(outages, null)
    const first = this.#against(baselineOf(this.#roughlyCalm(outages, spans), this.#load))
    const calm = this.#watchedSeconds(this.#calmSeconds(first.phases))
    return calm.length === (first.baseline?.seconds.length ?? 0) ? first : this.#against(baselineOf(calm, this.#load))
  }

  #against(baseline: Baseline | null): Settled {
    const { timing } = this.#outcome.plan
    const outages = this.#outages(minOutageUs(baseline), baseline)
    const { goodput, goodputAtBest } = this.#goodput(baseline)
    const usualPauseUs = this.#usualPauseUs(baseline)
    const events = eventsOf(this.#spans(outages, baseline), outages, this.#watched(), {
      merged: this.#merged,
      window: this.#window,
      watch: this.watch,
      goodput,
      goodputAtBest,
      rule: { windowSeconds: timing.recoveryWindowSeconds, holdSeconds: timing.recoveryHoldSeconds },
      controlOffsetUs: this.controlClock.offsetUs,
      boundUs: this.#boundUs + usualPauseUs,
      usualPauseUs,
    })
    return { baseline, events, phases: phasesOf(this.#window, timing.warmupSeconds, events) }
  }

  /** Of a drill that causes nothing. */
  #watched(): EventEvidence | null {
    return this.#outcome.events.find(({ request }) => request === 'watched') ?? null
  }

  #goodput(baseline: Baseline | null): Pick<TimesContext, 'goodput' | 'goodputAtBest'> {
    if (baseline === null) return { goodput: null, goodputAtBest: null }
    const { seconds } = this.#merged
    const { standstills } = this.watch
    const isOpenLoop = this.#load.targetTps > 0
    const goodput = new Goodput(seconds, baseline, isOpenLoop)
    if (standstills.length === 0) return { goodput, goodputAtBest: goodput }
    return { goodput, goodputAtBest: new Goodput(asIfWell(seconds, standstills, baseline), baseline, isOpenLoop) }
  }

  #outages(longerThanUs: number, baseline: Baseline | null): Outage[] {
    return outagesOf(this.#merged, {
      window: this.#window,
      watch: this.watch,
      longerThanUs,
      usualPauseUs: this.#usualPauseUs(baseline),
      isOpenLoop: this.#load.targetTps > 0,
    })
  }

  #spans(outages: readonly Outage[], baseline: Baseline | null): EventSpan[] {
    return attribute(this.#merged, this.#outcome.events, {
      window: this.#window,
      outages,
      controlOffsetUs: this.controlClock.offsetUs,
      clockBoundUs: this.#boundUs,
      usualPauseUs: this.#usualPauseUs(baseline),
    })
  }

  /** The usual pause between two acknowledgements of a healthy service: a few arrivals, and a slow reply. */
  #usualPauseUs(baseline: Baseline | null): number {
    const { targetTps } = this.#load
    const spacingUs = targetTps > 0 ? (USUAL_ARRIVALS * US_PER_SECOND) / targetTps : 0
    return spacingUs + 1000 * Math.max(USUAL_REPLY_MS, SLOW_TIMES_P50 * (baseline?.serviceP50Ms ?? 0))
  }

  /** Without the seconds in which the service may still have been recovering. */
  #roughlyCalm(outages: readonly Outage[], spans: readonly EventSpan[]): readonly MergedSecond[] {
    const { warmupSeconds, recoveryWindowSeconds } = this.#outcome.plan.timing
    const fromUs = this.#window.startUs + warmupSeconds * US_PER_SECOND
    const toUs = Math.min(this.#window.endUs, ...spans.map(({ beginUs }) => beginUs))
    const isCalm = ({ second }: MergedSecond) =>
      outages.every(
        (outage) =>
          (second + 1) * US_PER_SECOND <= outage.fromUs ||
          second * US_PER_SECOND >= (outage.toUs ?? Infinity) + recoveryWindowSeconds * US_PER_SECOND,
      )
    return this.#watchedSeconds(secondsInside(this.#merged.seconds, fromUs, toUs).filter(isCalm))
  }

  #calmSeconds(phases: readonly Phase[]): readonly MergedSecond[] {
    return phases
      .filter(({ name }) => name === 'baseline')
      .flatMap(({ fromUs, toUs }) => secondsInside(this.#merged.seconds, fromUs, toUs))
  }

  /** A generator that stood still makes its own seconds slow: they say nothing about the service. */
  #watchedSeconds(seconds: readonly MergedSecond[]): readonly MergedSecond[] {
    const still = this.watch.standstills.filter(({ fromUs, toUs }) => toUs - fromUs > TOLERANCE_US)
    const isWatched = ({ second }: MergedSecond) =>
      still.every((one) => one.toUs <= second * US_PER_SECOND || one.fromUs >= (second + 1) * US_PER_SECOND)
    return seconds.filter(isWatched)
  }
}

const USUAL_ARRIVALS = 3
const USUAL_REPLY_MS = 50
const SLOW_TIMES_P50 = 10

function clockBoundUs({ incarnations }: Merged, { errorMs }: ControlClock): number {
  const containers = incarnations.map(({ clock }) => clockErrorMs(clock))
  return 1000 * (Math.max(0, ...containers) + clockErrorMs({ errorMs }))
}

function controlClockOf({ facts }: DrillOutcome): ControlClock {
  const session = facts?.sessions.find(({ clockOffsetMs }) => clockOffsetMs !== null)
  return { offsetUs: Math.round((session?.clockOffsetMs ?? 0) * 1000), errorMs: session?.clockErrorMs ?? null }
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
