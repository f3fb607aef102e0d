/** The release tool as a user starts it, on a machine that lacks what it needs. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startCommand } from '../../support/command.ts'

test('without the Azure CLI it says so in one line, and ends', async () => {
  const empty = mkdtempSync(join(tmpdir(), 'no-programs-'))
  onTestFinished(() => rmSync(empty, { recursive: true }))
  const started = startCommand('infra/azure/release/main.ts', ['preflight', '--group', 'rg-drill'], { PATH: empty })
  expect(await started.ended).toMatchObject({
    code: 2,
    output: 'release: The Azure CLI (az) is not on the PATH: install it, and run az login\n',
  })
})

test('unknown steps are named together, and nothing is started', async () => {
  const { code, output } = await startCommand('infra/azure/release/main.ts', ['preflihgt', 'app', 'smoek']).ended
  expect(code).toBe(2)
  expect(output).toMatch(/step 1 is unknown.*step 3 is unknown.*Nothing was started/s)
  expect(output).not.toMatch(/^\s+at /m)
})
