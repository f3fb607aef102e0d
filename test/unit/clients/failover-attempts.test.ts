/** What the attempts of one failover come to: who caused what is seen afterwards rests on this. */
import { expect, test } from 'vitest'
import {
  type Attempt,
  mayArriveUntilMs,
  outcomeOfAttempts,
  type Withheld,
} from '../../../functions/clients/storage/failover-attempts.ts'
import type { FailoverAnswer } from '../../../functions/model/failover.ts'

const T = (second: number) => `2026-03-04T09:00:${String(second).padStart(2, '0')}.000Z`
const claim = (second: number) => ({ claimedAt: T(second), mayArriveUntil: T(second + 20) })
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
const withheld: Withheld = { at: T(59), why: 'not requested, because of: timeline 1 -> 2' }

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

const signs = 'the answer was lost; seen since the request was prepared, of any cause: zone of the primary 1 -> 2'

for (const [when, attempts, until] of [
  ['nothing was sent', [], null],
  ['it is accepted', [accepted(1)], null],
  ['it is refused', [refused(1), unsent(16)], null],
  ['its sender died', [lost(1)], T(21)],
  ['its answer is a 503', [ambiguous(1)], T(21)],
  ['a sign was seen that another may have caused', [made(1, { kind: 'ambiguous', why: signs, sentAt: T(1) })], T(21)],
  ['the next attempt is refused', [lost(1), refused(22)], T(21)],
  ['two senders died', [lost(1), lost(22)], T(42)],
  ['a sign is on record for an attempt that was never sent', [lost(1), { ...ambiguous(22), claim: null }], T(21)],
] as const)
  test(`when ${when}, a request may still arrive until ${until ?? 'no time'}`, () =>
    expect(mayArriveUntilMs(attempts)).toBe(until === null ? null : Date.parse(until)))
