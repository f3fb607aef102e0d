/** A whole drill that watches, while the standby is promoted by hand and the old primary lives on: commits are lost, and two servers take writes. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Report } from '../../functions/model/report.ts'
import { findPostgres } from '../../infra/local/process/programs.ts'
import { databaseUser } from '../../infra/local/process/run-user.ts'
import { startCommand } from '../support/command.ts'
import { expectHonest, MODEST, reportOf } from '../support/drill-expectations.ts'
import { startDrillCommand } from '../support/drill-run.ts'
import { eventually } from '../support/eventually.ts'
import { argumentsOf } from '../support/guides/runs.ts'
import { stackFolders } from '../support/leaks.ts'
import { timeouts } from '../support/timeouts.ts'

interface OldRow {
  readonly key: string
  readonly atMs: number
}

/** What the old primary itself holds of the watch, once it is fenced: read from its files, without a server. */
function rowsOfOldPrimary(dataDirectory: string, database: string): OldRow[] {
  const sql = `SELECT concat_ws(' ', container, session, seq, timeline, round(extract(epoch FROM written_at) * 1000)) AS watched FROM drill_watch ORDER BY written_at`
  const args = ['--single', '-D', dataDirectory, database]
  const user = databaseUser()
  const own = user === null ? {} : { uid: user.uid, gid: user.gid }
  const text = execFileSync(join(findPostgres()?.bin ?? '', 'postgres'), args, { input: sql, encoding: 'utf8', ...own })
  return [...text.matchAll(/watched = "(\d+) (\d+) (\d+) (\d+) (\d+)"/g)].map(
    ([, container, session, seq, timeline, atMs]) => ({
      key: [container, session, seq, timeline].join('/'),
      atMs: Number(atMs),
    }),
  )
}

function expectRowsOf(old: readonly OldRow[], report: Report): void {
  const [event] = report.events
  const { stalePrimary, moments } = event as NonNullable<typeof event>
  const claimed = stalePrimary.rows.map(({ container, session, seq, timeline }) =>
    [container, session, seq, timeline].join('/'),
  )
  const clockMs = (stalePrimary.uncertaintyMs ?? 0) + 2
  const lastMs = Date.parse(stalePrimary.rows.at(-1)?.acknowledgedAt ?? '')
  const t2Ms = Date.parse(moments.t2 ?? '')
  // Written after T2 for certain, and not in the moment in which the server died.
  const certain = old.filter(({ atMs }) => atMs > t2Ms + clockMs && atMs <= lastMs).map(({ key }) => key)
  expect(claimed.length).toBeGreaterThan(2)
  expect(claimed).toEqual(expect.arrayContaining(certain))
  expect(old.map(({ key }) => key)).toEqual(expect.arrayContaining(claimed))
  expect(claimed.length - certain.length).toBeLessThanOrEqual(1)
}

test('a promotion by hand while the old primary lives: the drill names the lost commits and each write of the old primary, fails, and says that others caused it', {
  timeout: timeouts.drillMs,
}, async () => {
  const options = argumentsOf('npm run drill -- --replication async --hold-standby 5')
  const load = argumentsOf('npm run drill -- --replication async --event external@15 --duration 60')
  expect(options).toEqual(expect.arrayContaining(load.slice(0, 4)))
  const run = startDrillCommand([...options, ...load.slice(4), '--target-tps', '120', '--workers', '8', ...MODEST])
  await run.command.printed(/ {2}watch$/m, timeouts.stackStartsMs)
  const hand = startCommand('infra/local/act.ts', ['split-brain'], { DRILL_STATE_DIR: run.stateFolder })
  expect(await hand.ended).toMatchObject({ code: 0, output: expect.stringContaining('split-brain done') })
  const fenced = join(stackFolders(run.stateFolder)[0] ?? '', 'zone-1-fenced')
  await eventually('the old primary is fenced', 30_000, async () => existsSync(fenced), 50)
  const old = rowsOfOldPrimary(fenced, 'saifdb')
  const drill = await run.finished()
  const report = reportOf(drill)
  expectHonest(drill, report)
  expect(report.verdict).toBe('FAIL')
  expect(report.requests).toMatchObject([{ kind: 'external', state: 'watched', event: 1, sentAt: null }])
  expect(report.events).toMatchObject([{ kind: 'failover', cause: 'other', request: null, proof: { proven: true } }])
  expect(report.headline).toMatch(/^Watch of pg-local: failover that this drill did not request: no commit for /)
  expect(report.ledger.lost).toBeGreaterThan(0)
  expect(report.ledger.lostKeys).toHaveLength(Math.min(1000, report.ledger.lost ?? 0))
  expect(report.ledger.lostSeconds).toBeGreaterThan(1)
  const { rowsFound, acknowledged, recovered, misjudged, lost } = report.ledger
  expect(rowsFound).toBe(acknowledged + (recovered ?? 0) + (misjudged ?? 0) - (lost ?? 0))
  expectRowsOf(old, report)
  const [event] = report.events
  const { writes, rows } = event?.stalePrimary ?? { writes: 0, rows: [] }
  expect(event?.stalePrimary).toMatchObject({
    state: 'split brain',
    sessions: 1,
    oldTimeline: 1,
    newTimeline: 2,
    absent: writes,
  })
  expect(rows).toHaveLength(writes ?? 0)
  expect(report.criteria).toContainEqual(
    expect.objectContaining({ id: 'split_brain_writes', measured: writes, verdict: 'fail' }),
  )
  expect(report.reasons).toContain(event?.stalePrimary.sentence)
})
