/**
 * The daily drill of one server. It is skipped when another drill holds the server, when the timer fires late, in the cool-down, and after N
 * failures in a row. Every firing is recorded with its outcome and the reason.
 */
import type { InvocationContext, Timer } from '@azure/functions'
import { blobNames } from '../../loadgen-image/contract/glossary.ts'
import { errorText } from '../../loadgen-image/contract/redact.ts'
import type { Clients } from '../clients/clients.ts'
import { drillsOfServer } from '../clients/storage/drill-list.ts'
import { readLastPromotion } from '../clients/storage/last-promotion.ts'
import { indexBlobs } from '../model/blob-paths.ts'
import { coolDownOf } from '../model/cool-down.ts'
import type { IndexEntry } from '../model/drill-index.ts'
import type { DrillPlan, StoredRequest, Target } from '../model/plan.ts'
import { drillSkippedLine } from '../render/log-lines.ts'
import { parseRequest, type RequestDefaults } from '../request/request.ts'
import { chooseTarget } from '../request/targets.ts'
import { hasEnded, type Orchestrations, readState } from './orchestrations.ts'
import { dailyDrillId, sha256, startDrill } from './start.ts'

interface DailySettings {
  /** The server, by its name in `defaults`. */
  readonly name: string
  readonly request: Readonly<Record<string, unknown>>
  /** Where that request is written. */
  readonly source: string
  readonly stopAfterFailures: number
  readonly defaults: RequestDefaults
}

interface DailyRecord {
  readonly at: string
  readonly target: Target
  readonly outcome: 'started' | 'skipped' | 'stopped' | 'failed'
  readonly why: string
  readonly drillId: string | null
  /** Of the request, so that a corrected one is tried again after failures. */
  readonly requestHash: string
}

type Storage = Pick<Clients, 'blobs' | 'clock'>

type Outcome = Pick<DailyRecord, 'outcome' | 'why'> & { readonly drillId?: string }

/** One firing of the timer. */
interface Firing {
  readonly storage: Storage
  readonly client: Orchestrations
  readonly now: Date
  readonly body: Readonly<Record<string, unknown>>
  readonly requestHash: string
}

export function dailyDrill(storage: Storage, settings: DailySettings) {
  const { defaults, name, request } = settings
  const of = defaults.targets.find((one) => one.name === name)
  if (of === undefined) throw new Error(`the daily drill is of ${name}, which is no target of the app`)
  // What decides the drill is tried again when it was corrected.
  const requestHash = sha256(JSON.stringify({ ...of.requestDefaults, ...request }))
  const body: Firing['body'] = defaults.targets.length === 1 ? request : { ...request, target: name }
  const { target } = chooseTarget(body.target, defaults.targets)
  return async function onSchedule(
    { isPastDue }: Pick<Timer, 'isPastDue'>,
    client: Orchestrations,
    context: Pick<InvocationContext, 'log'>,
  ): Promise<DailyRecord> {
    const now = storage.clock.now()
    const firing: Firing = { storage, client, now, body, requestHash }
    const outcome = await decide(firing, settings, isPastDue).catch(
      (error: unknown): Outcome => ({ outcome: 'failed', why: errorText(error) }),
    )
    const record: DailyRecord = { at: now.toISOString(), target, requestHash, drillId: null, ...outcome }
    const { server, resourceGroup } = target
    // Logged first, because storage may be the reason.
    if (record.outcome !== 'started')
      context.log(drillSkippedLine({ server, resourceGroup, reason: record.why, at: record.at }))
    await storage.blobs.writeJson(indexBlobs.daily(record.at, target), record)
    return record
  }
}

async function decide(firing: Firing, settings: DailySettings, isPastDue: boolean): Promise<Outcome> {
  const { storage, client, now, body, requestHash } = firing
  const { defaults, name, source } = settings
  if (isPastDue) return skipped('the timer fired late: the app was not running at the scheduled time')
  const drillId = dailyDrillId(now, defaults.targets.length === 1 ? null : name)
  const parsed = parseRequest(body, { drillId, requestedAt: now.toISOString(), requestedBy: 'timer', defaults })
  if (!parsed.ok) {
    const problems = parsed.problems.map(({ field, problem, expected }) => `${field}: ${problem}, expected ${expected}`)
    return { outcome: 'failed', why: `${source} cannot be used: ${problems.join('; ')}` }
  }
  const { plan } = parsed
  const failures = await failuresInARow(firing, plan, settings)
  if (failures !== null) return { outcome: 'stopped', why: failures }
  const coolDown = await restOfCoolDown(storage.blobs, plan, now)
  if (coolDown !== null) return skipped(coolDown)
  const answer = await startDrill(storage, client, plan, requestHash)
  if (answer.kind === 'busy') return skipped(`drill ${answer.holder.drillId} is running against ${plan.target.server}`)
  if (answer.kind === 'other request') return skipped(`drill ${drillId} exists with another request`)
  return { outcome: 'started', why: answer.kind === 'known' ? 'it was already started' : 'on schedule', drillId }
}

/** Why the daily drill has stopped itself, or null. A drill started by hand that passes, or another request, starts it again. */
async function failuresInARow(
  { storage, client, requestHash }: Firing,
  { target }: DrillPlan,
  { stopAfterFailures, source }: DailySettings,
): Promise<string | null> {
  const { blobs } = storage
  const failures: IndexEntry[] = []
  for await (const entry of drillsOfServer(blobs, target)) {
    if (entry.verdict === 'PASS' || failures.length === stopAfterFailures) break
    if (entry.requestedBy === 'timer' && (await hasFailed(client, entry))) failures.push(entry)
  }
  const newest = failures[0]
  if (newest === undefined || failures.length < stopAfterFailures) return null
  const started = await blobs.readJson<StoredRequest>(blobNames.request(newest.drillId))
  if (started !== null && started.bodyHash !== requestHash) return null
  const verdicts = failures.map(({ drillId, verdict }) => `${drillId} ${verdict ?? 'without a report'}`)
  return (
    `stopped after ${stopAfterFailures} failures in a row (${verdicts.join(', ')}). ` +
    `It goes on after a drill of this server started by hand has passed, or after ${source} has changed`
  )
}

async function restOfCoolDown(
  blobs: Clients['blobs'],
  { target, timing }: DrillPlan,
  now: Date,
): Promise<string | null> {
  const last = await readLastPromotion(blobs, target)
  if (last === null) return null
  const { isOver, words } = coolDownOf(last.at, now.toISOString(), timing.cooldownMinutes)
  return isOver ? null : `since the last failover: ${words}; the cool-down is ${timing.cooldownMinutes} min`
}

/** Newest first; `server`: of that name, in any resource group. */
export async function dailyRecords(
  blobs: Clients['blobs'],
  limit: number,
  server: string | null = null,
): Promise<DailyRecord[]> {
  const own = server === null ? '.json' : `-${server.toLowerCase()}.json`
  const names = (await blobs.list(indexBlobs.dailyPrefix)).map(({ name }) => name).filter((name) => name.endsWith(own))
  const records = await Promise.all(
    names
      .sort()
      .slice(0, limit)
      .map((name) => blobs.readJson<DailyRecord>(name)),
  )
  // The end of a name is also that of a longer one.
  return records.filter(
    (record) => record !== null && (server === null || record.target.server.toLowerCase() === server.toLowerCase()),
  ) as DailyRecord[]
}

const skipped = (why: string) => ({ outcome: 'skipped', why }) as const

/** Ended with a verdict other than PASS, or without a report. A drill that still runs has not failed. */
async function hasFailed(client: Orchestrations, { drillId, verdict, endedAt }: IndexEntry): Promise<boolean> {
  if (endedAt !== null) return verdict !== 'PASS'
  const state = await readState(client, drillId)
  return state !== null && hasEnded(state) && state.runtimeStatus !== 'Completed'
}
