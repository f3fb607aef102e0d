/** The sizes (SKUs) that a server can have: cores and memory of one, and its tier. */
import type { PostgreSQLManagementFlexibleServerClient } from '@azure/arm-postgresql-flexible'
import type { ServerFacts, SizeFacts } from '../../model/facts.ts'
import type { Target } from '../../model/plan.ts'

export type Size = Pick<ServerFacts, 'vCores' | 'memoryGb'>

export interface Sizes {
  list(target: Target): Promise<readonly SizeFacts[]>
  of(target: Target, sku: string): Promise<Size>
  /** By the list, or else by the name; null: neither knows it. */
  tierOf(target: Target, sku: string): Promise<string | null>
}

const UNKNOWN_SIZE: Size = { vCores: null, memoryGb: null }

/**
 * The list is long and constant, so the app reads it once per server. Without the permission to read it the size of a SKU is unknown.
 */
export function createSizes(client: PostgreSQLManagementFlexibleServerClient): Sizes {
  const lists = new Map<string, Promise<readonly SizeFacts[]>>()
  const list = (target: Target) => {
    const key = `${target.resourceGroup}/${target.server}`
    const known = lists.get(key) ?? readSizes(client, target)
    lists.set(key, known)
    known.catch(() => lists.delete(key))
    return known
  }
  const find = async (target: Target, sku: string): Promise<SizeFacts | undefined> => {
    const sizes = await list(target).catch(() => [])
    return sizes.find(({ name }) => name.toLowerCase() === sku.toLowerCase())
  }
  return {
    list,
    of: async (target, sku) => {
      const { vCores, memoryGb } = (await find(target, sku)) ?? UNKNOWN_SIZE
      return { vCores, memoryGb }
    },
    tierOf: async (target, sku) => (await find(target, sku))?.tier || tierByName(sku),
  }
}

async function readSizes(
  client: PostgreSQLManagementFlexibleServerClient,
  { resourceGroup, server }: Target,
): Promise<SizeFacts[]> {
  const sizes: SizeFacts[] = []
  for await (const capability of client.capabilitiesByServer.list(resourceGroup, server))
    for (const edition of capability.supportedServerEditions ?? [])
      for (const { name, vCores = null, supportedMemoryPerVcoreMb: memoryMb } of edition.supportedServerSkus ?? [])
        sizes.push({
          name: name ?? '',
          tier: edition.name ?? '',
          vCores,
          memoryGb: vCores === null || memoryMb === undefined ? null : (vCores * memoryMb) / 1024,
        })
  return sizes
}

/** The families of machines that the service runs on. */
const TIERS: ReadonlyArray<readonly [pattern: RegExp, tier: string]> = [
  [/^Standard_B/i, 'Burstable'],
  [/^Standard_D/i, 'GeneralPurpose'],
  [/^Standard_[EM]/i, 'MemoryOptimized'],
]

const tierByName = (sku: string): string | null => TIERS.find(([pattern]) => pattern.test(sku))?.[1] ?? null
