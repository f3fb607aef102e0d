import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startCommand } from '../support/command.ts'
import { stackFolders } from '../support/leaks.ts'

/** A folder for stacks of this test alone, so that stacks of other tests are not counted as leftovers. */
function ownFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'commands-test-'))
  chmodSync(folder, 0o755)
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

async function run(file: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const state = ownFolder()
  const { code, output } = await startCommand(file, args, { DRILL_STATE_DIR: state, ...environment }).ended
  return { code, output, left: stackFolders(state) }
}

const drill = (args: readonly string[], environment?: NodeJS.ProcessEnv) =>
  run('infra/local/drill.ts', args, environment)
const isRoot = process.getuid?.() === 0

test('bad options of a drill: one message with all of them, exit 2, nothing started', async () => {
  expect(await drill(['--wrokers', '5', '--duration', 'long', '--failover-mode', 'gentle'])).toEqual({
    code: 2,
    output: `  unknown option "wrokers"; did you mean --workers?
  --duration: expected a whole number from 10 to 18000, got a text of 4 characters
  --failover-mode: expected one of forced, planned, none, got a text of 6 characters
Nothing was started. "npm run drill -- --help" lists the options
`,
    left: [],
  })
})

test('--help explains the options and the exit codes, exit 0', async () => {
  const { code, output, left } = await drill(['--help'])
  expect({ code, left }).toEqual({ code: 0, left: [] })
  expect(output).toContain('Exit code: 0 PASS, 1 FAIL, 2 could not run, 3 INCONCLUSIVE or ABORTED.')
})

test('an output folder that cannot be made is named with the next step', async () => {
  const file = join(ownFolder(), 'a-file')
  writeFileSync(file, '')
  const { code, output, left } = await drill(['--out', join(file, 'runs')])
  expect({ code, left }).toEqual({ code: 2, left: [] })
  expect(output).toMatch(/cannot be written to\. Give another folder with --out: EEXIST/)
})

test.each(['/proc', '/proc/new', '/proc/new/runs'])(
  '--out %s is refused before the stack starts, even for root',
  async (out) => {
    const { code, output, left } = await drill(['--out', out])
    expect({ code, left }).toEqual({ code: 2, left: [] })
    expect(output).toMatch(/cannot be written to\. Give another folder with --out: ENOENT/)
  },
)

test('a folder for the servers that cannot be made is named with the next step', async () => {
  const file = join(ownFolder(), 'a-file')
  writeFileSync(file, '')
  const { code, output } = await drill(['--out', ownFolder()], { DRILL_STATE_DIR: join(file, 'state') })
  expect(code).toBe(2)
  expect(output).toMatch(/cannot be made\. Set DRILL_STATE_DIR to another place/)
})

test.runIf(isRoot)("a folder that PostgreSQL's user cannot reach is named with the next step", async () => {
  const closed = join(ownFolder(), 'closed')
  mkdirSync(closed, { mode: 0o700 })
  const { code, output } = await drill(['--out', ownFolder()], { DRILL_STATE_DIR: closed })
  expect({ code, left: stackFolders(closed) }).toEqual({ code: 2, left: [] })
  expect(output).toMatch(
    /cannot be reached by the user postgres, .* is closed to it\. Set DRILL_STATE_DIR to an open place/,
  )
})

test("without Azure's own host --host functions says how to install it", async () => {
  const { code, output, left } = await drill(['--host', 'functions', '--out', ownFolder()], {
    PATH: '/usr/bin:/bin',
    FUNCTIONS_HOST: '/nowhere/func',
  })
  expect({ code, left }).toEqual({ code: 2, left: [] })
  expect(output).toContain('npm install -g azure-functions-core-tools@4')
})

test('without the .NET SDK --host durable says how to install it', async () => {
  const { code, output, left } = await drill(['--host', 'durable', '--out', ownFolder()], { DOTNET: '/nowhere/dotnet' })
  expect({ code, left }).toEqual({ code: 2, left: [] })
  expect(output).toContain('https://dotnet.microsoft.com/download')
})

test('a missing PgBouncer is named, with the command that installs it', async () => {
  const { code, output, left } = await drill(['--out', ownFolder()], {
    PGBOUNCER: '/nowhere/pgbouncer',
    PATH: '/nowhere',
  })
  expect({ code, left }).toEqual({ code: 2, left: [] })
  expect(output).toMatch(/^PgBouncer is missing on this machine\. Install it with/)
})

test('npm start on a port in use names the port and starts no process', async () => {
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void taken.close())
  const { port } = taken.address() as { readonly port: number }
  const { code, output, left } = await run('infra/local/start.ts', ['--port', String(port)])
  expect({ code, left }).toEqual({ code: 2, left: [] })
  expect(output).toContain(
    `Port ${port} on 127.0.0.1 is in use by another program. Stop that program, or give another port with --port`,
  )
})

test('npm start with bad options names them', async () => {
  const { code, output } = await run('infra/local/start.ts', ['--port', '99999', '--replication', 'both'])
  expect({ code, output }).toEqual({
    code: 2,
    output: `  --port: expected a whole number from 0 to 65535, got 99999
  --replication: expected one of sync, async, got a text of 4 characters
Nothing was started. "npm start -- --help" lists the options
`,
  })
})

test('rendering a folder without a drill names the missing files', async () => {
  const folder = ownFolder()
  const { code, output } = await run('infra/local/render.ts', [folder])
  expect({ code, output }).toEqual({
    code: 2,
    output: `${folder}/report.json does not exist
${folder}/chart-data.json does not exist
Give the folder of a finished drill, such as runs/<drill-id>
`,
  })
})
