/** Load generators as Azure container groups: one container each, started once, found by the drill's tag. */
import {
  type ContainerGroup,
  ContainerInstanceManagementClient,
  type EnvironmentVariable,
} from '@azure/arm-containerinstance'
import { withoutSecrets } from '../../../loadgen-image/contract/redact.ts'
import { registryOf } from '../../platform/image-reference.ts'
import { DRILL_TAG } from '../../platform/names.ts'
import type { ContainerGroups, CreateAnswer, GroupSpec, GroupState } from '../clients.ts'
import { type AzureAccess, managementOptions } from './azure.ts'
import { allCodes, askedPauseOf, azureErrorParts, isNotFound } from './azure-errors.ts'
import { readContainerFacts } from './container-facts.ts'
import { Acceptance, failureOf } from './operation.ts'

interface ContainerGroupSettings {
  readonly resourceGroup: string
  readonly location: string
  readonly image: string
  readonly identityId: string | null
  readonly subnetId: string | null
  readonly dnsServers: readonly string[]
}

/** The only container of every group. */
const CONTAINER_NAME = 'loadgen'

export function createContainerGroups(access: AzureAccess, settings: ContainerGroupSettings): ContainerGroups {
  const client = new ContainerInstanceManagementClient(
    access.credential,
    access.subscriptionId,
    managementOptions(access),
  )
  const { resourceGroup } = settings
  return {
    create: (spec) => createGroup(client, settings, spec),
    get: (name) => readGroup(client, resourceGroup, name),
    list: () => listGroups(client, resourceGroup),
    delete: (name) => deleteGroup(client, resourceGroup, name),
    logs: (name) => readLogs(client, resourceGroup, name),
    facts: () => readContainerFacts(access, client, settings),
  }
}

type Client = ContainerInstanceManagementClient

// ---- Create ---------------------------------------------------------------------------------------------------------

async function createGroup(client: Client, settings: ContainerGroupSettings, spec: GroupSpec): Promise<CreateAnswer> {
  const acceptance = new Acceptance('PUT')
  try {
    await client.containerGroups.beginCreateOrUpdate(settings.resourceGroup, spec.name, groupOf(settings, spec), {
      onResponse: acceptance.onResponse,
    })
    return { kind: 'created' }
  } catch (error) {
    return acceptance.isSeen ? answerAfterAcceptance(error) : answerOfCreateError(error)
  }
}

/** The group exists. Only an operation that has failed already says more; its group never starts. */
function answerAfterAcceptance(error: unknown): CreateAnswer {
  const failure = failureOf(error)
  if (failure?.kind !== 'failed') return { kind: 'created' }
  const { code, message } = failure
  return { kind: 'refused', reason: REASONS[code] ?? 'other', code, message: withoutSecrets(message) }
}

/** What an error of the PUT means: refused permanently, or for now. */
export function answerOfCreateError(error: unknown): Exclude<CreateAnswer, { kind: 'created' }> {
  const refusal = refusalOf(error)
  if (refusal !== null) return refusal
  const { code, message } = azureErrorParts(error)
  return { kind: 'later', code, message, afterSeconds: askedPauseOf(error) }
}

function groupOf(settings: ContainerGroupSettings, spec: GroupSpec): ContainerGroup {
  const { identityId, subnetId, dnsServers } = settings
  return {
    location: settings.location,
    tags: { ...spec.tags },
    osType: 'Linux',
    // The platform restarts a container that exits with a code other than 0 even so; the generator's claim blob stops the second run.
    restartPolicy: 'Never',
    containers: [
      {
        name: CONTAINER_NAME,
        image: settings.image,
        resources: { requests: { cpu: spec.cpu, memoryInGB: spec.memoryGb } },
        environmentVariables: environmentOf(spec),
      },
    ],
    ...(identityId !== null && identityOf(identityId, settings.image)),
    ...(subnetId !== null && inSubnet(subnetId, dnsServers)),
    ...(spec.zone != null && { zones: [spec.zone] }),
  }
}

/**
 * Azure's own resolver, which answers with the private zones that are linked to the client's network. Container groups inherit no
 * DNS settings from their network; the documentation asks to set them explicitly ("Virtual network scenarios and resources for
 * Azure Container Instances", limitations). Without it server and storage could resolve to addresses that are closed.
 */
const AZURE_RESOLVER = '168.63.129.16'

const inSubnet = (subnetId: string, dnsServers: readonly string[]): Partial<ContainerGroup> => ({
  subnetIds: [{ id: subnetId }],
  dnsConfig: { nameServers: dnsServers.length > 0 ? [...dnsServers] : [AZURE_RESOLVER] },
})

const environmentOf = ({ environment, secureEnvironment }: GroupSpec): EnvironmentVariable[] => [
  ...Object.entries(environment).map(([name, value]) => ({ name, value })),
  ...Object.entries(secureEnvironment).map(([name, secureValue]) => ({ name, secureValue })),
]

const identityOf = (identityId: string, image: string): Partial<ContainerGroup> => ({
  identity: { type: 'UserAssigned', userAssignedIdentities: { [identityId]: {} } },
  imageRegistryCredentials: [{ server: registryOf(image), identity: identityId }],
})

type Refusal = Extract<CreateAnswer, { kind: 'refused' }>

/** Codes that a second try does not change. The platform's message names what was requested and what is available. */
const REASONS: Readonly<Record<string, Refusal['reason']>> = {
  ContainerGroupQuotaReached: 'quota',
  QuotaExceeded: 'quota',
  ServiceUnavailable: 'capacity',
  InsufficientCapacity: 'capacity',
  InaccessibleImage: 'image',
  ImageNotFound: 'image',
  InvalidContainerGroupUpdate: 'other',
}

/**
 * Only a refusal that is known to be permanent is final. Container Instances reports missing capacity as 409 ServiceUnavailable; a 503
 * of that name means that the service is down. An unknown 409 may pass: networks and registries that are not ready answer so.
 */
function refusalOf(error: unknown): Refusal | null {
  const { status, code, message } = azureErrorParts(error)
  if (status === null || status < 400 || status >= 500) return null
  const codes = allCodes(error)
  const known = codes.find((one) => REASONS[one] !== undefined)
  if (known !== undefined) return { kind: 'refused', reason: REASONS[known] ?? 'other', code: known, message }
  if (NOT_NOW.has(status) || codes.some((one) => TRANSIENT.has(one)) || TRY_AGAIN.test(message)) return null
  return { kind: 'refused', reason: 'other', code, message }
}

const NOT_NOW = new Set([408, 409, 425, 429])
/**
 * Codes of other statuses that are worth a later try. A subnet gets its link to Container Instances with its first group, and refuses
 * others until it has it (github.com/virtual-kubelet/azure-aci/issues/167, github.com/hashicorp/terraform-provider-azurerm/issues/15025).
 */
const TRANSIENT = new Set([
  'AnotherOperationInProgress',
  'ContainerGroupTransitioning',
  'RegistryErrorResponse',
  'RetryableError',
  'ServiceAssociationLinkNotReady',
  'SubnetIsNotReady',
  'TooManyRequests',
])
/** Not "Please retry with a different resource request", which missing capacity is answered with. */
const TRY_AGAIN = /\b(?:try|retry) (?:again|later|after)\b|\b(?:try|retry) (?:the|your) (?:request|operation)\b/i

// ---- Read -----------------------------------------------------------------------------------------------------------

async function readGroup(client: Client, resourceGroup: string, name: string): Promise<GroupState | null> {
  try {
    return stateOf(await client.containerGroups.get(resourceGroup, name))
  } catch (cause) {
    if (isNotFound(cause)) return null
    throw new Error(`reading container group ${name} in ${resourceGroup} failed`, { cause })
  }
}

/** A group without the drill's tag is never listed, so no code that works from the list can touch it. */
async function listGroups(client: Client, resourceGroup: string): Promise<GroupState[]> {
  const ours: GroupState[] = []
  try {
    for await (const group of client.containerGroups.listByResourceGroup(resourceGroup))
      if (group.tags?.[DRILL_TAG] !== undefined) ours.push(stateOf(group))
  } catch (cause) {
    throw new Error(`listing the container groups of ${resourceGroup} failed; check that it exists and may be read`, {
      cause,
    })
  }
  return ours
}

function stateOf(group: ContainerGroup): GroupState {
  const view = group.containers[0]?.instanceView
  const current = view?.currentState
  return {
    name: group.name ?? '',
    tags: group.tags ?? {},
    provisioningState: group.provisioningState ?? 'Unknown',
    container: containerStateOf(current?.state),
    exitCode: current?.exitCode ?? null,
    restartCount: view?.restartCount ?? 0,
    zone: group.zones?.[0] ?? null,
    startedAt: current?.startTime?.toISOString() ?? null,
    finishedAt: current?.finishTime?.toISOString() ?? null,
    detail: current?.detailStatus || lastWarningOf(group),
  }
}

/** A list does not show the containers, and the platform may report other states. */
function containerStateOf(state: string | undefined): GroupState['container'] {
  return state === 'Waiting' || state === 'Running' || state === 'Terminated' ? state : null
}

/** Only events say why a container does not start. */
function lastWarningOf(group: ContainerGroup): string | null {
  const events = [...(group.containers[0]?.instanceView?.events ?? []), ...(group.instanceView?.events ?? [])]
  const failures = events.filter(({ type, name }) => type === 'Warning' || name?.startsWith('Failed') === true)
  return failures.at(-1)?.message ?? null
}

async function readLogs(client: Client, resourceGroup: string, name: string): Promise<string> {
  try {
    const logs = await client.containers.listLogs(resourceGroup, name, CONTAINER_NAME)
    return logs.content ?? ''
  } catch (cause) {
    if (isNotFound(cause)) return ''
    throw new Error(`reading the log of container group ${name} failed; its results do not depend on it`, { cause })
  }
}

// ---- Delete ---------------------------------------------------------------------------------------------------------

async function deleteGroup(client: Client, resourceGroup: string, name: string): Promise<void> {
  const acceptance = new Acceptance('DELETE')
  try {
    await client.containerGroups.beginDelete(resourceGroup, name, { onResponse: acceptance.onResponse })
  } catch (cause) {
    if (acceptance.isSeen || isNotFound(cause)) return
    throw new Error(`deleting container group ${name} in ${resourceGroup} failed; it bills until it is gone`, { cause })
  }
}
