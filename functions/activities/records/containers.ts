/** The drill's containers: their numbers, the names of their groups, and their lease. */
import { createHash } from 'node:crypto'
import { blobNames, type Lease } from '../../../loadgen-image/contract/glossary.ts'
import type { Clients } from '../../clients/clients.ts'
import type { DrillPlan } from '../../model/plan.ts'

/** Simultaneous requests to the platform, which allows 100 creations in 5 minutes. */
export const PLATFORM_WIDTH = 8

export const containerNumbers = (plan: DrillPlan): number[] => [...Array(plan.load.containers).keys()]

/**
 * Lower case letters, digits and single hyphens, at most 63 (resource-name-rules of Azure): a name that had to be changed carries a hash
 * of the id instead.
 */
export function groupName(drillId: string, container: number): string {
  const plain = drillId.toLowerCase().replaceAll(/[_-]+/g, '-').replace(/-$/, '')
  const hash = createHash('sha256').update(drillId).digest('hex').slice(0, 8)
  const slug = plain === drillId && plain.length <= 48 ? plain : `${plain.slice(0, 38).replace(/-$/, '')}-${hash}`
  return `loadgen-${slug}-${container}`
}

export const renewLease = ({ blobs, clock }: Pick<Clients, 'blobs' | 'clock'>, drillId: string): Promise<void> =>
  blobs.writeJson(blobNames.lease(drillId), { renewedAtMs: clock.now().getTime() } satisfies Lease)
