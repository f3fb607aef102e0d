/**
 * summary.json, schema 1: the verdict and the figures of a drill, for a pipeline, a chat bot or a table of many drills. It does
 * not grow with the drill. Fields are only added; a change of a field that exists is a new schema number.
 */
import * as z from 'zod'
import { stoppedBySchema } from '../early-end/stopped-by-schema.ts'
import { criterionSchema, VERDICTS } from '../report/criterion.ts'

const figure = z
  .object({
    value: z.number().nullable().describe('null: not measured, or without an end'),
    isLowerBound: z.boolean().describe('The true value is this or more'),
    isUpperBound: z.boolean().describe('The true value is this or less'),
    words: z.string().describe('The same as text; "not back" of what did not end, "not measured" of what is not known'),
  })
  .meta({ id: 'Figure' })

export const summarySchema = z.object({
  schema: z.literal(1),
  drillId: z.string(),
  server: z.string().nullable(),
  verdict: z.enum(VERDICTS),
  headline: z.string(),
  reasons: z.array(z.string()).describe('Why the verdict is not PASS'),
  hasLoad: z.boolean().describe('false: the drill did not start, or ended before its load'),
  stoppedBy: stoppedBySchema,
  startedAt: z.iso.datetime({ precision: 3 }),
  endedAt: z.iso.datetime({ precision: 3 }),
  criteria: z.array(criterionSchema.omit({ why: true })),
  events: z.object({
    planned: z.number().int(),
    seen: z.number().int(),
    areProven: z.boolean(),
    worst: z.number().int().nullable().describe('Number of the worst event'),
  }),
  figures: z.object({
    recoveryTimeSeconds: figure,
    writeOutageSeconds: figure,
    worstClientOutageSeconds: figure,
    lostCommits: figure,
    recoveryPointSeconds: figure,
    acknowledgedCommits: figure,
    baselineTps: figure,
    baselineResponseP50Ms: figure,
    baselineResponseP95Ms: figure,
    baselineResponseP99Ms: figure,
    availability: figure.describe('Acknowledged within the deadline over intended, 0 to 1'),
    successOfAttempts: figure.describe('0 to 1'),
  }),
  cost: z.object({ amount: z.number().nullable(), currency: z.string() }),
  containersLeft: z.number().int().nullable().describe('null: the clean-up was not verified'),
  evidenceSha256: z.string().nullable().describe('Of the raw files that the report was computed from'),
})

export type Summary = z.infer<typeof summarySchema>
export type SummaryFigure = Summary['figures']['lostCommits']
