/** What the request for an event can come to, and what undoes the event, as data that may lie in an orchestration's history. */
import type { Target } from './plan.ts'
import type { PlatformRequest } from './planned-event.ts'

/**
 * The three ends of the call that asks for an event. `ambiguous`: the request may or may not have arrived (reset, time-out, 5xx), so the
 * caller must observe, and never sends it again. `sentAt` is when the call left, by the drill's clock; null: it never left.
 */
export type EventAnswer =
  | {
      readonly kind: 'accepted'
      readonly pollerToken: string
      readonly requestId: string | null
      readonly sentAt: string
      readonly acceptedAt: string
    }
  | {
      readonly kind: 'refused'
      readonly status: number
      readonly code: string
      readonly message: string
      readonly sentAt: string | null
      /** The platform's Retry-After; absent when it gave none. */
      readonly afterSeconds?: number
    }
  | { readonly kind: 'ambiguous'; readonly why: string; readonly sentAt: string | null }

export type OperationState =
  | { readonly kind: 'running' }
  | { readonly kind: 'succeeded'; readonly endedAt: string | null }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }

/** The platform refused because of what the server was doing at that moment: a later request may be accepted. */
export const isBusy = (refusal: { readonly status: number; readonly code: string }): boolean =>
  /ServerIsBusy|ServerIsNotReady|ServerBusy|OperationInProgress|ConcurrentOperation|Conflict|TooManyRequests/i.test(
    refusal.code,
  ) || [409, 429].includes(refusal.status)

// ---- Undo ---------------------------------------------------------------------------------------------------------------

/** The size of the server, or the server behind the name. */
export const UNDO_CHANGES = ['primary', 'size'] as const
export type UndoChange = (typeof UNDO_CHANGES)[number]

export interface Undo {
  readonly change: UndoChange
  /** The value before the event, and the one that the drill asks for. Names, in any case of letters. */
  readonly original: string
  readonly asked: string
  /** Restores the original. */
  readonly request: PlatformRequest
}

/** Written before the request of the event, and deleted when nothing is left to undo. */
export interface UndoRecord {
  readonly drillId: string
  readonly target: Target
  /** Of the event in the plan. */
  readonly index: number
  readonly undo: Undo
  /** From then on the sweeping timer takes it over, also of a drill that is not known to have ended. */
  readonly expiresAt: string
}

/**
 *   waiting             the platform, a replica or a standby is not ready, or a request may still arrive
 *   asked               the platform accepted the request that undoes it
 *   undone              the original is back
 *   not needed          the event took no effect
 *   changed by others   the server shows neither the original nor what the drill asked for: the drill leaves it
 */
export const UNDO_STATES = ['waiting', 'asked', 'undone', 'not needed', 'changed by others'] as const
type UndoState = (typeof UNDO_STATES)[number]

export interface UndoProgress {
  readonly state: UndoState
  readonly detail: string
  /** When the state was seen. */
  readonly at: string
  /** When the drill first looked. */
  readonly since: string
  /** Of the newest request that undoes it. */
  readonly operation: OperationState | null
  /** The platform's Retry-After: its operation is not read before. */
  readonly pollAgainAtMs: number | null
}

export const isUndoSettled = ({ state }: Pick<UndoProgress, 'state'>): boolean =>
  state !== 'waiting' && state !== 'asked'
