/** When the cool-down of a server begins, also after a request of which no answer says what became. */
import { expect, test } from 'vitest'
import {
  noteLostRequests,
  notePromotion,
  readLastPromotion,
} from '../../../functions/clients/storage/last-promotion.ts'
import { drillBlobs } from '../../../functions/model/blob-paths.ts'
import { coolDownOf } from '../../../functions/model/cool-down.ts'
import { MemoryBlobs } from '../../support/memory-blobs.ts'
import { aPlan } from '../../support/play-drill.ts'

const at = (second: number) => new Date(Date.UTC(2026, 2, 4, 9, 0, second)).toISOString()
const ms = (second: number) => Date.parse(at(second))
const plan = aPlan()

test('the time on record moves forward, and never back', async () => {
  const blobs = new MemoryBlobs(() => ms(0))
  await notePromotion(blobs, plan, ms(50))
  await notePromotion(blobs, { ...plan, drillId: 'drill-2' }, ms(20))
  expect(await readLastPromotion(blobs, plan.target)).toEqual({ at: at(50), drillId: 'drill-2' })
  await notePromotion(blobs, plan, ms(51))
  expect(await readLastPromotion(blobs, plan.target)).toEqual({ at: at(51), drillId: plan.drillId })
})

const claim = { claimedAt: at(10), mayArriveUntil: at(100) }
const sentAt = at(10)

for (const [answer, noted] of [
  [null, at(100)],
  [{ kind: 'ambiguous', why: 'HTTP 503', sentAt }, at(100)],
  [{ kind: 'refused', status: 409, code: 'ServerIsBusy', message: 'busy', sentAt }, null],
  [{ kind: 'accepted', pollerToken: 't', requestId: null, sentAt, acceptedAt: at(11) }, null],
] as const)
  test(`a drill that ends with a request ${answer?.kind ?? 'without an answer'} starts ${noted === null ? 'no further' : 'the'} cool-down`, async () => {
    const blobs = new MemoryBlobs(() => ms(0))
    await blobs.writeJson(drillBlobs.eventClaim(plan.drillId, 0, 0), claim)
    if (answer !== null) await blobs.writeJson(drillBlobs.eventAnswer(plan.drillId, 0, 0), answer)
    expect(await noteLostRequests(blobs, plan)).toBe(noted !== null)
    expect((await readLastPromotion(blobs, plan.target))?.at ?? null).toBe(noted)
  })

test('while a lost request may still arrive, no cool-down is over, not even one of 0 min', () => {
  expect(coolDownOf(at(100), at(40), 0)).toEqual({ isOver: false, words: `an event may still come until ${at(100)}` })
  expect(coolDownOf(at(100), at(100), 0)).toEqual({ isOver: true, words: '0 min' })
  expect(coolDownOf(at(0), at(119), 2).isOver).toBe(false)
  expect(coolDownOf(at(0), at(120), 2)).toEqual({ isOver: true, words: '2 min' })
})
