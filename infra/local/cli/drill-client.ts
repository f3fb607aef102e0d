/** The client of the HTTP API: drills and campaigns, the files of drills, and the containers that run. */
import type { EvidenceFile } from '../../../functions/archive/evidence-zip.ts'
import type { CampaignStatus } from '../../../functions/model/campaign/status.ts'
import type { DrillStatus } from '../../../functions/model/status.ts'
import { newDrillId } from '../../../functions/units/drill-id.ts'
import type { FieldProblem } from '../../../loadgen-image/contract/load-plan.ts'
import { type Answer, type Asked, type Caller, createCall, Refused } from '../http/call.ts'
import { CannotRun } from '../process/problem.ts'

export interface DrillApi {
  /** Returns the drill's id. A key (`newKey`) makes a repeated call the same drill, and is its id. */
  start(body: unknown, key?: string): Promise<string>
  status(drillId: string): Promise<DrillStatus>
  /** False: it has ended. */
  abort(drillId: string, reason?: string): Promise<boolean>
  /** Null when the drill has no such file. */
  file(drillId: string, name: string): Promise<Uint8Array | null>
  /** Of evidence.zip, with their lengths. */
  evidenceFiles(drillId: string): Promise<readonly EvidenceFile[]>
  /** The next bytes of one of them; none at its end. */
  evidencePiece(drillId: string, path: string, from: number): Promise<Uint8Array>
  /** Newest first. */
  list(limit: number, server: string | null): Promise<readonly DrillStatus[]>
  /** Returns the campaign's id. */
  startCampaign(body: unknown, key?: string): Promise<string>
  campaign(campaignId: string): Promise<CampaignStatus>
  abortCampaign(campaignId: string, reason?: string): Promise<boolean>
  /** Any other operation; its JSON. */
  ask<Document>(method: Asked['method'], path: string): Promise<Document>
}

/** The app refused the request: which of its fields, and which drill holds the server. */
export class NotStarted extends CannotRun {
  readonly problems: readonly FieldProblem[]
  /** Such as /api/drills/{id}. */
  readonly instance: string | null
  constructor(what: string, { message, problems, instance }: Refused) {
    super(`The ${what} was not started: ${message}`)
    this.problems = problems
    this.instance = instance
  }
}

export const newKey = (): string => newDrillId(new Date())

type Retry = <T>(attempt: () => Promise<T>) => Promise<T>

/** `caller`: a function key, the headers of another way in, or what makes them. `retry`: around every call; without it one attempt. */
export function createDrillApi(
  apiUrl: string,
  caller: string | Readonly<Record<string, string>> | Caller,
  retry: Retry = (attempt) => attempt(),
): DrillApi {
  const once = createCall(apiUrl, callerOf(caller))
  const call = (asked: Asked): Promise<Answer> => retry(() => once(asked))
  const read = async <Document>(path: string, method: Asked['method'] = 'GET'): Promise<Document> =>
    JSON.parse(new TextDecoder().decode((await call({ method, path })).content)) as Document

  const start = async (path: string, body: unknown, key: string | undefined): Promise<string> => {
    try {
      const { headers } = await call({ method: 'POST', path, body, ...(key === undefined ? {} : { key }) })
      return idIn(headers.get('location'))
    } catch (error) {
      throw error instanceof Refused ? new NotStarted(nameOf(path), error) : error
    }
  }
  const abort = async (path: string, reason: string | undefined): Promise<boolean> => {
    const query = reason === undefined ? '' : `?reason=${encodeURIComponent(reason)}`
    try {
      await call({ method: 'DELETE', path: `${path}${query}` })
      return true
    } catch (error) {
      if (error instanceof Refused && error.status === 409) return false
      throw error
    }
  }

  return {
    start: (body, key) => start('/drills', body, key),
    status: (drillId) => read<DrillStatus>(`/drills/${drillId}`),
    abort: (drillId, reason) => abort(`/drills/${drillId}`, reason),
    list: (limit, server) => listDrills(read, limit, server),
    startCampaign: (body, key) => start('/campaigns', body, key),
    campaign: (campaignId) => read<CampaignStatus>(`/campaigns/${campaignId}?format=json`),
    abortCampaign: (campaignId, reason) => abort(`/campaigns/${campaignId}`, reason),
    ask: (method, path) => read(path, method),
    evidenceFiles: async (drillId) =>
      (await read<{ readonly files: readonly EvidenceFile[] }>(`/drills/${drillId}/evidence`)).files,
    evidencePiece: async (drillId, path, from) => {
      const query = `path=${encodeURIComponent(path)}&from=${from}`
      return (await call({ method: 'GET', path: `/drills/${drillId}/evidence?${query}` })).content
    },
    file: async (drillId, name) => {
      try {
        return (await call({ method: 'GET', path: `/drills/${drillId}/files/${name}` })).content
      } catch (error) {
        if (error instanceof Refused && error.status === 404) return null
        throw error
      }
    },
  }
}

interface Page {
  readonly drills: readonly DrillStatus[]
  readonly next: string | null
}

/** Of one server a page may be short, and have a next one all the same. */
async function listDrills(
  read: (path: string) => Promise<Page>,
  limit: number,
  server: string | null,
): Promise<DrillStatus[]> {
  const filter = server === null ? '' : `&server=${encodeURIComponent(server)}`
  const drills: DrillStatus[] = []
  let path: string | null = `/drills?limit=${limit}${filter}`
  while (path !== null && drills.length < limit) {
    const page: Page = await read(path)
    drills.push(...page.drills)
    path = server === null ? null : (page.next?.replace(/^\/api/, '') ?? null)
  }
  return drills.slice(0, limit)
}

function callerOf(caller: string | Readonly<Record<string, string>> | Caller): Caller {
  if (typeof caller === 'object' && typeof caller.headers === 'function') return caller as Caller
  const headers = (typeof caller === 'string' ? { 'x-functions-key': caller } : caller) as Record<string, string>
  return { headers: async () => headers, advice: 'The app does not accept this key or login' }
}

const nameOf = (path: string): string => (path.startsWith('/campaigns') ? 'campaign' : 'drill')

function idIn(location: string | null): string {
  const id = location?.split('?')[0]?.split('/').at(-1)
  if (!id) throw new Error('the answer to the start has no Location header')
  return id
}
