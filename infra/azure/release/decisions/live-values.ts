/**
 * What a later deployment has to repeat as it is: drills swap the zones, and a disk may have grown. The template does not change a
 * server that exists, but Azure checks the request before. main.bicepparam reads these names, for this tool and for azd.
 */
import type { Server } from './answers.ts'

const LIVE_NAMES = {
  primaryZone: 'DRILL_PRIMARY_ZONE',
  standbyZone: 'DRILL_STANDBY_ZONE',
  diskGiB: 'DRILL_STORAGE_SIZE_GIB',
} as const

export type LiveValues = Readonly<Record<string, string>>

/** Empty for a first deployment: the parameters' defaults hold. */
export function liveValues(server: Server | null): LiveValues {
  const { availabilityZone, highAvailability, storage } = server?.properties ?? {}
  // Without high availability of its own a server has no standby, and Azure answers with an empty text.
  const found = {
    [LIVE_NAMES.primaryZone]: availabilityZone,
    [LIVE_NAMES.standbyZone]: highAvailability?.standbyAvailabilityZone,
    [LIVE_NAMES.diskGiB]: storage?.storageSizeGB,
  }
  return Object.fromEntries(
    Object.entries(found).flatMap(([name, value]) =>
      value === undefined || value === null || value === '' ? [] : [[name, String(value)]],
    ),
  )
}
