/** `npm run release` from its options to its last call, against a stand-in for the Azure CLI. */
import { expect, test } from 'vitest'
import { groupPath, SUBSCRIPTION, TOKEN } from '../../support/fake-az.ts'
import { capability, deployed, GROUP, resourceOf, stage } from '../../support/release-world.ts'

const PLACE = ['--group', GROUP]
const FIRST = [...PLACE, '--location', 'swedencentral']
const BUILT = `crdrill${TOKEN}.azurecr.io/pg-failover-drill/loadgen@sha256:${'c'.repeat(64)}`
const RUNNING = { drillId: 'drill-7', state: 'running' }

// ---- Deployments ------------------------------------------------------------------------------------------------------

test('a first deployment goes from the group to an API that answers', async () => {
  const { run, world } = await stage()
  const { code, text, changes } = await run(['up', ...FIRST])
  expect(code, text).toBe(0)
  expect(changes.filter((call) => !call.startsWith('postgres'))).toEqual([
    `group create --name ${GROUP} --location swedencentral`,
    expect.stringMatching(
      /^deployment group create --resource-group rg-drill --name main --parameters \S+main\.bicepparam$/,
    ),
    expect.stringMatching(
      /^acr import --name \w+ --source docker\.io\/library\/node:24\.\d+\.\d+-bookworm-slim --image pg-failover-drill\/base:24\S+ --force$/,
    ),
    expect.stringMatching(
      /^acr build --registry \w+ --image pg-failover-drill\/loadgen:\w+ --file loadgen-image\/Dockerfile --build-arg BASE_IMAGE=\S+\/pg-failover-drill\/base@sha256:b+ \.$/,
    ),
    `tag update --resource-id ${groupPath(GROUP)} --operation Merge --tags drill-image-${TOKEN}=${BUILT}`,
    `functionapp config appsettings set --resource-group ${GROUP} --name func-drill-${TOKEN} --settings LOADGEN_IMAGE=${BUILT}`,
    expect.stringMatching(/^functionapp deployment source config-zip .* --src \S+app\.zip$/),
  ])
  expect(world().settings.LOADGEN_IMAGE).toBe(BUILT)
  expect(world().groups[GROUP]?.tags).toEqual({ [`drill-image-${TOKEN}`]: BUILT })
})

test('a new server gets every parameter of the file, PgBouncer first, and one restart', async () => {
  const { run, world } = await stage()
  const { changes } = await run(['up', ...FIRST])
  const onServer = changes.filter((call) => call.startsWith('postgres')).map((call) => / --name (\S+)/.exec(call)?.[1])
  expect(onServer[0]).toBe('pgbouncer.enabled')
  expect(onServer.filter((name) => name === `psql-drill-${TOKEN}`)).toHaveLength(1)
  expect(onServer.at(-1)).toBe(`psql-drill-${TOKEN}`)
  expect(Object.values(world().parameters).filter(({ value, isPending }) => value === 'default' || isPending)).toEqual(
    [],
  )
})

test('a deployment after a failover and a grown disk sends the live zones and size, and sets no parameter and no other image', async () => {
  const { run, world } = await stage((own) => {
    deployed(own)
    own.server = { name: `psql-drill-${TOKEN}`, zone: '2', standby: '1', diskGiB: 256 }
  })
  const { code, text, changes, calls, environments } = await run(['template', 'parameters', ...PLACE])
  expect(code, text).toBe(0)
  expect(changes).toEqual([expect.stringMatching(/^deployment group create /)])
  const own = environments[calls.findIndex((call) => call.startsWith('deployment group create'))]
  expect(own).toEqual({ DRILL_PRIMARY_ZONE: '2', DRILL_STANDBY_ZONE: '1', DRILL_STORAGE_SIZE_GIB: '256' })
  expect(world().server).toMatchObject({ zone: '2', diskGiB: 256 })
})

test('a region that takes no new servers does not stop a deployment of one that exists', async () => {
  const { run } = await stage((own) => {
    deployed(own)
    own.capabilities.swedencentral = { ...capability(), zoneRedundantHaSupported: 'Disabled' }
  })
  const { code, text } = await run(['preflight', ...PLACE])
  expect({ code, text }).toMatchObject({ code: 0, text: expect.stringContaining('exists in swedencentral') })
})

test.each([
  ['RoleDefinitionDoesNotExist', 0],
  ['InvalidTemplateDeployment', 2],
])('a deployment that ends with %s ends with exit code %i', async (code, exit) => {
  const { run } = await stage((world) => world.failures.push({ words: 'deployment group create', code, times: 1 }))
  const result = await run(['template', ...FIRST])
  expect(result.code, result.text).toBe(exit)
  expect(result.calls.filter((call) => call.startsWith('deployment group create'))).toHaveLength(exit === 0 ? 2 : 1)
})

// ---- The CLI as a program -----------------------------------------------------------------------------------------------

test('answers and errors of the program are read', async () => {
  const { run } = await stage(deployed)
  const good = await run(['smoke', ...PLACE], {}, true)
  expect(good.code, good.text).toBe(0)
  const bad = await run(['smoke', ...PLACE, '--subscription', 'other'], {}, true)
  expect(bad).toMatchObject({
    code: 2,
    text: expect.stringContaining('az deployment group show: (SubscriptionNotFound)'),
  })
}, 120_000)

test('without the program the message says what to install', async () => {
  const { run } = await stage(deployed)
  const { code, text } = await run(['smoke', ...PLACE], { PATH: '/nowhere' }, true)
  expect({ code, text }).toEqual({ code: 2, text: expect.stringContaining('The Azure CLI (az) is not on the PATH') })
})

// ---- Subscription -----------------------------------------------------------------------------------------------------

test.each([
  { of: 'the option', args: ['--subscription', SUBSCRIPTION], environment: {} },
  { of: 'the environment', args: [], environment: { AZURE_SUBSCRIPTION_ID: SUBSCRIPTION } },
])('every call names the subscription of $of, and the default one is not asked for', async ({ args, environment }) => {
  const { run } = await stage()
  const { code, text, calls } = await run(['up', ...FIRST, ...args], environment)
  expect(code, text).toBe(0)
  expect(calls).not.toContain('account show')
})

test('without a subscription the default one of the CLI is named in every call', async () => {
  const { run } = await stage(deployed)
  const { code, calls } = await run(['smoke', ...PLACE])
  expect({ code, first: calls[0] }).toEqual({ code: 0, first: 'account show' })
})

test('another subscription is not confused with the default one', async () => {
  const { run } = await stage(deployed)
  const { code, text } = await run(['smoke', ...PLACE, '--subscription', '22222222-2222-2222-2222-222222222222'])
  expect({ code, text }).toEqual({ code: 2, text: expect.stringContaining('SubscriptionNotFound') })
})

// ---- Preflight --------------------------------------------------------------------------------------------------------

test('a refusing region ends before anything is created, with a SKU or a region that would do', async () => {
  const place = (name: string) => ({
    name,
    metadata: { geographyGroup: 'Europe' },
    availabilityZoneMappings: [{}, {}, {}],
  })
  const { run } = await stage((world) => {
    world.capabilities = {
      swedencentral: { ...capability(), zoneRedundantHaSupported: 'Disabled' },
      northeurope: { ...capability(), zoneRedundantHaSupported: 'Disabled' },
      francecentral: capability(),
    }
    world.regions = ['swedencentral', 'northeurope', 'francecentral'].map(place)
  })
  const { code, text, changes } = await run(['up', ...FIRST])
  expect({ code, changes }).toEqual({ code: 2, changes: [] })
  expect(text).toContain('swedencentral creates no new servers with zone-redundant high availability')
  expect(text).toContain('Would do: the region francecentral')
})

test.each([
  { of: 'the runtime', edit: 'runtimes', says: 'runs Node 22, not 24' },
  { of: 'a provider', edit: 'registered', says: 'not registered: Microsoft.ContainerInstance' },
] as const)('$of that is missing is a problem, and says what to do', async ({ edit, says }) => {
  const { run } = await stage((world) => {
    if (edit === 'runtimes') world.runtimes = ['22']
    else world.registered = world.registered.filter((name) => name !== 'Microsoft.ContainerInstance')
  })
  const { code, text } = await run(['preflight', ...FIRST])
  expect({ code, text }).toEqual({ code: 2, text: expect.stringContaining(says) })
})

test('a group that exists is asked for in its own region, although another one is given', async () => {
  const { run } = await stage((world) => {
    world.groups[GROUP] = { location: 'norwayeast', tags: {} }
    world.capabilities.norwayeast = capability()
  })
  const { code, text } = await run(['preflight', ...FIRST])
  expect({ code, text }).toEqual({ code: 0, text: expect.stringContaining('norwayeast offers Standard_E4ds_v5') })
})

test('a question that Azure refuses stops nothing', async () => {
  const { run } = await stage((world) =>
    world.failures.push({ words: 'functionapp list-flex', code: 'AuthorizationFailed', times: 1 }),
  )
  const { code, text } = await run(['preflight', ...FIRST])
  expect({ code, text }).toEqual({ code: 0, text: expect.stringContaining('unknown runtime: ') })
})

test('only providers that are missing are registered', async () => {
  const { run } = await stage((world) => world.registered.splice(0, 1))
  expect((await run(['providers', ...FIRST])).changes).toEqual([
    'provider register --namespace Microsoft.Storage --wait',
  ])
})

// ---- Parameters -------------------------------------------------------------------------------------------------------

test('a busy server is asked again until it takes the parameter, and then restarted once', async () => {
  const { run } = await stage((world) => {
    deployed(world)
    world.parameters.autovacuum_max_workers = { value: '3', isStatic: true }
    world.failures.push({ words: 'postgres flexible-server parameter set', code: 'ServerIsBusy', times: 2 })
    world.failures.push({ words: 'postgres flexible-server restart', code: 'ServerIsBusy', times: 1 })
  })
  const { code, text, changes, pausesMs } = await run(['parameters', ...PLACE])
  expect(code, text).toBe(0)
  expect(changes.map((call) => call.split(' ').slice(2, 4).join(' '))).toEqual([
    ...Array(3).fill('parameter set'),
    ...Array(2).fill('restart --resource-group'),
  ])
  expect(pausesMs).toEqual([30_000, 30_000, 30_000])
})

test.each([
  { of: 'nothing to set', value: '16384', code: 0 },
  { of: 'a parameter to set', value: '4096', code: 2 },
])('a stopped server with $of ends with exit code $code, and is not started', async ({ value, code }) => {
  const { run } = await stage((world) => {
    deployed(world)
    world.parameters.work_mem = { value }
    world.server = { name: `psql-drill-${TOKEN}`, zone: '1', standby: '2', diskGiB: 128, state: 'Stopped' }
  })
  const result = await run(['parameters', ...PLACE])
  expect({ code: result.code, changes: result.changes }).toEqual({ code, changes: [] })
  if (code === 2) expect(result.text).toContain('az postgres flexible-server start')
})

test('a refusal that does not pass is not repeated', async () => {
  const { run } = await stage((world) => {
    deployed(world)
    world.parameters.work_mem = { value: '4096' }
    world.failures.push({ words: 'postgres flexible-server parameter set', code: 'InvalidParameterValue', times: 9 })
  })
  const { code, text, changes, pausesMs } = await run(['parameters', ...PLACE])
  expect({ code, count: changes.length, pausesMs }).toEqual({ code: 2, count: 1, pausesMs: [] })
  expect(text).toContain('InvalidParameterValue')
})

test('the server of another owner is neither changed nor restarted, although its name is that of a new one', async () => {
  const { run } = await stage((world) => {
    deployed(world)
    world.outputs = { ...world.outputs, CREATES_SERVER: false }
    world.parameters.work_mem = { value: '4096', isPending: true }
  })
  const { code, text, changes } = await run(['parameters', ...PLACE])
  expect({ code, changes }).toEqual({ code: 0, changes: [] })
  expect(text).toContain('it waits for a restart to apply work_mem')
})

test('a restart waits for the end of a drill: it is refused', async () => {
  const { run, app } = await stage((world) => {
    deployed(world)
    world.parameters.autovacuum_max_workers = { value: '4', isStatic: true, isPending: true }
  })
  app.drills = [RUNNING]
  const { code, changes } = await run(['parameters', ...PLACE])
  expect({ code, changes }).toEqual({ code: 2, changes: [] })
})

// ---- A running drill --------------------------------------------------------------------------------------------------

test.each(['template', 'image', 'app', 'down'])('%s is refused while a drill runs, with its link', async (step) => {
  const { run, app, apiUrl } = await stage(deployed)
  app.drills = [{ drillId: 'drill-6', state: 'finished' }, RUNNING]
  const { code, text, changes } = await run([step, ...PLACE])
  expect({ code, changes }).toEqual({ code: 2, changes: [] })
  expect(text).toContain(`${apiUrl}/drills/drill-7`)
  expect(text).not.toContain('drill-6')
})

test('an app that does not say whether a drill runs is not released, except with --force', async () => {
  const { run, app } = await stage(deployed)
  app.status = 503
  const refused = await run(['app', ...PLACE])
  expect({ code: refused.code, changes: refused.changes }).toEqual({ code: 2, changes: [] })
  expect(refused.text).toContain('HTTP 503')
  expect((await run(['app', ...PLACE, '--force'])).code).toBe(0)
})

test('a failed deployment, which has no outputs, hides neither the app nor the zones of the earlier one', async () => {
  const { run } = await stage((own) => {
    deployed(own)
    own.outputs = {}
    own.server = { name: `psql-drill-${TOKEN}`, zone: '2', standby: '1', diskGiB: 128 }
    own.resources.push(resourceOf('Microsoft.DBforPostgreSQL/flexibleServers', `psql-drill-${TOKEN}`))
  })
  const refused = await run(['template', ...PLACE])
  expect({ code: refused.code, changes: refused.changes }).toEqual({ code: 2, changes: [] })
  expect(refused.text).toContain('whether a drill runs is not known')
  const { environments } = await run(['template', ...PLACE, '--force'])
  expect(environments.at(-1)).toMatchObject({ DRILL_PRIMARY_ZONE: '2', DRILL_STANDBY_ZONE: '1' })
})

test('the restart of the app between two steps is not taken for an unknown drill', async () => {
  const { run, app } = await stage(deployed)
  const { code, calls } = await run(['template', 'image', 'app', ...PLACE])
  expect({ code, status: app.status }).toEqual({ code: 0, status: 200 })
  expect(calls.filter((call) => call.startsWith('functionapp function list'))).toHaveLength(1)
})

// ---- Image ------------------------------------------------------------------------------------------------------------

test('a base image that the registry has already is not copied again', async () => {
  const { run } = await stage(deployed)
  await run(['image', ...PLACE])
  expect((await run(['image', ...PLACE])).calls.filter((call) => call.startsWith('acr import'))).toEqual([])
})

test('a limit of Docker Hub is waited for', async () => {
  const { run } = await stage((world) => {
    deployed(world)
    world.failures.push({ words: 'acr import', code: 'toomanyrequests', times: 2 })
  })
  const { code, text, calls } = await run(['image', ...PLACE])
  expect(code, text).toBe(0)
  expect(calls.filter((call) => call.startsWith('acr import'))).toHaveLength(3)
})

test('where Azure builds nothing the message names the other way, and no image is set', async () => {
  const { run } = await stage((world) => {
    deployed(world)
    world.failures.push({ words: 'acr build', code: 'TasksOperationsNotAllowed', times: 1 })
  })
  const { code, text, changes } = await run(['image', ...PLACE])
  expect(code).toBe(2)
  expect(text).toContain('give --image')
  expect(changes.filter((call) => /^(tag|functionapp)/.test(call))).toEqual([])
})

test('an image of your own is set without a build', async () => {
  const { run } = await stage(deployed)
  const own = `example.azurecr.io/own@sha256:${'d'.repeat(64)}`
  const { changes } = await run(['image', ...PLACE, '--image', own])
  expect(changes.map((call) => call.split(' ')[0])).toEqual(['tag', 'functionapp'])
  expect(changes.at(-1)).toContain(`LOADGEN_IMAGE=${own}`)
})

// ---- Smoke ------------------------------------------------------------------------------------------------------------

test.each([
  { status: 401, says: 'cannot read its keys' },
  { status: 404, says: 'has no functions' },
  { status: 503, says: 'See the log of the app' },
])('an app that keeps answering HTTP $status fails the release, and says where to look', async ({ status, says }) => {
  const { run, app } = await stage(deployed)
  app.status = status
  const { code, text, pausesMs } = await run(['smoke', ...PLACE])
  expect({ code, minutes: pausesMs.reduce((sum, ms) => sum + ms, 0) / 60_000 }).toEqual({ code: 2, minutes: 10 })
  expect(text).toContain(says)
})

// ---- azd --------------------------------------------------------------------------------------------------------------

const azdOutputs = (outputs: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, String(value)]))
const HOOK = { AZURE_ENV_NAME: 'drill', AZURE_RESOURCE_GROUP: GROUP, AZURE_LOCATION: 'swedencentral' }

test('the hook before a first deployment of azd passes nothing on', async () => {
  const { run } = await stage()
  const { code, text, changes } = await run(['providers', 'preflight', 'live'], HOOK)
  expect({ code, changes }, text).toEqual({ code: 0, changes: [] })
})

test('the hook before a later one sets zones and size in the environment of azd', async () => {
  const { run, world } = await stage((own) => {
    deployed(own)
    own.server = { name: `psql-drill-${TOKEN}`, zone: '3', standby: '1', diskGiB: 512 }
  })
  const { changes, text } = await run(['live'], { ...HOOK, ...azdOutputs(world().outputsOfDeployment) })
  expect(changes, text).toEqual([
    'azd env set DRILL_PRIMARY_ZONE 3',
    'azd env set DRILL_STANDBY_ZONE 1',
    'azd env set DRILL_STORAGE_SIZE_GIB 512',
  ])
})

test('with --group the outputs of the deployment count, and not a variable of the shell', async () => {
  const { run } = await stage((world) => {
    deployed(world)
    world.parameters.autovacuum_max_workers = { value: '4', isStatic: true, isPending: true }
  })
  const { changes } = await run(['parameters', ...PLACE], { ...HOOK, POSTGRES_SERVER: 'pg-production' })
  expect(changes).toEqual([`postgres flexible-server restart --resource-group ${GROUP} --name psql-drill-${TOKEN}`])
})

// ---- Removal ----------------------------------------------------------------------------------------------------------

test('down alone lists what it would remove, and removes nothing', async () => {
  const { run } = await stage(deployed)
  const { code, text, changes } = await run(['down', ...PLACE])
  expect({ code, changes }).toEqual({ code: 2, changes: [] })
  for (const part of [`vnet-drill-${TOKEN}`, `role Subnet joiner ${TOKEN}`, 'down --yes']) expect(text).toContain(part)
})

test('down removes assignments, containers, the group, roles and the vault, and leaves another environment alone', async () => {
  const { run, world } = await stage(deployed)
  const { code, text } = await run(['down', '--yes', ...PLACE])
  expect(code, text).toBe(0)
  const { groups, roles, assignments, deletedVaults } = world()
  expect({ groups, deletedVaults }).toEqual({ groups: {}, deletedVaults: [] })
  expect(roles.map(({ roleName }) => roleName)).toEqual(['Drill location reader otherenviron1'])
  expect(assignments.map(({ principalId }) => principalId)).toEqual(['principal-other'])
  expect(text).toContain('the deleted Log Analytics workspace')
  expect(text).toContain('nothing else is left')
})

test('down names no deleted workspace where the logs went to one of the organisation', async () => {
  const { run } = await stage((own) => {
    deployed(own)
    own.resources = own.resources.filter(({ name }) => !name.startsWith('log-drill'))
  })
  const { code, text } = await run(['down', '--yes', ...PLACE])
  expect({ code, says: text.includes('Log Analytics') }).toEqual({ code: 0, says: false })
})

test('down waits for a subnet that is still in use', async () => {
  const { run } = await stage((world) => {
    deployed(world)
    world.failures.push({ words: 'group delete', code: 'InUseSubnetCannotBeDeleted', times: 2 })
  })
  const { code, pausesMs } = await run(['down', '--yes', ...PLACE])
  expect({ code, pausesMs }).toEqual({ code: 0, pausesMs: [60_000, 60_000] })
})

test('in a group with resources of others down deletes its own, and keeps the group', async () => {
  const other = resourceOf('Microsoft.Sql/servers', 'sql-of-others', {})
  const { run, world } = await stage((own) => {
    deployed(own)
    own.resources.push(other)
  })
  const { code, text, changes } = await run(['down', '--yes', ...PLACE])
  expect(code, text).toBe(0)
  expect(changes.filter((call) => call.startsWith('group'))).toEqual([])
  expect(world().resources).toEqual([other])
})

test('down removes the roles of a group that is gone', async () => {
  const { run, world } = await stage((own) => {
    deployed(own)
    own.groups = {}
    own.resources = []
  })
  const { code, text } = await run(['down', '--yes', ...PLACE])
  expect(code, text).toBe(0)
  expect(world().roles.map(({ roleName }) => roleName)).toEqual(['Drill location reader otherenviron1'])
})

test.each([
  {
    of: 'an empty group, which a failed deployment leaves',
    groups: { [GROUP]: { location: 'swedencentral', tags: {} } },
  },
  { of: 'no group and no role', groups: {} },
])('down of $of succeeds', async ({ groups }) => {
  const { run, world } = await stage((own) => {
    own.groups = groups
  })
  const { code, text } = await run(['down', '--yes', ...PLACE])
  expect(code, text).toBe(0)
  expect(world().groups).toEqual({})
})

test('down of a group without anything of this project is refused', async () => {
  const { run } = await stage((world) => {
    world.groups[GROUP] = { location: 'swedencentral', tags: {} }
    world.resources = [resourceOf('Microsoft.Sql/servers', 'sql-of-others', {})]
  })
  const { code, changes } = await run(['down', '--yes', ...PLACE])
  expect({ code, changes }).toEqual({ code: 2, changes: [] })
})

test('down names a lock, and removes nothing', async () => {
  const lock = `${groupPath(GROUP)}/providers/Microsoft.KeyVault/vaults/kv-drill-${TOKEN}/providers/Microsoft.Authorization/locks/own`
  const { run } = await stage((world) => {
    deployed(world)
    world.locks.push(lock)
  })
  const { code, text, changes } = await run(['down', '--yes', ...PLACE])
  expect({ code, changes }).toEqual({ code: 2, changes: [] })
  expect(text).toContain(lock)
})

test('down says what is left, and ends with an error', async () => {
  const { run } = await stage((world) => {
    deployed(world)
    world.failures.push({ words: 'keyvault purge', code: 'MethodNotAllowed', times: 1 })
  })
  const { code, text } = await run(['down', '--yes', ...PLACE])
  expect(code).toBe(2)
  expect(text).toContain(`deleted vault kv-drill-${TOKEN}`)
})

// ---- Options ----------------------------------------------------------------------------------------------------------

test.each([
  { args: ['everything', ...PLACE], says: 'step 1 is unknown; the steps are preflight, ' },
  { args: ['down', 'app', ...PLACE], says: 'down is a step of its own' },
  { args: ['app'], says: 'No resource group: give --group NAME' },
  { args: ['image', ...PLACE, '--image', 'node:24'], says: '--image: expected <registry>/<name>@sha256:<digest>' },
  { args: ['template', ...PLACE, '--parameter', 'x'], says: '--parameter, number 1: expected name=value' },
  { args: ['live', ...PLACE], says: 'AZURE_ENV_NAME is not set' },
  { args: ['template', '--group', 'new'], says: 'give --location REGION' },
])('$args is refused before any change', async ({ args, says }) => {
  const { run } = await stage(deployed)
  const { code, text, changes } = await run(args)
  expect({ code, changes }).toEqual({ code: 2, changes: [] })
  expect(text).toContain(says)
})
