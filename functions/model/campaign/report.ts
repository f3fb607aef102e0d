/** The report of a campaign, schema 1. `null` is "not measured"; it is never 0. */
import * as z from 'zod'
import { stoppedBySchema } from '../early-end/stopped-by-schema.ts'
import { criterionSchema, VERDICTS } from '../report/criterion.ts'
import { POINT_STATES } from './campaign.ts'

const nullableNumber = z.number().nullable()

const spread = z
  .object({
    value: nullableNumber,
    isLowerBound: z.boolean().describe('The true value is this or more'),
    isUpperBound: z.boolean().describe('The true value is this or less'),
    words: z.string().describe('The same as text; of what never ended, "not back"'),
  })
  .meta({ id: 'Spread' })

const point = z.object({
  drill: z.number().int(),
  kind: z
    .enum(['value', 'at-least', 'at-most', 'never', 'missing'])
    .describe(
      'at-least: the true value is this or more. at-most: this or less. never: it did not end while the load ran. missing: not measured',
    ),
  value: nullableNumber,
  why: z.string().nullable(),
})

const figure = z.object({
  id: z.string().describe('As in an objective, without the statistic'),
  label: z.string(),
  unit: z.string(),
  drills: z.number().int().describe('Drills that measured it'),
  min: spread,
  median: spread,
  max: spread,
  points: z.array(point).describe('One of each planned drill'),
})

const drill = z.object({
  number: z.number().int(),
  drillId: z.string(),
  state: z.enum(POINT_STATES).describe('Only a measured drill, with the verdict PASS or FAIL, has figures that count'),
  verdict: z.enum(VERDICTS).nullable(),
  headline: z.string().nullable(),
  why: z.string().nullable().describe('Why it has no figures that count'),
  stoppedBy: stoppedBySchema,
  startedAt: z.string().nullable(),
  endedAt: z.string().nullable(),
  hasReport: z.boolean(),
})

export const campaignReportSchema = z.object({
  schema: z.literal(1),
  campaignId: z.string(),
  verdict: z.enum(VERDICTS),
  headline: z.string(),
  reasons: z.array(z.string()).describe('Why the verdict is not PASS'),
  startedAt: z.string(),
  endedAt: z.string(),
  server: z.string(),
  what: z.string().describe('The load and the events of each drill'),
  note: z.string().nullable().describe('Of the request'),
  planned: z.number().int(),
  gapMinutes: z.number(),
  criteria: z.array(criterionSchema),
  counts: z
    .record(z.enum(POINT_STATES), z.number().int())
    .describe('Drills by state; together they are the planned ones'),
  drills: z.array(drill),
  figures: z.array(figure).describe('The headline figures, and those that an objective names'),
})

export type CampaignReport = z.infer<typeof campaignReportSchema>
export type CampaignFigure = CampaignReport['figures'][number]
export type CampaignDrill = CampaignReport['drills'][number]
export type Spread = CampaignFigure['min']
