/** Joins the parts that the threads of one container report for a second to the container's record. */
import { addUp } from '../contract/counts.ts'
import type {
  AckGap,
  Connections,
  GeneratorHealth,
  SecondRecord,
  SparseHistogram,
  Stall,
  TimelineAcks,
} from '../contract/glossary.ts'
import { Histogram } from '../contract/histogram.ts'
import type { ThreadGaps } from './ack-gaps.ts'
import { mergeErrors } from './errors.ts'

/** One thread's part of a container's second. */
export interface SecondPart
  extends Omit<SecondRecord, 'container' | 'incarnation' | 'ackGaps' | 'connections' | 'health'> {
  readonly connections: Omit<Connections, 'wanted'>
  readonly gaps: ThreadGaps
  readonly stalls: readonly Omit<Stall, 'thread'>[]
  /** Only in a thread's last part: when the load itself ended, before the wait for late replies. */
  readonly loadEndUs: number | null
}

/** What the parts do not hold. */
interface ContainerSecond {
  readonly container: number
  readonly incarnation: string
  readonly wanted: number
  readonly ackGaps: readonly AckGap[]
  readonly health: GeneratorHealth
}

export function joinParts(parts: readonly [SecondPart, ...SecondPart[]], own: ContainerSecond): SecondRecord {
  const { container, incarnation, wanted, ackGaps, health } = own
  const lastMissedAtUs = Math.max(...parts.map((part) => part.lastMissedAtUs ?? 0))
  return {
    container,
    incarnation,
    second: parts[0].second,
    counts: addUp(parts.map(({ counts }) => counts)),
    acksPerTenth: parts.map(({ acksPerTenth }) => acksPerTenth).reduce(addEach),
    response: addHistograms(parts.map(({ response }) => response)),
    service: addHistograms(parts.map(({ service }) => service)),
    sendLag: addHistograms(parts.map(({ sendLag }) => sendLag)),
    errors: mergeErrors(parts.map(({ errors }) => errors)),
    ackGaps,
    timelines: joinTimelines(parts.flatMap(({ timelines }) => timelines)),
    firstAcks: parts.flatMap(({ firstAcks }) => firstAcks),
    outages: parts.flatMap(({ outages }) => outages),
    ledger: parts.flatMap(({ ledger }) => ledger),
    connections: parts.map(({ connections }) => connections).reduce<Connections>(addConnections, noConnections(wanted)),
    waiting: sum(parts.map(({ waiting }) => waiting)),
    lastMissedAtUs: lastMissedAtUs > 0 ? lastMissedAtUs : null,
    health,
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0)

const addEach = (a: readonly number[], b: readonly number[]): readonly number[] =>
  a.map((value, index) => value + (b[index] as number))

const noConnections = (wanted: number): Connections => ({ wanted, open: 0, opened: 0, lost: 0 })

const addConnections = (a: Connections, b: Omit<Connections, 'wanted'>): Connections => ({
  wanted: a.wanted,
  open: a.open + b.open,
  opened: a.opened + b.opened,
  lost: a.lost + b.lost,
})

function addHistograms(list: readonly SparseHistogram[]): SparseHistogram {
  if (list.length === 1) return list[0] as SparseHistogram
  scratch.clear()
  for (const histogram of list) scratch.add(histogram)
  return scratch.toSparse()
}

/** One for all seconds: tens of thousands of arrays of this size, allocated and dropped, would fragment the heap of a long run. */
const scratch = new Histogram()

function joinTimelines(list: readonly TimelineAcks[]): TimelineAcks[] {
  const joined = new Map<number, TimelineAcks>()
  for (const acks of list) {
    const other = joined.get(acks.timeline)
    joined.set(acks.timeline, other === undefined ? acks : addTimelines(other, acks))
  }
  return [...joined.values()].sort((a, b) => a.timeline - b.timeline)
}

const addTimelines = (a: TimelineAcks, b: TimelineAcks): TimelineAcks => ({
  timeline: a.timeline,
  acknowledged: a.acknowledged + b.acknowledged,
  firstAtUs: Math.min(a.firstAtUs, b.firstAtUs),
  lastAtUs: Math.max(a.lastAtUs, b.lastAtUs),
})
