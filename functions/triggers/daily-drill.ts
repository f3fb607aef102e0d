/**
 * The daily drill of one server. It is skipped when another drill holds the server, when the timer fires late, in the cool-down, and after N
 * failures in a row. Every firing is recorded with its outcome and the reason.
 */
import type { InvocationContext, Timer } from '@azure/functions'
import { blobNames } from '../../loadgen-image/contract/glossary.ts'
import { errorText } from '../../loadgen-image/contract/redact.ts'
import type { Clients } from '../clients/clients.ts'
import { writeDailyRecord } from '../clients/storage/daily-records.ts'
import { drillsOfServer } from '../clients/storage/drill-list.ts'
import { readLastPromotion } from '../clients/storage/last-promotion.ts'
import { coolDownOf } from '../model/cool-down.ts'
import type { IndexEntry } from '../model/drill-index.ts'
import { verdictWord } from '../model/early-end/stopped-by.ts'
import type { DailyRecord } from '../model/history/daily-record.ts'
import type { DrillPlan, StoredRequest } from '../model/plan.ts'
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

type Storage = Pick<Clients, 'blobs' | 'table' | 'clock'>

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
    await writeDailyRecord(storage.table, record)
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
  const { blobs, table } = storage
  const failures: IndexEntry[] = []
  for await (const entry of drillsOfServer(table, target, { where: { requestedBy: 'timer' } })) {
    if (entry.verdict === 'PASS' || failures.length === stopAfterFailures) break
    if (await hasOtherRequest(blobs, entry, requestHash)) break
    if (await hasFailed(client, entry)) failures.push(entry)
  }
  const oldest = failures.at(-1)
  if (oldest === undefined || failures.length < stopAfterFailures) return null
  if (await hasPassedSince(table, oldest)) return null
  const verdicts = failures.map((entry) => `${entry.drillId} ${verdictWord(entry) ?? 'without a report'}`)
  return (
    `stopped after ${stopAfterFailures} failures in a row (${verdicts.join(', ')}). ` +
    `It goes on after a drill of this server started by hand has passed, or after ${source} has changed`
  )
}

/** A corrected request gets as many drills as the first one. A drill whose request is gone counts. */
async function hasOtherRequest(
  blobs: Clients['blobs'],
  { drillId }: IndexEntry,
  requestHash: string,
): Promise<boolean> {
  const started = await blobs.readJson<StoredRequest>(blobNames.request(drillId))
  return started !== null && started.bodyHash !== requestHash
}

/** By hand: of those by the timer the newest were looked at. */
async function hasPassedSince(table: Clients['table'], oldest: IndexEntry): Promise<boolean> {
  for await (const _ of drillsOfServer(table, oldest.target, { since: oldest, where: { verdict: 'PASS' } })) return true
  return false
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

const skipped = (why: string) => ({ outcome: 'skipped', why }) as const

/** Ended with a verdict other than PASS, or without a report. A drill that still runs has not failed. */
async function hasFailed(client: Orchestrations, { drillId, verdict, endedAt }: IndexEntry): Promise<boolean> {
  if (endedAt !== null) return verdict !== 'PASS'
  const state = await readState(client, drillId)
  return state !== null && hasEnded(state) && state.runtimeStatus !== 'Completed'
}
