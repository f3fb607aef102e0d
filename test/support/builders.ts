/** Test values: whole, plausible, and overridden where a test cares. */

import { unseenEnd } from '../../functions/model/container-end.ts'
import type { EarlyEnd } from '../../functions/model/early-end/stopped-by.ts'
import type { AuditPass, DrillOutcome, EventEvidence } from '../../functions/model/evidence.ts'
import type { Facts, PrimaryIdentity } from '../../functions/model/facts.ts'
import type { DrillPlan, DrillTiming, Target } from '../../functions/model/plan.ts'
import type { LivePoint } from '../../functions/model/status.ts'
import type { RequestDefaults } from '../../functions/request/request.ts'
import type { WholeBlock } from '../../loadgen-image/contract/block.ts'
import { encodeRecord, type PackedRecord, RecordDecoder } from '../../loadgen-image/contract/chunk.ts'
import type { RetryPolicy } from '../../loadgen-image/contract/clients/behaviour.ts'
import type { LoadSummary, SecondRecord } from '../../loadgen-image/contract/glossary.ts'
import type { Cohort, LoadPlan, LoadSettings } from '../../loadgen-image/contract/load-plan.ts'
import {
  GOOD_PARAMETERS,
  goodContainers,
  goodDisk,
  goodLoadSession,
  goodSchema,
  goodServer,
  goodSession,
  parametersOf,
} from './good-facts.ts'

export const LOAD_START_MS = Date.UTC(2026, 2, 4, 9, 0, 0)

/** The moment so many seconds after the load started. */
export const isoAt = (seconds: number): string => new Date(LOAD_START_MS + Math.round(seconds * 1000)).toISOString()

export const aCohort = (retry: Partial<RetryPolicy> = {}, own: Partial<Cohort> = {}): Cohort => ({
  name: 'default',
  share: 1,
  via: 'pgbouncer',
  retry: { firstDelayMs: 100, maxDelayMs: 2000, multiplier: 2, jitter: true, ...retry },
  ...own,
})

export const someLoad = (own: Partial<LoadSettings> = {}): LoadSettings => ({
  containers: 1,
  targetTps: 200,
  workers: 10,
  threads: 1,
  durationSeconds: 90,
  arrivals: 'even',
  seed: 7,
  profile: [],
  deadlineMs: 1000,
  onDeadline: 'shed',
  connectTimeoutMs: 2000,
  replyTimeoutMs: 5000,
  retryUnknown: false,
  transactions: 'ledger',
  cohorts: [aCohort()],
  ...own,
})

/** The plan that a load generator reads. */
export const aPlan = (own: Partial<LoadPlan> = {}): LoadPlan => ({
  version: 1,
  drillId: 'drill-20260304-0900',
  ...someLoad(),
  probes: [],
  drainSeconds: 10,
  hardDeadlineSeconds: 600,
  staleLeaseSeconds: 120,
  ...own,
})

export const someTiming = (own: Partial<DrillTiming> = {}): DrillTiming => ({
  warmupSeconds: 5,
  recoveryWindowSeconds: 5,
  recoveryHoldSeconds: 15,
  readyTimeoutSeconds: 60,
  eventTimeoutSeconds: 120,
  healthyTimeoutSeconds: 120,
  auditPauseSeconds: 10,
  cooldownMinutes: 20,
  watchIntervalSeconds: 2,
  lateMetricsSeconds: 0,
  ...own,
})

/** The plan of a drill. */
export const aDrillPlan = (own: Partial<DrillPlan> = {}): DrillPlan => ({
  drillId: 'drill-20260304-0900',
  requestedAt: isoAt(-60),
  requestedBy: 'http',
  target: { resourceGroup: 'rg-drills', server: 'pg-orders', database: 'drill' },
  load: someLoad(),
  events: [{ atSeconds: 30, kind: 'failover', mode: 'forced' }],
  probes: [],
  timing: someTiming(),
  criteria: ['baseline_tps >= 0.95 * target', 'p99_ms[baseline] < 50', 'recovery_time_s < 120', 'lost_commits == 0'],
  force: [],
  migrate: false,
  containerSize: { cpu: 2, memoryGb: 4 },
  note: null,
  ...own,
})

export const someFacts = (own: Partial<Facts> = {}): Facts => ({
  observedAt: isoAt(-50),
  server: goodServer,
  parameters: parametersOf(GOOD_PARAMETERS),
  sessions: [goodSession('pgbouncer')],
  loadSessions: [goodLoadSession()],
  schema: goodSchema,
  disk: goodDisk,
  containers: goodContainers,
  lastPromotionAt: null,
  sizes: null,
  switchover: null,
  gaps: [],
  ...own,
})

export const aPrimary = (own: Partial<PrimaryIdentity> = {}): PrimaryIdentity => ({
  observedAt: isoAt(29),
  serverId: goodServer.id,
  sku: goodServer.sku?.name ?? null,
  timeline: 1,
  address: '10.0.0.4',
  postmasterStartedAt: isoAt(-86_400),
  walLsn: '0/5A21B38',
  availabilityZone: '1',
  standbyZone: '2',
  haState: 'Healthy',
  serverState: 'Ready',
  ...own,
})

/** A failover that the platform accepted and that swapped primary and standby. */
export const anEvent = (own: Partial<EventEvidence> = {}): EventEvidence => ({
  index: 0,
  planned: { atSeconds: 30, kind: 'failover', mode: 'forced' },
  before: aPrimary(),
  request: 'accepted',
  sentAt: isoAt(29.9),
  acceptedAt: isoAt(30),
  requestId: '5f6c9f0a-2f2e-4b8a-9d1e-1c8f6c1b0a11',
  operation: 'succeeded',
  detail: null,
  after: aPrimary({
    observedAt: isoAt(60),
    timeline: 2,
    address: '10.0.0.5',
    postmasterStartedAt: isoAt(31),
    availabilityZone: '2',
    standbyZone: '1',
  }),
  healthyAt: isoAt(75),
  sightings: [],
  undo: null,
  ...own,
})

export const aRecord = (own: Partial<SecondRecord> = {}): SecondRecord => ({
  container: 0,
  incarnation: 'a1',
  second: LOAD_START_MS / 1000,
  counts: { intended: 0, acknowledged: 0, refused: 0, unknown: 0, missed: 0, weakAcks: 0 },
  acksPerTenth: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  response: [],
  service: [],
  sendLag: [],
  errors: [],
  ackGaps: [],
  timelines: [],
  firstAcks: [],
  outages: [],
  ledger: [],
  connections: { wanted: 10, open: 10, opened: 0, lost: 0 },
  waiting: 0,
  lastMissedAtUs: null,
  health: {
    threads: 1,
    stalls: [],
    eventLoopDelayP99Us: 1200,
    eventLoopDelayMaxUs: 2500,
    cpuUs: 120_000,
    rssBytes: 100 * 2 ** 20,
  },
  ...own,
})

/** As a reader of its chunk finds it. */
export function blockOf(record: SecondRecord): WholeBlock<PackedRecord> {
  const [block] = new RecordDecoder().records(encodeRecord(record))
  return block as WholeBlock<PackedRecord>
}

export const aSummary = (own: Partial<LoadSummary> = {}): LoadSummary => ({
  version: 1,
  drillId: 'drill-20260304-0900',
  container: 0,
  incarnation: 'a1',
  ended: 'completed',
  reason: null,
  startedAtUs: LOAD_START_MS * 1000,
  endedAtUs: (LOAD_START_MS + 90_000) * 1000,
  totals: { intended: 0, acknowledged: 0, refused: 0, unknown: 0, missed: 0, weakAcks: 0 },
  firstSecond: LOAD_START_MS / 1000,
  lastSecond: LOAD_START_MS / 1000,
  records: 1,
  recordsDropped: 0,
  threads: 1,
  workers: 10,
  clock: { offsetMs: 0, errorMs: 0.5 },
  cpuSeconds: 12,
  maxRssBytes: 110 * 2 ** 20,
  generatorVersion: '0.1.0',
  nodeVersion: '24.0.0',
  ...own,
})

export const anAudit = (own: Partial<AuditPass> = {}): AuditPass => ({
  at: own.at ?? isoAt(100),
  endedAt: own.at ?? isoAt(100),
  timeline: 1,
  inRecovery: false,
  address: '10.0.0.5',
  serverId: null,
  rows: 0,
  acknowledgedPresent: 0,
  lost: 0,
  recovered: 0,
  unknownAbsent: 0,
  misjudged: 0,
  unexpected: 0,
  duplicates: 0,
  unrecorded: 0,
  unreportedAbsent: 0,
  lostKeys: [],
  lostPerSecond: [],
  digest: 'a'.repeat(64),
  watchRuns: [],
  ...own,
})

/** An early end, in the middle of the load unless a phase is given. */
export const anEnd = (kind: EarlyEnd['kind'], why: string, phase = 'watch'): EarlyEnd => ({
  kind,
  why,
  phase,
  advice: '',
})

export const anOutcome = (own: Partial<DrillOutcome> = {}): DrillOutcome => ({
  plan: aDrillPlan(),
  loadPlan: aPlan(),
  startedAt: isoAt(-60),
  endedAt: isoAt(130),
  loadStartAtMs: LOAD_START_MS,
  facts: someFacts(),
  checks: [],
  events: [],
  summaries: [],
  stepProbes: [],
  walPositions: [],
  containers: [{ ...unseenEnd(0), exitCode: 0, state: 'Terminated', ended: 'completed' }],
  audits: [],
  auditProblem: null,
  metrics: [],
  metricsComplete: true,
  platformLog: null,
  cleanup: { containersLeft: 0, verifiedAt: isoAt(125) },
  earlyEnd: null,
  journal: [
    {
      at: isoAt(-60),
      phase: 'reserve',
      step: 'lock',
      seconds: 0.2,
      attempt: 1,
      result: 'ok',
      detail: 'reserved pg-orders',
    },
    { at: isoAt(30), phase: 'event', step: 'post', seconds: 0.4, attempt: 1, result: 'ok', detail: 'accepted' },
  ],
  containerSeconds: 150,
  prices: { currency: 'USD', perVCpuSecond: 0.0000125, perGbSecond: 0.0000014, source: 'list price' },
  ...own,
})

export const aLivePoint = (own: Partial<LivePoint> = {}): LivePoint => ({
  second: 1,
  offeredTps: 40,
  goodputTps: 40,
  errorsPerSecond: 0,
  missedPerSecond: 0,
  clientsConnected: 4,
  clientsWanted: 4,
  p50Ms: 1,
  p99Ms: 2,
  ...own,
})

/** Worker 3 alone was out from second 20 to second 24 of the load, while the others were served. */
export const BLIP = {
  worker: 3,
  cohort: 'default',
  lastGoodAtUs: (LOAD_START_MS + 20_000) * 1000,
  firstGoodAtUs: (LOAD_START_MS + 24_000) * 1000,
  timelineBefore: 1,
  timelineAfter: 1,
  refused: 0,
  unknown: 1,
  connectFailures: 3,
  code: 'ECONNRESET',
}

/** What the app's settings decide, of an app with one server. */
export const requestsTo = (target: Target, cooldownMinutes = 20): RequestDefaults => ({
  targets: [{ name: target.server, target, cooldownMinutes }],
})
