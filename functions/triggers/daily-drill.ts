/**
 * The daily drill. It would rather not run than run at a wrong moment: not while another drill holds the server, not long
 * after its time, not in the cool-down, and not for ever when it keeps failing. Every firing leaves a record that says what
 * became of it, so that a day without a drill is never a riddle.
 */
import type { InvocationContext, Timer } from '@azure/functions'
import { blobNames } from '../../loadgen-image/contract/glossary.ts'
import { errorText } from '../../loadgen-image/contract/redact.ts'
import type { Clients } from '../clients/clients.ts'
import { drillsOfServer } from '../clients/storage/drill-list.ts'
import { readLastFailover } from '../clients/storage/last-failover.ts'
import { indexBlobs } from '../model/blob-paths.ts'
import { coolDownOf } from '../model/cool-down.ts'
import type { IndexEntry } from '../model/drill-index.ts'
import type { DrillPlan, StoredRequest } from '../model/plan.ts'
import { drillSkippedLine } from '../render/log-lines.ts'
import { parseRequest, type RequestDefaults } from '../request/request.ts'
import { hasEnded, type Orchestrations, readState } from './orchestrations.ts'
import { dailyDrillId, sha256, startDrill } from './start.ts'

export interface DailySettings {
  readonly request: unknown
  readonly defaults: RequestDefaults
}

export interface DailyRecord {
  readonly at: string
  readonly outcome: 'started' | 'skipped' | 'stopped' | 'failed'
  readonly why: string
  readonly drillId: string | null
  /** Of the request, so that a corrected one is tried again after failures. */
  readonly requestHash: string
}

/** After this many failures in a row there is something to repair, and every further drill costs and teaches nothing. */
const MAX_FAILURES = 3

export function dailyDrill(clients: Pick<Clients, 'blobs' | 'clock'>, { request, defaults }: DailySettings) {
  const { blobs, clock } = clients
  const requestHash = sha256(JSON.stringify(request))

  return async function onSchedule(
    timer: Pick<Timer, 'isPastDue'>,
    client: Orchestrations,
    context: Pick<InvocationContext, 'log'>,
  ): Promise<DailyRecord> {
    const now = clock.now()
    const drillId = dailyDrillId(now)
    const outcome = await decide(timer, client, drillId, now).catch((error: unknown) => failed(error))
    const record: DailyRecord = { at: now.toISOString(), requestHash, drillId: null, ...outcome }
    // Whatever the reason, a day without a drill. Logged first: storage may be the reason.
    if (record.outcome !== 'started') context.log(drillSkippedLine({ reason: record.why, at: record.at }))
    await blobs.writeJson(indexBlobs.daily(record.at), record)
    return record
  }

  type Outcome = Pick<DailyRecord, 'outcome' | 'why'> & { readonly drillId?: string }

  async function decide(
    { isPastDue }: Pick<Timer, 'isPastDue'>,
    client: Orchestrations,
    drillId: string,
    now: Date,
  ): Promise<Outcome> {
    if (isPastDue) return skipped('the timer fired late: the app was not running at the scheduled time')
    const context = { drillId, requestedAt: now.toISOString(), requestedBy: 'timer', defaults } as const
    const parsed = parseRequest(request, context)
    if (!parsed.ok) {
      const told = parsed.problems.map(({ field, problem, expected }) => `${field}: ${problem}, expected ${expected}`)
      return { outcome: 'failed', why: `DAILY_DRILL_REQUEST cannot be used: ${told.join('; ')}` }
    }
    const { plan } = parsed
    const failures = await failuresInARow(client, plan)
    if (failures !== null) return { outcome: 'stopped', why: failures }
    const coolDown = await restOfCoolDown(plan, now)
    if (coolDown !== null) return skipped(coolDown)
    const answer = await startDrill(clients, client, plan, requestHash)
    if (answer.kind === 'busy')
      return skipped(`drill ${answer.holder.drillId} is running against ${plan.target.server}`)
    if (answer.kind === 'other request') return skipped(`drill ${drillId} exists with another request`)
    return { outcome: 'started', why: answer.kind === 'known' ? 'it was already started' : 'on schedule', drillId }
  }

  /** Why the daily drill has stopped itself, or null. A drill by hand that passes, or another request, starts it again. */
  async function failuresInARow(client: Orchestrations, { target }: DrillPlan): Promise<string | null> {
    const failures: IndexEntry[] = []
    for await (const entry of drillsOfServer(blobs, target)) {
      if (entry.verdict === 'PASS' || failures.length === MAX_FAILURES) break
      if (entry.requestedBy === 'timer' && (await hasFailed(client, entry))) failures.push(entry)
    }
    if (failures.length < MAX_FAILURES || (await requestChangedSince(failures[0]))) return null
    const verdicts = failures.map(({ drillId, verdict }) => `${drillId} ${verdict ?? 'without a report'}`)
    return (
      `stopped after ${MAX_FAILURES} failures in a row (${verdicts.join(', ')}). ` +
      'It goes on after a drill started by hand has passed, or after DAILY_DRILL_REQUEST has changed'
    )
  }

  /** Whether the newest failure ran another request than the one that would run now. */
  async function requestChangedSince(newest: IndexEntry | undefined): Promise<boolean> {
    if (newest === undefined) return false
    const started = await blobs.readJson<StoredRequest>(blobNames.request(newest.drillId))
    return started !== null && started.bodyHash !== requestHash
  }

  async function restOfCoolDown({ target, timing }: DrillPlan, now: Date): Promise<string | null> {
    const last = await readLastFailover(blobs, target)
    if (last === null) return null
    const { isOver, words } = coolDownOf(last.at, now.toISOString(), timing.cooldownMinutes)
    return isOver ? null : `since the last failover: ${words}; the cool-down is ${timing.cooldownMinutes} min`
  }
}

/** Newest first. */
export async function dailyRecords(blobs: Clients['blobs'], limit: number): Promise<DailyRecord[]> {
  const names = (await blobs.list(indexBlobs.dailyPrefix)).map(({ name }) => name).sort()
  const records = await Promise.all(names.slice(0, limit).map((name) => blobs.readJson<DailyRecord>(name)))
  return records.filter((record) => record !== null)
}

const skipped = (why: string) => ({ outcome: 'skipped', why }) as const
const failed = (error: unknown) => ({ outcome: 'failed', why: errorText(error) }) as const

/** Ended with another verdict than PASS, or died without a report. One that still runs has not failed. */
async function hasFailed(client: Orchestrations, { drillId, verdict, endedAt }: IndexEntry): Promise<boolean> {
  if (endedAt !== null) return verdict !== 'PASS'
  const state = await readState(client, drillId)
  return state !== null && hasEnded(state) && state.runtimeStatus !== 'Completed'
}
