import { expect, test } from 'vitest'
import { azureErrorParts } from '../../../functions/clients/azure/azure-errors.ts'

/** Each SDK puts code and message somewhere else. */
test.each([
  [
    'a parsed body under details',
    { statusCode: 409, code: 'X', message: 'outer', details: { error: { code: 'Busy', message: 'inner' } } },
    { status: 409, code: 'Busy', message: 'inner' },
  ],
  [
    'a body without its wrapper',
    { statusCode: 400, details: { code: 'Bad', message: 'inner' } },
    { status: 400, code: 'Bad', message: 'inner' },
  ],
  [
    'no body',
    { statusCode: 503, code: 'Unavailable', message: 'm' },
    { status: 503, code: 'Unavailable', message: 'm' },
  ],
  [
    'no answer',
    Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }),
    { status: null, code: 'ECONNREFUSED', message: 'refused' },
  ],
  ['a plain error', new TypeError('odd'), { status: null, code: 'TypeError', message: 'odd' }],
  ['no error at all', 'odd', { status: null, code: 'Unknown', message: 'odd' }],
])('%s', (_where, error, parts) => {
  expect(azureErrorParts(error)).toEqual(parts)
})
