import { expect, test } from 'vitest'
import type { SecondRecord } from '../../loadgen-image/contract/glossary.ts'
import { anchorClock } from '../../loadgen-image/record/clock.ts'
import { addCounts, NO_COUNTS } from '../../loadgen-image/record/second.ts'
import { Coordinator } from '../../loadgen-image/run/coordinator.ts'
import { type NullServer, withNullServer } from '../bench/null-server-process.ts'
import { aPlan } from './support.ts'

const DYING_THREAD = new URL('./dying-thread.ts', import.meta.url)

function coordinatorOn({ target }: NullServer, threadFile?: URL) {
  const records: SecondRecord[] = []
  const plan = aPlan({ durationSeconds: 2, workers: 4, threads: 2 })
  const coordinator = new Coordinator({
    plan,
    container: 0,
    incarnation: 'test',
    threads: 2,
    pgbouncer: target,
    direct: target,
    clock: anchorClock(),
    onRecord: (record) => records.push(record),
    ...(threadFile === undefined ? {} : { threadFile }),
  })
  return { coordinator, records }
}

test('a thread that dies without being done fails the run, and the others settle what they have', () =>
  withNullServer(1, async (server) => {
    const { coordinator, records } = coordinatorOn(server, DYING_THREAD)
    try {
      coordinator.start()
      await coordinator.connected()
      coordinator.go(Date.now() * 1000 + 100_000)
      await expect(coordinator.finished()).rejects.toThrow('thread 1 ended before its load was done')
      const { intended, acknowledged, refused, unknown, missed } = records
        .map(({ counts }) => counts)
        .reduce(addCounts, NO_COUNTS)
      expect(acknowledged).toBeGreaterThan(0)
      // The dead thread takes with it what its two workers had in flight, and its last second; the other one settles all.
      expect(intended - acknowledged - refused - unknown - missed).toBeLessThanOrEqual(2)
      const survivors = records.flatMap(({ ledger }) => ledger).filter(({ worker }) => worker < 2)
      expect(survivors.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThanOrEqual(intended / 2 - 1)
    } finally {
      await coordinator.terminate()
    }
  }))

test('a thread whose file cannot be loaded fails the run before any load', () =>
  withNullServer(1, async (server) => {
    const { coordinator } = coordinatorOn(server, new URL('./no-such-thread.ts', import.meta.url))
    try {
      coordinator.start()
      await expect(coordinator.connected()).rejects.toThrow(/thread \d ended before its load was done/)
    } finally {
      await coordinator.terminate()
    }
  }))

test('a finish before the load started ends the threads without a record', () =>
  withNullServer(1, async (server) => {
    const { coordinator, records } = coordinatorOn(server)
    try {
      coordinator.start()
      await coordinator.connected()
      coordinator.finish()
      await coordinator.finished()
      expect(records).toEqual([])
    } finally {
      await coordinator.terminate()
    }
  }))
