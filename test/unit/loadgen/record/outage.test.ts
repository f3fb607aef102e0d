import { expect, test } from 'vitest'
import type { OutageWindow } from '../../../../loadgen-image/contract/glossary.ts'
import { WorkerOutages } from '../../../../loadgen-image/record/outage.ts'

/** One sign every 10 ms: `+` acknowledged, `-` refused, `?` unknown, `c` connect failed, `l` connection lost. */
function watch(drawing: string, timelines = '1'.repeat(drawing.length)) {
  const outages = new WorkerOutages(4, 'fast')
  const closed: OutageWindow[] = []
  ;[...drawing].forEach((sign, i) => {
    if (sign === '+') {
      const window = outages.good(i * 10_000, Number(timelines[i]))
      if (window !== null) closed.push(window)
    } else outages.bad(SIGNS[sign as keyof typeof SIGNS], `code-${sign}`)
  })
  return { closed, unclosed: outages.unclosed() }
}
const SIGNS = { '-': 'refused', '?': 'unknown', c: 'connect', l: 'lost' } as const

const aWindow = (changes: Partial<OutageWindow>): OutageWindow => ({
  worker: 4,
  cohort: 'fast',
  lastGoodAtUs: 10_000,
  firstGoodAtUs: 50_000,
  timelineBefore: 1,
  timelineAfter: 1,
  refused: 0,
  unknown: 0,
  connectFailures: 0,
  code: '',
  ...changes,
})

test('an outage runs from the last acknowledgement before errors to the first one after', () => {
  expect(watch('++--?+').closed).toEqual([aWindow({ refused: 2, unknown: 1, code: 'code--' })])
})

test('a lost connection and failed attempts to connect are errors too', () => {
  expect(watch('++lcc+').closed).toEqual([aWindow({ connectFailures: 2, code: 'code-l' })])
})

test('an outage that never ends stays open', () => {
  expect(watch('+---')).toEqual({
    closed: [],
    unclosed: aWindow({ lastGoodAtUs: 0, firstGoodAtUs: null, timelineAfter: null, refused: 3, code: 'code--' }),
  })
})

test('an outage from the very start has no last acknowledgement', () => {
  expect(watch('c-+').closed).toEqual([
    aWindow({
      lastGoodAtUs: null,
      firstGoodAtUs: 20_000,
      timelineBefore: null,
      refused: 1,
      connectFailures: 1,
      code: 'code-c',
    }),
  ])
})

test('two outages are kept apart', () => {
  const { closed } = watch('+-+--+')
  expect(closed.map(({ lastGoodAtUs, firstGoodAtUs }) => [lastGoodAtUs, firstGoodAtUs])).toEqual([
    [0, 20_000],
    [20_000, 50_000],
  ])
})

test('the window says on which timeline the worker was before and after', () => {
  const [window] = watch('+?+', '1.2').closed
  expect([window?.timelineBefore, window?.timelineAfter]).toEqual([1, 2])
})

test('a reply without a timeline changes no timeline', () => {
  const outages = new WorkerOutages(0, 'all')
  outages.good(0, 3)
  outages.bad('unknown', 'x')
  expect(outages.good(10, null)?.timelineAfter).toBe(3)
})

test('a worker that only waited while no worker of its thread got a reply has a window without errors', () => {
  const outages = new WorkerOutages(3, 'all')
  outages.good(1_000_000, 1)
  expect(outages.good(9_000_000, 1, true)).toMatchObject({
    lastGoodAtUs: 1_000_000,
    firstGoodAtUs: 9_000_000,
    refused: 0,
    unknown: 0,
    code: '',
  })
  expect(outages.good(9_100_000, 1)).toBeNull()
})
