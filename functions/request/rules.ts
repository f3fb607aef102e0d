/**
 * The limits of a drill's request, and the rules between its fields. A request is a subset of what the load generator accepts:
 * these limits and rules make the drill's outcome judgeable.
 */
import { type FieldProblem, LOAD_RULES } from '../../loadgen-image/contract/load-plan.ts'
import { comparesWithTarget, needsLedger } from '../criteria/defaults.ts'
import { factorsFrom } from '../model/load-plan.ts'
import type { DrillPlan } from '../model/plan.ts'
import { criteriaNameProbes, probeNamesDiffer, probesAreRare } from './app-probes.ts'
import {
  eventsAreApart,
  eventsAreInsideTheLoad,
  externalStandsAlone,
  returnNeedsAFailover,
  switchoverIsLast,
} from './events.ts'

/** Where a drill allows less than the load generator does. */
export const REQUEST_LIMITS = {
  /** A second without a commit is an outage when it is expected to hold two: less offers too little to judge a recovery by. */
  minTps: 2,
  maxWorkers: 5_000,
  minDurationSeconds: 10,
  minBaselineSeconds: 3,
  maxDurationSeconds: 18_000,
  /** The platform's maximum (container-instances-resource-and-quota-limits); a region may offer less, which the check `container-size` finds. */
  maxCpu: 31,
  maxMemoryGb: 240,
  maxEvents: 10,
  maxCooldownMinutes: 1_440,
} as const

/** Between the warm-up and the first event, unless a request asks for less. */
export const MIN_BASELINE_SECONDS = 60

/** With this many random arrivals, chance alone moves their rate by 5 % in one drill of twenty. */
const MIN_RANDOM_ARRIVALS = 1_600

/** What the request says and the plan does not keep. */
interface Asked {
  readonly minBaselineSeconds: number
  readonly returnHome: boolean
}

interface RequestRule {
  /** Judged only when none of these is wrong by itself. */
  readonly fields: readonly string[]
  readonly judge: (plan: DrillPlan, asked: Asked) => FieldProblem | null
}

export const REQUEST_RULES: readonly RequestRule[] = [
  ...LOAD_RULES.map(({ fields, judge }): RequestRule => ({ fields, judge: ({ load }) => judge(load) })),
  { fields: ['events', 'timing', 'durationSeconds'], judge: eventsAreInsideTheLoad },
  { fields: ['events', 'timing', 'durationSeconds'], judge: baselineIsLongEnough },
  { fields: ['events'], judge: externalStandsAlone },
  { fields: ['events'], judge: switchoverIsLast },
  { fields: ['events', 'returnHome'], judge: returnNeedsAFailover },
  { fields: ['events', 'timing'], judge: eventsAreApart },
  { fields: ['profile', 'durationSeconds'], judge: profileIsInsideTheLoad },
  { fields: ['profile', 'targetTps', 'timing'], judge: rateIsJudgeable },
  { fields: ['arrivals', 'targetTps', 'events', 'timing', 'criteria'], judge: chanceIsSmall },
  { fields: ['targetTps'], judge: criteriaNeedARate },
  { fields: ['criteria', 'transactions'], judge: criteriaNeedALedger },
  { fields: ['probes'], judge: probeNamesDiffer },
  { fields: ['probes', 'containers'], judge: probesAreRare },
  { fields: ['probes', 'criteria'], judge: criteriaNameProbes },
]

function baselineIsLongEnough({ load, events, timing }: DrillPlan, { minBaselineSeconds }: Asked): FieldProblem | null {
  const first = events[0]
  const end = first?.atSeconds ?? load.durationSeconds
  const baselineSeconds = end - timing.warmupSeconds
  if (baselineSeconds >= minBaselineSeconds) return null
  return {
    field: first === undefined ? 'durationSeconds' : 'events',
    problem: `${baselineSeconds} s of steady load between the warm-up (${timing.warmupSeconds} s) and ${end} s`,
    expected: `at least ${minBaselineSeconds} s, or a smaller timing.minBaselineSeconds for a short drill`,
  }
}

function profileIsInsideTheLoad({ load }: DrillPlan): FieldProblem | null {
  const late = load.profile.find(({ fromSecond }) => fromSecond >= load.durationSeconds)
  if (late === undefined) return null
  return {
    field: 'profile',
    problem: `a step at ${late.fromSecond} s in a load of ${load.durationSeconds} s`,
    expected: 'steps inside the load',
  }
}

/** A profile that offers almost no load hides an outage and a recovery. */
function rateIsJudgeable({ load, timing }: DrillPlan): FieldProblem | null {
  if (load.targetTps === 0 || load.profile.length === 0) return null
  const tps = load.targetTps * smallestFactor(load, timing.warmupSeconds)
  if (tps >= REQUEST_LIMITS.minTps) return null
  return {
    field: 'profile',
    problem: `${tps} arrivals per second at its lowest, after the warm-up (${timing.warmupSeconds} s)`,
    expected: `at least ${REQUEST_LIMITS.minTps} arrivals per second from the end of the warm-up on`,
  }
}

const smallestFactor = (load: DrillPlan['load'], fromSecond: number): number =>
  Math.min(...factorsFrom(load, fromSecond).flatMap(({ begin, end }) => [begin, end]))

/** An objective on the target rate must not be missed, or met, by chance. */
function chanceIsSmall({ load, events, timing, criteria }: DrillPlan): FieldProblem | null {
  if (load.arrivals === 'even' || !criteria.some(comparesWithTarget)) return null
  const baselineSeconds = (events[0]?.atSeconds ?? load.durationSeconds) - timing.warmupSeconds
  const arrivals = Math.floor(load.targetTps * baselineSeconds)
  if (arrivals >= MIN_RANDOM_ARRIVALS) return null
  return {
    field: 'arrivals',
    problem: `"poisson" with ${arrivals} arrivals in the baseline: chance alone moves their rate by over 5 %`,
    expected: `"even", at least ${MIN_RANDOM_ARRIVALS} arrivals in the baseline, or criteria that do not name the target`,
  }
}

/** Any rate would satisfy a target of 0. */
function criteriaNeedARate({ load, criteria }: DrillPlan): FieldProblem | null {
  const index = load.targetTps > 0 ? -1 : criteria.findIndex(comparesWithTarget)
  if (index < 0) return null
  const problem = 'a limit that names the target, with targetTps 0'
  return { field: `criteria[${index}]`, problem, expected: 'a limit that does not name the target, or a target rate' }
}

function criteriaNeedALedger({ load, criteria }: DrillPlan): FieldProblem | null {
  const index = load.transactions === 'ledger' ? -1 : criteria.findIndex(needsLedger)
  if (index < 0) return null
  return {
    field: `criteria[${index}]`,
    problem: 'a figure of the ledger, with transactions "compat"',
    expected: 'a figure that is measured without keys in the table, or transactions "ledger"',
  }
}
