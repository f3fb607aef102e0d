/** What keeps a deployment observable, affordable and safe: alerts, diagnostics, budget, tags, locks, and the exceptions of ps-rule.yaml. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { EXISTING_SERVER as EXISTING, OWN_WORKSPACE } from '../../../infra/azure/combinations.ts'
import { COMPILE_TIMEOUT_MS, combinations, ofType, one, SUBSCRIPTION, withCompiler } from './snapshot.ts'

type Combinations = Awaited<ReturnType<typeof combinations>>
let all: Combinations

interface Condition {
  readonly field?: string
  readonly equals?: string
  readonly containsAny?: readonly string[]
  readonly anyOf?: readonly Condition[]
}

interface ActivityAlert {
  readonly scopes: readonly string[]
  readonly condition: { readonly allOf: readonly Condition[] }
  readonly actions: { readonly actionGroups: readonly { readonly actionGroupId: string }[] }
}

const TYPES_WITHOUT_TAGS = /\/(roleDefinitions|roleAssignments|locks|diagnosticSettings|budgets|config|secrets)$/
/** Children of a resource have its tags; zones are shared by environments. */
const IS_CHILD = /^Microsoft\.[A-Za-z]+\/[^/]+\/|privateDnsZones$/

describe('a deployment', withCompiler, () => {
  beforeAll(async () => {
    all = await combinations()
  }, COMPILE_TIMEOUT_MS)

  const alertsOf = (name: keyof Combinations) =>
    new Map(
      ofType(all[name], 'Microsoft.Insights/activityLogAlerts').map((alert) => [
        alert.name.replace(/^drill-\w{13}-/, ''),
        alert.properties as unknown as ActivityAlert,
      ]),
    )

  test('alerts on what Azure reports of the server, and on operations that no drill does', () => {
    const alerts = alertsOf('existing-endpoint')
    expect([...alerts.keys()].sort()).toEqual([
      'server-delete',
      'server-stop',
      'server-unhealthy',
      'server-write',
      'service-health',
    ])
    for (const [name, { scopes, actions }] of alerts) {
      // Service health is reported per subscription.
      expect(scopes, name).toEqual([name === 'service-health' ? `/subscriptions/${SUBSCRIPTION}` : EXISTING])
      expect(actions.actionGroups, name).toHaveLength(1)
    }
  })

  test('does not alert on the restart that every drill is, nor on a failover as a fault of the platform', () => {
    const text = JSON.stringify([...alertsOf('default').values()])
    expect(text).not.toContain('restart/action')
    expect(alertsOf('default').get('server-unhealthy')?.condition.allOf).toContainEqual({
      field: 'properties.cause',
      equals: 'PlatformInitiated',
    })
  })

  test('does not alert on a server that drills stop', () => {
    const down = (name: keyof Combinations) =>
      one(
        all[name].filter((rule) => rule.name.endsWith('-database-down')),
        'Microsoft.Insights/metricAlerts',
      ).properties.enabled
    expect([down('default'), down('landing-zone')]).toEqual([true, false])
    expect([...alertsOf('landing-zone').keys()]).not.toContain('server-stop')
  })

  test('hears of maintenance', () => {
    const conditions = alertsOf('default').get('service-health')?.condition.allOf ?? []
    const types = conditions.flatMap(({ anyOf = [] }) => anyOf.map(({ equals }) => equals))
    expect(types).toEqual(['Incident', 'Maintenance', 'ActionRequired'])
  })

  test('sends diagnostics of everything that has some to its workspace', () => {
    const workspace = one(all.entra, 'Microsoft.OperationalInsights/workspaces').id
    const settings = ofType(all.entra, 'Microsoft.Insights/diagnosticSettings')
    const parents = new Set(settings.map(({ id = '' }) => parentTypeOf(id)))
    expect([...parents].sort()).toEqual([
      'containerregistry/registries',
      'dbforpostgresql/flexibleservers',
      'keyvault/vaults',
      'network/networksecuritygroups',
      'network/virtualnetworks',
      'storage/storageaccounts/blobservices',
      'storage/storageaccounts/queueservices',
      'storage/storageaccounts/tableservices',
      'web/sites',
    ])
    for (const { properties } of settings) expect(properties.workspaceId).toBe(workspace)
  })

  test('has a budget only where an amount is given, and it notifies the action group', () => {
    expect(ofType(all.default, 'Microsoft.Consumption/budgets')).toEqual([])
    const { amount, notifications } = one(all['landing-zone'], 'Microsoft.Consumption/budgets').properties
    const group = one(all['landing-zone'], 'Microsoft.Insights/actionGroups').id
    expect(amount).toBe(500)
    for (const notification of Object.values(notifications as Record<string, { contactGroups: string[] }>))
      expect(notification.contactGroups).toEqual([group])
  })

  test('sends every log, metric and query to the workspace of the organisation, and creates none, where its id is given', () => {
    const own = all['landing-zone']
    expect(ofType(own, 'Microsoft.OperationalInsights/workspaces')).toEqual([])
    const places = [
      ...ofType(own, 'Microsoft.Insights/diagnosticSettings').map(({ properties }) => properties.workspaceId),
      ...ofType(own, 'Microsoft.Insights/scheduledQueryRules').flatMap(({ properties }) => properties.scopes),
      one(own, 'Microsoft.Insights/components').properties.WorkspaceResourceId,
      one(own, 'Microsoft.Insights/workbooks').properties.sourceId,
    ]
    expect(places.length).toBeGreaterThan(10)
    expect(new Set(places)).toEqual(new Set([OWN_WORKSPACE]))
  })

  test('puts the tags of the organisation on every resource that takes tags, beside its own', () => {
    const untagged = all['landing-zone']
      .filter(({ type }) => !TYPES_WITHOUT_TAGS.test(type) && !IS_CHILD.test(type))
      .filter(({ tags }) => (tags as Record<string, string> | undefined)?.costCentre !== '4711')
    expect(untagged.map(({ type }) => type)).toEqual([])
    expect(one(all['landing-zone'], 'Microsoft.Web/sites').tags).toEqual({
      costCentre: '4711',
      project: 'pg-failover-drill',
      'azd-env-name': 'drill',
      'azd-service-name': 'drill',
    })
  })

  test('locks the evidence and the new server where that is asked for, and never a server of another owner', () => {
    const locked = (name: keyof Combinations) =>
      ofType(all[name], 'Microsoft.Authorization/locks').map(({ id = '' }) => parentTypeOf(id))
    expect(locked('default')).toEqual([])
    expect(locked('landing-zone').sort()).toEqual(['dbforpostgresql/flexibleservers', 'storage/storageaccounts'])
    expect(one(all['landing-zone'], 'Microsoft.KeyVault/vaults').properties.enablePurgeProtection).toBe(true)
    expect(one(all.default, 'Microsoft.KeyVault/vaults').properties.enablePurgeProtection ?? null).toBeNull()
  })
})

test('every exception of ps-rule.yaml has its reason above it', () => {
  const lines = readFileSync(resolve(import.meta.dirname, '../../../ps-rule.yaml'), 'utf8').split('\n')
  const exceptions = lines.flatMap((line, i) => (/^ {4}- Azure\.\w+\.\w+$/.test(line) ? [i] : []))
  expect(exceptions.length).toBeGreaterThan(3)
  // Two rules that one reason explains may share it.
  const reasonAbove = (i: number): boolean =>
    /^ {4}# .{30}/.test(lines[i - 1] ?? '') || (exceptions.includes(i - 1) && /^ {4}# /.test(lines[i - 2] ?? ''))
  expect(exceptions.filter((i) => !reasonAbove(i)).map((i) => lines[i])).toEqual([])
})

/** Type of what an extension resource belongs to, from its id or the expression of it, in lower case. */
function parentTypeOf(id: string): string {
  const parent = id.split(/\/providers\/Microsoft\.(?:Insights|Authorization)\/(?:diagnosticSettings|locks)/i)[0] ?? ''
  const provider = parent.slice(parent.lastIndexOf('/providers/') + '/providers/'.length)
  const [namespace = '', ...segments] = provider.split('/')
  const types = segments.filter((_, i) => i % 2 === 0)
  return [namespace.replace(/^Microsoft\./, ''), ...types].join('/').toLowerCase()
}
