/** What the request for an event can come to, as data that may lie in an orchestration's history. */

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
