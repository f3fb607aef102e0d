/** Advice that compares cohorts of one event: what a client's settings cost in outage. A figure that is missing gives none. */
import type { RetryPolicy } from '../../../loadgen-image/contract/clients/behaviour.ts'
import type { Cohort } from '../../../loadgen-image/contract/load-plan.ts'
import type { CohortReport } from '../../model/comparisons/cohort.ts'
import { counted, seconds } from '../../units/units.ts'
import { describeRetry } from './cohort-rows.ts'

export interface CohortFacts {
  /** Of the load plan; their outages below are those of the worst event. */
  readonly policies: readonly Cohort[]
  /** Empty when this is not the worst event. */
  readonly cohorts: readonly CohortReport[]
}

interface Found {
  readonly seconds: number
  readonly text: string
}

const MIN_DIFFERENCE_SECONDS = 0.5

interface Pair<T> {
  readonly slow: T
  readonly fast: T
  readonly length: number
}

function widestPair<T extends { readonly via: string; readonly p50: number }>(
  rows: readonly T[],
  areComparable: (slow: T, fast: T) => boolean,
): Pair<T> | null {
  const pairs = rows.flatMap((slow) =>
    rows.flatMap((fast) =>
      slow !== fast && slow.via === fast.via && areComparable(slow, fast)
        ? [{ slow, fast, length: slow.p50 - fast.p50 }]
        : [],
    ),
  )
  const [widest] = pairs.sort((a, b) => b.length - a.length)
  return widest === undefined || widest.length < MIN_DIFFERENCE_SECONDS ? null : widest
}

const isLonger = (a: RetryPolicy, b: RetryPolicy): boolean =>
  a.maxDelayMs >= b.maxDelayMs && a.firstDelayMs >= b.firstDelayMs && describeRetry(a) !== describeRetry(b)

const allButRetry = ({ connectTimeoutMs, replyTimeoutMs, addressCacheMs, keepAliveMs, validation }: Cohort): string =>
  JSON.stringify([connectTimeoutMs, replyTimeoutMs, addressCacheMs, keepAliveMs, validation].map((one) => one ?? null))

/** Of fewer clients, the moment of the outage within their back-off decides. */
const MIN_CLIENTS = 5
/** A connection attempt, beside the delay before it. */
const ATTEMPT_SECONDS = 1

/** Only cohorts that differ in their back-off alone are compared, and only by as much as the longer one can cost. */
export function backOff({ cohorts, policies }: CohortFacts): Found | null {
  const rows = policies.flatMap((cohort) => {
    const row = cohorts.find(({ name }) => name === cohort.name)
    const p50 = row?.clientOutageSeconds.p50 ?? null
    return p50 === null || (row?.workers ?? 0) < MIN_CLIENTS ? [] : [{ ...cohort, p50, rest: allButRetry(cohort) }]
  })
  const canCost = ({ retry }: Pick<Cohort, 'retry'>, length: number) =>
    length <= retry.maxDelayMs / 1000 + ATTEMPT_SECONDS
  const widest = widestPair(
    rows,
    (slow, fast) => isLonger(slow.retry, fast.retry) && slow.rest === fast.rest && canCost(slow, slow.p50 - fast.p50),
  )
  if (widest === null) return null
  const { slow, fast, length } = widest
  return {
    seconds: length,
    text:
      `The median outage of the clients "${slow.name}" (${describeRetry(slow.retry)}) was ${seconds(length)} longer than that of the ` +
      `clients "${fast.name}" (${describeRetry(fast.retry)}), which differ in their back-off alone.`,
  }
}

/** Cohorts of different documented clients, by the same way; it names what differs, and not which of it cost the time. */
export function clientBehaviour({ cohorts }: CohortFacts): Found | null {
  const rows = cohorts.flatMap((row) => {
    const { p50 } = row.clientOutageSeconds
    return p50 === null || row.client === null ? [] : [{ ...row, p50 }]
  })
  const widest = widestPair(rows, (slow, fast) => slow.client !== fast.client && differences(slow, fast).length > 0)
  if (widest === null) return null
  const { slow, fast, length } = widest
  return {
    seconds: length,
    text:
      `Half of the clients "${slow.name}" (${slow.client}) were back ${seconds(length)} after half of the clients "${fast.name}" ` +
      `(${fast.client}), by the same way. They differ in ${differences(slow, fast).join('; ')}.`,
  }
}

const differences = (slow: CohortReport, fast: CohortReport): string[] =>
  slow.settings.flatMap(({ name, value }) => {
    const other = fast.settings.find((one) => one.name === name)?.value
    return other === undefined || other === value ? [] : [`${name}: ${value}, against ${other}`]
  })

/** Only clients without a limit of their own: with one they would have given the session up. */
export function noReplyLimit({ cohorts, policies }: CohortFacts): Found | null {
  const waiting = cohorts.flatMap((row) => {
    const hasLimit = policies.find(({ name }) => name === row.name)?.replyTimeoutMs !== null
    return hasLimit || row.stillWaiting === 0 || row.stillWaitingSeconds === null || row.stillWaitingSeconds <= 0
      ? []
      : [{ ...row, length: row.stillWaitingSeconds }]
  })
  const [most] = waiting.sort((a, b) => b.stillWaiting - a.stillWaiting)
  if (most === undefined) return null
  return {
    seconds: most.length,
    text:
      `${counted(most.stillWaiting, 'client')} of "${most.name}" still waited for a reply when the load ended, ${seconds(most.length)} after ` +
      'others could write again: nothing in these clients limits the wait for a reply. Set a limit (socketTimeout in pgjdbc, ' +
      'query_timeout in node-postgres, Command Timeout in Npgsql, tcp_user_timeout in libpq).',
  }
}
