/** The calls on container groups: an idempotent PUT within the quota, reads, logs, and a deletion that takes its time. */
import { isDeepStrictEqual } from 'node:util'
import type { Cluster, LocalContainer } from '../cluster/cluster.ts'
import { ArmError, CONTAINER_GROUPS, type Place, resourceNotFound } from './arm/arm.ts'
import type { Operation, Operations } from './arm/operations.ts'
import type { WeatherFall } from './arm/weather-fall.ts'
import type { Switches } from './control.ts'
import {
  type GroupEvent,
  type GroupRequest,
  type GroupView,
  groupDocument,
  parseGroup,
  requireGroupName,
} from './group-document.ts'

/** The limits of a region without a special request. */
const LARGEST = { maxCpu: 4, maxMemoryInGB: 16 } as const

interface GroupsParts {
  readonly place: Place
  readonly cluster: Cluster
  readonly switches: Switches
  readonly operations: Operations
  readonly registry: { readonly isImage: (reference: string) => boolean }
  readonly weather: WeatherFall
}

export class Groups {
  readonly #groups = new Map<string, Group>()
  readonly #place: Place
  readonly #cluster: Cluster
  readonly #switches: Switches
  readonly #operations: Operations
  readonly #isImage: (reference: string) => boolean
  readonly #weather: WeatherFall

  constructor({ place, cluster, switches, operations, registry, weather }: GroupsParts) {
    this.#place = place
    this.#cluster = cluster
    this.#switches = switches
    this.#operations = operations
    this.#isImage = registry.isImage
    this.#weather = weather
  }

  put(
    name: string,
    body: unknown,
  ): { readonly status: 200 | 201; readonly document: object; readonly operation: Operation } {
    requireGroupName(name)
    const request = parseGroup(body)
    const known = this.#groups.get(name)
    if (known !== undefined) requireSame(known, request)
    const group = known ?? this.#create(name, request)
    const operation = this.#operations.start(known === undefined ? group.start() : Promise.resolve())
    return { status: known === undefined ? 201 : 200, document: groupDocument(this.#place, group), operation }
  }

  get(name: string): object {
    return groupDocument(this.#place, this.#find(name), true)
  }

  list(): { value: object[] } {
    const shown = this.#all.filter(({ name }) => this.#weather.isShown(name))
    return { value: shown.map((group) => groupDocument(this.#place, group)) }
  }

  /** Null when there is no such group. */
  delete(name: string): Operation | null {
    const group = this.#groups.get(name)
    return group === undefined ? null : this.#operations.start(this.#remove(group, this.#weather.deletionDelay()))
  }

  logs(name: string, container: string, tail: number | null): { content: string } {
    return { content: tailOf(logsOf(this.#find(name), container), tail) }
  }

  usages(): { value: object[] } {
    return { value: usagesOf(this.#switches, this.#all) }
  }

  capabilities(): { value: object[] } {
    return { value: [capability(this.#place)] }
  }

  restart(name: string): Promise<void> {
    return this.#find(name).restart()
  }

  async stopAll(): Promise<void> {
    await Promise.all(this.#all.map((group) => this.#remove(group)))
  }

  get #all(): Group[] {
    return [...this.#groups.values()]
  }

  #find(name: string): Group {
    const found = this.#groups.get(name)
    if (found === undefined) throw resourceNotFound(CONTAINER_GROUPS, name, this.#place.resourceGroup)
    return found
  }

  #create(name: string, request: GroupRequest): Group {
    requireImage(this.#switches, this.#isImage, name, request)
    requireRoom(this.#place, this.#switches, this.#all, request)
    this.#weather.admit(name, request.subnetIds)
    const group = new Group(this.#cluster, name, request, this.#switches.areContainersStuck, this.#weather)
    this.#groups.set(name, group)
    return group
  }

  async #remove(group: Group, delay: Promise<void> = Promise.resolve()): Promise<void> {
    await group.stop()
    await delay
    this.#groups.delete(group.name)
  }
}

/** One container group: its only container is a process. */
class Group implements GroupView {
  readonly name: string
  readonly request: GroupRequest
  readonly events: GroupEvent[] = []
  container: LocalContainer | null = null
  previous: LocalContainer | null = null
  restartCount = 0
  isDeleting = false
  failure: string | null = null
  readonly #cluster: Cluster
  /** Accepted, and then the container never starts. */
  readonly #isStuck: boolean
  readonly #weather: WeatherFall
  #starting: Promise<void> = Promise.resolve()

  constructor(cluster: Cluster, name: string, request: GroupRequest, isStuck: boolean, weather: WeatherFall) {
    this.#weather = weather
    this.#cluster = cluster
    this.name = name
    this.request = request
    this.#isStuck = isStuck
  }

  async start(): Promise<void> {
    this.#note('Pulling', `pulling image "${this.request.image}"`)
    if (this.#isStuck) return
    await this.#weather.startDelay()
    if (this.isDeleting) return
    this.#note('Pulled', `Successfully pulled image "${this.request.image}"`)
    await this.#run()
  }

  async restart(): Promise<void> {
    await this.container?.stop()
    if (this.isDeleting) return
    this.#note('Killing', 'Killing container, to restart it')
    this.previous = this.container
    this.restartCount++
    await this.#run()
  }

  /** The process is gone when this resolves, and no other starts after it. */
  async stop(): Promise<void> {
    this.isDeleting = true
    // A process that is still starting would otherwise outlive its group.
    await this.#starting
    await this.container?.stop()
  }

  get logs(): string {
    return this.container === null ? '' : logOf(this.container)
  }

  #run(): Promise<void> {
    const { name, request } = this
    const environment = { ...request.environment, ...request.secureEnvironment }
    this.#starting = this.#cluster.startContainer({ name, environment }).then(
      (container) => {
        this.container = container
        this.#weather.started(name)
        this.#note('Started', 'Started container')
      },
      (cause: unknown) => {
        this.failure = cause instanceof Error ? cause.message : String(cause)
        this.#note('Failed', `Error: ${this.failure}`)
      },
    )
    return this.#starting
  }

  #note(name: GroupEvent['name'], message: string): void {
    this.events.push({ at: new Date(), name, message })
  }
}

/** The part of an ended container's log that Azure keeps. */
const ENDED_LOG_BYTES = 16 * 1024
const ENDED_LOG_LINES = 1000

function logOf(container: LocalContainer): string {
  const whole = container.logs()
  if (container.state === 'Running') return whole
  return whole.split('\n').slice(-ENDED_LOG_LINES).join('\n').slice(-ENDED_LOG_BYTES)
}

// ---- Refusals -------------------------------------------------------------------------------------------------------

/** A repeated PUT changes nothing; one with another content would restart the container in the middle of its work. */
function requireSame(known: Group, request: GroupRequest): void {
  if (!isDeepStrictEqual(known.request, request))
    throw new ArmError(
      400,
      'InvalidContainerGroupUpdate',
      `The updates on container group '${known.name}' are invalid. Delete it first, then create a new one.`,
    )
}

function requireImage(
  switches: Switches,
  isImage: (reference: string) => boolean,
  name: string,
  { image }: GroupRequest,
) {
  if (!switches.hasImage || !isImage(image))
    throw new ArmError(
      400,
      'InaccessibleImage',
      `The image '${image}' in container group '${name}' is not accessible. Please check the image and registry credential.`,
    )
}

function requireRoom(
  place: Place,
  switches: Switches,
  groups: readonly Group[],
  { cpu, memoryGb }: GroupRequest,
): void {
  if (cpu > LARGEST.maxCpu || memoryGb > LARGEST.maxMemoryInGB || !switches.hasCapacity)
    throw new ArmError(
      409,
      'ServiceUnavailable',
      `The requested resource is not available in the location '${place.location}' at this moment. Please retry with a different resource request or in another location. Resource requested: '${cpu}' CPU '${memoryGb}' GB memory 'Linux' OS`,
    )
  requireQuota(place, switches, 'StandardCores', coresOf(groups), cpu)
  requireQuota(place, switches, 'ContainerGroups', groups.length, 1)
}

function requireQuota(
  place: Place,
  switches: Switches,
  name: keyof Switches['quota'],
  usage: number,
  requested: number,
): void {
  const limit = switches.quota[name]
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
  return group.logs
}

const tailOf = (log: string, lines: number | null): string =>
  lines === null ? log : log.split('\n').slice(-lines).join('\n')

const usagesOf = ({ quota }: Switches, groups: readonly Group[]): object[] => [
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
