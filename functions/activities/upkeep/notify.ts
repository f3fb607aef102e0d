/** Sends the drill's end to the webhook, if one is configured. The orchestrator retries it a few times; a failure changes no verdict. */
import type { Clients } from '../../clients/clients.ts'
import { readIndexEntry } from '../../clients/storage/drill-list.ts'
import type { IndexEntry } from '../../model/drill-index.ts'
import { type DrillRef, readPlan } from '../records/stored-drill.ts'

interface Notification {
  readonly drillId: string
  readonly verdict: IndexEntry['verdict']
  readonly summary: string
  /** What ended the drill before its load; null: its load started, or it left no report. */
  readonly stoppedBy: IndexEntry['stoppedBy']
  readonly server: string
  readonly resourceGroup: string
  /** Relative to the app, which does not know the name under which its users reach it. */
  readonly report: string
}

export async function notify(
  { blobs, table, webhook }: Pick<Clients, 'blobs' | 'table' | 'webhook'>,
  { drillId }: DrillRef,
): Promise<{ readonly detail: string }> {
  if (!webhook.isConfigured) return { detail: 'no webhook is configured' }
  const plan = await readPlan(blobs, drillId)
  const entry = await readIndexEntry(table, plan)
  await webhook.send({
    drillId,
    verdict: entry?.verdict ?? null,
    summary: entry?.headline ?? 'the drill ended without a report',
    stoppedBy: entry?.stoppedBy ?? null,
    server: plan.target.server,
    resourceGroup: plan.target.resourceGroup,
    report: `/api/drills/${drillId}/report?format=html`,
  } satisfies Notification)
  return { detail: 'the webhook was notified' }
}
