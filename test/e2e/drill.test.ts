/** The one whole drill that every run of the tests holds: `npm run drill` with a forced failover and a probed application, and its files rendered again. */
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { EVIDENCE_FILE } from '../../functions/archive/evidence-zip.ts'
import type { Report } from '../../functions/model/report.ts'
import { RESULT_FILES } from '../../infra/local/cli/drill-result.ts'
import { startCommand } from '../support/command.ts'
import { expectFailover, expectHonest, expectPass, MODEST, reportOf } from '../support/drill-expectations.ts'
import { SMALL, startDrillCommand } from '../support/drill-run.ts'
import { argumentsOf } from '../support/guides/runs.ts'
import { observe, type SeenOutage } from '../support/independent-probe.ts'
import { timeouts } from '../support/timeouts.ts'

test('a forced failover under load is measured from end to end and loses nothing', {
  timeout: timeouts.drillMs,
}, async () => {
  const objectives = ['--criteria', 'app_outage_s[checkout] <= 60; app_recovery_s[checkout] <= 60']
  // The first command has no option, and its drill is the one with a forced failover.
  const shown = ['npm ci && npm run drill', 'npm run drill', 'npm run drill -- --with-app'].flatMap((command) =>
    argumentsOf(command),
  )
  const options = [...shown, '--failover-mode', 'forced', ...MODEST, ...objectives]
  const run = startDrillCommand([...SMALL, ...options])
  const [, url = ''] = await run.command.printed(/The example application: POST (\S+)/, timeouts.drillMs)
  const observer = observe(url)
  await run.command.printed(/ audit/, timeouts.drillMs)
  const seen = await observer.stop()
  const drill = await run.finished()
  const report = reportOf(drill)
  expectHonest(drill, report)
  expectFailover(report)
  expectPass(report)
  const loadSession = report.checklist.find(({ id }) => id === 'load-session')
  expect(loadSession?.seen).toBe('drill_load through PgBouncer')
  const { rowsFound, acknowledged, recovered, misjudged } = report.ledger
  expect(rowsFound).toBe(acknowledged + (recovered ?? 0) + (misjudged ?? 0))
  expectApplications(report, seen)
  const [event] = report.events
  expect(event?.ways.map(({ way, notMeasuredWhy }) => [way, notMeasuredWhy])).toEqual([
    ['direct', null],
    ['pgbouncer', null],
  ])
  for (const { steps, backAt, outSeconds } of event?.ways ?? []) {
    expect(steps.length).toBeGreaterThan(0)
    expect(backAt).not.toBeNull()
    // The name of the local server keeps its address, and its port is closed until the new primary is there.
    expect(Math.abs((outSeconds ?? 0) - (report.recovery.writeOutageSeconds ?? 0))).toBeLessThan(1)
  }
  const verified = await startCommand('infra/local/verify.ts', [join(drill.folder ?? '', EVIDENCE_FILE)]).ended
  expect([verified.code, verified.output]).toEqual([0, expect.stringContaining('EQUAL: ')])
  // Read from the real primary while the load wrote.
  expect(event?.replay).toMatchObject({ isEstimate: true, missing: null })
  for (const fact of ['walBytesPerSecond', 'sinceCheckpointSeconds', 'sinceRedoBytes'] as const)
    expect(event?.replay?.[fact], fact).toBeGreaterThan(0)
  await expectSameWhenRenderedAgain(drill.folder ?? '')
})

const longest = (lengths: readonly number[]): number => Math.max(0, ...lengths)

/** Against an observer of its own; and the mistake of the application's pool shows beside the database. */
function expectApplications({ applications }: Report, seen: readonly SeenOutage[]): void {
  const [application, validated] = applications
  expect(applications.map(({ name }) => name)).toEqual(['checkout', 'checkout-validated'])
  const outageMs = 1000 * longest((application?.outages ?? []).map(({ seconds }) => seconds ?? 0))
  expect(Math.abs(outageMs - longest(seen.map(({ fromMs, toMs }) => toMs - fromMs)))).toBeLessThan(100)
  const [event] = application?.events ?? []
  expect(event?.state).toBe('back')
  expect(event?.sentence).toMatch(/^The database was back after \d.*, checkout after \d/)
  // Its connections are dead for eight seconds, the database for two or three.
  expect((event?.recoverySeconds ?? 0) - (event?.databaseSeconds ?? 0)).toBeGreaterThan(1)
  expect(event?.beyondDatabaseSeconds).toBeGreaterThan(1)
  expect(application?.outages.at(-1)?.lastCode).toBe('status-503:dead-connection')
  expect(event?.advice).toMatch(
    /failed for .* while a new connection could write.* its pool handed out a connection that had broken/,
  )
  // The same shop behind a pool that drops what breaks is as fast as the database.
  expect(validated?.outages.length).toBeGreaterThan(0)
  expect(validated?.events[0]?.state).toBe('back')
  expect(validated?.events[0]?.advice ?? '').not.toContain('its pool handed out')
  expect(validated?.events[0]?.beyondDatabaseSeconds ?? 0).toBeLessThan(1)
}

async function expectSameWhenRenderedAgain(folder: string): Promise<void> {
  const rendered = RESULT_FILES.filter((name) => name !== EVIDENCE_FILE)
  const contents = () => rendered.map((name) => readFileSync(join(folder, name), 'utf8'))
  const before = contents()
  for (const name of rendered) if (name !== 'report.json') rmSync(join(folder, name))
  expect(await startCommand('infra/local/render.ts', [folder]).ended).toMatchObject({ code: 0 })
  expect(contents()).toEqual(before)
}
