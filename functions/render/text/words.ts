/** The words of the report: names of moments, phases and metrics, and the definitions that every report prints. */
import type { Report, Verdict } from '../../model/report.ts'
import { counted } from '../../units/units.ts'

export type MomentId = keyof Report['moments']

export const MOMENT_IDS = ['t0', 't1', 't2', 't3', 't4', 't5', 't6'] as const satisfies readonly MomentId[]

export const MOMENT_NAMES: Readonly<Record<MomentId, string>> = {
  t0: 'Request accepted',
  t1: 'Last commit before the outage',
  t2: 'First commit after the outage',
  t3: 'Every client commits again',
  t4: 'Full service again',
  t5: 'Backlog gone',
  t6: 'High availability healthy',
}

/** Names of the steps between two moments, by the moment that ends the step. */
export const STEP_NAMES: Readonly<Record<string, string>> = {
  t1: 'Detecting and fencing',
  t2: 'Write outage',
  t3: 'Last client back',
  t4: 'Back to full service',
  t5: 'Backlog drained',
  t6: 'Without a healthy standby',
}

/** What the events had to replay: one sentence per event that shows a promotion or a start, numbered when there are several. */
export const replaySentences = (events: Report['events']): string[] =>
  events.flatMap(({ number, replay }) =>
    replay === null ? [] : [events.length > 1 ? `Event ${number}: ${replay.sentence}` : replay.sentence],
  )

/** Which earlier drills the trend compares with, and how many there are. */
export function likeDrills({ likeDrills: { what, found, lookedAt } }: Pick<Report, 'likeDrills'>): string {
  if (lookedAt === 0) return 'There is no earlier drill of this server to compare with.'
  const among = `${counted(lookedAt, 'earlier drill')} of this server that ${lookedAt === 1 ? 'was' : 'were'} looked at`
  return found === 0
    ? `No like drill (${what}) was found among the ${among}.`
    : `${counted(found, 'like drill')} (${what}) of the ${among}.`
}

const VERDICT_SENTENCES: Readonly<Record<Verdict, string>> = {
  PASS: 'Every objective was met, with evidence.',
  FAIL: 'At least one objective was missed.',
  INCONCLUSIVE: 'The evidence is not enough to say PASS or FAIL.',
  ABORTED: 'The drill was stopped before its end.',
}

/** The verdict and the headline. The headline of a drill whose load did not start says both. */
export const titleOf = ({
  verdict,
  headline,
  stoppedBy,
}: Pick<Report, 'verdict' | 'headline' | 'stoppedBy'>): string =>
  stoppedBy === null ? `${verdict}: ${headline}` : headline

export const sentenceOf = ({ verdict, stoppedBy }: Pick<Report, 'verdict' | 'stoppedBy'>): string =>
  stoppedBy === null || verdict === 'ABORTED'
    ? VERDICT_SENTENCES[verdict]
    : 'The load did not start: nothing was measured, and no event was asked for.'

export const PHASE_NAMES: Readonly<Record<string, string>> = {
  'warm-up': 'Warm-up',
  baseline: 'Baseline',
  trigger: 'Trigger',
  outage: 'Outage',
  unwatched: 'Not watched',
  recovery: 'Recovery',
  after: 'After',
  whole: 'Whole load without the warm-up',
}

/** Readable names of platform metrics. */
const METRIC_NAMES: Readonly<Record<string, string>> = {
  cpu_percent: 'CPU',
  memory_percent: 'Memory',
  active_connections: 'Connections',
  network_bytes_ingress: 'Network in',
  network_bytes_egress: 'Network out',
  storage_percent: 'Storage',
  iops: 'IOPS',
  read_iops: 'Read IOPS',
  write_iops: 'Write IOPS',
  is_db_alive: 'Database alive',
  physical_replication_delay_in_seconds: 'Read replica lag',
  xact_commit: 'Commits',
}

/** client_connections_waiting -> Client connections waiting */
export const metricName = (name: string): string =>
  METRIC_NAMES[name] ?? `${name.charAt(0).toUpperCase()}${name.slice(1).replaceAll('_', ' ')}`

export const DEFINITIONS: ReadonlyArray<readonly [term: string, definition: string]> = [
  [
    'Objective and measurement',
    'RTO and RPO are objectives that the operator sets. This report compares the measured recovery time and the measured recovery point with them.',
  ],
  [
    'Recovery time',
    'T4 minus T1: from the last acknowledged commit before the outage until goodput is at least 95 % of the baseline again, p99 response is at most twice its baseline, and both have held. Percentiles are known by the second, so T4 lies in a second that is fast as a whole.',
  ],
  [
    'Write outage',
    'T2 minus T1: until any client has a first acknowledged commit again, on the new timeline where one rose.',
  ],
  [
    'Client outage',
    "One client's time from its last acknowledged commit before an outage to its first one after it, on the new timeline where one rose. The worst client is the maximum. A client whose container did not watch is not measured.",
  ],
  ['Detection', 'T1 minus T0: from the accepted request until writes stop. Not part of the outage.'],
  ['Exposure', 'T6 minus T2: writes work, but there is no healthy standby.'],
  [
    'Measured recovery point',
    'Rows that were acknowledged to a client and are absent from the primary that was audited: their count, their keys, and T1 minus the acknowledgement of the oldest of them.',
  ],
  ['Unknown', 'The statement was sent and the reply was lost. Resolved at the audit by looking the key up.'],
  ['Recovered', 'Unknown to the client and present in the database: committed, reply lost. Not a loss.'],
  [
    'Missed',
    'An arrival that could not be sent before its deadline. It counts against availability, and as longer than every measured response.',
  ],
  ['TPS', 'Goodput: acknowledged commits per second. Offered, refused, unknown and missed are never added in.'],
  [
    'Baseline',
    'Median of goodput per second (below 10 offered per second: the mean) between the warm-up and the first request or promotion, without outages and the recovery from them, with its median absolute deviation.',
  ],
  [
    'Response time',
    'Reply minus the moment at which the arrival was due, so waiting counts. Service time is reply minus send.',
  ],
  ['Percentiles', 'Nearest rank, from histograms merged over containers and seconds; never an average of percentiles.'],
  ['Availability', 'Commits acknowledged within the deadline over arrivals intended.'],
  ['Monthly downtime budget', 'The outage over the 4.32 minutes that 99.99 % of 30 days allow.'],
  [
    'Clocks',
    'Moments of the clients are on the monotonic clock of their container, anchored once to UTC; each container states its offset to the database and the error of that figure.',
  ],
]
