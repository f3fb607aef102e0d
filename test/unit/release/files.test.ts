/** The files from which azd and pipelines call the release tool: they parse, and every command in them exists. */

import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { parseRequest } from '../../../functions/request/request.ts'
import { liveValues } from '../../../infra/azure/release/decisions/live-values.ts'
import { wantedServer } from '../../../infra/azure/release/decisions/preflight.ts'
import { parseRelease } from '../../../infra/azure/release/options.ts'
import { nodeVersion } from '../../../infra/azure/release/preflight.ts'
import { OUTPUT_NAMES } from '../../../infra/azure/release/release.ts'
import serverExample from '../../support/azure-rest-examples/postgresql/ServersGetWithVnet.json' with { type: 'json' }
import { requestsTo } from '../../support/builders.ts'

const ROOT = resolve(import.meta.dirname, '../../..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }

/** Not of this repository, and known to every runner. */
const OF_THE_RUNNER = [/^npm ci$/, /^sleep \d+$/, /^mkdir -p runs$/]

/** Null: it exists. Else why not. */
function problemOf(line: string): string | null {
  if (OF_THE_RUNNER.some((pattern) => pattern.test(line))) return null
  const [, script, , rest = ''] = /^npm run ([\w:]+)( --)?(.*)$/.exec(line) ?? []
  if (script === undefined) return `unknown: ${line}`
  if (scripts[script] === undefined) return `no script ${script}`
  if (script !== 'release') return null
  try {
    parseRelease(
      rest
        .trim()
        .split(' ')
        .filter(Boolean)
        .map((word) => word.replaceAll('"', '')),
    )
    return null
  } catch (error) {
    return `${line}: ${error instanceof Error ? error.message : error}`
  }
}

// ---- azd --------------------------------------------------------------------------------------------------------------

interface Hook {
  readonly posix: { readonly run: string }
  readonly windows: { readonly run: string }
}
const azd = parse(read('azure.yaml')) as {
  metadata: { template: string }
  requiredVersions: { azd: string }
  hooks: Record<string, Hook>
  services: { drill: { hooks: Record<string, Hook> } }
}
const hooks = { ...azd.services.drill.hooks, ...azd.hooks }

describe('azure.yaml', () => {
  test.each(Object.entries(hooks))(
    '%s calls commands that exist, the same on every system',
    (_, { posix, windows }) => {
      expect(problemOf(posix.run)).toBeNull()
      expect(windows.run).toBe(posix.run)
    },
  )

  test('names its template and the azd that it needs', () => {
    expect(azd.metadata.template).toMatch(/^pg-failover-drill@\d+\.\d+\.\d+$/)
    expect(azd.requiredVersions.azd).toMatch(/^>= 1\.\d+\.\d+$/)
  })

  test('asks before a deployment, and calls the API after it', () => {
    expect(hooks.preprovision?.posix.run).toContain('preflight live')
    expect(hooks.postprovision?.posix.run).toContain('parameters image')
    expect(hooks.postdeploy?.posix.run).toContain('smoke')
  })
})

// ---- Pipelines --------------------------------------------------------------------------------------------------------

interface Step {
  readonly uses?: string
  readonly task?: string
  readonly run?: string
  readonly script?: string
  readonly if?: string
  readonly condition?: string
  readonly inputs?: { readonly inlineScript?: string; readonly azureSubscription?: string }
}
const github = parse(read('.github/workflows/drill.yml')) as {
  permissions: Record<string, string>
  jobs: { drill: { steps: Step[] } }
}
const azure = parse(read('.azuredevops/drill.yml')) as { trigger: string; jobs: { steps: Step[] }[] }

const PIPELINES = [
  { name: '.github/workflows/drill.yml', steps: github.jobs.drill.steps },
  { name: '.azuredevops/drill.yml', steps: azure.jobs.flatMap(({ steps }) => steps) },
] as const
const commandOf = ({ run, script, inputs }: Step): string | null => run ?? script ?? inputs?.inlineScript ?? null
const releaseOf = (step: Step): string | undefined => / -- (\w+)/.exec(commandOf(step) ?? '')?.[1]

describe.each(PIPELINES)('$name', ({ name, steps }) => {
  test('calls only commands that exist', () => {
    const commands = steps.flatMap((step) => commandOf(step) ?? [])
    expect(commands.length).toBeGreaterThan(5)
    expect(
      commands
        .flatMap((command) => command.trim().split('\n'))
        .map(problemOf)
        .filter(Boolean),
    ).toEqual([])
  })

  test('deploys, drills, deploys again, drills, and removes', () => {
    expect(steps.map(releaseOf).filter(Boolean)).toEqual(['up', 'drill', 'up', 'drill', 'down'])
  })

  test('removes also after an error or a cancellation, and with a sign-in of its own', () => {
    const last = steps.findIndex((step) => releaseOf(step) === 'down')
    expect(steps[last]?.if ?? steps[last]?.condition).toBe('always()')
    const signIn = steps[last]?.task === 'AzureCLI@2' ? steps[last] : steps[last - 1]
    expect(signIn?.if ?? signIn?.condition).toBe('always()')
    expect(signIn?.uses ?? signIn?.task).toMatch(/^azure\/login@|^AzureCLI@/)
  })

  test('signs in without a stored secret', () => {
    expect(read(name)).not.toMatch(/secrets\.|client-secret|password|creds:/i)
  })

  test('waits between two failovers for as long as a drill demands', () => {
    const waits = steps.flatMap((step) => /^sleep (\d+)$/.exec(commandOf(step) ?? '')?.[1] ?? [])
    expect(waits.map(Number)).toEqual([20 * 60])
  })
})

test('the workflow may ask for a token of its own', () => expect(github.permissions['id-token']).toBe('write'))

test('the drill of the pipelines is a valid request, and may create its tables', () => {
  const body: unknown = JSON.parse(read('infra/azure/first-drill.json'))
  const target = { resourceGroup: 'rg', server: 'pg', database: 'drill' }
  const parsed = parseRequest(body, {
    drillId: 'd1',
    requestedAt: new Date(0).toISOString(),
    requestedBy: 'http',
    defaults: requestsTo(target, 20),
  })
  expect(parsed.ok ? parsed.plan.migrate : parsed.problems).toBe(true)
})

// ---- The template -----------------------------------------------------------------------------------------------------

test('every output that the release tool reads exists', () => {
  const outputs = [...read('infra/azure/main.bicep').matchAll(/^output (\w+) /gm)].map(([, name]) => name)
  expect(OUTPUT_NAMES.filter((name) => !outputs.includes(name))).toEqual([])
})

test('the parameters read every live value from the environment', () => {
  const names = Object.keys(liveValues(serverExample.responses['200'].body))
  const file = read('infra/azure/main.bicepparam')
  expect(names.filter((name) => !file.includes(`readEnvironmentVariable('${name}'`))).toEqual([])
})

test('every parameter that the preflight reads exists', () => {
  const wanted = Object.keys(wantedServer({}, {}, ''))
  expect(wanted.length).toBe(5)
  const asked: string[] = []
  const given = new Proxy({}, { get: (_, name) => void asked.push(String(name)) })
  wantedServer(given, {}, '')
  const parameters = [...read('infra/azure/main.bicep').matchAll(/^param (\w+) /gm)].map(([, name]) => name)
  expect([...asked, 'existingServerId'].filter((name) => !parameters.includes(name))).toEqual([])
})

test('the preflight asks for the runtime that the template names', () => {
  expect(read('infra/azure/functions.bicep')).toContain(`runtime: { name: 'node', version: '${nodeVersion()}' }`)
})
