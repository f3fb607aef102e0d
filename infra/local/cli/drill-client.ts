/** The client of the drill's HTTP API: start, status, abort, files. */
import type { DrillStatus } from '../../../functions/model/status.ts'
import { CannotRun } from '../process/problem.ts'

export interface DrillApi {
  /** Returns the drill's id. */
  start(body: unknown): Promise<string>
  status(drillId: string): Promise<DrillStatus>
  abort(drillId: string): Promise<void>
  /** Null when the drill has no such file. */
  file(drillId: string, name: string): Promise<Uint8Array | null>
}

const CALL_TIMEOUT_MS = 30_000

/** What lets a caller in: a function key, or the headers of another way. */
export function createDrillApi(apiUrl: string, caller: string | Readonly<Record<string, string>>): DrillApi {
  const admission = typeof caller === 'string' ? { 'x-functions-key': caller } : caller
  const call = (method: string, path: string, body?: unknown): Promise<Response> =>
    fetch(`${apiUrl}${path}`, {
      method,
      headers: {
        ...admission,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })

  return {
    start: async (body) => {
      const answer = await call('POST', '/drills', body)
      if (answer.status !== 202) throw new CannotRun(`The drill was not started: ${await problemIn(answer)}`)
      await answer.arrayBuffer()
      return idIn(answer.headers.get('location'))
    },
    status: async (drillId) => {
      const answer = await call('GET', `/drills/${drillId}`)
      if (!answer.ok) throw new Error(`the API refused the drill's status: ${await problemIn(answer)}`)
      return (await answer.json()) as DrillStatus
    },
    abort: async (drillId) => {
      const answer = await call('DELETE', `/drills/${drillId}`)
      // 409: the drill has ended.
      if (!answer.ok && answer.status !== 409) throw new Error(`the drill was not aborted: ${await problemIn(answer)}`)
      await answer.arrayBuffer()
    },
    file: async (drillId, name) => {
      const answer = await call('GET', `/drills/${drillId}/files/${name}`)
      if (answer.status === 404) return null
      if (!answer.ok) throw new Error(`${name} could not be fetched: ${await problemIn(answer)}`)
      return new Uint8Array(await answer.arrayBuffer())
    },
  }
}

function idIn(location: string | null): string {
  const id = location?.split('?')[0]?.split('/').at(-1)
  if (!id) throw new Error("the answer to the drill's start has no Location header")
  return id
}

async function problemIn(answer: Response): Promise<string> {
  const text = await answer.text()
  return `HTTP ${answer.status} ${text.slice(0, 2_000)}`
}
