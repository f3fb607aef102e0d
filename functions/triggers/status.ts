/** The status of a drill, from those of these that exist: the orchestration's state, its live blob, the list of drills. */
import { blobNames } from '../../loadgen-image/contract/glossary.ts'
import { isDrillId } from '../../loadgen-image/contract/load-plan.ts'
import { EVIDENCE_FILE } from '../archive/evidence-zip.ts'
import type { Clients } from '../clients/clients.ts'
import { readIndexEntry } from '../clients/storage/drill-list.ts'
import type { LiveRecord } from '../live/live.ts'
import { drillBlobs } from '../model/blob-paths.ts'
import type { IndexEntry, ListedFigures } from '../model/drill-index.ts'
import { plannedSeconds } from '../model/load-plan.ts'
import type { StoredRequest } from '../model/plan.ts'
import type { DrillProgress, DrillStatus, ListedDrill } from '../model/status.ts'
import { requestOfPlan } from '../request/again.ts'
import type { RequestDefaults } from '../request/request.ts'
import { hasEnded, type OrchestrationState, type Orchestrations, readState } from './orchestrations.ts'
import { drillUrl } from './routes.ts'

type Sources = Pick<Clients, 'blobs' | 'table' | 'clock'>

/** Between the request and the first turn of the orchestration. */
const STARTING_MS = 120_000
/** Between the final report and its end the orchestration only notifies the webhook. If it takes longer, a step hangs: the drill counts as ended. */
const ENDING_MS = 120_000

export async function readStatus(
  { blobs, table, clock }: Sources,
  client: Orchestrations,
  drillId: string,
  defaults: RequestDefaults,
): Promise<DrillStatus | null> {
  if (!isDrillId(drillId)) return null
  const stored = await blobs.readJson<StoredRequest>(blobNames.request(drillId))
  if (stored === null) return null
  const { plan } = stored
  const [state, entry, live, files] = await Promise.all([
    readState(client, drillId),
    readIndexEntry(table, plan),
    blobs.readJson<LiveRecord>(drillBlobs.live(drillId)),
    blobs.list(drillBlobs.reportPrefix(drillId)),
  ])
  const now = clock.now()
  const endedAt = endOf(state, entry, now)
  return {
    drillId,
    state: stateOf(state, entry, plan.requestedAt, now),
    verdict: entry?.verdict ?? null,
    headline: entry?.headline ?? null,
    stoppedBy: entry?.stoppedBy ?? null,
    target: plan.target,
    events: plan.events,
    requestedAt: plan.requestedAt,
    endedAt,
    elapsedSeconds: secondsBetween(plan.requestedAt, endedAt ?? now.toISOString()),
    plannedSeconds: plannedSeconds(plan),
    progress: progressOf(state, live),
    history: live?.history ?? [],
    error: errorOf(state),
    request: endedAt === null ? null : requestOfPlan(plan, defaults),
    links: linksOf(
      drillId,
      files.map(({ name }) => name.slice(drillBlobs.reportPrefix(drillId).length)),
    ),
  }
}

export async function listedStatus(now: Date, client: Orchestrations, entry: IndexEntry): Promise<ListedDrill> {
  // A drill that has ended needs no call to the orchestration service.
  const state = entry.endedAt === null ? await readState(client, entry.drillId) : null
  const endedAt = endOf(state, entry, now)
  return {
    drillId: entry.drillId,
    state: stateOf(state, entry, entry.requestedAt, now),
    verdict: entry.verdict,
    headline: entry.headline,
    stoppedBy: entry.stoppedBy,
    target: entry.target,
    events: entry.events,
    requestedAt: entry.requestedAt,
    endedAt,
    elapsedSeconds: secondsBetween(entry.requestedAt, endedAt ?? now.toISOString()),
    plannedSeconds: entry.plannedSeconds,
    progress: progressOf(state, null),
    history: [],
    error: errorOf(state),
    request: null,
    links: linksOf(entry.drillId, entry.verdict === null ? [] : ['report.json']),
    report: entry.trend === null ? null : listedFigures(entry.trend),
  }
}

const listedFigures = ({ figures, worst, like }: ListedFigures): ListedFigures => ({ figures, worst, like })

function stateOf(
  state: OrchestrationState | null,
  entry: IndexEntry | null,
  requestedAt: string,
  now: Date,
): DrillStatus['state'] {
  if (state?.runtimeStatus === 'Completed') return 'finished'
  if (state !== null && hasEnded(state)) return 'failed'
  if (state !== null && !isReported(entry, now)) return state.runtimeStatus === 'Pending' ? 'waiting' : 'running'
  // The service forgets what is purged; the list of drills does not.
  if (entry?.endedAt) return entry.verdict === null ? 'failed' : 'finished'
  return now.getTime() - Date.parse(requestedAt) < STARTING_MS ? 'waiting' : 'failed'
}

const isReported = (entry: IndexEntry | null, now: Date): boolean =>
  typeof entry?.endedAt === 'string' && now.getTime() - Date.parse(entry.endedAt) > ENDING_MS

function endOf(state: OrchestrationState | null, entry: IndexEntry | null, now: Date): string | null {
  if (state !== null && hasEnded(state)) return state.updatedAt
  return state === null || isReported(entry, now) ? (entry?.endedAt ?? null) : null
}

function progressOf(state: OrchestrationState | null, live: LiveRecord | null): DrillProgress | null {
  const progress = state?.customStatus
  if (typeof progress !== 'object' || progress === null || !('phase' in progress)) return null
  return { ...(progress as DrillProgress), live: live?.live ?? null }
}

export function errorOf(state: OrchestrationState | null): string | null {
  if (state === null || state.runtimeStatus === 'Completed' || !hasEnded(state)) return null
  const output = typeof state.output === 'string' ? state.output.split('\n', 1)[0] : null
  return output?.slice(0, 500) || `the orchestration ended as ${state.runtimeStatus}`
}

const linksOf = (drillId: string, files: readonly string[]): DrillStatus['links'] => ({
  self: drillUrl(drillId),
  report: files.includes('report.json') ? `${drillUrl(drillId)}/report` : null,
  files: [...files, ...(files.includes('report.json') ? [EVIDENCE_FILE] : [])].map(
    (name) => `${drillUrl(drillId)}/files/${name}`,
  ),
})

const secondsBetween = (from: string, to: string): number => Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000)
