/** The calls on container groups: an idempotent PUT within the quota, reads, logs, and a deletion that takes its time. */
import type { Cluster } from '../cluster/cluster.ts'
import { ArmError, resourceNotFound } from './arm-error.ts'
import type { World } from './control.ts'
import { createGroup, type Group } from './group.ts'
import { groupDocument, groupDocumentWithInstance } from './group-document.ts'
import { type GroupRequest, parseGroup, requireGroupName } from './group-request.ts'
import { CONTAINER_GROUPS, type Place } from './guard.ts'
import type { Operation, Operations } from './operations.ts'

/** What a region allows a group without a special request. */
const LARGEST = { maxCpu: 4, maxMemoryInGB: 16 } as const

export interface GroupCalls {
  put(
    name: string,
    body: unknown,
  ): { readonly status: 200 | 201; readonly document: object; readonly operation: Operation }
  get(name: string): object
  list(): { value: object[] }
  /** Null when there is no such group. */
  delete(name: string): Operation | null
  logs(name: string, container: string, tail: number | null): { content: string }
  usages(): { value: object[] }
  capabilities(): { value: object[] }
  restart(name: string): Promise<void>
  stopAll(): Promise<void>
}

export function createGroupCalls(
  place: Place,
  cluster: Cluster,
  world: World,
  operations: Operations,
  isImage: (reference: string) => boolean,
): GroupCalls {
  const groups = new Map<string, Group>()
  const find = (name: string): Group => {
    const found = groups.get(name)
    if (found === undefined) throw resourceNotFound(CONTAINER_GROUPS, name, place.resourceGroup)
    return found
  }
  const remove = async (group: Group) => {
    await group.stop()
    groups.delete(group.name)
  }
  const create = (name: string, request: GroupRequest) => {
    requireImage(world, isImage, name, request)
    requireRoom(place, world, [...groups.values()], request)
    const group = createGroup(cluster, { name, request, isStuck: world.areContainersStuck })
    groups.set(name, group)
    const operation = operations.start(group.start())
    return { status: 201, document: groupDocument(place, group.view()), operation } as const
  }
  return {
    put: (name, body) => {
      requireGroupName(name)
      const request = parseGroup(body)
      const known = groups.get(name)
      if (known === undefined) return create(name, request)
      requireSame(known, request)
      const operation = operations.start(Promise.resolve())
      return { status: 200, document: groupDocument(place, known.view()), operation }
    },
    get: (name) => groupDocumentWithInstance(place, find(name).view()),
    list: () => ({ value: [...groups.values()].map((group) => groupDocument(place, group.view())) }),
    delete: (name) => {
      const group = groups.get(name)
      return group === undefined ? null : operations.start(remove(group))
    },
    logs: (name, container, tail) => ({ content: tailOf(logsOf(find(name), container), tail) }),
    usages: () => ({ value: usagesOf(world, [...groups.values()]) }),
    capabilities: () => ({ value: [capability(place)] }),
    restart: (name) => find(name).restart(),
    stopAll: async () => {
      await Promise.all([...groups.values()].map(remove))
    },
  }
}

// ---- Refusals -------------------------------------------------------------------------------------------------------

/** A repeated PUT changes nothing; one that asks for something else would restart the container in the middle of its work. */
function requireSame(known: Group, request: GroupRequest): void {
  if (!known.isSameAs(request))
    throw new ArmError(
      400,
      'InvalidContainerGroupUpdate',
      `The updates on container group '${known.name}' are invalid. Delete it first, then create a new one.`,
    )
}

function requireImage(world: World, isImage: (reference: string) => boolean, name: string, { image }: GroupRequest) {
  if (!world.hasImage || !isImage(image))
    throw new ArmError(
      400,
      'InaccessibleImage',
      `The image '${image}' in container group '${name}' is not accessible. Please check the image and registry credential.`,
    )
}

function requireRoom(place: Place, world: World, groups: readonly Group[], { cpu, memoryGb }: GroupRequest): void {
  if (cpu > LARGEST.maxCpu || memoryGb > LARGEST.maxMemoryInGB || !world.hasCapacity)
    throw new ArmError(
      409,
      'ServiceUnavailable',
      `The requested resource is not available in the location '${place.location}' at this moment. Please retry with a different resource request or in another location. Resource requested: '${cpu}' CPU '${memoryGb}' GB memory 'Linux' OS`,
    )
  requireQuota(place, world, 'StandardCores', coresOf(groups), cpu)
  requireQuota(place, world, 'ContainerGroups', groups.length, 1)
}

function requireQuota(place: Place, world: World, name: keyof World['quota'], usage: number, requested: number): void {
  const limit = world.quota[name]
  if (usage + requested > limit)
    throw new ArmError(
      409,
      'ContainerGroupQuotaReached',
      `Resource type '${CONTAINER_GROUPS}' container group quota '${name}' exceeded in region '${place.location}'. Limit: '${limit}', Usage: '${usage}' Requested: '${requested}'.`,
    )
}

const coresOf = (groups: readonly Group[]): number => groups.reduce((sum, { request }) => sum + request.cpu, 0)

// ---- Reads ----------------------------------------------------------------------------------------------------------

function logsOf(group: Group, container: string): string {
  if (container !== group.request.containerName)
    throw new ArmError(404, 'ContainerNotFound', `The container '${container}' is not in group '${group.name}'.`)
  return group.logs()
}

const tailOf = (log: string, lines: number | null): string =>
  lines === null ? log : log.split('\n').slice(-lines).join('\n')

const usagesOf = ({ quota }: World, groups: readonly Group[]): object[] => [
  usage('ContainerGroups', 'Container Groups', groups.length, quota.ContainerGroups),
  usage('StandardCores', 'Standard Cores', coresOf(groups), quota.StandardCores),
]

const usage = (value: string, localizedValue: string, currentValue: number, limit: number) => ({
  unit: 'Count',
  currentValue,
  limit,
  name: { value, localizedValue },
})

const capability = ({ location }: Place) => ({
  resourceType: 'containerGroups',
  osType: 'Linux',
  location,
  ipAddressType: 'Public',
  gpu: 'None',
  capabilities: { ...LARGEST, maxGpuCount: 0 },
})
