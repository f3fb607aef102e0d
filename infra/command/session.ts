/** The app that a command talks to: found, let in, and seen to answer before anything is changed. */
import type { DrillApi } from '../local/cli/drill-client.ts'
import { PROGRAM } from '../local/cli/drill-options.ts'
import { courseFar, type Far, farApi } from '../local/cli/far.ts'
import type { Course } from '../local/cli/follow.ts'
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

export async function openSession(
  options: SessionOptions,
  outside: Outside,
  say: (words: string) => void,
  signal?: AbortSignal,
): Promise<Session> {
  const { address, caller, appOption } = await accessOf(options, outside)
  const { host, apiUrl } = address
  const { patienceSeconds } = options
  const command = (words: string): string => `${PROGRAM} ${words}${appOption}`
  const attach = (id: string): string => command(`watch ${id}`)
  const far: Far = { host, apiUrl, caller, patienceSeconds, say, attach, ...(signal && { signal }) }
  const { api, poll, patiently } = farApi(far)
  // The first call proves address, network and key, and changes nothing.
  await patiently(() => poll.list(1, null), Math.min(patienceSeconds * 1000, FIRST_CONTACT_MS)).catch(
    (error: unknown) => {
      throw new CannotRun(`${address.shown} cannot be used: ${(error as Error).message}`)
    },
  )
  return { host, api, poll, command, course: (what, id) => courseFar(far, what, id) }
}
