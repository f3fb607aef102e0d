/** Answers of GET /api/drills/{id} for the dashboard's tests: a drill at any second of its load, and after. */
import type { CampaignReport } from '../../functions/model/campaign/report.ts'
import type { CampaignStatus } from '../../functions/model/campaign/status.ts'
import { WAYS } from '../../functions/model/chart-data.ts'
import type { JournalEntry } from '../../functions/model/report.ts'
import type { DrillStatus, Live, LiveMoment, LivePoint } from '../../functions/model/status.ts'
import { renderers } from '../../functions/render/formats.ts'
import type { ReportData } from '../../functions/render/text/report-data.ts'
import type { StoredDrill } from './fake-api.ts'

const REQUESTED_AT = '2026-03-02T02:00:00.000Z'
const FAILOVER = { from: 64, to: 87 }

const point = (second: number): LivePoint => {
  const isDown = second >= FAILOVER.from && second < FAILOVER.to
  const wave = Math.sin(second / 3)
  return {
    second,
    offeredTps: 8000,
    goodputTps: isDown ? 0 : Math.round(7990 + 8 * wave),
    errorsPerSecond: isDown ? 310 : 0,
    missedPerSecond: isDown ? 7690 : 0,
    clientsConnected: isDown ? 12 : 200,
    clientsWanted: 200,
    p50Ms: isDown ? null : 4.1 + 0.3 * wave,
    p99Ms: isDown ? null : 17.4 + 2 * wave,
  }
}

const MOMENTS: ReadonlyArray<LiveMoment> = [
  { moment: 't0', event: 0, second: 63.2 },
  { moment: 't1', event: 0, second: 63.98 },
  { moment: 't2', event: 0, second: 87.1 },
  { moment: 't3', event: 0, second: 94.6 },
  { moment: 't6', event: 0, second: 260 },
]

const MINUTE = 60_000
const atMinute = (minute: number): string => new Date(Date.parse(REQUESTED_AT) + minute * MINUTE).toISOString()

const metric = (name: string, unit: string, values: readonly number[]): Live['metrics'][number] => ({
  name,
  unit,
  value: values.at(-1) ?? null,
  at: atMinute(values.length - 1),
  recent: values.map((value, minute) => ({ at: atMinute(minute), value })),
})

function liveAt(second: number): Live {
  const isDown = second >= FAILOVER.from && second < FAILOVER.to
  return {
    at: new Date(Date.parse(REQUESTED_AT) + (second + 120) * 1000).toISOString(),
    loadSecond: second,
    latest: point(second),
    outageSeconds: isDown ? second - FAILOVER.from + 0.4 : null,
    acknowledged: 8000 * Math.min(second, FAILOVER.from),
    errors: isDown ? 310 * (second - FAILOVER.from) : 0,
    missed: isDown ? 7690 * (second - FAILOVER.from) : 0,
    containers: { wanted: 2, running: 2, ready: 2, failed: 0 },
    generators: [
      { container: 0, state: 'running', newestSecond: second, lastCommitSecond: Math.min(second, FAILOVER.from) },
      { container: 1, state: isDown ? 'failed' : 'ready', newestSecond: null, lastCommitSecond: null },
    ],
    serverState: isDown ? 'Updating' : 'Ready',
    haState: isDown ? 'FailingOver' : 'Healthy',
    primaryZone: isDown ? null : '1',
    metrics: [
      metric('cpu_percent', 'Percent', [31, 44, 68, 72, 74]),
      metric('memory_percent', 'Percent', [38, 38, 39, 41, 41]),
      metric('active_connections', 'Count', [104, 104, 105, 105, 106]),
      metric('network_bytes_ingress', 'Bytes', [12e6, 155e6, 188e6, 190e6, 191e6]),
      metric('network_bytes_egress', 'Bytes', [8e6, 75e6, 88e6, 90e6, 91e6]),
      metric('storage_percent', 'Percent', [12, 12, 12, 12, 13]),
      metric('iops', 'Count', [200, 2900, 3110, 3150, 3140]),
    ],
    moments: MOMENTS.filter((moment) => moment.second <= second),
    applications: [
      { name: 'checkout', second, good: 8 * second, failed: 0, failingSeconds: isDown ? second - FAILOVER.from : null },
    ],
    ways: isDown
      ? [
          { way: 'direct', state: 'read-only', second, seconds: 0.8 },
          { way: 'pgbouncer', state: 'PgBouncer waits', second, seconds: second - FAILOVER.from },
        ]
      : WAYS.map((way) => ({ way, state: 'wrote' as const, second, seconds: second })),
  }
}

/** The newest three: a status has no more, and a page keeps what it has seen. */
const journalAt = (second: number): JournalEntry[] =>
  ['reserve', 'check', 'provision', 'startLoad', 'causeEvent']
    .slice(0, second < FAILOVER.from ? 4 : 5)
    .map((step, index) => ({
      at: atMinute(index),
      phase: step === 'causeEvent' ? 'event' : step,
      step,
      seconds: 1.5,
      attempt: 1,
      result: 'ok' as const,
      detail: step === 'check' ? '32 of 35 passed; forced: server-sku' : '',
    }))
    .slice(-3)

export function runningDrill(second: number, drillId = 'drill-20260302-0200'): StoredDrill {
  const status: DrillStatus = {
    drillId,
    state: 'running',
    verdict: null,
    headline: null,
    stoppedBy: null,
    target: { resourceGroup: 'rg-orders', server: 'pg-orders', database: 'orders' },
    events: [{ atSeconds: 60, kind: 'failover', mode: 'forced' }],
    requestedAt: REQUESTED_AT,
    endedAt: null,
    elapsedSeconds: second + 120,
    plannedSeconds: 620,
    progress: {
      phase: second < 30 ? 'warm-up' : second < FAILOVER.from ? 'baseline' : 'watch',
      phaseStartedAt: REQUESTED_AT,
      loadStartAtMs: Date.parse(REQUESTED_AT) + 120_000,
      live: liveAt(second),
      note: second < FAILOVER.from ? 'forced failover at 60 s of load' : 'forced failover accepted',
      journal: journalAt(second),
    },
    history: Array.from({ length: second + 1 }, (_, index) => point(index)),
    error: null,
    request: null,
    links: { self: `/api/drills/${drillId}`, report: null, files: [] },
  }
  return { status, data: null }
}

/** Of every ended drill here: also with fields that the start form does not show. */
export const AGAIN = {
  targetTps: 200,
  events: [{ atSeconds: 60, kind: 'failover', mode: 'forced' }],
  cohorts: [
    { name: 'all', share: 1, via: 'direct', retry: { firstDelayMs: 1, maxDelayMs: 9, multiplier: 2, jitter: true } },
  ],
  timing: { warmupSeconds: 12, lateMetricsSeconds: 60 },
}

export function endedDrill(data: ReportData): StoredDrill {
  const { report } = data
  const self = `/api/drills/${report.drillId}`
  return {
    data,
    status: {
      ...runningDrill(100, report.drillId).status,
      state: 'finished',
      verdict: report.verdict,
      headline: report.headline,
      stoppedBy: report.stoppedBy,
      requestedAt: report.startedAt,
      endedAt: report.endedAt,
      elapsedSeconds: 680,
      progress: null,
      history: [],
      request: AGAIN,
      links: { self, report: `${self}/report`, files: renderers.map(({ name }) => `${self}/files/${name}`) },
    },
  }
}

export function brokenDrill(drillId: string): StoredDrill {
  const { status } = runningDrill(5, drillId)
  return {
    data: null,
    status: {
      ...status,
      state: 'failed',
      progress: null,
      history: [],
      error: 'the orchestration ended as Failed',
      endedAt: atMinute(3),
    },
  }
}

// ---- Campaigns ----

export const campaignStatus = (report: CampaignReport, own: Partial<CampaignStatus> = {}): CampaignStatus => ({
  campaignId: report.campaignId,
  requestedAt: report.startedAt,
  target: { resourceGroup: 'rg-orders', server: report.server, database: 'orders' },
  drills: report.planned,
  gapMinutes: report.gapMinutes,
  what: report.what,
  endedAt: report.endedAt,
  verdict: report.verdict,
  headline: report.headline,
  state: 'finished',
  progress: null,
  points: [],
  report,
  error: null,
  links: { self: '', report: '', drills: [] },
  ...own,
})

/** In its second drill. */
export const runningCampaign = (report: CampaignReport): CampaignStatus => ({
  ...campaignStatus(report),
  campaignId: 'campaign-running',
  state: 'running',
  endedAt: null,
  verdict: null,
  headline: null,
  report: null,
  progress: { step: 'drill', number: 2, drillId: 'campaign-running-2', note: 'drill campaign-running-2 is running' },
  points: [
    {
      number: 1,
      drillId: 'campaign-running-1',
      state: 'measured',
      endedAt: report.startedAt,
      verdict: 'PASS',
      headline: 'Forced failover of pg-orders',
      why: null,
      stoppedBy: null,
      endsCampaign: null,
    },
  ],
})
