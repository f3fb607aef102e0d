/** The release script, with a stub of the Azure CLI that records its calls and answers from a table. */
import { execFile } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { aFolder } from '../../support/folder.ts'

const SCRIPT = resolve(import.meta.dirname, '../../../infra/azure/release.sh')
const DIGEST = `sha256:${'c'.repeat(64)}`
const OUTPUTS = {
  AZURE_CONTAINER_REGISTRY_NAME: 'crdrill',
  AZURE_CONTAINER_REGISTRY_ENDPOINT: 'crdrill.example.com',
  AZURE_FUNCTION_APP_NAME: 'func-drill',
  DRILL_API_URL: 'https://func-drill.example.com/api',
  POSTGRES_SERVER: 'psql-drill-abc',
  POSTGRES_RESOURCE_GROUP: 'rg-drill',
}

interface Azure {
  readonly outputs?: Partial<typeof OUTPUTS>
  readonly digest?: string
  readonly pendingRestart?: string
  readonly environment?: Readonly<Record<string, string>>
}

interface Released {
  readonly code: number
  readonly text: string
  /** The calls with effects, without output formats. */
  readonly changes: readonly string[]
}

function release(args: readonly string[], azure: Azure = {}): Promise<Released> {
  const folder = aFolder()
  const calls = join(folder, 'calls')
  writeFileSync(join(folder, 'az'), fakeCli(calls, azure))
  writeFileSync(join(folder, 'npm'), `#!/bin/sh\necho "npm $*" >> '${calls}'\n`)
  for (const program of ['az', 'npm']) chmodSync(join(folder, program), 0o755)
  const env = { PATH: `${folder}:/usr/bin:/bin`, ...azure.environment }
  return new Promise((done) =>
    execFile('bash', [SCRIPT, ...args], { env, timeout: 30_000 }, (error, stdout, stderr) =>
      done({ code: error === null ? 0 : Number(error.code), text: stdout + stderr, changes: changesIn(calls) }),
    ),
  )
}

function fakeCli(calls: string, { outputs = OUTPUTS, digest = DIGEST, pendingRestart = '' }: Azure): string {
  const answers = Object.entries(outputs).map(
    ([name, value]) => `*properties.outputs.${name}.value*) echo '${value}' ;;`,
  )
  return `#!/bin/sh
echo "az $*" >> '${calls}'
case "$*" in
${answers.join('\n')}
*'acr repository show'*) echo '${digest}' ;;
*'parameter list'*) printf '${pendingRestart}' ;;
esac
`
}

const CHANGES = /^npm|^az (acr build|functionapp|provider|postgres flexible-server restart)/
const changesIn = (calls: string): string[] =>
  existsSync(calls)
    ? readFileSync(calls, 'utf8')
        .split('\n')
        .filter((line) => CHANGES.test(line))
        .map((line) => line.replace(' --output none', '').replace(/loadgen:[0-9a-f]+/, 'loadgen:TAG'))
    : []

const IMAGE = [
  'az acr build --registry crdrill --image pg-failover-drill/loadgen:TAG --file loadgen-image/Dockerfile .',
  `az functionapp config appsettings set --resource-group rg-drill --name func-drill --settings LOADGEN_IMAGE=crdrill.example.com/pg-failover-drill/loadgen@${DIGEST}`,
]
const APP = [
  'npm run --silent package',
  'az functionapp deployment source config-zip --resource-group rg-drill --name func-drill --src dist/package/app.zip',
]

test('builds the image and pins it by digest, then deploys the package', async () => {
  const { code, changes, text } = await release(['-g', 'rg-drill'])
  expect({ code, changes }, text).toEqual({ code: 0, changes: [...IMAGE, ...APP] })
})

test('does only the steps that are named', async () => {
  expect((await release(['-g', 'rg-drill', 'image'])).changes).toEqual(IMAGE)
  expect((await release(['-g', 'rg-drill', 'app'])).changes).toEqual(APP)
})

test('takes names from the environment, where azd sets them', async () => {
  const environment = { ...OUTPUTS, AZURE_RESOURCE_GROUP: 'rg-drill' }
  expect((await release(['image'], { outputs: {}, environment })).changes).toEqual(IMAGE)
})

test('restarts the server of the template when a parameter needs it', async () => {
  const { changes, text } = await release(['-g', 'rg-drill', 'restart'], {
    pendingRestart: 'autovacuum_max_workers\\n',
  })
  expect(changes).toEqual(['az postgres flexible-server restart --resource-group rg-drill --name psql-drill-abc'])
  expect(text).toContain('autovacuum_max_workers')
})

test('registers the resource providers that the template does not use, without a resource group', async () => {
  const { code, changes } = await release(['providers'])
  expect({ code, changes }).toEqual({
    code: 0,
    changes: [
      'az provider register --namespace Microsoft.App --wait',
      'az provider register --namespace Microsoft.ContainerInstance --wait',
    ],
  })
})

test('restarts no server when no parameter needs it', async () => {
  expect((await release(['-g', 'rg-drill', 'restart'])).changes).toEqual([])
})

test('never restarts an existing server, but prints the command', async () => {
  const outputs = { ...OUTPUTS, POSTGRES_SERVER: 'pg-prod', POSTGRES_RESOURCE_GROUP: 'rg-data' }
  const { changes, text } = await release(['-g', 'rg-drill', 'restart'], {
    outputs,
    pendingRestart: 'max_connections\\n',
  })
  expect(changes).toEqual([])
  expect(text).toContain('az postgres flexible-server restart --resource-group rg-data --name pg-prod')
})

test.each([
  { of: 'no resource group', args: [], says: 'give -g NAME or set AZURE_RESOURCE_GROUP' },
  { of: 'a step that does not exist', args: ['-g', 'rg', 'everything'], says: 'unknown argument everything; usage:' },
  { of: '-g without a name', args: ['-g'], says: '-g needs the name of a resource group' },
])('refuses $of with exit code 2', async ({ args, says }) => {
  const { code, text, changes } = await release(args)
  expect({ code, changes }).toEqual({ code: 2, changes: [] })
  expect(text).toContain(says)
})

test('stops when the template is not deployed', async () => {
  const { code, text, changes } = await release(['-g', 'rg-drill'], { outputs: {} })
  expect({ code, changes }).toEqual({ code: 2, changes: [] })
  expect(text).toContain('deploy infra/azure/main.bicep first')
})

test('sets no image without a digest from the registry', async () => {
  const { code, changes } = await release(['-g', 'rg-drill', 'image'], { digest: '' })
  expect({ code, changes }).toEqual({ code: 2, changes: IMAGE.slice(0, 1) })
})
