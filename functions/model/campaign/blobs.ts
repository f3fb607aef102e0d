/** Names of a campaign's blobs. Its drills lie under their own prefixes, as every drill. */
import { newestFirst } from '../blob-paths.ts'

const own = (campaignId: string, name: string): string => `campaigns/${campaignId}/${name}`

export const campaignBlobs = {
  request: (campaignId: string) => own(campaignId, 'request.json'),
  /** The abort request. Written by DELETE; read by every turn of the orchestration. */
  abort: (campaignId: string) => own(campaignId, 'abort.json'),
  point: (campaignId: string, number: number) => own(campaignId, `points/${number}.json`),
  report: (campaignId: string, file: string) => own(campaignId, `report/${file}`),
  indexPrefix: 'index/campaigns/',
  entry: (requestedAt: string, campaignId: string) => `index/campaigns/${newestFirst(requestedAt)}-${campaignId}.json`,
} as const
