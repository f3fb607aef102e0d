/**
 * Which failover raised which timeline. PostgreSQL's timeline rises with every promotion and every row is stamped with it, so
 * the clients themselves saw each failover that took effect, whatever the platform's answer was.
 */
import type { Merged, TimelineSpan } from './merged.ts'
import type { FailoverEvidence } from './outcome.ts'

export interface FailoverSpan {
  readonly index: number
  /** Null when the platform never said that it accepted. */
  readonly t0Us: number | null
  /** t0, or when it was asked for. */
  readonly orderUs: number
  /** The next failover, or the end of the load. */
  readonly untilUs: number
  /** The timeline that this failover raised; null when none rose. */
  readonly change: TimelineChange | null
}

export interface TimelineChange {
  readonly timeline: number
  /** First acknowledgement on it, by anybody. */
  readonly firstAtUs: number
  /** Last acknowledgement on an older one; behind `firstAtUs` when two primaries took writes. */
  readonly lastOldAtUs: number
}

/** T0 is read from another clock than the clients'. */
const CLOCK_SLACK_US = 2_000_000

export interface SpanContext {
  readonly loadStartUs: number
  readonly loadEndUs: number
  /** The drill's clock minus the database's. */
  readonly controlOffsetUs: number
}

export function failoverSpans(
  merged: Merged,
  evidence: readonly FailoverEvidence[],
  context: SpanContext,
): FailoverSpan[] {
  const orders = evidence.map((failover) => orderOf(failover, context))
  const changes = timelineChanges(merged)
  return evidence.map((failover, i) => {
    const untilUs = orders[i + 1]?.orderUs ?? context.loadEndUs
    const { t0Us, orderUs } = orders[i] as Order
    const isMine = ({ firstAtUs }: TimelineChange) =>
      firstAtUs >= orderUs - CLOCK_SLACK_US && (i + 1 === evidence.length || firstAtUs < untilUs - CLOCK_SLACK_US)
    const change = failover.request === 'refused' || failover.request === 'withheld' ? undefined : changes.find(isMine)
    return { index: failover.index, t0Us, orderUs, untilUs, change: change ?? null }
  })
}

/** Timelines that rose although no failover of the drill explains it: the server failed over by itself. */
export const unexplainedChanges = (merged: Merged, spans: readonly FailoverSpan[]): TimelineChange[] =>
  timelineChanges(merged).filter(({ timeline }) => !spans.some(({ change }) => change?.timeline === timeline))

interface Order {
  readonly t0Us: number | null
  readonly orderUs: number
}

function orderOf({ acceptedAt, requestedAtSeconds }: FailoverEvidence, context: SpanContext): Order {
  const t0Us = acceptedAt === null ? null : Date.parse(acceptedAt) * 1000 - context.controlOffsetUs
  return { t0Us, orderUs: t0Us ?? context.loadStartUs + requestedAtSeconds * 1_000_000 }
}

function timelineChanges({ timelines }: Merged): TimelineChange[] {
  const rising = [...timelines].sort((a, b) => a.timeline - b.timeline)
  return rising
    .slice(1)
    .map(({ timeline, firstAtUs }, i) => ({ timeline, firstAtUs, lastOldAtUs: lastAck(rising.slice(0, i + 1)) }))
}

const lastAck = (spans: readonly TimelineSpan[]): number => Math.max(...spans.map(({ lastAtUs }) => lastAtUs))
