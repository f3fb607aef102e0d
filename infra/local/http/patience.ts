/** How long a lost connection is waited for, and when the next try is made. */
import { setTimeout as wait } from 'node:timers/promises'

export interface Clock {
  nowMs(): number
  /** Ends early, without an error, when the signal is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export const realClock: Clock = {
  nowMs: () => performance.now(),
  sleep: (ms, signal) => wait(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined),
}

/** Why a call gave nothing, and whether a later one may. */
export interface Trouble {
  readonly words: string
  readonly mayPass: boolean
  /** The pause that the other side asked for; null: it named none. */
  readonly afterMs: number | null
}

export interface PatienceOptions {
  /** From the first call without an answer on. */
  readonly forMs: number
  /** The longest pause that is not asked for. */
  readonly maxPauseMs: number
  readonly clock: Clock
  /** Called once per loss, and once when it is over. */
  readonly onLost?: (words: string) => void
  readonly onBack?: (silentMs: number) => void
}

export interface Patience {
  /** The pause before the next try; null: there is no next one. A last try is made when the time is over. */
  pauseMs(trouble: Trouble): number | null
  answered(): void
}

const FIRST_PAUSE_MS = 250

export function createPatience({ forMs, maxPauseMs, clock, onLost, onBack }: PatienceOptions): Patience {
  let lostAtMs: number | null = null
  let tries = 0
  return {
    pauseMs: ({ words, mayPass, afterMs }) => {
      if (!mayPass) return null
      if (lostAtMs === null) onLost?.(words)
      lostAtMs ??= clock.nowMs()
      const leftMs = lostAtMs + forMs - clock.nowMs()
      if (leftMs <= 0) return null
      const ownMs = Math.min(maxPauseMs, FIRST_PAUSE_MS * 2 ** tries)
      tries += 1
      return Math.min(leftMs, Math.max(ownMs, afterMs ?? 0))
    },
    answered: () => {
      if (lostAtMs !== null) onBack?.(clock.nowMs() - lostAtMs)
      lostAtMs = null
      tries = 0
    },
  }
}

/** Tries until there is an answer, or an error that no later try changes, or the time is over: then it throws the last error. */
export async function untilAnswered<T>(
  attempt: () => Promise<T>,
  options: PatienceOptions & { readonly signal?: AbortSignal },
): Promise<T> {
  const { clock, signal } = options
  const patience = createPatience(options)
  for (;;) {
    try {
      const answer = await attempt()
      patience.answered()
      return answer
    } catch (error) {
      const pauseMs = patience.pauseMs(troubleOf(error))
      if (pauseMs === null || signal?.aborted) throw error
      await clock.sleep(pauseMs, signal)
    }
  }
}

/** Of an error that says so itself; any other one is a defect, and final. */
export function troubleOf(error: unknown): Trouble {
  const { mayPass = false, afterMs = null } = (error ?? {}) as Partial<Trouble>
  return { words: error instanceof Error ? error.message : String(error), mayPass, afterMs }
}
