/** The operations on campaigns. */
import {
  content,
  header,
  IF_NONE_MATCH,
  idInPath,
  type Json,
  ok,
  query,
  ref,
  refusal,
  text,
  unavailable,
} from './parts.ts'

/** By path, then by method. */
export const CAMPAIGN_PATHS = {
  '/api/campaigns': {
    post: {
      operationId: 'startCampaign',
      summary: 'Start a campaign: the drills of one request, one after the other',
      parameters: [
        header(
          'Idempotency-Key',
          'The same key with the same body is the same campaign. With a key such as 20260102-030405-0a1b2c its id is campaign-<key>',
        ),
      ],
      requestBody: { required: true, content: content('application/json', ref('CampaignRequest')) },
      responses: {
        202: {
          ...ok('Started, or known under this key', ref('StartedCampaign')),
          headers: { Location: { schema: { type: 'string' } } },
        },
        400: refusal('Bad fields, all of them named; those of the drill begin with `request.`'),
        409: refusal('The key was used for another request'),
        413: refusal('Body too large'),
        415: refusal('Body is not JSON'),
        ...unavailable,
      },
    },
    get: {
      operationId: 'listCampaigns',
      summary: 'Campaigns, newest first',
      parameters: [
        query('limit', 'Campaigns per page', { type: 'integer', minimum: 1, maximum: 100, default: 20 }),
        query('after', 'From the next link of the page before', { type: 'string' }),
        IF_NONE_MATCH,
      ],
      responses: {
        200: ok('A page', ref('CampaignPage')),
        304: { description: 'Not modified' },
        400: refusal('Bad paging'),
        ...unavailable,
      },
    },
  },
  '/api/campaigns/{id}': {
    get: {
      operationId: 'readCampaign',
      summary: 'Where the campaign is, what its drills gave, and the report once it has ended; by format or by Accept',
      parameters: [
        idInPath,
        IF_NONE_MATCH,
        query('format', 'Wins over Accept', { type: 'string', enum: ['html', 'json', 'md', 'junit'] }),
      ],
      responses: {
        200: {
          description: 'The campaign; in every other format its report',
          content: {
            ...content('application/json', ref('CampaignStatus')),
            ...text('text/html'),
            ...text('text/markdown'),
            ...text('application/xml'),
          },
        },
        304: { description: 'Not modified' },
        400: refusal('Unknown format'),
        404: refusal('No such campaign, or it ended without a report'),
        406: refusal('None of the accepted types'),
        409: refusal('In every format but JSON: not finished yet; see Retry-After'),
        ...unavailable,
      },
    },
    delete: {
      operationId: 'abortCampaign',
      summary: 'Abort the drill that is running, start no further one, report',
      parameters: [idInPath, query('reason', 'Goes into the report', { type: 'string', maxLength: 200 })],
      responses: {
        202: ok('The campaign is ending', ref('StartedCampaign')),
        404: refusal('No such campaign'),
        409: refusal('It has already ended'),
        ...unavailable,
      },
    },
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Json>>>>
