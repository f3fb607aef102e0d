/** Drills of the past as a table has them, made up by a property test, and what a filter must give of them by hand. */
import fc from 'fast-check'
import { type IndexEntry, startedEntry } from '../../functions/model/drill-index.ts'
import { type StoppedBy, verdictWord } from '../../functions/model/early-end/stopped-by.ts'
import type { DrillFilter } from '../../functions/model/history/filter.ts'
import { LISTED_KINDS } from '../../functions/model/history/rows.ts'
import { PLANNED_KINDS, type PlannedEvent, type PlannedKind } from '../../functions/model/planned-event.ts'
import { LISTED_VERDICTS } from '../../functions/triggers/history/list-query.ts'
import { aPlan, target } from './play-drill.ts'

const eventOf = (kind: PlannedKind): PlannedEvent => ({ atSeconds: 15, kind, mode: 'forced' }) as PlannedEvent
const stoppedBy: StoppedBy = { phase: 'check', checks: [], why: 'x', advice: 'y' }
const SERVERS = ['pg-1', 'pg-2', 'pg-3']
const plan = aPlan()

/** A few minutes apart, and some at the same instant. */
const someDrill = fc.record({
  minute: fc.integer({ min: 0, max: 30 }),
  server: fc.constantFrom(...SERVERS),
  verdict: fc.constantFrom('PASS', 'FAIL', 'INCONCLUSIVE', 'ABORTED', null),
  isStopped: fc.boolean(),
  kinds: fc.uniqueArray(fc.constantFrom(...PLANNED_KINDS), { maxLength: 2 }),
})

export const FIRST_MS = Date.UTC(2026, 0, 5)

/** Each with an id of its own. */
export const somePast = fc.array(someDrill, { maxLength: 25 }).map((drills) =>
  drills.map(
    ({ minute, server, verdict, isStopped, kinds }, number): IndexEntry => ({
      ...startedEntry({ ...plan, drillId: `past-${String(number).padStart(3, '0')}` }),
      requestedAt: new Date(FIRST_MS + minute * 60_000).toISOString(),
      target: { ...target, server },
      events: kinds.map(eventOf),
      endedAt: verdict === null ? null : new Date(FIRST_MS + minute * 60_000 + 30_000).toISOString(),
      verdict,
      stoppedBy: isStopped && verdict === 'INCONCLUSIVE' ? stoppedBy : null,
    }),
  ),
)

const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null })
const minute = fc.integer({ min: -1, max: 31 }).map((number) => FIRST_MS + number * 60_000)

export const someFilter: fc.Arbitrary<DrillFilter> = fc.record({
  server: orNull(fc.constantFrom(...SERVERS, 'pg-none')),
  verdict: orNull(fc.constantFrom(...LISTED_VERDICTS)),
  kind: orNull(fc.constantFrom(...LISTED_KINDS)),
  fromMs: orNull(minute),
  toMs: orNull(minute),
})

/** Newest first; of the same instant by id. */
export function byHand(
  drills: readonly IndexEntry[],
  { server, verdict, kind, fromMs, toMs }: DrillFilter,
  keptSinceMs: number,
): IndexEntry[] {
  const atMs = ({ requestedAt }: IndexEntry) => Date.parse(requestedAt)
  return drills
    .filter((drill) => server === null || drill.target.server === server)
    .filter((drill) => verdict === null || (verdictWord(drill) ?? 'none') === verdict)
    .filter(({ events }) => {
      if (kind === null) return true
      return kind === 'none' ? events.length === 0 : events.some((event) => event.kind === kind)
    })
    .filter((drill) => atMs(drill) >= Math.max(fromMs ?? 0, keptSinceMs) && (toMs === null || atMs(drill) <= toMs))
    .toSorted((a, b) => atMs(b) - atMs(a) || (a.drillId < b.drillId ? -1 : 1))
}
