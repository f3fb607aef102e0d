/** How a run ends when its threads do not. */
import { expect, test } from 'vitest'
import { addUp } from '../../loadgen-image/contract/counts.ts'
import { Run } from '../../loadgen-image/run/run.ts'
import { withNullServer } from '../bench/null-server-process.ts'
import { aPlan, runLoad } from './support.ts'

const PLAN = aPlan({ workers: 4 })
const fileOf = (name: string) => ({ threadFile: new URL(name, import.meta.url) })

test('a thread that dies without being done fails the run, and the others settle what they have', () =>
  withNullServer(1, async ({ target }) => {
    const { records, summary } = await runLoad(PLAN, target, undefined, fileOf('./dying-thread.ts'))
    expect(summary).toMatchObject({ ended: 'failed', reason: 'thread 1 ended before its load was done' })
    const totals = addUp(records.map(({ counts }) => counts))
    expect(totals).toEqual(summary.totals)
    const { intended, acknowledged, refused, unknown, missed } = totals
    expect(acknowledged).toBeGreaterThan(0)
    // The dead thread takes with it what its two workers had in flight, and its last second; the other one settles all.
    expect(intended - acknowledged - refused - unknown - missed).toBeLessThanOrEqual(2)
    const survivors = records.flatMap(({ ledger }) => ledger).filter(({ worker }) => worker < 2)
    expect(survivors.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThanOrEqual(intended / 2 - 1)
  }))

test('a thread whose file cannot be loaded fails the run before any load', () =>
  withNullServer(1, ({ target }) =>
    expect(runLoad(PLAN, target, undefined, fileOf('./no-such-thread.ts'))).rejects.toThrow(
      /thread \d ended before its load was done/,
    ),
  ))

test('a finish before the load starts ends the threads without a record', () =>
  withNullServer(1, async ({ target }) => {
    const onRecord = () => expect.fail('a record')
    const run = new Run({ plan: PLAN, container: 0, incarnation: 'test', pgbouncer: target, direct: target, onRecord })
    try {
      await run.connect()
      run.finish('stopped', 'early')
      await run.load(Date.now())
      expect(run.summary({ clock: { offsetMs: 0, errorMs: 0 } }, 0)).toMatchObject({ ended: 'stopped', records: 0 })
    } finally {
      await run.terminate()
    }
  }))
