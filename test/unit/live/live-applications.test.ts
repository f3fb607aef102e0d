import { expect, test } from 'vitest'
import { applicationsOf, foldApplications } from '../../../functions/live/live-applications.ts'
import type { AppProbeRecord } from '../../../loadgen-image/contract/app-probe.ts'
import { anAppProbe, appRecords } from '../../support/app-records.ts'
import { LOAD_START_MS } from '../../support/builders.ts'

const at = (second: number) => (LOAD_START_MS + second * 1000) * 1000
const recordsOf = (container: number, awayFrom: number, untilSecond: number): AppProbeRecord[] =>
  appRecords(
    anAppProbe(),
    { container, containers: 2, incarnation: `i${container}`, startUs: at(0), endUs: at(untilSecond), offsetUs: 0 },
    { errorAt: (atUs) => (atUs >= at(awayFrom) ? 'timeout' : null) },
  )

const liveOf = (...polls: ReadonlyArray<readonly AppProbeRecord[]>) =>
  applicationsOf(
    polls.reduce((states, records) => foldApplications(states, records), foldApplications({}, [])),
    LOAD_START_MS,
  )

test('an application that answers says up to which second that is known', () => {
  expect(liveOf(recordsOf(0, 99, 10), recordsOf(1, 99, 10))).toEqual([
    { name: 'checkout', second: 10, good: 80, failed: 0, failingSeconds: null },
  ])
})

test('an application that fails says for how long, in the worst container', () => {
  const [one, other] = [recordsOf(0, 4, 10), recordsOf(1, 7, 10)]
  expect(liveOf(one, other)).toMatchObject([{ second: 10, failed: 36, failingSeconds: 6 }])
})

test('records that come in several polls, the newer first, give the same', () => {
  const [first, ...rest] = recordsOf(0, 4, 15)
  expect(liveOf(rest, first ? [first] : [])).toEqual(liveOf(recordsOf(0, 4, 15)))
})

test('a drill that probes none has none', () => expect(liveOf([])).toEqual([]))
