/**
 * What the figures of a drill say could be changed: one row per advice, each with the figure that it rests on. A row that lacks a
 * measurement gives none.
 */
import type { Advice, DrillEvent, EventWay } from '../model/report.ts'
import { round } from '../units/statistics.ts'
import { seconds } from '../units/units.ts'
import { backOff, type CohortFacts, clientBehaviour, noReplyLimit } from './cohorts/cohort-advice.ts'

export interface AdviceFacts extends CohortFacts {
  readonly event: DrillEvent
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

/** While straight writes were taken already. */
function retrySeconds(event: DrillEvent): number {
  const [direct, pooled] = [measuredWay(event, 'direct'), measuredWay(event, 'pgbouncer')]
  if (direct === null || pooled === null || (direct.backAt === null && direct.steps.length > 0)) return 0
  const fromMs = direct.backAt === null ? Number.NEGATIVE_INFINITY : Date.parse(direct.backAt)
  const waits = pooled.steps.filter(({ state }) => state === 'PgBouncer waits')
  return waits.reduce(
    (sum, { fromAt, toAt }) => sum + Math.max(0, Date.parse(toAt) - Math.max(fromMs, Date.parse(fromAt))) / 1000,
    0,
  )
}

function pgbouncerRetry({ event }: AdviceFacts) {
  const length = retrySeconds(event)
  if (length < MIN_STEP_SECONDS) return null
  return {
    seconds: length,
    text:
      `For ${seconds(length)} PgBouncer turned clients away although the server took writes straight: after a failed login to its ` +
      'server it waits server_login_retry (15 s unless it is set). Set server_login_retry to a second where PgBouncer is your own.',
  }
}

function pgbouncerLater({ event }: AdviceFacts) {
  const length = measuredWay(event, 'pgbouncer')?.longerThanDirectSeconds ?? 0
  if (length < MIN_DIFFERENCE_SECONDS || retrySeconds(event) >= MIN_STEP_SECONDS) return null
  return {
    seconds: length,
    text:
      `Through PgBouncer the first write was acknowledged ${seconds(length)} later than straight. ` +
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

function nameCache({ event: { nameChange } }: AdviceFacts) {
  const length = nameChange?.sinceLastCommitSeconds ?? 0
  if (length <= 0) return null
  return {
    seconds: length,
    text: `The server's name led to another address ${seconds(length)} after the last commit. A client that keeps the old address stays away longer: let no cache hold it for more than a few seconds.`,
  }
}

/** From the moment at which every way of a cohort took writes again. */
function lateClients({ event, policies }: AdviceFacts) {
  const { t3 } = event.moments
  const names = [...new Set(policies.map(({ via }) => via))]
  const ways = names.map((name) => measuredWay(event, name))
  const backs = ways.map((way) => way?.backAt ?? null)
  if (t3 === null || backs.length === 0 || backs.some((at) => at === null)) return null
  const length = (Date.parse(t3) - Math.max(...backs.map((at) => Date.parse(at ?? '')))) / 1000
  if (length < MIN_LATE_SECONDS) return null
  return {
    seconds: length,
    text:
      `The last client was back ${seconds(length)} after a new connection could write by its way. That part depends on the ` +
      'settings of the clients: their back-off, their deadlines for a login and a reply, and how long they keep an address.',
  }
}
