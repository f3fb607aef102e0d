/** Follows what runs behind the API to its end. The first Ctrl-C aborts it; polling continues until its report. */
import { setTimeout as sleep } from 'node:timers/promises'
import { CannotRun, wordsOf } from '../process/problem.ts'

const POLL_INTERVAL_MS = 400
/** In this time what was aborted stops its load, cleans up and reports. */
const ABORT_TIMEOUT_MS = 90_000
/** A restarting host does not answer for a few seconds. */
const SILENCE_TIMEOUT_MS = 60_000

export interface Followed<Status extends { readonly state: string }> {
  /** "drill" or "campaign". */
  readonly what: string
  readonly read: () => Promise<Status>
  readonly abort: () => Promise<void>
  readonly onStatus: (status: Status) => void | Promise<void>
  readonly say: (words: string) => void
}

const HAS_ENDED: readonly string[] = ['finished', 'failed']

export async function followToEnd<Status extends { readonly state: string }>(
  { what, read, abort, onStatus, say }: Followed<Status>,
  signal: AbortSignal,
): Promise<Status> {
  let answeredAtMs = performance.now()
  let abortedAtMs: number | null = null
  for (;;) {
    if (signal.aborted && abortedAtMs === null) {
      abortedAtMs = performance.now()
      say('Aborting; the report follows. Press Ctrl-C again to stop immediately.')
      await abort().catch((error: unknown) => say(wordsOf(error)))
    }
    const status = await read().catch(() => null)
    if (status !== null) {
      answeredAtMs = performance.now()
      await onStatus(status)
      if (HAS_ENDED.includes(status.state)) return status
    }
    if (performance.now() - answeredAtMs > SILENCE_TIMEOUT_MS)
      throw new CannotRun(`The Functions host no longer answers. Run the ${what} again with --keep and see its log`)
    if (abortedAtMs !== null && performance.now() - abortedAtMs > ABORT_TIMEOUT_MS)
      throw new CannotRun(`The ${what} did not end within ${ABORT_TIMEOUT_MS / 1000} s after its abort`)
    await sleep(POLL_INTERVAL_MS)
  }
}
