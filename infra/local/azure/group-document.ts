/** A container group's documents: the body of its PUT, and what Resource Manager answers. */
import * as z from 'zod'
import type { LocalContainer } from '../cluster/cluster.ts'
import { ArmError, CONTAINER_GROUPS, type Place, resourceId } from './arm/arm.ts'

// ---- The request ----------------------------------------------------------------------------------------------------

export interface GroupRequest {
  readonly location: string
  readonly tags: Readonly<Record<string, string>>
  readonly identity: unknown
  readonly containerName: string
  readonly image: string
  readonly cpu: number
  readonly memoryGb: number
  /** Plain values, which a read shows. */
  readonly environment: Readonly<Record<string, string>>
  /** Secure values, of which a read shows the names. */
  readonly secureEnvironment: Readonly<Record<string, string>>
  readonly registryCredentials: unknown
  readonly subnetIds: unknown
  readonly zones: readonly string[] | undefined
  readonly dnsConfig: unknown
  readonly restartPolicy: string
}

const text = z.string().min(1)
const variable = z.object({ name: text, value: z.string().optional(), secureValue: z.string().optional() })
type Variable = z.infer<typeof variable>
const container = z.object({
  name: text,
  properties: z.object({
    image: text,
    environmentVariables: z.array(variable).default([]),
    resources: z.object({ requests: z.object({ cpu: z.number().positive(), memoryInGB: z.number().positive() }) }),
  }),
})
const groupBody = z.object({
  location: text,
  tags: z.record(z.string(), z.coerce.string()).default({}),
  zones: z.tuple([text]).optional(),
  identity: z.unknown().optional(),
  properties: z.object({
    osType: z.literal('Linux'),
    restartPolicy: z.string().default('Always'),
    containers: z.tuple([container]),
    imageRegistryCredentials: z.unknown().default([]),
    subnetIds: z.unknown().optional(),
    dnsConfig: z.unknown().optional(),
  }),
})

export function parseGroup(body: unknown): GroupRequest {
  const parsed = groupBody.safeParse(body)
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')
    throw new ArmError(400, 'InvalidRequestContent', `The request content was invalid: ${problems}.`)
  }
  const { location, tags, zones, identity, properties } = parsed.data
  const [{ name, properties: inner }] = properties.containers
  return {
    location,
    tags,
    zones,
    identity,
    containerName: name,
    image: inner.image,
    cpu: inner.resources.requests.cpu,
    memoryGb: inner.resources.requests.memoryInGB,
    environment: valuesOf(inner.environmentVariables, 'value'),
    secureEnvironment: valuesOf(inner.environmentVariables, 'secureValue'),
    registryCredentials: properties.imageRegistryCredentials,
    subnetIds: properties.subnetIds,
    dnsConfig: properties.dnsConfig,
    restartPolicy: properties.restartPolicy,
  }
}

const valuesOf = (variables: readonly Variable[], kind: 'value' | 'secureValue'): Record<string, string> =>
  Object.fromEntries(variables.flatMap(({ name, [kind]: value }) => (value === undefined ? [] : [[name, value]])))

/** The platform's limits on names. */
export function requireGroupName(name: string): void {
  if (!/^(?=.{1,63}$)[a-z0-9]+(-[a-z0-9]+)*$/.test(name))
    throw new ArmError(
      400,
      'InvalidContainerGroupName',
      `The container group name '${name}' is invalid: lower-case letters, digits and single '-' between them, at most 63.`,
    )
}

// ---- The answer -----------------------------------------------------------------------------------------------------

export interface GroupEvent {
  readonly at: Date
  readonly name: 'Pulling' | 'Pulled' | 'Started' | 'Killing' | 'Failed'
  readonly message: string
}

export interface GroupView {
  readonly name: string
  readonly request: GroupRequest
  readonly container: LocalContainer | null
  /** The container before the last restart. */
  readonly previous: LocalContainer | null
  readonly restartCount: number
  readonly isDeleting: boolean
  readonly failure: string | null
  readonly events: readonly GroupEvent[]
}

/** A read has the view of the running instance; a list has not. */
export const groupDocument = (place: Place, view: GroupView, withInstance = false) => ({
  id: resourceId(place, CONTAINER_GROUPS, view.name),
  location: view.request.location,
  name: view.name,
  type: CONTAINER_GROUPS,
  tags: view.request.tags,
  ...(view.request.zones !== undefined && { zones: view.request.zones }),
  ...(view.request.identity !== undefined && { identity: view.request.identity }),
  properties: {
    sku: 'Standard',
    provisioningState: provisioningState(view),
    containers: [containerDocument(view, withInstance)],
    imageRegistryCredentials: view.request.registryCredentials,
    ...(withInstance && { instanceView: { events: [], state: groupState(view) } }),
    ...(view.request.subnetIds !== undefined && { subnetIds: view.request.subnetIds }),
    ...(view.request.dnsConfig !== undefined && { dnsConfig: view.request.dnsConfig }),
    osType: 'Linux',
    restartPolicy: view.request.restartPolicy,
  },
})

function provisioningState({ isDeleting, failure, container }: GroupView): string {
  if (isDeleting) return 'Deleting'
  if (failure !== null) return 'Failed'
  return container === null ? 'Creating' : 'Succeeded'
}

function groupState({ failure, container }: GroupView): string {
  if (failure !== null) return 'Failed'
  if (container === null) return 'Pending'
  if (container.state === 'Running') return 'Running'
  return container.exitCode === 0 ? 'Succeeded' : 'Failed'
}

const containerDocument = (view: GroupView, withInstance: boolean) => ({
  name: view.request.containerName,
  properties: {
    command: [],
    environmentVariables: visibleVariables(view.request),
    image: view.request.image,
    ...(withInstance && { instanceView: instanceView(view) }),
    ports: [],
    resources: { requests: { cpu: view.request.cpu, memoryInGB: view.request.memoryGb } },
  },
})

/** Of a secure value the answer has the name alone. */
const visibleVariables = ({ environment, secureEnvironment }: GroupRequest) => [
  ...Object.entries(environment).map(([name, value]) => ({ name, value })),
  ...Object.keys(secureEnvironment).map((name) => ({ name })),
]

const instanceView = ({ container, previous, restartCount, events }: GroupView) => ({
  restartCount,
  currentState: container === null ? { state: 'Waiting', detailStatus: '' } : stateDocument(container),
  ...(previous !== null && { previousState: stateDocument(previous) }),
  events: events.map(({ at, name, message }) => ({
    count: 1,
    firstTimestamp: at.toISOString(),
    lastTimestamp: at.toISOString(),
    name,
    message,
    type: name === 'Failed' ? 'Warning' : 'Normal',
  })),
})

function stateDocument({ state, startedAt, finishedAt, exitCode }: LocalContainer) {
  const startTime = startedAt.toISOString()
  if (state === 'Running') return { state, startTime, detailStatus: '' }
  return {
    state,
    startTime,
    exitCode: exitCode ?? 0,
    finishTime: (finishedAt ?? new Date()).toISOString(),
    detailStatus: exitCode === 0 ? 'Completed' : 'Error',
  }
}
