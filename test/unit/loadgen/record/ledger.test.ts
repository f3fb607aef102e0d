import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LedgerRange, Outcome } from '../../../../loadgen-image/contract/glossary.ts'
import { WorkerLedger } from '../../../../loadgen-image/record/ledger.ts'

test('a second of acknowledgements is one range', () => {
  const ledger = new WorkerLedger(17)
  for (let i = 0; i < 1000; i++) ledger.settle('acknowledged')
  expect(ledger.take()).toEqual({ worker: 17, firstSeq: 1, count: 1000, exceptions: [] })
})

test('the next range begins where the last one ended, with its own exceptions', () => {
  const ledger = new WorkerLedger(3)
  ledger.settle('acknowledged')
  ledger.settle('unknown')
  expect(ledger.take()).toEqual({ worker: 3, firstSeq: 1, count: 2, exceptions: [{ seq: 2, outcome: 'unknown' }] })
  ledger.settle('refused')
  ledger.settle('acknowledged')
  expect(ledger.take()).toEqual({ worker: 3, firstSeq: 3, count: 2, exceptions: [{ seq: 3, outcome: 'refused' }] })
})

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

test('the ranges of all seconds hold every outcome once and in order, wherever the seconds end', () => {
  const outcome = fc.constantFrom<Outcome>('acknowledged', 'refused', 'unknown')
  fc.assert(
    fc.property(fc.array(fc.array(outcome, { maxLength: 10 }), { maxLength: 8 }), (seconds) => {
      const ledger = new WorkerLedger(1)
      const reported = seconds.flatMap((outcomes) => {
        for (const each of outcomes) ledger.settle(each)
        const range = ledger.take()
        return range === null ? [] : outcomesOf(range)
      })
      expect(reported).toEqual(seconds.flat())
    }),
  )
})
