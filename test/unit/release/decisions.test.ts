/** The decisions of `npm run release`, on answers as the Azure CLI gives them. */
import { describe, expect, test } from 'vitest'
import { capabilities, read } from '../../../infra/azure/release/decisions/answers.ts'
import { AzError, codesIn, isBusy, isMissing } from '../../../infra/azure/release/decisions/az-error.ts'
import { liveValues } from '../../../infra/azure/release/decisions/live-values.ts'
import { isEqualValue, planParameters } from '../../../infra/azure/release/decisions/parameters.ts'
import {
  advice,
  judgeProviders,
  judgeQuota,
  judgeRuntime,
  namespacesIn,
  otherRegions,
  otherSkus,
  refusalOf,
} from '../../../infra/azure/release/decisions/preflight.ts'
import { customRoles, partition, tokenOf } from '../../../infra/azure/release/decisions/removal.ts'
import { mayRelease } from '../../../infra/azure/release/decisions/running-drill.ts'
import skus from '../../../infra/azure/skus.json' with { type: 'json' }
import usageExample from '../../support/azure-rest-examples/containerinstance/ContainerGroupUsage.json' with {
  type: 'json',
}
import serverExample from '../../support/azure-rest-examples/postgresql/ServersGetWithVnet.json' with { type: 'json' }
import { TOKEN } from '../../support/fake-az.ts'
import { capability, type RegionAnswer, resourceOf } from '../../support/release-world.ts'

// ---- Errors -----------------------------------------------------------------------------------------------------------

describe('errors of the CLI', () => {
  test.each([
    {
      stderr:
        "ERROR: (ServerIsBusy) Cannot complete operation while server 'psql-drill' is busy processing another operation. Try again later.\nCode: ServerIsBusy\nMessage: Cannot complete operation while server 'psql-drill' is busy",
      codes: ['ServerIsBusy'],
    },
    {
      stderr: 'ERROR: Not Found({"error":{"code":"ResourceNotFound","message":"The Resource \'x\' was not found."}})',
      codes: ['ResourceNotFound'],
    },
    {
      stderr:
        'ERROR: {"status":"Failed","error":{"code":"DeploymentFailed","message":"At least one resource deployment operation failed.","details":[{"code":"Conflict","message":"{\\r\\n  \\"error\\": {\\r\\n    \\"code\\": \\"RoleDefinitionDoesNotExist\\"}}"}]}}',
      codes: ['DeploymentFailed', 'Conflict', 'RoleDefinitionDoesNotExist'],
    },
    { stderr: "ERROR: 'capacity' is misspelled or not recognized by the system.", codes: [] },
  ])('$codes', ({ stderr, codes }) => expect(codesIn(stderr)).toEqual(codes))

  test('a warning before the error is left out of the message', () => {
    const error = new AzError('acr build', 1, 'WARNING: this command is in preview\nERROR: (Conflict) no')
    expect(error.message).toBe('az acr build: (Conflict) no')
  })

  test('a busy server, a wrong value and a deleted group are three things', () => {
    const of = (stderr: string) => new AzError('x', 1, stderr)
    expect(isBusy(of('ERROR: (ServerIsBusy) later'))).toBe(true)
    expect(isBusy(of('ERROR: (InvalidParameterValue) no'))).toBe(false)
    expect(isMissing(of('ERROR: Not Found()'))).toBe(true)
    expect(isMissing(of('ERROR: (ResourceGroupNotFound) x'))).toBe(true)
  })
})

// ---- Region and SKU ---------------------------------------------------------------------------------------------------

const WANTED = {
  location: 'swedencentral',
  sku: 'Standard_E4ds_v5',
  version: '16',
  haMode: 'ZoneRedundant',
  storage: { type: 'Premium_LRS', sizeGiB: 128, tier: 'P30' },
}

/** The region as it is, or as the edit leaves it. */
function region(edit: (answer: RegionAnswer) => void = () => undefined) {
  const answer = capability()
  edit(answer)
  return read(capabilities, { value: [answer] }, 'the region').value
}
const edition = (answer: RegionAnswer, name = 'MemoryOptimized') =>
  answer.supportedServerEditions.find((one) => one.name === name)!
const feature = (answer: RegionAnswer, status: string) => {
  const features = answer.supportedFeatures as { name: string; status: string }[]
  features.find(({ name }) => name === 'ZoneRedundantHa')!.status = status
}

describe('a region', () => {
  test('that offers everything is not refused', () => expect(refusalOf(WANTED, skus, region())).toBeNull())

  test.each([
    { of: 'no answer', answer: [], says: 'offers no flexible servers' },
    {
      of: 'a restriction of the subscription',
      answer: region((own) => Object.assign(own, { restricted: 'Enabled', reason: 'no quota' })),
      says: 'may not create flexible servers in swedencentral: no quota',
    },
    {
      of: 'the flag that new zone-redundant servers are blocked',
      answer: region((own) => Object.assign(own, { zoneRedundantHaSupported: 'Disabled' })),
      says: 'creates no new servers with zone-redundant',
    },
    {
      of: 'the feature that says the same',
      answer: region((own) => feature(own, 'Disabled')),
      says: 'creates no new servers with zone-redundant',
    },
    {
      of: 'no such SKU',
      answer: region((own) => Object.assign(edition(own), { supportedServerSkus: [] })),
      says: 'does not offer Standard_E4ds_v5',
    },
    {
      of: 'a SKU without a standby in another zone',
      answer: region((own) => Object.assign(edition(own).supportedServerSkus[0]!, { supportedHaMode: ['SameZone'] })),
      says: 'has no ZoneRedundant high availability',
    },
    {
      of: 'a SKU in one zone',
      answer: region((own) => Object.assign(edition(own).supportedServerSkus[0]!, { supportedZones: ['1'] })),
      says: 'has no ZoneRedundant high availability',
    },
    {
      of: 'another memory than the table says',
      answer: region((own) => Object.assign(edition(own).supportedServerSkus[0]!, { supportedMemoryPerVcoreMb: 6912 })),
      says: '27 GiB in Azure, and 4 and 32 in infra/azure/skus.json',
    },
    {
      of: 'no such version',
      answer: region((own) => Object.assign(own, { supportedServerVersions: [{ name: '15' }] })),
      says: 'does not offer PostgreSQL 16; it offers 15',
    },
    {
      of: 'no such disk',
      answer: region((own) => Object.assign(edition(own), { supportedStorageEditions: [{ name: 'ManagedDiskV2' }] })),
      says: 'does not offer Premium_LRS',
    },
  ])('with $of is refused', ({ answer, says }) => {
    expect(refusalOf(WANTED, skus, answer)?.text).toContain(says)
  })

  test('refuses a tier that the disk does not take, and names those that it takes', () => {
    const text = refusalOf({ ...WANTED, storage: { ...WANTED.storage, tier: 'P80' } }, skus, region())?.text
    expect(text).toContain('takes no tier P80')
    expect(text).toContain('P10, P15')
  })

  test('without zones is enough for a server that wants none', () => {
    const answer = region((own) => Object.assign(own, { zoneRedundantHaSupported: 'Disabled' }))
    expect(refusalOf({ ...WANTED, haMode: 'SameZone' }, skus, answer)).toBeNull()
  })
})

test('SKUs that would do are offered there, and at least as large: nearest first', () => {
  const offer = (name: string, vCores: number, memory: number) => ({
    ...edition(capability()).supportedServerSkus[0]!,
    name,
    vCores,
    supportedMemoryPerVcoreMb: memory,
  })
  const answer = region((own) => {
    edition(own).supportedServerSkus = [
      offer('Standard_E16ds_v4', 16, 8192),
      offer('Standard_E4ads_v5', 4, 8192),
      offer('Standard_E2ds_v4', 2, 8192),
      offer('Standard_E64ds_v7', 64, 8192),
    ]
    edition(own, 'GeneralPurpose').supportedServerSkus = [offer('Standard_D4ds_v4', 4, 4096)]
  })
  expect(otherSkus(WANTED, skus, answer)).toEqual(['Standard_E4ads_v5', 'Standard_E16ds_v4'])
})

test('regions that would be asked have zones, and lie in the same part of the world', () => {
  const place = (name: string, geographyGroup: string, zones: number, regionType = 'Physical') => ({
    name,
    metadata: { geographyGroup, regionType },
    availabilityZoneMappings: Array(zones).fill({}),
  })
  const all = [
    place('swedencentral', 'Europe', 3),
    place('norwayeast', 'Europe', 3),
    place('norwaywest', 'Europe', 0),
    place('eastus', 'US', 3),
    place('europe', 'Europe', 3, 'Logical'),
  ]
  expect(otherRegions('SwedenCentral', all)).toEqual(['norwayeast'])
})

test('the advice says so when nothing would do', () => {
  expect(advice('westus2', [], [])).toBe('No other SKU and no near region was found that would do')
  expect(advice('westus2', ['A', 'B', 'C', 'D'], ['x'])).toBe(
    'Would do: serverSku=A or B or C in westus2; the region x',
  )
})

// ---- The rest of the preflight ----------------------------------------------------------------------------------------

test.each([
  [['24', '22'], 'ok', 'runs Node 24'],
  [['22', '20'], 'problem', 'runs Node 22, 20, not 24'],
  [[], 'problem', 'has no Flex Consumption'],
])('runtimes %j are %s', (offered, state, says) => {
  const finding = judgeRuntime('eastus', '24', offered)
  expect(finding).toMatchObject({ state, text: expect.stringContaining(says) })
})

test('a provider that is being registered is not registered', () => {
  const all = [
    { namespace: 'microsoft.app', registrationState: 'Registering' },
    { namespace: 'Microsoft.Web', registrationState: 'Registered' },
  ]
  expect(judgeProviders(['Microsoft.App', 'Microsoft.Web'], all).text).toContain('not registered: Microsoft.App.')
})

test.each([
  { of: 'free groups and cores', groups: [1, 100], cores: [2, 10], state: 'ok' },
  { of: 'one core', groups: [1, 100], cores: [9, 10], state: 'problem' },
  { of: 'no group', groups: [100, 100], cores: [2, 10], state: 'problem' },
])('a quota with $of is $state', ({ groups, cores, state }) => {
  const row = (value: string, [currentValue = 0, limit = 0]: number[]) => ({ currentValue, limit, name: { value } })
  expect(judgeQuota('eastus', [row('ContainerGroups', groups), row('StandardCores', cores)]).state).toBe(state)
})

test("the quota's answer of the specification is read, and an empty one is unknown", () => {
  expect(judgeQuota('westcentralus', usageExample.responses['200'].body.value)).toMatchObject({
    state: 'ok',
    text: 'free in westcentralus: 1999 ContainerGroups',
  })
  expect(judgeQuota('westcentralus', []).state).toBe('unknown')
})

test('providers are read from the compiled template', () => {
  const template =
    '{"type": "Microsoft.Web/sites"}{"type":"Microsoft.App/x/y"}{"type": "Microsoft.Resources/deployments"}'
  expect(namespacesIn(template)).toEqual(['Microsoft.App', 'Microsoft.Web'])
})

// ---- Parameters -------------------------------------------------------------------------------------------------------

test.each([
  ['on', 'true', true],
  ['OFF', 'off', true],
  ['1.10', '1.1', true],
  ['16384', '16385', false],
  ['PG_STAT_STATEMENTS,UUID-OSSP', 'uuid-ossp, pg_stat_statements', true],
  ['1', 'on', false],
  [null, 'on', false],
])('%j and %j are equal: %s', (live, wanted, expected) => expect(isEqualValue(live, wanted)).toBe(expected))

test('a plan skips equal values, keeps the order, and names what cannot be set', () => {
  const wanted = ['b', 'a', 'same', 'fixed', 'later'].map((name) => ({ name, value: '2', why: '', isStatic: false }))
  const live = ['a', 'b', 'same', 'fixed'].map((name) => ({
    name,
    value: name === 'same' ? '2' : '1',
    isReadOnly: name === 'fixed',
    isPendingRestart: false,
  }))
  const plan = planParameters(wanted, live)
  expect(plan.changes.map(({ name }) => name)).toEqual(['b', 'a'])
  expect(plan.missing.map(({ name }) => name)).toEqual(['later'])
  expect([plan.equal, plan.refused]).toEqual([['same'], ['fixed is 1 and read-only, not 2']])
})

// ---- A running drill --------------------------------------------------------------------------------------------------

const listed = (...states: string[]) => ({ drills: states.map((state, i) => ({ drillId: `d${i}`, state })) })

test.each([
  { seen: { kind: 'no app' }, may: true },
  { seen: { kind: 'no code' }, may: true },
  { seen: { kind: 'silent', why: 'timeout' }, may: false },
  { seen: { kind: 'answer', status: 401, body: null }, may: false },
  { seen: { kind: 'answer', status: 200, body: listed() }, may: true },
  { seen: { kind: 'answer', status: 200, body: listed('finished', 'failed') }, may: true },
  { seen: { kind: 'answer', status: 200, body: listed('waiting') }, may: false },
  { seen: { kind: 'answer', status: 200, body: listed('finished', 'running') }, may: false },
  { seen: { kind: 'answer', status: 200, body: { drills: [{}] } }, may: false },
  { seen: { kind: 'answer', status: 200, body: '<html>' }, may: false },
] as const)('with $seen a release may go on: $may', ({ seen, may }) => {
  expect(mayRelease(seen, 'https://app/api').may).toBe(may)
})

// ---- A later deployment -----------------------------------------------------------------------------------------------

test('the zones and the disk of the specification are passed on, and nothing of a server that does not exist', () => {
  expect(liveValues(serverExample.responses['200'].body)).toEqual({
    DRILL_PRIMARY_ZONE: '1',
    DRILL_STANDBY_ZONE: '2',
    DRILL_STORAGE_SIZE_GIB: '512',
  })
  expect(liveValues(null)).toEqual({})
})

// ---- Removal ----------------------------------------------------------------------------------------------------------

describe('what belongs to an environment', () => {
  test.each([
    [`func-drill-${TOKEN}`, []],
    [null, [resourceOf('Microsoft.Web/sites', `func-drill-${TOKEN}`)]],
  ])('its token is in the name of %j, or of its resources', (app, resources) => {
    expect(tokenOf(app, resources)).toBe(TOKEN)
  })

  test('no other name has a token', () => {
    expect(tokenOf(null, [resourceOf('Microsoft.Web/sites', 'site-productionnow')])).toBeNull()
  })

  test('a second environment in the group keeps its resources, and containers stay that could be its own', () => {
    const second = { project: 'pg-failover-drill', 'azd-env-name': 'second' }
    const containers = resourceOf('Microsoft.ContainerInstance/containerGroups', 'x', { 'pg-failover-drill': 'd1' })
    const own = resourceOf('Microsoft.Web/sites', `func-drill-${TOKEN}`)
    const tagged = resourceOf('Microsoft.Insights/workbooks', 'guid')
    const other = resourceOf('Microsoft.Web/sites', 'func-drill-zzzzzzzzzzzzz', second)
    expect(partition([own, tagged, other, containers], TOKEN)).toEqual({
      ours: [own, tagged],
      others: [other, containers],
    })
    expect(partition([own, tagged, containers], TOKEN).others).toEqual([])
  })

  test('a private DNS zone goes with its last link', () => {
    const zone = resourceOf('Microsoft.Network/privateDnsZones', 'privatelink.vaultcore.azure.net', {})
    const link = (token: string) =>
      resourceOf('Microsoft.Network/privateDnsZones/virtualNetworkLinks', `${zone.name}/drill-${token}`, {})
    const [own, other] = [link(TOKEN), link('zzzzzzzzzzzzz')]
    expect(partition([zone, own], TOKEN)).toEqual({ ours: [zone, own], others: [] })
    expect(partition([zone, own, other], TOKEN)).toEqual({ ours: [own], others: [zone, other] })
    expect(partition([zone], TOKEN).others).toEqual([zone])
  })

  test('a role with its token is its own, and only once', () => {
    const role = (roleName: string) => ({ id: `/x/${roleName}`, properties: { roleName, type: 'CustomRole' } })
    const own = role(`Subnet joiner ${TOKEN}`)
    expect(
      customRoles([own, { ...own, id: own.id.toUpperCase() }, role('Subnet joiner zzzzzzzzzzzzz')], TOKEN),
    ).toHaveLength(1)
  })
})
