import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { AckGap } from '../../../../loadgen-image/contract/glossary.ts'
import { GapIntersection, GapTracker, MIN_GAP_US } from '../../../../loadgen-image/record/ack-gaps.ts'

const SECOND = 1_000_000

/** Feeds each thread's acknowledgements second by second, as a run does. */
function gapsOf(threads: readonly (readonly number[])[], seconds: number): AckGap[] {
  const trackers = threads.map(() => new GapTracker(0))
  const intersection = new GapIntersection(threads.length)
  const found: AckGap[] = []
  let last = trackers.map(() => ({ closed: [] as readonly AckGap[], quietSinceUs: 0 }))
  for (let second = 0; second < seconds; second++) {
    threads.forEach((acks, thread) => {
      for (const at of acks) if (Math.floor(at / SECOND) === second) trackers[thread]?.ack(at)
    })
    last = trackers.map((tracker) => tracker.take())
    found.push(...intersection.advance(last, (second + 1) * SECOND))
  }
  return [...found, ...intersection.finish(last, seconds * SECOND)]
}

test('several threads report the same gaps as one that had all their acknowledgements', () => {
  const ack = fc.integer({ min: 0, max: 4 * SECOND - 1 })
  const thread = fc.array(ack, { maxLength: 60 }).map((acks) => acks.sort((a, b) => a - b))
  fc.assert(
    fc.property(fc.array(thread, { minLength: 1, maxLength: 4 }), (threads) => {
      const together = threads.flat().sort((a, b) => a - b)
      expect(gapsOf(threads, 4)).toEqual(gapsOf([together], 4))
    }),
    { numRuns: 500 },
  )
})

test('gaps of one thread cover exactly the times without acknowledgements, each reported once, over any seconds', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 4 * SECOND - 1 }), { maxLength: 50 }), (unsorted) => {
      const acks = [...unsorted].sort((a, b) => a - b)
      const edges = [0, ...acks, 4 * SECOND]
      const expected = edges
        .slice(1)
        .map((toUs, i) => ({ fromUs: edges[i] as number, toUs }))
        .filter(({ fromUs, toUs }) => toUs - fromUs >= MIN_GAP_US)
      expect(gapsOf([acks], 4)).toEqual(expected)
    }),
  )
})
