/** Names of a campaign's blobs. Its drills lie under their own prefixes, as every drill. */

const prefix = (campaignId: string): string => `campaigns/${campaignId}/`
const own = (campaignId: string, name: string): string => prefix(campaignId) + name

export const campaignBlobs = {
  prefix,
  request: (campaignId: string) => own(campaignId, 'request.json'),
  /** The abort request. Written by DELETE; read by every turn of the orchestration. */
  abort: (campaignId: string) => own(campaignId, 'abort.json'),
  point: (campaignId: string, number: number) => own(campaignId, `points/${number}.json`),
  report: (campaignId: string, file: string) => own(campaignId, `report/${file}`),
} as const
