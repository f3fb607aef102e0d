/** Answers about drills: the status with its live figures, the list, the comparison. */
import * as z from 'zod'
import { WAY_STATES, WAYS } from '../../model/chart-data.ts'
import type { ListedFigures, Measured } from '../../model/drill-index.ts'
import { stoppedBySchema } from '../../model/early-end/stopped-by-schema.ts'
import { COMPARED_PARTS, type Comparison } from '../../model/history/compared.ts'
import { journalEntry } from '../../model/report/journal.ts'
import { reportSchema } from '../../model/report.ts'
import { type DrillProgress, type DrillStatus, type DrillsPage, type Live, PHASES } from '../../model/status.ts'
import { exactly } from './exactly.ts'
import {
  drillRequest,
  instant,
  nextPage,
  nullableInstant,
  nullableNumber,
  nullableText,
  plannedEvent,
  retentionDays,
  target,
  texts,
  verdict,
} from './shapes.ts'

const point = z
  .object({
    second: z.number(),
    offeredTps: z.number(),
    goodputTps: z.number().describe('Acknowledged commits per second'),
    errorsPerSecond: z.number().describe('Refused or unknown transactions; a connection that cannot be opened is none'),
    missedPerSecond: z.number(),
    clientsConnected: z.number(),
    clientsWanted: z.number(),
    p50Ms: nullableNumber,
    p99Ms: nullableNumber,
  })
  .meta({ id: 'LivePoint', description: 'One second of the load, added up over all containers' })

const metric = z
  .object({
    name: z.string(),
    unit: z.string(),
    value: nullableNumber,
    at: nullableText,
    recent: z
      .array(z.object({ at: z.string(), value: nullableNumber }))
      .exactOptional()
      .describe('The last five minutes, oldest first'),
  })
  .meta({ id: 'LiveMetric' })

const moment = z
  .object({
    moment: z.enum(['t0', 't1', 't2', 't3', 't6']),
    event: z.number().describe('Of the plan, counted from 0'),
    second: z.number().describe('Of the load'),
  })
  .meta({ id: 'LiveMoment' })

const application = z
  .object({
    name: z.string(),
    second: z.number(),
    good: z.number(),
    failed: z.number(),
    failingSeconds: nullableNumber,
  })
  .meta({ id: 'LiveApplication' })

const way = z
  .object({ way: z.enum(WAYS), state: z.enum(WAY_STATES), second: z.number(), seconds: z.number() })
  .meta({ id: 'LiveWay', description: 'What a new connection meets by one way to the server' })

const generator = z
  .object({
    container: z.number(),
    state: z.enum(['starting', 'ready', 'running', 'ended', 'failed']),
    newestSecond: nullableNumber,
    lastCommitSecond: nullableNumber,
  })
  .meta({ id: 'LiveGenerator' })

const live = exactly<Live>()(
  z
    .object({
      at: instant,
      loadSecond: nullableNumber.describe('Seconds since the load started; negative before'),
      latest: point.nullable(),
      outageSeconds: nullableNumber.describe('Length of the outage that is going on; null: commits are acknowledged'),
      acknowledged: z.number(),
      errors: z.number(),
      missed: z.number(),
      containers: z.object({ wanted: z.number(), running: z.number(), ready: z.number(), failed: z.number() }),
      generators: z.array(generator).exactOptional(),
      serverState: nullableText,
      haState: nullableText,
      primaryZone: nullableText,
      metrics: z.array(metric),
      moments: z.array(moment).exactOptional(),
      applications: z.array(application).exactOptional().describe('Absent where the drill probes none'),
      ways: z.array(way).exactOptional().describe('Absent where no step probe has a record yet'),
    })
    .meta({ id: 'Live' }),
)

const progress = exactly<DrillProgress>()(
  z
    .object({
      phase: z.enum(PHASES),
      phaseStartedAt: instant,
      loadStartAtMs: nullableNumber,
      live: live.nullable(),
      note: nullableText,
      journal: z.array(journalEntry).exactOptional().describe('The newest entries, oldest first'),
    })
    .meta({ id: 'DrillProgress' }),
)

const drillLinks = z.object({ self: z.string(), report: nullableText, files: texts }).meta({ id: 'DrillLinks' })

const statusFields = {
  drillId: z.string(),
  state: z.enum(['waiting', 'running', 'finished', 'failed']),
  verdict,
  headline: nullableText,
  stoppedBy: stoppedBySchema,
  target,
  events: z.array(plannedEvent),
  requestedAt: instant,
  endedAt: nullableInstant,
  elapsedSeconds: z.number(),
  plannedSeconds: z.number().describe('How long the drill should take, from its plan'),
  progress: progress.nullable(),
  history: z.array(point).describe('Up to 300 newest points; empty in a list'),
  error: nullableText,
  request: drillRequest
    .nullable()
    .describe('Posted again, it runs the same drill. null in a list, and until the drill has ended'),
  links: drillLinks,
}

const measured = exactly<Measured>()(
  z
    .discriminatedUnion('kind', [
      z.object({ kind: z.literal('value'), value: z.number() }),
      z.object({ kind: z.literal('at-least'), value: z.number(), why: z.string() }),
      z.object({ kind: z.literal('at-most'), value: z.number(), why: z.string() }),
      z.object({ kind: z.literal('never'), why: z.string() }),
      z.object({ kind: z.literal('missing'), why: z.string() }),
    ])
    .meta({
      id: 'Measured',
      description:
        'at-least: the true value is this or more. at-most: this or less. never: it did not happen while the load ran. missing: not measured',
    }),
)

const worst = z
  .object({ measured, event: nullableNumber.describe('Number of the event that measured it') })
  .meta({ id: 'Worst' })

const listed = exactly<ListedFigures>()(
  z
    .object({
      figures: z
        .record(z.string(), nullableNumber)
        .describe('Each the worst of all events of the drill; null: not measured'),
      worst: z.object({ events: z.number(), recoveryTime: worst, writeOutage: worst }),
      like: z
        .object({ words: z.string(), settings: z.string() })
        .describe('Load and events: the same in drills that can be compared'),
    })
    .meta({ id: 'ListedFigures' }),
)

const compared = reportSchema
  .pick(Object.fromEntries(COMPARED_PARTS.map((part) => [part, true])) as Record<(typeof COMPARED_PARTS)[number], true>)
  .extend({
    timeline: z
      .array(
        z
          .object({
            alignedSeconds: z.number().describe('0 is T1, or the start of the load in a drill without an outage'),
            goodput: z.number(),
            responseP99Ms: nullableNumber,
          })
          .meta({ id: 'ComparedPoint' }),
      )
      .describe('The seconds with a peak or a low, as they were measured; of a short drill every second'),
  })
  .meta({ id: 'ComparedDrill' })

export const DRILL_ANSWERS = {
  Started: z.object({ drillId: z.string(), links: drillLinks }),
  DrillStatus: exactly<DrillStatus>()(z.object(statusFields)),
  DrillPage: exactly<DrillsPage>()(
    z.object({
      drills: z.array(z.object({ ...statusFields, report: listed.nullable() }).meta({ id: 'ListedDrill' })),
      next: nextPage,
      retentionDays,
    }),
  ),
  Report: reportSchema,
  Comparison: exactly<Comparison>()(z.object({ drills: z.array(compared) })),
  EvidenceFiles: z.object({ files: z.array(z.object({ path: z.string(), bytes: z.number().int() })) }),
}
