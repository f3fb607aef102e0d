/**
 * A stand-in for the Azure CLI, with as much of Azure as `npm run release` sees. Its state is a file, so that one call sees what an
 * earlier one did. Answers have the shapes of the service (azure-rest-examples) or of the CLI.
 *
 *   FAKE_AZ_WORLD=world.json node test/support/fake-az.ts group exists --name rg
 */
import { appendFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs'

export const SUBSCRIPTION = '11111111-1111-1111-1111-111111111111'
export const TOKEN = 'abcdefghijkl2'
const GROUP_PATH = `/subscriptions/${SUBSCRIPTION}/resourceGroups`

interface Parameter {
  value: string
  isStatic?: boolean
  isPending?: boolean
}

export interface World {
  location: string
  groups: Record<string, { location: string; tags: Record<string, string> }>
  /** Outputs of the deployment; null: never deployed. */
  outputs: Record<string, unknown> | null
  outputsOfDeployment: Record<string, unknown>
  server: { name: string; zone: string; standby: string; diskGiB: number; state?: string } | null
  parameters: Record<string, Parameter>
  /** Parameters that exist once PgBouncer is enabled. */
  laterParameters: Record<string, Parameter>
  functions: number
  settings: Record<string, string>
  images: Record<string, string>
  registered: string[]
  capabilities: Record<string, unknown>
  regions: unknown[]
  runtimes: string[]
  resources: { id: string; name: string; type: string; tags?: Record<string, string> }[]
  roles: { id: string; roleName: string; scope: string }[]
  assignments: { id: string; scope: string; roleId: string; principalId: string }[]
  locks: string[]
  deletedVaults: string[]
  /** How often a command that begins with these words fails first, and with which code. */
  failures: { words: string; code: string; times: number }[]
}

class Refused extends Error {
  readonly code: string
  constructor(code: string, text = 'refused') {
    super(text)
    this.code = code
  }
}

const GLOBAL = ['--subscription', '--output']
const QUIET = '--only-show-errors'

interface Finished {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export function respond(argv: readonly string[], environment: NodeJS.ProcessEnv): Finished {
  const [worldFile, callsFile] = [environment.FAKE_AZ_WORLD ?? '', environment.FAKE_AZ_CALLS ?? '']
  const words = argv.filter((arg, i) => !GLOBAL.includes(arg) && !GLOBAL.includes(argv[i - 1] ?? '') && arg !== QUIET)
  const passed = Object.fromEntries(Object.entries(environment).filter(([name]) => name.startsWith('DRILL_')))
  appendFileSync(callsFile, `${JSON.stringify({ args: words, environment: passed })}\n`)
  const world = JSON.parse(readFileSync(worldFile, 'utf8')) as World
  const before = JSON.stringify(world)
  try {
    if (argv[argv.indexOf('--subscription') + 1] !== SUBSCRIPTION && words.join(' ') !== 'account show')
      throw new Refused('SubscriptionNotFound', 'the call names no subscription, or another one')
    const answer = answerOf(world, words)
    return { code: 0, stdout: answer === undefined || answer === null ? '' : `${JSON.stringify(answer)}\n`, stderr: '' }
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    const { code, message } = error
    const stderr = `ERROR: (${code}) ${message}\nCode: ${code}\nMessage: ${message}\n`
    return { code: code.endsWith('NotFound') ? 3 : 1, stdout: '', stderr }
  } finally {
    keep(world, before, worldFile)
  }
}

/** Calls run side by side, and most of them only read. */
function keep(world: World, before: string, worldFile: string): void {
  const after = JSON.stringify(world)
  if (after === before) return
  const partial = `${worldFile}.${process.pid}`
  writeFileSync(partial, after)
  renameSync(partial, worldFile)
}

function answerOf(world: World, words: readonly string[]): unknown {
  const text = words.join(' ')
  const failure = world.failures.find((one) => text.startsWith(one.words) && one.times > 0)
  if (failure !== undefined) {
    failure.times -= 1
    throw new Refused(failure.code)
  }
  const handler = HANDLERS.find(([start]) => text === start || text.startsWith(`${start} `))
  if (handler === undefined) throw new Error(`the stand-in does not know: az ${text}`)
  return handler[1](world, (flag) => (words.includes(`--${flag}`) ? (words[words.indexOf(`--${flag}`) + 1] ?? '') : ''))
}

type Handler = (world: World, value: (flag: string) => string) => unknown

const HANDLERS: ReadonlyArray<readonly [string, Handler]> = [
  ['account show', () => ({ id: SUBSCRIPTION, name: 'Test' })],
  ['account list-locations', ({ regions }) => regions],
  ['bicep build-params', () => compiled()],
  ['group exists', ({ groups }, value) => groups[value('name')] !== undefined],
  ['group show', ({ groups }, value) => ({ name: value('name'), location: found(groups[value('name')]).location })],
  ['group create', createGroup],
  ['group delete', deleteGroup],
  ['deployment group show', showDeployment],
  ['deployment group create', deploy],
  ['deployment sub delete', () => null],
  [
    'provider list',
    ({ registered }) => registered.map((namespace) => ({ namespace, registrationState: 'Registered' })),
  ],
  ['provider register', ({ registered }, value) => void registered.push(value('namespace'))],
  [
    'functionapp list-flexconsumption-runtimes',
    ({ runtimes }) => runtimes.map((version) => ({ runtime: 'node', version })),
  ],
  ['functionapp show', () => ({ defaultHostName: 'app.invalid' })],
  ['functionapp function list', ({ functions }) => Array.from({ length: functions }, () => ({}))],
  [
    'functionapp config appsettings list',
    ({ settings }) => Object.entries(settings).map(([name, value]) => ({ name, value })),
  ],
  ['functionapp config appsettings set', setSetting],
  ['functionapp keys list', () => ({ functionKeys: { default: 'key-of-the-test' } })],
  ['functionapp deployment source config-zip', uploadApp],
  ['postgres flexible-server parameter set', setParameter],
  ['postgres flexible-server restart', restart],
  ['acr repository show', ({ images }, value) => ({ digest: found(images[value('image')]) })],
  ['acr import', pushImage('b')],
  ['acr build', pushImage('c')],
  ['tag update', ({ groups }, value) => tagGroup(groups, value)],
  ['resource list', listResources],
  ['resource delete', (world, value) => deleteResource(world, value('ids'))],
  ['identity list', () => [{ name: `id-drill-app-${TOKEN}`, principalId: 'principal-app' }]],
  ['lock list', ({ locks }) => locks.map((id) => ({ id, name: 'lock' }))],
  ['keyvault list-deleted', ({ deletedVaults }) => deletedVaults.map((name) => ({ name }))],
  ['keyvault purge', purgeVault],
  ['rest', rest],
]

function found<T>(value: T | undefined | null): T {
  if (value === undefined || value === null) throw new Refused('ResourceNotFound', 'it was not found')
  return value
}

// ---- Groups and deployments -------------------------------------------------------------------------------------------

function createGroup(world: World, value: (flag: string) => string): void {
  world.groups[value('name')] = { location: value('location'), tags: {} }
}

function deleteGroup(world: World, value: (flag: string) => string): void {
  found(world.groups[value('name')])
  delete world.groups[value('name')]
  world.deletedVaults.push(...world.resources.filter(({ type }) => type.endsWith('vaults')).map(({ name }) => name))
  world.resources = []
  world.server = null
}

function showDeployment({ outputs, groups }: World, value: (flag: string) => string): unknown {
  if (groups[value('resource-group')] === undefined) throw new Refused('ResourceGroupNotFound')
  if (outputs === null) throw new Refused('DeploymentNotFound')
  const all = Object.entries(outputs).map(([name, output]) => [name, { type: 'String', value: output }])
  return { properties: { provisioningState: 'Succeeded', outputs: Object.fromEntries(all) } }
}

/** Like the template: a server that exists stays as it is. */
function deploy(world: World): null {
  world.outputs = world.outputsOfDeployment
  world.server ??= { name: `psql-drill-${TOKEN}`, zone: '1', standby: '2', diskGiB: 128 }
  world.settings = { LOADGEN_IMAGE: 'not-released-yet', API_AUTH: 'keys' }
  return null
}

const compiled = () => ({
  parametersJson: JSON.stringify({
    parameters: { environmentName: { value: 'drill' }, existingServerId: { value: '' } },
  }),
  templateJson: JSON.stringify({
    parameters: {
      serverSku: { defaultValue: 'Standard_E4ds_v5' },
      serverVersion: { defaultValue: '16' },
      highAvailabilityMode: { defaultValue: 'ZoneRedundant' },
      storageType: { defaultValue: 'Premium_LRS' },
      storageSizeGiB: { defaultValue: 128 },
      storageTier: { defaultValue: 'P30' },
    },
    resources: [{ type: 'Microsoft.Storage/storageAccounts' }, { type: 'Microsoft.DBforPostgreSQL/flexibleServers' }],
  }),
})

function uploadApp(world: World): null {
  world.functions = 12
  return null
}

function pushImage(digit: string): Handler {
  return ({ images }, value) => {
    images[value('image')] = `sha256:${digit.repeat(64)}`
    return null
  }
}

function purgeVault(world: World, value: (flag: string) => string): null {
  world.deletedVaults = world.deletedVaults.filter((name) => name !== value('name'))
  return null
}

function setSetting({ settings }: World, value: (flag: string) => string): null {
  const [name = '', ...rest] = value('settings').split('=')
  settings[name] = rest.join('=')
  return null
}

function tagGroup(groups: World['groups'], value: (flag: string) => string): null {
  const [name = '', ...rest] = value('tags').split('=')
  const group = found(groups[value('resource-id').split('/').at(-1) ?? ''])
  group.tags[name] = rest.join('=')
  return null
}

function listResources({ resources, groups }: World, value: (flag: string) => string): World['resources'] {
  if (groups[value('resource-group')] === undefined) throw new Refused('ResourceGroupNotFound')
  const type = value('resource-type')
  return resources.filter((resource) => type === '' || resource.type === type)
}

function deleteResource(world: World, id: string): null {
  const resource = found(world.resources.find((one) => one.id === id))
  world.resources = world.resources.filter((one) => one !== resource)
  if (resource.type.endsWith('vaults')) world.deletedVaults.push(resource.name)
  return null
}

// ---- The server -------------------------------------------------------------------------------------------------------

function setParameter(world: World, value: (flag: string) => string): null {
  const parameter = found(world.parameters[value('name')])
  parameter.value = value('value')
  parameter.isPending = parameter.isStatic === true
  if (value('name') === 'pgbouncer.enabled') Object.assign(world.parameters, world.laterParameters)
  return null
}

function restart({ parameters }: World): null {
  for (const parameter of Object.values(parameters)) parameter.isPending = false
  return null
}

const serverAnswer = ({ server, location }: World) => ({
  id: 'id',
  name: found(server).name,
  location,
  sku: { name: 'Standard_E4ds_v5', tier: 'MemoryOptimized' },
  properties: {
    state: server?.state ?? 'Ready',
    availabilityZone: server?.zone,
    highAvailability: { mode: 'ZoneRedundant', state: 'Healthy', standbyAvailabilityZone: server?.standby },
    storage: { type: 'Premium_LRS', iops: 5000, tier: 'P30', storageSizeGB: server?.diskGiB, autoGrow: 'Disabled' },
  },
})

// ---- Resource Manager -------------------------------------------------------------------------------------------------

function rest(world: World, value: (flag: string) => string): unknown {
  const [path = ''] = value('url').split('?')
  if (value('method') === 'delete') return deleteById(world, path)
  const [, location] = /\/locations\/(\w+)\/capabilities$/.exec(path) ?? []
  if (location !== undefined) return { value: [found(world.capabilities[location])] }
  if (path.endsWith('/usages')) return USAGES
  if (path.endsWith('/configurations')) return { value: configurations(world) }
  if (path.endsWith('/roleDefinitions')) return { value: world.roles.map(roleAnswer) }
  if (path.endsWith('/roleAssignments')) return { value: world.assignments.map(assignmentAnswer) }
  if (/\/flexibleServers\/[\w-]+$/.test(path)) return serverAnswer(world)
  throw new Refused('ResourceNotFound', `${path} was not found`)
}

const USAGES = {
  value: [
    {
      unit: 'Count',
      currentValue: 1,
      limit: 100,
      name: { value: 'ContainerGroups', localizedValue: 'Container Groups' },
    },
    { unit: 'Count', currentValue: 2, limit: 100, name: { value: 'StandardCores', localizedValue: 'Standard Cores' } },
  ],
}

const configurations = ({ parameters }: World) =>
  Object.entries(parameters).map(([name, { value, isStatic = false, isPending = false }]) => ({
    name,
    type: 'Microsoft.DBforPostgreSQL/flexibleServers/configurations',
    properties: { value, isDynamicConfig: !isStatic, isReadOnly: false, isConfigPendingRestart: isPending },
  }))

const roleAnswer = ({ id, roleName, scope }: World['roles'][number]) => ({
  id,
  properties: { roleName, type: 'CustomRole', assignableScopes: [scope] },
})

const assignmentAnswer = ({ id, scope, roleId, principalId }: World['assignments'][number]) => ({
  id,
  properties: { scope, roleDefinitionId: roleId, principalId },
})

/** As Azure does, a role with an assignment is not deleted. */
function deleteById(world: World, id: string): null {
  if (world.assignments.some(({ roleId }) => roleId === id))
    throw new Refused('RoleDefinitionHasAssignments', 'There are existing role assignments referencing role')
  const all = [...world.roles, ...world.assignments]
  found(all.find((one) => one.id === id))
  world.roles = world.roles.filter((one) => one.id !== id)
  world.assignments = world.assignments.filter((one) => one.id !== id)
  return null
}

// ---- Worlds -----------------------------------------------------------------------------------------------------------

export const groupPath = (group: string): string => `${GROUP_PATH}/${group}`

if (import.meta.main) {
  const { code, stdout, stderr } = respond(process.argv.slice(2), process.env)
  process.stdout.write(stdout)
  process.stderr.write(stderr)
  process.exitCode = code
}
