/**
 * The index of drills in storage. Each entry is stored twice, among all drills and among those of its server: a look back at one server
 * reads its own drills only, regardless of how many drills other servers had.
 */
import { indexBlobs } from '../../model/blob-paths.ts'
import { type IndexEntry, serverKey } from '../../model/drill-index.ts'
import type { Target } from '../../model/plan.ts'
import type { Blobs } from '../clients.ts'

const namesOf = ({ requestedAt, drillId, target }: IndexEntry): readonly string[] => [
  indexBlobs.ofServer(target, requestedAt, drillId),
  indexBlobs.entry(requestedAt, drillId),
]

export async function writeIndexEntry(blobs: Blobs, entry: IndexEntry): Promise<void> {
  for (const name of namesOf(entry)) await blobs.writeJson(name, entry)
}

/** For a drill that starts. An existing entry is newer and stays. */
export async function beginIndexEntry(blobs: Blobs, entry: IndexEntry): Promise<void> {
  for (const name of namesOf(entry)) await blobs.writeOnce(name, entry)
}

const PAGE = 25

/** A server's drills, newest first; `before` leaves out that drill and all that were requested later. */
export async function* drillsOfServer(
  blobs: Blobs,
  target: Target,
  before?: Pick<IndexEntry, 'requestedAt' | 'drillId'>,
): AsyncGenerator<IndexEntry> {
  const own = before === undefined ? '' : indexBlobs.ofServer(target, before.requestedAt, before.drillId)
  const listed = await blobs.list(indexBlobs.serverPrefix(target))
  const names = listed
    .map(({ name }) => name)
    .sort()
    .filter((name) => name > own)
  for (let from = 0; from < names.length; from += PAGE) {
    const page = await Promise.all(names.slice(from, from + PAGE).map((name) => blobs.readJson<IndexEntry>(name)))
    for (const entry of page) if (entry !== null && serverKey(entry.target) === serverKey(target)) yield entry
  }
}

/** Drills of all servers, newest first: the newest `count`, and all that were requested since. */
export async function newestDrills(blobs: Blobs, count: number, since: Date): Promise<IndexEntry[]> {
  const oldest = indexBlobs.entry(since.toISOString(), '')
  const names = (await blobs.list(indexBlobs.prefix)).map(({ name }) => name).sort()
  const wanted = names.filter((name, i) => i < count || name < oldest)
  const entries: (IndexEntry | null)[] = []
  for (let from = 0; from < wanted.length; from += PAGE)
    entries.push(
      ...(await Promise.all(wanted.slice(from, from + PAGE).map((name) => blobs.readJson<IndexEntry>(name)))),
    )
  return entries.filter((entry) => entry !== null)
}
