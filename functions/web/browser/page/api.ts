/** Calls to the API. An error is an answer too, and not thrown: the caller shows it. */

import type { CampaignStatus, CampaignsPage } from '../../../model/campaign/status.ts'
import type { ChartData } from '../../../model/chart-data.ts'
import type { Comparison } from '../../../model/history/compared.ts'
import type { DailyAnswer } from '../../../model/history/daily-record.ts'
import type { Report } from '../../../model/report.ts'
import type { DrillStatus, DrillsPage } from '../../../model/status.ts'
import type { Offer } from '../../../request/offer.ts'
import type { Problem } from '../../../request/request.ts'

export type Answer<T> =
  | { readonly kind: 'ok'; readonly value: T }
  /** The key is missing or refused, or the login has ended. */
  | { readonly kind: 'locked' }
  /** The server understood and refused. */
  | { readonly kind: 'refused'; readonly status: number; readonly refusal: Refusal }
  /** No answer, or none of the app's own: the host restarts, the line is down. Asking again may help. */
  | { readonly kind: 'unreachable'; readonly why: string }

interface Refusal {
  readonly title: string
  readonly detail: string
  readonly problems: readonly Problem[]
  readonly instance: string | null
}

const TIMEOUT_MS = 20_000

/** The filters of the list, as the query has them; an empty text is none. */
export type ListFilter = Readonly<Record<'server' | 'verdict' | 'kind' | 'from' | 'to', string>>

/** Empty filters are left out. */
export function listDrills(after: string | null, filter: ListFilter): Promise<Answer<DrillsPage>> {
  const given = Object.entries({ after: after ?? '', ...filter }).filter(([, value]) => value !== '')
  return pollJson(`drills?${new URLSearchParams([['limit', '20'], ...given])}`)
}

export const readDaily = (): Promise<Answer<DailyAnswer>> => pollJson('daily')

export const readDrill = (drillId: string): Promise<Answer<DrillStatus>> => pollJson(drillPath(drillId))

export const startDrill = (body: unknown): Promise<Answer<{ readonly drillId: string }>> =>
  askJson('POST', 'drills', body)

export const abortDrill = (drillId: string): Promise<Answer<unknown>> =>
  askJson('DELETE', `${drillPath(drillId)}?reason=${encodeURIComponent('from the dashboard')}`)

/** What the app would run, and what would stop it now; of a server by its name, or of the first. */
export const readOffer = (target: string | null): Promise<Answer<Offer>> =>
  askJson('GET', `defaults${target === null ? '' : `?target=${encodeURIComponent(target)}`}`)

export const listCampaigns = (after: string | null): Promise<Answer<CampaignsPage>> =>
  askJson('GET', `campaigns?limit=20${after === null ? '' : `&after=${encodeURIComponent(after)}`}`)

export const readCampaign = (campaignId: string): Promise<Answer<CampaignStatus>> =>
  askJson('GET', `${campaignPath(campaignId)}?format=json`)

export const startCampaign = (body: unknown): Promise<Answer<{ readonly campaignId: string }>> =>
  askJson('POST', 'campaigns', body)

export const abortCampaign = (campaignId: string): Promise<Answer<unknown>> =>
  askJson('DELETE', `${campaignPath(campaignId)}?reason=${encodeURIComponent('from the dashboard')}`)

export const readCampaignPage = (campaignId: string): Promise<Answer<Blob>> =>
  ask('GET', `${campaignPath(campaignId)}?format=html`, undefined, (response) => response.blob())

const campaignPath = (campaignId: string): string => `campaigns/${encodeURIComponent(campaignId)}`

export const readReport = (drillId: string): Promise<Answer<Report>> =>
  askJson('GET', `${drillPath(drillId)}/report?format=json`)

export const readReportPage = (drillId: string): Promise<Answer<string>> =>
  ask('GET', `${drillPath(drillId)}/report?format=html`, undefined, (response) => response.text())

export const readFile = (drillId: string, name: string): Promise<Answer<Blob>> =>
  ask('GET', `${drillPath(drillId)}/files/${encodeURIComponent(name)}`, undefined, (response) => response.blob())

/** What the report's charts were drawn from. */
export const readChartData = (drillId: string): Promise<Answer<ChartData>> =>
  askJson('GET', `${drillPath(drillId)}/files/chart-data.json`)

export const compareDrills = (ids: readonly string[]): Promise<Answer<Comparison>> =>
  askJson('GET', `drills/compare?ids=${ids.map(encodeURIComponent).join(',')}`)

const drillPath = (drillId: string): string => `drills/${encodeURIComponent(drillId)}`

const askJson = <T>(method: string, path: string, body?: unknown): Promise<Answer<T>> =>
  ask(method, path, body, (response) => response.json() as Promise<T>)

/** The newest answer of each path that is polled, in this page alone: figures of a drill go into no cache of the browser. */
const known = new Map<string, { readonly etag: string; readonly value: unknown }>()
/** One is polled at a time; a reader who pages and filters leaves some behind. */
const MAX_KNOWN = 20

/** Of a path that is asked again and again: while nothing changes the app sends no body, and the value is the same object. */
async function pollJson<T>(path: string): Promise<Answer<T>> {
  const earlier = known.get(path)
  const read = async (response: Response): Promise<T> => {
    if (response.status === 304) return earlier?.value as T
    const value = (await response.json()) as T
    known.delete(path)
    known.set(path, { etag: response.headers.get('etag') ?? '', value })
    for (const old of known.keys()) if (known.size > MAX_KNOWN) known.delete(old)
    return value
  }
  return ask('GET', path, undefined, read, earlier?.etag)
}

async function ask<T>(
  method: string,
  path: string,
  body: unknown,
  read: (response: Response) => Promise<T>,
  etag = '',
): Promise<Answer<T>> {
  try {
    const response = await fetch(path, {
      method,
      headers: {
        ...(isByKey() && { 'x-functions-key': readKey() ?? '' }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(etag === '' ? {} : { 'if-none-match': etag }),
      },
      // Where a login has ended the platform redirects to another site, which a page's request cannot follow.
      redirect: 'manual',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
      cache: 'no-store',
    })
    if (response.ok || response.status === 304) return { kind: 'ok', value: await read(response) }
    return await failure(response)
  } catch (error) {
    return { kind: 'unreachable', why: error instanceof Error ? error.message : String(error) }
  }
}

async function failure(response: Response): Promise<Answer<never>> {
  const { status } = response
  const isEnded = status === 401 || response.type === 'opaqueredirect'
  // With a login 403 names the role that is missing; with a key it is another word for a wrong one.
  if (isEnded || (status === 403 && isByKey())) return { kind: 'locked' }
  if (status === 429 || status >= 500) return { kind: 'unreachable', why: `the app answered ${status}` }
  return { kind: 'refused', status, refusal: await refusalOf(response) }
}

async function refusalOf(response: Response): Promise<Refusal> {
  const body: Partial<Refusal> = await response.json().catch(() => ({}))
  return {
    title: body.title ?? `The app answered ${response.status}`,
    detail: body.detail ?? '',
    problems: body.problems ?? [],
    instance: body.instance ?? null,
  }
}

/** False: the browser's login is sent along by itself. */
export const isByKey = (): boolean => document.documentElement.dataset.auth !== 'entra'

/** The function key: the page asks once, keeps it for the tab and sends it as a header. It is in no URL and in no lasting storage. */
const KEY_NAME = 'function-key'

export const readKey = (): string | null => sessionStorage.getItem(KEY_NAME)
export const keepKey = (key: string): void => sessionStorage.setItem(KEY_NAME, key)
export const forgetKey = (): void => sessionStorage.removeItem(KEY_NAME)
