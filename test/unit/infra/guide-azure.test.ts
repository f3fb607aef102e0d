/** The commands that the guides show for Azure, as far as they go without a subscription: with stand-ins for the Azure CLI and curl. */
import { spawnSync } from 'node:child_process'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { aFolder } from '../../support/folder.ts'
import { argumentsOf, commandOf, RUNS } from '../../support/guides/runs.ts'
import { BLOCKS, blockWith, COMMANDS, wordsOf } from '../../support/guides/shown.ts'
import { deployed, stage } from '../../support/release-world.ts'
import { unless } from '../../support/skips.ts'

const ROOT = join(import.meta.dirname, '../../..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const TEMPLATE = read('infra/azure/main.bicep')

// ---- npm run release ------------------------------------------------------------------------------------------------

const RELEASES = [...COMMANDS.keys()].filter(
  (command) => / release -- /.test(command) && RUNS[command]?.why !== undefined,
)
const isFirst = (command: string) => command.includes('--location')
const isRemoval = (command: string) => command.includes(' down ')

test.each(RELEASES)('%s does it', async (command) => {
  const { run } = await stage((world) => {
    if (!isFirst(command)) deployed(world)
  })
  const args = argumentsOf(command)
  const { code, text, changes } = await run(args)
  expect(code, text).toBe(isRemoval(command) && !args.includes('--yes') ? 2 : 0)
  if (isRemoval(command)) {
    expect(text).toContain('rg-drill')
    expect(changes.length > 0, text).toBe(args.includes('--yes'))
  } else {
    const [deployment = ''] = changes.filter((call) => call.startsWith('deployment group create'))
    for (const parameter of args.filter((_, i) => args[i - 1] === '--parameter')) {
      expect(deployment).toContain(` --parameters ${parameter}`)
      expect(TEMPLATE).toMatch(new RegExp(`^param ${parameter.split('=')[0]} `, 'm'))
    }
  }
})

// ---- az and curl ----------------------------------------------------------------------------------------------------

const ANSWERS = {
  'deployment group show': { properties: { outputs: { AZURE_FUNCTION_APP_NAME: { value: 'func-drill' } } } },
  'functionapp keys list': { functionKeys: { default: 'the-key' } },
  'keyvault secret show': { value: 'the-password' },
  'ad app create': { appId: 'the-id' },
}

/** The programs that the blocks call, in front of all others. */
function standIns(): string {
  const folder = aFolder()
  const program = (name: string, line: string) => {
    writeFileSync(join(folder, name), `#!/bin/sh\n${line}\n`)
    chmodSync(join(folder, name), 0o755)
  }
  for (const name of ['az', 'curl'])
    program(name, `exec '${process.execPath}' '${join(ROOT, 'test/support/guides', `${name}.ts`)}' "$@"`)
  program('npm', 'echo "npm $*"')
  return folder
}

function entered(commands: readonly string[]) {
  const shown = commands.map((command) => commandOf(command, { port: '7071' })).join('\n')
  const { status, stdout, stderr } = spawnSync('/bin/sh', ['-euc', shown], {
    cwd: ROOT,
    encoding: 'utf8',
    env: {
      PATH: `${standIns()}:${dirname(process.execPath)}:/usr/bin:/bin`,
      GUIDE_AZ_ANSWERS: JSON.stringify(ANSWERS),
      // As the guide to Azure sets them for the others.
      ...(shown.includes('APP=') ? {} : { APP: 'func-drill', KEY: 'the-key' }),
    },
  })
  return { status, stderr, lines: stdout.trim().split('\n') }
}

const withPrograms = BLOCKS.filter(({ commands }) => commands.some((command) => /(^|\$\()(az|curl) /.test(command)))

test('the guides call az and curl in five blocks', () => expect(withPrograms).toHaveLength(5))

test.each(withPrograms.map(({ commands }) => commands))('%s is accepted', (...commands) => {
  const { status, stderr } = entered(commands)
  expect([status, stderr]).toEqual([0, ''])
})

test('the drill is posted to the app with its key, and migrates', () => {
  const { lines } = entered(
    blockWith([...COMMANDS.keys()].find((command) => command.startsWith('APP=')) ?? '').commands,
  )
  expect(JSON.parse(lines.at(-1) ?? '')).toEqual({
    method: 'POST',
    url: 'http://127.0.0.1:7071/api/drills',
    headers: { 'x-functions-key': 'the-key', 'content-type': 'application/json' },
    body: '{"migrate": true}',
  })
})

test('the query of the prices is one of the service, and asks for what the table of prices holds', () => {
  const [command = ''] = [...COMMANDS.keys()].filter((one) => one.includes('prices.azure.com'))
  const { url } = JSON.parse(entered([command]).lines[0] ?? '')
  const [, filter = ''] = [...new URL(url).searchParams].flat()
  expect([...new URL(url).searchParams.keys()]).toEqual(['$filter'])
  const fields = filter.split(' and ').map((term) => /^(\w+) eq '[^']+'$/.exec(term)?.[1])
  expect(fields).toEqual(['armRegionName', 'priceType', 'productName'])
})

test('outputs, secrets and parameters that the blocks name are those of the template', () => {
  const text = withPrograms.flatMap(({ commands }) => commands).join('\n')
  const outputs = [...text.matchAll(/properties\.outputs\.(\w+)/g)].map(([, name]) => name)
  const secrets = [...text.matchAll(/secret show .*? --name (\S+)/g)].map(([, name]) => name)
  expect([outputs.length, secrets.length]).toEqual([1, 2])
  for (const name of outputs) expect(TEMPLATE).toMatch(new RegExp(`^output ${name} `, 'm'))
  for (const name of secrets) expect(TEMPLATE).toContain(`'${name}'`)
})

test.each([
  ['az keyvault secret shwo --vault-name v --name x', "'keyvault secret shwo' is misspelled"],
  ['az keyvault secret show --vault v --name x', 'unrecognized argument: --vault'],
  ['az keyvault secret show --name x', 'required: --vault-name'],
  ['az keyvault secret show --vault-name v --name x --query worth -o tsv', 'has no worth'],
  ['az functionapp keys list -g rg -n', 'argument --name: expected one argument'],
  [`az ad app create --display-name x --app-roles '[{"id": "1"}]'`, 'a role has no allowedMemberTypes'],
  ['az deployment group create -g rg --parameters none.bicepparam', 'there is no file none.bicepparam'],
])('a wrong command is found: %s', (command, message) => {
  const { status, stderr } = spawnSync(process.execPath, ['test/support/guides/az.ts', ...wordsOf(command).slice(1)], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { GUIDE_AZ_ANSWERS: JSON.stringify(ANSWERS) },
  })
  expect([status, stderr]).toEqual([2, expect.stringContaining(message)])
})

const hasAz = spawnSync('az', ['--version']).status === 0
const whereAzIs = unless(
  hasAz ? null : 'the options of az in the guides are not looked up: the Azure CLI is not installed',
)

/** Its own help names each option. */
test.each([
  ...new Set(
    [...COMMANDS.keys()].flatMap((command) =>
      [...command.matchAll(/\baz ((?:[a-z]+ )+)(.*)/g)].map(([, call = '', rest = '']) => `${call}| ${rest}`),
    ),
  ),
])('the Azure CLI knows az %s', { timeout: 60_000, ...whereAzIs }, (shown) => {
  const [call = '', rest = ''] = shown.split('| ')
  const { status, stdout } = spawnSync('az', [...call.trim().split(' '), '--help'], { encoding: 'utf8' })
  expect(status).toBe(0)
  for (const [, option = ''] of rest.matchAll(/(?:^| )(--?[a-z][\w-]*)/g)) expect(stdout).toContain(option)
})
