/** The API of the app that a command talks to: patient, and saying so once when the connection is lost and once when it is back. */
import { createDrillApi, type DrillApi } from '../local/cli/drill-client.ts'
import { PROGRAM } from '../local/cli/drill-options.ts'
import type { Course } from '../local/cli/follow.ts'
import { type PatienceOptions, realClock, untilAnswered } from '../local/http/patience.ts'
import { CannotRun } from '../local/process/problem.ts'
import { type Asked, accessOf, type Outside } from './access.ts'

export interface SessionOptions extends Asked {
  readonly patienceSeconds: number
}

export interface Session {
  readonly host: string
  /** Waits for a lost connection. */
  readonly api: DrillApi
  /** One attempt a call. */
  readonly poll: DrillApi
  /** Such as "npx pg-failover-drill watch ID --app https://...". */
  command(words: string): string
  course(what: string, id: string): Course
}

/** Before the first answer: an address that is wrong stays wrong. */
const FIRST_CONTACT_MS = 30_000
const POLL_MS = 2_000
const MAX_PAUSE_MS = 5_000
/** A terminal that closes, or a reader that leaves, is no request to abort. */
const LEAVES_ON = ['SIGHUP', 'the output was closed', 'npm ended']

export async function openSession(
  options: SessionOptions,
  outside: Outside,
  say: (words: string) => void,
  signal?: AbortSignal,
): Promise<Session> {
  const { address, caller, appOption } = await accessOf(options, outside)
  const { host, apiUrl } = address
  const patienceMs = options.patienceSeconds * 1000
  const said = {
    onLost: (words: string) => say(`No answer from ${host}: ${words}. Trying again.`),
    onBack: (silentMs: number) => say(`${host} answers again, after ${(silentMs / 1000).toFixed(1)} s.`),
  }
  const poll = createDrillApi(apiUrl, caller)
  const retry = <T>(attempt: () => Promise<T>, forMs: number): Promise<T> => {
    const patience: PatienceOptions = { forMs, maxPauseMs: MAX_PAUSE_MS, clock: realClock, ...said }
    return untilAnswered(attempt, { ...patience, ...(signal && { signal }) })
  }
  const command = (words: string): string => `${PROGRAM} ${words}${appOption}`
  // The first call proves address, network and key, and changes nothing.
  await retry(() => poll.list(1), Math.min(patienceMs, FIRST_CONTACT_MS)).catch((error: unknown) => {
    throw new CannotRun(`${address.shown} cannot be used: ${(error as Error).message}`)
  })
  return {
    host,
    poll,
    api: createDrillApi(apiUrl, caller, (attempt) => retry(attempt, patienceMs)),
    command,
    course: (what, id) => ({
      pollMs: POLL_MS,
      silenceMs: patienceMs,
      abortMs: null,
      leavesOn: LEAVES_ON,
      words: {
        aborting: `Aborting the ${what}; the report follows. Press Ctrl-C again to leave: it ends in the app by itself.`,
        silent: `No answer from ${host} for ${options.patienceSeconds} s. The ${what} may go on there. Attach again: ${command(`watch ${id}`)}`,
        left: `Left. The ${what} goes on in ${host}. Attach again: ${command(`watch ${id}`)}`,
      },
      onLost: (words) =>
        say(
          `No answer from ${host}: ${words}. The ${what} goes on there; trying again for ${options.patienceSeconds} s.`,
        ),
      onBack: said.onBack,
      clock: realClock,
    }),
  }
}
