/** Follows what runs behind the API to its end. The first Ctrl-C aborts it; polling continues until its report. */
import { type Clock, createPatience, realClock, troubleOf } from '../http/patience.ts'
import { CannotRun } from '../process/problem.ts'

export interface Followed<Status extends { readonly state: string }> {
  readonly read: () => Promise<Status>
  readonly abort: () => Promise<unknown>
  readonly onStatus: (status: Status) => void | Promise<void>
  readonly say: (words: string) => void
  /** Ctrl-C then ends only this command. */
  readonly isEnough?: (status: Status) => boolean
}

/** How patiently, and what is said on the way. */
export interface Course {
  readonly pollMs: number
  /** An app that answers nothing for so long is not followed any more. */
  readonly silenceMs: number
  /** In this time what was aborted stops its load, cleans up and reports; null: it may take as long as it does. */
  readonly abortMs: number | null
  /** Reasons of the signal for which what runs goes on, and only this command ends. */
  readonly leavesOn: readonly unknown[]
  readonly words: {
    readonly aborting: string
    readonly silent: string
    readonly left: string
  }
  /** Of a drill that has its report and waits for late metrics; null: Ctrl-C aborts it then too. */
  readonly early: { readonly offer: string; readonly left: string } | null
  readonly onLost?: (words: string) => void
  readonly onBack?: (silentMs: number) => void
  readonly clock: Clock
}

const POLL_INTERVAL_MS = 400
/** A restarting host does not answer for a few seconds. */
const SILENCE_TIMEOUT_MS = 60_000
const ABORT_TIMEOUT_MS = 90_000

/** Of what runs on this machine. */
export const courseHere = (what: string): Course => ({
  pollMs: POLL_INTERVAL_MS,
  silenceMs: SILENCE_TIMEOUT_MS,
  abortMs: ABORT_TIMEOUT_MS,
  leavesOn: [],
  words: {
    aborting: 'Aborting; the report follows. Press Ctrl-C again to stop immediately.',
    silent: `The Functions host no longer answers. Run the ${what} again with --keep and see its log`,
    left: '',
  },
  early: null,
  clock: realClock,
})

/** What runs goes on, and this command has ended before it. */
export class Left extends CannotRun {}

const HAS_ENDED: readonly string[] = ['finished', 'failed']

export async function followToEnd<Status extends { readonly state: string }>(
  followed: Followed<Status>,
  course: Course,
  signal: AbortSignal,
): Promise<Status> {
  const { clock, pollMs, silenceMs, words, onLost, onBack } = course
  const patience = createPatience({
    forMs: silenceMs,
    maxPauseMs: Math.max(pollMs, MAX_PAUSE_MS),
    clock,
    ...(onLost && { onLost }),
    ...(onBack && { onBack }),
  })
  const abort = aborter(followed, course, signal)
  let last: Status | null = null
  let isAborting = false
  for (;;) {
    if (signal.aborted && !isAborting && last !== null && followed.isEnough?.(last)) return last
    isAborting = signal.aborted
    await abort()
    const seen = await followed.read().then(
      (status) => ({ status }),
      (error: unknown) => ({ error }),
    )
    let pauseMs: number | null = pollMs
    if ('status' in seen) {
      patience.answered()
      await followed.onStatus(seen.status)
      last = seen.status
      if (HAS_ENDED.includes(seen.status.state)) return seen.status
    } else pauseMs = patience.pauseMs({ ...troubleOf(seen.error), mayPass: true })
    if (pauseMs === null) throw new CannotRun(words.silent)
    // Ctrl-C is answered at once, and then at the pace of the polls.
    await clock.sleep(pauseMs, signal.aborted ? undefined : signal)
  }
}

/** Any error of a read is waited for: what is followed was there before. */
const MAX_PAUSE_MS = 3_000

/** Requests the abort once the signal asks for it, until the app has the request. */
function aborter<Status extends { readonly state: string }>(
  { abort, say }: Followed<Status>,
  { abortMs, leavesOn, words, clock }: Course,
  signal: AbortSignal,
): () => Promise<void> {
  let abortedAtMs: number | null = null
  let isSent = false
  return async () => {
    if (!signal.aborted) return
    if (leavesOn.includes(signal.reason)) throw new Left(words.left)
    if (abortedAtMs === null) say(words.aborting)
    abortedAtMs ??= clock.nowMs()
    if (abortMs !== null && clock.nowMs() - abortedAtMs > abortMs)
      throw new CannotRun(`It did not end within ${abortMs / 1000} s after its abort`)
    if (isSent) return
    try {
      await abort()
      isSent = true
    } catch (error) {
      const { words: why, mayPass } = troubleOf(error)
      if (!mayPass) say(`The abort was refused: ${why}`)
      isSent = !mayPass
    }
  }
}
