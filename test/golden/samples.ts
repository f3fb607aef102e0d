/**
 * Drills as they could have been measured, for golden files and pictures: made from a seed, the same on every run.
 * Only the shape is made up here; that the figures of real drills are right is the business of other tests.
 */
import { createHash } from 'node:crypto'
import type { ClientRow, PercentileCurve, PhaseName, TimelineRow } from '../../functions/model/chart-data.ts'
import type { Percentiles, PhaseSpan, Report, TrendFigure } from '../../functions/model/report.ts'
import type { ReportData } from '../../functions/render/text/report-data.ts'
import { waterfallOf } from '../../functions/report-model/events.ts'
import { count, given, inUnit, seconds } from '../../functions/units/units.ts'

interface Shape {
  readonly drillId: string
  readonly startSecond: number
  readonly durationSeconds: number
  readonly targetTps: number
  readonly workers: number
  readonly containers: number
  readonly warmupSeconds: number
  /** Of T0 after the start of the load; null when nothing failed over. */
  readonly failoverAtSeconds: number | null
  readonly outageSeconds: number
  readonly metrics: boolean
  readonly history: number
}

const DEFAULT_SHAPE: Shape = {
  drillId: 'drill-20260302-0200',
  startSecond: Date.UTC(2026, 2, 2, 2, 0, 30) / 1000,
  durationSeconds: 300,
  targetTps: 8000,
  workers: 200,
  containers: 2,
  warmupSeconds: 30,
  failoverAtSeconds: 120,
  outageSeconds: 23,
  metrics: true,
  history: 8,
}

/** mulberry32: small, seeded, good enough to draw with. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const iso = (second: number): string => new Date(Math.round(second * 1000)).toISOString()
const to3 = (value: number): number => Number(value.toFixed(3))

interface Moments {
  readonly t0: number
  readonly t1: number
  readonly t2: number
  readonly t3: number
  readonly t4: number
  readonly t5: number
  readonly t6: number
}

function momentsOf(shape: Shape): Moments | null {
  if (shape.failoverAtSeconds === null) return null
  const t0 = shape.startSecond + shape.failoverAtSeconds + 0.214
  const t1 = t0 + 3.412
  const t2 = t1 + shape.outageSeconds
  const t3 = t2 + 6.93
  return { t0, t1, t2, t3, t4: t2 + 8.121, t5: t2 + 2.4, t6: t2 + 187.3 }
}

function phaseOf(second: number, shape: Shape, moments: Moments | null): PhaseName {
  if (second < shape.startSecond + shape.warmupSeconds) return 'warm-up'
  if (moments === null || second < Math.floor(moments.t0)) return 'baseline'
  if (second < Math.floor(moments.t1)) return 'trigger'
  if (second < Math.floor(moments.t2)) return 'outage'
  return second < Math.floor(moments.t4) ? 'recovery' : 'after'
}

function timelineOf(shape: Shape, moments: Moments | null): TimelineRow[] {
  const random = randomOf(7)
  return Array.from({ length: shape.durationSeconds }, (_, index) => {
    const second = shape.startSecond + index
    const phase = phaseOf(second, shape, moments)
    return { ...secondOf(phase, second, index, shape, moments, random), ...at(second, index, phase, shape, moments) }
  })
}

const at = (second: number, index: number, phase: PhaseName, shape: Shape, moments: Moments | null) => ({
  second,
  elapsedSeconds: index,
  relativeSeconds: moments === null ? index : second - Math.floor(moments.t0),
  phase,
  offered: shape.targetTps,
  containersMissing: 0,
  connectionsWanted: shape.workers,
  weakAcks: 0,
})

function secondOf(
  phase: PhaseName,
  second: number,
  index: number,
  shape: Shape,
  moments: Moments | null,
  random: () => number,
) {
  const noise = (size: number): number => 1 + (random() - 0.5) * size
  const calm = {
    refused: 0,
    unknown: 0,
    missed: 0,
    errors: {},
    waiting: 0,
    eventLoopDelayP99Ms: to3(1.4 * noise(0.5)),
    sendLagP99Ms: to3(0.6 * noise(0.5)),
  }
  if (phase === 'outage') return outageSecond(second, shape, moments as Moments, calm)
  const share = phase === 'recovery' ? 0.55 + 0.45 * ((second - (moments as Moments).t2) / 8) : 1
  const slow = phase === 'recovery' ? 12 : index < 5 ? 2 : 1
  const goodput = Math.round(shape.targetTps * Math.min(1, share) * (share < 1 ? 1 : 1 - random() * 0.002))
  return {
    ...calm,
    goodput,
    missed: shape.targetTps - goodput,
    responseP50Ms: to3(4.1 * slow * noise(0.2)),
    responseP95Ms: to3(9.4 * slow * noise(0.3)),
    responseP99Ms: to3(17.8 * slow * noise(0.4)),
    serviceP50Ms: to3(3.8 * Math.sqrt(slow) * noise(0.2)),
    serviceP99Ms: to3(15.9 * Math.sqrt(slow) * noise(0.4)),
    connectionsOpen: phase === 'recovery' ? Math.round(shape.workers * Math.min(1, share)) : shape.workers,
  }
}

type Calm = Pick<TimelineRow, 'refused' | 'unknown' | 'missed' | 'waiting' | 'eventLoopDelayP99Ms' | 'sendLagP99Ms'>

function outageSecond(second: number, shape: Shape, moments: Moments, calm: Calm) {
  const isFirst = second === Math.floor(moments.t1)
  const goodput = isFirst ? Math.round(shape.targetTps * 0.4) : 0
  const unknown = isFirst ? Math.round(shape.workers * 0.8) : 0
  const refused = Math.round(shape.workers * 0.1)
  const late = second - moments.t1 > shape.outageSeconds * 0.7
  const connects = Math.round(shape.workers * 1.3)
  return {
    ...calm,
    goodput,
    unknown,
    refused,
    missed: shape.targetTps - goodput - unknown - refused,
    errors: isFirst
      ? { '57P01': unknown, ECONNREFUSED: Math.round(connects / 2) }
      : late
        ? { '57P03': refused, ECONNREFUSED: Math.round(connects / 4) }
        : { ECONNREFUSED: connects, '25006': refused },
    waiting: shape.targetTps,
    responseP50Ms: isFirst ? 5.2 : null,
    responseP95Ms: isFirst ? 31 : null,
    responseP99Ms: isFirst ? 210 : null,
    serviceP50Ms: isFirst ? 4.4 : null,
    serviceP99Ms: isFirst ? 190 : null,
    connectionsOpen: isFirst ? Math.round(shape.workers * 0.2) : 0,
  }
}

function clientsOf(shape: Shape, moments: Moments | null): ClientRow[] {
  if (moments === null) return []
  const random = randomOf(11)
  return Array.from({ length: shape.workers }, (_, worker) => {
    const back = worker === 17 ? 6.93 : 6.6 * random() ** 2.2
    return {
      event: 1,
      worker,
      container: worker % shape.containers,
      cohort: 'default',
      lastGoodAt: iso(moments.t1 - random() * 0.02),
      firstGoodAt: iso(moments.t2 + back),
      outageSeconds: to3(shape.outageSeconds + back),
      refused: Math.floor(random() * 4),
      unknown: random() < 0.8 ? 1 : 0,
      connectFailures: 18 + Math.floor(random() * 12),
      isMeasured: true,
      code: random() < 0.8 ? '57P01' : 'ECONNRESET',
    }
  })
}

const percentilesOf = (p50: number, count: number, censored: number, factor: number): Percentiles => ({
  p50: to3(p50),
  p95: to3(p50 * 2.3 * factor),
  p99: to3(p50 * 4.3 * factor),
  p999: to3(p50 * 9.1 * factor),
  max: to3(p50 * 22 * factor),
  count,
  censored,
  atLeast: censored > 0 ? ['p99', 'p999', 'max'] : [],
})

const latencyOf = (p50: number, count: number, censored: number, factor: number) => ({
  response: percentilesOf(p50, count, censored, factor),
  service: percentilesOf(p50 * 0.93, count, 0, Math.sqrt(factor)),
})

const SHARES = [0, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99, 0.995, 0.9975, 0.999, 0.9995, 0.9999, 0.99999] as const

const curve = (phase: string, kind: 'response' | 'service', p50: number, steepness: number): PercentileCurve => ({
  phase,
  kind,
  points: SHARES.map((share) => ({
    share,
    ms: to3(p50 * (0.4 + Math.max(0, -Math.log10(1 - share)) ** steepness * 1.9)),
    isLowerBound: phase === 'whole' && share > 0.9,
  })),
})

function phasesOf(shape: Shape, moments: Moments | null): PhaseSpan[] {
  const end = shape.startSecond + shape.durationSeconds
  const borders: Array<[PhaseSpan['name'], number]> = [
    ['warm-up', shape.startSecond],
    ['baseline', shape.startSecond + shape.warmupSeconds],
  ]
  if (moments)
    borders.push(['trigger', moments.t0], ['outage', moments.t1], ['recovery', moments.t2], ['after', moments.t4])
  return borders.map(([name, from], index) => {
    const to = borders[index + 1]?.[1] ?? end
    return { name, fromAt: iso(from), toAt: iso(to), seconds: to3(to - from) }
  })
}

function metricsOf(shape: Shape, moments: Moments | null): Report['metrics'] {
  if (!shape.metrics) return { resolution: '1 minute', complete: false, series: [] }
  const minutes = Math.ceil(shape.durationSeconds / 60) + 2
  const series = (name: string, unit: string, value: (minute: number, down: boolean) => number | null) => ({
    name,
    unit,
    points: Array.from({ length: minutes }, (_, minute) => {
      const second = Math.floor(shape.startSecond / 60) * 60 + minute * 60
      const average = value(minute, moments !== null && second <= moments.t2 && second + 60 > moments.t1)
      return { at: iso(second), average, maximum: average === null ? null : to3(average * 1.2) }
    }),
  })
  return {
    resolution: '1 minute',
    complete: false,
    series: [
      series('cpu_percent', 'Percent', (minute, down) => (down ? null : 41.5 + (minute % 3) * 2.25)),
      series('memory_percent', 'Percent', (minute) => 38.2 + (minute % 20) * 0.3),
      series('active_connections', 'Count', (minute, down) => (down ? null : 104 + (minute % 2))),
      series('network_bytes_ingress', 'Bytes', (minute, down) =>
        down ? 12_582_912 : 188_743_680 + (minute % 9) * 1_048_576,
      ),
      series('storage_percent', 'Percent', (minute) => 12.1 + (minute % 50) * 0.1),
      series('iops', 'Count', (minute, down) => (down ? null : 3120 + (minute % 4) * 35)),
    ],
  }
}

const TREND: ReadonlyArray<
  readonly [id: string, label: string, unit: string, betterIs: 'lower' | 'higher', usual: number, spread: number]
> = [
  ['recoveryTimeSeconds', 'Recovery time', 's', 'lower', 33, 4],
  ['writeOutageSeconds', 'Write outage', 's', 'lower', 24, 3],
  ['worstClientOutageSeconds', 'Worst client outage', 's', 'lower', 31, 4],
  ['baselineTps', 'Baseline goodput', 'TPS', 'higher', 7995, 3],
  ['baselineP99Ms', 'Baseline response p99', 'ms', 'lower', 17.5, 1.2],
  ['availability', 'Availability', 'share', 'higher', 0.91, 0.01],
]

function trendOf(shape: Shape, values: readonly number[]): TrendFigure[] {
  if (shape.history === 0) return []
  const random = randomOf(23)
  return TREND.map(([id, label, unit, betterIs, usual, spread], figure) => {
    const value = values[figure] ?? null
    const history = Array.from({ length: shape.history }, (_, index) => ({
      drillId: `drill-202602${String(20 + index).padStart(2, '0')}-0200`,
      startedAt: iso(shape.startSecond - (shape.history - index) * 86_400),
      value: to3(usual + (random() - 0.5) * 2 * spread),
    }))
    const low = usual - 1.5 * spread
    const high = usual + 1.5 * spread
    const isWorse = value !== null && (betterIs === 'lower' ? value > high : value < low)
    return {
      id,
      label,
      unit,
      betterIs,
      value,
      median: usual,
      difference: value === null ? null : to3(value - usual),
      mad: to3(spread / 2),
      low: to3(low),
      high: to3(high),
      reading: isWorse ? 'worse' : 'usual',
      changedAt: null,
      history,
    }
  })
}

const COUNTED = ['goodput', 'refused', 'unknown', 'missed'] as const

function totalsOf(timeline: readonly TimelineRow[]) {
  const total = Object.fromEntries(COUNTED.map((key) => [key, timeline.reduce((sum, row) => sum + row[key], 0)]))
  return total as Record<(typeof COUNTED)[number], number>
}

function ledgerOf(timeline: readonly TimelineRow[], lostKeys: readonly string[]): Report['ledger'] {
  const { goodput, refused, unknown, missed } = totalsOf(timeline)
  const recovered = Math.round(unknown * 0.3)
  const rows = goodput + recovered - lostKeys.length
  return {
    intended: goodput + refused + unknown + missed,
    acknowledged: goodput,
    refused,
    unknown,
    missed,
    weakAcks: 0,
    lost: lostKeys.length,
    recovered,
    misjudged: 0,
    unexpected: 0,
    duplicates: 0,
    unresolved: 0,
    rowsFound: rows,
    lostSeconds: lostKeys.length === 0 ? 0 : 0.231,
    lostKeys: [...lostKeys],
    audits: [
      { at: '2026-03-02T02:08:12.114Z', timeline: 8, rows, lost: lostKeys.length },
      { at: '2026-03-02T02:08:24.871Z', timeline: 8, rows, lost: lostKeys.length },
    ],
    digest: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  }
}

const NO_MOMENTS: Report['moments'] = { t0: null, t1: null, t2: null, t3: null, t4: null, t5: null, t6: null }
const NO_RECOVERY: Report['recovery'] = {
  recoveryTimeSeconds: null,
  recoveryFromTriggerSeconds: null,
  detectionSeconds: null,
  writeOutageSeconds: null,
  clientOutageSeconds: { p50: null, p95: null, max: null, clients: 0, notMeasured: 0 },
  exposureSeconds: null,
  outages: [],
}

function recoveryOf(
  moments: Moments,
  clients: readonly ClientRow[],
  totals: ReturnType<typeof totalsOf>,
): Report['recovery'] {
  const outages = clients.map((client) => client.outageSeconds ?? 0).sort((a, b) => a - b)
  const rank = (q: number): number => outages[Math.ceil(q * outages.length) - 1] ?? 0
  return {
    recoveryTimeSeconds: to3(moments.t4 - moments.t1),
    recoveryFromTriggerSeconds: to3(moments.t4 - moments.t0),
    detectionSeconds: to3(moments.t1 - moments.t0),
    writeOutageSeconds: to3(moments.t2 - moments.t1),
    clientOutageSeconds: { p50: rank(0.5), p95: rank(0.95), max: rank(1), clients: clients.length, notMeasured: 0 },
    exposureSeconds: to3(moments.t6 - moments.t2),
    outages: [
      {
        fromAt: iso(moments.t1),
        toAt: iso(moments.t2),
        seconds: to3(moments.t2 - moments.t1),
        refused: totals.refused,
        unknown: totals.unknown,
        missed: totals.missed,
        event: 1,
      },
    ],
  }
}

const instantsOf = (moments: Moments): Report['moments'] =>
  Object.fromEntries(Object.entries(moments).map(([id, second]) => [id, iso(second)])) as Report['moments']

const identity = (timeline: number, zone: string, standby: string, second: number) => ({
  observedAt: iso(second),
  timeline,
  address: timeline === 7 ? '10.0.0.4' : '10.0.0.5',
  postmasterStartedAt: iso(second - (timeline === 7 ? 1_209_600 : 41)),
  walLsn: timeline === 7 ? '3A/C0012F80' : '3A/D4000110',
  availabilityZone: zone,
  standbyZone: standby,
  haState: 'Healthy',
  serverState: 'Ready',
})

function errorsOf(shape: Shape, moments: Moments | null, timeline: readonly TimelineRow[]): Report['errors'] {
  if (!moments) return []
  const count = (code: string): number => timeline.reduce((sum, row) => sum + (row.errors[code] ?? 0), 0)
  const base = { firstAt: iso(moments.t1 + 0.02), lastAt: iso(moments.t2 - 0.4), workers: shape.workers }
  return [
    {
      ...base,
      code: 'ECONNREFUSED',
      meaning: 'nothing is listening',
      phase: 'connect',
      outcome: null,
      count: count('ECONNREFUSED'),
      example: 'connect ECONNREFUSED',
    },
    {
      ...base,
      code: '57P01',
      meaning: 'the server is shutting down',
      phase: 'transaction',
      outcome: 'unknown',
      count: count('57P01'),
      example: 'terminating connection due to administrator command',
    },
    {
      ...base,
      code: '57P03',
      meaning: 'the server is starting up',
      phase: 'transaction',
      outcome: 'refused',
      count: count('57P03'),
      example: '=cmd|the database system is starting up',
    },
    {
      ...base,
      code: '25006',
      meaning: 'connected to a read-only standby',
      phase: 'transaction',
      outcome: 'refused',
      count: count('25006'),
      example: 'cannot execute INSERT in a read-only transaction <script>alert(1)</script>',
    },
  ]
}

const generatorOf = (shape: Shape, totals: ReturnType<typeof totalsOf>): Report['generator'] => ({
  wasTheLimit: false,
  why: 'Every container sent 100.00 % of what was due in the baseline, with a send lag p99 under 1 ms.',
  containers: Array.from({ length: shape.containers }, (_, container) => ({
    container,
    incarnations: 1,
    ended: 'completed',
    acknowledged: Math.round(totals.goodput / shape.containers),
    achievedShare: 0.9998,
    sendLagP99Ms: 0.74,
    eventLoopDelayP99Ms: 1.52,
    cpuCores: 0.41,
    maxRssMb: 142.3,
    connectionsWanted: shape.workers / shape.containers,
    connectionsPeak: shape.workers / shape.containers,
    clockOffsetMs: 0.31,
    clockErrorMs: 0.52,
    missingSeconds: 0,
  })),
  cohorts: [
    {
      name: 'default',
      via: 'pgbouncer',
      retry: '0.1 s to 5 s, doubling, jitter',
      workers: shape.workers,
      clientOutageSeconds: { p50: 24.31, p95: 28.02, max: 29.93 },
      acknowledged: totals.goodput,
    },
  ],
  missingChunks: [],
})

const check = (
  id: string,
  title: string,
  seen: string,
  wanted: string,
  verdict: 'pass' | 'fail' | 'unknown' = 'pass',
  when: 'before' | 'after' = 'before',
) => ({
  id,
  when,
  title,
  verdict,
  seen,
  wanted,
  why: 'A drill against a server that is not ready measures its preparation.',
  advice: verdict === 'pass' ? '' : 'See the set-up guide, then start the drill again.',
  forced: false,
})

const CHECKS: Report['checklist'] = [
  check('server.ready', 'Server is ready', 'Ready', 'Ready'),
  check('server.sku', 'SKU is large enough', 'Standard_E4ds_v5, 4 vCores, 32 GB', 'at least Standard_E4ds_v5'),
  check(
    'ha.healthy',
    'High availability is healthy',
    'ZoneRedundant, Healthy, zones 1 and 2',
    'ZoneRedundant and Healthy',
  ),
  check('pgbouncer.enabled', 'PgBouncer is on', 'true', 'true'),
  check('storage.iops', 'Storage IOPS suffice', 'not visible', 'at least 12,000', 'unknown'),
  check('cpu', 'CPU stayed under 80 %', '46.0 %', 'under 80 %', 'pass', 'after'),
]

const journalEntry = (
  second: number,
  phase: string,
  step: string,
  seconds: number | null,
  result: 'ok' | 'failed' | 'skipped' | 'note' = 'ok',
  detail = '',
) => ({
  at: iso(second),
  phase,
  step,
  seconds,
  attempt: 1,
  result,
  detail,
})

const journalOf = (shape: Shape, moments: Moments | null): Report['journal'] => [
  journalEntry(shape.startSecond - 118, 'reserve', 'take the lock of the server', 0.12),
  journalEntry(shape.startSecond - 117, 'check', 'run the checklist', 4.8, 'ok', '17 checks passed, 1 unknown'),
  journalEntry(
    shape.startSecond - 110,
    'provision',
    'create container groups',
    61.4,
    'ok',
    `${shape.containers} groups`,
  ),
  journalEntry(shape.startSecond - 40, 'ready', 'wait for containers', 22.9),
  ...(moments
    ? [journalEntry(moments.t0, 'fail over', 'forced failover accepted', 0.61, 'ok', 'request 5f0c2a')]
    : [journalEntry(shape.startSecond + 60, 'fail over', 'failover', null, 'skipped', 'none was asked for')]),
  journalEntry(shape.startSecond + shape.durationSeconds + 4, 'collect', 'merge records', 1.9),
  journalEntry(shape.startSecond + shape.durationSeconds + 30, 'clean up', 'delete container groups', 12.2),
]

const WANTED: Readonly<Record<string, string>> = { '<=': 'at most', '<': 'below', '>=': 'at least', '==': 'exactly' }

function criterion(
  objective: string,
  measured: number | null,
  unit: string,
  missing: string,
): Report['criteria'][number] {
  const [id = '', operator = '', limit = ''] = objective.split(' ')
  const bound = Number(limit)
  const margin = measured === null ? null : to3(operator === '>=' ? measured - bound : bound - measured)
  const wanted = `${WANTED[operator]} ${given(bound, unit)} wanted`
  return {
    id,
    objective,
    measured,
    isLowerBound: false,
    unit,
    margin,
    verdict: margin === null ? 'unknown' : margin >= 0 ? 'pass' : 'fail',
    why: measured === null ? `not measured: ${missing}; ${wanted}` : `${inUnit(measured, unit)}; ${wanted}`,
  }
}

function criteriaOf(report: Pick<Report, 'recovery' | 'ledger' | 'throughput'>, targetTps: number): Report['criteria'] {
  const { recoveryTimeSeconds } = report.recovery
  const { baselineTps } = report.throughput
  const measured = (value: number): number | null => (baselineTps === null ? null : value)
  return [
    criterion('recovery_time_s <= 120', recoveryTimeSeconds, 's', 'no failover was asked for'),
    criterion('lost_commits == 0', report.ledger.lost, 'count', 'the ledger was not audited'),
    criterion(`baseline_tps >= ${0.95 * targetTps}`, baselineTps, 'tps', 'there was no baseline'),
    criterion('p99_ms[baseline] <= 50', measured(17.63), 'ms', 'nothing was measured in the phase baseline'),
    criterion('availability[whole] >= 0.9', measured(0.91402), 'share', 'there was no load'),
    criterion('cpu_percent < 80', 46, '%', 'the platform gave no points of this metric'),
  ]
}

const headlineOf = (recovery: Report['recovery'], ledger: Report['ledger']): string =>
  `Forced failover of pg-orders, zone 1 to 2: no commit for ${seconds(recovery.writeOutageSeconds)}, full service after ${seconds(recovery.recoveryTimeSeconds)} (120 s allowed); ${ledger.lost === 0 ? 'none' : count(ledger.lost)} of ${count(ledger.acknowledged)} acknowledged commits lost.`

/** A ledger with these sums: each worker's acknowledged keys first. */
function rangesOf({ acknowledged, refused, unknown }: Report['ledger'], workers: number): string[] {
  return Array.from({ length: workers }, (_, worker) => {
    const told = Object.entries({ acknowledged, refused, unknown }).map(
      ([outcome, sum]) => [outcome, Math.floor(sum / workers) + (worker < sum % workers ? 1 : 0)] as const,
    )
    let next = 1
    return told.flatMap(([outcome, length]) => {
      next += length
      return length === 0 ? [] : [`${worker}:${next - length}-${next - 1}:${outcome}`]
    })
  }).flat()
}

const digestOf = (ranges: readonly string[]): string =>
  createHash('sha256')
    .update(ranges.map((line) => `${line}\n`).join(''))
    .digest('hex')

/** A forced failover under 8,000 TPS that met its objectives. */
export function passingDrill(change: Partial<Shape> = {}, lostKeys: readonly string[] = []): ReportData {
  const shape = { ...DEFAULT_SHAPE, ...change }
  const moments = momentsOf(shape)
  const timeline = timelineOf(shape, moments)
  const totals = totalsOf(timeline)
  const clients = clientsOf(shape, moments)
  const ledger = ledgerOf(timeline, lostKeys)
  const recovery = moments ? recoveryOf(moments, clients, totals) : NO_RECOVERY
  const throughput = {
    offeredTps: shape.targetTps,
    baselineTps: shape.targetTps - 8,
    baselineMad: 4,
    meanTps: Number((totals.goodput / shape.durationSeconds).toFixed(1)),
    peakTps: shape.targetTps,
  }
  const instants = moments ? instantsOf(moments) : NO_MOMENTS
  const failoverProof: Report['failoverProof'] = moments
    ? {
        proven: true,
        evidence: [
          'WAL timeline 7 became 8',
          'the primary moved from zone 1 to zone 2',
          'the address changed from 10.0.0.4 to 10.0.0.5',
        ],
        before: identity(7, '1', '2', moments.t0 - 2),
        after: identity(8, '2', '1', moments.t2 + 41),
      }
    : {
        proven: false,
        evidence: ['no failover was asked for'],
        before: identity(7, '1', '2', shape.startSecond),
        after: null,
      }
  const worst = [...clients].sort((a, b) => (b.outageSeconds ?? 0) - (a.outageSeconds ?? 0)).slice(0, 5)
  const report: Report = {
    schema: 1,
    drillId: shape.drillId,
    verdict: 'PASS',
    headline: headlineOf(recovery, ledger),
    reasons: [],
    startedAt: iso(shape.startSecond - 120),
    endedAt: iso(shape.startSecond + shape.durationSeconds + 260),
    criteria: criteriaOf({ recovery, ledger, throughput }, shape.targetTps),
    worstEvent: moments ? 1 : null,
    moments: instants,
    recovery,
    requests: moments
      ? [
          {
            mode: 'forced',
            plannedAtSeconds: shape.failoverAtSeconds ?? 0,
            state: 'accepted',
            detail: null,
            sentAt: instants.t0,
            lateSeconds: 0.214,
            acceptedAt: instants.t0,
            requestId: '5f0c2a',
            event: 1,
          },
        ]
      : [],
    events: moments
      ? [
          {
            number: 1,
            cause: 'drill',
            kind: 'failover',
            request: 0,
            mode: 'forced',
            requestedAtSeconds: shape.failoverAtSeconds ?? 0,
            requestId: '5f0c2a',
            outcome: 'accepted, completed',
            moments: instants,
            recovery,
            service: 'recovered',
            cutBy: null,
            lostSeconds: ledger.lostSeconds,
            proof: failoverProof,
            watched: true,
            watchedWhy: null,
            atLeast: { recoveryTimeSeconds: null, recoveryFromTriggerSeconds: null, writeOutageSeconds: null },
            notMeasuredWhy: null,
            sentence: `Forced failover: no commit for ${seconds(recovery.writeOutageSeconds)}.`,
          },
        ]
      : [],
    waterfall: waterfallOf(instants),
    phases: phasesOf(shape, moments),
    loneClients: { clients: 0, maxOutageSeconds: null },
    worstClients: worst.map(({ event: _, ...client }) => client),
    likeDrills: {
      what: '8,000 TPS, 200 clients, 1 container, 5 min; forced failover',
      found: shape.history,
      lookedAt: shape.history,
    },
    trend: moments
      ? trendOf(shape, [
          recovery.recoveryTimeSeconds ?? 0,
          recovery.writeOutageSeconds ?? 0,
          recovery.clientOutageSeconds.max ?? 0,
          throughput.baselineTps,
          17.63,
          0.914,
        ])
      : [],
    ledger,
    throughput,
    availability: {
      whole: 0.91402,
      aroundFailover: 0.90711,
      successOfAttempts: 0.99961,
      secondsAtBaseline: 0.8967,
      monthlyBudgetShare: moments ? 0.1201 : 0,
    },
    latencyMs: moments
      ? {
          baseline: latencyOf(4.1, 719_201, 0, 1),
          outage: latencyOf(5.2, 3_200, totals.missed, 4),
          recovery: latencyOf(48.7, 55_410, 8_200, 1.4),
          after: latencyOf(4.2, 1_150_210, 0, 1.1),
          whole: latencyOf(4.2, totals.goodput, totals.missed, 3),
        }
      : {
          baseline: latencyOf(4.1, totals.goodput, 0, 1),
          outage: null,
          recovery: null,
          after: null,
          whole: latencyOf(4.1, totals.goodput, 0, 1),
        },
    errors: errorsOf(shape, moments, timeline),
    generator: generatorOf(shape, totals),
    failoverProof,
    checklist: CHECKS,
    metrics: metricsOf(shape, moments),
    cost: {
      vCpuSeconds: 3360,
      gbSeconds: 6720,
      currency: 'USD',
      amount: 0.0462,
      source: 'list price of container instances, West Europe',
    },
    setup: {
      Server: 'pg-orders, Standard_E4ds_v5, PostgreSQL 16, West Europe',
      'High availability': 'ZoneRedundant, zones 1 and 2',
      Load: `${shape.targetTps} TPS, ${shape.workers} workers, ${shape.durationSeconds} s, ${shape.containers} containers`,
      synchronous_commit: 'on',
      max_connections: '2000',
      'Image digest': 'sha256:7d865e959b2466918c9863afca942d0fb89d7c9ac0c99bafc3749504ded97730',
      'To repeat': `{"targetTps":${shape.targetTps},"workers":${shape.workers},"durationSeconds":${shape.durationSeconds}}`,
    },
    timing: {
      warmupSeconds: shape.warmupSeconds,
      recoveryHoldSeconds: 30,
      recoveryWindowSeconds: 10,
      auditPauseSeconds: 10,
    },
    cleanup: { containersLeft: 0, verifiedAt: iso(shape.startSecond + shape.durationSeconds + 44) },
    journal: journalOf(shape, moments),
    caveats: ['Platform metrics of the last 3 minutes had not arrived.'],
  }
  const curves = moments
    ? [
        curve('baseline', 'response', 4.1, 1.4),
        curve('baseline', 'service', 3.8, 1.3),
        curve('whole', 'response', 4.2, 3.1),
        curve('whole', 'service', 3.9, 1.8),
      ]
    : [curve('baseline', 'response', 4.1, 1.4), curve('baseline', 'service', 3.8, 1.3)]
  const ledgerRanges = rangesOf(ledger, shape.workers)
  return withReport(
    { report, timeline, clients, curves, ledgerRanges },
    { ledger: { ...ledger, digest: digestOf(ledgerRanges) } },
  )
}

const withReport = (data: ReportData, change: Partial<Report>): ReportData => ({
  ...data,
  report: { ...data.report, ...change },
})

/** Asynchronous replication: three acknowledged commits are not on the new primary. */
export function losingDrill(): ReportData {
  const data = passingDrill({ drillId: 'drill-20260303-0200' }, ['17:10244', '61:10198', '130:10241'])
  return withReport(data, {
    verdict: 'FAIL',
    reasons: ['lost_commits == 0 was missed: 3; exactly 0 wanted.'],
  })
}

/** Load without a failover: nothing is proven. */
export function drillWithoutFailover(): ReportData {
  const data = passingDrill({
    drillId: 'drill-20260304-0200',
    durationSeconds: 20,
    warmupSeconds: 5,
    failoverAtSeconds: null,
    targetTps: 200,
    workers: 8,
    containers: 1,
    metrics: false,
    history: 0,
  })
  return withReport(data, {
    verdict: 'INCONCLUSIVE',
    headline: `Drill of pg-orders without a failover: none of ${count(data.report.ledger.acknowledged)} acknowledged commits lost. Inconclusive: no failover was proven.`,
    reasons: ['No failover was proven: no failover was asked for.'],
    caveats: ['No platform metric was measured.', 'There is no earlier drill to compare with.'],
  })
}

/** Stopped by a failed check: no load, no figures. */
export function abortedDrill(): ReportData {
  const { report } = drillWithoutFailover()
  const none = { p50: null, p95: null, max: null, clients: 0, notMeasured: 0 }
  const aborted: Report = {
    ...report,
    drillId: 'drill-20260305-0200',
    verdict: 'ABORTED',
    headline: 'Drill of pg-orders without a failover was aborted (asked for by DELETE): no load was sent.',
    reasons: [
      'Aborted: asked for by DELETE.',
      'The checklist stopped the drill: High availability is healthy (ZoneRedundant, RecreatingStandby; wanted: ZoneRedundant and Healthy).',
    ],
    criteria: [],
    recovery: { ...NO_RECOVERY, clientOutageSeconds: none },
    phases: [],
    ledger: {
      ...report.ledger,
      intended: 0,
      acknowledged: 0,
      refused: 0,
      unknown: 0,
      missed: 0,
      weakAcks: 0,
      lost: null,
      recovered: null,
      misjudged: null,
      unexpected: null,
      duplicates: null,
      unresolved: null,
      rowsFound: null,
      lostSeconds: null,
      audits: [],
      digest: null,
    },
    throughput: { offeredTps: null, baselineTps: null, baselineMad: null, meanTps: null, peakTps: null },
    availability: {
      whole: null,
      aroundFailover: null,
      successOfAttempts: null,
      secondsAtBaseline: null,
      monthlyBudgetShare: null,
    },
    latencyMs: { baseline: null, outage: null, recovery: null, after: null, whole: null },
    errors: [],
    generator: { wasTheLimit: null, why: 'No load was sent.', containers: [], cohorts: [], missingChunks: [] },
    failoverProof: { proven: false, evidence: [], before: null, after: null },
    checklist: [
      check(
        'ha.healthy',
        'High availability is healthy',
        'ZoneRedundant, RecreatingStandby',
        'ZoneRedundant and Healthy',
        'fail',
      ),
    ],
    cost: { vCpuSeconds: null, gbSeconds: null, currency: 'USD', amount: null, source: 'no container ran' },
    cleanup: { containersLeft: 0, verifiedAt: '2026-03-05T02:01:10.000Z' },
    caveats: ['No load was sent.'],
  }
  return { report: aborted, timeline: [], clients: [], curves: [], ledgerRanges: [] }
}

/** Five hours on 16 containers. */
export const longDrill = (): ReportData =>
  passingDrill({
    drillId: 'drill-20260306-0200',
    durationSeconds: 18_000,
    containers: 16,
    workers: 800,
    failoverAtSeconds: 7200,
    outageSeconds: 41,
  })
