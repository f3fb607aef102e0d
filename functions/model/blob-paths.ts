/**
 * Names of the app's blobs; those that it shares with the load generators are in contract/glossary.ts (blobNames).
 * Everything of a drill lies under its own prefix; locks and cool-downs lie outside, because they outlive drills.
 */
import { blobNames } from '../../loadgen-image/contract/glossary.ts'
import { serverKey } from './drill-index.ts'
import type { UndoChange } from './event-answer.ts'
import type { Target } from './plan.ts'

const evidence = (drillId: string, name: string) => `${blobNames.drillPrefix(drillId)}evidence/${name}`
/** Of an event of the plan, or of what undoes its changes. */
export type EventKey = number | UndoChange

const event = (drillId: string, index: EventKey, name: string) => evidence(drillId, `events/${index}/${name}.json`)

export const drillBlobs = {
  facts: (drillId: string) => evidence(drillId, 'facts.json'),
  checks: (drillId: string) => evidence(drillId, 'checks.json'),
  /** The abort request. Written by DELETE; read by every activity that polls. */
  abort: (drillId: string) => evidence(drillId, 'abort.json'),
  provisioned: (drillId: string) => evidence(drillId, 'provisioned.json'),
  live: (drillId: string) => evidence(drillId, 'live.json'),
  containers: (drillId: string) => evidence(drillId, 'containers.json'),
  audit: (drillId: string, pass: number) => evidence(drillId, `audit-${pass}.json`),
  metrics: (drillId: string) => evidence(drillId, 'metrics.json'),
  walPositions: (drillId: string, part: number) => evidence(drillId, `wal-positions/${part}.json`),
  platformLog: (drillId: string) => evidence(drillId, 'platform-log.json'),
  cleanup: (drillId: string) => evidence(drillId, 'cleanup.json'),
  /** When the sweeping timer first saw that the drill was past its deadline. */
  overdue: (drillId: string) => evidence(drillId, 'overdue.json'),
  /** When the sweeping timer first found that the orchestration service does not know the drill. */
  absent: (drillId: string) => evidence(drillId, 'absent.json'),
  /** Containers that the platform does not know at the moment, and since when. */
  absences: (drillId: string) => evidence(drillId, 'absences.json'),
  /** Of a container that runs, as the platform showed it last. */
  logSoFar: (drillId: string, container: number) => evidence(drillId, `logs/${container}.txt`),
  eventIntent: (drillId: string, index: number) => event(drillId, index, 'intent'),
  eventClaim: (drillId: string, index: EventKey, attempt: number) => event(drillId, index, `claim-${attempt}`),
  eventAnswer: (drillId: string, index: EventKey, attempt: number) => event(drillId, index, `answer-${attempt}`),
  /** Why the newest safety check before this event withheld it. */
  eventWithheld: (drillId: string, index: number) => event(drillId, index, 'withheld'),
  eventProgress: (drillId: string, index: number) => event(drillId, index, 'progress'),
  undoProgress: (drillId: string, change: UndoChange) => event(drillId, change, 'progress'),
  /** What the newest report was computed from beside the records of the drill. */
  reportInputs: (drillId: string) => evidence(drillId, 'report-inputs.json'),
  /** Sums of the files that the newest report was computed from. */
  rawFiles: (drillId: string) => evidence(drillId, 'raw-files.json'),
  /** What was done for the drill after its report. */
  amendments: (drillId: string) => evidence(drillId, 'amendments.json'),
  reportPrefix: (drillId: string) => `${blobNames.drillPrefix(drillId)}report/`,
  /** What the charts were drawn from: to render a report again, and to compare drills in one chart. */
  chartData: (drillId: string) => `${blobNames.drillPrefix(drillId)}report/chart-data.json`,
  report: (drillId: string, file: string) => `${blobNames.drillPrefix(drillId)}report/${file}`,
} as const

/** A server that a scheduled drill started, and that is to be stopped. */
export interface StartedServer {
  readonly drillId: string
  readonly target: Target
  readonly at: string
}

const STARTED = '/started.json'
const UNDO = '/undo/'

export const serverBlobs = {
  prefix: 'servers/',
  startedSuffix: STARTED,
  started: (target: Target) => `servers/${serverKey(target)}${STARTED}`,
  undoFolder: UNDO,
  undoPrefix: (target: Target) => `servers/${serverKey(target)}${UNDO}`,
  undo: (target: Target, drillId: string, index: number) =>
    `servers/${serverKey(target)}${UNDO}${drillId}-${index}.json`,
  lock: (target: Target) => `servers/${serverKey(target)}/lock.json`,
  lastPromotion: (target: Target) => `servers/${serverKey(target)}/last-promotion.json`,
} as const

/** There once a container group ran in this subnet: from then on it has its link to Container Instances. */
export const subnetBlob = (subnetId: string): string =>
  `subnets/${subnetId
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/^-/, '')}.json`
