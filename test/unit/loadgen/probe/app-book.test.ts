import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type AppProbeRecord, decodeAppRecords, encodeAppRecord } from '../../../../loadgen-image/contract/app-probe.ts'
import { AppBook, type AppOutcome } from '../../../../loadgen-image/probe/app-book.ts'

const START_SECOND = 1_000
const EVERY_US = 100_000
const dueUs = (position: number) => START_SECOND * 1_000_000 + position * EVERY_US

const good = (position: number, tookMs = 5): AppOutcome => ({
  kind: 'good',
  dueUs: dueUs(position),
  sentUs: dueUs(position),
  atUs: dueUs(position) + tookMs * 1000,
})
const failed = (position: number, code = 'status-503'): AppOutcome => ({
  kind: 'failed',
  dueUs: dueUs(position),
  sentUs: dueUs(position),
  code,
})
const unobserved = (position: number): AppOutcome => ({ kind: 'unobserved', dueUs: dueUs(position), code: null })

/** Settles them in the given order of positions, or in their own. */
function recordsOf(outcomes: readonly AppOutcome[], order = outcomes.map((_, position) => position)): AppProbeRecord[] {
  const records: AppProbeRecord[] = []
  const onRecord = (record: AppProbeRecord) => records.push(...decodeAppRecords(encodeAppRecord(record)))
  const book = new AppBook({ container: 0, incarnation: 'a', probe: 'checkout', startSecond: START_SECOND, onRecord })
  for (const position of order) book.settle(position, outcomes[position] as AppOutcome)
  book.end(dueUs(outcomes.length))
  return records
}

const windowsOf = (outcomes: readonly AppOutcome[], order?: number[]) =>
  recordsOf(outcomes, order).flatMap(({ windows }) => windows)

test('a window goes from the first failed request to the first good answer after it', () => {
  const [window, ...others] = windowsOf([good(0), failed(1), failed(2, 'timeout'), good(3, 40), good(4)])
  expect(others).toEqual([])
  expect(window).toEqual({
    firstFailedUs: dueUs(1),
    lastFailedUs: dueUs(2),
    goodAtUs: dueUs(3) + 40_000,
    beganUnobserved: false,
    endedUnobserved: false,
    failed: 2,
    code: 'status-503',
    lastCode: 'timeout',
  })
})

test('a request that was sent later and answered sooner ends the window', () => {
  const [window] = windowsOf([failed(0, 'timeout'), good(1, 900), good(2, 10)], [2, 0, 1])
  expect(window?.goodAtUs).toBe(dueUs(2) + 10_000)
})

test('a request that was not observed ends a window without a good answer, and the next one begins unobserved', () => {
  const windows = windowsOf([failed(0), unobserved(1), failed(2), good(3)])
  expect(windows).toMatchObject([
    { firstFailedUs: dueUs(0), goodAtUs: null, endedUnobserved: true, beganUnobserved: false },
    { firstFailedUs: dueUs(2), goodAtUs: dueUs(3) + 5_000, endedUnobserved: false, beganUnobserved: true },
  ])
})

test('an answer that was read after a standstill does not date the end of a window', () => {
  const [window] = windowsOf([failed(0), good(1, 500), unobserved(2)], [0, 2, 1])
  expect(window).toMatchObject({ goodAtUs: dueUs(1) + 500_000, endedUnobserved: true })
})

test('a window that goes on at the end stands in the last record as open', () => {
  const records = recordsOf([good(0), failed(1), failed(2)])
  expect(records.at(-1)).toMatchObject({ isLast: true, windows: [], open: { firstFailedUs: dueUs(1), failed: 2 } })
})

const anOutcome = fc.constantFrom('good', 'failed', 'unobserved')
const course = fc.array(fc.tuple(anOutcome, fc.integer({ min: 1, max: 3_000 }), fc.nat()), { maxLength: 150 })

test('in any order of outcomes every request is counted once, in the second in which it was due', () => {
  fc.assert(
    fc.property(course, (all) => {
      const outcomes = all.map(([kind, tookMs], position) =>
        kind === 'good' ? good(position, tookMs) : kind === 'failed' ? failed(position) : unobserved(position),
      )
      const order = all
        .map(([, , rank], position) => ({ rank, position }))
        .sort((a, b) => a.rank - b.rank)
        .map(({ position }) => position)
      const records = recordsOf(outcomes, order)
      const counted = records.flatMap(({ fromSecond, seconds }) =>
        seconds.map((counts, index) => ({ second: fromSecond + index, counts })),
      )
      for (const { second, counts } of counted) {
        const due = outcomes.filter((one) => Math.floor(one.dueUs / 1_000_000) === second)
        expect(counts).toEqual(
          ['good', 'failed', 'unobserved'].map((kind) => due.filter((one) => one.kind === kind).length),
        )
      }
      const windows = records.flatMap((record) => [...record.windows, ...(record.open === null ? [] : [])])
      const last = records.at(-1)?.open
      const inWindows = [...windows, ...(last ? [last] : [])].reduce((sum, window) => sum + window.failed, 0)
      expect(inWindows).toBe(outcomes.filter(({ kind }) => kind === 'failed').length)
      expect(counted.reduce((sum, { counts }) => sum + counts[0] + counts[1] + counts[2], 0)).toBe(outcomes.length)
    }),
  )
})
