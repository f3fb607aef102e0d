/**
 * Removes what has expired. A drill and its results go together: the list leaves an expired drill out at once, then its blobs are
 * removed, and its rows last, so that a removal which is interrupted is found again. A drill that has not been settled is left alone.
 */
import { blobNames } from '../../../loadgen-image/contract/glossary.ts'
import { errorText } from '../../../loadgen-image/contract/redact.ts'
import type { Clients } from '../../clients/clients.ts'
import { removeCampaignEntry } from '../../clients/storage/campaigns.ts'
import { removeDailyRecord } from '../../clients/storage/daily-records.ts'
import { removeIndexEntry, rowsOf } from '../../clients/storage/drill-list.ts'
import { campaignBlobs } from '../../model/campaign/blobs.ts'
import type { CampaignEntry } from '../../model/campaign/status.ts'
import type { IndexEntry } from '../../model/drill-index.ts'
import type { DailyRecord } from '../../model/history/daily-record.ts'
import { keptSinceMs, keysBetween, PARTITIONS } from '../../model/history/keys.ts'
import { drillKey } from '../../model/history/rows.ts'
import { counted } from '../../units/units.ts'
import { hasEnded, type Purges, readState, type Terminations } from '../orchestrations.ts'

type Storage = Pick<Clients, 'blobs' | 'table' | 'clock'>

/** A drill has some forty blobs. More than this waits for the next run, in a quarter of an hour. */
const MAX_DRILLS = 25
const MAX_RECORDS = 500
/** After so many the storage is the reason, and not what is stored. */
const MAX_FAILED = 50

/** One sentence, or none. */
export async function removeExpired(
  storage: Storage,
  client: Pick<Terminations, 'getStatus'>,
  retentionDays: number,
): Promise<readonly string[]> {
  const problems: string[] = []
  const removed = [
    counted(await removeEach(storage, retentionDays, drillsOf(storage), problems), 'expired drill'),
    counted(await removeEach(storage, retentionDays, campaignsOf(storage, client), problems), 'expired campaign'),
    counted(await removeEach(storage, retentionDays, recordsOf(storage), problems), 'record', 'records') +
      ' of the daily timer',
  ]
  const done = removed.filter((words) => !words.startsWith('0 '))
  return [...(done.length === 0 ? [] : [`removed ${done.join(', ')}`]), ...problems]
}

interface Expiring<Entry> {
  readonly partition: string
  readonly limit: number
  /** In words, for a problem. */
  nameOf(entry: Entry): string
  /** False: it is left for a later run. */
  remove(entry: Entry): Promise<boolean>
}

async function removeEach<Entry>(
  { table, clock }: Storage,
  retentionDays: number,
  { partition, limit, nameOf, remove }: Expiring<Entry>,
  problems: string[],
): Promise<number> {
  const range = keysBetween(null, keptSinceMs(clock.now(), retentionDays) - 1)
  let [removed, failed] = [0, 0]
  // What is left for later, or fails, stays in front: the rows behind it have to be reached all the same.
  for await (const entry of rowsOf<Entry>(table, { partition, ...range, where: {} })) {
    if (removed === limit || failed === MAX_FAILED) break
    try {
      if (await remove(entry)) removed++
    } catch (error) {
      failed++
      problems.push(`removing ${nameOf(entry)} failed: ${errorText(error)}`)
    }
  }
  return removed
}

const drillsOf = ({ blobs, table }: Storage): Expiring<IndexEntry> => ({
  partition: PARTITIONS.all,
  limit: MAX_DRILLS,
  nameOf: ({ drillId }) => `drill ${drillId}`,
  remove: async (entry) => {
    // The sweeping timer closes or settles it first, and needs its request for that.
    if ((await table.read(PARTITIONS.open, drillKey(entry))) !== null) return false
    await removeBlobs(blobs, blobNames.drillPrefix(entry.drillId))
    await removeIndexEntry(table, entry)
    return true
  },
})

const campaignsOf = ({ blobs, table }: Storage, client: Pick<Terminations, 'getStatus'>): Expiring<CampaignEntry> => ({
  partition: PARTITIONS.campaigns,
  limit: MAX_DRILLS,
  nameOf: ({ campaignId }) => `campaign ${campaignId}`,
  remove: async (entry) => {
    const state = entry.endedAt === null ? await readState(client, entry.campaignId) : null
    if (state !== null && !hasEnded(state)) return false
    await removeBlobs(blobs, campaignBlobs.prefix(entry.campaignId))
    await removeCampaignEntry(table, entry)
    return true
  },
})

const recordsOf = ({ table }: Storage): Expiring<DailyRecord> => ({
  partition: PARTITIONS.daily,
  limit: MAX_RECORDS,
  nameOf: ({ at, target }) => `the record of the daily timer of ${target.server} at ${at}`,
  remove: async (record) => {
    await removeDailyRecord(table, record)
    return true
  },
})

const AT_ONCE = 10

async function removeBlobs(blobs: Clients['blobs'], prefix: string): Promise<void> {
  const names = (await blobs.list(prefix)).map(({ name }) => name)
  for (let from = 0; from < names.length; from += AT_ONCE)
    await Promise.all(names.slice(from, from + AT_ONCE).map((name) => blobs.delete(name)))
}

// ---- The orchestration service ------------------------------------------------------------------------------------------

/** The list of drills has what is needed of a drill that has ended; its history in the orchestration service is for support. */
export const DURABLE_HISTORY_DAYS = 30
const DAY_MS = 86_400_000
const QUARTER_MS = 900_000
/** The service looks through all its instances: once a day is enough. */
const PURGE_AT_MS = 3 * 3_600_000

const ENDED = ['Completed', 'Failed', 'Terminated', 'Canceled'] as const

/** Deletes the history of orchestrations that ended and began more than 30 days ago. */
export async function purgeHistory({ clock }: Pick<Clients, 'clock'>, client: Purges): Promise<readonly string[]> {
  const nowMs = clock.now().getTime()
  const ofDayMs = nowMs % DAY_MS
  if (ofDayMs < PURGE_AT_MS || ofDayMs >= PURGE_AT_MS + QUARTER_MS) return []
  const { instancesDeleted } = await client.purgeInstanceHistoryBy({
    createdTimeFrom: new Date(0),
    createdTimeTo: new Date(nowMs - DURABLE_HISTORY_DAYS * DAY_MS),
    runtimeStatus: ENDED as unknown as NonNullable<Parameters<Purges['purgeInstanceHistoryBy']>[0]['runtimeStatus']>,
  })
  return instancesDeleted === 0 ? [] : [`purged the history of ${counted(instancesDeleted, 'orchestration')}`]
}
