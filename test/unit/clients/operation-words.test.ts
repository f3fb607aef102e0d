/** Every word that an operation's document may carry: it goes on, it succeeded, or it ended with its reason. */
import { expect, test } from 'vitest'
import { operationState } from '../../../functions/clients/azure/operation.ts'

const document = { status: null, endedAt: null, code: null, message: null }

test.each(['InProgress', 'Accepted', 'Running', 'Updating', 'NotStarted', 'In Progress', 'Canceling', 'Pending'])(
  '%s: the operation goes on',
  (status) => expect(operationState('running', { ...document, status })).toEqual({ kind: 'running' }),
)

test.each(['ServerIsNotReady', 'Dropped', 'TimedOut', 'Paused'])(
  '%s: the operation has ended, and the word is its reason',
  (status) =>
    expect(operationState(status.toLowerCase(), { ...document, status })).toEqual({
      kind: 'failed',
      code: status,
      message: `the platform reports the state "${status}" of the operation`,
    }),
)

test('an unknown word with an error is reported by its error', () => {
  const error = { code: 'ServerIsNotReady', message: 'the standby is not ready' }
  expect(operationState('paused', { ...document, status: 'Paused', ...error })).toEqual({ kind: 'failed', ...error })
})

test('an operation that succeeded carries its end', () => {
  const endedAt = '2026-03-04T09:00:00.000Z'
  expect(operationState('succeeded', { ...document, status: 'Succeeded', endedAt })).toEqual({
    kind: 'succeeded',
    endedAt,
  })
})

test('a poll without a document goes on as long as the poller says so', () => {
  expect(operationState('running', document)).toEqual({ kind: 'running' })
})
