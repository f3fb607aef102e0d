/**
 * Every combination of who caused an event, whether the generators watched it, how the service went on, and whether commits
 * were seen before it: one verdict, one headline, one first reason. Each drill goes from records through the merge to a report.
 */
import { describe, expect, test } from 'vitest'
import type { DrillOutcome, EventEvidence } from '../../../functions/model/evidence.ts'
import type { Report, Verdict } from '../../../functions/model/report.ts'
import type { SecondRecord } from '../../../loadgen-image/contract/glossary.ts'
import { aDrillPlan, anEvent, aPrimary, isoAt, LOAD_START_MS } from '../../support/builders.ts'
import { casesOf } from '../../support/depth.ts'
import { aRun, type Run, reportOf, type Trouble } from '../../support/world.ts'

const CAUSES = ['accepted', 'refused', 'ambiguous', 'withheld', 'accepted too late', 'none'] as const
const SERVICES = ['returned', 'flapped', 'out at the end', 'died after it returned', 'records end'] as const
type Cause = (typeof CAUSES)[number]
type Service = (typeof SERVICES)[number]

const DOWN_AT = 30.35
const RECORDS_END_AT = 31

function troublesOf(service: Service, isPromotion: boolean, hasCommitsBefore: boolean): Trouble[] {
  const atSeconds = hasCommitsBefore ? DOWN_AT : 0
  const seconds = service === 'out at the end' ? Number.POSITIVE_INFINITY : DOWN_AT + 5 - atSeconds
  const first: Trouble = { atSeconds, seconds, kind: isPromotion ? 'failover' : 'pause' }
  if (service === 'flapped') return [first, { atSeconds: DOWN_AT + 7, seconds: 3, kind: 'pause' }]
  if (service === 'died after it returned')
    return [first, { atSeconds: DOWN_AT + 9, seconds: Number.POSITIVE_INFINITY, kind: 'pause' }]
  return [first]
}

/** The only thread stands still over the begin of the outage. */
const standStill = (records: readonly SecondRecord[]): SecondRecord[] =>
  records.map((record) => {
    if (record.second !== LOAD_START_MS / 1000 + 35) return record
    const stalls = [{ thread: 0, fromUs: (LOAD_START_MS + 30_340) * 1000, toUs: (LOAD_START_MS + 35_340) * 1000 }]
    return { ...record, health: { ...record.health, stalls } }
  })

function evidenceOf(cause: Cause, isBack: boolean): EventEvidence[] {
  if (cause === 'none') return []
  const after = isBack
    ? aPrimary({ observedAt: isoAt(60), timeline: 2, availabilityZone: '2', standbyZone: '1' })
    : null
  const sentAt = isoAt(cause === 'accepted too late' ? DOWN_AT + 2 : DOWN_AT - 0.3)
  const sent = anEvent({ sentAt, acceptedAt: isoAt(Date.parse(sentAt) / 1000 - LOAD_START_MS / 1000 + 0.1), after })
  const request = cause === 'accepted too late' ? 'accepted' : cause
  if (request === 'accepted') return [{ ...sent, request }]
  const detail = request === 'refused' ? '409 ServerIsBusy: busy' : 'no commit in the last 5 s'
  const own = request === 'ambiguous' ? { detail: 'read ECONNRESET' } : { detail, after: null, healthyAt: null }
  return [{ ...sent, acceptedAt: null, requestId: null, operation: null, request, ...own, ...unsent(request, sentAt) }]
}

const unsent = (request: Cause, sentAt: string) => ({ sentAt: request === 'withheld' ? null : sentAt })

async function play(cause: Cause, isWatched: boolean, service: Service, hasCommitsBefore: boolean): Promise<Report> {
  const run = aRun({ troubles: troublesOf(service, cause !== 'none', hasCommitsBefore) })
  const cut = service === 'records end' ? cutRecords(run) : run
  const watched: Run = isWatched ? cut : { ...cut, records: standStill(cut.records) }
  const events = evidenceOf(cause, service !== 'out at the end')
  const plan = aDrillPlan({
    load: run.load,
    events: events.map(({ planned }) => planned),
    criteria: ['recovery_time_s < 120', 'lost_commits == 0'],
  })
  const own: Partial<DrillOutcome> = { plan, events }
  return reportOf(watched, own)
}

/** The generator is killed: no later record, and no summary. */
const cutRecords = (run: Run): Run => ({
  ...run,
  records: run.records.filter(({ second }) => second < LOAD_START_MS / 1000 + RECORDS_END_AT),
  summaries: [],
})

function verdictOf(cause: Cause, isWatched: boolean, service: Service, hasCommitsBefore: boolean): Verdict {
  if (service === 'out at the end' || service === 'died after it returned') return 'FAIL'
  if (service === 'records end' || !isWatched || !hasCommitsBefore) return 'INCONCLUSIVE'
  return cause === 'accepted' ? 'PASS' : 'INCONCLUSIVE'
}

const HEADLINES: Readonly<Record<Cause, RegExp>> = {
  accepted: /^(Forced failover of pg-orders|Drill of pg-orders, forced failover accepted)/,
  'accepted too late': /^(Drill of pg-orders, forced failover accepted|Forced failover of pg-orders)/,
  refused: /^Drill of pg-orders, forced failover refused by the platform: /,
  ambiguous: /^Drill of pg-orders, forced failover asked for and its answer lost: /,
  withheld: /^Drill of pg-orders, forced failover withheld: /,
  none: /^Drill of pg-orders without an event: /,
}

/** An outage that was seen before a request that came too late is an event beside the failover. */
const SEEN: Readonly<Record<Cause, unknown>> = {
  accepted: [['drill', 'failover']],
  'accepted too late': [
    ['other', 'outage'],
    ['unattributed', 'failover'],
  ],
  refused: [['other', 'promotion']],
  ambiguous: [['unattributed', 'failover']],
  withheld: [['other', 'promotion']],
  none: [['other', 'outage']],
}

const rows = CAUSES.flatMap((cause) =>
  [true, false].flatMap((isWatched) =>
    SERVICES.flatMap((service) =>
      [true, false].map((hasCommitsBefore) => ({ cause, isWatched, service, hasCommitsBefore })),
    ),
  ),
)

describe.each(casesOf(rows))(
  'cause $cause, watched $isWatched, service $service, commits before $hasCommitsBefore',
  ({ cause, isWatched, service, hasCommitsBefore }) => {
    const expected = verdictOf(cause, isWatched, service, hasCommitsBefore)
    test(`is ${expected}`, async () => {
      const report = await play(cause, isWatched, service, hasCommitsBefore)
      const { verdict, headline, reasons, events, eventsProof } = report
      const seen = JSON.stringify({ headline, reasons, events: events.map(({ sentence }) => sentence) }, null, 1)
      expect(verdict, seen).toBe(expected)
      expect(headline).toMatch(HEADLINES[cause])
      if (cause !== 'accepted') expect(eventsProof.proven, seen).toBe(false)
      if (isWatched && hasCommitsBefore && service === 'returned')
        expect(events.map((event) => [event.cause, event.kind])).toEqual(SEEN[cause])
      if (expected === 'FAIL') {
        expect(headline).toMatch(/no commit in the last [\d.]+ s of the load/)
        expect(reasons[0]).toMatch(/^recovery_time_s < 120 was missed: no commit was acknowledged in the last [\d.]+ s/)
      }
      if (verdict === 'INCONCLUSIVE' && cause !== 'accepted' && service !== 'records end')
        expect(reasons.join('\n'), seen).toMatch(/(No event was|was not|Not every event was) proven: /)
      if (!isWatched && hasCommitsBefore && expected === 'INCONCLUSIVE' && service !== 'records end')
        expect(reasons.join('\n'), seen).toMatch(
          /container 0 stood still for 5\.00 s from 09:00:30\.340 to 09:00:35\.340/,
        )
      if (service === 'records end')
        expect(reasons.join('\n'), seen).toMatch(/The records of the load end 5\d(\.\d)? s before its planned end/)
      expect(headline).not.toMatch(/saw no outage|undefined|null|NaN/)
    })
  },
)
