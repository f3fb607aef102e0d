/** The removal against the template: everything that a deployment makes is taken, and every custom role is found. */
import { describe, expect, test } from 'vitest'
import type { Resource } from '../../../infra/azure/release/decisions/answers.ts'
import { customRoles, partition, tokenOf } from '../../../infra/azure/release/decisions/removal.ts'
import { bicep, COMPILE_TIMEOUT_MS, deployed, ofType, type Resource as Planned } from '../infra/snapshot.ts'

/** `az resource list` shows what has a location; child resources without one go with their parents. A name in brackets only Azure knows. */
const listed = (planned: readonly Planned[]): Resource[] =>
  planned
    .filter(({ location, name }) => typeof location === 'string' && !name.startsWith('['))
    .map(({ id = '', name, type, tags }) => ({ id, name, type, tags: (tags ?? {}) as Record<string, string> }))

describe.skipIf(bicep.kind === 'missing')('a deployment by default', () => {
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
      const roles = ofType(planned, 'Microsoft.Authorization/roleDefinitions').map(({ name, properties }) => ({
        id: name,
        properties: { roleName: String(properties.roleName), type: 'CustomRole' },
      }))
      expect(customRoles(roles, token)).toHaveLength(roles.length)
      expect(roles.length).toBeGreaterThanOrEqual(3)
    },
    COMPILE_TIMEOUT_MS,
  )
})
