/** An app that is reached over a network: its API, which waits for a lost connection, and how what runs in it is followed. */
import type { Caller } from '../http/call.ts'
import { realClock, untilAnswered } from '../http/patience.ts'
import { createDrillApi, type DrillApi } from './drill-client.ts'
import type { Course } from './follow.ts'

export interface Far {
  readonly host: string
  /** Ends with /api. */
  readonly apiUrl: string
  readonly caller: Caller
  readonly patienceSeconds: number
  readonly say: (words: string) => void
  readonly signal?: AbortSignal
  /** The command that attaches to a drill or a campaign again. */
  readonly attach: (id: string) => string
}

interface FarApi {
  /** Waits for a lost connection. */
  readonly api: DrillApi
  /** One attempt a call. */
  readonly poll: DrillApi
  /** Waits for at most so long. */
  patiently<T>(attempt: () => Promise<T>, forMs: number): Promise<T>
}

const POLL_MS = 2_000
const MAX_PAUSE_MS = 5_000
/** A terminal that closes, or a reader that leaves, is no request to abort. */
const LEAVES_ON = ['SIGHUP', 'the output was closed', 'npm ended']

export function farApi({ host, apiUrl, caller, patienceSeconds, say, signal }: Far): FarApi {
  const patiently = <T>(attempt: () => Promise<T>, forMs: number): Promise<T> =>
    untilAnswered(attempt, {
      forMs,
      maxPauseMs: MAX_PAUSE_MS,
      clock: realClock,
      onLost: (words) => say(`No answer from ${host}: ${words}. Trying again.`),
      onBack: (silentMs) => say(backWords(host, silentMs)),
      ...(signal && { signal }),
    })
  const api = createDrillApi(apiUrl, caller, (attempt) => patiently(attempt, patienceSeconds * 1000))
  return { api, poll: createDrillApi(apiUrl, caller), patiently }
}

const backWords = (host: string, silentMs: number): string =>
  `${host} answers again, after ${(silentMs / 1000).toFixed(1)} s.`

/** `what`: drill or campaign. */
export function courseFar({ host, patienceSeconds, say, attach }: Far, what: string, id: string): Course {
  const again = `Attach again: ${attach(id)}`
  return {
    pollMs: POLL_MS,
    silenceMs: patienceSeconds * 1000,
    abortMs: null,
    leavesOn: LEAVES_ON,
    words: {
      aborting: `Aborting the ${what}; the report follows. Press Ctrl-C again to leave: it ends in the app by itself.`,
      silent: `No answer from ${host} for ${patienceSeconds} s. The ${what} may go on there. ${again}`,
      left: `Left. The ${what} goes on in ${host}. ${again}`,
    },
    early: {
      offer: `It is written again when that is over. Ctrl-C leaves with this one; the ${what} goes on in ${host}.`,
      left: `The ${what} goes on in ${host}, and writes its report again. Attach again: ${attach(id)}`,
    },
    onLost: (words) =>
      say(`No answer from ${host}: ${words}. The ${what} goes on there; trying again for ${patienceSeconds} s.`),
    onBack: (silentMs) => say(backWords(host, silentMs)),
    clock: realClock,
  }
}
