/** The client of the HTTP API: start, status and abort of drills and campaigns, and files of drills. */
import type { CampaignStatus } from '../../../functions/model/campaign/status.ts'
import type { DrillStatus } from '../../../functions/model/status.ts'
import { CannotRun } from '../process/problem.ts'

export interface DrillApi {
  /** Returns the drill's id. */
  start(body: unknown): Promise<string>
  status(drillId: string): Promise<DrillStatus>
  abort(drillId: string): Promise<void>
  /** Null when the drill has no such file. */
  file(drillId: string, name: string): Promise<Uint8Array | null>
  /** Returns the campaign's id. */
  startCampaign(body: unknown): Promise<string>
  campaign(campaignId: string): Promise<CampaignStatus>
  abortCampaign(campaignId: string): Promise<void>
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

  const start = async (path: string, body: unknown): Promise<string> => {
    const answer = await call('POST', path, body)
    if (answer.status !== 202) throw new CannotRun(`The ${nameOf(path)} was not started: ${await problemIn(answer)}`)
    await answer.arrayBuffer()
    return idIn(answer.headers.get('location'))
  }
  const read = async <Status>(path: string): Promise<Status> => {
    const answer = await call('GET', path)
    if (!answer.ok) throw new Error(`the API refused the ${nameOf(path)}'s status: ${await problemIn(answer)}`)
    return (await answer.json()) as Status
  }
  const abort = async (path: string): Promise<void> => {
    const answer = await call('DELETE', path)
    // 409: it has ended.
    if (!answer.ok && answer.status !== 409)
      throw new Error(`the ${nameOf(path)} was not aborted: ${await problemIn(answer)}`)
    await answer.arrayBuffer()
  }

  return {
    start: (body) => start('/drills', body),
    status: (drillId) => read<DrillStatus>(`/drills/${drillId}`),
    abort: (drillId) => abort(`/drills/${drillId}`),
    startCampaign: (body) => start('/campaigns', body),
    campaign: (campaignId) => read<CampaignStatus>(`/campaigns/${campaignId}?format=json`),
    abortCampaign: (campaignId) => abort(`/campaigns/${campaignId}`),
    file: async (drillId, name) => {
      const answer = await call('GET', `/drills/${drillId}/files/${name}`)
      if (answer.status === 404) return null
      if (!answer.ok) throw new Error(`${name} could not be fetched: ${await problemIn(answer)}`)
      return new Uint8Array(await answer.arrayBuffer())
    },
  }
}

const nameOf = (path: string): string => (path.startsWith('/campaigns') ? 'campaign' : 'drill')

function idIn(location: string | null): string {
  const id = location?.split('?')[0]?.split('/').at(-1)
  if (!id) throw new Error('the answer to the start has no Location header')
  return id
}

async function problemIn(answer: Response): Promise<string> {
  const text = await answer.text()
  return `HTTP ${answer.status} ${text.slice(0, 2_000)}`
}
