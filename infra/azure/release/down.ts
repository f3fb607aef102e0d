/**
 * The step `down`: removes an environment. Roles and their assignments outlive the resource group, and a deleted vault keeps its name,
 * so they are removed too; at the end Azure is asked again, and what is left is named.
 */
import { CannotRun, wordsOf } from '../../local/process/problem.ts'
import type { Az } from './az.ts'
import * as answers from './decisions/answers.ts'
import { isForbidden, isMissing, isStillInUse } from './decisions/az-error.ts'
import { assignmentsToDelete, customRoles, deletionOrder, partition, tokenOf } from './decisions/removal.ts'
import { guard } from './guard.ts'
import { missingAsNull, type Release, withRetry } from './release.ts'

const ROLES_API = '2022-04-01'
const DIAGNOSTICS_API = '2021-05-01-preview'
/** The name that server-diagnostics.bicep gives. */
const DIAGNOSTIC_SETTING = 'drill-to-workspace'
/** Deployments of the template at the level of the subscription: Azure keeps their record. */
const SUBSCRIPTION_DEPLOYMENTS = ['subscription-role', 'subscription-access']

interface Inventory {
  /** Null: the group is empty. */
  readonly token: string | null
  readonly group: boolean
  readonly ours: readonly answers.Resource[]
  readonly others: readonly answers.Resource[]
  readonly roles: readonly answers.RoleDefinition[]
  readonly assignments: readonly answers.RoleAssignment[]
  readonly locks: readonly string[]
  readonly vault: string | null
  /** Resource id of the diagnostic setting on a server that stays. */
  readonly diagnostics: string | null
}

export async function down(release: Release): Promise<void> {
  await guard(release)
  const found = await inventory(release)
  if (found === null) return release.say(`nothing is deployed in ${release.group}, and no role of it is left`)
  for (const line of listing(release, found)) release.say(line)
  if (found.locks.length > 0)
    throw new CannotRun(
      `Locked against deletion. Nothing was removed. First: az lock delete --subscription ${release.az.subscription} --ids ${found.locks.join(' ')}`,
    )
  if (!release.options.yes) throw new CannotRun('Nothing was removed. To remove it: npm run release -- down --yes')
  await removeAssignments(release, found)
  if (found.diagnostics !== null) await remove(release, found.diagnostics, DIAGNOSTICS_API)
  await removeResources(release, found)
  await removeRoles(release, found)
  await forgetDeployments(release, found)
  await purge(release, found)
  await conclude(release, found)
}

// ---- What there is ------------------------------------------------------------------------------------------------

/** Null: there is neither a group nor a role. */
async function inventory(release: Release): Promise<Inventory | null> {
  const { az, group } = release
  const hasGroup = (await az.run(['group', 'exists', '--name', group])) === true
  const resources = hasGroup
    ? answers.read(answers.resources, await az.run(['resource', 'list', '--resource-group', group]), 'the resources')
    : []
  const token =
    tokenOf(await release.outputOrNull('AZURE_FUNCTION_APP_NAME'), resources) ?? (await tokenOfRoles(release))
  if (token === null && !hasGroup) return null
  // A deployment that failed before its first resource leaves an empty group.
  if (token === null && resources.length > 0) throw new CannotRun(`${group} holds nothing of pg-failover-drill`)
  const { ours, others } = partition(resources, token)
  const roles = customRoles(await listRoles(release), token)
  const assignments = assignmentsToDelete(
    await listAssignments(release),
    roles,
    await principals(release, hasGroup, token),
  )
  return {
    token,
    group: hasGroup,
    ours,
    others,
    roles,
    assignments,
    locks: hasGroup ? await locksOn(release, ours) : [],
    vault:
      ours.find(({ type }) => type.toLowerCase() === 'microsoft.keyvault/vaults')?.name ??
      (token === null ? null : `kv-drill-${token}`),
    diagnostics: await foreignDiagnostics(release),
  }
}

/** A group that was deleted by hand leaves its roles, whose scope still names it. */
async function tokenOfRoles(release: Release): Promise<string | null> {
  const scope = `/resourcegroups/${release.group}`.toLowerCase()
  const own = (await listRoles(release)).find(
    ({ properties }) =>
      /^(Subnet joiner|PostgreSQL failover operator) [a-z0-9]{13}$/.test(properties.roleName) &&
      (properties.assignableScopes ?? []).some((name) => name.toLowerCase().endsWith(scope)),
  )
  return own?.properties.roleName.slice(-13) ?? null
}

const AUTHORIZATION = 'providers/Microsoft.Authorization'

async function listRoles({ az, group }: Release): Promise<answers.RoleDefinition[]> {
  const path = `/subscriptions/${az.subscription}/${AUTHORIZATION}/roleDefinitions`
  const below = `/subscriptions/${az.subscription}/resourceGroups/${group}/${AUTHORIZATION}/roleDefinitions`
  const rows = await az.list(path, ROLES_API, 'atScopeAndBelow()').catch(orIn(az, below))
  return rows.map((row) => answers.read(answers.roleDefinition, row, 'a role definition'))
}

async function listAssignments({ az, group }: Release): Promise<answers.RoleAssignment[]> {
  const path = `/subscriptions/${az.subscription}/${AUTHORIZATION}/roleAssignments`
  const below = `/subscriptions/${az.subscription}/resourceGroups/${group}/${AUTHORIZATION}/roleAssignments`
  const rows = await az.list(path, ROLES_API).catch(orIn(az, below))
  return rows.map((row) => answers.read(answers.roleAssignment, row, 'a role assignment'))
}

/** With rights on the resource group alone: then nothing was granted in the subscription either. */
const orIn =
  (az: Az, path: string) =>
  (error: unknown): Promise<unknown[]> => {
    if (!isForbidden(error)) throw error
    return az.list(path, ROLES_API)
  }

async function principals({ az, group }: Release, hasGroup: boolean, token: string | null): Promise<string[]> {
  if (!hasGroup || token === null) return []
  const answer = await az.run(['identity', 'list', '--resource-group', group])
  return answers
    .read(answers.identities, answer, 'the identities')
    .flatMap(({ name, principalId }) => (name.endsWith(token) && principalId ? [principalId] : []))
}

/** A lock is its owner's decision: it is named, and not removed. */
async function locksOn({ az, group }: Release, ours: readonly answers.Resource[]): Promise<string[]> {
  const all = answers.read(answers.named, await az.run(['lock', 'list', '--resource-group', group]), 'the locks')
  const isOnOurs = (id: string) => ours.some((resource) => id.toLowerCase().startsWith(resource.id.toLowerCase()))
  const isOnGroup = (id: string) => /\/resourcegroups\/[^/]+\/providers\/microsoft.authorization\/locks\//i.test(id)
  return all.map(({ id }) => id).filter((id) => isOnOurs(id) || isOnGroup(id))
}

async function foreignDiagnostics(release: Release): Promise<string | null> {
  if ((await release.outputOrNull('CREATES_SERVER'))?.toLowerCase() !== 'false') return null
  const [name, group] = await Promise.all([
    release.output('POSTGRES_SERVER'),
    release.output('POSTGRES_RESOURCE_GROUP'),
  ])
  return `/subscriptions/${release.az.subscription}/resourceGroups/${group}/providers/Microsoft.DBforPostgreSQL/flexibleServers/${name}/providers/Microsoft.Insights/diagnosticSettings/${DIAGNOSTIC_SETTING}`
}

function listing({ group }: Release, found: Inventory): string[] {
  const isWhole = found.others.length === 0
  return [
    found.group
      ? `to remove: ${isWhole ? `the resource group ${group} with` : ''} ${found.ours.length} resources`.replace(
          / {2,}/g,
          ' ',
        )
      : `the resource group ${group} does not exist any more`,
    ...found.ours.map(({ type, name }) => `  ${type} ${name}`),
    ...found.assignments.map(({ properties }) => `  role assignment on ${properties.scope}`),
    ...found.roles.map(({ properties }) => `  role ${properties.roleName}`),
    ...(found.diagnostics === null ? [] : [`  diagnostic setting ${found.diagnostics}`]),
    ...found.others.map(({ type, name }) => `  stays, not of this environment: ${type} ${name}`),
  ]
}

// ---- Removing -----------------------------------------------------------------------------------------------------

/** Already gone is as good. */
async function remove({ az }: Release, id: string, apiVersion: string): Promise<void> {
  await az.run(['rest', '--method', 'delete', '--url', `${id}?api-version=${apiVersion}`]).catch(missingAsNull)
}

async function removeAssignments(release: Release, { assignments }: Inventory): Promise<void> {
  for (const { id } of assignments) await remove(release, id, ROLES_API)
}

/** An assignment that was deleted a moment ago can still count. */
async function removeRoles(release: Release, { roles }: Inventory): Promise<void> {
  for (const { id, properties } of roles)
    await withRetry(
      release,
      { of: properties.roleName, isPassing: isStillInUse, forMs: 5 * 60_000, everyMs: 15_000 },
      () => remove(release, id, ROLES_API),
    )
}

const GROUP = { isPassing: isStillInUse, forMs: 30 * 60_000, everyMs: 60_000 } as const

async function removeResources(release: Release, found: Inventory): Promise<void> {
  if (!found.group) return
  const { az, group } = release
  // Their subnet cannot be deleted before they are gone.
  const containers = found.ours.filter(
    ({ type }) => type.toLowerCase() === 'microsoft.containerinstance/containergroups',
  )
  for (const { id } of containers) await az.run(['resource', 'delete', '--ids', id])
  if (found.others.length > 0) return removeOneByOne(release, found)
  release.say(`deleting ${group}: it takes minutes`)
  await withRetry(release, { ...GROUP, of: `deleting ${group}` }, () =>
    az.run(['group', 'delete', '--name', group, '--yes']).catch(missingAsNull),
  )
}

/** Resources depend on each other: what is refused in one round may go in the next, as long as a round deletes something. */
async function removeOneByOne(release: Release, found: Inventory): Promise<void> {
  let left = deletionOrder(found.ours)
  for (let waits = 0; left.length > 0; ) {
    const refused: answers.Resource[] = []
    for (const resource of left) {
      release.say(`deleting ${resource.type} ${resource.name}`)
      await release.az.run(['resource', 'delete', '--ids', resource.id]).catch((error: unknown) => {
        if (isMissing(error)) return
        release.say(`not yet: ${wordsOf(error)}`)
        refused.push(resource)
      })
    }
    if (refused.length === left.length && waits++ === MAX_WAITS) return
    left = refused
    if (left.length > 0) await release.pause(60_000)
  }
}

/** Rounds without a deletion. */
const MAX_WAITS = 10

async function forgetDeployments({ az }: Release, { token }: Inventory): Promise<void> {
  if (token === null) return
  for (const name of SUBSCRIPTION_DEPLOYMENTS)
    await az.run(['deployment', 'sub', 'delete', '--name', `${name}-${token}`]).catch((error: unknown) => {
      if (!isForbidden(error)) missingAsNull(error)
    })
}

/** A vault with purge protection keeps its name for the days that it was given. */
async function purge(release: Release, { vault }: Inventory): Promise<void> {
  if (vault === null || !(await isDeleted(release, vault))) return
  await release.az.run(['keyvault', 'purge', '--name', vault]).catch((error: unknown) => {
    release.say(`the vault ${vault} was not purged: ${wordsOf(error)}`)
  })
}

async function isDeleted({ az, say }: Release, vault: string): Promise<boolean> {
  const answer = await az.run(['keyvault', 'list-deleted', '--resource-type', 'vault']).catch((error: unknown) => {
    if (!isForbidden(error)) throw error
    say(`whether the name of the vault ${vault} is free is not known: ${wordsOf(error)}`)
    return null
  })
  return answers.read(answers.deletedVaults, answer ?? [], 'the deleted vaults').some(({ name }) => name === vault)
}

// ---- What is left -------------------------------------------------------------------------------------------------

async function conclude(release: Release, found: Inventory): Promise<void> {
  const left = await leftovers(release, found)
  // Not that of the organisation, which was never this environment's.
  if (found.ours.some(({ type }) => type.toLowerCase() === 'microsoft.operationalinsights/workspaces'))
    release.say('stays for 14 days and costs nothing: the deleted Log Analytics workspace, which Azure can restore')
  if (found.diagnostics !== null)
    release.say("stays on the existing server: the drills' tables and rows, and the roles of app and load generators")
  if (left.length > 0)
    throw new CannotRun(`Left, and to be removed by hand:\n${left.map((line) => `  ${line}`).join('\n')}`)
  release.say('nothing else is left')
}

async function leftovers(release: Release, found: Inventory): Promise<string[]> {
  const { az, group } = release
  const hasGroup = (await az.run(['group', 'exists', '--name', group])) === true
  const resources = hasGroup
    ? answers.read(answers.resources, await az.run(['resource', 'list', '--resource-group', group]), 'the resources')
    : []
  const roles = customRoles(await listRoles(release), found.token)
  const assignments = assignmentsToDelete(await listAssignments(release), roles, [])
  const left = [
    ...partition(resources, found.token).ours.map(({ id }) => id),
    ...roles.map(({ properties }) => `role ${properties.roleName}`),
    ...assignments.map(({ id }) => `role assignment ${id}`),
  ]
  if (hasGroup && found.others.length === 0) left.push(`resource group ${group}`)
  if (found.vault !== null && (await isDeleted(release, found.vault))) left.push(`deleted vault ${found.vault}`)
  if (found.diagnostics !== null && (await exists(release, found.diagnostics))) left.push(found.diagnostics)
  return left
}

async function exists({ az }: Release, id: string): Promise<boolean> {
  return (await az.get(id, DIAGNOSTICS_API).catch(missingAsNull)) !== null
}
