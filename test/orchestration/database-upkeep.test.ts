/** What a drill may change in the database besides its own rows: the schema, with consent, and the rows of drills long past. */
import { describe, expect, test } from 'vitest'
import type { Database, StoredDrill } from '../../functions/clients/clients.ts'
import type { LoadSessionFacts, SchemaFacts } from '../../functions/model/facts.ts'
import { aPlan, criteria, type DrillPlay, type DrillPlayOptions, playDrill } from '../support/play-drill.ts'
import { createWorld } from '../support/world/world.ts'

function run(request: object, database: (own: Database) => Partial<Database>, options?: DrillPlayOptions) {
  const world = createWorld()
  const own = world.clients.database
  const clients = { ...world.clients, database: { ...own, ...database(own) } }
  return playDrill({ ...world, clients }, aPlan({ criteria, ...request }), options)
}

const journalOf = ({ report }: DrillPlay, step: string) =>
  (report?.journal ?? []).filter((entry) => entry.step === step).map(({ result, detail }) => ({ result, detail }))

// ---- Migration ------------------------------------------------------------------------------------------------------

interface Before {
  readonly schema?: Partial<SchemaFacts>
  readonly session?: Partial<LoadSessionFacts>
}
const nothing: Before = {
  schema: { auditedTable: null, customers: null, canary: null },
  session: { hasTable: false, table: null },
}

/** A schema that is as it is until it was migrated. */
function bare(before: Before, migrations: { count: number }, outcome: 'fixes' | 'fails' = 'fixes') {
  return (own: Database): Partial<Database> => ({
    loadSession: async (target, via) => ({
      ...(await own.loadSession(target, via)),
      ...(migrations.count === 0 ? before.session : {}),
    }),
    schema: async (target, ways) => ({
      ...(await own.schema(target, ways)),
      ...(migrations.count === 0 ? before.schema : {}),
    }),
    migrate: async () => {
      if (outcome === 'fails') throw new Error('preparing drill on pg failed, and nothing was changed')
      migrations.count++
      return ['table transactions', 'role load']
    },
  })
}

test.each([
  { what: 'without tables', before: nothing },
  { what: 'without parent rows', before: { schema: { customers: 4 } } },
  {
    what: "without the load's role",
    before: { session: { reachable: false, error: '28000: no such role', hasTable: null, table: null } },
  },
])('a drill with consent migrates a database $what, says so in its journal, and runs', async ({ before }) => {
  const migrations = { count: 0 }
  const played = await run({ migrate: true }, bare(before, migrations))
  expect(migrations.count).toBe(1)
  expect(played.report?.verdict).toBe('PASS')
  expect(journalOf(played, 'check')).toEqual([
    {
      result: 'ok',
      detail: expect.stringMatching(
        /^migrated as the request allows: table transactions, role load; \d+ of \d+ passed/,
      ),
    },
  ])
  expect(played.report?.checklist.find(({ id }) => id === 'schema')?.verdict).toBe('pass')
})

test('without consent nothing is migrated, and the check says how it can be', async () => {
  const migrations = { count: 0 }
  const { report } = await run({}, bare(nothing, migrations))
  expect(migrations.count).toBe(0)
  expect(report?.verdict).toBe('INCONCLUSIVE')
  expect(report?.checklist.find(({ id }) => id === 'schema')).toMatchObject({
    verdict: 'fail',
    advice: expect.stringMatching(/npm run migrate.*"migrate": true/),
  })
})

test('with consent a database that is ready is left alone', async () => {
  const migrations = { count: 0 }
  const played = await run({ migrate: true }, bare({}, migrations))
  expect(migrations.count).toBe(0)
  expect(journalOf(played, 'check')[0]?.detail).not.toContain('migrat')
})

test('a migration that fails ends the drill at its check, and both are reported', async () => {
  const played = await run({ migrate: true }, bare(nothing, { count: 0 }, 'fails'))
  expect(played.report?.verdict).toBe('INCONCLUSIVE')
  expect(journalOf(played, 'check')[0]?.detail).toMatch(
    /^the migration that the request allows failed: preparing drill on pg failed, and nothing was changed; the checklist failed: schema/,
  )
})

test('a pooler that still refuses the role that is there now is asked again', async () => {
  let looks = 0
  const { report } = await run({ migrate: true }, (own) => ({
    migrate: async () => ['role load'],
    schema: async (target, ways) => {
      looks++
      return { ...(await own.schema(target, ways)), canary: looks < 4 ? 'failed' : 'ok', canaryError: null }
    },
  }))
  expect(looks).toBe(4)
  expect(report?.verdict).toBe('PASS')
})

// ---- Old rows -------------------------------------------------------------------------------------------------------

const DAY = 86_400
const STORED: readonly StoredDrill[] = [
  { drillId: 'canary-1', newestRowAgeSeconds: 8 * DAY, rows: 1_000 },
  { drillId: 'drill-0', newestRowAgeSeconds: 7 * DAY + 1, rows: 1_000 },
  { drillId: 'drill-1', newestRowAgeSeconds: 400 * DAY, rows: 1_000 },
  { drillId: 'running', newestRowAgeSeconds: 1, rows: 1_000 },
  { drillId: 'undated', newestRowAgeSeconds: null, rows: 1_000 },
  { drillId: 'week', newestRowAgeSeconds: 7 * DAY, rows: 1_000 },
]

/** Records which drills lose their rows. */
const keeping =
  (deleted: string[], isComplete: (drillId: string) => boolean = () => true) =>
  (): Partial<Database> => ({
    storedDrills: async () => STORED,
    deleteRows: async (_target, drillId) => {
      deleted.push(drillId)
      return { rows: 1_000, isComplete: isComplete(drillId) }
    },
  })

test('rows of older drills are deleted while the server is reserved: neither its own, nor younger, nor undated ones', async () => {
  const deleted: string[] = []
  const played = await run({}, keeping(deleted))
  expect(deleted).toEqual(['canary-1', 'drill-0'])
  expect(journalOf(played, 'deleteOldRows')).toEqual([
    { result: 'ok', detail: 'deleted 2000 rows of drills older than 7 days' },
  ])
  const steps = played.calls.map(({ name }) => name)
  expect(steps.indexOf('deleteOldRows')).toBeGreaterThan(steps.lastIndexOf('audit'))
  expect(steps.indexOf('deleteOldRows')).toBeLessThan(steps.indexOf('release'))
})

test('what takes too long after a short load is left to the next drill', async () => {
  const deleted: string[] = []
  const played = await run(
    {},
    keeping(deleted, (drillId) => drillId !== 'canary-1'),
  )
  expect(deleted).toEqual(['canary-1'])
  expect(journalOf(played, 'deleteOldRows').map(({ detail }) => detail)).toEqual([
    'deleted 1000 rows of drills older than 7 days; rows of 2 drills are left',
  ])
})

describe('after a long load', () => {
  const LONG = { durationSeconds: 1_500, timing: { lateMetricsSeconds: 0 } }

  test('turns of deletion follow each other until the old rows are gone', async () => {
    const deleted: string[] = []
    const played = await run(
      LONG,
      keeping(deleted, () => deleted.length > 2),
    )
    expect(deleted).toEqual(['canary-1', 'canary-1', 'canary-1', 'drill-0'])
    expect(journalOf(played, 'deleteOldRows').map(({ detail }) => detail)).toEqual([
      'deleted 1000 rows of drills older than 7 days; rows of 2 drills are left',
      'deleted 1000 rows of drills older than 7 days; rows of 2 drills are left',
      'deleted 2000 rows of drills older than 7 days',
    ])
  })

  test('they end after half the time of the load, and the report does not wait for them', async () => {
    const deleted: string[] = []
    const played = await run(
      LONG,
      keeping(deleted, () => false),
    )
    expect(deleted).toHaveLength(Math.ceil(750 / 240))
    const steps = played.calls.map(({ name }) => name)
    const from = steps.indexOf('deleteOldRows')
    expect(steps.slice(from, from + 3)).toEqual(['deleteOldRows', 'writeReport', 'deleteOldRows'])
    expect(steps.lastIndexOf('deleteOldRows')).toBeLessThan(steps.indexOf('release'))
  })

  test('a turn that fails is the last one', async () => {
    const played = await run(LONG, () => ({
      storedDrills: async () => {
        throw new Error('the database does not answer')
      },
    }))
    expect(journalOf(played, 'deleteOldRows')).toHaveLength(1)
  })
})

test('a retention of 0 days keeps all rows', async () => {
  const deleted: string[] = []
  const played = await run({}, keeping(deleted), {
    settings: { upkeepOf: () => ({ rowsRetentionDays: 0, stopServerBetweenDrills: false }) },
  })
  expect(deleted).toEqual([])
  expect(journalOf(played, 'deleteOldRows')[0]?.detail).toBe('rows are kept: DRILL_ROWS_RETENTION_DAYS is 0')
})

test('a deletion that fails is reported once and changes no verdict', async () => {
  const played = await run({}, () => ({
    storedDrills: async () => {
      throw new Error('the database does not answer')
    },
  }))
  expect(journalOf(played, 'deleteOldRows')).toEqual([{ result: 'failed', detail: 'the database does not answer' }])
  expect(played.report?.verdict).toBe('PASS')
})

test('a drill that never had the server deletes nothing there', async () => {
  const deleted: string[] = []
  const played = await run({}, keeping(deleted), {
    overrides: { reserve: () => ({ reserved: false, abort: null, detail: 'held' }) },
  })
  expect(played.status).toBe('Completed')
  expect(deleted).toEqual([])
})
