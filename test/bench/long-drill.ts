/**
 * A drill of hours, made of seconds that a real recorder has recorded: a minute of different ones per container, used again
 * and again, with one failover in the middle. Making each of 144 million arrivals would only test the maker.
 */

import { noCounts } from '../../loadgen-image/contract/counts.ts'
import type { SecondRecord } from '../../loadgen-image/contract/glossary.ts'
import { seededRandom } from '../../loadgen-image/schedule/random.ts'
import { workersOfThread } from '../../loadgen-image/schedule/workers.ts'
import { type Event, recordEvents } from '../support/record-events.ts'
import { benchPlan } from './load-child.ts'

export interface LongDrill {
  readonly containers: number
  readonly seconds: number
  readonly tps: number
  readonly workers: number
}

export const LONG_START_SECOND = 1_800_000_000
const TEMPLATES = 60
const OUTAGE_SECONDS = 40

export function templatesOf({ containers, tps, workers }: LongDrill, container: number): SecondRecord[] {
  const load = benchPlan({ containers, targetTps: tps, workers, durationSeconds: TEMPLATES })
  const own = workersOfThread(load, container, 1, 0)
  const perSecond = Math.round(tps / containers)
  const startAtUs = LONG_START_SECOND * 1e6
  const random = seededRandom(container)
  const events = Array.from({ length: perSecond * TEMPLATES }, (_, n): Event => {
    const dueUs = startAtUs + ((n + 0.5) * 1e6) / perSecond
    const sentUs = dueUs + 1000 * random()
    const atUs = sentUs + 800 - 2500 * Math.log(1 - random())
    const worker = own[n % own.length]?.worker ?? 0
    return { dueUs, sentUs, atUs, container, worker, outcome: 'acknowledged', timeline: 1 }
  })
  return recordEvents(events, { load, container, startAtUs, offsetUs: 0, disconnections: [] }).slice(0, TEMPLATES)
}

/** The template as the i-th second: nothing is acknowledged during the outage, and afterwards the timeline is 2. */
export function outageAt({ seconds }: LongDrill, template: SecondRecord, i: number): SecondRecord {
  const second = LONG_START_SECOND + i
  const shiftUs = (second - template.second) * 1e6
  const from = Math.floor(seconds / 2)
  const to = from + OUTAGE_SECONDS
  const timeline = i < from ? 1 : 2
  const moved = moveTo(template, second, shiftUs, timeline)
  if (i >= from && i < to) return duringOutage(moved)
  return i === to ? afterOutage(moved, (LONG_START_SECOND + from) * 1e6) : i === 0 ? moved : { ...moved, firstAcks: [] }
}

function moveTo(template: SecondRecord, second: number, shiftUs: number, timeline: number): SecondRecord {
  const timelines = template.timelines.map((acks) => ({
    ...acks,
    timeline,
    firstAtUs: acks.firstAtUs + shiftUs,
    lastAtUs: acks.lastAtUs + shiftUs,
  }))
  const ackGaps = template.ackGaps.map(({ fromUs, toUs }) => ({ fromUs: fromUs + shiftUs, toUs: toUs + shiftUs }))
  return { ...template, second, timelines, ackGaps }
}

const duringOutage = (record: SecondRecord): SecondRecord => ({
  ...record,
  counts: { ...noCounts(), intended: record.counts.intended, missed: record.counts.intended },
  acksPerTenth: record.acksPerTenth.map(() => 0),
  response: [],
  service: [],
  sendLag: [],
  ackGaps: [],
  timelines: [],
  firstAcks: [],
  ledger: [],
  lastMissedAtUs: (record.second + 1) * 1e6 - 1,
  errors: [
    {
      code: 'ECONNREFUSED',
      phase: 'connect',
      outcome: null,
      count: 40,
      firstAtUs: record.second * 1e6,
      lastAtUs: record.second * 1e6 + 900_000,
      workers: record.connections.wanted,
      example: 'connect ECONNREFUSED (address)',
    },
  ],
})

function afterOutage(record: SecondRecord, fromUs: number): SecondRecord {
  const workers = record.ledger.map(({ worker }) => worker)
  const backAtUs = (worker: number) => record.second * 1e6 + 1000 * (worker % 500)
  return {
    ...record,
    ackGaps: [{ fromUs, toUs: record.second * 1e6 }],
    firstAcks: workers.map((worker) => ({ worker, timeline: 2, atUs: backAtUs(worker), previousAtUs: fromUs - 1000 })),
    outages: workers.map((worker) => ({
      worker,
      cohort: 'all',
      lastGoodAtUs: fromUs - 1000,
      firstGoodAtUs: backAtUs(worker),
      timelineBefore: 1,
      timelineAfter: 2,
      refused: 0,
      unknown: 0,
      connectFailures: 120,
      code: 'ECONNREFUSED',
    })),
  }
}
