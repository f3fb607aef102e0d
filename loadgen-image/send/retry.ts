/** How long a worker waits before its next attempt to connect, by its cohort's policy. */
import type { RetryPolicy } from '../contract/load-plan.ts'
import type { Random } from '../schedule/random.ts'

/** `failures` in a row so far, at least one. Full jitter: anywhere between nothing and the whole delay. */
export function retryDelayMs(policy: RetryPolicy, failures: number, random: Random): number {
  const delayMs = Math.min(policy.maxDelayMs, policy.firstDelayMs * policy.multiplier ** (failures - 1))
  return policy.jitter ? random() * delayMs : delayMs
}
