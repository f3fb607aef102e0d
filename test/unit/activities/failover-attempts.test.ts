/** What the attempts of one failover come to: who caused what is seen afterwards rests on this. */
import { expect, test } from 'vitest'
import { type Attempt, outcomeOfAttempts, type Withheld } from '../../../functions/activities/failover/attempts.ts'
import type { FailoverAnswer } from '../../../functions/model/failover.ts'

const T = (second: number) => `2026-03-04T09:00:${String(second).padStart(2, '0')}.000Z`
const claim = (second: number) => ({ claimedAt: T(second) })
const made = (second: number, answer: FailoverAnswer): Attempt => ({ claim: claim(second), answer })
const accepted = (second: number) =>
  made(second, {
    kind: 'accepted',
    pollerToken: 'token',
    requestId: 'id',
    sentAt: T(second),
    acceptedAt: T(second + 1),
  })
const refused = (second: number) =>
  made(second, { kind: 'refused', status: 409, code: 'ServerIsBusy', message: 'busy', sentAt: T(second) })
const unsent = (second: number) =>
  made(second, { kind: 'refused', status: 0, code: 'ENOTFOUND', message: 'no such host', sentAt: null })
const ambiguous = (second: number) => made(second, { kind: 'ambiguous', why: 'HTTP 503', sentAt: T(second) })
const lost = (second: number): Attempt => ({ claim: claim(second), answer: null })
const withheld: Withheld = { at: T(59), why: 'not asked for, because of: timeline 1 -> 2' }

interface Row {
  readonly when: string
  readonly attempts: readonly Attempt[]
  readonly withheld?: Withheld
  readonly expected: { readonly request: string; readonly sentAt: string | null; readonly detail: string | null }
}

const ROWS: readonly Row[] = [
  { when: 'nothing happened yet', attempts: [], expected: { request: 'not reached', sentAt: null, detail: null } },
  {
    when: 'the drill withheld it',
    attempts: [],
    withheld,
    expected: { request: 'withheld', sentAt: null, detail: withheld.why },
  },
  { when: 'it is accepted', attempts: [accepted(1)], expected: { request: 'accepted', sentAt: T(1), detail: null } },
  {
    when: 'it is refused, and accepted later',
    attempts: [refused(1), accepted(16)],
    expected: { request: 'accepted', sentAt: T(16), detail: null },
  },
  {
    when: 'it was withheld for a while, and then accepted',
    attempts: [accepted(16)],
    withheld,
    expected: { request: 'accepted', sentAt: T(16), detail: null },
  },
  {
    when: 'it is refused, and another caused a failover meanwhile',
    attempts: [refused(1)],
    withheld,
    expected: { request: 'refused', sentAt: T(1), detail: `409 ServerIsBusy: busy; ${withheld.why}` },
  },
  {
    when: 'it never left',
    attempts: [unsent(1)],
    expected: { request: 'refused', sentAt: null, detail: '0 ENOTFOUND: no such host' },
  },
  {
    when: 'its answer is a 503',
    attempts: [ambiguous(1)],
    expected: { request: 'ambiguous', sentAt: T(1), detail: 'HTTP 503' },
  },
  {
    when: 'its sender died',
    attempts: [lost(1)],
    expected: { request: 'ambiguous', sentAt: T(1), detail: 'the request was prepared, and no answer to it is known' },
  },
  {
    when: 'its sender died, and the next attempt is refused: the first may still have arrived',
    attempts: [lost(1), refused(100)],
    expected: { request: 'ambiguous', sentAt: T(1), detail: 'the request was prepared, and no answer to it is known' },
  },
  {
    when: 'its sender died, and the next attempt is accepted',
    attempts: [lost(1), accepted(100)],
    expected: { request: 'accepted', sentAt: T(100), detail: null },
  },
]

for (const { when, attempts, withheld: why, expected } of ROWS)
  test(`when ${when}: ${expected.request}`, () => {
    expect(outcomeOfAttempts(attempts, why ?? null)).toMatchObject(expected)
  })
