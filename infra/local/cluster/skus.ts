/** The sizes of the local servers. They are names: every size has this whole machine. */
import type { Sku } from './cluster.ts'

const CORES = [1, 2, 4, 8, 16] as const

/** The size of this machine first; then others, so that a server can be scaled to one and back. */
export function skusOf(vCores: number, memoryGb: number): [Sku, ...Sku[]] {
  const sizeOf = (tier: Sku['tier'], cores: number, memoryPerCore: number): Sku => ({
    name: `Local_${tier === 'GeneralPurpose' ? '' : 'Memory_'}${cores}vCores`,
    tier,
    vCores: cores,
    memoryGb: cores * memoryPerCore,
  })
  const perCore = memoryGb / vCores
  const others = CORES.filter((cores) => cores !== vCores).map((cores) => sizeOf('GeneralPurpose', cores, perCore))
  const large = CORES.map((cores) => sizeOf('MemoryOptimized', cores, 2 * perCore))
  return [sizeOf('GeneralPurpose', vCores, perCore), ...others, ...large]
}
