/**
 * Decides when a container is gone. One absence proves nothing: the platform answers 404 for container groups that run. A container is
 * gone when every poll of the last minute missed it and storage received no record of it within the last half minute.
 */
import type { Clients, GroupState } from '../../clients/clients.ts'
import { drillBlobs } from '../../model/blob-paths.ts'

const GONE_AFTER_MS = 60_000
const FRESH_MS = 30_000

export interface Absences {
  /** Of a container of which the platform gave this answer just now. */
  isGone(container: number, group: GroupState | null, receivedAtMs: number | null): boolean
  save(): Promise<void>
}

/** Polls of one drill do not overlap; storage holds the absences of earlier polls. */
export async function readAbsences(
  { blobs, clock }: Pick<Clients, 'blobs' | 'clock'>,
  drillId: string,
): Promise<Absences> {
  const name = drillBlobs.absences(drillId)
  const known = (await blobs.readJson<Readonly<Record<number, number>>>(name)) ?? {}
  const sinceMs: Record<number, number> = { ...known }
  return {
    isGone(container, group, receivedAtMs) {
      const nowMs = clock.now().getTime()
      if (group !== null || (receivedAtMs !== null && nowMs - receivedAtMs < FRESH_MS)) {
        delete sinceMs[container]
        return false
      }
      sinceMs[container] ??= nowMs
      return nowMs - (sinceMs[container] ?? nowMs) >= GONE_AFTER_MS
    },
    async save() {
      if (JSON.stringify(sinceMs) !== JSON.stringify(known)) await blobs.writeJson(name, sinceMs)
    },
  }
}
