/** Waits for a condition by asking for it, with a reason that the failure repeats; never a bare sleep. */
import { setTimeout as sleep } from 'node:timers/promises'

/** The probe's first value that is neither null, undefined nor false. A probe that throws is asked again. */
export async function eventually<T>(
  reason: string,
  timeoutMs: number,
  probe: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  everyMs = 20,
): Promise<T> {
  const deadlineMs = performance.now() + timeoutMs
  let last: unknown = 'it stayed false'
  while (performance.now() < deadlineMs) {
    try {
      const value = await probe()
      if (value !== null && value !== undefined && value !== false) return value
      last = `it stayed ${String(value)}`
    } catch (error) {
      last = error
    }
    await sleep(everyMs)
  }
  throw new Error(`waited ${timeoutMs} ms without success: ${reason}`, { cause: last })
}
