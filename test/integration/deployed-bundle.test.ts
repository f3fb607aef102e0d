/** The load generator as its image holds it: alone in a folder, with plain Node and nothing else. */

import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bundleLoadgen } from '../../infra/azure/bundle-loadgen.ts'

const temporary = mkdtempSync(join(tmpdir(), 'loadgen-bundle-'))
/** Nothing of this repository is above it, so nothing can be found but what the bundle holds. */
const alone = join(temporary, 'alone')

beforeAll(async () => {
  await bundleLoadgen(join(temporary, 'made'))
  cpSync(join(temporary, 'made'), alone, { recursive: true })
}, 60_000)
afterAll(() => rmSync(temporary, { recursive: true, force: true }))

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

function run(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return new Promise((resolve) =>
    execFile(
      process.execPath,
      [join(alone, 'main.mjs'), ...args],
      { cwd: alone, env: environment, timeout: 60_000 },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    ),
  )
}

describe('the bundle, alone in a folder', () => {
  test('is the program and its thread, and needs no package', () => {
    expect(readdirSync(alone)).toEqual(['LICENSES.txt', 'main.mjs', 'thread-main.mjs'])
  })

  test('explains itself', async () => {
    const { code, stdout, stderr } = await run(['--help'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('POSTGRES_CONNECTION_STRING')
  })

  test.each([
    {
      of: 'a stand-alone run',
      environment: { TARGET_TPS: 'many' },
      named: ['POSTGRES_CONNECTION_STRING', 'TARGET_TPS'],
    },
    {
      of: 'a container of a drill',
      environment: { DRILL_ID: 'd1' },
      named: ['POSTGRES_CONNECTION_STRING', 'DRILL_BLOB_CONTAINER_URL'],
    },
  ])('refuses the bad configuration of $of with exit code 2 and every problem', async ({ environment, named }) => {
    const { code, stderr } = await run([], environment)
    expect(code).toBe(2)
    for (const name of named) expect(stderr).toContain(name)
  })
})
