/** Pauses that the platform asks for: short ones are the pipeline's, long ones go back to the drill at once. */
import { expect, test } from 'vitest'
import { ASKED_PAUSE_HEADER, askedPauseSeconds, shortPatience } from '../../../functions/clients/azure/azure.ts'
import { allCodes, askedPauseOf } from '../../../functions/clients/azure/azure-errors.ts'

const NOW = Date.parse('2026-03-04T09:00:00Z')

test.each([
  [{ 'retry-after': '309' }, 309],
  [{ 'retry-after': '0' }, 0],
  [{ 'retry-after-ms': '1500' }, 2],
  [{ 'x-ms-retry-after-ms': '60000', 'retry-after': '1' }, 60],
  [{ 'retry-after': 'Wed, 04 Mar 2026 09:05:09 GMT' }, 309],
  [{ 'retry-after': 'Wed, 04 Mar 2026 08:00:00 GMT' }, 0],
  [{ 'retry-after': 'soon' }, null],
  [{}, null],
])('%j asks for a pause of %s s', (headers: Readonly<Record<string, string>>, expected) => {
  expect(askedPauseSeconds((name) => headers[name], NOW)).toBe(expected)
})

test('an error carries the pause that the pipeline did not take', () => {
  const headers = new Map([[ASKED_PAUSE_HEADER, '309']])
  expect(askedPauseOf({ response: { headers } })).toBe(309)
  expect(askedPauseOf(new Error('no answer'))).toBeNull()
  expect(shortPatience.position).toBe('perRetry')
})

test('codes are found in what an error wraps', () => {
  const error = {
    statusCode: 400,
    details: {
      error: { code: 'MultipleErrorsOccurred', details: [{ code: 'RegistryErrorResponse' }, { code: 'Other' }] },
    },
  }
  expect(allCodes(error)).toEqual(['MultipleErrorsOccurred', 'RegistryErrorResponse', 'Other'])
})
