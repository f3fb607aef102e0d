/** A log that was read while its container ran, and what the platform kept after its end, become one. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { joinLogs } from '../../../functions/activities/records/logs.ts'

test.each([
  ['nothing was read before', '', 'a\nb\n', 'a\nb\n'],
  ['nothing is left', 'a\nb\n', '', 'a\nb\n'],
  ['it has grown', 'a\n', 'a\nb\n', 'a\nb\n'],
  ['its beginning is gone', 'a\nb\nc\n', 'b\nc\nd\n', 'a\nb\nc\nd\n'],
  ['its beginning is cut within a line', 'one\ntwo\nthree\n', 'e\ntwo\nthree\nfour\n', 'one\ntwo\nthree\nfour\n'],
  ['only its end is left', 'a\nb\nc\n', 'b\nc\n', 'a\nb\nc\n'],
  ['its lines repeat', 'x\nx\nx\n', 'x\nx\nx\nx\ny\n', 'x\nx\nx\nx\ny\n'],
])('when %s', (_, earlier, later, whole) => expect(joinLogs(earlier, later)).toBe(whole))

test('what is missing between both is marked', () => {
  expect(joinLogs('a\nb\n', 'e\nf\n')).toBe(
    'a\nb\n... lines are missing here: the platform keeps only the last ones of a container that has ended\ne\nf\n',
  )
})

test('a log of different lines is whole again, wherever it was read and cut', () => {
  const cases = fc.tuple(fc.integer({ min: 3, max: 60 }), fc.nat(), fc.nat(), fc.nat())
  fc.assert(
    fc.property(cases, ([lines, read, cut, inLine]) => {
      const all = Array.from({ length: lines }, (_, i) => `line ${i} of this log\n`)
      const earlier = all.slice(0, (read % lines) + 1)
      // The line that is cut, and one whole line after it, were read before.
      const from = earlier.length < 3 ? 0 : cut % (earlier.length - 1)
      const later = all.slice(from).join('')
      expect(joinLogs(earlier.join(''), later.slice(from === 0 ? 0 : inLine % 10))).toBe(all.join(''))
    }),
  )
})
