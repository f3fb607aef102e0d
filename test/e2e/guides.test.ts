/**
 * The commands of the guides, entered into a shell as a reader would: against one `npm start` and the drills of this test, here and as
 * if the app were far away. support/guides/runs.ts lists what is run in place of what a guide shows, with the reason.
 */
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { Report } from '../../functions/model/report.ts'
import { createDrillApi, type DrillApi } from '../../infra/local/cli/drill-client.ts'
import { aCheckout, ROOT, type RunningCommand, startShell } from '../support/command.ts'
import { eventually } from '../support/eventually.ts'
import { aFolder } from '../support/folder.ts'
import { commandOf, RUNS } from '../support/guides/runs.ts'
import { blockWith } from '../support/guides/shown.ts'
import { processesOf, stackFolders } from '../support/leaks.ts'
import { timeouts } from '../support/timeouts.ts'

const OWN = 'test/e2e/guides.test.ts'
const ran = new Set<string>()

/** A shell in a checkout; `environment` is what the reader has set. */
class Shell {
  readonly checkout: string
  readonly environment: NodeJS.ProcessEnv
  values: Record<string, string> = {}

  constructor(checkout: string, environment: NodeJS.ProcessEnv) {
    this.checkout = checkout
    this.environment = environment
  }

  /** Several are entered one after the other, as a block of a guide. */
  start(commands: readonly string[], folder = this.checkout): RunningCommand {
    for (const command of commands) ran.add(command)
    const text = commands.map((command) => commandOf(command, this.values)).join('\n')
    return startShell(text, folder, this.environment)
  }

  /** What it printed; it ends with one of these exit codes. */
  async run(command: string | readonly string[], codes: readonly number[] = [0], folder?: string): Promise<string> {
    const { code, output } = await this.start([command].flat(), folder).ended
    expect(codes, `${[command].flat().join('\n')}\n${output}`).toContain(code)
    return output
  }

  folderOf(id: string): string {
    return join(this.checkout, 'runs', id)
  }

  report(id: string): Report {
    return JSON.parse(readFileSync(join(this.folderOf(id), 'report.json'), 'utf8'))
  }
}

const [DONE, CANNOT, UNPROVEN] = [0, 2, 3]
/** Of a drill with a report: a machine that is shared may miss an objective, or measure nothing. */
const REPORTED = [0, 1, 3]

test('the commands of the guides do what the guides say', { timeout: 3 * timeouts.drillMs }, async () => {
  const state = aFolder()
  const here = new Shell(aCheckout(), { DRILL_STATE_DIR: state })
  const alone = theSwitchover().then(twoServers)
  const stack = here.start(['npm start'])
  const light = withoutStack(new Shell(aCheckout(), {}))
  const [, url = '', port = ''] = await stack.printed(/API +(http:\S+:(\d+)\/api)\/drills$/m, timeouts.stackStartsMs)
  const [, key = ''] = await stack.printed(/Key +(\S+)/, timeouts.stackStartsMs)
  const [folder = ''] = stackFolders(state)
  const api = createDrillApi(url, key)
  here.values = { port }
  await light
  // The stacks of this machine are not to be seen from there.
  const far = new Shell(aCheckout(), { DRILL_STATE_DIR: aFolder(), ...standIns(key) })
  far.values = { port, key }

  expect(await here.run('npm run drill -- list')).toContain('There is no drill yet.')
  await notStarted(far, api)
  const id = await watchedDrill(here)
  await filesOf(here, id)
  await abortedDrill(here, far, api)
  await restart(here)
  await migration(here, folder)
  expect(await here.run('npm run local -- split-brain')).toContain('split-brain done')
  stack.signal('SIGINT')
  // By the signal, or by the command's own code: npm and its shell decide that.
  expect((await stack.ended).output).toContain('Stopping ...')
  expect(processesOf(folder.slice(-10))).toEqual([])
  await alone
})

/** The shell's programs for Azure: what they print is the key of the app and a name. */
function standIns(key: string): NodeJS.ProcessEnv {
  const folder = aFolder()
  writeFileSync(
    join(folder, 'az'),
    `#!/bin/sh\nexec '${process.execPath}' '${join(ROOT, 'test/support/guides/az.ts')}' "$@"\n`,
  )
  chmodSync(join(folder, 'az'), 0o755)
  const answers = {
    'deployment group show': { properties: { outputs: { AZURE_FUNCTION_APP_NAME: { value: 'func-drill' } } } },
    'functionapp keys list': { functionKeys: { default: key } },
  }
  return { PATH: `${folder}:${process.env.PATH}`, GUIDE_AZ_ANSWERS: JSON.stringify(answers) }
}

async function withoutStack(shell: Shell): Promise<void> {
  expect(await shell.run('npm run drill -- --help')).toMatch(
    /containers +load generators that exist[\s\S]*Exit code: 0 PASS/,
  )
  expect(await shell.run('npm run loadgen -- --help')).toContain('POSTGRES_CONNECTION_STRING')
  expect(await shell.run('npm run bench', [CANNOT])).toMatch(/There are: pgbench, .*engine/)
  expect(await shell.run('npm run simulate -- --drills 2000 --seed 1')).toMatch(/\b8 drills/)
  expect(await shell.run('npm run simulate -- --drills 500 --seed 1')).toMatch(/\b4 drills/)
  const source = 'source <(npx pg-failover-drill completion bash)'
  ran.add(source)
  const { code, output } = await startShell(`${commandOf(source)}\ncomplete -p pg-failover-drill`, shell.checkout).ended
  expect([code, output]).toEqual([DONE, expect.stringMatching(/^complete .* pg-failover-drill\n$/)])
}

/** A stack of its own, beside all others. */
async function theSwitchover(): Promise<void> {
  const shell = new Shell(aCheckout(), { DRILL_STATE_DIR: aFolder() })
  const output = await shell.run('npm run drill -- --event switchover:forced@20 --hold-back 5', REPORTED)
  const [, id = ''] = /^Report: \S+\/runs\/(\S+)\/report\.html$/m.exec(output) ?? []
  const { events, ledger } = shell.report(id)
  expect(events, output).toMatchObject([{ kind: 'switchover', cause: 'drill' }])
  // The replica was behind.
  expect(ledger.lost, output).toBeGreaterThan(0)
  expect(ledger.lostKeys.length).toBeGreaterThan(0)
}

/** A stack of two, of which the second is asked for; its drills do not start, and the first server has none. */
async function twoServers(): Promise<void> {
  const state = aFolder()
  const here = new Shell(aCheckout(), { DRILL_STATE_DIR: state })
  const stack = here.start(['npm start -- --servers 2 --schedule "0 */10 * * * *" --schedule "0 5/10 * * * *"'])
  const [, url = '', port = ''] = await stack.printed(/API +(http:\S+:(\d+)\/api)\/drills$/m, timeouts.stackStartsMs)
  const [, key = ''] = await stack.printed(/Key +(\S+)/, timeouts.stackStartsMs)
  const [folder = ''] = stackFolders(state)
  const api = createDrillApi(url, key)
  const far = new Shell(aCheckout(), { DRILL_STATE_DIR: aFolder(), DRILL_FUNCTION_KEY: key, KEY: key })
  far.values = { port }
  const post =
    'curl -X POST "https://$APP.azurewebsites.net/api/drills" -H "x-functions-key: $KEY" -H \'content-type: application/json\' -d \'{"target": "billing"}\''
  const answer = await far.run(post)
  const { drillId } = JSON.parse(answer.slice(answer.indexOf('{')))
  await eventually('the posted drill ends', timeouts.drillMs, async () => (await api.status(drillId)).endedAt !== null)
  expect((await api.status(drillId)).target.server).toBe('pg-local-2')
  for (const command of [
    'npm run drill -- --app https://func-drill.azurewebsites.net --target billing',
    'npm run drill -- --app https://$APP.azurewebsites.net --target billing',
  ])
    expect(await far.run(command, [CANNOT])).toMatch(/^Not started: /m)
  const list = await here.run('npm run drill -- list --server pg-billing')
  expect(list.match(/ pg-local-2 .* Not started: /g), list).toHaveLength(3)
  expect(await api.list(1, 'pg-local')).toEqual([])
  stack.signal('SIGINT')
  expect((await stack.ended).output).toContain('Stopping ...')
  expect(processesOf(folder.slice(-10))).toEqual([])
}

/** At the full rate, for which this machine is too small: the answer is the one that a small server of Azure would give. */
async function notStarted(far: Shell, api: DrillApi): Promise<void> {
  const app = 'npm run drill -- --app https://func-drill.azurewebsites.net'
  expect(await far.run(['export DRILL_FUNCTION_KEY=...', app], [CANNOT])).toMatch(
    /^Not started: [\s\S]*--force server-sku/m,
  )
  Object.assign(far.environment, { DRILL_FUNCTION_KEY: far.values.key })
  expect(await far.run('npm run drill -- --app https://<app>.azurewebsites.net', [CANNOT])).toMatch(/^Not started: /m)
  const output = await far.run(
    'npm run drill -- --app https://func-drill.azurewebsites.net --duration 600 --failover-mode planned --force storage-iops',
    [CANNOT],
  )
  expect(output).toMatch(/8000 TPS by 200 workers for 600 s, failover at [\s\S]*^Not started: /m)
  const [, id = ''] = /^Drill (\S+): /m.exec(output) ?? []
  expect(far.report(id).checklist).toContainEqual(expect.objectContaining({ id: 'server-sku', verdict: 'fail' }))
  expect((await api.status(id)).request).toMatchObject({ durationSeconds: 600, force: ['storage-iops'] })
  const campaign = 'npm run drill -- campaign --app https://func-drill.azurewebsites.net --repeat 5'
  expect(await far.run(campaign, [UNPROVEN, CANNOT])).toMatch(/5 drills, each 8000 TPS/)
  const post =
    'curl -X POST "https://$APP.azurewebsites.net/api/drills" -H "x-functions-key: $KEY" -H \'content-type: application/json\' -d \'{"migrate": true}\''
  const answer = await far.run(blockWith(post).commands)
  const { drillId } = JSON.parse(answer.slice(answer.indexOf('{')))
  await eventually('the posted drill ends', timeouts.drillMs, async () => (await api.status(drillId)).endedAt !== null)
  expect((await api.status(drillId)).headline).toMatch(/^Not started: /)
}

/** In one terminal a drill that watches, in another one the failover. */
async function watchedDrill(here: Shell): Promise<string> {
  const drill = here.start(['npm run drill -- --event external@15 --duration 60'])
  await drill.printed(/ {2}watch +load/, timeouts.drillMs)
  expect(await here.run('npm run local -- failover')).toMatch(/failover done, all servers as they will stay/)
  const { code, output } = await drill.ended
  expect(REPORTED, output).toContain(code)
  const [, id = ''] = /^Drill (\S+): 60 TPS by 4 workers for 20 s, external at 8 s$/m.exec(output) ?? []
  expect(here.report(id).events, output).toMatchObject([{ kind: 'failover', cause: 'other' }])
  return id
}

/** All of these are entered where the guides say that the files are. */
async function filesOf(here: Shell, id: string): Promise<void> {
  here.values = { ...here.values, id }
  const { verdict, ledger } = here.report(id)
  const folder = here.folderOf(id)
  expect(await here.run('npm run drill -- list')).toContain(id)
  expect(await here.run('npm run drill -- download 20260102-030405-0a1b2c')).toContain(`Report: ${folder}/report.html`)
  expect(await here.run('npm run report -- runs/<drill-id>')).toMatch(/\d+ files rendered in runs\//)
  expect(await here.run('npm run verify -- runs/<drill-id>/evidence.zip')).toMatch(/^EQUAL: /m)
  const digest = await here.run("jq -r '.ranges[]' ledger.json | sha256sum", [DONE], folder)
  expect(digest).toBe(`${ledger.digest}  -\n`)
  await here.run("jq -r '.ranges[]' ledger.json | tr ':-' ',,' > ranges.csv", [DONE], folder)
  expect(readFileSync(join(folder, 'ranges.csv'), 'utf8')).toMatch(/^(\d+,\d+,\d+,[a-z]+\n)+$/)
  const figures = "jq -r '.verdict, .figures.recoveryTimeSeconds.words, .figures.lostCommits.words' summary.json"
  expect((await here.run(figures, [DONE], folder)).split('\n')).toEqual([verdict, expect.any(String), '0', ''])
  await here.run(
    [
      'unzip -q evidence.zip -d evidence && cd evidence',
      'jq -r \'.files[] | select(.isIncluded) | "\\(.sha256)  \\(.path)"\' manifest.json | sha256sum --check --quiet',
    ],
    [DONE],
    folder,
  )
  expect(existsSync(join(folder, 'evidence/manifest.json'))).toBe(true)
}

/** Started from afar, watched and ended from here. */
async function abortedDrill(here: Shell, far: Shell, api: DrillApi): Promise<void> {
  const request = { durationSeconds: 60, workers: 4, events: [], force: ['server-sku', 'storage-iops'], timing: QUICK }
  writeFileSync(join(far.checkout, 'request.json'), JSON.stringify(request))
  const drill = far.start([
    'npm run drill -- --app https://func-drill.azurewebsites.net --request request.json --target-tps 4000',
  ])
  await drill.printed(/ load +1 s/, timeouts.drillMs)
  const [, id = ''] = /^Drill (\S+): 60 TPS by 4 workers for 60 s, no event$/m.exec(drill.output()) ?? []
  here.values = { ...here.values, id }
  const watch = here.start(['npm run drill -- watch 20260102-030405-0a1b2c'])
  await watch.printed(/ load +\d+ s/, timeouts.drillMs)
  expect(await here.run('npm run drill -- containers')).toMatch(new RegExp(`${id} +yes +Running`))
  const deletion = 'npm run drill -- containers --delete 20260102-030405-0a1b2c'
  expect(await here.run(deletion, [CANNOT])).toContain(id)
  expect(await here.run('npm run drill -- abort 20260102-030405-0a1b2c')).toContain(`${id} is ending, and will report.`)
  for (const { code, output } of [await drill.ended, await watch.ended])
    expect([code, output]).toEqual([UNPROVEN, expect.stringMatching(/^ABORTED /m)])
  expect(far.report(id)).toEqual(here.report(id))
  expect(await here.run(deletion)).toContain('left no container behind')
  expect((await api.status(id)).verdict).toBe('ABORTED')
}

const QUICK = {
  ...{ warmupSeconds: 2, minBaselineSeconds: 3, watchIntervalSeconds: 1 },
  ...{ auditPauseSeconds: 0, lateMetricsSeconds: 0, cooldownMinutes: 0 },
}

async function restart(here: Shell): Promise<void> {
  const output = await here.run('npm run drill -- --event restart@20', REPORTED)
  const [, id = ''] = /^Drill (\S+): 60 TPS by 4 workers for 20 s, restart at 8 s$/m.exec(output) ?? []
  expect(here.report(id).events, output).toMatchObject([{ kind: 'restart', cause: 'drill', proof: { proven: true } }])
}

/** With the settings of the app that runs, apart from what the guide sets. */
async function migration(here: Shell, folder: string): Promise<void> {
  const settings = Object.fromEntries(
    readFileSync(`/proc/${hostOf(folder)}/environ`, 'utf8')
      .split('\0')
      .filter((line) => /^(LOADGEN_)?POSTGRES_/.test(line))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
  const { POSTGRES_PASSWORD: app = '', LOADGEN_POSTGRES_PASSWORD: load = '' } = settings
  const show = 'keyvault secret show'
  const vault = { [`${show} postgres-app`]: { value: app }, [`${show} postgres-load`]: { value: load } }
  const { PATH } = standIns('')
  const environment = { ...here.environment, ...settings, PATH, GUIDE_AZ_ANSWERS: JSON.stringify(vault) }
  const shell = new Shell(here.checkout, { ...environment, POSTGRES_PASSWORD: '', LOADGEN_POSTGRES_PASSWORD: '' })
  const output = await shell.run(blockWith('npm run migrate -- --yes').commands)
  expect(output.match(/^Nothing to do: everything that a drill needs is there\.$/gm), output).toHaveLength(2)
  for (const command of ['npm run migrate', 'npm run migrate -- --yes']) expect(ran).toContain(command)
}

const hostOf = (folder: string): number =>
  processesOf(folder.slice(-10)).find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('host/main')) ??
  0

afterAll(() => {
  const wanted = Object.entries(RUNS).filter(([, { by, why }]) => by === OWN && why === undefined)
  expect([...wanted.map(([command]) => command)].filter((command) => !ran.has(command))).toEqual([])
})
