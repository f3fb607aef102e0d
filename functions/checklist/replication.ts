/** Checks of what high availability needs beyond its own state: room for replication, and no maintenance during the drill. */

import type { ServerFacts } from '../model/facts.ts'
import { plannedSeconds } from '../model/load-plan.ts'
import type { BeforeCheck, BeforeEvidence, Judgement } from './check.ts'
import { numeric, parameter } from './server.ts'

/** "High availability requires four of each to handle failovers" (concepts-high-availability of the service, 07/2026). */
const MIN_SLOTS = 4
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const

export const REPLICATION_CHECKS = [
  {
    id: 'replication-slots',
    title: 'Room for replication',
    why: 'High availability takes four replication slots and four WAL senders; without them a failover or the rebuild of the standby fails.',
    judge: judgeSlots,
    advice:
      'Set max_replication_slots and max_wal_senders to 4, and one more for each read replica and logical slot; both need a restart.',
  },
  {
    id: 'commit-quorum',
    title: 'Who acknowledges a commit',
    why: 'The service commits with a quorum of the standby and a WAL server that is never promoted. While the standby is away, commits go on without it, and a forced failover then waits for it to catch up.',
    judge: judgeQuorum,
    advice:
      'Read synchronous_standby_names as an administrator of the server; the audit finds what was lost in any case.',
  },
  {
    id: 'maintenance',
    title: 'No maintenance during the drill',
    why: 'Maintenance restarts the server and may fail it over by itself, and the platform takes no operation meanwhile.',
    judge: judgeMaintenance,
    advice:
      'Start the drill outside the maintenance window, or set a window of your own; "Maintenance" of the server in the portal says whether one is due.',
  },
] as const satisfies readonly BeforeCheck[]

function judgeSlots({ facts }: BeforeEvidence): Judgement {
  const names = ['max_replication_slots', 'max_wal_senders']
  const wanted = `at least ${MIN_SLOTS} of each`
  const known = names.flatMap((name) => {
    const value = numeric(parameter(facts, name))
    return value === null ? [] : [{ name, value }]
  })
  const seen = known.map(({ name, value }) => `${name} ${value}`).join(', ')
  if (known.some(({ value }) => value < MIN_SLOTS)) return { verdict: 'fail', seen, wanted }
  return known.length === names.length
    ? { verdict: 'pass', seen, wanted }
    : { verdict: 'unknown', seen: seen || null, wanted }
}

/** An empty value is no proof of the opposite: the service may replicate by other means, and hide its own. */
function judgeQuorum({ facts }: BeforeEvidence): Judgement {
  const wanted = 'a standby'
  const names = facts.sessions.find(({ reachable }) => reachable)?.synchronousStandbyNames ?? ''
  if (names === '') return { verdict: 'unknown', seen: null, wanted }
  return { verdict: 'pass', seen: names, wanted }
}

// ---- Maintenance --------------------------------------------------------------------------------------------------------

/**
 * The stable API shows the window and no event: in a window of one hour maintenance may happen, once a month at most. A drill in it
 * could not distinguish the two, so an overlap fails.
 */
function judgeMaintenance({ facts, plan }: BeforeEvidence): Judgement {
  const wanted = 'no maintenance window during the drill'
  const window = facts.server?.maintenanceWindow ?? null
  if (window === null) return { verdict: 'unknown', seen: null, wanted }
  if (!window.isCustom)
    return { verdict: 'unknown', seen: 'the platform chooses the hour; no window of your own is set', wanted }
  const fromMs = Date.parse(facts.observedAt)
  const toMs = fromMs + plannedSeconds(plan) * 1000
  const starts = [-1, 0, 1].map((weeks) => windowStart(window, fromMs) + weeks * 7 * DAY_MS)
  const isMet = starts.some((startMs) => startMs < toMs && startMs + HOUR_MS > fromMs)
  const seen = `${DAYS[window.dayOfWeek] ?? `day ${window.dayOfWeek}`}s, one hour from ${clock(window)} UTC`
  if (!isMet) return { verdict: 'pass', seen, wanted }
  return { verdict: 'fail', seen: `${seen}; the drill runs ${hours(fromMs)} to ${hours(toMs)}`, wanted }
}

type Window = NonNullable<ServerFacts['maintenanceWindow']>

/** Of the week that this moment lies in, from Sunday. */
function windowStart({ dayOfWeek, startHour, startMinute }: Window, atMs: number): number {
  const midnight = Math.floor(atMs / DAY_MS) * DAY_MS
  const sunday = midnight - new Date(midnight).getUTCDay() * DAY_MS
  return sunday + dayOfWeek * DAY_MS + startHour * HOUR_MS + startMinute * 60_000
}

const two = (value: number): string => String(value).padStart(2, '0')
const clock = ({ startHour, startMinute }: Window): string => `${two(startHour)}:${two(startMinute)}`
const hours = (ms: number): string => new Date(ms).toISOString().slice(11, 16)
