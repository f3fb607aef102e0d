import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LedgerRange, Outcome } from '../../../../loadgen-image/contract/glossary.ts'
import { WorkerLedger } from '../../../../loadgen-image/record/ledger.ts'

test('a second in which nothing became known has no range', () => {
  const ledger = new WorkerLedger(0)
  expect(ledger.take()).toBeNull()
  ledger.settle('acknowledged')
  ledger.take()
  expect(ledger.take()).toBeNull()
})

const outcomesOf = (range: LedgerRange): Outcome[] =>
  Array.from({ length: range.count }, (_, i) => {
    const seq = range.firstSeq + i
    return range.exceptions.find((exception) => exception.seq === seq)?.outcome ?? 'acknowledged'
  })

test('the ranges of all seconds hold every outcome once and in order, each from where the last one ended', () => {
  const outcome = fc.constantFrom<Outcome>('acknowledged', 'refused', 'unknown')
  fc.assert(
    fc.property(fc.array(fc.array(outcome, { maxLength: 10 }), { maxLength: 8 }), (seconds) => {
      const ledger = new WorkerLedger(17)
      const reported: Outcome[] = []
      for (const outcomes of seconds) {
        for (const each of outcomes) ledger.settle(each)
        const range = ledger.take()
        if (range === null) continue
        const failed = outcomes.filter((each) => each !== 'acknowledged').length
        expect([range.worker, range.firstSeq, range.exceptions.length]).toEqual([17, reported.length + 1, failed])
        reported.push(...outcomesOf(range))
      }
      expect(reported).toEqual(seconds.flat())
    }),
  )
})
