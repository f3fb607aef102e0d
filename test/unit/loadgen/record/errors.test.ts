import { expect, test } from 'vitest'
import { ErrorTally, mergeErrors } from '../../../../loadgen-image/record/errors.ts'

const SENT = { phase: 'transaction', outcome: 'unknown' } as const
const CONNECTING = { phase: 'connect', outcome: null } as const
const closed = { code: 'connection-closed', message: 'the connection was closed' }

test('errors are counted by code, phase and outcome, with the workers that they struck', () => {
  const tally = new ErrorTally()
  tally.add(closed, SENT, 1, 100.7)
  tally.add({ ...closed, message: 'another wording' }, SENT, 2, 200)
  tally.add(closed, SENT, 1, 300)
  tally.add(closed, CONNECTING, 1, 400)
  const common = { code: 'connection-closed', example: 'the connection was closed' }
  expect(tally.take()).toEqual([
    { ...common, ...SENT, count: 3, firstAtUs: 100, lastAtUs: 300, workers: 2 },
    { ...common, ...CONNECTING, count: 1, firstAtUs: 400, lastAtUs: 400, workers: 1 },
  ])
  expect(tally.take()).toEqual([])
})

test('the same error on two threads is one row with the first example', () => {
  const one = { ...SENT, code: '57P01', count: 3, firstAtUs: 50, lastAtUs: 90, workers: 2, example: 'later' }
  const other = { ...SENT, code: '57P01', count: 1, firstAtUs: 20, lastAtUs: 20, workers: 1, example: 'first' }
  expect(mergeErrors([[one], [other]])).toEqual([
    { ...SENT, code: '57P01', count: 4, firstAtUs: 20, lastAtUs: 90, workers: 3, example: 'first' },
  ])
})
