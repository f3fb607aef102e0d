/** Campaigns in storage: what was asked for, what became of their drills, and the list of all campaigns. */

import { likenessOf } from '../../event-kinds/likeness.ts'
import { campaignBlobs } from '../../model/campaign/blobs.ts'
import type { CampaignPlan, CampaignPoint, StoredCampaign } from '../../model/campaign/campaign.ts'
import type { CampaignEntry } from '../../model/campaign/status.ts'
import type { Blobs } from '../clients.ts'

export async function readCampaign(blobs: Pick<Blobs, 'readJson'>, campaignId: string): Promise<CampaignPlan> {
  const stored = await blobs.readJson<StoredCampaign>(campaignBlobs.request(campaignId))
  if (stored === null)
    throw new Error(`reading the request of campaign ${campaignId} failed: there is no such campaign`)
  return stored.campaign
}

interface AbortRequest {
  readonly reason: string
  readonly at: string
}

export const readCampaignAbort = async (blobs: Pick<Blobs, 'readJson'>, campaignId: string): Promise<string | null> =>
  (await blobs.readJson<AbortRequest>(campaignBlobs.abort(campaignId)))?.reason ?? null

/** The first request counts. */
export const requestCampaignAbort = (
  blobs: Pick<Blobs, 'writeOnce'>,
  campaignId: string,
  request: AbortRequest,
): Promise<boolean> => blobs.writeOnce(campaignBlobs.abort(campaignId), request)

export const readPoint = (
  blobs: Pick<Blobs, 'readJson'>,
  campaignId: string,
  number: number,
): Promise<CampaignPoint | null> => blobs.readJson<CampaignPoint>(campaignBlobs.point(campaignId, number))

/** In order; drills run one after the other, so there is no gap. */
export async function readPoints(
  blobs: Pick<Blobs, 'readJson'>,
  { campaignId, drills }: Pick<CampaignPlan, 'campaignId' | 'drills'>,
): Promise<CampaignPoint[]> {
  const numbers = Array.from({ length: drills }, (_, i) => i + 1)
  const points = await Promise.all(numbers.map((number) => readPoint(blobs, campaignId, number)))
  return points.filter((point) => point !== null)
}

export const startedCampaign = ({
  campaignId,
  requestedAt,
  drills,
  gapMinutes,
  plan,
}: CampaignPlan): CampaignEntry => ({
  campaignId,
  requestedAt,
  target: plan.target,
  drills,
  gapMinutes,
  what: likenessOf(plan).words,
  endedAt: null,
  verdict: null,
  headline: null,
})

export const writeCampaignEntry = (blobs: Pick<Blobs, 'writeJson'>, entry: CampaignEntry): Promise<void> =>
  blobs.writeJson(campaignBlobs.entry(entry.requestedAt, entry.campaignId), entry)

export const beginCampaignEntry = (blobs: Pick<Blobs, 'writeOnce'>, entry: CampaignEntry): Promise<boolean> =>
  blobs.writeOnce(campaignBlobs.entry(entry.requestedAt, entry.campaignId), entry)

export const readCampaignEntry = (
  blobs: Pick<Blobs, 'readJson'>,
  { requestedAt, campaignId }: Pick<CampaignPlan, 'requestedAt' | 'campaignId'>,
): Promise<CampaignEntry | null> => blobs.readJson<CampaignEntry>(campaignBlobs.entry(requestedAt, campaignId))

interface EntryPage {
  readonly entries: readonly CampaignEntry[]
  /** The name after which the next page begins; null: there is none. */
  readonly nextAfter: string | null
}

/** Newest first. `after` is the last name of the page before, so a campaign that starts meanwhile shifts nothing. */
export async function campaignPage(
  blobs: Pick<Blobs, 'readJson' | 'list'>,
  { limit, after }: { readonly limit: number; readonly after: string | null },
): Promise<EntryPage> {
  const { indexPrefix } = campaignBlobs
  const listed = await blobs.list(indexPrefix)
  const names = listed.map(({ name }) => name.slice(indexPrefix.length, -'.json'.length)).sort()
  const rest = names.filter((name) => after === null || name > after)
  const page = rest.slice(0, limit)
  const entries = await Promise.all(page.map((name) => blobs.readJson<CampaignEntry>(`${indexPrefix}${name}.json`)))
  return {
    entries: entries.filter((entry) => entry !== null),
    nextAfter: rest.length > page.length ? (page.at(-1) ?? null) : null,
  }
}
