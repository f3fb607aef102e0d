/** From a plan back to the request that it was made of: what "run again" sends, without the fields that the app decides anyway. */
import { isConditional } from '../event-kinds/kinds.ts'
import type { DrillPlan } from '../model/plan.ts'
import { parseRequest, type RequestDefaults } from './request.ts'
import { MIN_BASELINE_SECONDS, REQUEST_LIMITS } from './rules.ts'
import { chooseTarget, nameOfTarget } from './targets.ts'

export type RequestBody = Readonly<Record<string, unknown>>

/** Parsed with the same defaults, the body gives the same plan. A plan that the app no longer accepts comes back with every field. */
export function requestOfPlan(plan: DrillPlan, defaults: RequestDefaults): RequestBody {
  const whole = wholeRequest(plan, defaults)
  const same = (body: RequestBody): boolean => {
    const { drillId, requestedAt, requestedBy } = plan
    const parsed = parseRequest(body, { drillId, requestedAt, requestedBy, defaults })
    return parsed.ok && JSON.stringify(parsed.plan) === JSON.stringify(plan)
  }
  if (!same(whole)) return whole
  return withoutDefaults(whole, same)
}

/** Each field is left out when the app decides the same without it; so is each part of an object. */
function withoutDefaults(whole: RequestBody, same: (body: RequestBody) => boolean): RequestBody {
  let body = whole
  for (const name of Object.keys(whole)) {
    const { [name]: value, ...rest } = body
    if (same(rest)) body = rest
    else if (name === 'timing' || (name === 'target' && typeof value === 'object'))
      body = { ...rest, [name]: withoutDefaults(value as RequestBody, (part) => same({ ...rest, [name]: part })) }
  }
  return body
}

/** Every field, also those that the app decides. */
export function wholeRequest({ load, events, timing, ...plan }: DrillPlan, { targets }: RequestDefaults): RequestBody {
  const target = nameOfTarget(plan.target, targets)
  // What the server's own defaults would add.
  const { requestDefaults = {} } = chooseTarget(target, targets).of
  const first = events[0]?.atSeconds ?? load.durationSeconds
  const baselineSeconds = Math.floor(first - timing.warmupSeconds)
  return {
    target,
    ...load,
    containerSize: plan.containerSize,
    events: events.filter((event) => !isConditional(event)),
    ...(events.some(isConditional) ? { returnHome: true } : 'returnHome' in requestDefaults && { returnHome: false }),
    ...((plan.probes.length > 0 || 'probes' in requestDefaults) && { probes: plan.probes }),
    timing: {
      ...timing,
      // The plan does not keep it: what its own baseline allows.
      minBaselineSeconds: Math.max(REQUEST_LIMITS.minBaselineSeconds, Math.min(MIN_BASELINE_SECONDS, baselineSeconds)),
    },
    criteria: plan.criteria,
    force: plan.force,
    migrate: plan.migrate,
    ...((plan.note !== null || 'note' in requestDefaults) && { note: plan.note ?? '' }),
  }
}
