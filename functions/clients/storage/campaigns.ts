/** Campaigns in storage: what was asked for, what became of their drills, and the list of all campaigns. */

import { likenessOf } from '../../event-kinds/likeness.ts'
import { campaignBlobs } from '../../model/campaign/blobs.ts'
import type { CampaignPlan, CampaignPoint, StoredCampaign } from '../../model/campaign/campaign.ts'
import type { CampaignEntry } from '../../model/campaign/status.ts'
import { serverKey } from '../../model/drill-index.ts'
import { keyOf, keysBetween, PARTITIONS } from '../../model/history/keys.ts'
import type { TableRow } from '../../model/history/rows.ts'
import type { Blobs, Table } from '../clients.ts'

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

const rowOf = (entry: CampaignEntry): TableRow => ({
  partition: PARTITIONS.campaigns,
  key: campaignKey(entry),
  columns: { server: serverKey(entry.target) },
  value: entry,
})

type CampaignKey = Pick<CampaignPlan, 'requestedAt' | 'campaignId'>

const campaignKey = ({ requestedAt, campaignId }: CampaignKey): string => keyOf(requestedAt, campaignId)

export const writeCampaignEntry = (table: Pick<Table, 'put'>, entry: CampaignEntry): Promise<void> =>
  table.put(rowOf(entry))

export const beginCampaignEntry = (table: Pick<Table, 'insert'>, entry: CampaignEntry): Promise<boolean> =>
  table.insert(rowOf(entry))

export const removeCampaignEntry = (table: Pick<Table, 'delete'>, campaign: CampaignKey): Promise<void> =>
  table.delete(PARTITIONS.campaigns, campaignKey(campaign))

export const readCampaignEntry = async (
  table: Pick<Table, 'read'>,
  campaign: CampaignKey,
): Promise<CampaignEntry | null> =>
  (await table.read<CampaignEntry>(PARTITIONS.campaigns, campaignKey(campaign)))?.value ?? null

interface EntryPage {
  readonly entries: readonly CampaignEntry[]
  /** The place at which the next page begins; null: there is none. */
  readonly next: string | null
}

/** Newest first. A campaign that starts meanwhile shifts nothing: the next page begins at a key. */
export async function campaignPage(
  table: Pick<Table, 'page'>,
  { limit, after }: { readonly limit: number; readonly after: string | null },
  keptSinceMs: number,
): Promise<EntryPage> {
  const query = { partition: PARTITIONS.campaigns, ...keysBetween(keptSinceMs, null), where: {} }
  const { rows, next } = await table.page<CampaignEntry>(query, limit, after)
  return { entries: rows.map(({ value }) => value), next }
}
