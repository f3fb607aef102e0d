/** What an event may have had to replay, beside what was measured: a part of the report. */
import * as z from 'zod'

const nullableNumber = z.number().nullable()

export const replaySchema = z.object({
  isEstimate: z.literal(true),
  walBytesPerSecond: nullableNumber.describe('Written by the server in the steady load before the event'),
  sinceCheckpointSeconds: nullableNumber.describe('At the event, since the last checkpoint began to count'),
  sinceRedoBytes: nullableNumber.describe('WAL at the event since the redo point of that checkpoint'),
  assumedBytesPerSecond: z.object({ slow: z.number(), fast: z.number() }),
  assumption: z.string().describe('Where the speed of the replay is from'),
  seconds: z
    .object({ fast: z.number(), slow: z.number() })
    .nullable()
    .describe('To replay all of it; null: a fact is missing'),
  measuredOutageSeconds: nullableNumber.describe('t2 - t1, measured: it holds more than a replay'),
  missing: z.string().nullable().describe('Why a fact is null'),
  sentence: z.string(),
})

export type ReplayReport = z.infer<typeof replaySchema>
