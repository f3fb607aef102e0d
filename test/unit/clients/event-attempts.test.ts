/** What the attempts of one failover come to: who caused what is seen afterwards rests on this. */
import { expect, test } from 'vitest'
import {
  type Attempt,
  mayArriveUntilMs,
  outcomeOfAttempts,
  type Withheld,
} from '../../../functions/clients/storage/event-attempts.ts'
import type { EventAnswer } from '../../../functions/model/event-answer.ts'

const T = (second: number) => `2026-03-04T09:00:${String(second).padStart(2, '0')}.000Z`
const claim = (second: number) => ({ claimedAt: T(second), mayArriveUntil: T(second + 20) })
const made = (second: number, answer: EventAnswer): Attempt => ({ claim: claim(second), answer })
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
const withheld: Withheld = { at: T(59), why: 'not requested, because of: timeline 1 -> 2', isLeftOut: false }

type Known = readonly [when: string, attempts: readonly Attempt[], withheld: Withheld | null]
type Outcome = readonly [request: string, sentAt: string | null, detail: string | null]

const NO_ANSWER = 'the request was prepared, and no answer to it is known'

const OUTCOMES: ReadonlyArray<readonly [...Known, ...Outcome]> = [
  ['nothing happened yet', [], null, 'not reached', null, null],
  ['the drill withheld it', [], withheld, 'withheld', null, withheld.why],
  ['it is accepted', [accepted(1)], null, 'accepted', T(1), null],
  ['it is refused, and accepted later', [refused(1), accepted(16)], null, 'accepted', T(16), null],
  ['it was withheld for a while, and then accepted', [accepted(16)], withheld, 'accepted', T(16), null],
  [
    'it is refused, and another caused a failover meanwhile',
    [refused(1)],
    withheld,
    'refused',
    T(1),
    `409 ServerIsBusy: busy; ${withheld.why}`,
  ],
  ['it never left', [unsent(1)], null, 'refused', null, '0 ENOTFOUND: no such host'],
  ['its answer is a 503', [ambiguous(1)], null, 'ambiguous', T(1), 'HTTP 503'],
  ['its sender died', [lost(1)], null, 'ambiguous', T(1), NO_ANSWER],
  [
    'its sender died, and the next attempt is refused: the first may still have arrived',
    [lost(1), refused(100)],
    null,
    'ambiguous',
    T(1),
    NO_ANSWER,
  ],
  ['its sender died, and the next attempt is accepted', [lost(1), accepted(100)], null, 'accepted', T(100), null],
]

for (const [when, attempts, why, request, sentAt, detail] of OUTCOMES)
  test(`when ${when}: ${request}`, () => {
    expect(outcomeOfAttempts(attempts, why)).toMatchObject({ request, sentAt, detail })
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
