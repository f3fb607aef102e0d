/** A thread on a busy machine: it records the time in which it stood still, and counts each arrival in the second it was due in. */
import { Socket } from 'node:net'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { documentedSettings } from '../../../../loadgen-image/contract/clients/known-clients.ts'
import { cohortOf } from '../../../../loadgen-image/contract/cohort.ts'
import type { LoadPlan } from '../../../../loadgen-image/contract/load-plan.ts'
import type { SecondPart } from '../../../../loadgen-image/record/second.ts'
import { Connector, Wire } from '../../../../loadgen-image/send/connector.ts'
import { LoadThread } from '../../../../loadgen-image/send/load-thread.ts'
import type { ThreadSettings } from '../../../../loadgen-image/send/messages.ts'
import { aCohort, aPlan } from '../../../support/builders.ts'

const START_US = 1_800_000_000_000_000
const SWEEP_MS = 20

let nowUs: number
let parts: SecondPart[]
let thread: LoadThread

beforeEach(() => {
  vi.useFakeTimers()
  nowUs = START_US
  parts = []
  thread = aThread({ workers: 1, targetTps: 0 })
})
afterEach(() => {
  vi.useRealTimers()
})

function aThread(plan: Partial<LoadPlan>): LoadThread {
  const settings = { plan: aPlan(plan), container: 0, thread: 0, threads: 1, token: null } as ThreadSettings
  return new LoadThread(settings, () => nowUs, {
    connected: () => {},
    second: (part) => parts.push(part),
    done: () => {},
  })
}

function sweep(lateMs = 0): void {
  nowUs += (SWEEP_MS + lateMs) * 1000
  vi.advanceTimersByTime(SWEEP_MS)
}

function stallsAfter(lateMs: readonly number[]): SecondPart['stalls'] {
  thread.go(START_US)
  for (const late of lateMs) sweep(late)
  thread.finish()
  return parts.flatMap(({ stalls }) => stalls)
}

test('sweeps that come in time leave no stall', () => expect(stallsAfter([0, 5, 0, 60, 0])).toEqual([]))

test.each([120, 1_500, 10_000])('a thread that stood still for %i ms reports from when to when', (lateMs) => {
  expect(stallsAfter([0, 0, lateMs, 0, 0])).toEqual([
    { fromUs: START_US + 40_000, toUs: START_US + 60_000 + lateMs * 1000 },
  ])
})

test('a stall that lasts until the load is finished is not lost', () => {
  thread.go(START_US)
  sweep()
  nowUs += 2_000_000
  thread.finish()
  expect(parts.flatMap(({ stalls }) => stalls)).toEqual([{ fromUs: START_US + 20_000, toUs: START_US + 2_020_000 }])
})

/** Command complete, ready for the next query. */
const ACKNOWLEDGED = Buffer.from('C\0\0\0\x0fINSERT 0 1\0Z\0\0\0\x05I', 'latin1')

test('a thread that reads a reply before it sweeps has noticed its stall by then, and the reply ends no silence', async () => {
  const socket = new Socket()
  vi.spyOn(socket, 'write').mockReturnValue(true)
  const wire = new Wire(socket)
  vi.spyOn(thread, 'open').mockResolvedValue(wire)
  thread.connect()
  await vi.advanceTimersByTimeAsync(0)
  thread.go(START_US)
  sweep()
  nowUs += 5_000_000
  wire.receive(ACKNOWLEDGED, ACKNOWLEDGED.length)
  sweep()
  thread.finish()
  expect(parts.flatMap(({ stalls }) => stalls)).toEqual([{ fromUs: START_US + 20_000, toUs: START_US + 5_020_000 }])
  expect(parts.flatMap(({ gaps }) => gaps.closed)).toEqual([])
  expect(parts.reduce((sum, { counts }) => sum + counts.acknowledged, 0)).toBe(1)
})

test('an arrival of the next second is not taken from this one, however long a send takes', async () => {
  thread = aThread({ workers: 4, targetTps: 2 })
  vi.spyOn(thread, 'open').mockImplementation(async () => {
    const socket = new Socket()
    vi.spyOn(socket, 'write').mockImplementation(() => {
      nowUs += 600_000
      return true
    })
    return new Wire(socket)
  })
  thread.connect()
  await vi.advanceTimersByTimeAsync(0)
  thread.go(START_US)
  for (let count = 0; count < 60; count++) sweep()
  thread.finish()
  expect(parts.map(({ counts, waiting }) => [counts.intended, waiting])).toEqual([
    [2, 0],
    [2, 0],
    // All four workers wait for a reply by now.
    [2, 1],
    [2, 0],
  ])
})

test('each worker connects as the client of its cohort', () => {
  const open = vi.spyOn(Connector.prototype, 'open').mockReturnValue(new Promise(() => {}))
  const cohorts = (['pgjdbc with HikariCP', 'Npgsql default'] as const).map((client) => ({
    ...aCohort({}, { name: client, share: 0.5, client }),
    ...documentedSettings(client),
  }))
  thread = aThread({ workers: 6, cohorts })
  thread.connect()
  const expected = [0, 1, 2, 3, 4, 5].map((worker) => cohortOf(cohorts, worker).connectTimeoutMs)
  expect(open.mock.calls.map(([, client]) => client.connectTimeoutMs)).toEqual(expected)
  expect(new Set(expected)).toEqual(new Set([10_000, 15_000]))
  open.mockRestore()
})
