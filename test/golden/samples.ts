/**
 * Drills for golden files, pictures and tests of the renderers: the deployed app plays them in a simulated Azure, so what is
 * rendered went through recorder, merge, analysis and report like a real drill. The same name always gives the same data.
 */
import { drillBlobs } from '../../functions/model/blob-paths.ts'
import type { ChartData, TimelineRow } from '../../functions/model/chart-data.ts'
import type { Report, Verdict } from '../../functions/model/report.ts'
import type { ReportData } from '../../functions/render/text/report-data.ts'
import { aPlan, playDrill } from '../support/play-drill.ts'
import { createWorld, usualCourse, type WorldOptions } from '../support/world/world.ts'

interface Sample {
  readonly drillId: string
  readonly startsAt: string
  readonly request?: Readonly<Record<string, unknown>>
  readonly world?: WorldOptions
  /** Drills of the same server and load, one a day before this one. */
  readonly earlier?: number
  readonly isAborted?: boolean
}

const REQUEST = {
  target: { resourceGroup: 'rg-orders', server: 'pg-orders', database: 'orders' },
  targetTps: 200,
  workers: 12,
  // As patient as the clients of a large load, so that the drills have a phase of recovery.
  cohorts: [
    {
      name: 'default',
      share: 1,
      via: 'pgbouncer',
      retry: { firstDelayMs: 50, maxDelayMs: 1_000, multiplier: 2, jitter: true },
    },
  ],
  note: 'before the release <script>alert(1)</script>',
}

/** Each failover takes another time. */
const COURSES = [5_400, 6_300, 5_900, 6_100, 6_000].map((outageMs, index) => ({
  ...usualCourse,
  detectMs: 700 + 50 * index,
  outageMs,
}))

/** By the word beside the drill. */
type SampleName = Verdict | 'NOT STARTED'

const SAMPLES: Readonly<Record<SampleName, Sample>> = {
  PASS: {
    drillId: 'drill-20260302-0200',
    startsAt: '2026-03-02T02:00:00.000Z',
    request: { probes: [{ name: 'checkout', url: 'https://shop.example.com/api/checkout' }] },
    world: {
      courses: COURSES,
      databaseOffsetMs: 1.5,
      generator: (container) => ({ clockOffsetMs: 0.4 - container, losesEveryNthReply: 400, appLagMs: 4_000 }),
    },
    earlier: 4,
  },
  FAIL: {
    drillId: 'drill-20260303-0200',
    startsAt: '2026-03-03T02:00:00.000Z',
    world: { courses: COURSES.map((course, index) => ({ ...course, lostMs: index < 4 ? 0 : 18 })) },
    earlier: 4,
  },
  INCONCLUSIVE: {
    drillId: 'drill-20260304-0200',
    startsAt: '2026-03-04T02:00:00.000Z',
    request: { events: [], durationSeconds: 20, containers: 1 },
  },
  ABORTED: {
    drillId: 'drill-20260305-0200',
    startsAt: '2026-03-05T02:00:00.000Z',
    request: { events: [] },
    isAborted: true,
  },
  'NOT STARTED': {
    drillId: 'drill-20260306-0200',
    startsAt: '2026-03-06T02:00:00.000Z',
    world: {
      server: {
        facts: { vCores: 2, highAvailability: { mode: 'ZoneRedundant', state: 'CreatingStandby', standbyZone: '2' } },
      },
    },
  },
}

const DAY_MS = 86_400_000
const played = new Map<SampleName, Promise<ReportData>>()

export function sample(verdict: SampleName = 'PASS'): Promise<ReportData> {
  const known = played.get(verdict) ?? playSample(SAMPLES[verdict])
  played.set(verdict, known)
  return known
}

export const sampleReport = async (verdict?: SampleName): Promise<Report> => (await sample(verdict)).report

/** The passing drill, whose last second is repeated until five hours are full. */
export async function fiveHours(): Promise<ReportData> {
  const data = await sample('PASS')
  const timeline = Array.from({ length: 18_000 }, (_, i) => {
    const row = data.timeline[Math.min(i, data.timeline.length - 2)] as TimelineRow
    const after = i - row.elapsedSeconds
    return { ...row, second: row.second + after, relativeSeconds: row.relativeSeconds + after, elapsedSeconds: i }
  })
  return { ...data, timeline }
}

async function playSample({ drillId, startsAt, request, world: options, earlier = 0, isAborted }: Sample) {
  const startAtMs = Date.parse(startsAt)
  const world = createWorld({ ...options, startAtMs: startAtMs - earlier * DAY_MS })
  for (let day = earlier; day >= 0; day--) {
    const id = day === 0 ? drillId : `${drillId}-${day}-before`
    world.clock.moveTo(startAtMs - day * DAY_MS)
    world.rows.clear()
    if (isAborted) world.blobs.put(drillBlobs.abort(id), JSON.stringify({ reason: 'the release was stopped', at: '' }))
    await playDrill(world, aPlan({ ...REQUEST, ...request }, id, world.clock.nowMs))
  }
  const report = world.blobs.peek<Report>(drillBlobs.report(drillId, 'report.json'))
  const charts = world.blobs.peek<ChartData>(drillBlobs.chartData(drillId))
  if (report === null || charts === null) throw new Error(`${drillId} left no report`)
  // The real sum changes with every byte of every raw file, and a golden file is about the page.
  return { report: { ...report, evidence: report.evidence && EVIDENCE }, ...charts }
}

const EVIDENCE: Report['evidence'] = { files: 30, bytes: 54_272, sha256: 'e71d'.repeat(16) }
