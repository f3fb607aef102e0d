/**
 * What the figures of a drill say could be changed: one row per advice, each with the figure that it rests on. A row that lacks a
 * measurement gives none.
 */
import type { Way } from '../../loadgen-image/contract/step-probe.ts'
import type { Advice, DrillEvent, EventWay } from '../model/report.ts'
import type { WayAfterwards } from '../reachability/event-ways.ts'
import { round } from '../units/statistics.ts'
import { seconds } from '../units/units.ts'
import { backOff, type CohortFacts, clientBehaviour, noReplyLimit } from './cohorts/cohort-advice.ts'

export interface AdviceFacts extends CohortFacts {
  readonly event: DrillEvent
  readonly afterwards: Readonly<Partial<Record<Way, WayAfterwards>>>
}

interface AdviceRow {
  readonly id: string
  /** Null: the figure was not measured, or is too small to act on. */
  readonly judge: (facts: AdviceFacts) => { readonly seconds: number; readonly text: string } | null
}

/** Twice the resolution of the step probe. */
const MIN_STEP_SECONDS = 0.2
const MIN_DIFFERENCE_SECONDS = 0.5
const MIN_LATE_SECONDS = 1

export const ADVICE_ROWS: readonly AdviceRow[] = [
  { id: 'pgbouncer-retry', judge: pgbouncerRetry },
  { id: 'pgbouncer-later', judge: pgbouncerLater },
  { id: 'read-only', judge: readOnly },
  { id: 'name-cache', judge: nameCache },
  { id: 'back-off', judge: backOff },
  { id: 'client-behaviour', judge: clientBehaviour },
  { id: 'no-reply-limit', judge: noReplyLimit },
  { id: 'late-clients', judge: lateClients },
]

export const adviceOf = (all: readonly AdviceFacts[]): Advice[] =>
  all.flatMap((facts) =>
    ADVICE_ROWS.flatMap(({ id, judge }) => {
      const found = judge(facts)
      return found === null
        ? []
        : [{ id, event: facts.event.number, seconds: round(found.seconds, 3), text: found.text }]
    }),
  )

const measuredWay = ({ ways }: DrillEvent, name: EventWay['way']): EventWay | null =>
  ways.find(({ way, notMeasuredWhy }) => way === name && notMeasuredWhy === null) ?? null

/** While straight writes were taken: after the event they may have stopped again. */
function retrySeconds({ event, afterwards }: AdviceFacts): number {
  const [direct, pooled] = [measuredWay(event, 'direct'), measuredWay(event, 'pgbouncer')]
  if (direct === null || pooled === null || (direct.backAt === null && direct.steps.length > 0)) return 0
  const fromMs = direct.backAt === null ? Number.NEGATIVE_INFINITY : Date.parse(direct.backAt)
  const untilMs = (afterwards.direct?.outAgainUs ?? Number.POSITIVE_INFINITY) / 1000
  const waits = pooled.steps.filter(({ state }) => state === 'PgBouncer waits')
  const within = ({ fromAt, toAt }: EventWay['steps'][number]) =>
    Math.max(0, Math.min(untilMs, Date.parse(toAt)) - Math.max(fromMs, Date.parse(fromAt))) / 1000
  return waits.reduce((sum, step) => sum + within(step), 0)
}

function pgbouncerRetry(facts: AdviceFacts) {
  const length = retrySeconds(facts)
  if (length < MIN_STEP_SECONDS) return null
  return {
    seconds: length,
    text:
      `For ${seconds(length)} PgBouncer turned clients away although the server took writes straight: after a failed login to its ` +
      'server it waits server_login_retry (15 s unless it is set). Set server_login_retry to a second where PgBouncer is your own.',
  }
}

/** Of two ways that were both out: where one took writes throughout, no outage of it ended. */
function pgbouncerLater(facts: AdviceFacts) {
  const [direct, pooled] = [measuredWay(facts.event, 'direct'), measuredWay(facts.event, 'pgbouncer')]
  const length = pooled?.longerThanDirectSeconds ?? 0
  const bothOut = direct?.backAt != null && pooled?.backAt != null
  if (!bothOut || length < MIN_DIFFERENCE_SECONDS || retrySeconds(facts) >= MIN_STEP_SECONDS) return null
  return {
    seconds: length,
    text:
      `Through PgBouncer the outage ended ${seconds(length)} later than straight. ` +
      'A client that connects straight does not wait for PgBouncer.',
  }
}

function readOnly({ event }: AdviceFacts) {
  const steps = measuredWay(event, 'direct')?.steps ?? []
  const length = steps.filter(({ state }) => state === 'read-only').reduce((sum, step) => sum + step.seconds, 0)
  if (length < MIN_STEP_SECONDS) return null
  return {
    seconds: length,
    text:
      `For ${seconds(length)} the server took logins and no writes (25006). A pool that checks the login alone keeps such a ` +
      'session: close a session at 25006, or connect with target_session_attrs=read-write.',
  }
}

/** A name that changed when writes were taken again, or that still leads to the old address, kept no client away. */
function nameCache({ event }: AdviceFacts) {
  const { nameChange } = event
  const direct = measuredWay(event, 'direct')
  if (nameChange === null || direct?.backAt == null || direct.steps.some(({ state }) => state === 'wrote')) return null
  const length = nameChange.sinceLastCommitSeconds
  const isInTime = length > 0 && Date.parse(nameChange.at) <= Date.parse(direct.backAt)
  if (!isInTime || nameChange.before.some((address) => nameChange.after.includes(address))) return null
  return {
    seconds: length,
    text: `The server's name led to another address ${seconds(length)} after the last commit, and no new connection wrote straight before that. Let no cache of a client hold the old address for more than a few seconds.`,
  }
}

/** From the moment at which every container could write by every way of a cohort, and could go on. */
function lateClients({ event, policies, afterwards }: AdviceFacts) {
  const { t3 } = event.moments
  const names = [...new Set(policies.map(({ via }) => via))]
  const ways = names.map((name) => (measuredWay(event, name)?.backAt == null ? undefined : afterwards[name]))
  const opens = ways.map((way) => way?.everywhereUs ?? null)
  const t3Us = t3 === null ? Number.NaN : Date.parse(t3) * 1000
  const isOutAgain = ways.some((way) => (way?.outAgainUs ?? Number.POSITIVE_INFINITY) < t3Us)
  if (t3 === null || opens.length === 0 || opens.some((at) => at === null) || isOutAgain) return null
  const length = (t3Us - Math.max(...opens.map((at) => at ?? 0))) / 1e6
  if (length < MIN_LATE_SECONDS) return null
  return {
    seconds: length,
    text:
      `The last client was back ${seconds(length)} after new connections could write by its way from every container. Look at the ` +
      'settings of the clients: their back-off, their deadlines for a login and a reply, and how long they keep an address.',
  }
}
