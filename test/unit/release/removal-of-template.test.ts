/** The removal against the template: everything that a deployment makes is taken, and every custom role is found. */
import { describe, expect, test } from 'vitest'
import { EXISTING_SERVER, REPLICA } from '../../../infra/azure/combinations.ts'
import type { Resource } from '../../../infra/azure/release/decisions/answers.ts'
import { assignmentsToDelete, customRoles, partition, tokenOf } from '../../../infra/azure/release/decisions/removal.ts'
import { COMPILE_TIMEOUT_MS, deployed, ofType, type Resource as Planned, withCompiler } from '../infra/snapshot.ts'

/** `az resource list` shows what has a location; child resources without one go with their parents. A name in brackets only Azure knows. */
const listed = (planned: readonly Planned[]): Resource[] =>
  planned
    .filter(({ location, name }) => typeof location === 'string' && !name.startsWith('['))
    .map(({ id = '', name, type, tags }) => ({ id, name, type, tags: (tags ?? {}) as Record<string, string> }))

const rolesOf = (planned: readonly Planned[]) =>
  ofType(planned, 'Microsoft.Authorization/roleDefinitions').map(({ name, properties }) => ({
    id: name,
    properties: { roleName: String(properties.roleName), type: 'CustomRole' },
  }))

describe('a deployment by default', withCompiler, () => {
  test(
    'is removed whole',
    async () => {
      const planned = await deployed()
      const resources = listed(planned)
      const token = tokenOf(null, resources)
      expect(token).toMatch(/^[a-z0-9]{13}$/)
      const { ours, others } = partition(resources, token)
      expect(others.map(({ type, name }) => `${type} ${name}`)).toEqual([])
      expect(ours.length).toBeGreaterThan(20)
      const roles = rolesOf(planned)
      expect(customRoles(roles, token)).toHaveLength(roles.length)
      expect(roles.length).toBeGreaterThanOrEqual(3)
    },
    COMPILE_TIMEOUT_MS,
  )
})

describe('a deployment with an existing server and its replica', withCompiler, () => {
  test(
    'leaves no role and no assignment on either of them',
    async () => {
      const planned = await deployed({
        existingServerId: `'${EXISTING_SERVER}'`,
        replicaServerId: `'${REPLICA}'`,
        allowScalingAndSwitchover: 'true',
      })
      const { ours } = partition(listed(planned), tokenOf(null, listed(planned)))
      expect(ours.map(({ name }) => name.split('-').slice(0, 2).join('-'))).toContain('pe-replica')
      const roles = customRoles(rolesOf(planned), tokenOf(null, listed(planned)))
      expect(roles).toHaveLength(rolesOf(planned).length)
      const assignments = ofType(planned, 'Microsoft.Authorization/roleAssignments').map(({ id = '', properties }) => ({
        id,
        properties: {
          scope: id.split('/providers/Microsoft.Authorization/')[0] ?? '',
          roleDefinitionId: String(properties.roleDefinitionId),
          principalId: String(properties.principalId),
        },
      }))
      const principals = [...new Set(assignments.map(({ properties }) => properties.principalId))]
      const taken = assignmentsToDelete(assignments, roles, principals)
      for (const server of [EXISTING_SERVER, REPLICA])
        expect(taken.filter(({ id }) => id.includes(server))).toHaveLength(2)
    },
    COMPILE_TIMEOUT_MS,
  )
})
