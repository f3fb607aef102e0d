/** The one whole drill that every run of the tests holds: `npm run drill` with a forced failover, and its files rendered again. */
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { RESULT_FILES } from '../../infra/local/cli/drill-result.ts'
import { startCommand } from '../support/command.ts'
import { expectFailover, expectHonest, expectPass, MODEST, reportOf } from '../support/drill-expectations.ts'
import { SMALL, startDrillCommand } from '../support/drill-run.ts'
import { timeouts } from '../support/timeouts.ts'

test('a forced failover under load is measured from end to end and loses nothing', {
  timeout: timeouts.drillMs,
}, async () => {
  const drill = await startDrillCommand([...SMALL, '--failover-mode', 'forced', ...MODEST]).finished()
  const report = reportOf(drill)
  expectHonest(drill, report)
  expectFailover(report)
  expectPass(report)
  const loadSession = report.checklist.find(({ id }) => id === 'load-session')
  expect(loadSession?.seen).toBe('drill_load through PgBouncer')
  const { rowsFound, acknowledged, recovered, misjudged } = report.ledger
  expect(rowsFound).toBe(acknowledged + (recovered ?? 0) + (misjudged ?? 0))
  await expectSameWhenRenderedAgain(drill.folder ?? '')
})

async function expectSameWhenRenderedAgain(folder: string): Promise<void> {
  const contents = () => RESULT_FILES.map((name) => readFileSync(join(folder, name), 'utf8'))
  const before = contents()
  for (const name of RESULT_FILES) if (name !== 'report.json') rmSync(join(folder, name))
  expect(await startCommand('infra/local/render.ts', [folder]).ended).toMatchObject({ code: 0 })
  expect(contents()).toEqual(before)
}
