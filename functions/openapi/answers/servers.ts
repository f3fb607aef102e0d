/** Answers about servers and what the app does by itself: the offer, the records of the daily timers, the containers. */
import * as z from 'zod'
import type { DailyAnswer, DailyRecord } from '../../model/history/daily-record.ts'
import type { FailingCheck, OfferedPreset } from '../../request/offer.ts'
import { REQUEST_LIMITS } from '../../request/rules.ts'
import type { ContainerList, DeletedContainers } from '../../triggers/containers/containers-api.ts'
import { exactly } from './exactly.ts'
import { drillRequest, instant, nullableNumber, nullableText, target, targetFields, texts } from './shapes.ts'

const offered = z
  .object({
    ...targetFields,
    name: z.string().describe('The field `target` of a request'),
    schedule: nullableText.describe('Of its daily drill, six-field NCRONTAB in UTC; null: it has none'),
  })
  .meta({ id: 'OfferedTarget', description: 'A server that a request can name' })

const check = exactly<FailingCheck>()(
  z
    .object({
      id: z.string(),
      title: z.string(),
      seen: z.string(),
      wanted: z.string(),
      why: z.string(),
      advice: z.string(),
      forced: z.boolean().describe('The request overrides it'),
    })
    .meta({ id: 'FailingCheck' }),
)

const preset = exactly<OfferedPreset>()(
  z
    .object({
      id: z.enum(['quick', 'standard', 'five-hours', 'planned', 'watch']),
      title: z.string(),
      about: z.string(),
      request: drillRequest.describe('As it would be posted'),
      plannedSeconds: z.number(),
      failing: z.array(check).describe('Checks that fail now'),
    })
    .meta({ id: 'Preset' }),
)

const limits = z.object(
  Object.fromEntries([...Object.keys(REQUEST_LIMITS), 'cooldownMinutes'].map((name) => [name, z.number()])),
)

const record = exactly<DailyRecord>()(
  z
    .object({
      at: instant,
      target,
      outcome: z.enum(['started', 'skipped', 'stopped', 'failed']),
      why: z.string(),
      drillId: nullableText,
      requestHash: z.string(),
    })
    .meta({ id: 'DailyRecord' }),
)

const container = z
  .object({
    name: z.string(),
    drillId: z.string(),
    drillRuns: z.boolean().describe('false: its drill has ended, and the container should be gone'),
    provisioningState: z.string(),
    state: z.enum(['Waiting', 'Running', 'Terminated']).nullable(),
    zone: nullableText,
    startedAt: nullableText,
    finishedAt: nullableText,
    expiresAt: nullableText.describe('From then on the timer deletes it'),
    cpu: nullableNumber,
    memoryGb: nullableNumber,
    seconds: nullableNumber.describe('Since its start; null: the platform reports no start'),
    cost: nullableNumber,
  })
  .meta({ id: 'Container' })

export const SERVER_ANSWERS = {
  Defaults: z.object({
    target: offered.describe('The server that the rest of the answer is about'),
    targets: z.array(offered).describe('All servers of the app'),
    limits,
    defaults: drillRequest.describe('Every field of an empty request'),
    presets: z.array(preset).describe('The first one is what the start form of the dashboard begins with'),
    checks: z.object({
      at: instant,
      notJudgedWhy: nullableText.describe('Why nothing could be judged; null: the checks were judged'),
      notSeen: texts.describe('Ids that could not be seen now'),
    }),
    runningDrill: nullableText.describe('The drill that holds the server; null: it is free'),
  }),
  DailyRecords: exactly<DailyAnswer>()(
    z.object({
      records: z.array(record).describe('Newest first'),
      withoutDrill: z
        .array(record)
        .describe('The newest firing of each server that has a schedule, where that firing started no drill'),
      servers: texts.describe('Names of all servers of the app'),
    }),
  ),
  ContainerList: exactly<ContainerList>()(
    z.object({
      containers: z.array(container),
      currency: z.string(),
      amount: nullableNumber.describe('Of all of them; null where one is not known'),
      source: z.string(),
    }),
  ),
  DeletedContainers: exactly<DeletedContainers>()(
    z.object({
      drillId: z.string(),
      deleted: texts,
      problems: texts.describe('Why the platform did not delete the others'),
    }),
  ),
}
