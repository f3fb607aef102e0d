/** What the app sends by itself (OpenAPI `webhooks`); docs/webhook.md shows how a receiver verifies it. */
import * as z from 'zod'
import { stoppedBySchema } from '../model/early-end/stopped-by-schema.ts'
import type { CampaignMessage, DrillMessage } from '../model/history/messages.ts'
import { exactly } from './answers/exactly.ts'
import { verdict } from './answers/shapes.ts'
import { content, type Json, ref, required } from './parts.ts'

const fields = {
  id: z.string().describe('The same in every delivery of one message: drop a message whose id is known'),
  text: z
    .string()
    .describe(
      'For a chat tool: word of the verdict, server and headline in one line, with & < > escaped, and below it the address of the page',
    ),
  verdict,
  summary: z.string(),
  server: z.string(),
  resourceGroup: z.string(),
  links: z
    .object({
      page: z.string().describe('For people: the dashboard asks for the key or the login'),
      report: z.string().describe('For programs, with a key or a token'),
    })
    .describe('Absolute under the host name that Azure gives the app; relative elsewhere'),
}

export const MESSAGES = {
  DrillMessage: exactly<DrillMessage>()(
    z.object({ ...fields, type: z.literal('drill.ended'), drillId: z.string(), stoppedBy: stoppedBySchema }),
  ),
  CampaignMessage: exactly<CampaignMessage>()(
    z.object({ ...fields, type: z.literal('campaign.ended'), campaignId: z.string() }),
  ),
}

const signed = (name: string, description: string, pattern: string): Json =>
  required({ name, in: 'header', description, schema: { type: 'string', pattern } })

const HEADERS = [
  signed(
    'X-Drill-Timestamp',
    'Unix seconds of the sending; refuse a message that is older than five minutes',
    '^\\d+$',
  ),
  signed(
    'X-Drill-Signature',
    'sha256= and, in hex, the HMAC-SHA256 of the timestamp, a full stop and the body as received, under NOTIFY_WEBHOOK_SECRET',
    '^sha256=[0-9a-f]{64}$',
  ),
]

const message = (operationId: string, summary: string, shape: string): Json => ({
  post: {
    operationId,
    summary,
    parameters: HEADERS,
    requestBody: { required: true, content: content('application/json', ref(shape)) },
    responses: {
      '2XX': {
        description: 'Taken. Any other answer, a redirect, or none within 10 s: sent again, three times at most',
      },
    },
    security: [],
  },
})

export const WEBHOOKS: Json = {
  drillEnded: message('drillEnded', 'A drill has ended', 'DrillMessage'),
  campaignEnded: message('campaignEnded', 'A campaign has ended', 'CampaignMessage'),
}
