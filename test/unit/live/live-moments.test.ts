import { expect, test } from 'vitest'
import { emptyLive, foldRecords } from '../../../functions/live/live.ts'
import { foldTimelines, type LiveTimeline, liveMoments } from '../../../functions/live/live-moments.ts'
import { LOAD_START_MS } from '../../support/builders.ts'
import { aRun, reportOf } from '../../support/world.ts'

const START_MS = 1_000_000
const us = (second: number): number => (START_MS + second * 1000) * 1000
const at = (second: number): string => new Date(START_MS + second * 1000).toISOString()

const timeline = (number: number, first: number, last: number, clients: number, lastClient = first): LiveTimeline => ({
  timeline: number,
  firstAtUs: us(first),
  lastAtUs: us(last),
  clients,
  lastClientAtUs: us(lastClient),
})

const failover = (index: number, accepted: number | null, healthy: number | null = null) => ({
  index,
  acceptedAt: accepted === null ? null : at(accepted),
  healthyAt: healthy === null ? null : at(healthy),
})

const said = (
  events: Parameters<typeof liveMoments>[0],
  timelines: readonly LiveTimeline[],
  isDown: boolean,
): string[] =>
  liveMoments(events, { timelines, isDown, loadStartAtMs: START_MS }).map(
    ({ moment, event, second }) => `${moment}${event > 0 ? `·${event}` : ''} ${second}`,
  )

const OLD = timeline(1, 0.1, 15.7, 4)

test.each<[string, Parameters<typeof liveMoments>[0], readonly LiveTimeline[], boolean, string[]]>([
  ['before anything was accepted nothing is marked', [failover(0, null)], [OLD], false, []],
  ['accepted, and commits still come', [failover(0, 15.2)], [OLD], false, ['t0 15.2']],
  ['nothing is acknowledged any more', [failover(0, 15.2)], [OLD], true, ['t0 15.2', 't1 15.7']],
  [
    'the first client is back',
    [failover(0, 15.2)],
    [OLD, timeline(2, 18.6, 18.9, 1)],
    false,
    ['t0 15.2', 't1 15.7', 't2 18.6'],
  ],
  [
    'every client is back, and the standby too',
    [failover(0, 15.2, 31)],
    [OLD, timeline(2, 18.6, 30, 4, 19.9)],
    false,
    ['t0 15.2', 't1 15.7', 't2 18.6', 't3 19.9', 't6 31'],
  ],
  [
    'a second failover has moments of its own, and an outage before it is not its own',
    [failover(0, 15.2), failover(1, 60)],
    [OLD, timeline(2, 18.6, 60.4, 4, 19.9)],
    true,
    ['t0 15.2', 't1 15.7', 't2 18.6', 't3 19.9', 't0·1 60', 't1·1 60.4'],
  ],
  [
    'two primaries that take writes at once do not turn time around',
    [failover(0, 15.2)],
    [timeline(1, 0.1, 20, 4), timeline(2, 18.6, 21, 4, 19)],
    false,
    ['t0 15.2', 't1 18.6', 't2 18.6', 't3 19'],
  ],
  ['a table without timelines shows what the platform said', [failover(0, 15.2, 31)], [], true, ['t0 15.2', 't6 31']],
])('%s', (_, events, timelines, isDown, expected) => {
  expect(said(events, timelines, isDown)).toEqual(expected)
})

test('the order of records does not matter', () => {
  const record = (number: number, first: number, last: number, worker: number) => ({
    timelines: [{ timeline: number, acknowledged: 1, firstAtUs: us(first), lastAtUs: us(last) }],
    firstAcks: [{ worker, timeline: number, atUs: us(first), previousAtUs: null }],
  })
  const records = [record(1, 1, 3, 0), record(2, 9, 11, 1), record(1, 2, 4, 1), record(2, 8, 12, 0)]
  const fold = (all: typeof records) => all.reduce(foldTimelines, [] as readonly LiveTimeline[])
  expect(fold(records)).toEqual(fold(records.toReversed()))
  expect(fold(records)).toEqual([timeline(1, 1, 4, 2, 2), timeline(2, 8, 12, 2, 9)])
})

test('what is seen live is what the report finds', async () => {
  const run = aRun({ troubles: [{ atSeconds: 30.35, seconds: 5, kind: 'failover', stragglers: { 3: 0.4 } }] })
  const { moments } = await reportOf(run)
  const { timelines } = foldRecords(emptyLive, run.records)
  const seen = liveMoments(run.events, { timelines, isDown: false, loadStartAtMs: LOAD_START_MS })
  const inReport = seen.map(({ moment }) => [moment, (Date.parse(moments[moment] ?? '') - LOAD_START_MS) / 1000])
  expect(seen.map(({ moment, second }) => [moment, second])).toEqual(inReport)
  expect(seen.map(({ moment }) => moment)).toEqual(['t0', 't1', 't2', 't3', 't6'])
})
