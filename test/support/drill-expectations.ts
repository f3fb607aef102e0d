/** What must hold of a drill on real servers, on a machine that may be too busy for it. */
import { expect } from 'vitest'
import type { Report } from '../../functions/model/report.ts'
import type { FinishedDrill } from './drill-run.ts'

/** What a shared machine can promise; the objectives of speed are the benchmark's. */
export const MODEST_CRITERIA =
  'recovery_time_s <= 120; lost_commits == 0; failover_proven == true; containers_left == 0'

const EXIT_CODES = { PASS: 0, FAIL: 1, INCONCLUSIVE: 3, ABORTED: 3 }

/** What holds in every drill that reports, whatever its verdict. */
export function expectHonest(drill: FinishedDrill, report: Report): void {
  const { ledger, cleanup } = report
  expect(drill.code, drill.output).toBe(EXIT_CODES[report.verdict])
  expect(drill.output).toContain(report.verdict)
  expect(drill.left.processes).toEqual([])
  expect(ledger.intended).toBe(ledger.acknowledged + ledger.refused + ledger.unknown + ledger.missed)
  expect(cleanup.containersLeft).toBe(0)
}

/** A machine too busy to send on time measures nothing: the drill must say so then, and pass otherwise. */
export function expectPass({ verdict, reasons, generator, ledger }: Report): void {
  const wanted = generator.wasTheLimit ? 'INCONCLUSIVE' : 'PASS'
  expect({ verdict, lost: ledger.lost }, reasons.join('\n')).toEqual({ verdict: wanted, lost: 0 })
}

/** All that a drill with one real failover must show. */
export function expectFailover({ moments, events, failoverProof, ledger }: Report): void {
  const instants = Object.values(moments)
  expect(moments, 'every moment was seen').toEqual(mapped(moments, () => expect.any(String)))
  expect(instants, 'in order').toEqual(instants.toSorted())
  expect(events.map(({ cause, kind }) => `${cause} ${kind}`)).toEqual(['drill failover'])
  expect(failoverProof.proven).toBe(true)
  expect([failoverProof.before?.timeline, failoverProof.after?.timeline]).toEqual([1, 2])
  expect([failoverProof.before?.availabilityZone, failoverProof.after?.availabilityZone]).toEqual(['1', '2'])
  expect(ledger).toMatchObject({ duplicates: 0, unexpected: 0, unresolved: 0 })
}

const mapped = (object: object, value: () => unknown) =>
  Object.fromEntries(Object.keys(object).map((key) => [key, value()]))
