import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { findProgram } from '../../infra/local/process/programs.ts'
import { ROOT, startCommand } from '../support/command.ts'
import { aFolder } from '../support/folder.ts'
import { stackFolders } from '../support/leaks.ts'
import { listening } from '../support/ports.ts'
import { unless } from '../support/skips.ts'

async function run(file: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const state = aFolder()
  const { code, output } = await startCommand(file, args, { DRILL_STATE_DIR: state, ...environment }).ended
  return { code, output, left: stackFolders(state) }
}

const drill = (args: readonly string[], environment?: NodeJS.ProcessEnv) =>
  run('infra/command/main.ts', ['drill', ...args], environment)
const asRoot = unless(process.getuid?.() === 0 ? null : 'only root starts the servers as another user')

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
  expect(output).toContain('Exit code: 0 PASS, 1 FAIL, 2 could not run or did not start, 3 INCONCLUSIVE or ABORTED.')
})

/** A file, where a folder would have to be. */
function aFile(): string {
  const file = join(aFolder(), 'a-file')
  writeFileSync(file, '')
  return file
}
const withOut = (out: string) => ({ args: ['--out', out] })
const withEnvironment = (environment: NodeJS.ProcessEnv, ...args: readonly string[]) => ({
  args: ['--out', aFolder(), ...args],
  environment,
})
const NO_OUT = /cannot be written to\. Give another folder with --out: /

type Start = { readonly args: readonly string[]; readonly environment?: NodeJS.ProcessEnv }

test.each<[string, () => Start, RegExp]>([
  ['an output folder below a file', () => withOut(join(aFile(), 'runs')), new RegExp(`${NO_OUT.source}EEXIST`)],
  // Even for root.
  ['the output folder /proc', () => withOut('/proc'), new RegExp(`${NO_OUT.source}ENOENT`)],
  ['the output folder /proc/new/runs', () => withOut('/proc/new/runs'), new RegExp(`${NO_OUT.source}ENOENT`)],
  [
    'a folder for the servers below a file',
    () => withEnvironment({ DRILL_STATE_DIR: join(aFile(), 'state') }),
    /cannot be made\. Set DRILL_STATE_DIR to another place/,
  ],
  [
    "a machine without Azure's own host",
    () => withEnvironment({ PATH: '/usr/bin:/bin', FUNCTIONS_HOST: '/nowhere/func' }, '--host', 'functions'),
    /npm install -g azure-functions-core-tools@4/,
  ],
  [
    'a machine without the .NET SDK',
    () => withEnvironment({ DOTNET: '/nowhere/dotnet' }, '--host', 'durable'),
    /https:\/\/dotnet\.microsoft\.com\/download/,
  ],
  [
    'a variable that names a PgBouncer that is not there',
    () => withEnvironment({ PGBOUNCER: '/nowhere/pgbouncer' }),
    /^PGBOUNCER is \/nowhere\/pgbouncer, and no PgBouncer is there\. Correct it, or unset it/,
  ],
])('%s: one message with the next step, exit 2, nothing started', async (_, startOf, message) => {
  const { args, environment } = startOf()
  const { code, output, left } = await drill(args, environment)
  expect({ code, left }).toEqual({ code: 2, left: [] })
  expect(output).toMatch(message)
})

test("a folder that PostgreSQL's user cannot reach is named with the next step", asRoot, async () => {
  const closed = join(aFolder(), 'closed')
  mkdirSync(closed, { mode: 0o700 })
  const { code, output } = await drill(['--out', aFolder()], { DRILL_STATE_DIR: closed })
  expect({ code, left: stackFolders(closed) }).toEqual({ code: 2, left: [] })
  expect(output).toMatch(
    /cannot be reached by the user postgres, .* is closed to it\. Set DRILL_STATE_DIR to an open place/,
  )
})

test(
  'a root that may not start the servers as another user learns so before anything starts',
  asRoot,
  async ({ skip }) => {
    const setpriv = findProgram(['setpriv']) ?? skip('setpriv is not installed (util-linux)')
    const state = aFolder()
    const args = [
      '--bounding-set=-all',
      '--inh-caps=-all',
      process.execPath,
      join(ROOT, 'infra/command/main.ts'),
      'drill',
    ]
    const environment = { ...process.env, DRILL_STATE_DIR: state, npm_lifecycle_event: undefined }
    const { status, stderr, stdout } = spawnSync(setpriv, args, { encoding: 'utf8', env: environment })
    expect({ status, left: stackFolders(state) }, stdout).toEqual({ status: 2, left: [] })
    expect(stderr).toMatch(
      /^PostgreSQL does not run as root, and this root may not start it as the user postgres \(EPERM/m,
    )
  },
)

test('npm start on a port in use names the port and starts no process', async () => {
  const taken = createServer()
  const port = await listening(taken)
  onTestFinished(() => void taken.close())
  const { code, output, left } = await run('infra/local/start.ts', ['--port', String(port)])
  expect({ code, left }).toEqual({ code: 2, left: [] })
  expect(output).toContain(
    `Port ${port} on 127.0.0.1 is in use by another program. Stop that program, or give another port: npm start -- --port 0`,
  )
})

test('bad options of npm start: one message with all of them, also of the requests in files, exit 2, nothing started', async () => {
  const [request, list] = [join(aFolder(), 'request.json'), join(aFolder(), 'list.json')]
  writeFileSync(request, JSON.stringify({ durationSeconds: 1, criteria: ['recovery_time <= 60'] }))
  writeFileSync(list, '[]')
  const start = (...args: string[]) => run('infra/local/start.ts', ['--port', '0', ...args])
  expect(await start('--servers', '9', '--schedule', '0 2 * * *', '--request', list)).toMatchObject({
    code: 2,
    output: expect.stringMatching(
      /--servers: expected [^\n]* to 4, got 9\n +--schedule.*: expected six NCRONTAB fields[^\n]*\n +--request.*: expected a readable file with a JSON object/s,
    ),
    left: [],
  })
  expect(await start('--request', request, '--request', request)).toMatchObject({
    code: 2,
    output: expect.stringMatching(
      /--request is given 2 times, and the number of servers is 1\n +--request, number 1, durationSeconds: .*expected .*\n.*--request, number 2, criteria\[0\]: /s,
    ),
    left: [],
  })
})

test('rendering a folder without a drill names the missing files', async () => {
  const folder = aFolder()
  const { code, output } = await run('infra/local/render.ts', [folder])
  expect({ code, output }).toEqual({
    code: 2,
    output: `${folder}/report.json does not exist
${folder}/chart-data.json does not exist
Give the folder of a finished drill, such as runs/<drill-id>
`,
  })
})
