/** What the app offers to begin with: its own defaults and limits, presets, and the checks that would fail now, with why. */
import { judgeBefore, SIZE_CHECKS } from '../checklist/before.ts'
import type { Facts } from '../model/facts.ts'
import { plannedSeconds } from '../model/load-plan.ts'
import type { DrillPlan, Target } from '../model/plan.ts'
import type { CheckResult } from '../model/report.ts'
import { type RequestBody, wholeRequest } from './again.ts'
import { type Pace, type Preset, presetsOf } from './presets.ts'
import { parseRequest, REQUEST_LIMITS, type RequestDefaults } from './request.ts'
import type { TargetDefaults } from './targets.ts'

/** `forced`: the request overrides it, so it does not stop the drill. */
export type FailingCheck = Pick<CheckResult, 'id' | 'title' | 'seen' | 'wanted' | 'why' | 'advice' | 'forced'>

export interface OfferedPreset extends Pick<Preset, 'id' | 'title' | 'about'> {
  /** As it would be posted. Checks of the server's size are overridden where the load is light and they fail. */
  readonly request: RequestBody
  readonly plannedSeconds: number
  /** That fail now; empty also when nothing could be judged. */
  readonly failing: readonly FailingCheck[]
}

/** A server that a request can name. */
interface OfferedTarget extends Target {
  readonly name: string
  /** Of its daily drill, six-field NCRONTAB in UTC; null: it has none. */
  readonly schedule: string | null
}

export interface Offer {
  /** The server that the rest of the offer is about. */
  readonly target: OfferedTarget
  /** All servers of the app. */
  readonly targets: readonly OfferedTarget[]
  readonly limits: typeof REQUEST_LIMITS & { readonly cooldownMinutes: number }
  /** Every field of an empty request. */
  readonly defaults: RequestBody
  /** The first one is what the start form begins with. */
  readonly presets: readonly OfferedPreset[]
  readonly checks: {
    readonly at: string
    /** Why nothing could be judged; null: the checks were judged. */
    readonly notJudgedWhy: string | null
    /** Ids that could not be seen now; a drill looks again, and tries the table and the storage with a row of its own. */
    readonly notSeen: readonly string[]
  }
  /** The drill that holds the server; null: it is free. */
  readonly runningDrill: string | null
}

/** `facts` null: the server could not be looked at. */
export interface Look {
  readonly at: string
  readonly facts: Facts | null
  readonly why: string
  readonly runningDrill: string | null
}

/** Requests of this server name it where there are others. */
export const requestFor = (
  { name }: TargetDefaults,
  { targets }: RequestDefaults,
  request: RequestBody,
): RequestBody => (targets.length === 1 ? request : { target: name, ...request })

const offeredTarget = ({ name, target, schedule = null }: TargetDefaults): OfferedTarget => ({
  name,
  ...target,
  schedule,
})

export function offerOf(
  of: TargetDefaults,
  defaults: RequestDefaults,
  pace: Pace,
  { at, facts, why, runningDrill }: Look,
): Offer {
  const plans = presetsOf(pace).flatMap((one) => {
    const preset = { ...one, request: requestFor(of, defaults, one.request) }
    const plan = planOf(preset.request, defaults, at)
    return plan === null ? [] : [{ preset, plan }]
  })
  const empty = planOf(requestFor(of, defaults, {}), defaults, at)
  const first = plans[0]?.plan ?? empty
  const seen = facts === null || first === null ? [] : judgeBefore(first, facts)
  return {
    target: offeredTarget(of),
    targets: defaults.targets.map(offeredTarget),
    limits: { ...REQUEST_LIMITS, cooldownMinutes: of.cooldownMinutes },
    defaults: empty === null ? {} : wholeRequest(empty, defaults),
    presets: plans.map(({ preset, plan }) => offered(preset, plan, facts)),
    checks: {
      at,
      notJudgedWhy: facts === null ? why : null,
      notSeen: seen.filter(({ verdict }) => verdict === 'unknown').map(({ id }) => id),
    },
    runningDrill,
  }
}

/** Null: the settings of the app do not allow it, such as a cool-down that is longer than the drill. */
export function planOf(request: RequestBody, defaults: RequestDefaults, at: string): DrillPlan | null {
  const parsed = parseRequest(request, { drillId: 'offered', requestedAt: at, requestedBy: 'http', defaults })
  return parsed.ok ? parsed.plan : null
}

function offered({ id, title, about, request, isLight }: Preset, plan: DrillPlan, facts: Facts | null): OfferedPreset {
  const failing = facts === null ? [] : judgeBefore(plan, facts).filter(({ verdict }) => verdict === 'fail')
  const isOverridden = (check: CheckResult): boolean => isLight && SIZE_CHECKS.some((size) => size === check.id)
  const force = failing.filter(isOverridden).map((check) => check.id)
  return {
    id,
    title,
    about,
    request: force.length === 0 ? request : { ...request, force },
    plannedSeconds: plannedSeconds(plan),
    failing: failing.map((check) => ({
      id: check.id,
      title: check.title,
      seen: check.seen,
      wanted: check.wanted,
      why: check.why,
      advice: check.advice,
      forced: isOverridden(check),
    })),
  }
}
