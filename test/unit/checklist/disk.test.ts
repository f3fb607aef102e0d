/** The check of the disk: what it counts, and what it says. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BYTES_PER_ROW, DISK_CHECKS, WAL_BYTES_PER_ROW } from '../../../functions/checklist/disk.ts'
import type { DiskFacts, ServerFacts } from '../../../functions/model/facts.ts'
import { plannedArrivals } from '../../../functions/model/load-plan.ts'
import type { DrillPlan } from '../../../functions/model/plan.ts'
import { ArrivalCursor } from '../../../loadgen-image/schedule/schedule.ts'
import { someFacts } from '../../support/builders.ts'
import { goodDisk, goodServer } from '../../support/good-facts.ts'
import { aPlan } from '../../support/play-drill.ts'

const GIB = 1024 ** 3
const [ROW] = DISK_CHECKS

type Storage = NonNullable<ServerFacts['storage']>

/** The drill of one hour at 8,000 TPS leaves 28.8 million rows. */
const HOUR = { targetTps: 8000, durationSeconds: 3600, events: [] }
const ROWS = 28_800_000
const ROW_BYTES = ROWS * BYTES_PER_ROW

const judge = (disk: Partial<DiskFacts> | null, storage: Partial<Storage> | null = {}, plan: DrillPlan = aPlan(HOUR)) =>
  ROW.judge({
    plan,
    facts: someFacts({
      server: storage && {
        ...goodServer,
        storage: { sizeGb: 128, tier: null, iops: null, type: null, growsByItself: false, ...storage },
      },
      disk: disk && { ...goodDisk, maxWalBytes: 0, usedBytes: 0, ...disk },
    }),
  })

const used = (bytes: number): Partial<DiskFacts> => ({ usedBytes: bytes })
/** On a disk of 128 GiB the server turns read-only below 6.4 GiB. */
const FLOOR = 0.05 * 128 * GIB

describe('the disk must hold the rows that are planned, and stay above the floor of the platform', () => {
  test.each<readonly [string, Partial<DiskFacts> | null, Partial<Storage> | null, string]>([
    ['room to the byte', used(128 * GIB - FLOOR - ROW_BYTES), {}, 'pass'],
    ['one byte less', used(128 * GIB - FLOOR - ROW_BYTES + 1), {}, 'fail'],
    ['a smaller disk, where 5 GiB are the floor', used(32 * GIB - 5 * GIB - ROW_BYTES), { sizeGb: 32 }, 'pass'],
    ['one byte less there', used(32 * GIB - 5 * GIB - ROW_BYTES + 1), { sizeGb: 32 }, 'fail'],
    ['room before the disk would grow', used(0.8 * 128 * GIB - ROW_BYTES - 1), { growsByItself: true }, 'pass'],
    ['none before it would grow', used(0.8 * 128 * GIB - ROW_BYTES + 1), { growsByItself: true }, 'fail'],
    [
      'a large disk, which grows below 64 GiB',
      used(960 * GIB - ROW_BYTES),
      { sizeGb: 1024, growsByItself: true },
      'pass',
    ],
    ['one byte less there', used(960 * GIB - ROW_BYTES + 1), { sizeGb: 1024, growsByItself: true }, 'fail'],
    ['a used part that was not seen', { usedBytes: null }, {}, 'unknown'],
    ['a disk that is too small even when empty', { usedBytes: null }, { sizeGb: 8 }, 'fail'],
    ['nothing of the disk', null, {}, 'unknown'],
    ['no size', used(0), { sizeGb: null }, 'unknown'],
    ['no server', used(0), null, 'unknown'],
    ['WAL that would not fit if all of it were kept', { usedBytes: 100 * GIB, maxWalBytes: null }, {}, 'unknown'],
    ['WAL that fits even so', { usedBytes: 80 * GIB, maxWalBytes: null }, {}, 'pass'],
  ])('%s', (_, disk, storage, verdict) => expect(judge(disk, storage).verdict).toBe(verdict))

  const closed = aPlan({ targetTps: 0, durationSeconds: 3600, events: [], criteria: ['recovery_time_s < 120'] })

  test('a closed loop has no number of rows, and is neither right nor wrong', () => {
    expect(judge(used(100 * GIB), {}, closed)).toMatchObject({
      verdict: 'unknown',
      seen: '28.0 GiB of 128.0 GiB free (by the platform)',
    })
  })

  test.each([
    [128 * GIB - FLOOR, {}, 'unknown'],
    [128 * GIB - FLOOR + 1, {}, 'fail'],
    [0.8 * 128 * GIB + 2, { growsByItself: true }, 'fail'],
  ])(
    'a closed loop on a disk of which %i bytes are used (%o): %s, for it writes at least nothing',
    (bytes, disk, verdict) => expect(judge(used(bytes), disk, closed).verdict).toBe(verdict),
  )

  test('more used than the disk holds, which two sources can say, is nothing free', () =>
    expect(judge(used(130 * GIB)).seen).toBe('0 B of 128.0 GiB free (by the platform)'))
})

describe('WAL is counted as the server keeps it', () => {
  const wanted = (events: readonly object[], maxWalBytes: number) =>
    judge({ maxWalBytes }, {}, aPlan({ ...HOUR, events })).wanted
  const gib = (bytes: number) => `${(bytes / GIB).toFixed(1)} GiB for WAL`

  test('up to max_wal_size without a promotion', () =>
    expect(wanted([{ atSeconds: 600, kind: 'restart' }], 2 * GIB)).toContain(gib(2 * GIB)))
  test('never more than the load writes', () => expect(wanted([], 900 * GIB)).toContain(gib(ROWS * WAL_BYTES_PER_ROW)))
  test('from a promotion on all of it, because the standby is built again', () =>
    expect(wanted([{ atSeconds: 2700, kind: 'failover', mode: 'forced' }], 2 * GIB)).toContain(
      gib(2 * GIB + (ROWS / 4) * WAL_BYTES_PER_ROW),
    ))
})

describe('the words', () => {
  const full = {
    usedBytes: 120 * GIB,
    earlier: { drills: 9, rows: 60_000_000 },
    overdue: { drills: 2, rows: 20_000_000 },
  }

  test('name the room, who saw it, and what earlier drills left', () => {
    const { seen, wanted } = judge({ ...full, usedSeenBy: 'SQL' })
    expect(seen).toMatch(
      /^8\.0 GiB of 128\.0 GiB free \(by SQL\); 9 earlier drills left about 60,000,000 rows \(\d+\.\d GiB\), and 20,000,000 of them are past their time$/,
    )
    expect(wanted).toMatch(/^\d+\.\d GiB free: \d+\.\d GiB for 28,800,000 rows, 0 B for WAL, and 6\.4 GiB below which/)
  })

  test('promise no room on the disk from deletion, which leaves it in the table', () => {
    expect(ROW.advice).toMatch(/none on the disk before VACUUM FULL/)
    expect(`${ROW.advice}${judge(full).advice}`).not.toMatch(/RETENTION/)
  })

  test('say of a disk that grows that it would, for good, and what is still to be deleted', () => {
    expect(judge(full, { growsByItself: true }).advice).toMatch(
      /of 2 drills are still there\. .*to 256\.0 GiB.*never shrinks/,
    )
    expect(judge({ ...full, overdue: { drills: 0, rows: 0 } }).advice).toBeUndefined()
  })
})

test('the planned arrivals are those that the load generators send, for every profile and from every second', () => {
  const step = fc.record({
    factor: fc.double({ min: 0, max: 3, noNaN: true }),
    shape: fc.constantFrom('step' as const, 'ramp' as const),
    pause: fc.integer({ min: 1, max: 30 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 5 }), fc.integer({ min: 0, max: 150 }), (steps, fromSecond) => {
      let at = 0
      const profile = steps.map(({ factor, shape, pause }) => {
        at += pause
        return { fromSecond: at, factor, shape }
      })
      const { load } = aPlan({ targetTps: 40, durationSeconds: 160, events: [] })
      const plan = { ...load, profile, arrivals: 'even' as const }
      const cursor = new ArrivalCursor(plan, { containers: 1, container: 0, threads: 1, thread: 0 })
      let due = 0
      for (; cursor.dueUs < Number.POSITIVE_INFINITY; cursor.advance()) if (cursor.dueUs >= fromSecond * 1e6) due++
      expect(Math.abs((plannedArrivals(plan, fromSecond) ?? Number.NaN) - due)).toBeLessThanOrEqual(2)
    }),
    { seed: 20, numRuns: 200 },
  )
})
