/** Tells the webhook, if there is one, how a drill ended. The orchestration repeats it a few times, and lives without it. */
import type { Clients } from '../clients/clients.ts'
import { indexBlobs } from '../model/blob-paths.ts'
import type { IndexEntry } from '../model/drill-index.ts'
import { type DrillRef, readPlan } from './records/stored-drill.ts'

export interface Notification {
  readonly drillId: string
  readonly verdict: IndexEntry['verdict']
  readonly summary: string
  readonly server: string
  /** Relative to the app: only its users know the name under which they reach it. */
  readonly report: string
}

export function notifyActivities({ blobs, webhook }: Clients) {
  return {
    async notify({ drillId }: DrillRef): Promise<{ readonly detail: string }> {
      if (!webhook.isConfigured) return { detail: 'no webhook is configured' }
      const plan = await readPlan(blobs, drillId)
      const entry = await blobs.readJson<IndexEntry>(indexBlobs.entry(plan.requestedAt, drillId))
      const notification: Notification = {
        drillId,
        verdict: entry?.verdict ?? null,
        summary: entry?.headline ?? 'the drill ended without a report',
        server: plan.target.server,
        report: `/api/drills/${drillId}/report?format=html`,
      }
      await webhook.send(notification)
      return { detail: 'the webhook was told' }
    },
  }
}
