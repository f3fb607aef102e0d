/** What must hold of a drill on real servers. */
import { expect } from 'vitest'
import type { DrillEvent, Report } from '../../functions/model/report.ts'
import { RESULT_FILES } from '../../infra/local/cli/drill-result.ts'
import type { FinishedDrill } from './drill-run.ts'

/** What a shared machine can promise; the objectives of speed are the benchmark's. */
export const MODEST = [
  '--criteria',
  'recovery_time_s <= 120; lost_commits == 0; events_proven == true; containers_left == 0',
]

const EXIT_CODES = { PASS: 0, FAIL: 1, INCONCLUSIVE: 3, ABORTED: 3 }
/** Of a drill whose load did not start. */
const EXIT_NOT_STARTED = 2

/** Of a drill that left all its files, and nothing else. */
export function reportOf(drill: FinishedDrill): Report {
  expect(drill.left).toEqual({ folders: [], processes: [] })
  expect(drill.files, drill.output).toEqual(expect.arrayContaining([...RESULT_FILES]))
  return drill.report as Report
}

/** What holds in every drill that leaves a report, for any verdict. */
export function expectHonest(drill: FinishedDrill, report: Report): void {
  const { ledger, cleanup } = report
  const isStopped = report.stoppedBy !== null && report.verdict !== 'ABORTED'
  expect(drill.code, drill.output).toBe(isStopped ? EXIT_NOT_STARTED : EXIT_CODES[report.verdict])
  expect(drill.output).toContain(isStopped ? report.headline : report.verdict)
  expect(drill.left.processes).toEqual([])
  expect(ledger.intended).toBe(ledger.acknowledged + ledger.refused + ledger.unknown + ledger.missed)
  expect(cleanup.containersLeft).toBe(0)
}

export const expectPass = ({ verdict, reasons, ledger }: Report): void =>
  expect({ verdict, lost: ledger.lost }, reasons.join('\n')).toEqual({ verdict: 'PASS', lost: 0 })

/** All that a drill with one real failover must show. */
export function expectFailover({ moments, events, eventsProof, ledger }: Report): void {
  const instants = Object.values(moments)
  expect(moments, 'every moment was seen').toEqual(mapped(moments, () => expect.any(String)))
  expect(instants, 'in order').toEqual(instants.toSorted())
  expect(events.map(({ cause, kind }) => `${cause} ${kind}`)).toEqual(['drill failover'])
  expect(eventsProof.proven).toBe(true)
  expect([eventsProof.before?.timeline, eventsProof.after?.timeline]).toEqual([1, 2])
  expect([eventsProof.before?.availabilityZone, eventsProof.after?.availabilityZone]).toEqual(['1', '2'])
  expect(ledger).toMatchObject({ duplicates: 0, unexpected: 0, unresolved: 0 })
  const [{ stalePrimary }] = events as [DrillEvent]
  expect(stalePrimary, stalePrimary.sentence).toMatchObject({
    state: 'none',
    writes: 0,
    oldTimeline: 1,
    newTimeline: 2,
  })
  expect(stalePrimary.sessions).toBeGreaterThan(0)
}

const mapped = (object: object, value: () => unknown) =>
  Object.fromEntries(Object.keys(object).map((key) => [key, value()]))
