/**
 * report.json, schema 1: one type and one JSON Schema from one definition. `null` is "not measured"; it is never 0.
 * The definition of every figure stands beside it, in the part that it belongs to (report/, report-events.ts), and is printed in the report.
 */

import * as z from 'zod'
import { PHASE_NAMES } from './chart-data.ts'
import { cohortSchema } from './comparisons/cohort.ts'
import { stoppedBySchema } from './early-end/stopped-by-schema.ts'
import type { EVENT_KINDS } from './planned-event.ts'
import { applicationSchema } from './probes/application.ts'
import { checkResult } from './report/check.ts'
import { clientOutage, errorRow } from './report/clients.ts'
import { containerRow } from './report/containers.ts'
import { criterionSchema, VERDICTS } from './report/criterion.ts'
import { journalEntry } from './report/journal.ts'
import { type percentiles, phaseLatency } from './report/latency.ts'
import { ledger } from './report/ledger.ts'
import { availability, throughput } from './report/load.ts'
import { eventProof, moments, recovery, waterfallStep } from './report/moments.ts'
import { trendFigure } from './report/trend.ts'
import { iso, nullableIso, nullableNumber } from './report/values.ts'
import { advice, type CAUSES, event, eventRequest, type SERVICE_STATES } from './report-events.ts'

/** What the platform records by itself of a server. */
const PLATFORM_SOURCES = ['activity log', 'resource health'] as const

const phaseSpan = z.object({
  name: z.enum(PHASE_NAMES),
  fromAt: iso,
  toAt: iso,
  seconds: z.number(),
})

export const reportSchema = z.object({
  schema: z.literal(1),
  drillId: z.string(),
  verdict: z.enum(VERDICTS),
  headline: z.string().describe('One sentence for the top of the page'),
  reasons: z.array(z.string()).describe('Why the verdict is not PASS'),
  stoppedBy: stoppedBySchema,
  startedAt: iso,
  endedAt: iso,
  criteria: z.array(criterionSchema).describe('Empty when the load did not start: nothing was judged'),
  worstEvent: z
    .number()
    .int()
    .nullable()
    .describe(
      'Number of the event with the longest recovery time; one that did not recover is longer than every number',
    ),
  moments: moments.describe('Of the worst event, or all null'),
  recovery: recovery.describe(
    'Each figure is the worst of all events, and null when it is not known of one of them; of client outages the longest also counts the lone clients',
  ),
  requests: z.array(eventRequest).describe('Every planned event, in the order of time'),
  events: z.array(event).describe('What the drill caused and what was only seen, in the order of time'),
  waterfall: z.array(waterfallStep).describe('Of the worst event'),
  stepProbe: z
    .object({ measured: z.boolean(), why: z.string().describe('Why it was not measured; empty when it was') })
    .describe('Whether the step probes of the load generators tried the ways to the server'),
  advice: z.array(advice).describe('What the figures of this drill say could be changed, in the order of the events'),
  phases: z.array(phaseSpan),
  worstClients: z.array(clientOutage).describe('Of the worst event, at most five, the longest first'),
  loneClients: z
    .object({ clients: z.number().int(), maxOutageSeconds: nullableNumber })
    .describe('Clients that were out for a second or more outside of every event, while others were served'),
  likeDrills: z
    .object({
      what: z.string().describe('What a like drill has in common with this one: its load and its events'),
      found: z.number().int(),
      lookedAt: z.number().int().describe("Among so many of the server's newest drills before this one"),
    })
    .describe('What the trend compares with'),
  trend: z.array(trendFigure).describe('Empty when no like drill was found'),
  ledger: ledger,
  throughput: throughput,
  availability: availability,
  latencyMs: z.object({
    baseline: phaseLatency,
    outage: phaseLatency,
    recovery: phaseLatency,
    after: phaseLatency,
    whole: phaseLatency,
  }),
  errors: z.array(errorRow),
  applications: z.array(applicationSchema).describe('The probed applications, in the order of the request'),
  generator: z.object({
    wasTheLimit: z.boolean().nullable(),
    why: z.string(),
    containers: z.array(containerRow),
    cohorts: z.array(cohortSchema),
    missingChunks: z.array(z.string()),
  }),
  eventsProof: eventProof.describe('Of all planned events'),
  checklist: z.array(checkResult),
  metrics: z.object({
    resolution: z.string(),
    complete: z.boolean(),
    series: z.array(
      z.object({
        name: z.string(),
        unit: z.string(),
        points: z.array(z.object({ at: z.string(), average: nullableNumber, maximum: nullableNumber })),
      }),
    ),
  }),
  platformLog: z
    .object({
      records: z.array(z.object({ at: iso, source: z.enum(PLATFORM_SOURCES), what: z.string() })),
      notRead: z.array(z.string()).describe('What could not be read, and why'),
    })
    .nullable()
    .describe('Of a drill that watches: what the platform itself recorded, as context. null: nothing was read'),
  cost: z.object({
    vCpuSeconds: nullableNumber,
    gbSeconds: nullableNumber,
    currency: z.string(),
    amount: nullableNumber,
    source: z.string(),
  }),
  setup: z.record(z.string(), z.string()),
  timing: z.record(z.string(), z.number()),
  cleanup: z.object({ containersLeft: z.number().int().nullable(), verifiedAt: nullableIso }),
  journal: z.array(journalEntry),
  caveats: z.array(z.string()),
  evidence: z
    .object({ files: z.number().int(), bytes: z.number().int(), sha256: z.string() })
    .nullable()
    .describe('The raw files that the report was computed from, with the SHA-256 of their sums; null: not stored'),
})

export type Report = z.infer<typeof reportSchema>
export type Criterion = z.infer<typeof criterionSchema>
export type CheckResult = z.infer<typeof checkResult>
export type JournalEntry = z.infer<typeof journalEntry>
export type DrillEvent = z.infer<typeof event>
export type Moments = z.infer<typeof moments>
export type ServiceState = (typeof SERVICE_STATES)[number]
export type EventRequest = z.infer<typeof eventRequest>
export type EventWay = DrillEvent['ways'][number]
export type Advice = Report['advice'][number]
export type Cause = (typeof CAUSES)[number]
export type EventKind = (typeof EVENT_KINDS)[number]
export type WaterfallStep = z.infer<typeof waterfallStep>
export type ClientOutage = z.infer<typeof clientOutage>
export type TrendFigure = z.infer<typeof trendFigure>
export type Percentiles = z.infer<typeof percentiles>
export type Verdict = Report['verdict']

export interface GeneratorVerdict {
  /** Null: there was no baseline to judge by. */
  readonly wasTheLimit: boolean | null
  readonly why: string
}
