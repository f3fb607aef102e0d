/** The field `events` of a request: the union of the kinds, and the rules between events. */
import * as z from 'zod'
import { number, oneOf, yesOrNo } from '../../loadgen-image/contract/fields.ts'
import type { FieldProblem } from '../../loadgen-image/contract/load-plan.ts'
import { isCaused, wordsOf } from '../event-kinds/kinds.ts'
import { latestEventSecond, secondsBetweenEvents } from '../live/event-safety.ts'
import type { DrillPlan } from '../model/plan.ts'
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

export function eventsAreInsideTheLoad(plan: DrillPlan): FieldProblem | null {
  const latest = latestEventSecond(plan)
  const late = plan.events.find(({ atSeconds }) => atSeconds > latest)
  if (late === undefined) return null
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
