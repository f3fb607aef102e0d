/** A container group as Resource Manager writes it. A list leaves the view of the running instance out; a read has it. */
import type { LocalContainer } from '../cluster/cluster.ts'
import type { GroupRequest } from './group-request.ts'
import { CONTAINER_GROUPS, type Place, resourceId } from './guard.ts'

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

export const groupDocument = (place: Place, view: GroupView) => document(place, view, false)
export const groupDocumentWithInstance = (place: Place, view: GroupView) => document(place, view, true)

const document = (place: Place, view: GroupView, withInstance: boolean) => ({
  id: resourceId(place, CONTAINER_GROUPS, view.name),
  location: view.request.location,
  name: view.name,
  type: CONTAINER_GROUPS,
  tags: view.request.tags,
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

/** Of a secure value only the name comes back. */
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
