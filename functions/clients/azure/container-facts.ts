/** Facts about the place of the load generators before any is started: quota, sizes, resource group, identity. */
import type { ContainerInstanceManagementClient } from '@azure/arm-containerinstance'
import type { ContainerFacts } from '../../model/facts.ts'
import { type AzureAccess, managementScope } from './azure.ts'
import { isNotFound } from './azure-errors.ts'

type Client = ContainerInstanceManagementClient
type VisibleContainerFacts = Pick<
  ContainerFacts,
  'usages' | 'maxCpu' | 'maxMemoryGb' | 'resourceGroupExists' | 'identityTokenOk'
>

interface Place {
  readonly resourceGroup: string
  readonly location: string
}

/** A fact that cannot be read is null and hides no other. */
export async function readContainerFacts(
  access: AzureAccess,
  client: Client,
  { resourceGroup, location }: Place,
): Promise<VisibleContainerFacts> {
  const [usages, largest, resourceGroupExists, identityTokenOk] = await Promise.all([
    orNull(readUsages(client, location)),
    orNull(readLargest(client, location)),
    orNull(isThere(client, resourceGroup)),
    gotToken(access),
  ])
  return {
    usages,
    maxCpu: largest?.maxCpu ?? null,
    maxMemoryGb: largest?.maxMemoryGb ?? null,
    resourceGroupExists,
    identityTokenOk,
  }
}

const orNull = <T>(seen: Promise<T>): Promise<T | null> => seen.catch(() => null)

async function readUsages(client: Client, location: string): Promise<NonNullable<ContainerFacts['usages']>> {
  const usages: Array<{ name: string; used: number; limit: number }> = []
  for await (const { name, currentValue, limit } of client.location.listUsage(location))
    if (name?.value !== undefined && currentValue !== undefined && limit !== undefined)
      usages.push({ name: name.value, used: currentValue, limit })
  return usages
}

interface Largest {
  readonly maxCpu: number
  readonly maxMemoryGb: number
}

/** The largest Linux group without a GPU that the region offers. */
async function readLargest(client: Client, location: string): Promise<Largest | null> {
  let largest: Largest | null = null
  for await (const { osType, gpu, capabilities } of client.location.listCapabilities(location)) {
    const { maxCpu, maxMemoryInGB } = capabilities ?? {}
    if (osType !== 'Linux' || gpu !== 'None' || maxCpu === undefined || maxMemoryInGB === undefined) continue
    if (largest === null || maxCpu > largest.maxCpu) largest = { maxCpu, maxMemoryGb: maxMemoryInGB }
  }
  return largest
}

/** Listing its groups needs no permission beyond those that the drill has anyway. */
async function isThere(client: Client, resourceGroup: string): Promise<boolean> {
  try {
    await client.containerGroups.listByResourceGroup(resourceGroup).next()
    return true
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}

async function gotToken(access: AzureAccess): Promise<boolean> {
  try {
    return (await access.credential.getToken(managementScope(access))) !== null
  } catch {
    return false
  }
}
