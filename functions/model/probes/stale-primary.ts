/** What the stale-primary watch says of one event, in the report. `null` is "not measured". */
import * as z from 'zod'

const iso = z.iso.datetime({ precision: 3 })

/**
 *   no new timeline  no timeline rose, so there is no old primary
 *   not measured     no session of the watch was there to see it
 *   in doubt         a write was acknowledged so close to T2 that its order is not known, or was sent before T2 and acknowledged after it
 *   none             the old primary acknowledged no write after T2
 *   split brain      it acknowledged writes that were sent after T2
 */
const STALE_STATES = ['no new timeline', 'not measured', 'in doubt', 'none', 'split brain'] as const

const staleWrite = z
  .object({
    container: z.number().int(),
    session: z.number().int(),
    seq: z.number().int(),
    timeline: z.number().int().describe('Under which the server wrote it, by its own word'),
    sentAt: iso,
    acknowledgedAt: iso,
    onNewPrimary: z.boolean().nullable().describe('Whether the audit found the row; null: there was no audit'),
  })
  .describe('A row of the table drill_watch; container, session and seq are its key')

export const MAX_STALE_WRITES = 1000

export const stalePrimarySchema = z
  .object({
    state: z.enum(STALE_STATES),
    sessions: z.number().int().describe('That were open before the event, and known until they ended or beyond T2'),
    oldTimeline: z.number().int().nullable(),
    newTimeline: z.number().int().nullable(),
    lastAcknowledgedAt: iso.nullable().describe('The last write that the old primary acknowledged to the watch'),
    uncertaintyMs: z.number().nullable().describe('By which the clocks of T2 and of the sessions may be apart'),
    writes: z.number().int().nullable().describe('Acknowledged on the old timeline, and sent after T2'),
    absent: z.number().int().nullable().describe('Of these, absent from the primary that the audit read'),
    rows: z.array(staleWrite).describe('In the order of time, at most 1000'),
    sentence: z.string(),
    why: z.string().nullable().describe('Why it was not measured, or is in doubt'),
  })
  .meta({ id: 'StalePrimary' })

export type StalePrimary = z.infer<typeof stalePrimarySchema>
