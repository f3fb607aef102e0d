/** The field `events` of a request: the union of the kinds, and the rules between events. */
import * as z from 'zod'
import { number, oneOf, yesOrNo } from '../../loadgen-image/contract/fields.ts'
import type { FieldProblem } from '../../loadgen-image/contract/load-plan.ts'
import { isCaused, isConditional, wordsOf } from '../event-kinds/kinds.ts'
import { latestEventSecond, secondsAfterEvent, secondsBetweenEvents } from '../live/event-safety.ts'
import type { DrillPlan, DrillTiming } from '../model/plan.ts'
import { FAILOVER_MODES, PLANNED_KINDS, type PlannedEvent, PROMOTE_OPTIONS } from '../model/planned-event.ts'
import { SERVER_NAME, SKU_NAME } from '../platform/names.ts'
import { inForm } from './forms.ts'

const EXAMPLE = 'an object such as {"atSeconds": 120, "kind": "failover", "mode": "forced"}'

export function eventSchema(maxSeconds: number) {
  const atSeconds = number(0, maxSeconds)
  const kind = <const Kind extends PlannedEvent['kind'], Fields extends z.ZodRawShape>(name: Kind, fields: Fields) =>
    z.strictObject({ atSeconds, kind: z.literal(name), ...fields }, { error: EXAMPLE })
  return z.discriminatedUnion(
    'kind',
    [
      kind('failover', { mode: oneOf(FAILOVER_MODES) }),
      kind('restart', {}),
      kind('scale', { sku: inForm(SKU_NAME) }),
      kind('switchover', {
        mode: oneOf(PROMOTE_OPTIONS),
        replica: inForm(SERVER_NAME),
        returnHome: yesOrNo.default(false),
      }),
      kind('external', {}),
    ],
    { error: ({ code }) => (code === 'invalid_union' ? `one of ${PLANNED_KINDS.join(', ')}` : EXAMPLE) },
  )
}

/** What a request may ask for beside its events: the zones as they were, by a failover of its own after the last one. */
export function withReturn(events: readonly PlannedEvent[], timing: DrillTiming, holdSeconds: number): PlannedEvent[] {
  const last = events.findLast(({ kind }) => kind === 'failover')
  if (last === undefined) return [...events]
  // With the longest hold that a longer load may have, so that the message about a short load names a length that will do.
  const recovery = secondsAfterEvent({ timing: { ...timing, recoveryHoldSeconds: holdSeconds } })
  const afterFailover = last.atSeconds + Math.max(timing.cooldownMinutes * 60, recovery)
  const afterAll = (events.at(-1)?.atSeconds ?? 0) + recovery
  const atSeconds = Math.max(afterFailover, afterAll) + TIMER_SECONDS
  return [...events, { atSeconds, kind: 'failover', mode: 'planned', returnsHome: true }]
}

/** The failover before it may be accepted so much later than planned. */
const TIMER_SECONDS = 5

export function returnNeedsAFailover(
  plan: DrillPlan,
  { returnHome }: { readonly returnHome: boolean },
): FieldProblem | null {
  if (!returnHome || plan.events.some(isConditional)) return null
  return { field: 'returnHome', problem: 'true without a failover', expected: 'a failover among the events, or false' }
}

export function eventsAreInsideTheLoad(plan: DrillPlan): FieldProblem | null {
  const latest = latestEventSecond(plan)
  const late = plan.events.find(({ atSeconds }) => atSeconds > latest)
  if (late === undefined) return null
  if (isConditional(late))
    return {
      field: 'returnHome',
      problem: `a ${wordsOf(late)} at ${late.atSeconds} s in a load of ${plan.load.durationSeconds} s`,
      expected: `durationSeconds of at least ${late.atSeconds + secondsAfterEvent(plan)}, or a shorter timing.cooldownMinutes`,
    }
  return {
    field: 'events',
    problem: `a ${wordsOf(late)} at ${late.atSeconds} s in a load of ${plan.load.durationSeconds} s`,
    expected: `events at ${latest} s or before, so that the recovery is seen`,
  }
}

export function eventsAreApart(plan: DrillPlan): FieldProblem | null {
  const close = plan.events.findIndex((event, i) => {
    const earlier = plan.events[i - 1]
    return earlier !== undefined && event.atSeconds - earlier.atSeconds < secondsBetweenEvents(plan, i - 1)
  })
  const [one, other] = [plan.events[close - 1], plan.events[close]]
  if (one === undefined || other === undefined) return null
  return {
    field: 'events',
    problem: `a ${wordsOf(one)} at ${one.atSeconds} s and a ${wordsOf(other)} at ${other.atSeconds} s`,
    expected: `at least ${secondsBetweenEvents(plan, close - 1)} s between these two: the recovery must be seen, and a standby must be rebuilt (timing.cooldownMinutes)`,
  }
}

/** An event that the drill caused could not be distinguished from one of others. */
export function externalStandsAlone({ events }: DrillPlan): FieldProblem | null {
  if (events.length < 2 || events.every(isCaused)) return null
  return {
    field: 'events',
    problem: `an external event beside ${events.length - 1} more`,
    expected: 'an external event alone, because what others do is recognised in a drill that causes nothing',
  }
}

/** After it the name of the target is that of a replica. */
export function switchoverIsLast({ events }: DrillPlan): FieldProblem | null {
  const index = events.findIndex(({ kind }) => kind === 'switchover')
  if (index === -1 || index === events.length - 1) return null
  return {
    field: 'events',
    problem: 'an event after a switchover',
    expected: 'a switchover as the last event: after it the target is a replica',
  }
}
