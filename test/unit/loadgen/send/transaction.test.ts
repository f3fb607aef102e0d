import fc from 'fast-check'
import { expect, test } from 'vitest'
import { insertText, retryText, TransactionBytes } from '../../../../loadgen-image/send/transaction.ts'

const HEADER_BYTES = 5
const random = () => 0.5

const sqlIn = (message: Buffer): string => message.toString('latin1', HEADER_BYTES, message.length - 1)
const declaredLength = (message: Buffer): number => message.readUInt32BE(1) + 1

test('a transaction is one query message whose length is right for a key of any length', () => {
  const texts = [insertText.bind(null, 'ledger'), retryText]
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', '0', '-'), minLength: 1, maxLength: 700 }),
      fc.nat({ max: 4_999 }),
      fc.integer({ min: 1, max: 2_147_483_647 }),
      fc.constantFrom(...texts),
      (drillId, worker, seq, text) => {
        const message = new TransactionBytes(text({ drillId, worker })).fill(seq, random)
        expect(message.toString('latin1', 0, 1)).toBe('Q')
        expect(declaredLength(message)).toBe(message.length)
        expect(sqlIn(message)).toContain(
          `VALUES (3, 3, 50.05, 'completed', '${drillId}', ${worker}, ${String(seq).padStart(10, '0')})`,
        )
      },
    ),
  )
})

test('a drill id with a quote stays inside its literal', () =>
  expect(sqlIn(new TransactionBytes(retryText({ drillId: "o'clock", worker: 0 })).fill(1, random))).toContain(
    "'o''clock'",
  ))
